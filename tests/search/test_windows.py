"""Objectives with a window or a target: their utility, what is read of them, and when a machine is confirmed."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from molmach.errors import SpecError
from molmach.search.loop.checking import check
from molmach.search.loop.evaluations import evaluation_of
from molmach.search.loop.objectives import Objectives
from molmach.search.record.export import COLUMNS
from molmach.search.record.judging import judgement_of
from molmach.search.record.ledger import Ledger
from molmach.search.record.result import Result, plain
from molmach.search.record.trial import CONFIRMATION, Finding, Measured
from molmach.search.wanted import Window
from molmach.spec import Campaign
from molmach.spec.campaign import loads_campaign
from molmach.studies.kinetics.level import BARRIER_ERROR
from molmach.studies.kinetics.rates import eyring_rate, half_life
from molmach.units import BOLTZMANN

KELVIN = 293.15
NORMAL = 1.959964
SECONDS = {"quantity": "half_life", "within": ["1 s", "10 s"]}

motors: dict[str, Any] = {
    "name": "motors",
    "base": "methyltetralin-isopropylidene-motor",
    "machine": {"smiles": "[*:10][C@@H]1CCc2ccccc2[C:1]1=[C:2](C)C"},
    "space": {"sites": {"10": ["methyl", "ethyl"]}},
    "objectives": SECONDS,
    "evaluation": {"use": "kinetics"},
    "agents": ["random"],
    "budget": {"evaluations": 2},
}


def campaign(**changes: Any) -> Campaign:
    """The campaign with sections replaced."""
    return loads_campaign(motors | changes, "motors.yaml", Path())


def measured(barrier: float, error: float, *objectives: Any) -> tuple[Measured, ...]:
    """What a barrier and its error are worth."""
    wanted = campaign(objectives=list(objectives) or SECONDS)
    samples = {
        "barrier": [barrier], "barrier.error": [error], "kelvin": [KELVIN],
        "directionality": [0.5], "metastable_energy": [12.0], "metastable_energy.error": [error],
    }  # fmt: skip
    judged = Objectives(wanted.objectives, evaluation_of(wanted, Path()))
    reason, values = judged.judge(plain(Result("key", samples)))
    assert reason == ""
    return values


def barrier_of(seconds: float) -> float:
    """The barrier of a half-life, kJ/mol."""
    kT = BOLTZMANN * KELVIN
    return kT * math.log(seconds / half_life(eyring_rate(0.0, KELVIN)))


@pytest.mark.parametrize("seconds", [1e-3, 1.01, 3.0, 9.9, 2e5])
def test_a_half_lifes_utility_is_its_distance_from_the_window_in_decades(seconds: float) -> None:
    """Eyring's half-life is log-normal, so in decades its interval is the barrier's, scaled."""
    error = BARRIER_ERROR["GFN2-xTB"]
    (m,) = measured(barrier_of(seconds), error)
    assert m.seen is not None
    decades, sd = math.log10(seconds), error / (BOLTZMANN * KELVIN * math.log(10.0))
    assert m.value == pytest.approx(min(decades, 1.0 - decades), abs=1e-9)
    assert m.error == pytest.approx(sd, rel=1e-4)
    assert m.low == pytest.approx(m.value - NORMAL * sd, rel=1e-4)
    assert m.seen.value == pytest.approx(seconds, rel=1e-9)
    assert m.seen.inside == (1.0 <= seconds <= 10.0)
    inside = stats.norm(decades, sd)
    assert m.seen.probability == pytest.approx(inside.cdf(1.0) - inside.cdf(0.0), rel=1e-4)


def test_other_quantities_are_as_far_from_their_window_as_their_unit_says() -> None:
    values = measured(
        85.0, 2.0, {"quantity": "barrier", "within": ["80 kJ/mol", "24 kcal/mol"]},
        {"quantity": "directionality", "target": 1}, {"maximise": "metastable_energy"},
    )  # fmt: skip
    assert values[0].value == pytest.approx(5.0)
    assert values[0].error == pytest.approx(2.0)
    assert values[1].value == -0.5
    assert values[2].seen is None
    assert [v.seen and v.seen.inside for v in values] == [True, False, None]


@given(st.floats(-5.0, 5.0), st.floats(0.01, 3.0), st.floats(-5.0, 5.0), st.floats(0.0, 3.0), st.booleans())
def test_a_utilitys_interval_spans_what_the_values_interval_gives(
    x: float, half: float, low: float, width: float, decades: bool
) -> None:
    """Exactly: its ends are the least and the greatest utility over the value's interval."""

    def through(number: float) -> float:
        return math.pow(10.0, number) if decades else number

    window = Window(through(low), through(low + width), decades)
    m = window.measured(Measured(through(x), 0.1, through(x - half), through(x + half)))
    grid = np.linspace(x - half, x + half, 2001)
    utilities = window.utility(np.array([through(v) for v in grid]))
    assert m.low == pytest.approx(utilities.min(), abs=1e-9)
    assert m.high == pytest.approx(utilities.max(), abs=half / 900)
    assert m.high >= utilities.max() - 1e-9
    assert m.value == pytest.approx(float(window.utility(np.array([through(x)]))[0]), abs=1e-9)


