"""Quantities of a coordinate with stations: the share of the time at each, and the steps between them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from molmach import drives
from molmach.data.intervals import SkewedOrRare
from molmach.data.observed import Known, Observed
from molmach.data.quantity import NOT_NEGATIVE, SEVERAL_STATIONS, SHARE, STATIONS, Quantity
from molmach.data.renewal import StudentOrVisits
from molmach.data.stations import StationMap
from molmach.data.statistics import Floats

OCCUPANCY = Quantity(
    "occupancy_{name}", "share of the time that belongs to a station, by the core visited last", "1",
    bounds=SHARE, interval=StudentOrVisits(), needs=STATIONS, beside=("entries_{name}", "exits_{name}"),
)  # fmt: skip
SHUTTLING_RATE = Quantity(
    "shuttling_rate", "steps from station to station, either way, per time", "1/ns",
    bounds=NOT_NEGATIVE, interval=SkewedOrRare(), beside=("moves", "no_moves", "move_rate"),
    needs=STATIONS, asks=SEVERAL_STATIONS,
)  # fmt: skip


def station_samples(observed: Observed) -> dict[str, Floats]:
    """``occupancy_NAME`` of every station and, where there are several, the ``shuttling_rate`` (1/ns).

    Beside the rate stand the ``moves`` that it counts, zeros (``no_moves``) and one's rate (``move_rate``).
    Where no clock paces the ring's visits, there are how often each station was come to and left, too:
    ``entries_NAME``, ``exits_NAME``.
    """
    stations = observed.stations
    if stations is None:
        return {}
    shares = stations.occupancy(observed.visits)
    samples = {f"occupancy_{name}": share for name, share in zip(stations.names, shares.T, strict=True)}
    clock = None if observed.drive is None else drives.model(observed.drive).clock
    if clock is None or math.isinf(clock.period):
        samples |= _visit_counts(stations, observed.visits)
    if len(stations.names) > 1:
        moves = np.sum(stations.steps(observed.visits), axis=0)
        samples["shuttling_rate"] = np.asarray(moves / observed.duration_ns)
        samples["moves"], samples["no_moves"] = moves.astype(np.float64), np.zeros(moves.size)
        samples["move_rate"] = np.full(moves.size, 1.0 / observed.duration_ns)
    return samples


def _visit_counts(stations: StationMap, visits: NDArray[np.int64]) -> dict[str, Floats]:
    """(n_replicas,) entries and exits of every station; not the first visit of a replica."""
    before, after = visits[:, :-1], visits[:, 1:]
    changed = (before >= 0) & (before != after)
    counts: dict[str, Floats] = {}
    for number, name in enumerate(stations.names):
        counts[f"entries_{name}"] = np.sum(changed & (after == number), axis=1, dtype=np.float64)
        counts[f"exits_{name}"] = np.sum(changed & (before == number), axis=1, dtype=np.float64)
    return counts


def station_quantities(known: Known) -> tuple[Quantity, ...]:
    """Of the stations that there are."""
    return (*(OCCUPANCY.called(name) for name in known.station_names), SHUTTLING_RATE)
