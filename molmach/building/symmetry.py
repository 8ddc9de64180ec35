"""Turns about the axle that leave a machine as it is: of its rotor, or of what stands around it."""

from __future__ import annotations

import math

import numpy as np
import scipy
from rdkit import Chem

from molmach.building.assembly import Assembly

_MOST_FOLD = 12
_ROTOR_TOLERANCE_NM = 0.05
"""A built rotor is bent a little; what is exact is that the turn only exchanges atoms that are alike."""

_STATOR_TOLERANCE_NM = 0.02
"""The stator is held where it was built, so it must be as symmetric there as its atoms move."""


def rotor_fold(assembly: Assembly) -> int:
    """Number of equal parts of a turn: the rotor's turns by one exchange atoms that nothing tells apart."""
    return _fold(assembly, list(assembly.rotor), _ROTOR_TOLERANCE_NM)


def stator_fold(assembly: Assembly) -> int:
    """The same of all atoms but the rotor's, about the axle."""
    rest = sorted(set(range(assembly.molecule.GetNumAtoms())) - set(assembly.rotor))
    return _fold(assembly, rest, _STATOR_TOLERANCE_NM)


def _fold(assembly: Assembly, part: list[int], tolerance_nm: float) -> int:
    if not assembly.axle or not part:
        return 1
    return next(
        (n for n in range(_MOST_FOLD, 1, -1) if _turn_is_a_symmetry(assembly, part, n, tolerance_nm)), 1
    )


def _turn_is_a_symmetry(assembly: Assembly, part: list[int], fold: int, tolerance_nm: float) -> bool:
    """Whether 1/fold of a turn lays the part on itself, atom on equal atom, and bonds on bonds.

    It must move something: a part that is all axle has no fold.
    """
    places = assembly.positions_nm[part]
    angle = 2.0 * math.pi / fold
    c, s = math.cos(angle), math.sin(angle)
    turned = places @ np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]])
    distance = np.linalg.norm(turned[:, None] - places, axis=-1)
    _, onto = scipy.optimize.linear_sum_assignment(distance)
    if np.max(distance[np.arange(len(part)), onto]) > tolerance_nm or np.all(onto == np.arange(len(part))):
        return False
    image = {i: i for i in range(assembly.molecule.GetNumAtoms())}
    image |= {i: part[j] for i, j in zip(part, onto.tolist(), strict=True)}
    atoms = assembly.molecule.GetAtoms()
    if any(_kind(atoms[i]) != _kind(atoms[j]) for i, j in image.items()):
        return False
    charges = assembly.charges
    if not np.allclose(charges[list(image)], charges[list(image.values())], atol=1e-6):
        return False
    for bond in assembly.molecule.GetBonds():
        other = assembly.molecule.GetBondBetweenAtoms(
            image[bond.GetBeginAtomIdx()], image[bond.GetEndAtomIdx()]
        )
        if other is None or other.GetBondType() != bond.GetBondType():
            return False
    return True


def _kind(atom: Chem.Atom) -> tuple[int, int, int]:
    return atom.GetAtomicNum(), atom.GetFormalCharge(), atom.GetIsotope()
