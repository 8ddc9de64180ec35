"""Up to which frequency a rotor follows a field that turns, and how long its velocity takes to be told."""

from __future__ import annotations

import math

from molmach.theory.adler import critical_dipole_energy
from molmach.theory.inertial import inertial_rotating_field_velocity

SYNCHRONOUS_LAG = 1.0 / math.e
"""Vacek & Michl, PNAS 98, 5481 (2001): a rotor that lags less than this per turn is synchronous."""

_HALVINGS = 12
_COLD = 20.0


def highest_followed_frequency(
    thermal_energy: float,
    friction_per_ps: float,
    moment_of_inertia: float,
    dipole_energy: float,
    lag: float = SYNCHRONOUS_LAG,
) -> float:
    """Angular frequency, rad/ps, above which a free rotor lags behind a rotating field by more per turn.

    Where mu E is more than 20 k_B T, heat matters no more, and it is where the drag g I w is mu E
    (:func:`~molmach.theory.adler_velocity`). Below that it is found by halving between 0 and where the
    drag is three times mu E, on the exact :func:`~molmach.theory.inertial_rotating_field_velocity`, to a
    few parts in ten thousand of that.

    Parameters
    ----------
    thermal_energy
        k_B T, kJ/mol.
    friction_per_ps, moment_of_inertia
        g (1/ps) and I (u nm^2).
    dipole_energy
        mu E, kJ/mol.
    lag
        One less the net turns to a turn of the field.

    Returns
    -------
    angular_frequency
        Zero where heat shakes the dipole out of the field at any frequency; nan where the exact velocity is
        not known, with friction far weaker than sqrt(kT/I).

    Examples
    --------
    With little heat it follows up to g I w = mu E:

        >>> highest_followed_frequency(1.0, 2.0, 3.0, 60.0)
        10.0
    """
    locking = dipole_energy / critical_dipole_energy(1.0, friction_per_ps, moment_of_inertia)
    if locking == 0.0 or dipole_energy > _COLD * thermal_energy:
        return locking
    low, high = 0.0, 3.0 * locking
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        velocity = inertial_rotating_field_velocity(
            middle, thermal_energy, friction_per_ps, moment_of_inertia, dipole_energy
        )
        if math.isnan(velocity):
            return math.nan
        low, high = (middle, high) if velocity >= (1.0 - lag) * middle else (low, middle)
    return low


def duration_to_resolve(velocity: float, diffusion: float, replicas: int, relative_error: float) -> float:
    """Time for which each of several replicas has to run until the mean velocity is known this well.

    The mean of v over R replicas for a time t has the standard error sqrt(2 D / (R t)), so that it is a share
    e of v after t = 2 D / (R e^2 v^2).

    Parameters
    ----------
    velocity, diffusion
        v and D in units of one length (or angle) and time.
    replicas
        R.
    relative_error
        e.

    >>> duration_to_resolve(velocity=0.5, diffusion=1.0, replicas=8, relative_error=0.1)
    100.0
    """
    return 2.0 * diffusion / (replicas * (relative_error * velocity) ** 2)
