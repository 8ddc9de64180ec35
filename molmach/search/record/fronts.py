"""Pareto fronts of points whose coordinates are all to be large."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def fronts(points: Floats, wanted: int) -> list[int]:
    """On which front each point lies: 0 the Pareto front, 1 the front without that, and so on.

    Non-dominated sorting (Deb et al., IEEE Trans. Evol. Comput. 6, 182 (2002)). With one objective all are
    on front 0, so that the order is left to the caller.

    Parameters
    ----------
    points
        (n_points, n_objectives), greater is better.
    wanted
        Fronts are told apart until so many points are on them; the rest share the number after.
    """
    if points.size == 0 or points.shape[1] == 1:
        return [0] * len(points)
    number = np.zeros(len(points), dtype=np.int64)
    left = np.argsort(-points.sum(axis=1), kind="stable")  # nothing is dominated by what comes after it
    front = 0
    while left.size and len(points) - left.size < wanted:
        behind, ahead = [], left
        while ahead.size:
            first, rest = ahead[0], ahead[1:]
            number[first] = front
            gap = points[first] - points[rest]
            worse = np.all(gap >= 0.0, axis=1) & np.any(gap > 0.0, axis=1)
            behind.append(rest[worse])
            ahead = rest[~worse]
        left = np.concatenate(behind)
        left = left[np.argsort(-points[left].sum(axis=1), kind="stable")]
        front += 1
    number[left] = front
    return [int(n) for n in number]
