"""Assembly -> ``openmm.System``: one implementation per force field, MMFF94 embedded."""

from molmach.forcefield.base import MACHINE_GROUPS, ForceField, Group
from molmach.forcefield.bead_spring import BeadSpring
from molmach.forcefield.energy import EnergyRecord, energies_of_file, energy_by_group
from molmach.forcefield.mmff94 import MMFF94
from molmach.spec.registered import FORCE_FIELDS, load_registered

__all__ = [
    "MACHINE_GROUPS",
    "MMFF94",
    "EnergyRecord",
    "ForceField",
    "Group",
    "energies_of_file",
    "energy_by_group",
    "get",
]

_FORCE_FIELDS: dict[str, ForceField] = {
    "MMFF94": MMFF94("MMFF94"),
    "MMFF94s": MMFF94("MMFF94s"),
    "bead_spring": BeadSpring("bead_spring"),
}


def get(name: str) -> ForceField:
    """The force field of that name; the spec has checked the name."""
    if name in _FORCE_FIELDS:
        return _FORCE_FIELDS[name]
    added: ForceField = load_registered(FORCE_FIELDS, name)(name)
    return added
