"""Affinity of the cycle that a ring of states makes, and the speed of the motion round it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from molmach.theory.markov import stationary_distribution

Floats = NDArray[np.float64]


def ring_affinity(rates: Floats) -> float:
    """ln of the product of forward over backward rates around the ring 0 -> 1 -> ... -> n-1 -> 0, in k_B T.

    Schnakenberg, Rev. Mod. Phys. 48, 571 (1976), equation 7.4; what the drive pays for a turn. For a
    constant torque F it is 2 pi F / k_B T, whatever the potential. Infinite where a step has no
    reverse, nan where one has neither.

    Parameters
    ----------
    rates
        (n, n) rates or transition probabilities i -> j, n > 2; only neighbours are read.

    Examples
    --------
        >>> ring_affinity(np.array([[0.0, 2.0, 1.0], [1.0, 0.0, 2.0], [2.0, 1.0, 0.0]])) / np.log(2.0)
        3.0
    """
    here = np.arange(len(rates))
    there = np.roll(here, -1)
    forward, backward = rates[here, there], rates[there, here]
    if np.any((forward <= 0.0) & (backward <= 0.0)) or (np.any(forward <= 0.0) and np.any(backward <= 0.0)):
        return math.nan
    with np.errstate(divide="ignore"):
        return float(np.sum(np.log(forward)) - np.sum(np.log(backward)))


def ring_hops(n: int) -> NDArray[np.int64]:
    """(n, n) signed steps from state i to state j of a ring, the short way; n/2 counts as forward."""
    difference = (np.arange(n)[None, :] - np.arange(n)[:, None]) % n
    return np.where(difference > n // 2, difference - n, difference)


def ring_velocity(transitions: Floats) -> float:
    """Turns round a ring in one lag, in the stationary state of (n, n) transition probabilities.

    The mean of the signed steps, sum_ij pi_i T_ij h_ij / n; exact where no step is longer than half a turn.
    """
    n = len(transitions)
    flow = stationary_distribution(transitions)[:, None] * transitions
    return float(np.sum(flow * ring_hops(n)) / n)


def ring_currents(transitions: Floats) -> Floats:
    """(n,) net turns in one lag through the boundary between state i and i+1, in the stationary state.

    A step over several states passes all boundaries between. In the stationary state all are equal.

    Parameters
    ----------
    transitions
        (n, n) transition probabilities.
    """
    n = len(transitions)
    flow = stationary_distribution(transitions)[:, None] * transitions
    passed = np.zeros(n)
    for start, steps in enumerate(ring_hops(n)):
        for end, hop in enumerate(steps):
            over = (start + np.arange(hop)) % n if hop > 0 else (start - 1 - np.arange(-hop)) % n
            passed[over] += np.sign(hop) * flow[start, end]
    return passed
