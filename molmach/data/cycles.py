"""Completed cycles of a coordinate with a period, counted from where the machine rests."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molmach.data.statistics import Floats

_BINS = 36
"""Of the histogram whose highest place is the marker: 10 degrees of a turn each."""


@dataclass(frozen=True, eq=False)
class Cycles:
    """Cycles that replicas completed, in the whole run and in each of its halves.

    A cycle is completed when the coordinate reaches a marker, a whole period from the marker where it was
    last. The marker stands where the machine is most often in the last half of the run. So a machine
    that goes once to where it rests completes none, however far from there it began, and one that then
    leaves its rest at equilibrium comes round as often one way as the other, by detailed balance.

    Attributes
    ----------
    marker
        Place of the marker, in the coordinate's unit, from zero to the period.
    forward, backward
        (n_replicas,) cycles completed each way.
    halves
        (2, n_replicas) net cycles of the first and the last half.
    moved
        (2, n_replicas) net motion in the first and the last half, in cycles and parts of them.
    comparable
        Whether the halves are: where the drive repeats itself, whole periods of it.
    """

    marker: float
    forward: NDArray[np.int64]
    backward: NDArray[np.int64]
    halves: NDArray[np.int64]
    moved: Floats
    comparable: bool = True

    @property
    def net(self) -> NDArray[np.int64]:
        """(n_replicas,) cycles forward less those backward."""
        return self.forward - self.backward

    @property
    def displacement(self) -> Floats:
        """(n_replicas,) net motion in cycles and parts of them; with the halves, from where these begin."""
        return np.asarray(self.moved.sum(axis=0))

    def to_json(self) -> dict[str, Any]:
        """What a score's document says of them: totals over replicas, and means in each half."""
        first, last = (float(half.mean()) for half in self.moved)
        return {
            "marker": self.marker,
            "forward": int(self.forward.sum()),
            "backward": int(self.backward.sum()),
            "halves": {"first": first, "last": last},
        }

    def seen(self, parity: int) -> Cycles:
        """As its mirror image shows it, where the parity is -1: what was forward is backward."""
        if parity > 0:
            return self
        return replace(
            self, forward=self.backward, backward=self.forward, halves=-self.halves, moved=-self.moved
        )

    def with_replicas_of(self, other: Cycles) -> Cycles:
        """Both sets of replicas as one; each keeps the count from its own marker."""
        return Cycles(
            self.marker,
            np.concatenate([self.forward, other.forward]),
            np.concatenate([self.backward, other.backward]),
            np.concatenate([self.halves, other.halves], axis=1),
            np.concatenate([self.moved, other.moved], axis=1),
            self.comparable and other.comparable,
        )


def cycles_of(
    coordinate: Floats, time_ps: Floats, period: float, drive_period_ps: float | None = None
) -> Cycles:
    """Completed cycles of a coordinate that has a period.

    Parameters
    ----------
    coordinate
        (n_replicas, n_samples) unwrapped.
    time_ps
        (n_samples,) evenly spaced.
    period
        Of the coordinate, in its unit.
    drive_period_ps
        Of the drive, where it repeats itself: the halves are then of as many whole periods each, and end
        with the run; what is left over at the start is in neither.
    """
    begin, middle = halves_of(time_ps, drive_period_ps)
    marker = most_visited(coordinate[:, middle:], period)
    levels = last_levels((coordinate - marker) / period)
    steps = np.diff(levels, axis=1)
    at = coordinate[:, [begin, middle, -1]]
    return Cycles(
        marker,
        np.where(steps > 0, steps, 0).sum(axis=1),
        np.where(steps < 0, -steps, 0).sum(axis=1),
        np.diff(levels[:, [begin, middle, -1]], axis=1).T,
        np.diff(at, axis=1).T / period,
        drive_period_ps is None or 2.0 * drive_period_ps <= float(time_ps[-1] - time_ps[0]) * (1.0 + 1e-9),
    )


def halves_of(time_ps: Floats, drive_period_ps: float | None = None) -> tuple[int, int]:
    """Samples at which the first and the last half of a run begin; whole periods of the drive in each.

    Of a run shorter than two periods, plain halves. Both have as many samples, or the longer would seem the
    faster; what is left over stands at the start.
    """
    last = time_ps.size - 1
    half_ps = 0.5 * float(time_ps[-1] - time_ps[0])
    if drive_period_ps is not None and half_ps >= drive_period_ps * (1.0 - 1e-9):
        half_ps = drive_period_ps * np.floor(half_ps / drive_period_ps + 1e-9)
    middle = float(np.interp(time_ps[-1] - half_ps, time_ps, np.arange(last + 1.0)))
    half = min(round(last - middle), last // 2)
    return last - 2 * half, last - half


def most_visited(coordinate: Floats, period: float) -> float:
    """Place on the period where samples are densest, from zero to the period.

    The highest of a histogram of :data:`_BINS` bins that is smoothed over three of them.
    """
    share = (coordinate % period).ravel() / period
    counts = np.bincount(np.minimum((share * _BINS).astype(np.int64), _BINS - 1), minlength=_BINS)
    smooth = counts + 0.5 * (np.roll(counts, 1) + np.roll(counts, -1))
    return float((int(np.argmax(smooth)) + 0.5) / _BINS * period)


def last_levels(periods: Floats) -> NDArray[np.int64]:
    """(n_replicas, n_samples) whole number that each path touched last; before the first touch, that one.

    Zero throughout where a path touches none.

    Parameters
    ----------
    periods
        (n_replicas, n_samples) coordinate less the marker, in periods.
    """
    below = np.floor(periods).astype(np.int64)
    change = np.diff(below, axis=1)
    touched = np.where(change > 0, below[:, 1:], below[:, 1:] + 1)
    places = np.arange(change.shape[1])
    latest = np.maximum.accumulate(np.where(change != 0, places, -1), axis=1)
    first = np.argmax(change != 0, axis=1)
    index = np.concatenate([first[:, None], np.where(latest >= 0, latest, first[:, None])], axis=1)
    levels = np.take_along_axis(touched, index, axis=1)
    return np.asarray(np.where(np.any(change != 0, axis=1)[:, None], levels, 0))
