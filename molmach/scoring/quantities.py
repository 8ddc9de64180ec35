"""The registry of quantities: what every run has, and what coordinate, stations, followers and drive add.

Each is one :class:`molmach.data.quantity.Quantity`, which stands with its subject, in
:mod:`molmach.scoring.motion`, :mod:`~molmach.scoring.gearing`, :mod:`~molmach.scoring.occupancy`,
:mod:`~molmach.scoring.following`, :mod:`~molmach.scoring.energetics` or :mod:`~molmach.scoring.regime`; a
drive's own stand with the drive.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace

from molmach import drives
from molmach.data.observed import Known, Observed
from molmach.data.quantity import Quantity, named
from molmach.data.statistics import Estimate, Floats
from molmach.errors import PluginWarning, SpecError
from molmach.scoring.energetics import COMPARED, ENERGETICS, energy_samples
from molmach.scoring.following import FOLLOWING_SWITCH, WHEN, following_quantities, following_samples
from molmach.scoring.gearing import FOLLOWING, follower_quantities, follower_samples
from molmach.scoring.motion import MOTION, count_samples, motion_samples
from molmach.scoring.occupancy import OCCUPANCY, SHUTTLING_RATE, station_quantities, station_samples
from molmach.scoring.regime import FOLLOWED, lag_samples
from molmach.spec.registered import DRIVES, faulty, registered

SAMPLERS = (
    motion_samples, count_samples, follower_samples, station_samples, following_samples, energy_samples,
    lag_samples,
)  # fmt: skip
"""What is taken of each replica of any run."""

COMMON: tuple[Quantity, ...] = (
    *MOTION, *FOLLOWING, OCCUPANCY, SHUTTLING_RATE, *FOLLOWING_SWITCH, *WHEN, *ENERGETICS, *FOLLOWED,
    *COMPARED,
)  # fmt: skip
"""What does not depend on the drive, as families where stations and followers have their names in them."""


def samples_of(observed: Observed) -> dict[str, Floats]:
    """Name -> (n_replicas,) numbers, one a replica, of all that quantities of such a run are made of."""
    taken: dict[str, Floats] = {}
    own = (quantity.sampler for quantity in _of_drive(observed) if quantity.sampler is not None)
    for sampler in dict.fromkeys((*SAMPLERS, *own)):
        taken |= sampler(observed)
    return taken


def quantities_of(observed: Observed) -> tuple[Quantity, ...]:
    """All quantities of a run or motion whose needs are met, in the order of its score."""
    gathered = (
        *MOTION, *follower_quantities(observed), *station_quantities(observed),
        *following_quantities(observed), *ENERGETICS, *_of_drive(observed), *FOLLOWED,
    )  # fmt: skip
    scale = observed.motion.scale
    return tuple(quantity.on(scale) for quantity in gathered if quantity.needs.met(observed))


def estimates_of(observed: Observed, samples: dict[str, Floats]) -> dict[str, Estimate]:
    """Every quantity of a run or motion with its interval, from its :func:`samples_of`."""
    return {
        quantity.name: quantity.estimate(samples)
        for quantity in quantities_of(observed)
        if quantity.known_from(samples)
    }


def find(name: str, more: Sequence[Quantity] = ()) -> Quantity | None:
    """The quantity of a name, of ``more``, of any machine or of any drive; None where there is none.

    Where a name depends on the coordinate's unit, on a station or a follower, any will do;
    :func:`objectives_of` has those of one machine alone.
    """
    known = named((*more, *COMMON), name)
    return known if known is not None else named(drive_quantities(), name)


def objectives_of(known: Known, name: str) -> Iterator[Quantity]:
    """What objectives may name of such a machine, whether what they ask for is met or not.

    Hyphens in names are underscores, as in expressions. A machine may have to be built to know its stations
    and followers: so those of stations come late, and those of followers only where ``name`` is of their
    families.
    """
    own = () if known.drive is None else own_quantities(known.drive.kind)
    for quantity in (*MOTION, *ENERGETICS, *FOLLOWED, *COMPARED, *own):
        yield quantity.on(known.scale)
    yield from map(_written, (*station_quantities(known), *following_quantities(known)))
    if named(FOLLOWING, name) is not None:
        yield from map(_written, follower_quantities(known))


def _written(quantity: Quantity) -> Quantity:
    return replace(quantity, name=quantity.name.replace("-", "_"))


def own_quantities(kind: str) -> tuple[Quantity, ...]:
    """What a kind of drive adds to the scores of its runs.

    Raises
    ------
    SpecError
        It can't be imported, what it gives is no tuple or list of quantities, or one of them has or matches
        the name of one that every run may have, and is not that one.
    """
    gathered = drives.own_quantities(kind)
    for quantity in gathered:
        if quantity in COMMON:
            continue
        taken = next((c.name for c in COMMON if _collide(quantity, c)), None)
        if taken is not None:
            raise faulty(
                DRIVES,
                kind,
                f"its quantity {quantity.name!r} takes the name of {taken!r}, which every drive's runs may "
                "have; expected a name of its own",
            )
    return gathered


def _collide(own: Quantity, common: Quantity) -> bool:
    return (
        own.name == common.name
        or own.matching(common.name) is not None
        or named([common], own.name) is not None
    )


def drive_quantities() -> tuple[Quantity, ...]:
    """Those of every kind of drive; of one that :func:`own_quantities` refuses none, and a warning."""
    gathered: dict[str, Quantity] = {}
    for kind in registered(DRIVES):
        try:
            gathered |= {quantity.name: quantity for quantity in own_quantities(kind)}
        except SpecError as error:
            warnings.warn(f"{error}; its quantities are left out", PluginWarning, stacklevel=2)
    return tuple(gathered.values())


def _of_drive(observed: Observed) -> tuple[Quantity, ...]:
    return () if observed.run is None else own_quantities(observed.run.drive.kind)
