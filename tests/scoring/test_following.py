"""How a machine between two ends follows its switch, on histories whose truth is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from molmach.building import Assembly
from molmach.data import Run
from molmach.data.intervals import exact_share
from molmach.data.observed import Observed, Planned
from molmach.drives.base import Clock
from molmach.scoring import score
from molmach.scoring.following import following_samples, phases_of
from molmach.scoring.undirected import FOLLOWING_LEVEL, p_value_of_following
from molmach.search.loop.possible import refusal
from molmach.spec import Spec, load
from tests.helpers.machines import built
from tests.helpers.runs import run_of, series_of

Floats = NDArray[np.float64]

SHUTTLE = "switched-diketone-shuttle"
PERIOD_PS = 400.0


@pytest.fixture(scope="module")
def shuttle() -> Assembly:
    return built(SHUTTLE)


def _spec(duration_ps: float = 1200.0, equilibration_ps: float = 0.0, *changes: str) -> Spec:
    times = [f"protocol.duration={duration_ps!r} ps", f"protocol.equilibration={equilibration_ps!r} ps"]
    return load(SHUTTLE, ["protocol.sampling=1 ps", "protocol.frames=5 ps", *times, *changes])


def _run(spec: Spec, shuttle: Assembly, right: NDArray[np.bool_]) -> Run:
    """Of rings that are at the right station where ``right`` (n_replicas, n_samples), else at the left one."""
    return run_of(spec, shuttle, series_of(_time(spec), _at(shuttle, right)))


def _time(spec: Spec) -> Floats:
    return np.linspace(0.0, spec.protocol.duration, spec.protocol.samples + 1)


def _at(shuttle: Assembly, right: NDArray[np.bool_]) -> Floats:
    stations = Observed.of(_blank(shuttle)).stations
    assert stations is not None
    return np.asarray(stations.places[right.astype(int)])


def _blank(shuttle: Assembly) -> Run:
    spec = _spec()
    return run_of(spec, shuttle, series_of(_time(spec), np.zeros((2, spec.protocol.samples + 1))))


def _following(spec: Spec, replicas: int, lag_ps: float) -> NDArray[np.bool_]:
    """On the right from ``lag_ps`` after each throw on to as long after the next throw off."""
    phase = ((_time(spec) + spec.protocol.equilibration - lag_ps) / PERIOD_PS) % 1.0
    return np.tile((phase >= 0.5) & (phase < 1.0), (replicas, 1))


def test_phases_are_the_whole_ones_of_the_measured_part() -> None:
    time_ps = np.linspace(0.0, 1000.0, 1001)
    phases = phases_of(
        Clock(400.0, 0.25), time_ps, 50.0
    )  # changes at 300, 400, 700, 800; the part ends at 1050
    assert [(p.first, p.last, p.on, p.thrown) for p in phases] == [
        (250, 350, True, True),
        (350, 650, False, True),
        (650, 750, True, True),
    ]
    at_start = phases_of(Clock(400.0, 0.5), np.linspace(0.0, 400.0, 401), 0.0)
    assert [(p.on, p.thrown) for p in at_start] == [(False, False), (True, True)]
    assert phases_of(Clock(np.inf, 0.5), time_ps, 0.0) == phases_of(Clock(400.0, 1.0), time_ps, 0.0) == ()


def test_a_ring_that_follows_is_measured_exactly(shuttle: Assembly) -> None:
    spec = _spec()
    result = score(_run(spec, shuttle, _following(spec, 8, 30.0)))
    assert result.verdict == "follows"
    assert result.p_value == pytest.approx(2.0 / 2**8)
    values = {name: estimate.value for name, estimate in result.estimates.items()}
    assert values["steps_per_cycle"] == 2.0
    assert values["throws_followed"] == 1.0
    assert values["lag_after_throw"] == 30.0
    assert values["when_on_right"] == pytest.approx(170.0 / 200.0, abs=0.01)
    assert values["when_off_left"] == pytest.approx(170.0 / 200.0, abs=0.01)
    for name in ("steps_per_cycle", "throws_followed", "when_on_right"):
        low, high = result.estimates[name].ci95
        assert high > low, "no interval has zero width"


def test_places_between_two_ends_have_no_velocity(shuttle: Assembly) -> None:
    spec = _spec()
    result = score(_run(spec, shuttle, _following(spec, 8, 30.0)))
    document = result.to_json()
    assert document["velocity"].items() >= {"value": None, "ci95": [None, None], "unit": "nm/ns"}.items()
    assert "comes back" in document["velocity"]["undefined"]
    assert "peclet" not in document
    assert result.measure == "steps_per_cycle"
    assert "velocity needs a coordinate with a period" in refusal(["velocity"], Planned(spec))
    assert refusal(["steps_per_cycle", "throws_followed", "when_on_right"], Planned(spec)) == ""


def test_going_there_once_is_no_following(shuttle: Assembly) -> None:
    """Every ring leaves the left station in the first on phase and stays, as one that the build put there might."""
    spec = _spec()
    right = np.tile(_time(spec) > 260.0, (16, 1))
    result = score(_run(spec, shuttle, right))
    assert result.verdict == "does not follow"
    assert result.p_value == 1.0


def test_a_ring_that_never_moves_does_not_follow(shuttle: Assembly) -> None:
    spec = _spec()
    result = score(_run(spec, shuttle, np.zeros((16, spec.protocol.samples + 1), dtype=bool)))
    assert result.verdict == "does not follow"
    share = result.estimates["throws_followed"]
    assert share.ci95 == pytest.approx((0.0, 1.0 - 0.025 ** (1.0 / (16 * 5))))  # none of 16 x 5 throws
    assert result.estimates["when_on_left"].ci95[0] < 1.0


def test_a_run_without_a_whole_cycle_says_how_long_it_would_have_to_be(shuttle: Assembly) -> None:
    spec = _spec(400.0)
    result = score(_run(spec, shuttle, _following(spec, 16, 30.0)))
    assert result.verdict == "unresolved"
    assert "600 ps" in result.advice
    longer = _spec(600.0)
    assert score(_run(longer, shuttle, _following(longer, 16, 30.0))).verdict == "follows"


@pytest.mark.parametrize("memory_ps", [60.0, 2000.0])
def test_rings_that_hop_by_chance_are_seldom_said_to_follow(shuttle: Assembly, memory_ps: float) -> None:
    """300 runs of 8 rings that start on the left and hop blindly: at most 9 (false alarm 5e-3 at a rate of 1 %)."""
    spec, rng, said = _spec(), np.random.default_rng(3), 0
    for _ in range(300):
        hops = rng.random((8, spec.protocol.samples)) < 1.0 / memory_ps
        right = np.concatenate([np.zeros((8, 1), dtype=bool), np.cumsum(hops, axis=1) % 2 == 1], axis=1)
        samples = following_samples(Observed.of(_run(spec, shuttle, right)))
        said += p_value_of_following(samples)[0] < FOLLOWING_LEVEL
    assert said <= 9


def test_controls_of_a_shuttle_are_judged_by_its_switch(shuttle: Assembly) -> None:
    spec = _spec()
    right = _following(spec, 8, 30.0)
    claim, still = _run(spec, shuttle, right), _run(spec, shuttle, np.zeros_like(right))
    good = score(replace(claim, controls={"undriven": still, "mirror": claim}))
    assert good.verdict == "follows"
    assert good.controls["undriven"].measure.value == 0.0
    for undriven, mirror, broken in ((claim, claim, "undriven"), (still, still, "mirror")):
        result = score(replace(claim, controls={"undriven": undriven, "mirror": mirror}))
        assert result.verdict == "failed"
        assert result.reason.startswith("The claim fails: ")
        assert "follows its switch" not in result.reason
        assert [name for name, control in result.controls.items() if not control.passed] == [broken]


def test_a_shuttle_without_a_drive_is_at_equilibrium(shuttle: Assembly) -> None:
    spec = _spec(1200.0, 0.0, "drive={kind: none}")
    right = np.tile(_time(spec) > 260.0, (16, 1))
    result = score(_run(spec, shuttle, right))
    assert result.verdict == "equilibrium"
    assert "there is no drive" in result.reason
    assert result.measure == "mean_position"


def test_exact_shares_are_clopper_and_pearsons() -> None:
    assert exact_share(0.0, 10.0) == pytest.approx((0.0, 1.0 - 0.025**0.1))
    assert exact_share(1.0, 10.0) == pytest.approx((0.025**0.1, 1.0))
    assert exact_share(0.3, 10.0) == pytest.approx((0.06674, 0.65245), abs=1e-5)  # tabulated for 3 of 10
