"""What the documents say is so: code blocks run, commands and options exist, links lead somewhere."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from molmach.building.rotor import Rotor
from molmach.cli.main import app
from molmach.spec import Campaign, Spec, load, load_campaign
from tests.helpers.documents import (
    PAGES,
    ROOT,
    Block,
    anchors,
    blocks,
    inline_commands,
    links,
    name_of,
    tables,
    write,
)
from tests.helpers.waiting import GENEROUS

README, ARCHITECTURE, HOW_TO = "README.md", "ARCHITECTURE.md", "docs/how-to"
_SMALL = (
    '--set budget.evaluations=4 --set racing.rungs="[{replicas: 4, duration: 2 ps}]" '
    "--set confirmation.machines=0"
)
_FEW = '--replicas 4 --duration "2 ps" --set protocol.equilibration="2 ps"'

SHORTER = {
    (README, "molmach simulate my-rotor.yaml"): _FEW,
    (README, "molmach scan difluorophenylene-rotor"): "--replicas 2 --cycles 1",
    (README, "molmach campaign run examples/ratchet.yaml"): (
        '--set budget.evaluations=8 --set racing.rungs="[{replicas: 4, duration: 2 ps}]" '
        "--set confirmation.machines=0"
    ),
    (f"{HOW_TO}/add-a-system.md", "molmach simulate"): _FEW,
    (f"{HOW_TO}/add-a-drive.md", "molmach simulate"): _FEW,
    (f"{HOW_TO}/add-a-drive.md", "molmach campaign run"): _SMALL,
    (f"{HOW_TO}/add-a-machine-kind.md", "molmach simulate"): _FEW,
    (f"{HOW_TO}/add-a-machine-kind.md", "molmach campaign run"): _SMALL,
    (f"{HOW_TO}/add-a-force-field.md", "molmach simulate"): _FEW,
    (f"{HOW_TO}/add-a-force-field.md", "molmach campaign run"): _SMALL,
    (f"{HOW_TO}/add-an-executor.md", "molmach campaign run"): (
        '--set budget.evaluations=3 --set racing.rungs="[{replicas: 4, duration: 2 ps}]" '
        "--set confirmation.machines=0"
    ),
    (f"{HOW_TO}/add-an-agent.md", "molmach campaign run"): _SMALL,
}
"""Options that are put behind a command of a page, by its beginning. Other commands run as they stand."""

QUICK = {
    (README, "molmach build my-rotor.yaml"),
    (f"{HOW_TO}/add-a-system.md", "molmach simulate"),
    (f"{HOW_TO}/add-a-machine-kind.md", "molmach build"),
    (f"{HOW_TO}/add-an-agent.md", "molmach campaign run"),
    (f"{HOW_TO}/add-an-estimator.md", "molmach campaign run"),
}
"""Commands that run with the other quick tests; the rest run with the slow ones."""

CHECKED = {
    (
        README,
        "molmach kinetics fluorene-motor-methyl",
    ): "minutes of GFN2-xTB; tests/studies/test_kinetics.py has shorter ones",
    (
        README,
        "molmach campaign watch",
    ): "a page that is served until it is stopped; tests/report/test_campaign_watch.py",
    (
        README,
        "molmach score --top",
    ): "trajectories of the reader's own; tests/scoring/test_trajectories.py has some",
    ("docs/agents.md", "molmach mcp"): "a server, which waits for clients; tests/server/test_mcp.py",
    (
        "docs/analysis.md",
        "molmach score --top",
    ): "trajectories of the reader's own; tests/scoring/test_trajectories.py has some",
}
"""Commands of ours that are not run: their options are looked up, and no more."""

ELSEWHERE = {
    "docs/agents.md": "server/test_mcp.py::test_the_conversation_of_the_documentation_goes_as_it_says",
    "docs/analysis.md": "analysis/test_analysis.py::test_the_code_of_the_documentation_runs",
}
"""Pages whose Python is run by another test."""

PLAIN = {
    README: ["forward  48.01 turn/ns"],
    ARCHITECTURE: ["machine.yaml ->", "testing > cli"],
    "docs/active-inference.md": [
        "score = bias",
        "F = -ln N",
        "ΔF = ½",
        "G(x) = - E",
        "Effects, the strongest",
    ],
}
"""Beginnings of indented blocks that are formulas or what a program printed."""

CHECKED_BY_THE_SITE = ("{toctree}", "{eval-rst}")
_PLACEHOLDER = re.compile(r"\[?\b(FILE|DIR|FILE_OR_DIR|SYSTEM|NAME|KEY|VALUES?|HOST:PORT|FOLDER)\b")


def _entry(table: Any, block: Block, command: str) -> Any:
    """The row of a table that stands for a command; None where there is none."""
    return next((row for row in table if row[0] == block.page and command.startswith(row[1])), None)


def _words(command: str) -> list[str]:
    return shlex.split(command, comments=True)


def _is_usage(command: str) -> bool:
    """Whether a line only shows what may be given, such as ``molmach campaign run FILE [-o DIR]``."""
    return _PLACEHOLDER.search(command) is not None


def _commands(page: Path) -> list[tuple[Block, str]]:
    return [(block, command) for block in blocks(page) if block.kind == "sh" for command in block.commands]


ALL_COMMANDS = [pair for page in PAGES for pair in _commands(page)]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_is_of_a_kind_that_is_tested(page: Path) -> None:
    for block in blocks(page):
        plain = block.kind == "" and any(block.text.startswith(text) for text in PLAIN.get(block.page, ()))
        known = ("python", "sh", "yaml", "toml", "text", *CHECKED_BY_THE_SITE)
        assert plain or block.kind in known, (
            f"{block}: no test knows what to do with this block:\n{block.text}"
        )


def test_every_row_of_the_tables_stands_for_something() -> None:
    for row in (*SHORTER, *QUICK, *CHECKED):
        assert any(_entry([row], block, command) for block, command in ALL_COMMANDS), row
    for page, beginnings in PLAIN.items():
        for beginning in beginnings:
            assert any(block.text.startswith(beginning) for block in blocks(ROOT / page)), beginning
    for page, place in ELSEWHERE.items():
        file, _, test = place.partition("::")
        source = (ROOT / "tests" / file).read_text(encoding="utf-8")
        body = source.partition(f"def {test}(")[2].partition("\ndef ")[0]
        assert all(part in body for part in Path(page).parts), place


@pytest.mark.parametrize(("block", "command"), ALL_COMMANDS, ids=lambda value: str(value)[:60])
def test_commands_exist_with_their_options(block: Block, command: str) -> None:
    if command.startswith("molmach "):
        shown = command.translate(str.maketrans("", "", "[]")) if _is_usage(command) else command
        _check_ours(_words(shown)[1:])
        return
    words = _words(command)
    while re.match(r"[A-Z0-9_]+=", words[0]):
        words = words[1:]
    checks: dict[str, Callable[[list[str]], None]] = {
        "make": _check_make, ".venv/bin/python": _check_python, ".venv/bin/pytest": _check_pytest,
    }  # fmt: skip
    assert words[0] in checks, f"{block}: no test knows what to do with: {command}"
    checks[words[0]](words[1:])


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_in_sentences_exist_with_their_options(page: Path) -> None:
    for command in inline_commands(page):
        if "..." not in command:
            _check_ours(_words(command)[1:], whole=False)


def _check_ours(words: list[str], whole: bool = True) -> None:
    """Have the command line's own parser read it, without doing anything; in a sentence, arguments may be left out."""
    command: Any = get_command(app)
    path = "molmach"
    if words and words[0] in {name for parameter in command.params for name in parameter.opts}:
        return
    while hasattr(command, "list_commands") and words:
        assert words[0] in command.list_commands(None), f"{path} has no command {words[0]}"
        command, path, words = command.get_command(None, words[0]), f"{path} {words[0]}", words[1:]
    if hasattr(command, "list_commands"):
        return
    options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    given = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
    assert given <= options | {"--help", "-h"}, f"{path} has no option {', '.join(sorted(given - options))}"
    if whole:
        command.make_context(path, list(words))


