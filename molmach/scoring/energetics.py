"""Quantities of a run's energies and events: what a machine is given, what it gives, and what that costs."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from molmach import drives
from molmach.data import Run
from molmach.data.events import UNCERTAINTY_RATIO, without_entropy
from molmach.data.observed import Observed
from molmach.data.quantity import (
    A_LOAD,
    A_RUN,
    A_TURNING_RUN,
    CLOSED,
    NOT_NEGATIVE,
    OBJECTIVES_ALONE,
    Need,
    Quantity,
    ratio,
)
from molmach.data.statistics import Estimate, Floats, mean_estimate
from molmach.units import thermal_energy

BALANCE_TOLERANCE = 0.02
"""Energy books that miss by more than this share of the energy through them are reported."""


def energy_samples(observed: Observed) -> dict[str, Floats]:
    """Rates of work, heat, load, entropy and events of each replica, its temperature, and its books.

    ``work_rate``, ``heat_rate``, ``load_power``, ``event_power`` (what the drive's events spend) and
    ``input_power`` (:func:`input_powers`) in kJ/mol/ns, ``entropy_rate`` in k_B/ns, ``event_rate`` in 1/ns,
    ``temperature`` in K; and for :data:`ENERGY_BALANCE` ``missing``, ``through_work``, ``through_heat``,
    ``through_events`` in kJ/mol.
    """
    run = observed.run
    if run is None:
        return {}
    series, spent = run.series, drives.model(run.drive).spent_per_event
    given = input_powers(observed, run)
    heat, work = series.heat[:, -1], series.drive_work[:, -1] + series.load_work[:, -1]
    return {
        "work_rate": observed.rate(series.drive_work),
        "heat_rate": observed.rate(series.heat),
        "load_power": -observed.rate(series.load_work),
        "input_power": given,
        "entropy_rate": entropy_rates(observed, run, given),
        "event_rate": observed.rate(series.events),
        "event_power": observed.rate(series.events) * spent,
        "temperature": series.temperature,
        "missing": work - heat - series.energy_change,
        "through_work": work,
        "through_heat": heat,
        "through_events": spent * series.events[:, -1],
    }


def input_powers(observed: Observed, run: Run) -> Floats:
    """(n_replicas,) power that the drive gives the machine, kJ/mol/ns.

    What its events spend, and its work; but not the work of terms whose switches are in touch with baths, for
    that is paid out of the events (fuel), or out of the baths where the events spend nothing.
    """
    model = drives.model(run.drive)
    spent = observed.rate(model.spent_per_event * run.series.events)
    if model.events is not None:
        kT = thermal_energy(run.spec.protocol.temperature)
        if drives.terms(run.drive, run.assembly, kT).thermal_switches:
            return spent
    return spent + observed.rate(run.series.drive_work)


def entropy_rates(observed: Observed, run: Run, input_power: Floats) -> Floats:
    """(n_replicas,) entropy production of the steady state, k_B/ns: the drive's power and the load's over T.

    What is given and not stored becomes heat, of the machine's bath and of those of the switches. It holds
    no leak of the integrator, as the measured heat does.
    """
    kT = thermal_energy(run.spec.protocol.temperature)
    return np.asarray((input_power + observed.rate(run.series.load_work)) / kT)


def _efficiency(load_power: Floats, input_power: Floats) -> Floats:
    return ratio(load_power, np.where(input_power > 0.0, input_power, math.nan))


def _no_engine(load_power: Floats, input_power: Floats) -> str:
    """Why a machine under a load has no efficiency."""
    if mean_estimate(load_power).ci95[1] < 0.0:
        power = -float(np.mean(load_power))
        return f"the load drives the machine, with {power:.3g} kJ/mol/ns; no work is done against it"
    if not np.any(input_power):
        return "the drive spends nothing"
    if mean_estimate(input_power).ci95[0] <= 0.0:
        return "what the drive gives can't be told from zero"
    return ""


def _precision(diffusion: Floats, entropy_rate: Floats, velocity: Floats) -> Floats:
    return ratio(velocity**2, diffusion * np.where(entropy_rate > 0.0, entropy_rate, math.nan))


def _missing_share(missing: Floats, work: Floats, heat: Floats, events: Floats) -> Floats:
    return ratio(missing, np.max(np.abs([work, heat, events]), axis=0))


_POWER = "kJ/mol/ns"
ENERGETICS = (
    Quantity("work_rate", "work of the drive on the machine per time", _POWER, needs=A_RUN),
    Quantity("dissipation", "heat given to the bath per time", _POWER, ("heat_rate",), needs=A_RUN),
    Quantity("temperature", "mean kinetic temperature", "K", needs=A_RUN),
    Quantity("load_power", "work against the load per time", _POWER, needs=A_LOAD),
    Quantity(
        "efficiency",
        "load_power over what the drive gives, its work or the free energy that its events spend; not "
        "defined where the load drives the machine",
        "1", ("load_power", "input_power"), _efficiency, (-math.inf, 1.0), needs=A_LOAD, undefined=_no_engine,
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
_TURNING_EVENTS = Need(
    f"{_EVENTS.words}, and {CLOSED.words}", lambda known: _EVENTS.met(known) and CLOSED.met(known)
)
COMPARED = (
    Quantity(
        "event_rate", "events of the drive per time: photons, fuel, throws of a switch", "1/ns",
        needs=OBJECTIVES_ALONE, asks=_EVENTS,
    ),
    Quantity(
        "turns_per_event", "net motion to an event of the drive", "{unit}",
        ("velocity", "event_rate"), ratio, needs=OBJECTIVES_ALONE, asks=_TURNING_EVENTS,
    ),
    UNCERTAINTY_RATIO,
    Quantity(
        "precision", "v^2 k_B / D s, the inverse of the uncertainty ratio", "1",
        UNCERTAINTY_RATIO.of, _precision, NOT_NEGATIVE, needs=OBJECTIVES_ALONE, asks=A_TURNING_RUN,
        undefined=without_entropy,
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


def balance_warnings(balance: Estimate | None, run: Run) -> tuple[str, ...]:
    """That the books miss, where they do, and what of this machine would mend them.

    What a step leaks falls at least with the step's square.
    """
    if balance is None or not misses(balance):
        return ()
    protocol = run.spec.protocol
    shorter = protocol.timestep * math.sqrt(BALANCE_TOLERANCE / abs(balance.value))
    remedy = f"a protocol.timestep of {1e3 * shorter:.2g} fs"
    hydrogens = any(atom.GetAtomicNum() == 1 for atom in run.assembly.molecule.GetAtoms())
    if hydrogens and protocol.constraints == "none":
        remedy += ", or protocol.constraints: h-bonds,"
    return (
        f"the energy books miss by {100 * abs(balance.value):.1f} % of the energy through them: the "
        f"integrator leaks, and of the dissipation {-_leak(run):.3g} kJ/mol/ns are no heat of the machine's; "
        f"{remedy} "
        f"brings that below {100 * BALANCE_TOLERANCE:g} %",
    )


def _leak(run: Run) -> float:
    """Work less heat less change of internal energy, per time, kJ/mol/ns."""
    samples = energy_samples(Observed.of(run))
    return float(np.mean(samples["missing"])) / Observed.of(run).duration_ns
