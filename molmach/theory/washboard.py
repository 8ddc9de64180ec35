"""Overdamped motion on a tilted periodic potential: exact velocity and diffusion."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

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

    Examples
    --------
    Without a potential the velocity is the torque over the drag, F D0 / kT; a barrier of 10 kT, that is
    25 kJ/mol, all but stops the motion.

        >>> free = stratonovich_velocity(np.zeros_like, torque=1.0, thermal_energy=2.5, diffusion=0.25)
        >>> free
        0.1
        >>> hindered = stratonovich_velocity(lambda x: 12.5 * np.cos(x), 1.0, 2.5, 0.25)
        >>> 0.0 < hindered < 1e-2 * free
        True
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
    """Effective diffusion, rad^2/ps: ``D0 [int dx/L I_+^2 I_-] / [int dx/L I_+]^3``.

    Reimann, Van den Broeck, Linke, Hanggi, Rubi & Perez-Madrid, Phys. Rev. Lett. 87, 010602 (2001);
    ``I_-(x) = (1/D0) int_0^L dy exp{[-V(x) + V(x + y)] / kT}``. Parameters as
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
    """Logarithms of I_+(x), I_-(x) on a grid of one period and of the mean of I_+ over it.

    Both are smooth and periodic in x, so that the mean over equidistant x converges spectrally. All
    terms of the integrals over y are positive and summed by their logarithms: no barrier overflows
    or cancels.
    """
    x = np.asarray(np.arange(_GRID)[:, None] * (period / _GRID), dtype=np.float64)
    y, weights = _panels(period)
    log_weights = np.log(weights) - torque * y / thermal_energy - math.log(diffusion)
    u = potential(x) / thermal_energy
    log_plus = _log_sum_exp(u - potential(x - y) / thermal_energy + log_weights)
    log_minus = _log_sum_exp(potential(x + y) / thermal_energy - u + log_weights)
    return log_plus, log_minus, _log_mean_exp(log_plus)


def _panels(period: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Gauss-Legendre nodes and weights on [0, period], 8 to a panel.

    64 equal panels, the first one halved towards zero ten times: there exp(-F y / kT) is steep when
    the torque is strong or the bath cold.
    """
    edges = np.concatenate([[0.0], 2.0 ** np.arange(-10.0, 1.0), np.arange(2.0, 65.0)]) * (period / 64.0)
    nodes, weights = np.polynomial.legendre.leggauss(8)
    half = 0.5 * np.diff(edges)[:, None]
    y = edges[:-1, None] + half * (1.0 + nodes)
    return np.asarray(y.ravel(), dtype=np.float64), np.asarray((half * weights).ravel(), dtype=np.float64)


def _log_sum_exp(values: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    top = values.max(axis=-1, keepdims=True)
    return np.asarray(
        (top + np.log(np.exp(values - top).sum(axis=-1, keepdims=True)))[..., 0], dtype=np.float64
    )


def _log_mean_exp(values: NDArray[np.floating[Any]]) -> float:
    return float(_log_sum_exp(values[None, :])[0] - math.log(values.size))
