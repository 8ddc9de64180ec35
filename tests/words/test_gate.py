"""The number gate: what may be said, what is struck out, and how often it errs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from molmach.search.record.facts import facts_of_ledger
from molmach.search.record.ledger import reading
from molmach.spec import load_campaign
from molmach.words import Fact, Facts, Source, judge, marks_in, unmarked
from molmach.words.numbers import numbers
from tests.helpers.ledgers import Scribe, campaign
from tests.words.corpus import statements
from tests.words.written import written

HERE = Path(__file__).parent
MOST = 0.02
"""Share of honest statements that may be struck, and of fabricated ones that may be missed."""


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> tuple[Facts, dict[str, str]]:
    folder, names = written(tmp_path_factory.mktemp("written") / "campaign")
    with reading(folder) as ledger:
        return facts_of_ledger(ledger, load_campaign(folder / "campaign.yaml"), ("turn/ns", "1")), names


def _lines(name: str, names: dict[str, str]) -> Iterator[str]:
    for line in (HERE / name).read_text(encoding="utf-8").splitlines():
        if not line.startswith("# "):
            yield line.format(**names)


def test_honest_statements_written_by_hand_pass(known: tuple[Facts, dict[str, str]]) -> None:
    facts, names = known
    lines = list(_lines("honest.txt", names))
    struck = [judge(line, facts).marked for line in lines if judge(line, facts).struck]
    assert len(lines) >= 200
    assert len(struck) <= MOST * len(lines), struck


def test_fabricated_statements_written_by_hand_are_struck(known: tuple[Facts, dict[str, str]]) -> None:
    facts, names = known
    lines = list(_lines("fabricated.txt", names))
    missed = [line for line in lines if not judge(line, facts).struck]
    assert len(lines) >= 200
    assert len(missed) <= MOST * len(lines), missed


def test_statements_about_a_ledger_are_told_apart(tmp_path: Path) -> None:
    made_up = campaign()
    scribe = Scribe(made_up, tmp_path / "made-up", seed=11)
    scribe.search(60)
    with reading(scribe.end()) as ledger:
        facts = facts_of_ledger(ledger, made_up, ("turn/ns",))
        said = list(statements(ledger, 11, 210))
    wrong = {True: [], False: []}  # type: dict[bool, list[str]]
    for statement in said:
        if bool(judge(statement.text, facts).struck) is statement.honest:
            wrong[statement.honest].append(statement.text)
    assert len(wrong[True]) <= MOST * 210, wrong[True]
    assert len(wrong[False]) <= MOST * 210, wrong[False]


def _fact(value: float, half: float, unit: str = "turn/ns", **more: object) -> Facts:
    fact = Fact(
        "velocity", value, value - half, value + half, unit, "the run", Source.MEASURED, "m", half / 2, True
    )
    return Facts((fact,), {"m": ("#2",)}, current="m")


@pytest.mark.parametrize(
    ("said", "value", "half", "passes"),
    [
        ("about 90", 92.0, 3.0, True),
        ("129", 121.0, 3.0, False),
        ("92 ± 3", 92.0, 3.0, True),
        ("92 ± 1.5", 92.0, 3.0, True),
        ("92 ± 0.3", 92.0, 3.0, False),
        ("92 GHz", 92.0, 3.0, True),
        ("92 turn/us", 92.0, 3.0, False),
        ("0.092 turns per picosecond", 92.0, 3.0, True),
        ("92 K", 92.0, 3.0, False),
        ("-92", 92.0, 3.0, False),
        ("between 89 and 95 turn/ns", 92.0, 3.0, True),
        ("[91, 93] turn/ns", 92.0, 3.0, False),
        ("9.2e1 turn/ns", 92.0, 3.0, True),
        ("92 %", 92.0, 3.0, False),
        ("ninety-two turns per nanosecond", 92.0, 3.0, True),
        ("one hundred and thirty turns per nanosecond", 92.0, 3.0, False),
        ("1,200 turn/ns", 1201.0, 3.0, True),
    ],
)
def test_value_width_and_unit_are_held_against_the_fact(
    said: str, value: float, half: float, passes: bool
) -> None:
    judged = judge(f"It has a velocity of {said}.", _fact(value, half))
    assert bool(judged.struck) is not passes, judged.marked
    assert marks_in(judged.marked) == ((1, 0) if passes else (0, 1))


@pytest.mark.parametrize(
    "text",
    [
        "c1ccccc1C#N and C60 with GFN2-xTB, sp3 and H2O, MMFF94s",
        "since 2005 (Kottas 2005), 2-methyl-1,3-dioxane at R10, see step 3, Fig. 2 and https://doi.org/10.1021/cr0300993",
        "3fa2c1d4e5f6 is trial 12, as #7 is",
        "1. first\n2) second",
        "the 95 % interval",
        "1:1 mixtures, on 2024-05-06 at 12:30",
    ],
)  # fmt: skip
def test_digits_of_names_years_and_molecules_are_no_numbers(text: str) -> None:
    assert numbers(text) == []


def test_nobody_else_can_write_the_marks_of_the_gate() -> None:
    judged = judge("It reached 250 turn/ns ⟦trial 2, rung 0⟧, not ~~92 turn/ns~~.", _fact(92.0, 3.0))
    assert judged.marked == ("It reached ~~250 turn/ns~~ trial 2, rung 0, not 92 turn/ns ⟦the run⟧.")
    assert "⟦" not in unmarked(judged.marked)


def test_what_a_longer_run_has_replaced_can_be_quoted_but_not_leaned_on() -> None:
    short = Fact(
        "velocity", 40.0, 20.0, 60.0, "turn/ns", "rung 0", Source.MEASURED, "m", 10.0, True, superseded=True
    )
    long = Fact("velocity", 52.0, 50.0, 54.0, "turn/ns", "rung 1", Source.MEASURED, "m", 1.0, True)
    facts = Facts((short, long), {"m": ()}, current="m")
    assert not judge("It has 40 turn/ns.", facts).struck
    assert not judge("It has 52 turn/ns.", facts).struck
    assert judge("It has 30 turn/ns.", facts).struck


def test_a_long_or_hostile_text_is_read_in_reasonable_time(known: tuple[Facts, dict[str, str]]) -> None:
    facts, _ = known
    for text in (
        "9" * 50_000,
        "±" * 20_000,
        "trial 2, " * 3000,
        "[" * 20_000,
        "1e" * 10_000,
        "a-" * 10_000 + "1",
    ):
        assert len(judge(text, facts).text) <= 20_000
