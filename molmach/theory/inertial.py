"""A rotor with inertia at temperature T in a rotating field, or under a torque: its exact mean velocity."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

Complex = NDArray[np.complex128]

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
    reduced = dipole_energy / thermal_energy
    orders = np.arange(-_harmonics(reduced), _harmonics(reduced) + 1)
    one = np.full(orders.size - 1, -0.5j * reduced)
    pull = np.diag(one, -1) - np.diag(one, 1)
    settled = _settled(angular_frequency / thermal, friction_per_ps / thermal, pull, orders)
    return settled * thermal


def inertial_tilted_velocity(
    torque: ArrayLike, thermal_energy: float, friction_per_ps: float, moment_of_inertia: float
) -> float:
    """Mean velocity <phi'>, rad/ps, of the rotor I phi'' = -g I phi' + tau(phi) + noise: a steady torque.

    The stationary Klein-Kramers equation as in :func:`inertial_rotating_field_velocity`, with tau of any
    shape in place of the dipole's and no field that turns; that function is this one in the frame of the
    field. For strong friction it becomes :func:`molmach.theory.stratonovich_velocity`.

    Parameters
    ----------
    torque
        (m,) tau, kJ/mol, at m equidistant angles of a turn from zero, enough to hold its Fourier series.
    thermal_energy
        k_B T, kJ/mol.
    friction_per_ps, moment_of_inertia
        g (1/ps) and I (u nm^2).

    Returns
    -------
    velocity
        nan where 1024 Hermite functions are not enough: friction far weaker than sqrt(kT/I), or a torque that
        drives the rotor far beyond it.

    Examples
    --------
    Without hindrance it is the torque over the drag:

        >>> inertial_tilted_velocity(np.full(8, 3.0), 2.5, friction_per_ps=2.0, moment_of_inertia=3.0)
        0.5
    """
    thermal = math.sqrt(thermal_energy / moment_of_inertia)
    reduced = np.asarray(torque, dtype=np.float64) / thermal_energy
    series = np.fft.fft(reduced) / reduced.size
    highest = (reduced.size - 1) // 2
    potential = np.cumsum(reduced - reduced.mean()) * (2.0 * math.pi / reduced.size)
    count = _harmonics(float(np.ptp(potential))) + highest
    orders = np.arange(-count, count + 1)
    pull = np.zeros((orders.size, orders.size), dtype=np.complex128)
    for k in range(-highest, highest + 1):
        pull -= np.diag(np.full(orders.size - abs(k), series[k]), -k)
    return _settled(0.0, friction_per_ps / thermal, pull, orders) * thermal


def _settled(w: float, g: float, pull: Complex, orders: NDArray[np.int_]) -> float:
    """Mean velocity in units of sqrt(kT/I) with as many Hermite functions as it needs; nan where too many."""
    previous, count = math.nan, _FEWEST
    while count <= _MOST:
        velocity = _reduced_velocity(w, g, pull, orders, count)
        if abs(velocity - previous) <= _CONVERGED * max(abs(w), abs(velocity), 1e-12):
            return velocity
        previous, count = velocity, 2 * count
    return math.nan


def _harmonics(reduced: float) -> int:
    """Fourier terms on either side: many times the width of the Boltzmann factor's spectrum."""
    return 10 + math.ceil(6.0 * math.sqrt(abs(reduced)) + 0.5 * abs(reduced))


def _reduced_velocity(w: float, g: float, pull: Complex, orders: NDArray[np.int_], count: int) -> float:
    """Mean velocity in units of sqrt(kT/I), with ``count`` Hermite functions; g and w in the same unit.

    By matrix continued fractions (Risken, chapter 9.3): from the last function down, c_n = S_n c_{n-1} with
    S_n = -sqrt(n) [n g - w D + sqrt(n+1) D S_{n+1}]^-1 (D + tau-term); ``pull`` multiplies by -tau/kT in the
    space of Fourier coefficients.
    """
    derivative = 1j * orders
    lowering: Complex = np.diag(derivative) + pull
    size = orders.size
    ladder: Complex = np.zeros((size, size), dtype=np.complex128)
    for n in range(count - 1, 0, -1):
        inner = math.sqrt(n + 1.0) * derivative[:, None] * ladder
        inner[np.arange(size), np.arange(size)] += n * g - w * derivative
        ladder = np.asarray(np.linalg.solve(inner, -math.sqrt(n) * lowering))
    middle = size // 2
    rest = np.delete(np.arange(size), middle)
    flow = ladder - w * np.eye(size)
    first = np.zeros(size, dtype=np.complex128)
    first[middle] = 1.0
    first[rest] = np.linalg.solve(flow[np.ix_(rest, rest)], -flow[rest, middle])
    return float((ladder[middle] @ first).real)
