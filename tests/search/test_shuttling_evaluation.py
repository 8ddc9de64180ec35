"""Campaigns on a ring's passages: rungs are lengths of windows, and rates have intervals."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from molmach.data.statistics import Estimate
from molmach.errors import SimulationError, SpecError
from molmach.search.loop.checking import check
from molmach.search.loop.evaluations import Evaluation, Task, evaluation_of, task_of
from molmach.search.loop.evaluations.shuttling import _controls, _samples
from molmach.search.loop.objectives import Objectives
from molmach.search.record.result import Result, plain
from molmach.search.record.trial import CONFIRMATION
from molmach.search.running import run_campaign
from molmach.search.space.space import Space
from molmach.spec import Campaign, load
from molmach.spec.campaign import loads_campaign
from molmach.studies.kinetics.rates import eyring_rate
from molmach.studies.profile import Crossing, Profile, StateProfile

SPACERS = ("CCCCC", "CCCCCC")
AXLE = "CC(C)(C)c1cc(C(C)(C)C)cc(CC[C:1](=O){}[C:2](=O)CCc2cc(C(C)(C)C)cc(C(C)(C)C)c2)c1"
SHUTTLES: dict[str, Any] = {
    "name": "shuttles",
    "base": "switched-diketone-shuttle",
    "space": {"choices": {"spacer": {s: {"machine.axle": AXLE.format(s)} for s in SPACERS}}},
    "objectives": [{"maximise": "moved"}, {"maximise": "log(shuttling_rate)"}],
    "evaluation": {"use": "shuttling", "rungs": [{"window": "5 ps", "shots": 16}, {"window": "10 ps"}]},
    "agents": ["random"],
    "confirmation": {"machines": 1},
    "budget": {"evaluations": 2},
}


def campaign(**changes: Any) -> Campaign:
    """The campaign with sections replaced."""
    return loads_campaign(SHUTTLES | changes, "shuttles.yaml", Path())


def evaluation(**changes: Any) -> Evaluation:
    """Its evaluation."""
    return evaluation_of(campaign(**changes), Path())


def _rungs(**rung: Any) -> dict[str, Any]:
    return {"evaluation": {"use": "shuttling", "rungs": [rung]}}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (_rungs(window="5 nm"), r"evaluation.rungs\[0\].window: .*nm"),
        (_rungs(window="-5 ps"), r"evaluation.rungs\[0\].window: got '-5 ps'; expected a time above zero"),
        (_rungs(window="1 ps"), r"window of 1 ps: expected at least ten of protocol.sampling"),
        (
            {"evaluation": {"use": "shuttling", "rungs": [{"window": "20 ps"}, {"window": "1 ps"}]}},
            r"window of 1 ps: expected at least ten of protocol.sampling",
        ),
        (_rungs(shots=0), r"evaluation.rungs\[0\].shots: got 0"),
        (_rungs(replicas=4), r"evaluation.rungs\[0\].replicas: accepted: window, shots"),
        (
            {"evaluation": {"use": "shuttling", "options": {"light": 3}}},
            "evaluation.options: shuttling takes",
        ),
        ({"objectives": {"maximise": "velocity"}}, "expected an expression of shuttling_barrier"),
        ({"drive": {"kind": "none"}}, "objectives: moved: under drive none nothing is switched"),
        (
            {
                "base": "difluorophenylene-rotor",
                "machine": {"smiles": "[CH:1]#[C:2]c1cc([*:10])c([C:3]#[CH:4])cc1"},
                "space": {"sites": {"10": ["hydrogen", "fluoro"]}},
                "objectives": {"maximise": "shuttling_rate"},
            },
            "expected a rotaxane with one ring",
        ),
    ],
)
def test_what_cant_be_had_is_refused_before_the_work(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        check(campaign(**changes), Path())


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"rungs": [{"level": "CCSD"}]}, r"rungs\[0\].level: got 'CCSD'; accepted: MMFF94, GFN2-xTB"),
        ({"rungs": [{"searches": 1}]}, r"rungs\[0\].searches: got 1; expected a whole number, two or more"),
        ({"rungs": [{"shots": 1}]}, r"rungs\[0\].shots: accepted: level, searches"),
        ({"options": {"station": "middle"}}, "options.station: got 'middle'; expected one of left, right"),
        ({"options": {"solvent": "water"}}, "options.solvent: accepted: station"),
    ],
)
def test_a_binding_that_cant_be_had_is_refused(section: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        check(campaign(objectives={"minimise": "binding"}, evaluation={"use": "binding"} | section), Path())


def test_rungs_are_windows_and_the_confirmation_samples_afresh() -> None:
    shuttling, space = evaluation(), Space(campaign())
    candidate = space.resolve(next(iter(space.enumerate())))
    first, second, again = (task_of(shuttling, candidate, rung) for rung in (0, 1, CONFIRMATION))
    assert first is not None
    assert second is not None
    assert again is not None
    assert dict(first.options) == {"window": 5.0, "shots": 16}
    assert dict(second.options) == dict(again.options) == {"window": 10.0, "shots": 128}
    assert len({first.key, second.key, again.key}) == 3
    assert again.seed != second.seed == first.seed
    assert shuttling.effort(0) == "windows of 5 ps, 16 shots"
    assert shuttling.effort(CONFIRMATION).endswith("afresh")


def _known(value: float, unit: str = "kJ/mol") -> Estimate:
    return Estimate(value, (value - 2.0, value + 2.0), unit, 1.0)


def _profile(activations: dict[str, tuple[float, float]], left: dict[str, float]) -> Profile:
    """Of two stations, with activations of leaving each in every state and the left one's share."""
    states = {
        name: StateProfile(np.zeros(0), (), {"left": _known(share), "right": _known(1.0 - share)}, {}, 1e3)
        for name, share in left.items()
    }
    crossings = tuple(
        Crossing(
            name, ("left", "right"), 1.5, 16, 0.0, _known(0.5, "1"),
            {"left": _known(1.0, "1/s"), "right": _known(1.0, "1/s")},
            {"left": _known(leaving[0]), "right": _known(leaving[1])},
        )
        for name, leaving in activations.items()
    )  # fmt: skip
    moved = Estimate(0.8, (0.7, 0.9), "1", 0.05) if len(states) == 2 else None
    return Profile(states, {"left": 1.0, "right": 2.0}, 11, 16, (), moved, crossings)


