"""A drive's terms as OpenMM forces, for the ``native`` engine."""

from __future__ import annotations

import openmm

from molmach.building import Assembly
from molmach.drives import DriveTerms, torque_shares
from molmach.drives.base import STATIC, SwitchedTerm
from molmach.forcefield import Group

_COMPONENTS = ("field_x", "field_y", "field_z")


def drive_forces(
    terms: DriveTerms, load: float, assembly: Assembly, copies: int = 1
) -> tuple[list[openmm.Force], dict[str, str]]:
    """Forces of a drive and its load in groups ``DRIVE`` and ``LOAD``, and their schedule.

    Parameters
    ----------
    terms
        The drive.
    load
        Torque against forward motion, kJ/mol.
    assembly, copies
        The machine, and how many of it stand one after the other in the system.

    Returns
    -------
    forces
        None for what is zero.
    schedule
        Global parameters of the forces as expressions in ``t``, the time in ps.
    """
    forces: list[openmm.Force] = []
    schedule: dict[str, str] = {}
    if terms.has_field:
        forces.append(_field_force(terms, assembly, copies))
        angle = f"{terms.angular_frequency!r}*t"
        for component, c, s in zip(_COMPONENTS, terms.cosine, terms.sine, strict=True):
            if c or s:
                schedule[component] = f"({c!r})*cos({angle})+({s!r})*sin({angle})"
    for k, term in enumerate(terms.switched):
        forces += [_switched_force(k, term, assembly.molecule.GetNumAtoms() * copy) for copy in range(copies)]
    for torque, group in ((terms.torque, Group.DRIVE), (-load, Group.LOAD)):
        if torque:
            forces.append(_torque_force(assembly, torque, group, copies))
    return forces, schedule


def _torque_force(assembly: Assembly, torque: float, group: Group, copies: int) -> openmm.Force:
    """Many-valued in whole turns as an energy; its force is not."""
    parameter = f"{group.name.lower()}_torque"
    force = openmm.CustomExternalForce(f"-{parameter}*w*atan2(y,x)")
    force.addGlobalParameter(parameter, torque)
    force.addPerParticleParameter("w")
    atoms, shares = torque_shares(assembly)
    n_atoms = assembly.molecule.GetNumAtoms()
    for copy in range(copies):
        for atom, share in zip(atoms.tolist(), shares.tolist(), strict=True):
            force.addParticle(copy * n_atoms + atom, [share])
    force.setForceGroup(group)
    return force


def _field_force(terms: DriveTerms, assembly: Assembly, copies: int) -> openmm.Force:
    """Energy -q E(t).r of every atom; the field at time zero, from where the schedule takes over."""
    force = openmm.CustomExternalForce("-q*(field_x*x+field_y*y+field_z*z)")
    for component, value in zip(_COMPONENTS, terms.cosine, strict=True):
        force.addGlobalParameter(component, value)
    force.addPerParticleParameter("q")
    charges = assembly.charges.tolist()
    for copy in range(copies):
        for i, charge in enumerate(charges):
            force.addParticle(copy * len(charges) + i, [charge])
    force.setForceGroup(Group.DRIVE)
    return force


def amplitude(term: int) -> str:
    """Name of the global parameter that holds a switched term's amplitude."""
    return f"amplitude{term}"


def _switched_force(number: int, term: SwitchedTerm, offset: int) -> openmm.Force:
    """Amplitude times shape, with the derivative by the amplitude, which is the shape."""
    name = amplitude(number)
    force = term.shape.openmm_force(name, offset)
    force.addGlobalParameter(name, term.off)
    force.addEnergyParameterDerivative(name)
    force.setForceGroup(Group.ANCHOR if term.switch == STATIC else Group.DRIVE)
    return force
