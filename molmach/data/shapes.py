"""In which shapes of the molecule a condition's replicas started, and between which they changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

MIXED = 0.5
"""Two shapes are one where, on the mean of the two, this share of the replicas begun in each was in both."""

_PREFIX = "shape_"


@dataclass(frozen=True, eq=False)
class StartingShapes:
    """Shapes and replicas of a condition. Where all started in the one shape that there is, nothing is said.

    A control numbers shapes as the claim does; the mirror image of a shape has its number.

    Attributes
    ----------
    energy
        (n_shapes,) of the force field that machines are built with, kJ/mol above the lowest.
    weight
        (n_shapes,) share of the molecules by that energy; 0 where no replica started.
    start
        (n_replicas,) number of the shape in which each replica started; (0,) where there is one shape.
    visited
        (n_replicas, n_frames) number of the nearest shape in each stored frame; (0, 0) likewise.
    """

    energy: Floats = field(default_factory=lambda: np.zeros(1))
    weight: Floats = field(default_factory=lambda: np.ones(1))
    start: Integers = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    visited: Integers = field(default_factory=lambda: np.zeros((0, 0), dtype=np.int64))

    @property
    def several(self) -> bool:
        """Whether there is more than one shape."""
        return self.energy.size > 1

    def begun_in(self, replicas: int) -> Integers:
        """(n_replicas,) number of the shape in which each replica started."""
        return self.start if self.several else np.zeros(replicas, dtype=np.int64)

    def seen(self) -> NDArray[np.bool_]:
        """(n_replicas, n_shapes) whether a replica began in a shape, or two frames on end show it there."""
        begun = self.start[:, None] == np.arange(self.energy.size)
        pairs = self.visited[:, 1:, None] == self.visited[:, :-1, None]
        there = self.visited[:, 1:, None] == np.arange(self.energy.size)
        return np.asarray(begun | (pairs & there).any(axis=1))

    @classmethod
    def joined(cls, parts: Sequence[StartingShapes]) -> StartingShapes:
        """Of the replicas of several, in that order; all have the same shapes."""
        start = np.concatenate([part.start for part in parts])
        return replace(parts[0], start=start, visited=np.concatenate([part.visited for part in parts]))

    def arrays(self) -> dict[str, Any]:
        """By the names that they have in files; none where there is one shape."""
        if not self.several:
            return {}
        return {_PREFIX + part.name: getattr(self, part.name) for part in fields(self)}

    @classmethod
    def of_arrays(cls, stored: Mapping[str, Any]) -> StartingShapes:
        """Of what :meth:`arrays` gave, among other things."""
        names = [part.name for part in fields(cls)]
        return cls(**{name: stored[_PREFIX + name] for name in names if _PREFIX + name in stored})


def merged(*conditions: StartingShapes) -> Integers:
    """(n_shapes,) the lowest number of the shapes that are one with each, for they change within the run.

    Parameters
    ----------
    conditions
        A claim and its controls, which change shape as it does.
    """
    n = max(shapes.energy.size for shapes in conditions)
    begun, both = np.zeros(n), np.zeros((n, n))
    for shapes in conditions:
        if shapes.several:
            seen = np.pad(shapes.seen(), ((0, 0), (0, n - shapes.energy.size))).astype(np.float64)
            of = np.eye(n)[shapes.start]
            begun += of.sum(axis=0)
            both += of.T @ seen
    share = np.divide(both, begun[:, None], out=np.zeros_like(both), where=begun[:, None] > 0)
    one = 0.5 * (share + share.T) >= MIXED
    label = np.arange(n)
    for i, j in np.argwhere(one & (begun > 0) & (begun > 0)[:, None]).tolist():
        label[label == max(label[i], label[j])] = min(label[i], label[j])
    return label
