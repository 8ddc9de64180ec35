"""No number of a table is cut, however narrow the terminal."""

from __future__ import annotations

import io
import re
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from typer.testing import CliRunner

from molmach.cli.main import app
from molmach.cli.output import table

_NUMBERS = st.floats(-1e6, 1e6).map(lambda value: f"{value:.3f}")
_WORDS = st.text(string.ascii_letters, min_size=1, max_size=12)


def _printed(width: int, *args: object) -> str:
    out = io.StringIO()
    Console(file=out, width=width, highlight=False).print(table(*args))  # type: ignore[arg-type]
    return out.getvalue()


@settings(max_examples=25)
@given(
    st.integers(40, 100),
    st.lists(st.tuples(_WORDS, *[_NUMBERS] * 7, _WORDS), min_size=1, max_size=4),
)
def test_every_number_and_head_is_printed_whole(width: int, rows: list[tuple[str, ...]]) -> None:
    heads = ("record", "total", "bond", "angle", "str-bend", "oop", "torsion", "vdW", "what it is")
    printed = _printed(width, heads, rows, range(1, 8))
    assert max(map(len, printed.splitlines())) <= width
    words = printed.split()
    for row in rows:
        assert set(row) <= set(words)
    assert {word for head in heads for word in head.split()} <= set(words)


def test_a_wide_terminal_gets_one_block_and_a_narrow_one_leads_each_with_the_names() -> None:
    heads, rows = ("record", *"abcdef"), [("ethanol", *["-1234.567"] * 6)]
    assert _printed(120, heads, rows, range(1, 7)).count("ethanol") == 1
    assert _printed(45, heads, rows, range(1, 7)).count("ethanol") == 2


@pytest.mark.parametrize("width", [60, 80])
@pytest.mark.parametrize("command", [["systems"], ["agents"], ["energy", "shared.sdf"]])
def test_commands_print_in_narrow_terminals_what_they_print_in_wide_ones(
    command: list[str], width: int, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("narrow")
    monkeypatch.chdir(folder)
    (folder / "shared.sdf").write_text(_ETHANE)
    texts = []
    for columns in (width, 400):
        monkeypatch.setenv("COLUMNS", str(columns))
        texts.append(CliRunner().invoke(app, command).stdout)
    numbers = [re.findall(r"-?\d+\.\d+", text) for text in texts]
    assert sorted(numbers[0]) == sorted(numbers[1])
    assert "…" not in texts[0]


_ETHANE = """ethane with a name that is long
     RDKit          3D

  8  7  0  0  0  0  0  0  0  0999 V2000
   -0.7600    0.0000    0.0000 C   0  0
    0.7600    0.0000    0.0000 C   0  0
   -1.1500    1.0200    0.1000 H   0  0
   -1.1500   -0.6000    0.8300 H   0  0
   -1.1500   -0.4300   -0.9300 H   0  0
    1.1500    0.4300    0.9300 H   0  0
    1.1500    0.6000   -0.8300 H   0  0
    1.1500   -1.0200   -0.1000 H   0  0
  1  2  1  0
  1  3  1  0
  1  4  1  0
  1  5  1  0
  2  6  1  0
  2  7  1  0
  2  8  1  0
M  END
$$$$
"""
