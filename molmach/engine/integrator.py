"""Langevin middle integration with a drive's schedule and the energy books."""

from __future__ import annotations

import math
from collections.abc import Mapping

import openmm

from molmach.forcefield import Group

BOOKS = ("heat", "drive_work", "load_work", "kinetic_sum")
"""The integrator's running totals, kJ/mol since the replica's start.

``heat`` given to the bath, ``drive_work`` and ``load_work`` done by drive and load on the machine,
``kinetic_sum`` the kinetic energy summed over steps.
"""


def langevin_middle(
    *,
    timestep_ps: float,
    friction_per_ps: float,
    thermal_energy: float,
    schedule: Mapping[str, str],
    driven: bool,
    loaded: bool,
    constrained: bool,
) -> openmm.CustomIntegrator:
    """The Langevin middle scheme of Zhang et al., J. Phys. Chem. A 123, 6056 (2019).

    Full kick, half drift, friction and noise, half drift. The parameters in ``schedule`` are
    evaluated at the end of every step at the exact time, so each kick uses the drive at the time of
    the positions that it acts on.

    Books, each exact to the order of the scheme: heat is what friction and noise take out of the
    kinetic energy; a drive's work is its force, averaged over a step's two ends, along the step.

    Parameters
    ----------
    timestep_ps, friction_per_ps
        Step (ps) and collision rate (1/ps).
    thermal_energy
        k_B T, kJ/mol.
    schedule
        Global parameters as expressions in the time ``t`` (ps).
    driven, loaded
        Whether groups ``DRIVE`` and ``LOAD`` have forces whose work is to be kept.
    constrained
        Whether the system has constraints.
    """
    integrator = openmm.CustomIntegrator(timestep_ps)
    decay = math.exp(-friction_per_ps * timestep_ps)
    constants = {"decay": decay, "noise": math.sqrt(thermal_energy * (1.0 - decay * decay))}
    for name, value in constants.items():
        integrator.addGlobalVariable(name, value)
    for name in ("t", *BOOKS, "kinetic_before", "kinetic_after", "step_work"):
        integrator.addGlobalVariable(name, 0.0)
    kept = [
        (group, f"{group.name.lower()}_work")
        for group, present in ((Group.DRIVE, driven), (Group.LOAD, loaded))
        if present
    ]
    integrator.addUpdateContextState()
    if kept:
        integrator.addPerDofVariable("x_start", 0.0)
        integrator.addComputePerDof("x_start", "x")
    for group, _ in kept:
        integrator.addPerDofVariable(f"f{int(group)}_start", 0.0)
        integrator.addComputePerDof(f"f{int(group)}_start", f"f{int(group)}")
    integrator.addComputePerDof("v", "v+dt*f/m")
    if constrained:
        integrator.addConstrainVelocities()
    integrator.addComputePerDof("x", "x+0.5*dt*v")
    integrator.addComputeSum("kinetic_before", "0.5*m*v*v")
    integrator.addComputePerDof("v", "decay*v+noise*gaussian/sqrt(m)")
    if constrained:
        # The noise's share along constrained bonds never reaches the motion: it is no heat.
        integrator.addConstrainVelocities()
    integrator.addComputeSum("kinetic_after", "0.5*m*v*v")
    integrator.addComputeGlobal("heat", "heat+kinetic_before-kinetic_after")
    integrator.addComputeGlobal("kinetic_sum", "kinetic_sum+0.5*(kinetic_before+kinetic_after)")
    integrator.addComputePerDof("x", "x+0.5*dt*v")
    if constrained:
        integrator.addPerDofVariable("x_free", 0.0)
        integrator.addComputePerDof("x_free", "x")
        integrator.addConstrainPositions()
        integrator.addComputePerDof("v", "v+(x-x_free)/dt")
    integrator.addComputeGlobal("t", "t+dt")
    for parameter, expression in schedule.items():
        integrator.addComputeGlobal(parameter, expression)
    for group, book in kept:
        integrator.addComputeSum("step_work", f"0.5*(f{int(group)}_start+f{int(group)})*(x-x_start)")
        integrator.addComputeGlobal(book, f"{book}+step_work")
    return integrator
