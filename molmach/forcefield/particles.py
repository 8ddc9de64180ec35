"""What moves: masses, and bonds of fixed length."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from rdkit import Chem

from molmach.building.assembly import mass_of
from molmach.errors import ForceFieldError
from molmach.forcefield.terms import Floats, Ints, Terms


@dataclass(frozen=True, eq=False)
class Particles:
    """The particles of one replica.

    Attributes
    ----------
    masses
        (n_atoms,) u.
    fixed_atoms, fixed_lengths
        (n_fixed, 2) atom indices and (n_fixed,) lengths, nm, of bonds that do not vibrate.
    """

    masses: Floats
    fixed_atoms: Ints
    fixed_lengths: Floats

    @property
    def degrees_of_freedom(self) -> int:
        """Coordinates that can move: three an atom, less one a bond of fixed length."""
        return 3 * self.masses.size - self.fixed_lengths.size


def particles_of(
    molecule: Chem.Mol, bonds: Terms, hydrogen_mass: float | None, constrain_hydrogens: bool
) -> Particles:
    """Particles of a molecule with explicit hydrogens.

    Parameters
    ----------
    molecule
        With the masses of its elements, or its beads' own.
    bonds
        Interactions of two atoms, one of whose parameters is ``r0``, the length at rest, nm.
    hydrogen_mass
        u; taken from the heavy atom that a hydrogen is bonded to. None leaves masses as they are.
    constrain_hydrogens
        Whether bonds to hydrogen have their length at rest always.

    Raises
    ------
    ForceFieldError
        The hydrogens would take more than an atom has.
    """
    masses = np.array(_masses(molecule, hydrogen_mass))
    fixable = np.array([constrain_hydrogens and atom.GetAtomicNum() == 1 for atom in molecule.GetAtoms()])
    fixed = np.any(fixable[bonds.atoms], axis=1)
    lengths = bonds.values[:, bonds.names.index("r0")]
    return Particles(masses, bonds.atoms[fixed], lengths[fixed])


def shortest_period(bonds: Terms, particles: Particles) -> float:
    """Period of the stiffest bond vibration, ps; infinite where every bond is of fixed length.

    ``bonds`` has a parameter ``k``, half of the energy's second derivative, kJ/(mol nm^2).
    """
    fixed = {frozenset(pair) for pair in particles.fixed_atoms.tolist()}
    mass = particles.masses
    stiffness = bonds.values[:, bonds.names.index("k")]
    fastest = 0.0
    for (i, j), k in zip(bonds.atoms.tolist(), stiffness, strict=True):
        if frozenset((i, j)) not in fixed:
            fastest = max(fastest, 2.0 * k * (1.0 / mass[i] + 1.0 / mass[j]))
    return 2.0 * math.pi / math.sqrt(fastest) if fastest else math.inf


def _masses(molecule: Chem.Mol, hydrogen_mass: float | None) -> list[float]:
    masses = [mass_of(atom) for atom in molecule.GetAtoms()]
    if hydrogen_mass is None:
        return masses
    for atom in molecule.GetAtoms():
        if atom.GetAtomicNum() != 1:
            continue
        for neighbour in atom.GetNeighbors():
            if neighbour.GetAtomicNum() != 1:
                masses[neighbour.GetIdx()] -= hydrogen_mass - atom.GetMass()
                masses[atom.GetIdx()] = hydrogen_mass
    lightest = min(masses)
    if lightest <= 0.5:
        raise ForceFieldError(
            f"protocol.hydrogen_mass: {hydrogen_mass:g} u would leave an atom with {lightest:.2f} u; "
            "expected a smaller mass"
        )
    return masses
