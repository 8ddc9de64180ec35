"""A dipole in a rotating field, overdamped and without noise: Adler's equation."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def critical_dipole_energy(
    angular_frequency: float, friction_per_ps: float, moment_of_inertia: float
) -> float:
    """Smallest mu E (kJ/mol) that locks the rotor to the field: ``g I |w|``.

    >>> critical_dipole_energy(angular_frequency=-0.5, friction_per_ps=2.0, moment_of_inertia=3.0)
    3.0
    >>> adler_velocity([0.4, 0.5, 1.3], friction_per_ps=2.0, moment_of_inertia=3.0, dipole_energy=3.0)
    array([0.4, 0.5, 0.1])
    """
    return friction_per_ps * moment_of_inertia * abs(angular_frequency)


def adler_velocity(
    angular_frequency: ArrayLike, friction_per_ps: float, moment_of_inertia: float, dipole_energy: float
) -> NDArray[np.float64]:
    """Mean velocity <phi'>, rad/ps: w when locked, else w - sgn(w) sqrt(w^2 - (mu E / g I)^2).

    Adler, Proc. IRE 34, 351 (1946), applied to g I phi' = mu E sin(w t - phi).

    Parameters
    ----------
    angular_frequency
        w of the field, rad/ps.
    friction_per_ps, moment_of_inertia
        g (1/ps) and I (u nm^2).
    dipole_energy
        mu E, kJ/mol.
    """
    w = np.asarray(angular_frequency, dtype=np.float64)
    locking = dipole_energy / (friction_per_ps * moment_of_inertia)
    slip = np.sqrt(np.maximum(w * w - locking * locking, 0.0))
    return np.asarray(w - np.sign(w) * slip)
