"""Langevin middle integration with a drive's schedule and the energy books."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
import openmm
from numpy.typing import NDArray

from molmach.engine.stepper import BOOKS
from molmach.forcefield import Group


def langevin_middle(
    *,
    timestep_ps: float,
    friction_per_ps: float,
    thermal_energy: float,
    schedule: Mapping[str, str],
    driven: bool,
    loaded: bool,
    constrained: bool,
    by_atom: bool = False,
    switching: Callable[[openmm.CustomIntegrator], None] = lambda integrator: None,
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
    by_atom
        Whether the books are kept atom by atom, as per-DOF variables, for several replicas in one
        system; otherwise as global variables.
    switching
        Adds the computations that throw switches, at the end of every step.
    """
    integrator = openmm.CustomIntegrator(timestep_ps)
    decay = math.exp(-friction_per_ps * timestep_ps)
    constants = {"decay": decay, "noise": math.sqrt(thermal_energy * (1.0 - decay * decay))}
    for name, value in constants.items():
        integrator.addGlobalVariable(name, value)
    books = _BooksByAtom(integrator) if by_atom else _GlobalBooks(integrator)
    integrator.addGlobalVariable("t", 0.0)
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
    books.note_kinetic("kinetic_before")
    integrator.addComputePerDof("v", "decay*v+noise*gaussian/sqrt(m)")
    if constrained:
        # The noise's share along constrained bonds never reaches the motion: it is no heat.
        integrator.addConstrainVelocities()
    books.note_kinetic("kinetic_after")
    books.add_noted("heat", "kinetic_before-kinetic_after")
    books.add_noted("kinetic_sum", "0.5*(kinetic_before+kinetic_after)")
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
        books.add(book, f"0.5*(f{int(group)}_start+f{int(group)})*(x-x_start)")
    switching(integrator)
    return integrator


class _GlobalBooks:
    """Books as sums over all atoms."""

    def __init__(self, integrator: openmm.CustomIntegrator) -> None:
        self._integrator = integrator
        for name in (*BOOKS, "kinetic_before", "kinetic_after", "step_sum"):
            integrator.addGlobalVariable(name, 0.0)

    def note_kinetic(self, name: str) -> None:
        """Keep the present kinetic energy under ``name``."""
        self._integrator.addComputeSum(name, "0.5*m*v*v")

    def add_noted(self, book: str, expression: str) -> None:
        """Add what follows from noted energies."""
        self._integrator.addComputeGlobal(book, f"{book}+{expression}")

    def add(self, book: str, expression: str) -> None:
        """Add what follows from coordinates, velocities and forces."""
        self._integrator.addComputeSum("step_sum", expression)
        self._integrator.addComputeGlobal(book, f"{book}+step_sum")


class _BooksByAtom:
    """Books of every degree of freedom."""

    def __init__(self, integrator: openmm.CustomIntegrator) -> None:
        self._integrator = integrator
        for name in (*BOOKS, "kinetic_before", "kinetic_after"):
            integrator.addPerDofVariable(name, 0.0)

    def note_kinetic(self, name: str) -> None:
        """Keep the present kinetic energy under ``name``."""
        self._integrator.addComputePerDof(name, "0.5*m*v*v")

    def add(self, book: str, expression: str) -> None:
        """Add what follows from coordinates, velocities, forces and noted energies."""
        self._integrator.addComputePerDof(book, f"{book}+{expression}")

    add_noted = add


def read_books(integrator: openmm.CustomIntegrator, copies: int) -> NDArray[np.float64]:
    """(copies, 5) totals of every replica, in the order of :data:`BOOKS`."""
    if copies == 1:
        return np.array([[integrator.getGlobalVariableByName(name) for name in BOOKS]])
    by_atom = [integrator.getPerDofVariableByName(name) for name in BOOKS]
    return np.asarray(np.array(by_atom).reshape(len(BOOKS), copies, -1).sum(axis=2).T)
