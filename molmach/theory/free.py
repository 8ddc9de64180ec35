"""A free rigid rotor in a Langevin bath."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def rotational_diffusion(thermal_energy: float, friction_per_ps: float, moment_of_inertia: float) -> float:
    """D = k_B T / (g I), rad^2/ps: growth of the angle's variance at long times is 2 D.

    >>> rotational_diffusion(thermal_energy=2.5, friction_per_ps=2.0, moment_of_inertia=5.0)
    0.25
    """
    return thermal_energy / (friction_per_ps * moment_of_inertia)


def free_mean_square_angle(
    time_ps: ArrayLike, thermal_energy: float, friction_per_ps: float, moment_of_inertia: float
) -> NDArray[np.float64]:
    """<(phi(t) - phi(0))^2> = 2 D [t - (1 - exp(-g t)) / g], rad^2, inertia included.

    Uhlenbeck & Ornstein, Phys. Rev. 36, 823 (1930).
    """
    t = np.asarray(time_ps, dtype=np.float64)
    diffusion = rotational_diffusion(thermal_energy, friction_per_ps, moment_of_inertia)
    ballistic = -np.expm1(-friction_per_ps * t) / friction_per_ps
    return np.asarray(2.0 * diffusion * (t - ballistic))
