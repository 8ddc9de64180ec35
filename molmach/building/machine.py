"""Building a machine of any kind."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from molmach.building.assembly import Assembly
from molmach.building.kinds import kind_of
from molmach.building.mirror import mirror
from molmach.errors import BuildError, shortened
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


def mirror_built_anew(spec: Spec, assembly: Assembly) -> Assembly:
    """The mirror image of a machine, with the shapes of a search of its own beside the machine's.

    A control with the claim's shapes alone would share what these missed. Anchors and coordinate are
    those of the built structure's mirror image; a shape that both searches know has one structure in both.

    Parameters
    ----------
    spec
        Of the machine.
    assembly
        As :func:`build` made it.
    """
    if assembly.shapes is None:
        return mirror(assembly)
    sequence = np.random.SeedSequence(spec.protocol.seed, spawn_key=(_SECOND_SEARCH,))
    seed = int(sequence.generate_state(1, np.uint64)[0] >> np.uint64(1))
    protocol = spec.protocol.model_copy(update={"seed": seed})
    try:
        other = build(spec.model_copy(update={"protocol": protocol}))
    except BuildError:  # what its first conformer can't be, the machine still is
        return mirror(assembly)
    assert other.shapes is not None, "a kind looks for shapes in all of its machines or in none"
    shapes = assembly.shapes.joined(other.shapes, spec.protocol.temperature)
    return mirror(replace(assembly, shapes=shapes))


_SECOND_SEARCH = 2
"""Tells the seeds of the second search from those of conformers (0) and replicas (1)."""
