"""Whether arrays that came from elsewhere may be handed to compiled code, which checks no index."""

from __future__ import annotations

import pkgutil
from collections.abc import Sequence
from typing import Any

import numpy as np

from molmach import forcefield
from molmach.data.sound import ANY, require_array, require_indices, require_starts
from molmach.drives.shapes import SHAPES
from molmach.engine.batched import Inputs
from molmach.errors import WorkError
from molmach.spec.registered import DRIVES, registered

MOST_ATOMS = 20_000


def require_sound(inputs: Inputs) -> None:
    """Refuse inputs by which a kernel would read or write beside its arrays.

    Raises
    ------
    WorkError
        An array has another type or shape than the kernel reads, a number that is not finite, or an index
        of what is not there.
    ForceFieldError
        The force field has no compiled form, or its tables can't be checked.
    """
    atoms, conditions = _length(inputs.masses), _length(inputs.places)
    if not 0 < atoms <= MOST_ATOMS or conditions < 1:
        raise WorkError(f"inputs.masses: {atoms} atoms; expected 1 to {MOST_ATOMS}")
    fixed, anchors = _length(inputs.fixed_lengths), _length(inputs.anchor_atoms)
    levers = _length(inputs.lever_shares)
    singles: dict[str, tuple[int, ...]] = {
        "masses": (atoms,),
        "fixed_lengths": (fixed,),
        "charges": (atoms,),
        "bath": (4,),
        "lever_shares": (levers,),
        "places": (conditions, atoms, 3),
        "anchor_places": (conditions, anchors, 3),
        "fields": (conditions, 2, 3),
        "torques": (conditions, 2),
        "angular_frequency": (1,),
    }
    for name, shape in singles.items():
        require_array(f"inputs.{name}", getattr(inputs, name), np.float64, shape)
    for name, shape in (
        ("fixed_atoms", (fixed, 2)),
        ("anchor_atoms", (anchors,)),
        ("lever_atoms", (levers,)),
    ):
        require_indices(f"inputs.{name}", getattr(inputs, name), shape, atoms)
    if not (inputs.masses > 0.0).all():
        raise WorkError("inputs.masses: expected numbers above 0")
    timestep, friction, kT, stiffness = inputs.bath.tolist()
    if min(timestep, kT) <= 0.0 or min(friction, stiffness) < 0.0:
        raise WorkError("inputs.bath: expected a time step and kT above 0, friction and anchors not below")
    require_own_shapes(inputs.shapes)
    check = forcefield.get(inputs.force_field).compiled().check
    if check is None:
        raise WorkError(f"inputs.force_field: {inputs.force_field} has no check of tables from elsewhere")
    check(inputs.tables, atoms)
    _require_switching(inputs, conditions, atoms)


def require_own_shapes(places: Sequence[str]) -> None:
    """Refuse shapes of switched energies that neither molmach nor an installed drive brings.

    Raises
    ------
    WorkError
        One is none of ours and lies in no package that registers a drive.
    """
    ours = [f"{kind.__module__}:{kind.__qualname__}" for kind in SHAPES]
    packages = {point.module.partition(".")[0] for point in registered(DRIVES).values()} - {"molmach"}
    for place in places:
        if place not in ours and place.partition(":")[0].partition(".")[0] not in packages:
            raise WorkError(f"inputs.shapes: {place!r} is no shape of molmach's or of an installed drive's")


def _require_switching(inputs: Inputs, conditions: int, atoms: int) -> None:
    sw = inputs.switching
    terms, switches = _length(sw.kind), _length(sw.leading)
    channels = _length(sw.thermal)
    for name, shape in {
        "numbers": (_length(sw.numbers),),
        "off": (conditions, terms),
        "on": (conditions, terms),
        "on_chance": (conditions, channels),
        "off_chance": (conditions, channels),
        "hindrance": (channels,),
        "power": (channels,),
        "period": (conditions, switches),
        "duty": (switches,),
        "beta": (),
    }.items():
        require_array(f"switching.{name}", getattr(sw, name), np.float64, shape, name != "period")
    require_indices("switching.kind", sw.kind, (terms,), len(inputs.shapes))
    require_indices("switching.switch", sw.switch, (terms,), switches, least=-1)
    require_indices("switching.atoms", sw.atoms, (_length(sw.atoms),), atoms)
    require_indices("switching.leading", sw.leading, (switches,), terms)
    require_array("switching.thermal", sw.thermal, np.int32, (channels,))
    require_starts("switching.group_start", sw.group_start, ANY, len(sw.atoms))
    require_starts("switching.first_group", sw.first_group, terms, len(sw.group_start) - 1)
    require_starts("switching.first_number", sw.first_number, terms, len(sw.numbers))
    require_starts("switching.channel_start", sw.channel_start, switches, channels)
    sizes, numbers = np.diff(sw.group_start), np.diff(sw.first_number)
    for term, kind in enumerate(sw.kind.tolist()):
        fits = getattr(pkgutil.resolve_name(inputs.shapes[kind]), "fits", None)
        groups = sizes[sw.first_group[term] : sw.first_group[term + 1]].tolist()
        if fits is None or not fits(groups, int(numbers[term])):
            raise WorkError(f"switching.kind: term {term} has not the groups and numbers of its shape")


def _length(array: Any) -> int:
    return len(array) if array.ndim else 0
