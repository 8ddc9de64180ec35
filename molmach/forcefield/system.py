"""A molecule under a force field as an ``openmm.System``."""

from __future__ import annotations

import openmm
from rdkit import Chem

from molmach.forcefield.base import MACHINE_GROUPS, ForceField, Group
from molmach.forcefield.particles import Particles


def create_system(
    force_field: ForceField,
    molecule: Chem.Mol,
    *,
    hydrogen_mass: float | None = None,
    constrain_hydrogens: bool = False,
    copies: int = 1,
) -> openmm.System:
    """The system of ``copies`` of a molecule, which stand one after the other and do not interact.

    Raises
    ------
    ForceFieldError
        The force field has no parameters for the molecule.
    """
    particles = force_field.particles(
        molecule, hydrogen_mass=hydrogen_mass, constrain_hydrogens=constrain_hydrogens
    )
    system = particles_system(particles, copies)
    for force in force_field.openmm_forces(molecule, copies):
        system.addForce(force)
    return system


def particles_system(particles: Particles, copies: int) -> openmm.System:
    """A system of ``copies`` of the particles on which nothing acts."""
    system = openmm.System()
    n_atoms = particles.masses.size
    for offset in range(0, copies * n_atoms, n_atoms):
        for mass in particles.masses.tolist():
            system.addParticle(mass)
        for (i, j), r0 in zip(particles.fixed_atoms.tolist(), particles.fixed_lengths.tolist(), strict=True):
            system.addConstraint(offset + i, offset + j, r0)
    return system


def energy_by_group(context: openmm.Context, groups: tuple[Group, ...] = MACHINE_GROUPS) -> dict[str, float]:
    """Energy of each force group of a context in its present state, kJ/mol, by term name."""
    return {
        group.name.lower(): context.getState(getEnergy=True, groups={int(group)}).getPotentialEnergy()._value
        for group in groups
    }