def _check_make(words: list[str]) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in words:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"make has no target {target}"


def _check_python(words: list[str]) -> None:
    if words[:3] == ["-m", "pip", "install"]:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        extras = re.fullmatch(r"\.\[([\w,]+)\]", words[-1])
        assert extras, words[-1]
        assert set(extras[1].split(",")) <= project["optional-dependencies"].keys()
        assert (ROOT / words[words.index("-c") + 1]).is_file()
    else:
        assert (ROOT / words[0]).is_file(), words[0]


def _check_pytest(words: list[str]) -> None:
    assert (ROOT / words[0]).is_file(), words[0]
    assert f"{words[words.index('-k') + 1]}" in (ROOT / words[0]).read_text(encoding="utf-8").lower()


YAML = [block for page in PAGES for block in blocks(page) if block.kind == "yaml"]


@pytest.mark.parametrize("block", YAML, ids=str)
def test_files_in_the_documents_are_read_without_complaint(block: Block, tmp_path: Path) -> None:
    content = yaml.safe_load(block.text)
    if "reference" in content:  # the library's own values, of which validate asks these
        for item in content["reference"]:
            assert {"quantity", "value", "unit", "source", "confidence"} <= item.keys()
    elif "name" not in content:  # a part of a file
        assert content.keys() <= Spec.model_fields.keys() | Campaign.model_fields.keys()
        assert content.get("machine", {}).keys() <= Rotor.model_fields.keys()
    elif not _adds_its_kind(block, content):
        page = ROOT / block.page
        write(
            [part for part in blocks(page) if part.kind == "yaml" and "systems/" not in part.text],
            tmp_path,
            tmp_path,
        )
        path = tmp_path / "it.yaml"
        path.write_text(block.text, encoding="utf-8")
        assert (load_campaign if "space" in content else load)(path).name == content["name"]


