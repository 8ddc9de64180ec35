"""Where along its coordinate a machine dwells, and the energy that this amounts to at equilibrium."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from molmach import drives
from molmach.building import coordinate_of
from molmach.data import Run
from molmach.data.quantity import mean as mean_of
from molmach.data.renewal import StudentOrVisits
from molmach.data.stations import StationMap
from molmach.data.statistics import CONFIDENCE, Estimate, Floats, student_factor
from molmach.data.wells import Wells
from molmach.scoring.equal_parts import EqualParts, equal_parts_of, held_against
from molmach.units import TURN, thermal_energy

Ints = NDArray[np.int64]

_BINS = 36
_MARGIN = 0.04
"""Of the range of places, as a share of it, beyond the outermost."""


@dataclass(frozen=True, eq=False)
class Distribution:
    """Shares of the time in bins along a coordinate, and -kT ln of them.

    Attributes
    ----------
    edges
        (n_bins + 1,) of the bins: a period about zero (rad from -pi to pi), or nm.
    share
        (n_bins,) mean over replicas, and over the places that the machine's symmetry makes equal; they sum
        to one.
    share_ci95
        (2, n_bins) its 95 % interval.
    energy
        (n_bins,) -kT ln share above its lowest value, kJ/mol; inf where the coordinate never was. A
        free energy where the replicas are at equilibrium, and no energy under a drive.
    ci95
        (2, n_bins) its 95 % interval, that of the share through -kT ln: always with a lower end, and
        without an upper one (inf) where that interval holds zero.
    wells
        Share of the time in each well of the coordinate, by its place (rad or nm), within one of the equal
        parts.
    fold, middle
        How many equal parts a period has by the machine's symmetry, and the place about which either side is
        the other's reflection, None without one.
    statements, doubts
        What a reader must know of the shares; and what of that casts doubt on them.
    """

    edges: Floats
    share: Floats
    share_ci95: Floats
    energy: Floats
    ci95: Floats
    wells: dict[float, Estimate]
    fold: int = 1
    middle: float | None = None
    statements: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()

    @property
    def centres(self) -> Floats:
        """(n_bins,) middles of the bins."""
        return np.asarray(0.5 * (self.edges[:-1] + self.edges[1:]))

    def to_json(self) -> dict[str, Any]:
        """What a result's document says of it, places in the coordinate's own unit."""
        wells = [{"place": place, "share": share.to_json()} for place, share in self.wells.items()]
        return {
            "fold": self.fold,
            "middle": self.middle,
            "wells": wells,
            "statements": list(self.statements),
        }


def at_equilibrium(run: Run) -> bool:
    """Whether nothing drives a run, so that it samples equilibrium."""
    return drives.equilibrium(run.drive, run.assembly, run.spec.protocol) is not None


def doubts_at_equilibrium(run: Run) -> tuple[str, ...]:
    """What casts doubt on the shares of a run at equilibrium, the run's own or its undriven control's."""
    parts = [run] if at_equilibrium(run) else [run.controls[n] for n in ("undriven",) if n in run.controls]
    return tuple(
        f"with the drive off {doubt}"
        for part in parts
        for doubt in distribution_of(part, edges_of([part])).doubts
    )


def edges_of(runs: list[Run]) -> Floats:
    """Edges of bins that suit some runs of one machine: a period, or all stations and places visited."""
    period = coordinate_of(runs[0].assembly).scale.period
    if period is not None:
        bins = math.lcm(*(equal_parts_of(run).fold for run in runs))
        return np.linspace(-0.5 * period, 0.5 * period, bins * math.ceil(_BINS / bins) + 1)
    stations = StationMap.of(runs[0].assembly)
    named = stations.places if stations is not None else np.empty(0)
    places = np.concatenate([named, *(run.series.coordinate.ravel() for run in runs)])
    parts = [equal_parts_of(run) for run in runs]
    places = np.concatenate(
        [places, *(equal.reflected(places) for equal in parts if equal.middle is not None)]
    )
    low, high = float(places.min()), float(places.max())
    margin = max(_MARGIN * (high - low), 1e-3)
    return np.linspace(low - margin, high + margin, _BINS + 1)


def distribution_of(run: Run, edges: Floats) -> Distribution:
    """Of a run's coordinate, taken modulo its period where it has one, at the temperature of its bath."""
    kT = thermal_energy(run.spec.protocol.temperature)
    return distribution(run.series.coordinate, edges, kT, equal_parts_of(run))


