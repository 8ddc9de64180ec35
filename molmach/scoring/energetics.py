"""Quantities of a run's energies and events: what a machine is given, what it gives, and what that costs."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from molmach import drives
from molmach.data import Run
from molmach.data.events import UNCERTAINTY_RATIO
from molmach.data.observed import Observed
from molmach.data.quantity import A_LOAD, A_RUN, NOT_NEGATIVE, OBJECTIVES_ALONE, Need, Quantity, ratio
from molmach.data.statistics import Estimate, Floats
from molmach.units import thermal_energy

BALANCE_TOLERANCE = 0.02
"""Energy books that miss by more than this share of the energy through them are reported."""


def energy_samples(observed: Observed) -> dict[str, Floats]:
    """Rates of work, heat, load, entropy and events of each replica, its temperature, and its books.

    ``work_rate``, ``heat_rate``, ``load_power`` and ``event_power`` (what the drive's events spend) in
    kJ/mol/ns, ``entropy_rate`` in k_B/ns, ``event_rate`` in 1/ns, ``temperature`` in K; and for
    :data:`ENERGY_BALANCE` ``missing``, ``through_work``, ``through_heat``, ``through_events`` in kJ/mol.
    """
    run = observed.run
    if run is None:
        return {}
    series, spent = run.series, drives.model(run.drive).spent_per_event
    heat, work = series.heat[:, -1], series.drive_work[:, -1] + series.load_work[:, -1]
    return {
        "work_rate": observed.rate(series.drive_work),
        "heat_rate": observed.rate(series.heat),
        "load_power": -observed.rate(series.load_work),
        "entropy_rate": entropy_rates(observed, run),
        "event_rate": observed.rate(series.events),
        "event_power": observed.rate(series.events) * spent,
        "temperature": series.temperature,
        "missing": work - heat - series.energy_change,
        "through_work": work,
        "through_heat": heat,
        "through_events": spent * series.events[:, -1],
    }


def entropy_rates(observed: Observed, run: Run) -> Floats:
    """(n_replicas,) entropy production in the steady state, k_B/ns.

    Where the drive spends free energy event by event: that, and the load's work, over T. The work of the
    drive's own switched terms is paid out of the events, so it does not count again. Under other drives:
    heat over T.
    """
    kT = thermal_energy(run.spec.protocol.temperature)
    spent = drives.model(run.drive).spent_per_event
    if spent == 0.0:
        return observed.rate(run.series.heat) / kT
    return observed.rate(spent * run.series.events + run.series.load_work) / kT


def _efficiency(load_power: Floats, work_rate: Floats) -> Floats:
    return ratio(load_power, np.where(work_rate > 0.0, work_rate, math.nan))


def _precision(diffusion: Floats, entropy_rate: Floats, velocity: Floats) -> Floats:
    return ratio(velocity**2, diffusion * entropy_rate)


def _missing_share(missing: Floats, work: Floats, heat: Floats, events: Floats) -> Floats:
    return ratio(missing, np.max(np.abs([work, heat, events]), axis=0))


_POWER = "kJ/mol/ns"
ENERGETICS = (
    Quantity("work_rate", "work of the drive on the machine per time", _POWER, needs=A_RUN),
    Quantity("dissipation", "heat given to the bath per time", _POWER, ("heat_rate",), needs=A_RUN),
    Quantity("temperature", "mean kinetic temperature", "K", needs=A_RUN),
    Quantity("load_power", "work against the load per time", _POWER, needs=A_LOAD),
    Quantity(
        "efficiency", "load_power over work_rate, where the drive does work", "1",
        ("load_power", "work_rate"), _efficiency, needs=A_LOAD,
    ),
)  # fmt: skip
"""In the order in which the score of a run has them."""

ENERGY_BALANCE = Quantity(
    "energy_balance",
    "(work - heat - change of internal energy) as a share of the energy through the books: the largest of "
    "work, heat and the free energy that events spend, for a fuelled motor does hardly any mechanical work",
    "1",
    ("missing", "through_work", "through_heat", "through_events"),
    _missing_share,
    needs=A_RUN,
)

_EVENTS = Need(
    "a drive that acts by events",
    lambda known: known.drive is not None and drives.model(known.drive).events is not None,
)
COMPARED = (
    Quantity(
        "event_rate", "events of the drive per time: photons, fuel, throws of a switch", "1/ns",
        needs=OBJECTIVES_ALONE, asks=_EVENTS,
    ),
    Quantity(
        "turns_per_event", "net motion to an event of the drive", "{unit}",
        ("velocity", "event_rate"), ratio, needs=OBJECTIVES_ALONE, asks=_EVENTS,
    ),
    UNCERTAINTY_RATIO,
    Quantity(
        "precision", "v^2 k_B / D s, the inverse of the uncertainty ratio", "1",
        UNCERTAINTY_RATIO.of, _precision, NOT_NEGATIVE, needs=OBJECTIVES_ALONE,
    ),
    ENERGY_BALANCE,
)  # fmt: skip
"""Known of every run, for objectives; a drive that throws events has them in scores under its own names."""


def energy_balance(run: Run) -> Estimate | None:
    """How well a run's energy books balance, :data:`ENERGY_BALANCE`; None where nothing does work."""
    return balance_of(energy_samples(Observed.of(run)))


def balance_of(samples: Mapping[str, Floats]) -> Estimate | None:
    """The same from what was taken of each replica, :func:`energy_samples`."""
    return ENERGY_BALANCE.estimate(samples) if np.any(samples["through_work"]) else None


def misses(balance: Estimate) -> bool:
    """Whether the books miss by more than tolerated, and by more than chance explains (1.5 intervals)."""
    half = 0.5 * (balance.ci95[1] - balance.ci95[0])
    return abs(balance.value) > max(BALANCE_TOLERANCE, 1.5 * half)
