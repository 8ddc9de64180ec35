"""Where a ring is among its stations, and its steps between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molmach.building import Assembly, coordinate_of, kind_of
from molmach.data.statistics import Floats

_CORE_SHARE = 1.0 / 3.0
"""A station's core reaches this far towards its neighbour."""

_LARGEST_CORE_NM = 0.2


@dataclass(frozen=True, eq=False)
class StationMap:
    """Stations along a coordinate.

    Attributes
    ----------
    names
        In the order of their places.
    places
        (n_stations,) rising values of the coordinate, rad or nm.
    core
        Half-width of a station's core, in the coordinate's unit.
    period
        Of the coordinate, as :class:`molmach.building.Scale` has it; None where it is open.
    """

    names: tuple[str, ...]
    places: Floats
    core: float
    period: float | None

    @classmethod
    def of(cls, assembly: Assembly) -> StationMap | None:
        """Stations of a machine along its coordinate; None where it has none."""
        places = kind_of(assembly.kind).stations(assembly)
        if not places:
            return None
        names = tuple(sorted(places, key=lambda name: places[name]))
        along = np.array([places[name] for name in names])
        period = coordinate_of(assembly).scale.period
        gaps = np.diff(along, append=[] if period is None else [along[0] + period])
        widest = _CORE_SHARE * float(gaps.min()) if gaps.size else np.inf
        return cls(names, along, min(widest, _LARGEST_CORE_NM) if period is None else widest, period)

    def visits(self, coordinate: Floats) -> NDArray[np.int64]:
        """Station whose core was visited last, for every sample; -1 before the first.

        Assigning by the last core leaves recrossings of the borders uncounted (Buchete & Hummer,
        J. Phys. Chem. B 112, 6057 (2008)).
        """
        away = np.abs(coordinate[..., None] - self.places)
        if self.period is not None:
            away = np.abs((away + 0.5 * self.period) % self.period - 0.5 * self.period)
        inside = away <= self.core
        now = np.where(inside.any(axis=-1), inside.argmax(axis=-1), -1)
        latest = np.maximum.accumulate(np.where(now >= 0, np.arange(now.shape[-1]), -1), axis=-1)
        held = np.take_along_axis(now, np.maximum(latest, 0), axis=-1)
        return np.where(latest >= 0, held, -1).astype(np.int64)

    def nearest(self, coordinate: Floats) -> NDArray[np.int64]:
        """Number of the station nearest along the coordinate, for every sample."""
        away = np.abs(coordinate[..., None] - self.places)
        if self.period is not None:
            away = np.minimum(away % self.period, -away % self.period)
        return np.asarray(away.argmin(axis=-1))

    def occupancy(self, visits: NDArray[np.int64]) -> Floats:
        """(n_replicas, n_stations) share of the time that belongs to each station; nan before any visit."""
        known = (visits >= 0).sum(axis=-1).astype(np.float64)
        counts = np.stack([(visits == s).sum(axis=-1) for s in range(len(self.names))], axis=-1)
        with np.errstate(invalid="ignore"):
            return np.asarray(counts / known[:, None])

    def steps(self, visits: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Steps from station to station forward and backward, each (n_replicas,)."""
        change = self.changes(visits)
        return (
            np.where(change > 0, change, 0).sum(axis=-1),
            np.where(change < 0, -change, 0).sum(axis=-1),
        )

    def changes(self, visits: NDArray[np.int64]) -> NDArray[np.int64]:
        """(n_replicas, n_samples - 1) steps from station to station between samples, forward above zero.

        Between two stations on a circle there and back are told apart by their order alone.
        """
        n = len(self.names)
        change = np.where(visits[:, :-1] >= 0, np.diff(visits, axis=-1), 0)
        if self.period is not None and n > 2:
            change = (change + n // 2) % n - n // 2
        return change
