"""A rotor with inertia as one angle: I phi'' = -g I phi' + tau(phi, t) + noise."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Torque = Callable[[Floats, float], Floats]
"""Torque (kJ/mol) at angles (rad) and a time (ps)."""


@dataclass(frozen=True)
class Rotor1D:
    """Moment of inertia (u nm^2), friction (1/ps) and k_B T (kJ/mol)."""

    moment_of_inertia: float
    friction_per_ps: float
    thermal_energy: float


@dataclass(frozen=True, eq=False)
class Trajectory1D:
    """Sampled replicas.

    Attributes
    ----------
    time_ps
        (n_samples + 1,) times from zero.
    angle
        (n_replicas, n_samples + 1) unwrapped angle, rad.
    work
        (n_replicas, n_samples + 1) running work of the drive, kJ/mol.
    """

    time_ps: Floats
    angle: Floats
    work: Floats


def rotating_field_torque(
    dipole_energy: float, angular_frequency: float, dipole_angle: float = 0.0, phase: float = 0.0
) -> Torque:
    """mu E sin(w t + phase - phi - dipole_angle)."""

    def torque(phi: Floats, t: float) -> Floats:
        return dipole_energy * np.sin(angular_frequency * t + phase - phi - dipole_angle)

    return torque


def alternating_field_torque(
    dipole_energy: float,
    angular_frequency: float,
    dipole_angle: float = 0.0,
    field_angle: float = 0.0,
    phase: float = 0.0,
) -> Torque:
    """mu E cos(w t + phase) sin(field_angle - phi - dipole_angle): a field along a fixed line.

    With :func:`hindering_torque`, whose barriers are at zero, a dipole at +45 degrees turns backward;
    with the field across (``field_angle`` a quarter turn) or the minima at zero, forward.
    """

    def torque(phi: Floats, t: float) -> Floats:
        strength = dipole_energy * math.cos(angular_frequency * t + phase)
        return strength * np.sin(field_angle - phi - dipole_angle)

    return torque


def constant_torque(value: float) -> Torque:
    """The same torque everywhere and always."""

    def torque(phi: Floats, t: float) -> Floats:
        return np.full_like(phi, value)

    return torque


def hindering_torque(barrier: float, fold: int) -> Torque:
    """-dU/dphi of U = (barrier/2) cos(fold phi): ``fold`` barriers a turn, the first at zero."""

    def torque(phi: Floats, t: float) -> Floats:
        return 0.5 * barrier * fold * np.sin(fold * phi)

    return torque


def sum_torques(*torques: Torque) -> Torque:
    """The sum of torques."""

    def torque(phi: Floats, t: float) -> Floats:
        return np.asarray(sum(part(phi, t) for part in torques))

    return torque


def middle_scheme_speed(friction_per_ps: float, timestep_ps: float) -> float:
    """How many times too fast the Langevin middle scheme drifts and diffuses: x coth x, x = g dt / 2.

    Under a force F a step kicks the velocity by F dt/m and then damps it by e = exp(-g dt); in the steady
    state it is F dt/m / (1 - e) before and e times that after, and the step moves by the mean of the two:
    F dt/(2m) coth(g dt/2) for F/(m g). The noise is in balance with the damping, so the diffusion is too fast
    by the same factor (the exact variance is in ``tests/theory``). It is 1 + (g dt)^2 / 12 to second order.

    Parameters
    ----------
    friction_per_ps, timestep_ps
        g (1/ps) and dt (ps).

    Examples
    --------
        >>> middle_scheme_speed(500.0, 0.002)
        1.0820
        >>> middle_scheme_speed(2.0, 0.002) - 1.0 < 2e-6
        True
    """
    x = 0.5 * friction_per_ps * timestep_ps
    return x / math.tanh(x) if x > 0.0 else 1.0


def longest_middle_step(friction_per_ps: float, tolerance: float) -> float:
    """The time step, ps, at which :func:`middle_scheme_speed` is 1 + ``tolerance``.

    >>> middle_scheme_speed(500.0, longest_middle_step(500.0, 0.02))
    1.02
    """
    high = 2.0 * (1.0 + tolerance)
    reduced = scipy.optimize.brentq(lambda x: x / math.tanh(x) - 1.0 - tolerance, 1e-9, high)
    return 2.0 * float(reduced) / friction_per_ps


def simulate(
    rotor: Rotor1D,
    drive: Torque,
    *,
    potential: Torque | None = None,
    timestep_ps: float,
    steps: int,
    sample_every: int,
    replicas: int,
    rng: np.random.Generator,
    equilibration_steps: int = 0,
    start_angle: Floats | None = None,
) -> Trajectory1D:
    """Integrate replicas with the Langevin middle scheme, the molecular engine's own.

    Zhang et al., J. Phys. Chem. A 123, 6056 (2019). The drive's work is its torque, averaged over a
    step's two ends, times the step's turn.

    Parameters
    ----------
    rotor
        Its inertia and bath.
    drive
        Torque whose work is kept.
    potential
        A further torque, whose work is not.
    timestep_ps, steps, sample_every
        Step, number of measured steps, and how many lie between samples.
    replicas
        Number of independent replicas.
    rng
        Source of noise, start angles and velocities.
    equilibration_steps
        Steps before time zero of the result; the drive's own time runs through them.
    start_angle
        (replicas,) angles at the start, rad; uniform over a turn if not given.
    """
    if steps % sample_every:
        raise ValueError(f"steps is {steps}; expected a multiple of sample_every ({sample_every})")
    inertia, kT = rotor.moment_of_inertia, rotor.thermal_energy
    decay = math.exp(-rotor.friction_per_ps * timestep_ps)
    noise = math.sqrt(kT / inertia * (1.0 - decay * decay))
    half = 0.5 * timestep_ps
    phi = rng.uniform(-math.pi, math.pi, replicas) if start_angle is None else np.array(start_angle, float)
    v = rng.normal(0.0, math.sqrt(kT / inertia), replicas)
    work = np.zeros(replicas)
    samples = steps // sample_every
    angle_out, work_out = np.empty((replicas, samples + 1)), np.empty((replicas, samples + 1))
    driving = drive(phi, 0.0)
    for step in range(equilibration_steps + steps + 1):
        measured = step - equilibration_steps
        if measured >= 0 and measured % sample_every == 0:
            angle_out[:, measured // sample_every] = phi
            work_out[:, measured // sample_every] = work
        t = step * timestep_ps
        tau = driving if potential is None else driving + potential(phi, t)
        v = v + timestep_ps / inertia * tau
        before = phi
        phi = phi + half * v
        v = decay * v + noise * rng.standard_normal(replicas)
        phi = phi + half * v
        following = drive(phi, t + timestep_ps)
        work = work + 0.5 * (driving + following) * (phi - before)
        driving = following
    time_ps = np.arange(samples + 1) * sample_every * timestep_ps
    return Trajectory1D(np.asarray(time_ps, dtype=np.float64), angle_out, work_out - work_out[:, :1])


def mean_velocity_and_error(trajectory: Trajectory1D) -> tuple[float, float]:
    """Mean velocity over replicas and its standard error, rad/ps."""
    v = (trajectory.angle[:, -1] - trajectory.angle[:, 0]) / trajectory.time_ps[-1]
    return float(np.mean(v)), float(np.std(v, ddof=1) / math.sqrt(v.size))
