"""Which structures are one, how often a structure lies on itself, and how many copies of it there are.

A rate counts every saddle that a form can be left over. Saddles that differ by the numbers of like atoms
alone are as many as such copies of the form, but for the symmetry numbers: (form's)/(saddle's) for each form.
Where a molecule is its own mirror image, a chiral saddle has a mirror image that joins the same forms. Pollak
& Pechukas, J. Am. Chem. Soc. 100, 2984 (1978); Fernandez-Ramos et al., Theor. Chem. Acc. 118, 813 (2007).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from scipy.optimize import linear_sum_assignment
from scipy.spatial.transform import Rotation

from molmach.studies.kinetics.level import Floats

CLOSE = 0.01
"""Farthest that two atoms may lie from each other and still be in one place, nm."""

_ON_AXIS = 1e-3
"""Twice the area, nm^2, below which two atoms and the centre lie on one line."""

_SWAPPED = {
    Chem.ChiralType.CHI_TETRAHEDRAL_CW: Chem.ChiralType.CHI_TETRAHEDRAL_CCW,
    Chem.ChiralType.CHI_TETRAHEDRAL_CCW: Chem.ChiralType.CHI_TETRAHEDRAL_CW,
}

Whole = NDArray[np.int64]


def coincidences(
    numbers: Whole, here: Floats, there: Floats, *, mirrored: bool = False, within: float = CLOSE
) -> int:
    """Number of ways to lay one structure on another by turning it, like atoms on like.

    Parameters
    ----------
    numbers
        (n_atoms,) atomic numbers, of both.
    here, there
        (n_atoms, 3), nm, the atoms in any order that has these numbers; not all on one line.
    mirrored
        Whether the second is turned over in a mirror first.
    within
        Largest distance between two atoms in one place, nm.
    """
    here, there = here - here.mean(axis=0), (there - there.mean(axis=0)) * (-1.0 if mirrored else 1.0)
    first = int(np.argmax(np.linalg.norm(here, axis=1)))
    areas = np.linalg.norm(np.cross(here[first], here), axis=1)
    second = int(np.argmax(areas))
    if areas[second] < _ON_AXIS:
        raise ValueError("atoms on one line turn about it in every angle; expected a bent structure")
    pair = here[[first, second]]
    count = 0
    for a in _alike(numbers, here, there, first, within):
        for b in _alike(numbers, here, there, second, within):
            apart = np.linalg.norm(there[a] - there[b]) - np.linalg.norm(pair[0] - pair[1])
            if a != b and abs(apart) < 2.0 * within:
                count += _coincide(numbers, here, there, pair, there[[a, b]], within)
    return count


def _alike(numbers: Whole, here: Floats, there: Floats, atom: int, within: float) -> Whole:
    """The atoms of ``there`` of one atom's element and distance from the centre."""
    distance = np.abs(np.linalg.norm(there, axis=1) - np.linalg.norm(here[atom]))
    return np.flatnonzero((numbers == numbers[atom]) & (distance < within))


def _coincide(
    numbers: Whole, here: Floats, there: Floats, pair: Floats, image: Floats, within: float
) -> bool:
    """Whether the turn that lays a pair's image on the pair lays all atoms on like ones."""
    frames = [np.array([p[0], p[1], np.cross(p[0], p[1]) / np.linalg.norm(p[1])]) for p in (pair, image)]
    turn, _ = Rotation.align_vectors(frames[0], frames[1])
    turned = turn.apply(there)
    apart = np.linalg.norm(here[:, None] - turned[None], axis=2)
    apart[numbers[:, None] != numbers[None]] = 1e3
    rows, columns = linear_sum_assignment(apart**2)
    if apart[rows, columns].max() > 4.0 * within:
        return False
    turn, _ = Rotation.align_vectors(here[rows], there[columns])
    return bool(np.linalg.norm(here[rows] - turn.apply(there[columns]), axis=1).max() < within)


def symmetry_number(numbers: Whole, positions: Floats) -> int:
    """Order of the rotation group of a structure (n_atoms, 3), nm, that is not linear.

    >>> water = np.array([[0.0, 0.0, 0.0], [0.076, 0.059, 0.0], [-0.076, 0.059, 0.0]])
    >>> symmetry_number(np.array([8, 1, 1]), water)
    2
    """
    return coincidences(numbers, positions, positions)


def is_chiral(numbers: Whole, positions: Floats) -> bool:
    """Whether no turn lays a structure (n_atoms, 3), nm, on its mirror image."""
    return coincidences(numbers, positions, positions, mirrored=True) == 0


def is_own_mirror_image(molecule: Chem.Mol) -> bool:
    """Whether a molecule's constitution and stereocentres are those of its mirror image."""
    molecule = Chem.Mol(molecule)
    if molecule.GetNumConformers():
        Chem.AssignStereochemistryFrom3D(molecule)
    image = Chem.Mol(molecule)
    for atom in image.GetAtoms():
        atom.SetChiralTag(_SWAPPED.get(atom.GetChiralTag(), atom.GetChiralTag()))
    return bool(Chem.MolToSmiles(image) == Chem.MolToSmiles(molecule))


def same_shape(numbers: Whole, here: Floats, there: Floats, *, mirrors: bool, within: float) -> bool:
    """Whether two structures (n_atoms, 3), nm, are one but for the numbers of like atoms.

    With ``mirrors`` also where one is the mirror image of the other.
    """
    ways = (False, True) if mirrors else (False,)
    return any(coincidences(numbers, here, there, mirrored=way, within=within) for way in ways)
