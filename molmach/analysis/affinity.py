"""The affinity of a ring's cycle from counted transitions."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from molmach.theory.affinity import ring_hops

Floats = NDArray[np.float64]

_MOST_STEPS = 60


def counted_affinity(counts: NDArray[np.int64]) -> float:
    """ln of forward over backward probabilities around a ring, in k_B T, from transitions of all lengths.

    Motion along one coordinate obeys T_ij / T_ji = exp(a_i + ... + a_j-1) at every lag, where a_k is the
    affinity of the boundary between cells k and k+1, for on the unwrapped line it is in detailed
    balance with the tilted potential. So each pair of cells tells of all boundaries between, and of
    the transitions seen between two cells a share expit(a_i + ... + ln N_i / N_j) went forward. The a_k are
    the maximum of that likelihood (a logistic regression), the affinity is their sum; its error is far
    below that of neighbouring cells alone. Hops of over a quarter turn, whose way round may be in doubt,
    are not used.

    Parameters
    ----------
    counts
        (n, n) transitions i -> j seen, n > 2.

    Returns
    -------
    float
        Infinite where a boundary was never passed backward (or forward, with the sign), nan where
        it was not passed at all.
    """
    n = len(counts)
    start, end = np.nonzero((ring_hops(n) >= 1) & (ring_hops(n) <= max(1, n // 4)))
    forward, backward = counts[start, end].astype(np.float64), counts[end, start].astype(np.float64)
    seen = forward + backward > 0.0
    start, end, forward, backward = start[seen], end[seen], forward[seen], backward[seen]
    steps = (end - start) % n
    passed = (np.arange(n)[None, :] - start[:, None]) % n < steps[:, None]
    ahead, back = forward @ passed, backward @ passed
    if np.any(ahead + back == 0.0) or (np.any(ahead == 0.0) and np.any(back == 0.0)):
        return math.nan
    if np.any(back == 0.0) or np.any(ahead == 0.0):
        return math.inf if np.any(back == 0.0) else -math.inf
    visits = counts.sum(axis=1).astype(np.float64)
    return _fitted(passed.astype(np.float64), forward, backward, np.log(visits[start] / visits[end]))


def _fitted(passed: Floats, forward: Floats, backward: Floats, offset: Floats) -> float:
    """Sum of the coefficients of the logistic regression, by Newton's method with halved steps."""

    def negative(a: Floats) -> float:
        z = passed @ a + offset
        return float(forward @ np.logaddexp(0.0, -z) + backward @ np.logaddexp(0.0, z))

    total = forward + backward
    a = np.zeros(passed.shape[1])
    value = negative(a)
    for _ in range(_MOST_STEPS):
        share = expit(passed @ a + offset)
        slope = passed.T @ (forward - total * share)
        curvature = (passed * (total * share * (1.0 - share))[:, None]).T @ passed
        step = np.linalg.lstsq(curvature, slope, rcond=None)[0]
        while negative(a + step) > value + 1e-9 * abs(value) and np.abs(step).max() > 1e-12:
            step = 0.5 * step
        a = a + step
        value = negative(a)
        if np.abs(step).max() < 1e-8:
            return float(a.sum())
    return math.nan
