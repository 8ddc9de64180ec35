"""Machines that move as fast with the drive off, and whose mirror images hide it.

Every function takes a number of paths, the mean net motion in its own standard errors over a claim's
replicas, the (samples,) times in run lengths, a generator and the number of a claim's replicas, and gives
(paths, samples) in cycles. The claim, its mirror image as reflection has it, and the undriven twin all move
so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from benchmarks.verdict.judging import direction
from benchmarks.verdict.nulls import rattling
from molmach.scoring.spurious import UNDRIVEN_TIMES

Floats = NDArray[np.float64]
Leak = Callable[[int, float, Floats, np.random.Generator, int], Floats]

SPEEDS = (1.5, 2.0, 2.5, 3.0, 3.5, 4.0)
REPLICAS = (8, 16)

_MANY_CYCLES = 10.0


def steady(count: int, speed: float, time: Floats, rng: np.random.Generator, replicas: int) -> Floats:
    """Replicas turn steadily, at rates that are normal; many cycles each, so that only controls decide."""
    rates = _MANY_CYCLES * (speed / np.sqrt(replicas) + rng.normal(size=(count, 1)))
    return np.asarray(rates * time + rng.uniform(0.0, 1.0, (count, 1)))


def hopping(count: int, speed: float, time: Floats, rng: np.random.Generator, replicas: int) -> Floats:
    """Replicas hop one way, so often that the mean number has that many standard errors."""
    rate = speed**2 / replicas * (time[1] - time[0])
    hops = rng.poisson(rate, (count, time.size)).astype(np.float64)
    hops[:, 0] = 0.0
    return np.cumsum(hops, axis=1) + rattling(count, time, rng, 0.03)


LEAKS: dict[str, Leak] = {"steady, normal rates": steady, "one-way hops": hopping}


def leak(kind: Leak, replicas: int, speed: float, samples: int, claims: int) -> float:
    """Share of directions given to a machine that moves as fast undriven, and whose mirror image hides it."""
    rng = np.random.default_rng([replicas, round(100 * speed)])
    time = np.linspace(0.0, 1.0, samples)
    wrong = 0
    for _ in range(claims):
        paths = kind((2 + UNDRIVEN_TIMES) * replicas, speed, time, rng, replicas)
        claim, image, undriven = np.split(paths, [replicas, 2 * replicas])
        wrong += direction(claim, undriven, -image) == 1
    return wrong / claims


def leak_rows(samples: int, claims: int) -> Iterator[str]:
    """Rows of the table of machines that move as fast with the drive off, %."""
    yield "| machine | replicas | " + " | ".join(f"{speed:g}" for speed in SPEEDS) + " |"
    yield "|---" * (2 + len(SPEEDS)) + "|"
    for name, kind in LEAKS.items():
        for replicas in REPLICAS:
            cells = (f"{100.0 * leak(kind, replicas, speed, samples, claims):.1f}" for speed in SPEEDS)
            yield f"| {name} | {replicas} | " + " | ".join(cells) + " |"
