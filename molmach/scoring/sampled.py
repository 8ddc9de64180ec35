"""Whether samples stand close enough for turns to be counted: which way round a step went is not stored."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from molmach.building import MAX_SAFE_JUMP
from molmach.data.cycles import Cycles
from molmach.data.observed import Observed
from molmach.data.statistics import mean_estimate, sign_flip_p
from molmach.scoring.current import CURRENT_LEVEL, Current
from molmach.units import TURN, thermal_energy

Ints = NDArray[np.int64]

LONG_STEP = MAX_SAFE_JUMP / TURN
"""Of a period: what changes by more between two samples may have gone the other way round."""


def long_steps(observed: Observed) -> Ints:
    """(2, n_replicas) steps between samples longer than :data:`LONG_STEP`, forward and backward."""
    period = observed.scale.period
    assert period is not None, "asked where the coordinate has a period"
    steps = np.diff(observed.motion.coordinate, axis=1) / period
    return np.stack([np.sum(way * steps > LONG_STEP, axis=1) for way in (1, -1)])


def stands_without(current: Current, cycles: Cycles, steps: Ints) -> bool:
    """Whether cycles still exceed chance if every long step that way was in truth one the other way round.

    Parameters
    ----------
    current, cycles
        The tests, and what they were made on.
    steps
        (2, n_replicas) of the same replicas, :func:`long_steps`.
    """
    doubtful = steps[0 if current.direction > 0 else 1]
    left = current.direction * cycles.net.astype(np.float64) - doubtful
    return 2.0 * sign_flip_p(left) <= current.share * CURRENT_LEVEL


def hidden_turns(observed: Observed) -> float:
    """How many times as close samples must stand for the machine's heat to exclude turns that they miss.

    A rotor that steadily goes on by more than 3/4 of a turn between samples seems to go back by less than
    :data:`LONG_STEP`. It has the kinetic energy of that speed, I w^2 / 2, above what its bath gives; the
    machine's mean kinetic temperature says how much there is at most (95 %).

    Parameters
    ----------
    observed
        A run; of a motion alone no temperature is known.

    Returns
    -------
    float
        Below 1 where such turns are excluded.
    """
    run = observed.run
    if run is None or observed.scale.own_unit != "rad":
        return 0.0
    interval = float(observed.motion.time_ps[1] - observed.motion.time_ps[0])
    speed = (TURN - MAX_SAFE_JUMP) / interval
    excess_K = mean_estimate(run.series.temperature).ci95[1] - run.spec.protocol.temperature
    energy = 0.5 * 3.0 * run.assembly.molecule.GetNumAtoms() * thermal_energy(max(excess_K, 0.0))
    return math.sqrt(2.0 * energy / run.assembly.moment_of_inertia()) / speed
