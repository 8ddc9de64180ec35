"""Turns, intervals and verdicts on series whose truth is known."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from molmach import theory
from molmach.building import Assembly
from molmach.data import Run
from molmach.data.statistics import jackknife_estimate, mean_estimate
from molmach.errors import ScoreError
from molmach.scoring import Estimate, score, score_angles
from molmach.scoring.motion import DIRECTIONALITY
from molmach.scoring.regime import driven_regime
from molmach.scoring.rotation import completed_turns, diffusions
from molmach.spec import load
from molmach.units import TURN
from tests.helpers.machines import ROTOR
from tests.helpers.runs import run_of, series_of

Floats = NDArray[np.float64]


def _walks(drift_turns_per_ns: float, diffusion: float, replicas: int, seed: int) -> tuple[Floats, Floats]:
    """Exact drifting random walks, (angle rad, time ps): 0.5 ps samples, diffusion in turn^2/ns."""
    rng = np.random.default_rng(seed)
    samples = 400
    time_ps = np.linspace(0.0, 0.5 * samples, samples + 1)
    steps = rng.normal(drift_turns_per_ns * 5e-4, math.sqrt(2 * diffusion * 5e-4), (replicas, samples))
    return TURN * np.concatenate([np.zeros((replicas, 1)), np.cumsum(steps, axis=1)], axis=1), time_ps


def test_a_steady_turn_is_counted_exactly() -> None:
    time_ps = np.linspace(0.0, 100.0, 1001)
    angle = np.stack([TURN * time_ps / 10.0 * sign for sign in [1.0] * 8])
    result = score_angles(angle, time_ps)
    assert result.velocity.value == pytest.approx(100.0)
    assert result.estimates["net_turns"].value == pytest.approx(10.0)
    assert result.estimates["forward_turns"].value in (9.0, 10.0)
    assert result.estimates["backward_turns"].value == 0.0
    assert result.verdict == "forward"
    assert not result.controlled


@settings(max_examples=60)
@given(st.lists(st.floats(-9, 9), min_size=2, max_size=200))
def test_completed_turns_add_up_to_the_net_turn(steps: list[float]) -> None:
    angle = np.concatenate([[0.0], np.cumsum(steps)])[None, :]
    forward, backward = completed_turns(angle)
    net = (angle[0, -1] - angle[0, 0]) / TURN
    assert abs(net - (forward[0] - backward[0])) < 1.0 + 1e-9
    mirrored = completed_turns(-angle)
    assert (mirrored[0][0], mirrored[1][0]) == (backward[0], forward[0])


def test_rattling_about_one_place_completes_no_turn() -> None:
    rng = np.random.default_rng(0)
    forward, backward = completed_turns(TURN * (0.5 + 0.3 * rng.uniform(-1, 1, (3, 5000))))
    assert forward.sum() == backward.sum() == 0


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    """200 scores of 8 replicas: 95 % or more cover the drift, and no more than 1 % of still ones have
    a direction; binomial bounds, false alarm 1e-3."""
    covered = alarms = 0
    for seed in range(200):
        drifting = score_angles(*_walks(20.0, 10.0, 8, seed))
        covered += drifting.velocity.ci95[0] <= 20.0 <= drifting.velocity.ci95[1]
        alarms += score_angles(*_walks(0.0, 10.0, 8, 1000 + seed)).verdict in ("forward", "backward")
    assert covered >= stats.binom.ppf(5e-4, 200, 0.95)
    assert alarms <= stats.binom.ppf(1 - 5e-4, 200, 0.01)


def test_diffusion_of_a_random_walk_is_found() -> None:
    """2000 replicas; the mean of independent estimates within 4 standard errors (false alarm 6e-5)."""
    samples = diffusions(*_walks(30.0, 7.0, 2000, 3))
    assert abs(samples.mean() - 7.0) < 4 * stats.sem(samples)


def test_peclet_is_velocity_times_a_turn_over_diffusion() -> None:
    result = score_angles(*_walks(100.0, 5.0, 200, 4))
    low, high = result.estimates["peclet"].ci95
    assert low < 20.0 < high
    assert high - low < 5.0


def test_jackknife_of_a_mean_is_students_interval() -> None:
    samples = np.random.default_rng(1).normal(3.0, 2.0, 12)
    ours = jackknife_estimate(lambda chosen: float(samples[chosen].mean()), 12, "x")
    exact = mean_estimate(samples, "x")
    assert ours.value == pytest.approx(exact.value)
    assert ours.ci95 == pytest.approx(exact.ci95)


def test_few_turns_one_way_are_no_certainty() -> None:
    one_way = DIRECTIONALITY.estimate({"forward": [1, 1, 1], "backward": [0, 0, 0]})
    assert one_way.value == 1.0
    assert one_way.ci95[0] == pytest.approx(2 * 0.025 ** (1 / 3) - 1)  # Clopper-Pearson, 3 of 3
    none = DIRECTIONALITY.estimate({"forward": [0, 0, 0], "backward": [0, 0, 0]})
    assert math.isnan(none.value)


def test_frames_too_far_apart_are_warned_about() -> None:
    angle, time_ps = _walks(0.0, 2000.0, 4, 2)
    assert any("sampling interval" in text for text in score_angles(angle, time_ps).warnings)
    assert not score_angles(*_walks(0.0, 5.0, 4, 2)).warnings


@pytest.mark.parametrize(
    ("velocity", "half", "energy", "regime"),
    [
        (49.0, 1.0, 7.0, "synchronous"),
        (20.0, 5.0, 7.0, "asynchronous"),
        (1.0, 3.0, 7.0, "random driven"),
        (1.0, 3.0, 1.0, "random thermal"),
    ],
)
def test_regimes_are_vacek_and_michls(velocity: float, half: float, energy: float, regime: str) -> None:
    low, high = 1 - (velocity + half) / 50, 1 - (velocity - half) / 50
    lag = Estimate(1 - velocity / 50, (low, high), "turn/turn")
    assert driven_regime(lag, energy, 2.4943) == regime


def _run(rotor: Assembly, drifts: dict[str, float]) -> Run:
    spec = load(ROTOR)
    parts = {}
    for seed, (name, drift) in enumerate(drifts.items()):
        angle, time_ps = _walks(drift, 5.0, 8, seed)
        parts[name] = run_of(spec, rotor, series_of(time_ps, angle))
    claim = parts.pop("claim")
    return replace(claim, controls=parts)


@pytest.mark.parametrize(
    ("undriven", "mirror", "verdict", "failing"),
    [
        (0.0, -50.0, "forward", set()),
        (30.0, -50.0, "failed", {"undriven"}),
        (0.0, 50.0, "failed", {"mirror"}),
        (0.0, -20.0, "failed", {"mirror"}),
        (0.0, 0.0, "failed", {"mirror"}),
    ],
)
def test_controls_judge_the_claim(
    rotor: Assembly, undriven: float, mirror: float, verdict: str, failing: set[str]
) -> None:
    result = score(_run(rotor, {"claim": 50.0, "undriven": undriven, "mirror": mirror}))
    assert result.verdict == verdict
    assert {name for name, control in result.controls.items() if not control.passed} == failing
    assert result.controlled
    assert not score(_run(rotor, {"claim": 50.0})).controlled


def test_too_few_replicas_or_samples_are_refused() -> None:
    angle, time_ps = _walks(0.0, 1.0, 4, 0)
    with pytest.raises(ScoreError, match="one replica"):
        score_angles(angle[:1], time_ps)
    with pytest.raises(ScoreError, match="samples"):
        score_angles(angle[:, :5], time_ps[:5])


def test_random_walk_agrees_with_the_free_rotor_of_theory() -> None:
    """The 1-D Langevin rotor's diffusion in turn^2/ns, within 4 standard errors (false alarm 6e-5)."""
    run = theory.simulate(
        theory.Rotor1D(2.96, 2.0, 2.4943),
        theory.constant_torque(0.0),
        timestep_ps=0.02,
        steps=10000,
        sample_every=5,
        replicas=400,
        rng=np.random.default_rng(8),
    )
    samples = diffusions(run.angle, run.time_ps)
    exact = theory.rotational_diffusion(2.4943, 2.0, 2.96) / TURN**2 * 1e3
    inertia = 1.0 - 1.0 / (2.0 * 25.0)  # windows of 25 ps: D (1 - 1/(g t))
    assert abs(samples.mean() - exact * inertia) < 4 * stats.sem(samples)
