"""How a rotor follows a periodic drive."""

from __future__ import annotations

import math

from molmach.scoring.statistics import Estimate

SYNCHRONOUS_LAG = 1.0 / math.e
"""Vacek & Michl, PNAS 98, 5481 (2001): a rotor that lags less than this per turn is synchronous."""

BREAK_OFF_LAG = 1.0 - 1.0 / math.e
"""Their random regimes have a lag "a ~ 1"; here that is one of more than this: a rotor that follows less
than 1/e of the drive's turns. A number is needed, or every rotor would be asynchronous that is watched
for long enough, for only without a field is the lag exactly one."""


def lag_per_turn(velocity: Estimate, frequency_GHz: float) -> Estimate:
    """Average lag per turn of the field, in turns: 0 follows every turn, 1 makes no headway.

    A rotor that turns against the field has a lag above one. For an alternating field, which has
    no sense, pass the frequency with the velocity's sign.
    """
    low, high = sorted(1.0 - bound / frequency_GHz for bound in velocity.ci95)
    return Estimate(1.0 - velocity.value / frequency_GHz, (low, high), "turn/turn")


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
