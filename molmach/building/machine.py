"""Building a machine of any kind."""

from __future__ import annotations

from molmach.building.assembly import Assembly
from molmach.building.kinds import kind_of
from molmach.errors import shortened
from molmach.spec import Spec
from molmach.spec.registered import MACHINES, called, faulty


def build(spec: Spec) -> Assembly:
    """Build the machine of a spec in three dimensions.

    Conformers come from the protocol's seed; the same spec gives the same coordinates.

    Raises
    ------
    BuildError
        A molecule has no conformer or no force-field types, its parts contradict each other, or
        rings could not be threaded.
    SpecError
        The kind is somebody's own, and its ``build`` raises anything else or gives no assembly.
    """
    kind = spec.machine.kind
    with called(MACHINES, kind, "build()"):
        built: object = kind_of(kind).build(spec)
    if not isinstance(built, Assembly):
        raise faulty(MACHINES, kind, f"its build() gives {shortened(built)}; expected an Assembly")
    return built
