"""Whether the coordinates of a file's record are a structure in three dimensions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem, rdBase
from rdkit.Chem import rdForceFieldHelpers

from molmach.spec.atoms import atom_name

Floats = NDArray[np.float64]

_FLAT = 1e-3
"""Largest z of a drawing, and distance of any atom from the plane of a flat structure, angstrom."""

_SAME_PLACE = 0.2
"""Atoms nearer than this stand at one place, angstrom; the shortest bond of all, H2's, has 0.74."""

_ONE_BOND = (0.7, 1.35)
"""A bond's length lies between these, over the one that MMFF94 has it rest at. In Halgren's 761 structures it
is 0.90 to 1.15; crystals have hydrogens at 0.87."""

_MEDIAN = (0.82, 1.1)
"""The same for the median of two or more bonds of a sort, which a drawing or another unit moves together."""

_BY_RADII = (0.6, 1.45)
"""For a bond that MMFF94 has no length for, over the sum of its covalent radii."""

_APART = 0.8
"""Atoms without a bond are no nearer than this, over that sum; in Halgren's structures 0.92 and more."""

_MOST_ENERGY = 100.0
"""Energy of an atom in a structure, kJ/mol, without electrostatics; in Halgren's structures up to 43."""

_PYRAMIDS = (15, 16, 33, 34)
"""P, S, As, Se: with three neighbours, single bonds to all, they are never flat."""


def not_a_structure(header: str, molecule: Chem.Mol) -> str:
    """Why a record is no structure, in words that say what was seen; '' where it is one.

    A drawing has all z zero, and says so in its header, has lengths of bonds that no molecule has, or has an
    atom that can't be flat. Benzene is flat and no drawing. Lengths also tell angstrom from other units, and
    a coordinate that was read from the wrong columns.

    Parameters
    ----------
    header
        Second line of the record, whose columns 21 and 22 say ``2D`` or ``3D``.
    molecule
        With one conformer (angstrom), sanitized.
    """
    x = np.asarray(molecule.GetConformer().GetPositions(), dtype=np.float64)
    if not np.isfinite(x).all():
        return "a coordinate is not a finite number"
    if len(x) > 2 and float(np.max(np.abs(x[:, 2]))) < _FLAT and header[20:22].upper() == "2D":
        return "its header says 2D, and all z are zero"
    return _same_place(x) or _flat(molecule, x) or _odd_lengths(molecule, x) or _clash(molecule, x)


def too_much_energy(terms: Mapping[str, float], n_atoms: int) -> str:
    """Why an energy is no molecule's, in words; '' where it can be one's. Terms in kJ/mol."""
    each = sum(energy for term, energy in terms.items() if term != "electrostatic") / n_atoms
    if each <= _MOST_ENERGY:
        return ""
    return f"it has {each:.0f} kJ/mol an atom without electrostatics, above {_MOST_ENERGY:.0f}"


def _flat(molecule: Chem.Mol, x: Floats) -> str:
    """Whether all atoms lie in one plane, whichever it is, one of them with neighbours that can't."""
    if len(x) < 4 or np.linalg.svd(x - x.mean(axis=0))[1][2] > _FLAT * np.sqrt(len(x)):
        return ""
    for atom in molecule.GetAtoms():
        pyramid = atom.GetDegree() == 3 and atom.GetAtomicNum() in _PYRAMIDS and not atom.GetIsAromatic()
        single = all(bond.GetBondType() == Chem.BondType.SINGLE for bond in atom.GetBonds())
        if atom.GetDegree() >= 4 or (pyramid and single):
            return f"all atoms lie in one plane, also {atom_name(atom)} with {atom.GetDegree()} neighbours"
    return ""


def _same_place(x: Floats) -> str:
    """Whether two atoms are too near to be two."""
    for i in range(len(x) - 1):
        apart = np.linalg.norm(x[i + 1 :] - x[i], axis=1)
        if apart.min() < _SAME_PLACE:
            return f"atoms {i} and {i + 1 + int(np.argmin(apart))} stand at one place"
    return ""


def _odd_lengths(molecule: Chem.Mol, x: Floats) -> str:
    """Whether a bond, or those to hydrogen or the others together, have lengths that no molecule has."""
    with rdBase.BlockLogs():
        properties = rdForceFieldHelpers.MMFFGetMoleculeProperties(molecule)
    ratios: dict[str, list[float]] = {"bonds to hydrogen": [], "bonds": []}
    for bond in molecule.GetBonds():
        i, j = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        length = float(np.linalg.norm(x[i] - x[j]))
        rest = _rest_length(molecule, properties, i, j)
        (least, most), usual = (_ONE_BOND, rest) if rest else (_BY_RADII, _radii(molecule, i, j))
        if usual == 0.0:  # dummy atoms, which have no type either
            continue
        ratio = length / usual
        if rest:
            hydrogen = 1 in (bond.GetBeginAtom().GetAtomicNum(), bond.GetEndAtom().GetAtomicNum())
            ratios["bonds to hydrogen" if hydrogen else "bonds"].append(ratio)
        if not least < ratio < most:
            return (
                f"the bond between {atom_name(bond.GetBeginAtom())} and {atom_name(bond.GetEndAtom())} is "
                f"{length:.2f} long, where {usual:.2f} is usual, as in a drawing, in another unit or with a "
                "coordinate misread"
            )
    for sort, values in ratios.items():
        if len(values) > 1 and not _MEDIAN[0] < np.median(values) < _MEDIAN[1]:
            return (
                f"its {sort} have {np.median(values):.2f} of their lengths, as a drawing or another unit has"
            )
    return ""


def _rest_length(molecule: Chem.Mol, properties: Any, i: int, j: int) -> float:
    """Length at which MMFF94 has a bond rest, angstrom; 0 without types."""
    stretch = properties.GetMMFFBondStretchParams(molecule, i, j) if properties is not None else None
    return float(stretch[2]) if stretch else 0.0


def _radii(molecule: Chem.Mol, i: int, j: int) -> float:
    """Sum of two atoms' covalent radii, angstrom; 0 for dummy atoms."""
    table = Chem.GetPeriodicTable()
    return float(sum(table.GetRcovalent(molecule.GetAtomWithIdx(k).GetAtomicNum()) for k in (i, j)))


def _clash(molecule: Chem.Mol, x: Floats) -> str:
    """Whether two atoms without a bond are as near as bonded ones."""
    table = Chem.GetPeriodicTable()
    radii = np.array([table.GetRcovalent(atom.GetAtomicNum()) for atom in molecule.GetAtoms()])
    for i in range(len(x) - 1):
        apart = np.linalg.norm(x[i + 1 :] - x[i], axis=1)
        for j in (i + 1 + np.flatnonzero(apart < _APART * (radii[i + 1 :] + radii[i]))).tolist():
            if molecule.GetBondBetweenAtoms(i, j) is None:
                ends = (atom_name(molecule.GetAtomWithIdx(k)) for k in (i, j))
                return f"{' and '.join(ends)} are {apart[j - i - 1]:.2f} apart and have no bond"
    return ""
