"""The identity of the code: what changes a result changes it, a page does not, and what is in is looked at."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import grimp
import pytest

from molmach import identity as module
from molmach.identity import APART, ROOT, SHOWN, SUFFIXES, Identity, computing, identity
from molmach.search.loop.evaluations import code_of_task
from molmach.spec import load
from molmach.testing.executor import _task

CARRIED = frozenset(
    (
        "molmach", "molmach.errors", "molmach.files", "molmach.identity", "molmach.streams",
        "molmach.search", "molmach.search.loop", "molmach.search.record",  # packages of others
        "molmach.search.arithmetic", "molmach.search.plugins", "molmach.search.strangers",
        "molmach.search.record.archive", "molmach.search.record.result", "molmach.search.record.trial",
        "molmach.search.loop.possible",
    )
)  # fmt: skip
"""What evaluations use that is not in the digest: they load, carry and word things, and change no number."""

SPACE = "molmach.search.space."
"""Designs become specs, and the whole spec is in an evaluation's key."""


def name_of(path: Path) -> str:
    parts = ("molmach", *path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.fixture(scope="module")
def digested() -> set[str]:
    return {name_of(path) for path in computing()}


def test_all_that_an_evaluation_uses_is_in_the_digest(digested: set[str]) -> None:
    """A module that enters a result may be left out only by its name."""
    graph = grimp.build_graph("molmach", cache_dir=None)
    waiting = [name for name in graph.modules if name.startswith("molmach.search.loop.evaluations")]
    waiting += ["molmach.engine.worker", "molmach.studies.simulation"]
    reached: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in reached or name.startswith("molmach.report"):
            continue
        reached.add(name)
        if name in digested:
            waiting += graph.find_modules_directly_imported_by(name)
    shown = {name for name in reached if f"{name.rpartition('.')[2]}.py" in SHOWN}
    outside = {name for name in reached - digested - shown if not f"{name}.".startswith(SPACE)}
    assert outside <= CARRIED
    assert {"molmach.engine.langevin_kernel", "molmach.forcefield.mmff94_parameters"} <= digested
    assert {"molmach.scoring.verdict", "molmach.search.loop.evaluations.dynamics"} <= digested
    assert "molmach.lanes.functions" in digested


def test_what_shows_or_proposes_is_not_in_the_digest(digested: set[str]) -> None:
    apart = (
        "molmach.cli",
        "molmach.report",
        "molmach.agents",
        "molmach.search.agents",
        "molmach.search.record",
    )
    assert not [name for name in digested if name.startswith(apart)]
    assert not {name for name in digested if f"{name.rpartition('.')[2]}.py" in SHOWN}


def test_every_kind_of_file_that_computes_is_looked_at() -> None:
    kinds = {
        path.suffix
        for folder in ROOT.iterdir()
        if folder.is_dir() and folder.name not in APART
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert kinds <= set(SUFFIXES)


def changed(tmp_path: Path, file: str) -> str:
    """Digest of the sources of a copy of molmach in which a line was added to a file."""
    copy = tmp_path / file.replace("/", "-")
    shutil.copytree(ROOT, copy / "molmach", ignore=shutil.ignore_patterns("__pycache__", "vendor"))
    with (copy / "molmach" / file).open("a", encoding="utf-8") as stream:
        stream.write("# another line\n")
    code = f"import molmach.identity as i; i.ROOT = i.Path({str(copy / 'molmach')!r}); print(i._sources())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_kernel_changes_the_digest_and_a_page_does_not(tmp_path: Path) -> None:
    here = identity().sources
    assert changed(tmp_path, "engine/langevin_kernel.py") != here
    assert changed(tmp_path, "report/words.py") == here


def test_the_code_in_a_file_is_told_by_its_content(tmp_path: Path) -> None:
    one, two = (tmp_path / name / "mine.py" for name in ("one", "two"))
    for path, text in ((one, "A = 1\n"), (two, "A = 1\n")):
        path.parent.mkdir()
        path.write_text(text, encoding="utf-8")
    first, second = (identity(files=[f"{path}:Mine"]) for path in (one, two))
    assert first.digest == second.digest != identity().digest  # wherever it lies
    two.write_text("A = 2\n", encoding="utf-8")
    module._identity.cache_clear()
    assert identity(files=[f"{two}:Mine"]).digest != first.digest


def test_a_plug_in_that_is_installed_is_told_by_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "a_strangers_drive"
    package.mkdir()
    (package / "__init__.py").write_text(
        "raise SystemExit('never imported for its digest')\n", encoding="utf-8"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    point = EntryPoint("theirs", "a_strangers_drive:Drive", "molmach.drives")
    before = identity([point])
    assert before.digest != identity().digest
    (package / "more.py").write_text("B = 2\n", encoding="utf-8")
    module._package.cache_clear()
    module._identity.cache_clear()
    assert identity([point]).digest != before.digest
    assert before.differs(identity()) == "no molmach.drives: theirs"
    ours = load("difluorophenylene-rotor").entry_points
    assert identity(ours).digest == identity().digest


def test_what_differs_is_said_in_words() -> None:
    here = Identity("0.1.0", "a" * 64, {"numba": "0.68.1", "rdkit": "2026.9.1"})
    there = Identity("0.1.0", "b" * 64, {"numba": "0.66.0", "rdkit": ""})
    words = "numba 0.66.0, not 0.68.1; no rdkit; other sources of molmach (bbbbbbbbbbbb, not aaaaaaaaaaaa)"
    assert here.differs(there) == words
    assert here.differs(here) == ""
    assert "molmach 0.2.0, not 0.1.0" in here.differs(Identity("0.2.0", "b" * 64, here.packages))
    assert Identity.of_json(here.to_json()) == here


def test_an_evaluations_own_packages_count() -> None:
    from dataclasses import replace

    dynamics, kinetics = (code_of_task(replace(_task(0), use=use)) for use in ("dynamics", "kinetics"))
    assert "tblite" not in dynamics.packages
    assert "tblite" in kinetics.packages
    assert dynamics == identity()


def test_a_process_reads_its_sources_once() -> None:
    assert identity() is identity()
    assert identity(extras=("tblite",)) is identity(extras=("tblite",))
