"""How a machine follows a periodic drive."""

from __future__ import annotations

import math

import numpy as np

from molmach import drives
from molmach.building import Scale
from molmach.data import Run
from molmach.data.observed import Known, Observed
from molmach.data.quantity import CLOSED, OBJECTIVES_ALONE, Need, Quantity
from molmach.data.statistics import Estimate, Floats
from molmach.drives import DriveModel
from molmach.scoring.rotation import velocities
from molmach.theory import SYNCHRONOUS_LAG
from molmach.units import TURN, thermal_energy

BREAK_OFF_LAG = 1.0 - 1.0 / math.e
"""Vacek and Michl's random regimes have a lag "a ~ 1"; here that is one of more than this: a rotor that
follows less than 1/e of the drive's turns. A number is needed, or every rotor would be asynchronous that is
watched for long enough, for only without a field is the lag exactly one."""


def turn_of(scale: Scale, model: DriveModel) -> float | None:
    """The coordinate's change that is one turn of the drive, in the coordinate's own unit.

    A drive that has a sense of rotation makes full turns of 2 pi, and so does a coordinate that follows it,
    whatever its period; what is followed else is a period of the drive by a period of the coordinate.

    Returns
    -------
    float or None
        None where drive or coordinate has no period, and under a drive that has a sense of rotation where the
        coordinate is no angle in rad whose period is a whole part of 2 pi.
    """
    if model.frequency is None or scale.period is None:
        return None
    if not model.turns_with:
        return scale.period
    parts = TURN / scale.period
    whole = round(parts)
    return TURN if scale.own_unit == "rad" and whole >= 1 and math.isclose(parts, whole) else None


def _followed(known: Known) -> bool:
    return known.drive is not None and turn_of(known.scale, drives.model(known.drive)) is not None


_PERIODIC = Need(f"{CLOSED.words}, under a periodic drive", _followed)

FOLLOWED_SHARE = Quantity(
    "followed", "one less the lag per turn", "turn/turn", needs=OBJECTIVES_ALONE, asks=_PERIODIC
)
FOLLOWED = (
    Quantity(
        "lag_per_turn",
        "one less the net turns to a period of the drive: 0 follows every turn, 1 makes no headway, and "
        "what turns against a drive that has a sense lags by more than 1",
        "turn/turn",
        needs=_PERIODIC,
    ),
    FOLLOWED_SHARE,
)


def lag_samples(observed: Observed) -> dict[str, Floats]:
    """``lag_per_turn`` and ``followed`` of each replica, turns (:func:`turn_of`) to a period of the drive."""
    run, motion = observed.run, observed.motion
    if run is None:
        return {}
    model = drives.model(run.drive)
    turn = turn_of(motion.scale, model)
    return {} if turn is None else lags(velocities(motion.coordinate, motion.time_ps, turn), model)


def lags(turns: Floats, model: DriveModel) -> dict[str, Floats]:
    """The same from velocities; nothing for a drive without a period.

    Against a drive without a sense of rotation, whatever way the replicas turn in the mean is forward.

    Parameters
    ----------
    turns
        (n_replicas,) velocities, turns as :func:`turn_of` says per ns.
    model
        Of the drive.
    """
    frequency = model.frequency
    if frequency is None:
        return {}
    sense = 1.0 if model.turns_with else math.copysign(1.0, float(np.mean(turns)) * frequency)
    followed = sense * turns / frequency
    return {"lag_per_turn": 1.0 - followed, "followed": followed}


def regime_of(run: Run, lag: Estimate | None) -> str | None:
    """Vacek & Michl's regime of a rotor, by its lag; None for drives that these regimes say nothing of."""
    model = drives.model(run.drive)
    energy = model.dipole_energy(float(np.linalg.norm(run.assembly.rotor_dipole_debye)))
    if lag is None or energy is None or not model.has_regimes:
        return None
    return driven_regime(lag, energy, thermal_energy(run.spec.protocol.temperature))


def driven_regime(lag: Estimate, dipole_energy: float, thermal_energy: float) -> str:
    """Vacek & Michl's regimes: synchronous, asynchronous, random driven, random thermal.

    A rotor that can't be told from one that makes no headway (the lag's interval holds 1) is random.

    Parameters
    ----------
    lag
        Average lag per turn.
    dipole_energy
        Across-axle dipole times field, kJ/mol.
    thermal_energy
        k_B T, kJ/mol.
    """
    if lag.value < SYNCHRONOUS_LAG:
        return "synchronous"
    if lag.value < BREAK_OFF_LAG and lag.ci95[1] < 1.0:
        return "asynchronous"
    return "random driven" if dipole_energy > thermal_energy else "random thermal"
