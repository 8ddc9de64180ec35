"""What a drive spends event by event, and what it gets for it: photons, fuel, throws of a switch."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from molmach.building import coordinate_of
from molmach.data import Run
from molmach.drives.chemical_fuel import ChemicalFuel
from molmach.drives.flashing import Flashing
from molmach.drives.photoisomerisation import Photoisomerisation
from molmach.drives.station_switch import StationSwitch
from molmach.scoring.rotation import diffusions, velocities
from molmach.scoring.stations import StationMap
from molmach.scoring.statistics import Estimate, Floats, jackknife_estimate, mean_estimate
from molmach.units import TURN, thermal_energy

_FORMS = StationMap(("as built", "isomer"), np.array([0.0, 0.5 * TURN]), TURN / 6.0, TURN)
"""The two isomers of a C=C bond as stations of its angle."""


def event_estimates(run: Run) -> dict[str, Estimate]:
    """Estimates of a drive that acts by events; empty for others.

    Returns
    -------
    light
        ``photon_rate`` (1/ns), ``quantum_yield`` (half turns of the C=C bond, either way, to a
        photon) and ``turns_per_photon`` (net).
    fuel
        ``fuel_rate`` (1/ns), ``chemical_power`` (kJ/mol/ns), ``turns_per_fuel``, and
        ``uncertainty_ratio``, D s / v^2 k_B with the rate s of entropy production by the fuel, which
        no motor can have below 1 (Barato & Seifert, Phys. Rev. Lett. 114, 158101 (2015)).
    switched and flashing potentials
        ``switching_rate`` (1/ns).
    """
    series, drive = run.series, run.drive
    duration_ns = (series.time_ps[-1] - series.time_ps[0]) * 1e-3
    events = series.events[:, -1]
    rate = events / duration_ns
    unit_size, unit = coordinate_of(run.assembly).scale.unit_size, coordinate_of(run.assembly).scale.unit
    moved = (series.coordinate[:, -1] - series.coordinate[:, 0]) / unit_size
    if isinstance(drive, Photoisomerisation):
        halves = np.sum(_FORMS.steps(_FORMS.visits(series.coordinate)), axis=0).astype(np.float64)
        return {
            "photon_rate": mean_estimate(rate, "1/ns"),
            "quantum_yield": jackknife_estimate(_ratio(halves, events), run.replicas, "1", (0.0, math.inf)),
            "turns_per_photon": jackknife_estimate(_ratio(moved, events), run.replicas, "turn"),
        }
    if isinstance(drive, ChemicalFuel):
        production = rate * drive.chemical_potential / thermal_energy(run.spec.protocol.temperature)
        velocity = velocities(series.coordinate, series.time_ps, unit_size)
        spread = diffusions(series.coordinate, series.time_ps, unit_size)

        def uncertainty(chosen: NDArray[np.intp]) -> float:
            mean = float(np.mean(velocity[chosen]))
            product = float(np.mean(spread[chosen]) * np.mean(production[chosen]))
            return product / mean**2 if mean else math.nan

        return {
            "fuel_rate": mean_estimate(rate, "1/ns"),
            "chemical_power": mean_estimate(rate * drive.chemical_potential, "kJ/mol/ns"),
            f"{unit}s_per_fuel": jackknife_estimate(_ratio(moved, events), run.replicas, unit),
            "uncertainty_ratio": jackknife_estimate(uncertainty, run.replicas, "1", (0.0, math.inf)),
        }
    if isinstance(drive, StationSwitch | Flashing):
        return {"switching_rate": mean_estimate(rate, "1/ns")}
    return {}


def _ratio(above: Floats, below: Floats) -> Callable[[NDArray[np.intp]], float]:
    """Ratio of the sums over chosen replicas; undefined where the sum below is zero."""

    def ratio(chosen: NDArray[np.intp]) -> float:
        total = float(below[chosen].sum())
        return float(above[chosen].sum()) / total if total else math.nan

    return ratio