def _task() -> Task:
    return Task("key", "machine", 0, load("switched-diketone-shuttle"), "shuttling")


def test_the_way_that_counts_is_the_one_the_switch_sends_the_ring() -> None:
    """In each state towards the station that then holds it, the slower of the two; without a switch, away."""
    switched = _profile({"off": (60.0, 41.0), "on": (43.0, 58.0)}, {"off": 0.9, "on": 0.1})
    samples = _samples(_task(), switched)
    assert samples["shuttling_barrier"] == [43.0]
    assert samples["shuttling_barrier.error"] == [1.0]
    assert samples["moved"] == [0.8]
    assert samples["occupancy"] == [0.9]
    still = _samples(_task(), _profile({"undriven": (60.0, 41.0)}, {"undriven": 0.9}))
    assert still["shuttling_barrier"] == [60.0]
    assert "moved" not in still


def test_a_rate_has_the_interval_that_its_barrier_leaves() -> None:
    samples = _samples(_task(), _profile({"undriven": (50.0, 50.0)}, {"undriven": 0.5}))
    kelvin = load("switched-diketone-shuttle").protocol.temperature
    assert samples["kelvin"] == [kelvin]
    judged = Objectives(campaign(objectives={"maximise": "shuttling_rate"}).objectives, evaluation())
    reason, (measured,) = judged.judge(plain(Result("key", samples)))
    assert reason == ""
    low, value, high = (eyring_rate(50.0 - side * 1.959964, kelvin) for side in (-1, 0, 1))
    assert (measured.low, measured.value, measured.high) == pytest.approx((low, value, high), rel=1e-4)


def test_no_rate_is_a_failure_with_its_reason_and_a_warning_no_confirmation() -> None:
    lost = _profile({"undriven": (math.nan, math.nan)}, {"undriven": 0.5})
    unknown = replace(lost.crossings[0], transmission=Estimate(0.0, (0.0, 0.0)))
    with pytest.raises(SimulationError, match="none of 16 pairs of trajectories from between joins"):
        _samples(_task(), replace(lost, crossings=(unknown,)))
    with pytest.raises(SimulationError, match="no rate is known: windows are too short"):
        _samples(_task(), replace(lost, crossings=(), warnings=("windows are too short",)))
    half = _profile({"off": (60.0, 41.0)}, {"off": 0.9, "on": 0.1})
    with pytest.raises(
        SimulationError, match="a rate that may be the slowest is not known: on: no sample fell"
    ):
        _samples(_task(), replace(half, warnings=("on: no sample fell on some places",)))
    alone = _profile({"undriven": (50.0, 50.0)}, {"undriven": 0.5})
    nobody = Estimate(50.0, (math.nan, math.nan), "kJ/mol")
    rested = replace(
        alone.crossings[0],
        rates=dict.fromkeys(("left", "right"), Estimate(1.0, (math.nan, math.nan), "1/s")),
        activation=dict.fromkeys(("left", "right"), nobody),
    )
    with pytest.raises(SimulationError, match="so that it has no interval"):
        _samples(_task(), replace(alone, crossings=(rested,)))
    assert _controls(replace(lost, warnings=("windows are too short",)))["verified"] is False
    assert _controls(lost)["verified"] is True


@pytest.mark.slow
def test_a_campaign_ends_with_the_slower_shuttle_measured_twice(tmp_path: Path) -> None:
    """Both spacers at 600 K, and the better one once more from other random numbers."""
    hot = {"temperature": "600 K", "replicas": 4}
    document = run_campaign(
        campaign(protocol=hot, evaluation={"use": "shuttling", "rungs": [{"window": "10 ps", "shots": 64}]}),
        tmp_path / "shuttles",
        executor="local",
    )
    assert (document["evaluations"], document["failed"], document["confirmations"]) == (2, 0, 1)
    best = document["best"][0]
    rate, again = best["objectives"][1], best["confirmed"]["objectives"][1]
    assert max(rate["ci95"][0], again["ci95"][0]) < min(rate["ci95"][1], again["ci95"][1])
    assert best["confirmed"]["sentence"]
