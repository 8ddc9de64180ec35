"""A condition as an ``openmm.System`` and an integrator, for the ``native`` engine."""

from __future__ import annotations

from functools import partial

import openmm

from molmach import drives, forcefield
from molmach.building import Assembly
from molmach.engine.integrator import langevin_middle
from molmach.engine.native_forces import drive_forces
from molmach.engine.native_switches import add_switching
from molmach.forcefield import Group
from molmach.forcefield.system import create_system
from molmach.spec import Drive, Protocol
from molmach.units import thermal_energy


def packed_system(
    assembly: Assembly, drive: Drive, protocol: Protocol, copies: int
) -> tuple[openmm.System, openmm.CustomIntegrator]:
    """System and integrator of ``copies`` replicas that stand one after the other and do not interact.

    Every interaction is a bonded one, pairs of atoms too, so cost grows with the copies and no more.
    With more than one copy the integrator keeps its books atom by atom.
    """
    system = create_system(
        forcefield.get(protocol.force_field),
        assembly.molecule,
        hydrogen_mass=protocol.hydrogen_mass,
        constrain_hydrogens=protocol.constraints == "h-bonds",
        copies=copies,
    )
    system.addForce(_anchors(assembly, protocol.anchor, copies))
    kT = thermal_energy(protocol.temperature)
    terms = drives.terms(drive, assembly, kT)
    forces, schedule = drive_forces(terms, drive.load, assembly, copies)
    for force in forces:
        system.addForce(force)
    groups = {force.getForceGroup() for force in forces}
    integrator = langevin_middle(
        timestep_ps=protocol.timestep,
        friction_per_ps=protocol.friction,
        thermal_energy=kT,
        schedule=schedule,
        driven=Group.DRIVE in groups,
        loaded=Group.LOAD in groups,
        constrained=system.getNumConstraints() > 0,
        by_atom=copies > 1,
        switching=partial(add_switching, terms, kT),
    )
    return system, integrator


def _anchors(assembly: Assembly, stiffness: float, copies: int) -> openmm.Force:
    """Harmonic wells, k/2 |r - r0|^2, on the stator's atoms at their built places."""
    force = openmm.CustomExternalForce("0.5*stiffness*((x-x0)^2+(y-y0)^2+(z-z0)^2)")
    force.addGlobalParameter("stiffness", stiffness)
    for name in ("x0", "y0", "z0"):
        force.addPerParticleParameter(name)
    positions = assembly.positions_nm
    for copy in range(copies):
        for i in assembly.stator:
            force.addParticle(copy * len(positions) + i, positions[i].tolist())
    force.setForceGroup(Group.ANCHOR)
    return force
