"""What tells one shape of a molecule from another: its torsions, without those that its motion changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from molmach.building.assembly import Assembly, Floats
from molmach.building.rotor_angle import across

Complex = NDArray[np.complex128]

MOST_ALIKE = 0.35
"""Fingerprints of one shape differ by no more: a torsion of its own by 20 degrees."""

_TURN_RAD = 1.0
_CHANGED = 0.2
"""Of exp(i phi); anchored atoms of a wheel may stand a little off its axle."""

_LINEAR = 0.2
"""Sine of the angle, at either end of a torsion, below which it is not defined."""


@dataclass(frozen=True, eq=False)
class Fingerprint:
    """A shape as numbers: what is left of a structure without place, turning and names of equal atoms.

    Of every sort of torsion (those whose atoms are of the same kinds) the means of exp(i phi) and of
    exp(2 i phi) / 2. A mean over a sort stays when the molecule's symmetry exchanges its atoms. The second is
    there since the first is zero for two equal places around a bond, as those of a phenyl; both are for
    three, so that a methyl group is the same however it is turned. Left out are torsions that the turning of
    the rotor or of a follower changes, and those along a straight chain. A ring's place along its track is in
    none of them. In the mirror image each number is the complex conjugate.

    Attributes
    ----------
    atoms
        (n_torsions, 4) atom indices, sorted by sort.
    first
        (n_sorts,) row of ``atoms`` at which each sort begins.
    """

    atoms: NDArray[np.int64]
    first: NDArray[np.int64]

    @classmethod
    def of(cls, assembly: Assembly, conformers: Floats) -> Fingerprint:
        """The torsions to look at.

        Parameters
        ----------
        assembly
            The machine as built.
        conformers
            (n_conformers, n_atoms, 3) structures of its molecule; a torsion must be defined in each.
        """
        atoms = np.array(list(_torsions(assembly.molecule)), dtype=np.int64).reshape(-1, 4)
        defined = _sines(conformers, atoms).min(axis=(0, 2), initial=1.0) > _LINEAR
        atoms = atoms[defined]
        atoms = atoms[~_changed_by_turning(assembly, atoms)]
        kinds = _kinds(assembly)[atoms]
        backward = np.array([tuple(row) > tuple(row[::-1]) for row in kinds.tolist()], dtype=np.bool_)
        kinds[backward] = kinds[backward, ::-1]
        _, sort = np.unique(kinds, axis=0, return_inverse=True)
        order = np.argsort(sort.ravel(), kind="stable")
        first = np.flatnonzero(np.diff(sort.ravel()[order], prepend=-1))
        return cls(atoms[order], first)

    def __call__(self, positions: Floats) -> Complex:
        """(..., 2 n_sorts) numbers of (..., n_atoms, 3) structures, in any unit of length."""
        leading = positions.shape[:-2]
        if not len(self.atoms):
            return np.zeros((*leading, 0), dtype=np.complex128)
        once = _directions(positions, self.atoms)
        counts = np.diff(self.first, append=len(self.atoms))
        means = [np.add.reduceat(once**m, self.first, axis=-1) / (counts * m) for m in (1, 2)]
        return np.concatenate(means, axis=-1)


def difference(one: Complex, other: Complex) -> Floats:
    """(...) the largest difference of any number of (..., n) fingerprints."""
    return np.asarray(np.abs(one - other).max(axis=-1, initial=0.0))


def _torsions(molecule: Chem.Mol) -> Iterator[tuple[int, int, int, int]]:
    """Every chain of four bonded atoms."""
    near = [[n.GetIdx() for n in atom.GetNeighbors()] for atom in molecule.GetAtoms()]
    for bond in molecule.GetBonds():
        j, k = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        for i in near[j]:
            for ell in near[k]:
                if i != k and ell != j and i != ell:
                    yield i, j, k, ell


def _kinds(assembly: Assembly) -> NDArray[np.int64]:
    """(n_atoms,) numbers that atoms share which the molecule's symmetry exchanges, and which do the same."""
    plain = Chem.Mol(assembly.molecule)
    for atom in plain.GetAtoms():
        atom.SetAtomMapNum(0)
        atom.SetIsotope(0)
    for number, part in enumerate(_parts(assembly), start=1):
        for i in part:
            plain.GetAtomWithIdx(i).SetIsotope(number)
    return np.array(list(Chem.CanonicalRankAtoms(plain, breakTies=False, includeChirality=False)))


def _parts(assembly: Assembly) -> Iterable[tuple[int, ...]]:
    return (assembly.rotor, *(wheel.atoms for wheel in assembly.followers.values()))


def _changed_by_turning(assembly: Assembly, atoms: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(n_torsions,) whether the turning of the rotor or of a follower changes a torsion."""
    changed = np.zeros(len(atoms), dtype=np.bool_)
    built = assembly.positions_nm
    wheels = [(wheel.axle, wheel.atoms) for wheel in assembly.followers.values()]
    if assembly.axle:
        wheels.append((assembly.axle, assembly.rotor))
    for axle, part in wheels:
        first, second = built[list(axle)]
        x, y = across(second - first)
        moved, turning = built - first, list(part)
        u, v = moved[turning] @ x, moved[turning] @ y
        z = moved[turning] - np.outer(u, x) - np.outer(v, y)
        c, s = np.cos(_TURN_RAD), np.sin(_TURN_RAD)
        moved[turning] = z + np.outer(c * u - s * v, x) + np.outer(s * u + c * v, y)
        changed |= np.abs(_directions(moved, atoms) - _directions(built, atoms)) > _CHANGED
    return changed


def _arms(positions: Floats, atoms: NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
    """Unit vector along each torsion's middle bond, and both ends' vectors from it."""
    i, j, k, ell = (positions[..., column, :] for column in atoms.T)
    along = k - j
    return along / np.linalg.norm(along, axis=-1, keepdims=True), i - j, ell - k


def _directions(positions: Floats, atoms: NDArray[np.int64]) -> Complex:
    """(..., n_torsions) exp(i phi) of torsion angles."""
    along, one, other = _arms(positions, atoms)
    v = one - np.sum(one * along, axis=-1, keepdims=True) * along
    w = other - np.sum(other * along, axis=-1, keepdims=True) * along
    direction: Any = np.sum(v * w, axis=-1) + 1j * np.sum(np.cross(along, v) * w, axis=-1)
    length = np.abs(direction)
    return np.asarray(direction / np.where(length > 0.0, length, 1.0))


def _sines(positions: Floats, atoms: NDArray[np.int64]) -> Floats:
    """(..., n_torsions, 2) sines of the angles at both ends' middle atoms."""
    along, *ends = _arms(positions, atoms)
    sines = [np.linalg.norm(np.cross(along, end), axis=-1) / np.linalg.norm(end, axis=-1) for end in ends]
    return np.stack(sines, axis=-1)