def _adds_its_kind(block: Block, content: dict[str, Any]) -> bool:
    """Whether a file's machine is of a kind that its page adds: what reads it is the page's own run."""
    added = [part.text for part in blocks(ROOT / block.page) if part.file == "pyproject.toml"]
    kinds = [tomllib.loads(text)["project"]["entry-points"].get("molmach.machines", {}) for text in added]
    return bool(any(kinds)) and "machine" in content


RUN = [
    page for page in PAGES
    if any(command.startswith("molmach ") for _, command in _commands(page)) or any(b.kind == "python" for b in blocks(page))
]  # fmt: skip


def _run(page: Path, work: Path, wanted: Callable[[Block, str], bool], python: bool) -> None:
    """Do what a page tells a reader to do, in an empty folder; its Python is one program, run where the last of it stands."""
    found = blocks(page)
    installation = work / "installed"
    place = work / "work"
    installation.mkdir()
    place.mkdir()
    (place / "examples").symlink_to(ROOT / "examples")
    (place / "runs").mkdir()
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "MPLBACKEND": "Agg",
    }
    if write(found, place, installation):
        environment["PYTHONPATH"] = str(installation)
    program = [block for block in found if block.kind == "python" and block.file is None]
    for block in found:
        if block.kind == "sh":
            for command in block.commands:
                if wanted(block, command):
                    entry = _entry(SHORTER, block, command)
                    extra = "" if entry is None else SHORTER[entry]
                    _succeeds([*_words(command), *_words(extra)], place, environment)
        elif (
            python and program and block is program[-1] and page.relative_to(ROOT).as_posix() not in ELSEWHERE
        ):
            source = "\n".join(part.text for part in program)
            _succeeds([sys.executable, "-c", source], place, environment)


def _succeeds(words: list[str], place: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(words, cwd=place, env=environment, capture_output=True, text=True, timeout=GENEROUS)
    assert done.returncode == 0, f"{shlex.join(words)}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"


@pytest.mark.parametrize("page", [p for p in RUN if any(row[0] == name_of(p) for row in QUICK)], ids=name_of)
def test_a_page_does_what_it_says(page: Path, tmp_path: Path) -> None:
    """Seeds stand in the files; with others a shortened claim would fail one of its controls twice in a hundred."""
    _run(page, tmp_path, lambda block, command: _entry(QUICK, block, command) is not None, python=False)


@pytest.mark.slow
@pytest.mark.parametrize("page", RUN, ids=name_of)
def test_a_page_does_all_that_it_says(page: Path, tmp_path: Path) -> None:
    def wanted(block: Block, command: str) -> bool:
        ours = command.startswith("molmach ") and not _is_usage(command)
        return ours and _entry(CHECKED, block, command) is None

    _run(page, tmp_path, wanted, python=True)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    for target in links(page):
        if re.match(r"(https?|mailto):", target):
            continue
        path, _, anchor = target.partition("#")
        place = (page.parent / path).resolve() if path else page
        if place == ROOT / "docs" / "reference" / "command-line.md":
            continue  # made when the site is built, whose test follows links
        assert place.exists(), f"{name_of(page)}: {target} leads nowhere"
        assert place.is_relative_to(ROOT), f"{name_of(page)}: {target} leads out of the repository"
        if anchor and place.suffix == ".md":
            assert anchor in anchors(place), f"{name_of(page)}: {target} names no heading"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_row_that_looks_like_a_table_is_in_one_and_is_whole(page: Path) -> None:
    """A blank line cuts a table in two, and a bar too many loses a cell, without a word from any renderer."""
    found = tables(page)
    for lines, cells in found:
        assert set(cells) == {cells[0]}, (
            f"{name_of(page)}:{lines.start + 1}: rows of {sorted(set(cells))} cells"
        )
    within = {number for lines, _ in found for number in lines}
    rows = {
        number
        for number, line in enumerate(page.read_text(encoding="utf-8").splitlines())
        if line.startswith("|")
    }
    assert rows <= within, f"{name_of(page)}:{min(rows - within, default=-1) + 1}: a row outside any table"
