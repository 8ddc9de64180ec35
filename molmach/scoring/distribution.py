"""Where along its coordinate a machine dwells, and the energy that this amounts to at equilibrium."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from molmach.building import coordinate_of
from molmach.data import Run
from molmach.data.stations import StationMap
from molmach.data.statistics import Floats, student_factor
from molmach.units import TURN, thermal_energy

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
        (n_bins,) mean over replicas; they sum to one.
    energy
        (n_bins,) -kT ln share above its lowest value, kJ/mol; inf where the coordinate never was. A
        free energy where the replicas are at equilibrium, and no energy under a drive.
    ci95
        (2, n_bins) its 95 % interval: Student's of the share over replicas, through -kT ln; inf above
        where that interval holds zero.
    """

    edges: Floats
    share: Floats
    energy: Floats
    ci95: Floats

    @property
    def centres(self) -> Floats:
        """(n_bins,) middles of the bins."""
        return np.asarray(0.5 * (self.edges[:-1] + self.edges[1:]))


def edges_of(runs: list[Run]) -> Floats:
    """Edges of bins that suit some runs of one machine: a period, or all stations and places visited."""
    period = coordinate_of(runs[0].assembly).scale.period
    if period is not None:
        return np.linspace(-0.5 * period, 0.5 * period, _BINS + 1)
    stations = StationMap.of(runs[0].assembly)
    named = stations.places if stations is not None else np.empty(0)
    places = np.concatenate([named, *(run.series.coordinate.ravel() for run in runs)])
    low, high = float(places.min()), float(places.max())
    margin = max(_MARGIN * (high - low), 1e-3)
    return np.linspace(low - margin, high + margin, _BINS + 1)


def distribution_of(run: Run, edges: Floats) -> Distribution:
    """Of a run's coordinate, taken modulo its period where it has one, at the temperature of its bath."""
    coordinate, period = run.series.coordinate, coordinate_of(run.assembly).scale.period
    if period is not None:
        coordinate = within_a_turn(coordinate, period)
    return distribution(coordinate, edges, thermal_energy(run.spec.protocol.temperature))


def within_a_turn(coordinate: Floats, period: float = TURN) -> Floats:
    """Angles modulo a whole turn, rad from -pi to pi; or another coordinate about zero, modulo its period."""
    return np.asarray((coordinate + 0.5 * period) % period - 0.5 * period)


def distribution(coordinate: Floats, edges: Floats, kT: float) -> Distribution:
    """Distribution of (n_replicas, n_samples) values in bins with the given edges; kT in kJ/mol."""
    shares = np.array([np.histogram(values, edges)[0] for values in coordinate]) / coordinate.shape[1]
    mean = shares.mean(axis=0)
    half = student_factor(len(shares)) * stats.sem(shares, axis=0)
    with np.errstate(divide="ignore"):
        energy = -kT * np.log(mean)
        low, high = -kT * np.log(np.minimum(mean + half, 1.0)), -kT * np.log(np.maximum(mean - half, 0.0))
    lowest = energy.min()
    return Distribution(edges, mean, energy - lowest, np.stack([low, high]) - lowest)
