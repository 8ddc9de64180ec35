"""The force of a uniform, time-dependent electric field on partial charges."""

from __future__ import annotations

import openmm

from molmach.build import Assembly
from molmach.forcefield import Group

COMPONENTS = ("field_x", "field_y", "field_z")
"""Global parameters of the field, kJ/(mol e nm)."""


def uniform_field_force(assembly: Assembly, at_start: tuple[float, float, float]) -> openmm.Force:
    """Energy -q E(t).r of every atom, its field in the parameters :data:`COMPONENTS`.

    ``at_start`` is the field at time zero, kJ/(mol e nm); the schedule takes over from there.
    """
    force = openmm.CustomExternalForce("-q*(field_x*x+field_y*y+field_z*z)")
    for component, value in zip(COMPONENTS, at_start, strict=True):
        force.addGlobalParameter(component, value)
    force.addPerParticleParameter("q")
    for i, charge in enumerate(assembly.charges):
        force.addParticle(i, [charge])
    force.setForceGroup(Group.DRIVE)
    return force
