"""Machines that carry a current, by exact or numerically exact one-dimensional motion.

Every function takes the length of a run in units of the machine's own time, a number of replicas, the number
of samples and a generator, and gives (replicas, samples) paths in cycles. ``still`` is the same machine with
its drive off.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from molmach import theory

Floats = NDArray[np.float64]


def synchronous(length: float, replicas: int, samples: int, rng: np.random.Generator) -> Floats:
    """Follows a field, one cycle in a unit of time, with a libration of 0.05 cycles."""
    time = np.linspace(0.0, length, samples)
    return rng.uniform(0.0, 1.0, (replicas, 1)) + time + 0.05 * rng.normal(size=(replicas, samples))


def diffusing(length: float, replicas: int, samples: int, rng: np.random.Generator, drift: float) -> Floats:
    """Drift of so many cycles, diffusion 1 cycle^2, in a unit of time: an asynchronous rotor."""
    step = length / (samples - 1)
    steps = rng.normal(drift * step, np.sqrt(2.0 * step), (replicas, samples))
    steps[:, 0] = rng.uniform(0.0, 1.0, replicas)
    return np.cumsum(steps, axis=1)


def hopping(length: float, replicas: int, samples: int, rng: np.random.Generator, rate: float) -> Floats:
    """Hops of a cycle, all one way, so many in a unit of time, with a libration of 0.03 cycles."""
    hops = rng.poisson(rate * length / (samples - 1), (replicas, samples)).astype(np.float64)
    hops[:, 0] = 0.0
    return np.cumsum(hops, axis=1) + 0.03 * rng.normal(size=(replicas, samples))


def washboard(length: float, replicas: int, samples: int, rng: np.random.Generator, torque: float) -> Floats:
    """A rotor over a barrier of 4 kT, twofold, pushed by a constant torque in kT: the model of Stratonovich.

    A unit of time is what free diffusion takes for a cycle^2 / 2: 2 pi^2 kT / (friction inertia).
    """
    friction, inertia, thermal_energy = 20.0, 1.0, 1.0
    unit_ps = 2.0 * np.pi**2 * friction * inertia / thermal_energy
    timestep = 0.02
    every = max(1, round(length * unit_ps / timestep / (samples - 1)))
    run = theory.simulate(
        theory.Rotor1D(inertia, friction, thermal_energy),
        theory.sum_torques(theory.hindering_torque(4.0, 2), theory.constant_torque(torque)),
        timestep_ps=timestep,
        steps=every * (samples - 1),
        sample_every=every,
        replicas=replicas,
        rng=rng,
    )
    return np.asarray(run.angle / (2.0 * np.pi))
