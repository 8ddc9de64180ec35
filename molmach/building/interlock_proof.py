"""What a mechanically interlocked structure must show before it is handed out. Lengths in angstrom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from rdkit import Chem

from molmach.building.assembly import Floats
from molmach.building.linking import piercings
from molmach.building.placing import polar_pairs, radii, relax

MAX_BOND_DEVIATION = 0.1
"""Largest deviation of a bond from its length in the free component, angstrom."""

MIN_CONTACT = 0.8
"""Smallest distance of two atoms at least four bonds apart, as a fraction of the sum of their radii."""

MIN_HYDROGEN_BOND = 1.5
"""The same for a hydrogen on N, O or S and an acceptor, angstrom: a hydrogen bond is shorter than the
radii say (1.5 to 2.2 angstrom)."""

_SMALL_RING = 9


@dataclass(frozen=True)
class Proof:
    """Worst values of a structure.

    Attributes
    ----------
    bond
        Largest deviation of a bond from its length after its component is minimised alone, angstrom.
    contact
        Smallest distance over the sum of van der Waals radii, hydrogen bonds left out.
    hydrogen_bond
        Shortest distance of a hydrogen on N, O or S to an acceptor four or more bonds away, angstrom
        (infinite where there is none).
    speared
        Bonds that go through a small ring (an arene, say).
    """

    bond: float
    contact: float
    hydrogen_bond: float
    speared: int

    @property
    def failure(self) -> str | None:
        """The first demand that is not met, in words; None where all are."""
        if self.speared:
            return f"{self.speared} bonds go through a small ring"
        if self.bond > MAX_BOND_DEVIATION:
            return f"a bond is {self.bond:.2f} angstrom off its length"
        if self.contact < MIN_CONTACT:
            return f"two atoms are at {self.contact:.2f} of the sum of their radii"
        if self.hydrogen_bond < MIN_HYDROGEN_BOND:
            return f"a hydrogen bond is {self.hydrogen_bond:.2f} angstrom long"
        return None


def examine(molecule: Chem.Mol, force_field: str) -> Proof:
    """Worst bond, contact and hydrogen bond of a molecule's conformer, and its speared rings."""
    positions = np.asarray(molecule.GetConformer().GetPositions())
    distance = np.linalg.norm(positions[:, None] - positions[None], axis=-1)
    size = radii(molecule)
    far = np.triu(Chem.GetDistanceMatrix(molecule) > 3.5)
    polar = polar_pairs(molecule)
    contacts = (distance / (size[:, None] + size[None]))[far & ~polar]
    hydrogen_bonds = distance[far & polar]
    return Proof(
        bond=_worst_bond(molecule, distance, force_field),
        contact=float(np.min(contacts, initial=np.inf)),
        hydrogen_bond=float(np.min(hydrogen_bonds, initial=np.inf)),
        speared=speared(molecule, positions),
    )


def _worst_bond(molecule: Chem.Mol, distance: Floats, force_field: str) -> float:
    free = Chem.Mol(molecule)
    relax(free, force_field, together=False)
    positions = np.asarray(free.GetConformer().GetPositions())
    ends = np.array([[bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()] for bond in molecule.GetBonds()]).T
    lengths = np.linalg.norm(positions[ends[0]] - positions[ends[1]], axis=1)
    return float(np.max(np.abs(distance[tuple(ends)] - lengths)))


def speared(molecule: Chem.Mol, positions: Floats) -> int:
    """How many bonds go through a ring of up to nine members that they do not touch."""
    ends = np.array([[bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()] for bond in molecule.GetBonds()])
    count = 0
    for ring in molecule.GetRingInfo().AtomRings():
        if len(ring) > _SMALL_RING:
            continue
        centre = positions[list(ring)].mean(axis=0)
        near = np.linalg.norm(positions[ends].mean(axis=1) - centre, axis=1) < 4.0
        bonds = ends[near & ~np.isin(ends, ring).any(axis=1)]
        count += int(piercings(positions[list(ring)], positions[bonds]).sum())
    return count
