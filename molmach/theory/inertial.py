"""A dipole with inertia in a rotating field at temperature T: its exact mean velocity."""

from __future__ import annotations

import math

import numpy as np
import scipy
from numpy.typing import NDArray

_FEWEST, _MOST = 16, 1024
_CONVERGED = 1e-6


def inertial_rotating_field_velocity(
    angular_frequency: float,
    thermal_energy: float,
    friction_per_ps: float,
    moment_of_inertia: float,
    dipole_energy: float,
) -> float:
    """Mean velocity <phi'>, rad/ps, of the rotor I phi'' = -g I phi' + mu E sin(w t - phi) + noise.

    The stationary Klein-Kramers equation in the frame of the field, psi = phi - w t, expanded in Hermite
    functions of the velocity phi' and in exp(i p psi): with c_n the vector of the n-th function's Fourier
    coefficients, v = sqrt(kT/I) and D the derivative,

        0 = -n g c_n + w D c_n - sqrt(n+1) v D c_{n+1} - sqrt(n) (v D + mu E sin(psi)/(I v)) c_{n-1},

    Brinkman's hierarchy (Risken, The Fokker-Planck Equation, 2nd ed., chapters 10.3 and 11.5), and
    <phi'> = v c_1^0 / c_0^0. As many functions are taken as the result needs to settle. For
    strong friction it becomes :func:`molmach.theory.rotating_field_velocity`.

    Parameters
    ----------
    angular_frequency
        w of the field, rad/ps.
    thermal_energy
        k_B T, kJ/mol.
    friction_per_ps, moment_of_inertia
        g (1/ps) and I (u nm^2).
    dipole_energy
        mu E, kJ/mol.

    Returns
    -------
    velocity
        nan where 1024 functions are not enough: friction far weaker than sqrt(kT/I), or a field far
        quicker.
    """
    thermal = math.sqrt(thermal_energy / moment_of_inertia)
    w, g = angular_frequency / thermal, friction_per_ps / thermal
    reduced = dipole_energy / thermal_energy
    orders = np.arange(-_harmonics(reduced), _harmonics(reduced) + 1)
    previous, count = math.nan, _FEWEST
    while count <= _MOST:
        velocity = _reduced_velocity(w, g, reduced, orders, count)
        if abs(velocity - previous) <= _CONVERGED * max(abs(w), 1e-12):
            return float(velocity * thermal)
        previous, count = velocity, 2 * count
    return math.nan


def _harmonics(reduced: float) -> int:
    """Fourier terms on either side: many times the width of the Boltzmann factor's spectrum."""
    return 10 + math.ceil(6.0 * math.sqrt(abs(reduced)) + 0.5 * abs(reduced))


def _reduced_velocity(w: float, g: float, reduced: float, orders: NDArray[np.int_], count: int) -> float:
    """Mean velocity in units of sqrt(kT/I), with ``count`` Hermite functions; g and w in the same unit."""
    derivative = scipy.sparse.diags_array(1j * orders)
    one = np.full(orders.size - 1, 1.0 / 2j)
    lowering = derivative + reduced * (
        scipy.sparse.diags_array(one, offsets=-1) - scipy.sparse.diags_array(one, offsets=1)
    )
    n = np.arange(count)
    root = np.sqrt(n[1:])
    equations = (
        scipy.sparse.kron(scipy.sparse.diags_array(g * n), scipy.sparse.eye_array(orders.size))
        - w * scipy.sparse.kron(scipy.sparse.eye_array(count), derivative)
        + scipy.sparse.kron(scipy.sparse.diags_array(root, offsets=1), derivative)
        + scipy.sparse.kron(scipy.sparse.diags_array(root, offsets=-1), lowering)
    ).tolil()
    middle = orders.size // 2
    equations[middle] = 0.0  # of n = 0, p = 0: nothing stands there, and the norm takes its place
    equations[middle, middle] = 1.0
    right = np.zeros(count * orders.size, dtype=complex)
    right[middle] = 1.0
    solved = scipy.sparse.linalg.spsolve(equations.tocsc(), right)
    return float(solved[orders.size + middle].real)
