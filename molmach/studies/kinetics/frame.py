"""The stiff frame of a molecule: distances over one and two bonds, and moves that bend with it.

A straight line through Cartesian space is a poor road for a group that turns: halfway through a third of a
turn a CF3 group's bonds are shorter by 40 %. Here lines are bent until these distances are what they should
be, which is what internal coordinates are for (Pulay & Fogarasi, J. Chem. Phys. 96, 2856 (1992)).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from molmach.studies.kinetics.level import Floats

_ROUNDS = 6
_CLOSE = 1e-6
"""Largest error of a distance, nm, that is left."""

_DAMPING = 1e-3
"""Rings make the distances depend on one another; this keeps what depends from counting twice."""


@dataclass(frozen=True, eq=False)
class Frame:
    """Pairs of atoms (n_pairs, 2) over one or two bonds."""

    pairs: NDArray[np.int64]

    def lengths(self, positions: Floats) -> Floats:
        """(n_pairs,) distances, nm."""
        first, second = self.pairs.T
        return np.asarray(np.linalg.norm(positions[first] - positions[second], axis=1))

    def stretched(self, positions: Floats, lengths: Floats) -> Floats:
        """The structure of these distances, nm, closest to ``positions``, nearly (damped Gauss-Newton)."""
        x = positions.copy()
        for _ in range(_ROUNDS):
            missing = lengths - self.lengths(x)
            if np.abs(missing).max() < _CLOSE:
                break
            slopes = self._slopes(x)
            weights = np.linalg.solve(slopes @ slopes.T + _DAMPING * np.eye(len(missing)), missing)
            x += (slopes.T @ weights).reshape(x.shape)
        return x

    def moved(self, positions: Floats, step: Floats) -> Floats:
        """``positions`` after a step along which every distance changes as at the step's start."""
        change = self._slopes(positions) @ step.ravel()
        return self.stretched(positions + step.reshape(positions.shape), self.lengths(positions) + change)

    def between(self, start: Floats, end: Floats, share: float) -> Floats:
        """The structure a share of the way from ``start`` to ``end``, with the distances in between."""
        straight = (1.0 - share) * start + share * end
        return self.stretched(straight, (1.0 - share) * self.lengths(start) + share * self.lengths(end))

    def _slopes(self, positions: Floats) -> Floats:
        """(n_pairs, 3n) derivatives of the distances."""
        first, second = self.pairs.T
        along = positions[first] - positions[second]
        along /= np.linalg.norm(along, axis=1, keepdims=True)
        rows = np.arange(len(self.pairs))
        slopes = np.zeros((len(self.pairs), len(positions), 3))
        slopes[rows, first] = along
        slopes[rows, second] = -along
        return slopes.reshape(len(self.pairs), -1)


def frame_of(molecule: Chem.Mol) -> Frame:
    """The frame of a molecule with explicit hydrogens."""
    hops = Chem.GetDistanceMatrix(molecule)
    return Frame(np.argwhere(np.triu((hops == 1.0) | (hops == 2.0))))