def within_a_turn(coordinate: Floats, period: float = TURN) -> Floats:
    """Angles modulo a whole turn, rad from -pi to pi; or another coordinate about zero, modulo its period."""
    return np.asarray((coordinate + 0.5 * period) % period - 0.5 * period)


def distribution(
    coordinate: Floats, edges: Floats, kT: float, equal: EqualParts | None = None
) -> Distribution:
    """Distribution of values in bins, with intervals that know how few visits a share may rest on.

    Of a bin the interval is Student's over replicas; where its well was come to and left few times, it is
    widened by what :func:`molmach.data.renewal.share_from_visits` says of the well. A bin that was never
    visited may hold what chance could miss in as many independent samples as there were, if replicas passed
    it; anything, if none did.

    Parameters
    ----------
    coordinate
        (n_replicas, n_samples), unwrapped where there is a period.
    edges
        Of the bins: over one period where there is one, in a multiple of ``equal.fold``; else over all
        values, and what they are reflected to.
    kT
        kJ/mol.
    equal
        Parts of the coordinate that the machine's symmetry makes equal, and its period; default neither.
    """
    equal = EqualParts() if equal is None else equal
    period = equal.period
    sides = [coordinate] if equal.middle is None else [coordinate, equal.reflected(coordinate)]
    shares = np.mean([_folded(_counted(side, edges, period), equal.fold) for side in sides], axis=0)
    mean = shares.mean(axis=0)
    spread = np.asarray(student_factor(len(shares)) * scipy.stats.sem(shares, axis=0))
    missed = 1.0 - (1.0 - CONFIDENCE) ** (1.0 / _independent(coordinate, period))
    half = np.where((spread == 0.0) & (mean > 0.0), missed, spread)
    ends = np.clip(np.stack([mean - half, mean + half]), 0.0, 1.0)
    wells = equal.wells(coordinate, (float(edges[0]), float(edges[-1])))
    visits = wells.visits(equal.reduced(coordinate))
    by_well = _well_shares(visits, wells.count)
    centres = 0.5 * (edges[:-1] + edges[1:])
    ends = _widened(ends, mean, by_well, wells.well[wells.bins(equal.reduced(centres))])
    passed = _passed(coordinate, centres, equal.part)
    if equal.middle is not None:
        passed = passed | _passed(coordinate, equal.reflected(centres), equal.part)
    ends[1] = np.where(mean > 0.0, ends[1], np.where(passed, missed, 1.0))
    with np.errstate(divide="ignore"):
        energy, low, high = -kT * np.log(mean), -kT * np.log(ends[1]), -kT * np.log(ends[0])
    lowest = energy.min()
    several = wells.count > 1
    places = dict(zip(wells.peaks.tolist(), by_well, strict=True)) if several else {}
    said, contradicted = held_against(equal, coordinate, wells, visits)
    doubts = (*_unconnected(visits, wells, period), *contradicted)
    return Distribution(
        edges, mean, ends, energy - lowest, np.stack([low, high]) - lowest, places, equal.fold, equal.middle,
        (*doubts, *_unseen(edges, passed, period), *said), doubts,
    )  # fmt: skip


def _counted(coordinate: Floats, edges: Floats, period: float | None) -> Floats:
    """(n_replicas, n_bins) share of each replica's samples in each bin."""
    values = coordinate if period is None else within_a_turn(coordinate, period)
    return np.asarray(np.array([np.histogram(row, edges)[0] for row in values]) / coordinate.shape[1])


def _folded(shares: Floats, fold: int) -> Floats:
    """(n_replicas, n_bins) with the mean over equal parts in each of them."""
    parts = shares.reshape(len(shares), fold, -1).mean(axis=1)
    return np.tile(parts, (1, fold))


