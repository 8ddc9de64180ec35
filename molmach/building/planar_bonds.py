"""Amides, esters and their like, and the form of them that is stable.

A bond between a carbonyl's carbon and N, O or S hardly turns (the barrier is about 80 kJ/mol in an amide),
so a molecule keeps in every simulation the form that it was built in. In R-C(=O)-X-R' the stable form has R
and R' on opposite sides: a secondary amide is trans, an ester Z. Left alone is what has no one form:
tertiary amides, imides, anhydrides, N bonded to other than one carbon, one carbonyl and a hydrogen, and what
lies in a ring of at most :data:`SMALL_RING` members.
"""

from __future__ import annotations

from collections.abc import Sequence

from rdkit import Chem
from rdkit.Chem import rdForceFieldHelpers, rdMolTransforms
from rdkit.ForceField import rdForceField

SMALL_RING = 9
"""Members of the largest ring that decides the form itself: lactams of up to 8 are cis, of 9 either."""

_WIDEST_TWIST_DEG = 30.0
"""How far from 180 degrees a shape to start from may be; farther ones are turned back first."""

_HELD_DEG, _STIFFNESS = 20.0, 1.0
"""Where the force on a held torsion begins, and its constant, kcal/mol/deg^2 (RDKit's unit)."""

_CARBONYL = Chem.MolFromSmarts("[*]-[CX3](=[O,S])-[$([NX3;H1]),$([OX2;H0]),$([SX2;H0])]-[#6;!$([CX3]=[O,S])]")

Torsion = tuple[int, int, int, int]


def stable_torsions(molecule: Chem.Mol) -> list[Torsion]:
    """Torsions R-C-X-R' that are 180 degrees in the stable form, as atom indices.

    Parameters
    ----------
    molecule
        Hydrogens explicit. X is N with one hydrogen, O or S in amides, esters, carbamates, ureas,
        carbonates and those with sulfur for oxygen; R' is carbon, and R is H in formamides and formates.
    """
    rings = molecule.GetRingInfo()
    return [
        (r, carbon, x, other)
        for r, carbon, _, x, other in molecule.GetSubstructMatches(_CARBONYL, uniquify=False)
        if not 0 < _smallest_ring(rings, molecule.GetBondBetweenAtoms(carbon, x)) <= SMALL_RING
    ]


def _smallest_ring(rings: Chem.RingInfo, bond: Chem.Bond) -> int:
    """Members of the smallest ring that a bond is in; 0 for none."""
    return int(rings.MinBondRingSize(bond.GetIdx()))


def turned(molecule: Chem.Mol, torsions: Sequence[Torsion], conformer: int = -1) -> int:
    """How many torsions are nearer to 0 than to 180 degrees: amides that are cis, esters that are E."""
    place = molecule.GetConformer(conformer)
    return sum(abs(rdMolTransforms.GetDihedralDeg(place, *torsion)) < 90.0 for torsion in torsions)


def twisted(molecule: Chem.Mol, torsions: Sequence[Torsion], conformer: int = -1) -> bool:
    """Whether some torsion is too far from 180 degrees to come back there by itself."""
    place = molecule.GetConformer(conformer)
    least = 180.0 - _WIDEST_TWIST_DEG
    return any(abs(rdMolTransforms.GetDihedralDeg(place, *torsion)) < least for torsion in torsions)


def hold(field: rdForceField.ForceField, torsions: Sequence[Torsion]) -> None:
    """Add forces to an MMFF field that turn torsions to 180 degrees and keep them there."""
    for torsion in torsions:
        field.MMFFAddTorsionConstraint(*torsion, False, 180.0 - _HELD_DEG, 180.0 + _HELD_DEG, _STIFFNESS)


def turn_back(molecule: Chem.Mol, torsions: Sequence[Torsion], steps: int = 500) -> None:
    """Minimise every conformer that has a twisted torsion with its torsions held, in place.

    Distance geometry that is asked for an outline twists amides to about 95 degrees to get it, and left
    alone a quarter to a half of the rings relax from there with an amide that is cis.
    """
    properties = rdForceFieldHelpers.MMFFGetMoleculeProperties(molecule)
    for conformer in molecule.GetConformers():
        number = conformer.GetId()
        if twisted(molecule, torsions, number):
            field = rdForceFieldHelpers.MMFFGetMoleculeForceField(molecule, properties, confId=number)
            field.Initialize()
            hold(field, torsions)
            field.Minimize(maxIts=steps)
