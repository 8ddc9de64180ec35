"""Turns between samples: no direction where the way round that steps were counted may be wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from molmach import score
from molmach.building import build
from molmach.data import Motion
from molmach.data.observed import Observed
from molmach.scoring.sampled import hidden_turns
from molmach.spec import load
from tests.helpers.runs import run_of, series_of

REPLICAS, SAMPLES = 16, 201


def _seen(turns_a_sample: float, spread: float) -> np.ndarray:
    """Angles of rotors that make so many turns between samples, as samples show them: the short way round."""
    rng = np.random.default_rng(1)
    steps = rng.normal(turns_a_sample, spread, (REPLICAS, SAMPLES)) * 2.0 * np.pi
    return np.asarray(np.unwrap(np.cumsum(steps, axis=1), axis=1), dtype=np.float64)


def test_a_rotor_that_makes_two_thirds_of_a_turn_between_samples_is_not_said_to_turn_backward() -> None:
    seen = score(Motion(np.arange(SAMPLES, dtype=np.float64) * 0.5, _seen(2.0 / 3.0, 0.02)))
    assert seen.velocity.value < 0.0, "what the samples show is the wrong way"
    assert seen.verdict == "unresolved"
    assert "may have been the other way" in seen.reason
    assert seen.advice.startswith("Samples 0.")
    closer = score(Motion(np.arange(SAMPLES, dtype=np.float64) * 0.125, _seen(1.0 / 6.0, 0.02)))
    assert closer.verdict == "forward"


def test_a_few_long_steps_do_not_take_a_direction_away() -> None:
    steps = np.full((REPLICAS, SAMPLES), 0.05)
    steps[:, ::80] = 0.3
    angle = np.cumsum(steps, axis=1) * 2.0 * np.pi
    assert score(Motion(np.arange(SAMPLES, dtype=np.float64) * 0.1, angle)).verdict == "forward"


@pytest.mark.parametrize(("sampling_ps", "hidden"), [(0.05, False), (0.5, True)])
def test_heat_that_could_be_turns_between_samples_takes_a_direction_away(
    sampling_ps: float, hidden: bool
) -> None:
    """A rotor seen to go back by 0.1 of a turn a sample, in a machine at 3000 K: with 0.9 of a turn forward
    between samples of 0.5 ps it has an energy of I w^2 / 2 = 189 kJ/mol, and 16 atoms have 539 above 300 K;
    between samples of 0.05 ps it would have 100 times as much."""
    spec = load("difluorophenylene-rotor", [f"protocol.sampling={sampling_ps} ps"])
    machine = build(spec)
    series = series_of(np.arange(SAMPLES, dtype=np.float64) * sampling_ps, _seen(-0.1, 0.01))
    hot = run_of(spec, machine, replace(series, temperature=np.full(REPLICAS, 3000.0)))
    assert (hidden_turns(Observed.of(hot)) >= 1.0) == hidden
    assert score(hot).verdict == ("unresolved" if hidden else "backward")
    energy = 0.5 * machine.moment_of_inertia() * (1.5 * np.pi / sampling_ps) ** 2
    heat = 1.5 * machine.molecule.GetNumAtoms() * 0.0083144626 * 2700.0
    assert hidden_turns(Observed.of(hot)) == pytest.approx(np.sqrt(heat / energy), rel=1e-6)
    assert hidden_turns(Observed.of(run_of(spec, machine, series))) == 0.0
