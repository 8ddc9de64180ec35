"""OpenMM platforms: which are there, and how fast a system runs on them."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import openmm
from numpy.typing import NDArray

from molmach.engine.integrator import read_books

GPU_PLATFORMS = ("CUDA", "HIP", "OpenCL")
_TRIAL_SECONDS = 0.1


@dataclass(frozen=True)
class PlatformTrial:
    """Measured wall time of one step on a platform; infinite, with the reason, where it failed."""

    platform: str
    us_per_step: float
    problem: str = ""


def platform_names() -> list[str]:
    """Names of the platforms that this OpenMM has loaded, Reference first."""
    return [openmm.Platform.getPlatform(i).getName() for i in range(openmm.Platform.getNumPlatforms())]


def platform_and_properties(name: str) -> tuple[openmm.Platform, dict[str, str]]:
    """A platform set up for one worker: one thread on a CPU, mixed precision on a GPU."""
    platform = openmm.Platform.getPlatform(name)
    if name == "CPU":
        return platform, {"Threads": "1"}
    if name in GPU_PLATFORMS:
        offered = platform.getPropertyNames()
        wanted = {"Precision": "mixed", "DeterministicForces": "true"}
        return platform, {key: value for key, value in wanted.items() if key in offered}
    return platform, {}


def trial(
    system: openmm.System,
    integrator: openmm.Integrator,
    positions_nm: NDArray[np.float64],
    name: str,
    copies: int,
    sampling_steps: int,
) -> PlatformTrial:
    """Time steps of a system of ``copies`` machines on a platform, its start-up left out.

    Reading the books at every sample, ``sampling_steps`` apart, is counted: of many copies they come
    atom by atom, which can take longer than the steps between.
    """
    try:
        copy = openmm.XmlSerializer.clone(integrator)
        context = openmm.Context(system, copy, *platform_and_properties(name))
        context.setPositions(np.tile(positions_nm, (copies, 1)))
        copy.step(5)
        context.getState(getPositions=True)
        started = time.perf_counter()
        read_books(copy, copies)
        reading = (time.perf_counter() - started) / sampling_steps
        steps = 20
        while True:
            started = time.perf_counter()
            copy.step(steps)
            context.getState(getPositions=True)
            elapsed = time.perf_counter() - started
            if elapsed > _TRIAL_SECONDS:
                return PlatformTrial(name, (elapsed / steps + reading) * 1e6)
            steps *= 4
    except openmm.OpenMMException as error:
        return PlatformTrial(name, float("inf"), str(error).splitlines()[0])
