"""Measured speed of the engines, as ratios within one run."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from molmach.engine.batched import LANES, BatchedStepper, Inputs, compile_kernels
from molmach.engine.choice import COMPILED, native_copies, try_native
from molmach.engine.condition import Condition
from molmach.engine.platforms import platform_names
from molmach.errors import SpecError

_ROUNDS = 5
BATCHED_REPLICAS = (1, 16, 64, 128)
_TRIAL_SECONDS = 0.15


@dataclass(frozen=True)
class BenchRow:
    """Speed of one system on one engine and platform, on one core or one GPU.

    ``ratio_to_reference`` above one is faster than the native engine on Reference with one replica.
    """

    system: str
    atoms: int
    engine: str
    platform: str
    replicas: int
    us_per_step_per_replica: float
    ns_per_day: float
    ratio_to_reference: float
    problem: str = ""


def benchmark(
    conditions: Iterable[Condition], batched_replicas: Sequence[int] = BATCHED_REPLICAS
) -> list[BenchRow]:
    """Time each condition on each engine in turn, five rounds; medians, and the median of ratios."""
    conditions = list(conditions)
    compile_kernels(conditions)
    rows: list[BenchRow] = []
    for condition in conditions:
        trials = _trials(condition, batched_replicas)
        times: dict[tuple[str, str, int], list[float]] = {key: [] for key in trials}
        problems: dict[tuple[str, str, int], str] = {}
        for _ in range(_ROUNDS):
            for key, measure in trials.items():
                if key not in problems:
                    try:
                        times[key].append(measure())
                    except SpecError as error:
                        problems[key] = str(error)
        reference = times["native", "Reference", 1]
        for key, measured in times.items():
            us = median(measured) if measured else math.nan
            ratios = [r / t for r, t in zip(reference, measured, strict=False)]
            rows.append(
                BenchRow(
                    condition.assembly.name,
                    condition.assembly.molecule.GetNumAtoms(),
                    *key,
                    us_per_step_per_replica=us,
                    ns_per_day=condition.protocol.timestep * 1e-3 / (us * 1e-6) * 86400.0,
                    ratio_to_reference=median(ratios) if ratios else math.nan,
                    problem=problems.get(key, ""),
                )
            )
    return rows


def _trials(
    condition: Condition, batched_replicas: Sequence[int]
) -> dict[tuple[str, str, int], Callable[[], float]]:
    """A measurement in us per step per replica for every engine, platform and number of replicas."""

    def native(platform: str, copies: int) -> Callable[[], float]:
        return lambda: try_native(condition, platform, copies).us_per_step_per_replica

    trials = {
        ("native", name, copies): native(name, copies)
        for name in platform_names()
        for copies in sorted({1, native_copies(condition, name)})
    }
    return trials | {
        ("batched", COMPILED, count): batched_trial(condition, count) for count in batched_replicas
    }


def batched_trial(condition: Condition, replicas: int) -> Callable[[], float]:
    """A measurement, us per step per replica: blocks of lanes one after the other, as a worker runs them."""
    inputs = Inputs.of([condition])
    seeds = np.random.SeedSequence(0).generate_state(4 * replicas).astype(np.uint32).reshape(replicas, 4)
    blocks = [
        BatchedStepper(inputs, [0] * len(seeds[i : i + LANES]), seeds[i : i + LANES])
        for i in range(0, replicas, LANES)
    ]

    def measure() -> float:
        steps = 25
        while True:
            steps *= 2
            started = time.perf_counter()
            for block in blocks:
                block.advance(1, steps)
            elapsed = time.perf_counter() - started
            if elapsed > _TRIAL_SECONDS:
                return elapsed / steps / replicas * 1e6

    return measure
