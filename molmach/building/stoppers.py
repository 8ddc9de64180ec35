"""Whether a ring can slip off its axle: a geometric estimate, no barrier.

A hole and a stopper are compared by their girths. A ring bends but does not stretch, so what goes
through it is limited by the length of its inner rim rather than by the radius of any one shape: a flat
phenyl group goes through a ring that is narrower than the phenyl group is wide. Temperature, solvent
and the softness of real atoms are not in it; within :data:`UNCERTAINTY` nothing is claimed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rdkit import Chem, rdBase

from molmach.building.assembly import Floats
from molmach.building.linking import macrocycle, thread_path
from molmach.building.placing import radii
from molmach.building.shapes import open_ring, stretched_axle
from molmach.errors import BuildError

UNCERTAINTY = 0.1
"""Relative difference of the girths below which the estimate does not decide."""

_VIEWS = 300
_ANGLES = 2 * math.pi * np.arange(90) / 90
_OUTLINE = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)])


@dataclass(frozen=True)
class Passage:
    """One end of an axle against a ring.

    Attributes
    ----------
    end
        The axle's last heavy atom on this side (index).
    hole
        Length of the ring's inner rim, opened wide, angstrom.
    girth
        Girth of the bulkiest piece between the station and this end, seen from its slimmest side,
        angstrom.
    """

    end: int
    hole: float
    girth: float

    @property
    def verdict(self) -> str:
        """``blocked``, ``passes``, or ``uncertain`` within :data:`UNCERTAINTY`."""
        ratio = self.girth / self.hole
        if abs(ratio - 1) < UNCERTAINTY:
            return "uncertain"
        return "blocked" if ratio > 1 else "passes"


def stopper_report(axle: Chem.Mol, ring: Chem.Mol, at: Sequence[int], seed: int) -> tuple[Passage, Passage]:
    """Estimate whether a ring can slip off either end of an axle.

    The axle is cut at the rotatable bonds of its thread; side branches stay on their piece, and each
    piece keeps the atoms it was cut from. The ring slips if every piece from the station outwards fits.

    Parameters
    ----------
    axle, ring
        Molecules with explicit hydrogens.
    at
        The axle's atoms (indices) of the ring's station.
    seed
        Seed of the conformers; below 2**31.

    Returns
    -------
    The passages at the two ends of :func:`molmach.building.linking.thread_path`.

    Raises
    ------
    BuildError
        No macrocycle, no thread, no conformer, or a station that is not on the axle.
    """
    if not at or not all(0 <= i < axle.GetNumAtoms() for i in at):
        raise BuildError(
            f"rings.at: got atoms {list(at)}; expected atoms of the axle (0 to {axle.GetNumAtoms() - 1})"
        )
    path = thread_path(axle)
    with rdBase.BlockLogs():
        hole = hole_girth(ring, seed)
        positions, size = stretched_axle(axle, path, seed)[0], radii(axle)
    distance = np.asarray(Chem.GetDistanceMatrix(axle))
    station = int(np.argmin(distance[np.ix_(path, list(at))].mean(axis=1)))
    girths = {k: _slimmest(positions[atoms], size[atoms]) for k, atoms in _pieces(axle, path)}
    before = [girth for k, girth in girths.items() if k <= station]
    after = [girth for k, girth in girths.items() if k > station] or [list(girths.values())[-1]]
    return Passage(path[0], hole, max(before)), Passage(path[-1], hole, max(after))


def hole_girth(ring: Chem.Mol, seed: int) -> float:
    """Length of a macrocycle's inner rim, angstrom: its middle line's convex girth less the atoms' half.

    Drawing a convex curve in by r takes 2 pi r off its length; r is the loop's mean van der Waals radius.
    """
    loop = list(macrocycle(ring))
    around = open_ring(ring, tuple(loop), seed)[:, loop, :2]
    middle = 0.5 * (around + np.roll(around, -1, axis=1))
    return float(np.max(_girth(middle, np.zeros(len(loop))))) - 2 * math.pi * float(radii(ring)[loop].mean())


def _girth(points: Floats, size: Floats) -> Floats:
    """Perimeter of the convex hull of discs (..., n, 2) with radii (n,).

    Cauchy's formula: the integral over all directions of the support function max_i(x_i . u + r_i).
    """
    support = np.max(points @ _OUTLINE + size[:, None], axis=-2)
    return np.asarray(support.mean(axis=-1) * 2 * math.pi)


def _slimmest(positions: Floats, size: Floats) -> float:
    """Least girth of a group of atoms over all directions of view."""
    k = np.arange(_VIEWS) + 0.5
    z, turn = k / _VIEWS, k * math.pi * (3 - math.sqrt(5))
    view = np.stack([np.sqrt(1 - z * z) * np.cos(turn), np.sqrt(1 - z * z) * np.sin(turn), z], axis=-1)
    helper = np.where(np.abs(view[:, :1]) < 0.6, [[1.0, 0.0, 0.0]], [[0.0, 1.0, 0.0]])
    x = np.cross(helper, view)
    x /= np.linalg.norm(x, axis=-1, keepdims=True)
    seen = np.stack([positions @ x.T, positions @ np.cross(view, x).T], axis=-1)
    return float(_girth(np.moveaxis(seen, 1, 0), size).min())


def _pieces(axle: Chem.Mol, path: tuple[int, ...]) -> list[tuple[int, list[int]]]:
    """The thread's pieces between rotatable bonds: place of the first atom on the thread, and atoms."""
    cuts = []
    for k in range(len(path) - 1):
        bond = axle.GetBondBetweenAtoms(path[k], path[k + 1])
        ends = (axle.GetAtomWithIdx(i) for i in path[k : k + 2])
        terminal = any(sum(n.GetAtomicNum() > 1 for n in end.GetNeighbors()) < 2 for end in ends)
        if bond.GetBondType() == Chem.BondType.SINGLE and not bond.IsInRing() and not terminal:
            cuts.append(bond.GetIdx())
    cut = Chem.FragmentOnBonds(axle, cuts, addDummies=False) if cuts else axle
    place = {atom: k for k, atom in enumerate(path)}
    pieces = []
    for atoms in Chem.GetMolFrags(cut):
        first = min((place[i] for i in atoms if i in place), default=None)
        if first is None:
            continue
        neighbours = {
            path[k] for i in atoms if i in place for k in (place[i] - 1, place[i] + 1) if 0 <= k < len(path)
        }
        pieces.append((first, sorted(neighbours | set(atoms))))
    return sorted(pieces)
