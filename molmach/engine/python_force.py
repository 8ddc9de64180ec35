"""The compiled kernel inside OpenMM: R replicas of a condition in one Context, for any of its integrators.

Runs of the ``batched`` engine integrate inside the kernel, which costs less and keeps the energy books;
this is the way to put the same forces under an integrator of OpenMM's own: another ensemble, another
scheme, a minimiser, or a comparison.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import openmm

from molmach.engine.batched import BatchedStepper, Inputs
from molmach.engine.condition import Condition
from molmach.forcefield import Group
from molmach.forcefield.system import particles_system


def kernel_system(condition: Condition, replicas: int) -> openmm.System:
    """Masses and constraints of ``replicas`` copies, and one ``openmm.PythonForce`` for all forces.

    The force is in group 0 and holds force field, anchors, drive and load; the drive acts at the
    Context's own time. Its Python work per step does not grow with the replicas.
    """
    system = particles_system(condition.particles, replicas)
    force = openmm.PythonForce(KernelForce(Inputs.of([condition]), replicas))
    force.setForceGroup(Group.BOND)
    system.addForce(force)
    return system


class KernelForce:
    """State of an OpenMM Context -> energy (kJ/mol) and forces (kJ/(mol nm)) of all its replicas."""

    def __init__(self, inputs: Inputs, replicas: int) -> None:
        self._inputs = inputs
        self._replicas = replicas
        self._stepper = BatchedStepper(inputs, [0], np.ones((1, 4), dtype=np.uint32))

    def __call__(self, state: openmm.State) -> tuple[float, Any]:
        """Energy, kJ/mol, and forces (n_particles, 3), kJ/(mol nm), at a state's positions and time."""
        positions = state.getPositions(asNumpy=True)._value.reshape(self._replicas, -1, 3)
        return self._stepper.context_forces(positions, state.getTime()._value)

    def __reduce__(self) -> tuple[Any, ...]:
        return (KernelForce, (self._inputs, self._replicas))
