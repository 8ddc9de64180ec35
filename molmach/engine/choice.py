"""Which engine and platform a run uses: as asked for, or the fastest in a trial of this very machine."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from molmach import drives
from molmach.engine.batched import LANES, BatchedStepper, Inputs, compile_kernels
from molmach.engine.condition import Condition
from molmach.engine.native_system import packed_system
from molmach.engine.platforms import GPU_PLATFORMS, platform_names, trial
from molmach.errors import Argument, ForceFieldError, SpecError
from molmach.units import thermal_energy

ENGINE, PLATFORM = Argument("engine_name"), Argument("platform")
"""What errors call the arguments of :func:`molmach.simulate`."""

ENGINES = ("auto", "native", "batched")
COMPILED = "compiled"
"""What stands for the platform of the ``batched`` engine, which has none of OpenMM's."""

_CLEAR_WIN = 1.2
"""Another choice must beat the first one by this, so that noise does not change a run's numbers."""

_MOST_PACKED_ATOMS = 100_000
_TRIAL_SECONDS = 0.1


@dataclass(frozen=True)
class Choice:
    """An engine on a platform; ``copies`` replicas go side by side.

    ``us_per_step_per_replica`` is what the trial showed, all cores busy; ``compile_seconds`` what
    compiling took, zero where the kernels were on disk.
    """

    engine: str
    platform: str
    copies: int
    us_per_step_per_replica: float = 0.0
    compile_seconds: float = 0.0


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def native_copies(condition: Condition, platform: str) -> int:
    """Replicas side by side in one Context: one on a CPU, on a GPU as many as fill it.

    Switches are variables of a Context, so a drive that has some runs one replica in each.
    """
    kT = thermal_energy(condition.protocol.temperature)
    if platform not in GPU_PLATFORMS or drives.terms(condition.drive, condition.assembly, kT).switches:
        return 1
    n_atoms = int(condition.assembly.molecule.GetNumAtoms())
    return max(1, min(condition.protocol.replicas, _MOST_PACKED_ATOMS // n_atoms))


def for_others(choice: Choice, condition: Condition) -> Choice:
    """The same engine and platform for other replicas than those of its trial."""
    if choice.engine == "batched":
        return choice
    return replace(choice, copies=native_copies(condition, choice.platform))


def try_native(condition: Condition, platform: str, copies: int) -> Choice:
    """Time the ``native`` engine; infinite where it can't run.

    Raises
    ------
    SpecError
        The platform can't run the system.
    """
    system, integrator, positions = condition.system, condition.integrator, condition.assembly.positions_nm
    if copies > 1:
        system, integrator = packed_system(condition.assembly, condition.drive, condition.protocol, copies)
    steps = condition.protocol.sampling_steps
    result = trial(system, integrator, positions, platform, copies, steps)
    if result.problem:
        raise SpecError(PLATFORM, f" {platform}: can't run this machine: {result.problem}")
    return Choice("native", platform, copies, result.us_per_step / copies)


def try_batched(conditions: Sequence[Condition], members: int) -> Choice:
    """Time the ``batched`` engine with ``members`` replicas on one core."""
    compiling = compile_kernels(conditions[:1])
    inputs = Inputs.of(conditions[:1])
    filled = min(members, LANES)
    stepper = BatchedStepper(inputs, [0] * filled, conditions[0].seeds().repeat(LANES, axis=0)[:filled])
    stepper.advance(1, 10)
    steps, elapsed = 50, 0.0
    while elapsed < _TRIAL_SECONDS:
        steps *= 2
        started = time.perf_counter()
        stepper.advance(1, steps)
        elapsed = time.perf_counter() - started
    blocks = -(-members // LANES)
    return Choice("batched", COMPILED, LANES, elapsed / steps * 1e6 * blocks / members, compiling)


def choose(conditions: Sequence[Condition], engine: str, platform: str | None) -> Choice:
    """The engine and platform for a run of these conditions.

    The ``batched`` engine, unless a platform is asked for, another choice is clearly faster or the
    force field has terms that the kernel has not; for ``native`` the Reference platform, likewise.

    Raises
    ------
    SpecError
        What was asked for is not there or can't run the machine.
    """
    if engine not in ENGINES:
        raise SpecError(ENGINE, f" {engine}: accepted: {', '.join(ENGINES)}")
    names = platform_names()
    if platform is not None:
        if engine == "batched":
            raise SpecError(
                PLATFORM, f" {platform}: the batched engine uses none; expected ", ENGINE, " native"
            )
        if platform not in names:
            raise SpecError(PLATFORM, f" {platform}: not available here; accepted: {', '.join(names)}")
        return try_native(conditions[0], platform, native_copies(conditions[0], platform))
    members = len(conditions) * conditions[0].protocol.replicas
    if engine == "batched":
        return try_batched(conditions, members)
    choices: list[Choice] = []
    if engine == "auto":
        with suppress(ForceFieldError):
            choices.append(try_batched(conditions, members))
    for name in names:
        try:
            choices.append(try_native(conditions[0], name, native_copies(conditions[0], name)))
        except SpecError:
            continue  # a platform that is installed but has no device here
    return preferred(choices, available_cores())


def preferred(choices: Sequence[Choice], cores: int) -> Choice:
    """The first of the choices that no other beats clearly, with all cores busy or the one GPU."""

    def throughput(choice: Choice) -> float:
        return (1 if choice.platform in GPU_PLATFORMS else cores) / choice.us_per_step_per_replica

    best = max(choices, key=throughput)
    return next(choice for choice in choices if _CLEAR_WIN * throughput(choice) > throughput(best))