def test_what_is_no_positive_number_has_no_distance_in_decades() -> None:
    assert not Window(1.0, 10.0, True).measured(Measured(0.0, 1.0, -1.0, 1.0)).defined
    assert Window(1.0, 10.0, True).measured(Measured(2.0, 1.0, 0.0, 4.0)).defined


@pytest.mark.parametrize(
    ("objective", "message"),
    [
        (
            {"quantity": "half_life", "within": ["10 s", "1 s"]},
            r"within: got \[10 s, 1 s\]; expected the low",
        ),
        ({"quantity": "half_life", "within": ["1 s", "1 s"]}, "expected the lower bound first"),
        ({"quantity": "half_life", "within": ["1 kJ/mol", "10 s"]}, "within: half_life: got '1 kJ/mol'"),
        (
            {"quantity": "half_life", "within": [1, 10]},
            "within: half_life: got 1.0; expected a number with its",
        ),
        ({"quantity": "half_life", "within": ["0 s", "10 s"]}, "got '0 s'; expected .* above zero"),
        ({"quantity": "directionality", "target": 2}, "target: got 2.0; expected .* be: -1 to 1"),
        ({"quantity": "directionality", "target": "0.5 s"}, "expected a number without a unit"),
        ({"quantity": "velocity", "target": "1 turn/ns"}, "expected an expression of barrier, half_life"),
        ({"quantity": "half_life"}, "expected exactly one of within and target beside quantity"),
        ({"maximise": "half_life", "target": "1 s"}, "within and target are of quantity"),
        ({"quantity": "half_life", "minimise": "barrier", "target": "1 s"}, "exactly one of maximise"),
        ({"half_life": {"within": ["1 s", "10 s"]}}, "half_life"),
    ],
)
def test_a_window_that_cant_be_had_is_refused_before_the_work(
    objective: dict[str, Any], message: str
) -> None:
    with pytest.raises(SpecError, match=message):
        check(campaign(objectives=objective), Path())


def test_a_budgets_target_is_of_no_window() -> None:
    with pytest.raises(SpecError, match=r"budget.target: .* half_life within 1 s to 10 s"):
        check(campaign(budget={"evaluations": 2, "target": 3.0}), Path())


def test_spellings_of_a_window_are_one_campaign_and_keys_of_before_stay() -> None:
    spelled = [["1 s", "10 s"], ["1000 ms", "10 s"], ["2 s", "10 s"]]
    one, same, other = (
        campaign(objectives={"quantity": "half_life", "within": window}).key for window in spelled
    )
    assert one == same != other
    assert (
        '"objectives":[{"maximise":"half_life","minimise":null}]'
        in campaign(objectives={"maximise": "half_life"}).canonical()
    )
    again = loads_campaign(yaml.safe_load(campaign().to_yaml()), "again.yaml", Path())
    assert again.key == campaign().key


@pytest.mark.parametrize(
    ("seconds", "error", "is_open", "label"),
    [
        (3.0, 5.6, False, "confirmed, in the window"),
        (50.0, 5.6, True, "interval reaches the window"),
        (5e5, 5.6, True, "outside the window"),
    ],
)
def test_a_machine_is_confirmed_where_its_second_value_lies_in_the_window(
    seconds: float, error: float, is_open: bool, label: str
) -> None:
    finding = Finding(
        "key", "machine", "random", CONFIRMATION, "", measured(barrier_of(seconds), error), 1.0, 0, False, 0.0,
        controls={"verified": True, "sentence": "Again."},
    )  # fmt: skip
    judgement = judgement_of(finding)
    assert (judgement.verified, judgement.open, judgement.label) == (True, is_open, label)
    ledger = Ledger(":memory:", write=True)
    ledger.add_finding(finding, {})
    (kept,) = ledger.findings()
    (row,) = ledger.table()
    ledger.close()
    exported = dict(zip(COLUMNS, row, strict=True))
    assert exported["seen_value"] == pytest.approx(seconds)
    assert exported["value"] == finding.measured[0].value
    assert kept.measured == finding.measured