def _well_shares(visits: Ints, count: int) -> list[Estimate]:
    """Share of each well."""
    changed = visits[:, 1:] != visits[:, :-1]
    ways = StudentOrVisits()
    estimates = []
    for well in range(count):
        inside = visits == well
        entries, exits = (inside[:, 1:] & changed).sum(axis=1), (inside[:, :-1] & changed).sum(axis=1)
        share = [np.asarray(part, dtype=np.float64) for part in (inside.mean(axis=1), entries, exits)]
        estimates.append(replace(ways.estimate(share, mean_of).within((0.0, 1.0)), unit="1"))
    return estimates


def _widened(ends: Floats, mean: Floats, by_well: list[Estimate], well: Ints) -> Floats:
    """Ends of bins' intervals, as much wider as the share of their well may be less or more."""
    if len(by_well) == 1:
        return ends
    low, high = (
        np.array([estimate.ci95[end] / max(estimate.value, 1e-300) for estimate in by_well])[well]
        for end in (0, 1)
    )
    return np.stack([np.minimum(ends[0], mean * low), np.clip(np.maximum(ends[1], mean * high), 0.0, 1.0)])


def _independent(coordinate: Floats, period: float | None) -> float:
    """Number of independent samples, from the coordinate's own autocorrelation; one a replica at least.

    The sum of the autocorrelation is broken off where it first is negative (Geyer, Stat. Sci. 7, 473 (1992)).
    """
    signal = coordinate if period is None else np.exp(1j * TURN / period * coordinate)
    centred = signal - signal.mean(axis=1, keepdims=True)
    n = centred.shape[1]
    spectrum = np.abs(np.fft.fft(centred, 2 * n, axis=1)) ** 2
    correlation = np.fft.ifft(spectrum.mean(axis=0)).real[:n]
    if not correlation[0] > 0.0:
        return float(len(coordinate))
    correlation = correlation / correlation[0]
    below = np.flatnonzero(correlation <= 0.0)
    inefficiency = 1.0 + 2.0 * float(correlation[1 : below[0] if below.size else n].sum())
    return max(float(len(coordinate)), coordinate.size / inefficiency)


def _passed(coordinate: Floats, centres: Floats, part: float | None) -> NDArray[np.bool_]:
    """(n_bins,) whether a replica went past the bin, or past one that is equal by symmetry, or was in it."""
    low, high = coordinate.min(axis=1)[:, None], coordinate.max(axis=1)[:, None]
    if part is None:
        return np.asarray(((low <= centres) & (centres <= high)).any(axis=0))
    return np.asarray((centres + np.ceil((low - centres) / part) * part <= high).any(axis=0))


def _unconnected(visits: Ints, wells: Wells, period: float | None) -> list[str]:
    """What wells no replica went between."""
    changed = visits[:, 1:] != visits[:, :-1]
    touched = np.union1d(visits[:, 1:][changed], visits[:, :-1][changed])
    alone = np.setdiff1d(np.arange(wells.count), touched)
    if wells.count < 2 or not alone.size:
        return []
    places = np.degrees(wells.peaks) if period is not None else wells.peaks
    named = ", ".join(f"{place:.3g}" for place in places[alone])
    which, them = ("well", "it") if alone.size == 1 else ("wells", "them")
    return [
        f"no replica came into or out of the {which} at {named} {_unit(period)}: the run does not "
        f"connect {them} with the others, so that the shares of the time between them, and their free "
        "energies, are not known"
    ]


def _unseen(edges: Floats, passed: NDArray[np.bool_], period: float | None) -> list[str]:
    """Which part of a turn the replicas have seen, where it is not all of it."""
    if period is None or passed.all():
        return []
    degrees = np.degrees(edges)
    first = np.flatnonzero(passed & ~np.roll(passed, 1))
    last = np.flatnonzero(passed & ~np.roll(passed, -1))
    last = np.roll(last, -1) if last[0] < first[0] else last
    ends = [degrees[j + 1] + (360.0 if j < i else 0.0) for i, j in zip(first, last, strict=True)]
    arcs = [f"{degrees[i]:.0f} to {end:.0f}" for i, end in zip(first, ends, strict=True)]
    return [
        f"the replicas have seen {' and '.join(arcs)} degrees of the turn; how often the machine would be "
        "elsewhere is not known"
    ]


def _unit(period: float | None) -> str:
    return "nm" if period is None else "degrees"
