"""Rates of rare passages between two states, from the share of equilibrium that is on such a passage."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FIRST, UNDECIDED, SECOND = -1, 0, 1
"""Where a trajectory came to: the first of two states, neither yet, the second."""


def passages(
    weights: Floats,
    forward: NDArray[np.int64],
    backward: NDArray[np.int64],
    along: Floats,
    interval: float,
) -> float:
    """Passages from the first of two states to the second, and as many back, per time of the whole system.

    A passage is what lies between leaving one state for the last time and reaching the other. Let every
    place x between the states count with some g(x), whichever it is. A passage that is seen at places x_1,
    x_2, ... gives g(x_1) / G + g(x_2) / G + ... = 1 where G is the sum of g along it. So the mean over
    equilibrium of g(x) / G where x is on a passage, and of zero where it is on none, is the number of
    passages, either way, in an interval between looks: exactly, but for passages on which no look falls where
    g is above zero. Motion at equilibrium looks the same backward in time: what led to x is a path that
    starts there with its velocity reversed. (Hummer, J. Chem. Phys. 120, 516 (2004), with a weight on every
    place.)

    Parameters
    ----------
    weights
        (n,) what each sampled place x stands for: its probability times g(x), where the whole system has
        probability 1.
    forward, backward
        (n,) where the path from x comes to, and that with the velocity reversed: :data:`FIRST`,
        :data:`SECOND` or :data:`UNDECIDED`.
    along
        (n,) sum of g over all looks at the two paths between the states, x itself counted once.
    interval
        Time between looks.

    Returns
    -------
    passages
        Per unit of time of ``interval``.
    """
    joins = (forward * backward) == FIRST * SECOND
    return 0.5 * float(np.sum(weights[joins] / along[joins])) / interval
