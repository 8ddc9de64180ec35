"""Building a machine of any kind."""

from __future__ import annotations

from molmach.building.assembly import Assembly
from molmach.building.beads import build_beads
from molmach.building.interlocked import build_catenane, build_rotaxane
from molmach.building.rotor import build_rotor
from molmach.spec import Catenane, Rotaxane, Rotor, Spec


def build(spec: Spec) -> Assembly:
    """Build the machine of a spec in three dimensions.

    Conformers come from the protocol's seed; the same spec gives the same coordinates.

    Raises
    ------
    BuildError
        A molecule has no conformer or no force-field types, its parts contradict each other, or
        rings could not be threaded.
    """
    if isinstance(spec.machine, Rotor):
        return build_rotor(spec, spec.machine)
    if isinstance(spec.machine, Rotaxane):
        return build_rotaxane(spec, spec.machine)
    if isinstance(spec.machine, Catenane):
        return build_catenane(spec, spec.machine)
    return build_beads(spec, spec.machine)
