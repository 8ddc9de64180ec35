"""``molmach new``: what it writes and says, by options and asked on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from functools import cache
from pathlib import Path

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from molmach import load, suggest
from molmach.cli import new
from molmach.cli.choosing import Chosen, asked
from molmach.errors import InterruptedRunError
from molmach.proposals import Proposals
from tests.helpers.command_line import json_here, run_here

_ROTOR = "Fc1ccccc1C#Cc1ccccc1"
_CHIRAL = "C[C@@H](F)c1cccc(c1)C#Cc1ccccc1".replace("@@", "")
_DOWN, _ENTER, _STOP = "\x1b[B", "\r", "\x03"


@pytest.fixture(autouse=True, scope="module")
def built_once() -> Iterator[None]:
    """Each molecule is built once for all tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(new, "suggest", cache(lambda *drawn, note: suggest(*drawn)))
        patch.setattr(new, "status", lambda label: nullcontext())
        yield


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, in which the command runs."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_yes_writes_a_machine_and_its_picture_and_says_what_comes_next(empty: Path) -> None:
    result = run_here("new", _ROTOR, "--yes", "--name", "tolane")
    assert result.returncode == 0, result.stderr
    assert load("tolane.yaml").name == "tolane"
    assert "<svg" in (empty / "tolane.svg").read_text(encoding="utf-8")
    assert "next: molmach build tolane.yaml" in result.stdout
    assert "kT/mu" in result.stdout


def test_options_choose_and_json_tells_all_of_it(empty: Path) -> None:
    document = json_here(
        "new", _CHIRAL, "--yes", "--drive", "constant_torque", "--isomer", "2", "-o", "a.yml"
    )
    assert document["file"] == "a.yml"
    assert load("a.yml").drive.kind == "constant_torque"
    (first, *_) = document["proposals"]
    assert [isomer["mirror_of"] for isomer in first["isomers"]] == [None, 1]
    assert first["drives"]["photoisomerisation"] == {"refused": "acts on a double bond"}
    assert first["moment_of_inertia"] > 0.0


def test_json_without_yes_lists_and_writes_nothing(empty: Path) -> None:
    document = json_here("new", _ROTOR)
    assert document["file"] is None
    assert list(empty.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nonsense"], "molmach: got 'nonsense', which is neither a SMILES"),
        (["c1ccccc1"], "has no axle: its one ring has nothing stiff to turn against"),
        ([_ROTOR], "no terminal to ask on, so nothing is written; expected --yes, or --json to list"),
        ([_ROTOR, "--yes", "--axle", "4"], "--axle 4: expected a number from 1 to 1"),
        ([_ROTOR, "--yes", "--isomer", "4"], "--isomer 4: expected a number from 1 to 1"),
        ([_ROTOR, "--yes", "--drive", "wind"], "--drive wind; expected one of rotating_field, constant_torque, none"),
        ([_ROTOR, "--yes", "--drive", "photoisomerisation"], "--drive photoisomerisation: acts on a double bond"),
        ([_ROTOR, "--yes", "-o", "a.txt"], "-o a.txt: expected a machine file's name, which ends in .yaml"),
        ([_ROTOR, "--yes", "--name", "a b"], "name: got 'a b'"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_sentence_and_writes_nothing(
    empty: Path, arguments: list[str], told: str
) -> None:
    result = run_here("new", *arguments)
    assert result.returncode == 2
    assert told in result.stderr
    assert "Traceback" not in result.stderr
    assert list(empty.iterdir()) == []


def test_a_file_that_is_there_is_not_written_over(empty: Path) -> None:
    (empty / "a.yaml").write_text("mine", encoding="utf-8")
    result = run_here("new", _ROTOR, "--yes", "-o", "a.yaml")
    assert result.returncode == 2
    assert "-o a.yaml: is there already" in result.stderr
    assert (empty / "a.yaml").read_text(encoding="utf-8") == "mine"


@pytest.fixture(scope="module")
def chiral() -> Proposals:
    return suggest(_CHIRAL)


def test_arrow_keys_choose_isomer_and_drive(chiral: Proposals) -> None:
    with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
        keys.send_text(f"{_DOWN}{_ENTER}{_DOWN}{_ENTER}")
        chosen = asked(chiral, Chosen())
    moving = [kind for kind, said in chiral[0].drives.items() if not isinstance(said, str)]
    assert chosen == Chosen(1, 2, [*moving, "none"][1])


def test_what_was_said_is_not_asked(chiral: Proposals) -> None:
    assert asked(chiral, Chosen(1, 1, "none")) == Chosen(1, 1, "none")


def test_stopping_writes_nothing(chiral: Proposals) -> None:
    with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
        keys.send_text(_STOP)
        with pytest.raises(InterruptedRunError, match="stopped; no machine file is written"):
            asked(chiral, Chosen())
