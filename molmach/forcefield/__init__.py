"""Force fields: how the atoms of a machine act on each other, one module each, MMFF94 embedded.

Each gives its energies by term, the particles that it moves, OpenMM forces for the ``native`` engine and a
compiled force for the ``batched`` one. They are found by entry points of the group ``molmach.forcefield``.
"""

from molmach.forcefield.base import MACHINE_GROUPS, ForceField, Group
from molmach.forcefield.compiled import CompiledForce
from molmach.forcefield.energy import EnergyRecord, energies_of_file
from molmach.forcefield.particles import Particles
from molmach.spec.protocol import made_force_field

__all__ = [
    "MACHINE_GROUPS",
    "CompiledForce",
    "EnergyRecord",
    "ForceField",
    "Group",
    "Particles",
    "energies_of_file",
    "get",
]


def get(name: str) -> ForceField:
    """The force field of that name; the spec has checked the name."""
    force_field: ForceField = made_force_field(name)
    return force_field
