"""Building a machine of any kind."""

from __future__ import annotations

from molmach.building.assembly import Assembly
from molmach.building.kinds import kind_of
from molmach.spec import Spec


def build(spec: Spec) -> Assembly:
    """Build the machine of a spec in three dimensions.

    Conformers come from the protocol's seed; the same spec gives the same coordinates.

    Raises
    ------
    BuildError
        A molecule has no conformer or no force-field types, its parts contradict each other, or
        rings could not be threaded.
    """
    return kind_of(spec.machine.kind).build(spec)
