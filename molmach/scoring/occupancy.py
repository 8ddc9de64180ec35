"""Quantities of a coordinate with stations: the share of the time at each, and the steps between them."""

from __future__ import annotations

import numpy as np

from molmach.data.observed import Known, Observed
from molmach.data.quantity import NOT_NEGATIVE, SEVERAL_STATIONS, SHARE, STATIONS, Quantity
from molmach.data.statistics import Floats

OCCUPANCY = Quantity(
    "occupancy_{name}", "share of the time that belongs to a station, by the core visited last", "1",
    bounds=SHARE, needs=STATIONS,
)  # fmt: skip
SHUTTLING_RATE = Quantity(
    "shuttling_rate", "steps from station to station, either way, per time", "1/ns",
    bounds=NOT_NEGATIVE, needs=STATIONS, asks=SEVERAL_STATIONS,
)  # fmt: skip


def station_samples(observed: Observed) -> dict[str, Floats]:
    """``occupancy_NAME`` of every station and, where there are several, the ``shuttling_rate`` (1/ns)."""
    stations = observed.stations
    if stations is None:
        return {}
    shares = stations.occupancy(observed.visits)
    samples = {f"occupancy_{name}": share for name, share in zip(stations.names, shares.T, strict=True)}
    if len(stations.names) > 1:
        moves = np.sum(stations.steps(observed.visits), axis=0)
        samples["shuttling_rate"] = np.asarray(moves / observed.duration_ns)
    return samples


def station_quantities(known: Known) -> tuple[Quantity, ...]:
    """Of the stations that there are."""
    return (*(OCCUPANCY.called(name) for name in known.station_names), SHUTTLING_RATE)
