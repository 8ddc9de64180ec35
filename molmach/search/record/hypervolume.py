"""How much of the space of objectives points dominate, and how much one more of them adds.

The hypervolume of points is the volume that they dominate above a reference point (Zitzler & Thiele, IEEE
Trans. Evol. Comput. 3, 257 (1999)), the one number for a set of points that grows whenever the set gets
better. Objectives have different units, so everything here is scaled: an objective's unit is its range on the
front, and the reference point lies a tenth of that below the worst that the front has (Ishibuchi et al.,
Evol. Comput. 26, 411 (2018)), so that the ends of the front count as well. All objectives are to be large.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

from molmach.search.record.fronts import fronts

Floats = NDArray[np.float64]

_BELOW = 0.1
"""Distance of the reference point below the front's worst, in units of the front's range. Not tuned: the ends
of the front count for little where it is 0, and for more than its middle where it is 1 (Ishibuchi et al.)."""

_EXACT = 3
"""Objectives up to which volumes are exact; of more, slicing takes seconds for a hundred points."""

_DRAWS = 8192
"""Points of the estimate for more objectives: of a volume that is a tenth of its box, 3 % standard error."""


def hypervolume(points: Floats, reference: Floats) -> float:
    """Volume that points dominate above a reference, exactly, by slicing along the last objective.

        >>> hypervolume(np.array([[2.0, 1.0], [1.0, 3.0]]), np.zeros(2))
        4.0

    Parameters
    ----------
    points
        (n_points, n_objectives); what lies below the reference anywhere dominates nothing of it.
    reference
        (n_objectives,).
    """
    above = points[np.all(points > reference, axis=1)]
    if not len(above):
        return 0.0
    if above.shape[1] == 1:
        return float(above.max() - reference[0])
    if above.shape[1] == 2:
        ordered = above[np.lexsort((-above[:, 1], -above[:, 0]))]
        tops = np.maximum.accumulate(ordered[:, 1])
        steps = np.diff(tops, prepend=reference[1])
        return float(((ordered[:, 0] - reference[0]) * steps).sum())
    ordered = above[np.argsort(-above[:, -1], kind="stable")]
    ends = np.append(ordered[1:, -1], reference[-1])
    slabs = ordered[:, -1] - ends
    return math.fsum(
        float(thickness) * hypervolume(ordered[: number + 1, :-1], reference[:-1])
        for number, thickness in enumerate(slabs)
        if thickness > 0.0
    )


def gain(point: Floats, front: Floats, reference: Floats) -> float:
    """Volume that one more point adds to what a front dominates above a reference.

    Exact for three objectives or fewer: the point's own box without the part of it that the front dominates,
    which is the hypervolume of the front cut at the point. Of more, the share of fixed points in that box.

    Parameters
    ----------
    point
        (n_objectives,).
    front
        (n_points, n_objectives), none of which has to be undominated.
    reference
        (n_objectives,).
    """
    sides = point - reference
    if np.any(sides <= 0.0):
        return 0.0
    box = float(np.prod(sides))
    cut = np.minimum(front, point)
    cut = cut[np.all(cut > reference, axis=1)]
    if not len(cut):
        return box
    if np.any(np.all(cut >= point, axis=1)):
        return 0.0
    if len(point) <= _EXACT:
        return max(0.0, box - hypervolume(cut, reference))
    drawn = reference + sides * _evenly(len(point))
    open_ = np.ones(len(drawn), dtype=bool)
    for one in cut:
        open_[open_] = np.any(drawn[open_] > one, axis=1)
    return box * float(open_.mean())


@cache
def _evenly(objectives: int) -> Floats:
    return np.random.default_rng(objectives).random((_DRAWS, objectives))


def scaled(points: Floats, front: Floats) -> Floats:
    """Points in units of a front's range, above its reference point, which becomes the origin.

    Where a front has no range in an objective, that of all points is the unit; where there is none either, 1.

    Parameters
    ----------
    points
        (n_points, n_objectives).
    front
        (n_front, n_objectives), at least one.
    """
    unit = np.ptp(front, axis=0)
    spread = np.ptp(points, axis=0) if len(points) else np.zeros_like(unit)
    unit = np.where(unit > 0.0, unit, np.where(spread > 0.0, spread, 1.0))
    return np.asarray((points - (front.min(axis=0) - _BELOW * unit)) / unit)


class Archive:
    """The front of points that come one after the other.

    Attributes
    ----------
    front
        (n_front, n_objectives) those that none dominates.
    """

    def __init__(self, objectives: int) -> None:
        self.front: Floats = np.zeros((0, objectives))

    def gain(self, point: Floats) -> float:
        """Scaled hypervolume that a point adds, on the scale of the front with it; 0 if it is dominated."""
        if self.dominates(point):
            return 0.0
        after = np.vstack([self._undominated(point), point])
        rows = scaled(np.vstack([self.front, point]), after)
        return gain(rows[-1], rows[:-1], np.zeros(len(point)))

    def add(self, point: Floats) -> None:
        """Take a point in."""
        if not self.dominates(point):
            self.front = np.vstack([self._undominated(point), point])

    def dominates(self, point: Floats) -> bool:
        """Whether one of the front is no worse in any objective."""
        return bool(np.any(np.all(self.front >= point, axis=1)))

    def _undominated(self, point: Floats) -> Floats:
        return np.asarray(self.front[~np.all(self.front <= point, axis=1)])


def ranked(points: Floats, wanted: int) -> list[int]:
    """Numbers of the best of points, best first: front by front, and each front by what it adds.

    On a front that point comes first whose own hypervolume is largest, then the one that adds most to those
    before it, and so on (greedy selection, Guerreiro, Fonseca & Paquete, Evol. Comput. 24, 521 (2016)), so
    that the first few stand for the whole front and for no end of it. With one objective, the largest values
    first.

    Parameters
    ----------
    points
        (n_points, n_objectives), greater is better.
    wanted
        How many.
    """
    if not len(points):
        return []
    if points.shape[1] == 1:
        return [int(i) for i in np.argsort(-points[:, 0], kind="stable")[:wanted]]
    depth = np.array(fronts(points, wanted))
    order: list[int] = []
    for number in range(int(depth.max()) + 1):
        if len(order) >= wanted:
            break
        members = np.flatnonzero(depth == number)
        order += [int(members[i]) for i in _greedily(points[members], wanted - len(order))]
    return order


def _greedily(front: Floats, wanted: int) -> list[int]:
    """Numbers of a front's points in the order in which each adds most to those before it.

    What a point adds is counted in fixed points of the box above the reference: all of the front at once.
    """
    rows = scaled(front, front)
    drawn = rows.max(axis=0) * _evenly(front.shape[1])
    own = rows.prod(axis=1)  # of equal counts, the larger box first
    free = np.ones(len(drawn), dtype=bool)
    left = np.arange(len(rows))
    order: list[int] = []
    while len(left) and len(order) < wanted:
        counts = np.zeros(len(left), dtype=np.int64)
        for start in range(0, len(left), _AT_ONCE):
            part = rows[left[start : start + _AT_ONCE]]
            covered = np.all(drawn[free][None] <= part[:, None], axis=2)
            counts[start : start + len(part)] = covered.sum(axis=1)
        best = left[np.lexsort((-own[left], -counts))[0]]
        order.append(int(best))
        free &= np.any(drawn > rows[best], axis=1)
        left = left[left != best]
    return order


_AT_ONCE = 64
"""Points of a front that are held against the drawn ones at once: a few megabytes."""
