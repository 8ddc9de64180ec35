"""Agents of one's own, from a file."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from typer.testing import CliRunner

from molmach.cli.main import app
from molmach.errors import MissingExtraError, SpecError
from molmach.search.agents.registry import agent_class
from molmach.search.loop.executors import executor_class
from molmach.spec.registered import AGENTS, registered

AGENT = """
from __future__ import annotations
from dataclasses import dataclass, field
from molmach.search import Agent

@dataclass
class Memory:
    seen: list[str] = field(default_factory=list)

class Mine(Agent):
    def propose(self, view, n):
        return []
"""


def test_a_file_may_hold_dataclasses_and_be_called_like_a_module(tmp_path: Path) -> None:
    import random

    (tmp_path / "random.py").write_text(AGENT, encoding="utf-8")
    assert agent_class("random.py:Mine", tmp_path).__name__ == "Mine"
    assert sys.modules["random"] is random


def test_a_file_that_fails_is_named_and_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("1 / 0", encoding="utf-8")
    before = set(sys.modules)
    with pytest.raises(SpecError, match=r"broken\.py can't be imported: ZeroDivisionError"):
        agent_class("broken.py:Mine", tmp_path)
    assert set(sys.modules) == before


def test_files_of_one_name_are_two_modules_each_executed_once(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        text = (
            f"{AGENT}\n    where = {name!r}\nwith open(__file__ + '.log', 'a') as log:\n    log.write('x')\n"
        )
        (tmp_path / name / "x.py").write_text(text, encoding="utf-8")
    first, second = (agent_class(f"{name}/x.py:Mine", tmp_path) for name in ("a", "b"))
    assert (first.where, second.where) == ("a", "b")  # type: ignore[attr-defined]
    assert sys.modules[first.__module__].Mine is first
    assert sys.modules[second.__module__].Mine is second
    assert agent_class("x.py:Mine", tmp_path / "a") is first
    assert (tmp_path / "a" / "x.py.log").read_text(encoding="utf-8") == "x"


def test_a_file_that_was_changed_is_executed_again(tmp_path: Path) -> None:
    file = tmp_path / "x.py"
    file.write_text(f"{AGENT}\n    where = 'before'\n", encoding="utf-8")
    before = agent_class("x.py:Mine", tmp_path)
    file.write_text(f"{AGENT}\n    where = 'after'\n", encoding="utf-8")
    os.utime(file, ns=(0, file.stat().st_mtime_ns + 1))
    after = agent_class("x.py:Mine", tmp_path)
    assert (before.where, after.where) == ("before", "after")  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import sys; sys.exit('no licence')", "SystemExit: no licence"),
        ("import sys; sys.exit()", "SystemExit$"),
        ("class Own(BaseException): pass\nraise Own('twice\\nas bad')", "Own: twice as bad"),
    ],
)
@pytest.mark.parametrize("load", [agent_class, executor_class])
def test_a_file_that_ends_the_process_at_import_is_refused(
    text: str, words: str, load: Callable[[str, Path], object], tmp_path: Path
) -> None:
    (tmp_path / "quits.py").write_text(text, encoding="utf-8")
    with pytest.raises(SpecError, match=rf"quits\.py can't be imported: {words}"):
        load("quits.py:Mine", tmp_path)


BROKEN = {
    "raises": ("raise RuntimeError('boom')", "RuntimeError: boom"),
    "exits": ("import sys; sys.exit(7)", "SystemExit: 7"),
    "elsewhere": (None, "the entry point is wrong, there is no module plugin_elsewhere"),
    "lacks": ("", "AttributeError"),
}


@pytest.fixture
def with_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Installed agents, some of which can't be imported, and one that needs what is not there."""
    monkeypatch.syspath_prepend(tmp_path)
    points = dict(registered(AGENTS))
    texts = {name: text for name, (text, _) in BROKEN.items()} | {"needs": "import nowhere"}
    for name, text in texts.items():
        if text is not None:
            (tmp_path / f"plugin_{name}.py").write_text(text, encoding="utf-8")
        points[name] = EntryPoint(name, f"plugin_{name}:Mine", AGENTS)
    for user in ("molmach.search.plugins", "molmach.cli.agents", "molmach.spec.registered"):
        monkeypatch.setattr(f"{user}.registered", lambda group: points)


@pytest.mark.usefixtures("with_broken")
def test_agents_that_cannot_be_imported_hide_no_others() -> None:
    done = CliRunner().invoke(app, ["agents", "--json"])
    assert done.exit_code == 0, done.output
    summaries = {row["name"]: row["summary"] for row in json.loads(done.stdout)["agents"]}
    assert summaries["random"]
    assert summaries["raises"] == "broken: RuntimeError: boom"
    assert summaries["exits"] == "broken: SystemExit: 7"
    assert summaries["elsewhere"].startswith("broken: ModuleNotFoundError")
    assert summaries["needs"] == "needs the package nowhere"


@pytest.mark.usefixtures("with_broken")
def test_a_broken_agent_is_one_error_when_it_is_used() -> None:
    for name, (_, words) in BROKEN.items():
        with pytest.raises(SpecError, match=rf"agents\.use: {name} = plugin_{name}:Mine.*{words}"):
            agent_class(name, Path())
    with pytest.raises(MissingExtraError, match="needs the Python module nowhere"):
        agent_class("needs", Path())
