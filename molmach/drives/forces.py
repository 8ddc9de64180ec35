"""A drive's terms as OpenMM forces, and how a torque is spread over the rotor."""

from __future__ import annotations

import numpy as np
import openmm
from numpy.typing import NDArray

from molmach.building import Assembly
from molmach.drives.base import STATIC, Charged, DriveTerms, SwitchedTerm, Well
from molmach.forcefield import Group
from molmach.forcefield.mmff94_parameters import COULOMB, ELECTROSTATIC_BUFFER

_COMPONENTS = ("field_x", "field_y", "field_z")
_MIN_RADIUS_NM = 0.03
"""Atoms closer to the axle take no share: the force for a given torque grows as 1/r."""


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


def torque_shares(assembly: Assembly) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Atoms that take a share of a torque, and their shares w_i = m_i r_i^2 / sum m r^2.

    The weights of the built structure would set a free rigid rotor turning without strain; they
    sum to one. The energy is -torque * sum_i w_i phi_i, phi_i the atom's angle about z, so that the
    torque about z is the stated one at every instant.
    """
    atoms = np.array(assembly.rotor)
    radius = np.linalg.norm(assembly.positions_nm[atoms, :2], axis=1)
    share = np.where(radius >= _MIN_RADIUS_NM, assembly.masses[atoms] * radius**2, 0.0)
    taking = share > 0.0
    return atoms[taking], share[taking] / share.sum()


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
    name, shape = amplitude(number), term.shape
    force: openmm.Force
    if isinstance(shape, Well):
        force = openmm.CustomCentroidBondForce(2, f"{name}*exp(-distance(g1,g2)^2*{0.5 / shape.width**2!r})")
        for group in (shape.ring, shape.site):
            force.addGroup([offset + i for i in group], [1.0] * len(group))
        force.addBond([0, 1], [])
    elif isinstance(shape, Charged):
        force = openmm.CustomBondForce(f"{name}*qq/(r+{ELECTROSTATIC_BUFFER})")
        force.addPerBondParameter("qq")
        for i, charge in zip(shape.ring, shape.charges, strict=True):
            for j in shape.site:
                force.addBond(offset + i, offset + j, [COULOMB * charge / len(shape.site)])
    else:
        force = openmm.CustomTorsionForce(f"{name}*0.5*height*(1-cos(2*theta))")
        force.addPerTorsionParameter("height")
        for atoms, height in zip(shape.torsions, shape.heights, strict=True):
            force.addTorsion(*(offset + i for i in atoms), [height])
    force.addGlobalParameter(name, term.off)
    force.addEnergyParameterDerivative(name)
    force.setForceGroup(Group.ANCHOR if term.switch == STATIC else Group.DRIVE)
    return force
