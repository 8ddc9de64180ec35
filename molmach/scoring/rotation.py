"""Velocity, diffusion and completed turns of each replica: what quantities of motion are made of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from molmach.data.statistics import Floats
from molmach.units import TURN

_WINDOWS = 8
"""Each replica is cut into this many windows for its diffusion."""


def velocities(coordinate: Floats, time_ps: Floats, unit_size: float = TURN) -> Floats:
    """(n_replicas,) net motion per ns of (n_replicas, n_samples) coordinates, in units of ``unit_size``.

    By default turns per ns of unwrapped angles in rad.
    """
    duration_ns = (time_ps[-1] - time_ps[0]) * 1e-3
    return np.asarray((coordinate[:, -1] - coordinate[:, 0]) / unit_size / duration_ns)


def completed_turns(coordinate: Floats, period: float = TURN) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Completed turns, or other periods, forward and backward, each (n_replicas,).

    A turn is completed when the angle is a whole turn away from where the last one was completed;
    so a rotor that rattles about one place completes none, however often it crosses it.
    """
    counts = np.zeros((2, coordinate.shape[0]), dtype=np.int64)
    for replica, series in enumerate(coordinate):
        base = series[0]
        turns = (series - base) / period
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
