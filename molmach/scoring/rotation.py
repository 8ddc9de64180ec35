"""Velocity and diffusion of a coordinate, and turns of an unwrapped angle."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from molmach.scoring.statistics import CONFIDENCE, Estimate, jackknife_estimate
from molmach.units import TURN

Floats = NDArray[np.float64]

_WINDOWS = 8
"""Each replica is cut into this many windows for its diffusion."""


def velocities(coordinate: Floats, time_ps: Floats, unit_size: float = TURN) -> Floats:
    """(n_replicas,) net motion per ns of (n_replicas, n_samples) coordinates, in units of ``unit_size``.

    By default turns per ns of unwrapped angles in rad.
    """
    duration_ns = (time_ps[-1] - time_ps[0]) * 1e-3
    return np.asarray((coordinate[:, -1] - coordinate[:, 0]) / unit_size / duration_ns)


def completed_turns(angle: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Completed turns forward and backward, each (n_replicas,).

    A turn is completed when the angle is a whole turn away from where the last one was completed;
    so a rotor that rattles about one place completes none, however often it crosses it.
    """
    counts = np.zeros((2, angle.shape[0]), dtype=np.int64)
    for replica, series in enumerate(angle):
        base = series[0]
        turns = (series - base) / TURN
        sample = 0
        while True:
            beyond = np.flatnonzero(np.abs(turns[sample:]) >= 1.0)
            if beyond.size == 0:
                break
            sample += int(beyond[0])
            whole = int(turns[sample])
            counts[0 if whole > 0 else 1, replica] += abs(whole)
            turns = turns - whole
    return counts[0], counts[1]


def directionality_estimate(forward: NDArray[np.int64], backward: NDArray[np.int64]) -> Estimate:
    """(forward - backward) / (forward + backward) completed turns or steps, pooled over replicas.

    The interval is the wider, on each side, of the jackknife over replicas and the exact binomial
    interval of the pooled turns (Clopper & Pearson, Biometrika 26, 404 (1934)); the second keeps a
    run of few turns, all one way, from claiming certainty. Undefined without a completed turn.

    Parameters
    ----------
    forward, backward
        (n_replicas,) completed turns or steps.
    """

    def pooled(chosen: NDArray[np.intp]) -> float:
        ahead, back = forward[chosen].sum(), backward[chosen].sum()
        return float((ahead - back) / (ahead + back)) if ahead + back else math.nan

    estimate = jackknife_estimate(pooled, forward.size, "1", (-1.0, 1.0))
    ahead, turns = int(forward.sum()), int(forward.sum() + backward.sum())
    if turns == 0:
        return estimate
    exact = stats.binomtest(ahead, turns).proportion_ci(CONFIDENCE, method="exact")
    low, high = 2.0 * float(exact.low) - 1.0, 2.0 * float(exact.high) - 1.0
    if math.isfinite(estimate.ci95[0]):
        low, high = min(low, estimate.ci95[0]), max(high, estimate.ci95[1])
    return Estimate(estimate.value, (low, high), "1")


def window_steps(coordinate: Floats) -> Floats:
    """(n_replicas, 8) motion within each of eight windows of (n_replicas, n_samples) coordinates."""
    length = (coordinate.shape[1] - 1) // _WINDOWS
    return np.diff(coordinate[:, : length * _WINDOWS + 1 : length], axis=1)


def diffusions(coordinate: Floats, time_ps: Floats, unit_size: float = TURN) -> Floats:
    """(n_replicas,) effective diffusion: half the growth rate of the variance; by default turn^2/ns.

    Each replica is cut into windows; the variance of the motion within a window, about the
    mean over all replicas, divided by twice the window's length. Windows are long (an eighth of
    the measured part), so that what inertia and libration add is past.
    """
    steps = window_steps(coordinate) / unit_size
    window_ns = (time_ps[(time_ps.size - 1) // _WINDOWS] - time_ps[0]) * 1e-3
    unbiased = steps.size / (steps.size - 1)
    return np.asarray(unbiased * np.mean((steps - steps.mean()) ** 2, axis=1) / (2.0 * window_ns))
