"""Overdamped motion on a tilted periodic potential: exact velocity and diffusion."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Potential = Callable[[NDArray[np.float64]], NDArray[np.float64]]

_GRID = 512


def stratonovich_velocity(
    potential: Potential,
    torque: float,
    thermal_energy: float,
    diffusion: float,
    period: float = 2.0 * math.pi,
) -> float:
    """Mean velocity <v>, rad/ps, on U(x) - F x: (1 - exp(-L F / kT)) / int_0^L dx/L I_+(x).

    I_+(x) = (1/D0) int_0^L dy exp{[V(x) - V(x - y)] / kT}, V = U - F x.
    Stratonovich, Radiotekhnika i elektronika 3, 497 (1958).

    Parameters
    ----------
    potential
        U(x), kJ/mol, vectorised, of period ``period``.
    torque
        F, kJ/mol.
    thermal_energy
        k_B T, kJ/mol.
    diffusion
        D0 = k_B T / (g I), rad^2/ps.
    period
        L, rad.
    """
    if torque < 0.0:
        return -stratonovich_velocity(lambda x: potential(-x), -torque, thermal_energy, diffusion, period)
    _, _, log_mean = _log_integrals(potential, torque, thermal_energy, diffusion, period)
    return float(-np.expm1(-period * torque / thermal_energy) * np.exp(-log_mean))


def effective_diffusion(
    potential: Potential,
    torque: float,
    thermal_energy: float,
    diffusion: float,
    period: float = 2.0 * math.pi,
) -> float:
    """Effective diffusion, rad^2/ps: D0 [int dx/L I_+^2 I_-] / [int dx/L I_+]^3.

    Reimann, Van den Broeck, Linke, Hanggi, Rubi & Perez-Madrid, Phys. Rev. Lett. 87, 010602 (2001);
    I_-(x) = (1/D0) int_0^L dy exp{[-V(x) + V(x + y)] / kT}. Parameters as
    :func:`stratonovich_velocity`'s.
    """
    if torque < 0.0:
        return effective_diffusion(lambda x: potential(-x), -torque, thermal_energy, diffusion, period)
    log_plus, log_minus, log_mean = _log_integrals(potential, torque, thermal_energy, diffusion, period)
    log_top = _log_mean_exp(2.0 * log_plus + log_minus)
    return float(diffusion * np.exp(log_top - 3.0 * log_mean))


def rotating_field_velocity(
    angular_frequency: float,
    thermal_energy: float,
    friction_per_ps: float,
    moment_of_inertia: float,
    dipole_energy: float,
) -> float:
    """Mean velocity <phi'>, rad/ps, of an overdamped dipole in a rotating field at temperature T.

    In the frame that turns with the field, psi = phi - w t sees the potential -mu E cos psi and the
    constant torque -g I w; its drift is added to w.
    """
    drag = friction_per_ps * moment_of_inertia
    slip = stratonovich_velocity(
        lambda psi: -dipole_energy * np.cos(psi),
        -drag * angular_frequency,
        thermal_energy,
        thermal_energy / drag,
    )
    return angular_frequency + slip


def _log_integrals(
    potential: Potential, torque: float, thermal_energy: float, diffusion: float, period: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Logarithms of I_+(x), I_-(x) on the grid and of the mean of I_+ over a period.

    Each integrand is periodic but for the factor exp(-F y / kT), which is integrated exactly over
    every grid cell with the periodic part linear in it: no overflow and second-order accurate in
    the cell, refined by Richardson's step to fourth order.
    """
    coarse = _integrals_on(potential, torque, thermal_energy, diffusion, period, _GRID // 2)
    fine = _integrals_on(potential, torque, thermal_energy, diffusion, period, _GRID)
    log_plus, log_minus = (
        # Richardson's (4 f - c) / 3, as a factor on f; where the grid is too coarse for it to be a
        # small correction, f stands.
        f + np.log1p(np.clip((1.0 - np.exp(c - f)) / 3.0, -0.3, 0.3))
        for f, c in zip((fine[0][::2], fine[1][::2]), coarse, strict=True)
    )
    return log_plus, log_minus, _log_mean_exp(log_plus)


def _integrals_on(
    potential: Potential, torque: float, thermal_energy: float, diffusion: float, period: float, grid: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x = np.arange(grid) * (period / grid)
    u = np.asarray(potential(x), dtype=np.float64) / thermal_energy
    offsets = np.arange(grid + 1)
    weights = _cell_weights(torque / thermal_energy, period / grid, grid)
    with np.errstate(divide="ignore"):
        log_weights = np.log(weights)
    behind = u[(np.arange(grid)[:, None] - offsets) % grid]
    ahead = u[(np.arange(grid)[:, None] + offsets) % grid]
    log_plus = _log_sum_exp(u[:, None] - behind + log_weights) - math.log(diffusion)
    log_minus = _log_sum_exp(-u[:, None] + ahead + log_weights) - math.log(diffusion)
    return log_plus, log_minus


def _cell_weights(force: float, h: float, grid: int) -> NDArray[np.float64]:
    """Weights w_j with sum_j w_j g(j h) = int_0^L exp(-force y) g(y) dy for g linear in each cell."""
    a = force * h
    if a < 1e-4:  # series of the two cell integrals below, to a^3
        first = h * (0.5 - a / 6.0 + a * a / 24.0 - a**3 / 120.0)
        second = h * (0.5 - a / 3.0 + a * a / 8.0 - a**3 / 30.0)
    else:
        decay = math.exp(-a)
        first = h * (a - 1.0 + decay) / (a * a)
        second = h * (1.0 - decay - a * decay) / (a * a)
    weights = np.zeros(grid + 1)
    start = np.exp(-a * np.arange(grid))
    weights[:-1] += first * start
    weights[1:] += second * start
    return weights


def _log_sum_exp(values: NDArray[np.float64]) -> NDArray[np.float64]:
    top = values.max(axis=-1, keepdims=True)
    return np.asarray((top + np.log(np.exp(values - top).sum(axis=-1, keepdims=True)))[..., 0])


def _log_mean_exp(values: NDArray[np.float64]) -> float:
    return float(_log_sum_exp(values[None, :])[0] - math.log(values.size))
