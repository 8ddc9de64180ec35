"""Where atoms stand in a drawing: molecules laid flat, rings round what goes through them.

Lengths are in RDKit's unit of drawings, in which a bond is 1.5 long.
"""

from __future__ import annotations

import math

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdDepictor

from molmach.building.assembly import Floats
from molmach.building.linking import MIN_MACROCYCLE

CLASH = 0.2
"""Atoms drawn nearer than this coincide."""

STRAIGHT_DEG = 170.0
"""A ring's atom at such an angle can't be seen, and its ring looks like another."""

_LINKED = (0.55, 0.6, 0.65, 0.7, 0.75, 0.8)
"""Shares of the sum of their radii that the centres of linked rings may be apart."""

_TURNS = 72
_ROOM = 0.75
"""Distance between atoms of two molecules that is room enough."""


def lay_flat(molecule: Chem.Mol) -> None:
    """Put a flat conformer into a molecule of one or several components.

    Rings after the first component are drawn round the part of it that they go round in the conformer
    that the molecule has (its middle, where it has none) or, where it is a ring itself, linked with it.
    """
    solid = np.zeros((molecule.GetNumAtoms(), 3))
    if molecule.GetNumConformers():
        solid = np.asarray(molecule.GetConformer().GetPositions())
    components = [list(atoms) for atoms in Chem.GetMolFrags(molecule)]
    parts = Chem.GetMolFrags(molecule, asMols=True)
    loops = [[atoms[i] for i in _large_ring(part)] for atoms, part in zip(components, parts, strict=True)]
    flat = np.zeros((molecule.GetNumAtoms(), 3))
    flat[components[0], :2] = _alone(parts[0])
    for number in range(1, len(components)):
        atoms, loop = components[number], loops[number] or components[number]
        drawn = _alone(parts[number])
        drawn -= drawn[[atoms.index(i) for i in loop]].mean(axis=0)
        flat[atoms, :2] = drawn
        if loops[0]:
            centres = _beside(flat[loops[0], :2], flat[loop, :2])
        else:
            centres = [_around(flat[components[0], :2], solid[components[0]], solid[loop])]
        there = flat[[i for before in components[:number] for i in before], :2]
        flat[atoms, :2] = _clearest(drawn, centres, there)
    conformer = Chem.Conformer(molecule.GetNumAtoms())
    conformer.SetPositions(flat)
    conformer.Set3D(False)
    molecule.RemoveAllConformers()
    molecule.AddConformer(conformer, assignId=True)


def _alone(part: Chem.Mol) -> Floats:
    """(n, 2) layout of one molecule, its longer side along x: RDKit's, or CoordGen's where that misleads."""
    part = Chem.Mol(part)
    rdDepictor.Compute2DCoords(part)
    if _large_ring(part) or _misleads(part):
        rdDepictor.SetPreferCoordGen(True)
        try:
            rdDepictor.Compute2DCoords(part)
        finally:
            rdDepictor.SetPreferCoordGen(False)
    flat = np.asarray(part.GetConformer().GetPositions())[:, :2]
    return np.asarray(flat - flat.mean(axis=0))


def _misleads(part: Chem.Mol) -> bool:
    """Whether atoms coincide, as those of a triptycene, or a ring's atom is drawn in a straight line."""
    flat = np.asarray(part.GetConformer().GetPositions())
    distances = np.linalg.norm(flat[:, None] - flat[None], axis=-1) + np.eye(len(flat))
    if distances.min() < CLASH:
        return True
    for ring in part.GetRingInfo().AtomRings():
        around = flat[list(ring)]
        before, after = np.roll(around, 1, axis=0) - around, np.roll(around, -1, axis=0) - around
        cosine = np.sum(before * after, axis=1)
        cosine /= np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
        if cosine.min() < math.cos(math.radians(STRAIGHT_DEG)):
            return True
    return False


def _large_ring(part: Chem.Mol) -> tuple[int, ...]:
    largest = max((tuple(ring) for ring in Chem.GetSSSR(Chem.Mol(part))), key=len, default=())
    return largest if len(largest) >= MIN_MACROCYCLE else ()


def _around(flat: Floats, solid: Floats, loop: Floats) -> Floats:
    """(2,) where on a drawn axle (n, 2) the centre of a ring is, from both in space."""
    away = np.linalg.norm(solid - loop.mean(axis=0), axis=1)
    weights = np.exp(-((away - away.min()) ** 2) / 2.0)
    return np.asarray(weights @ flat / weights.sum())


def _beside(track: Floats, loop: Floats) -> list[Floats]:
    """Where the centre of a ring (m, 2) that is linked with a drawn one (n, 2) can be."""
    middle = track.mean(axis=0)
    size = sum(np.linalg.norm(ring - ring.mean(axis=0), axis=1).mean() for ring in (track, loop))
    return [middle + np.array([share * size, 0.0]) for share in _LINKED]


def _clearest(drawn: Floats, centres: list[Floats], there: Floats) -> Floats:
    """(n, 2) a ring with its hole on one of the centres, turned to keep clear of the atoms that are there."""
    best, most = drawn, -1.0
    for centre in centres:
        for angle in 2.0 * math.pi * np.arange(_TURNS) / _TURNS:
            turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
            posed = drawn @ turn.T + centre
            apart = np.linalg.norm(posed[:, None] - there[None], axis=-1).min(axis=1)
            clear = float(apart.min()) + float(np.minimum(apart, _ROOM).mean())
            if clear > most + 1e-9:
                best, most = posed, clear
    return np.asarray(best)
