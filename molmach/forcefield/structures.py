"""Whether the coordinates of a file's record are a structure in three dimensions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

Floats = NDArray[np.float64]

_FLAT = 1e-3
"""Largest z of a drawing, angstrom."""

_SAME_PLACE = 0.2
"""Atoms nearer than this stand at one place, angstrom; the shortest bond of all, H2's, has 0.74."""

_LENGTHS = (0.75, 1.3)
"""A median bond, over the sum of its covalent radii, lies between these in a structure."""

_FEW = 3
"""Fewer bonds of a sort say nothing: each of them may be stretched."""


def not_a_structure(header: str, molecule: Chem.Mol) -> str:
    """Why a record is no structure, in words that say what was seen; '' where it is one.

    A drawing has all z zero, and says so in its header, has lengths of bonds that no molecule has, or has an
    atom with four neighbours. Benzene is flat and no drawing. Lengths also tell angstrom from other units.

    Parameters
    ----------
    header
        Second line of the record, whose columns 21 and 22 say ``2D`` or ``3D``.
    molecule
        With one conformer (angstrom).
    """
    x = np.asarray(molecule.GetConformer().GetPositions(), dtype=np.float64)
    if not np.isfinite(x).all():
        return "a coordinate is not a finite number"
    flat = len(x) > 2 and float(np.max(np.abs(x[:, 2]))) < _FLAT
    if flat and header[20:22].upper() == "2D":
        return "its header says 2D, and all z are zero"
    four = next((atom for atom in molecule.GetAtoms() if flat and atom.GetDegree() >= 4), None)
    if four is not None:
        return (
            f"all z are zero, also of {four.GetSymbol()} (atom {four.GetIdx()}) with {four.GetDegree()} "
            "neighbours"
        )
    return _odd_lengths(molecule, x) or _same_place(x)


def _same_place(x: Floats) -> str:
    """Whether two atoms are too near to be two."""
    for i in range(len(x) - 1):
        apart = np.linalg.norm(x[i + 1 :] - x[i], axis=1)
        if apart.min() < _SAME_PLACE:
            return f"atoms {i} and {i + 1 + int(np.argmin(apart))} stand at one place"
    return ""


def _odd_lengths(molecule: Chem.Mol, x: Floats) -> str:
    """Whether bonds to hydrogen, or the others, have lengths of another unit or of a drawing."""
    table = Chem.GetPeriodicTable()
    ratios: dict[str, list[float]] = {"bonds to hydrogen": [], "bonds": []}
    for bond in molecule.GetBonds():
        ends = bond.GetBeginAtom(), bond.GetEndAtom()
        ideal = sum(table.GetRcovalent(end.GetAtomicNum()) for end in ends)
        length = float(np.linalg.norm(x[ends[0].GetIdx()] - x[ends[1].GetIdx()]))
        if ideal == 0.0:  # dummy atoms, which have no type either
            continue
        with_hydrogen = 1 in (ends[0].GetAtomicNum(), ends[1].GetAtomicNum())
        ratios["bonds to hydrogen" if with_hydrogen else "bonds"].append(length / ideal)
    for sort, values in ratios.items():
        if len(values) >= _FEW and not _LENGTHS[0] < np.median(values) < _LENGTHS[1]:
            return (
                f"its {sort} have {np.median(values):.2f} of their lengths, as a drawing or another unit has"
            )
    return ""
