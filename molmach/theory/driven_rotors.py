"""Many hindered rotors in a field that follows cosine and sine: velocities by Langevin dynamics."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, wraps
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_LARGEST_TURN = 0.1
"""A step is no longer than this over the quickest frequency, rad: the middle scheme's error is its square."""


@dataclass(frozen=True, eq=False)
class DrivenRotors:
    """n rotors, each I phi'' = -g I phi' - U'(phi) + F + mu x E(t) + noise.

    Attributes
    ----------
    moment_of_inertia
        (n,) I, u nm^2.
    dipole
        (n, 2) mu in the frame of the rotor, that is along x and y at phi = 0, e nm.
    torque_table
        (n, m) hindering torque -U'(phi) at m equidistant angles from zero, kJ/mol.
    start
        (n, k) equally likely angles at the start, rad.
    cosine, sine
        (2,) field across the axle, E(t) = cosine cos(w t) + sine sin(w t), kJ/(mol e nm).
    angular_frequency
        w, rad/ps.
    torque
        F, kJ/mol.
    friction_per_ps
        (n,) g, 1/ps.
    thermal_energy
        k_B T, kJ/mol.
    """

    moment_of_inertia: Floats
    dipole: Floats
    torque_table: Floats
    start: Floats
    cosine: Floats
    sine: Floats
    angular_frequency: float
    torque: float
    friction_per_ps: Floats
    thermal_energy: float

    @property
    def longest_step_ps(self) -> float:
        """A time step that is short against the field's period, friction, and the quickest libration."""
        field = float(np.hypot(np.hypot(*self.cosine), np.hypot(*self.sine)))
        points = self.torque_table.shape[1]
        slope = np.abs(np.diff(self.torque_table, axis=1, append=self.torque_table[:, :1])).max(axis=1)
        stiffness = slope * points / (2.0 * math.pi) + np.hypot(*self.dipole.T) * field
        quickest = math.sqrt(float((stiffness / self.moment_of_inertia).max()))
        rate = max(quickest, abs(self.angular_frequency), float(self.friction_per_ps.max()))
        return _LARGEST_TURN / rate


def driven_velocities(
    rotors: DrivenRotors, replicas: int, equilibration_ps: float, duration_ps: float, seed: int
) -> Floats:
    """(n, replicas) turning of each replica over the measured time, rad/ps.

    The Langevin middle scheme of :func:`molmach.theory.simulate`, with the hindering torque between its
    stored angles by linear interpolation.

    Parameters
    ----------
    rotors
        What is simulated.
    replicas
        Of each rotor.
    equilibration_ps, duration_ps
        Driven time before what is measured, and the measured time; rounded to whole steps.
    seed
        Of starts and noise; the same seed gives the same numbers.
    """
    step = rotors.longest_step_ps
    before, steps = math.ceil(equilibration_ps / step), math.ceil(duration_ps / step)
    rng = np.random.default_rng(seed)
    picked = rng.integers(rotors.start.shape[1], size=replicas)
    turned = _turned(
        rotors.moment_of_inertia,
        np.ascontiguousarray(rotors.dipole),
        np.ascontiguousarray(rotors.torque_table),
        np.ascontiguousarray(rotors.start[:, picked]),
        np.array([*rotors.cosine, *rotors.sine, rotors.angular_frequency, rotors.torque]),
        rotors.friction_per_ps,
        rotors.thermal_energy,
        step,
        before,
        steps,
        int(rng.integers(2**31)),
    )
    return np.asarray(turned / (steps * step))


def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that numba compiles when it is first called; until then numba is not imported."""

    @cache
    def jitted() -> Callable[..., Any]:
        import numba

        return cast("Callable[..., Any]", numba.njit(cache=True, error_model="numpy")(function))

    @wraps(function)
    def called(*arguments: Any) -> Any:
        return jitted()(*arguments)

    return called


@_compiled
def _turned(
    inertia: Floats,
    dipole: Floats,
    table: Floats,
    start: Floats,
    field: Floats,
    friction: Floats,
    kT: float,
    dt: float,
    before: int,
    steps: int,
    seed: int,
) -> Floats:
    """(n, replicas) angle gained in the measured steps, rad; ``field`` is (cosine, sine, w, torque)."""
    n, points = table.shape
    replicas = start.shape[1]
    turned = np.empty((n, replicas))
    scale = points / (2.0 * math.pi)
    ex, ey = np.empty(before + steps), np.empty(before + steps)
    for k in range(before + steps):
        c, s = math.cos(field[4] * k * dt), math.sin(field[4] * k * dt)
        ex[k], ey[k] = field[0] * c + field[2] * s, field[1] * c + field[3] * s
    np.random.seed(seed)  # numba's own state, which no other code draws on  # noqa: NPY002
    for i in range(n):
        decay = math.exp(-friction[i] * dt)
        spread = math.sqrt(1.0 - decay * decay)
        sigma = math.sqrt(kT / inertia[i])
        kick = dt / inertia[i]
        mx, my = dipole[i, 0], dipole[i, 1]
        for r in range(replicas):
            phi, v, origin = start[i, r], sigma * np.random.standard_normal(), 0.0  # noqa: NPY002
            for k in range(before + steps):
                if k == before:
                    origin = phi
                x = phi * scale
                low = math.floor(x)
                share = x - low
                at = int(low) % points
                hindering = table[i, at] + share * (table[i, (at + 1) % points] - table[i, at])
                c, s = math.cos(phi), math.sin(phi)
                along, across = mx * c - my * s, mx * s + my * c
                v += kick * (hindering + field[5] + along * ey[k] - across * ex[k])
                phi += 0.5 * dt * v
                v = decay * v + sigma * spread * np.random.standard_normal()  # noqa: NPY002
                phi += 0.5 * dt * v
            turned[i, r] = phi - origin
    return turned
