"""The first minutes: a demo, a shell that completes, and words about how long something takes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import pytest

from molmach import build, load
from molmach.cli.output import COMPILING, progress_bar
from molmach.engine import Choice, prepare
from molmach.lanes.watching import compiling
from molmach.report.words import roughly
from molmach.studies.expectation import tell
from tests.helpers.command_line import run_here
from tests.helpers.machines import ROTOR
from tests.helpers.waiting import GENEROUS


def _completed(words: str, number: int) -> list[str]:
    """What bash is offered for the last of some words."""
    asked = {"_MOLMACH_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(number)}
    code = "import sys; sys.argv[0] = 'molmach'; from molmach.cli.main import run; run()"
    program = [sys.executable, "-c", code]
    ended = subprocess.run(program, env=os.environ | asked, capture_output=True, text=True, timeout=GENEROUS)
    return ended.stdout.split()


@pytest.mark.parametrize(
    ("words", "number", "offered"),
    [
        ("molmach sim", 1, ["simulate"]),
        ("molmach build cyano", 2, ["cyanobiphenyl-rotor", "cyanoindane-ratchet"]),
        ("molmach new --dr", 2, ["--drive"]),
    ],
)
def test_a_shell_completes_commands_machines_and_options(words: str, number: int, offered: list[str]) -> None:
    assert _completed(words, number) == offered


def test_the_demo_says_what_it_does_and_how_long_it_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("molmach.cli.demo._REPLICAS", 4)
    monkeypatch.setattr("molmach.cli.demo._DURATION", "5 ps")
    monkeypatch.setattr("molmach.cli.simulate.MOST_TIMES", 1)
    result = run_here("demo", "-o", str(tmp_path / "demo"))
    assert "molmach simulate difluorophenylene-rotor --replicas 4 --duration '5 ps'" in result.stdout
    assert "half a minute" in result.stdout
    assert (tmp_path / "demo" / "report.html").is_file()


def test_compiling_is_counted_function_by_function() -> None:
    told: list[tuple[int, int]] = []
    jitted: Callable[[Any], Any] = numba.njit

    @jitted
    def inner(x: float) -> float:
        return x + 1.0

    @jitted
    def outer(x: float) -> float:
        return float(inner(x) * 2.0)

    with compiling(lambda done, of: told.append((done, of))):
        assert outer(1.0) == 4.0
    outer(1)  # another type: compiled again, and not told of any more
    assert [done for done, _ in told] == [1, 2]
    assert all(of > done for done, of in told)


def test_without_a_terminal_a_line_says_that_kernels_are_compiled(capsys: pytest.CaptureFixture[str]) -> None:
    functions = [numba.njit(eval(f"lambda x: x + {number}")) for number in range(4)]
    with progress_bar("some machine"):
        for function in functions:
            function(1.0)
    assert capsys.readouterr().err.count(COMPILING) == 1


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(3.0, "10 s"), (44.0, "40 s"), (94.0, "90 s"), (100.0, "2 min"), (1333.0, "22 min"), (10_000.0, "3 h")],
)
def test_an_estimate_of_a_time_has_no_more_digits_than_it_is_worth(seconds: float, words: str) -> None:
    assert roughly(seconds) == words


@pytest.mark.parametrize(
    ("us", "told"), [(1.0, []), (1000.0, ["simulating takes about 60 s with 2 workers"])]
)
def test_a_long_run_says_beforehand_how_long_it_takes(us: float, told: list[str]) -> None:
    """Two conditions of four replicas of 15000 steps, on two workers: 60000 steps each."""
    protocol = {"protocol.replicas": 4, "protocol.duration": "30 ps", "protocol.equilibration": "0 ps"}
    spec = load(ROTOR, [f"{key}={value}" for key, value in protocol.items()])
    one = prepare("claim", 0, build(spec), spec.drive, spec.protocol)
    said: list[str] = []
    tell(Choice("batched", "compiled", 2, us), [one, one], 2, said.append)
    assert said == told
