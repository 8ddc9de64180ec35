"""Runs to which replicas are added until they tell: how often they err, and what they save."""

from __future__ import annotations

import zlib
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.verdict.judging import Paths, direction, look, velocities
from benchmarks.verdict.nulls import Maker, rattling
from molmach.data.looks import LookPlan
from molmach.scoring.spurious import UNDRIVEN_TIMES

UNTIL = LookPlan(8, 64)
"""A run of eight replicas, with no more said."""

Mover = Callable[[float, int, int, np.random.Generator], Paths]

LENGTHS = {
    "synchronous": (1.5, 3.0),
    "diffusing, drift 0.2 of the diffusion": (10.0, 30.0),
    "diffusing, drift 0.5": (3.0, 10.0),
    "one-way hops": (1.0, 2.0, 4.0),
}
"""Of the runs of each machine, in its own unit of time."""

FIXED = (4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64)
"""Numbers of replicas that are tried of a run of a fixed one."""

Draw = Callable[[np.random.Generator], tuple[Paths, Paths, Paths]]
"""Claim, undriven and mirror image of one machine, as many replicas of each as there may be."""


@dataclass
class Tally:
    """What campaigns ended with.

    Attributes
    ----------
    forward, backward
        Campaigns that ended with that direction.
    replicas
        Of each campaign at its end.
    speed
        Mean velocity of each campaign with a direction.
    """

    forward: int
    backward: int
    replicas: list[int]
    speed: list[float]


def campaigns(draw: Draw, count: int, rng: np.random.Generator) -> Tally:
    """Carry campaigns out, each with new replicas of what is drawn."""
    tally = Tally(0, 0, [], [])
    for _ in range(count):
        conditions = draw(rng)
        way = 0
        for replicas in UNTIL.numbers:
            claim, undriven, mirror = (paths[:replicas] for paths in conditions)
            way, ends = look(claim, undriven, mirror, UNTIL)
            if ends:
                break
        tally.forward += way > 0
        tally.backward += way < 0
        tally.replicas.append(replicas)
        if way != 0:
            tally.speed.append(float(velocities(claim).mean()))
    return tally


def of_null(maker: Maker, samples: int) -> Draw:
    """A machine without a current; its mirror image: other replicas of it, reflected; undriven it rattles."""
    time = np.linspace(0.0, 1.0, samples)

    def draw(rng: np.random.Generator) -> tuple[Paths, Paths, Paths]:
        paths = maker(2 * UNTIL.most, time, rng)
        return paths[::2], rattling(UNTIL.most, time, rng), -paths[1::2]

    return draw


def null_rows(nulls: dict[str, Maker], samples: int, count: int) -> Iterator[str]:
    """Rows of the table of directions given to machines without a current, %."""
    yield f"| machine | directions in {count} campaigns | mean replicas |"
    yield "|---|---|---|"
    for name, maker in nulls.items():
        tally = campaigns(of_null(maker, samples), count, _generator(name))
        wrong = 100.0 * (tally.forward + tally.backward) / count
        yield f"| {name} | {wrong:.2f} % | {np.mean(tally.replicas):.0f} |"


def _generator(name: str) -> np.random.Generator:
    """A machine's own, whichever others are tried."""
    return np.random.default_rng(zlib.crc32(name.encode()))


def mover_rows(kinds: dict[str, tuple[Mover, Mover, float]], samples: int, count: int) -> Iterator[str]:
    """Rows of the table of what machines with a current cost, by the number of cycles in a run."""
    yield (
        "| machine | cycles a replica | direction | mean replicas | fixed number for 80 % | "
        "speed at the end, of the true one |"
    )
    yield "|---|---|---|---|---|---|"
    for name in LENGTHS:
        moving, still, _ = kinds[name]
        for length in LENGTHS[name]:
            rng = _generator(name)
            tally = campaigns(of_mover(moving, still, length, samples), count, rng)
            cycles = float(np.diff(moving(length, 4000, samples, rng)[:, [0, -1]], axis=1).mean())
            needed = fixed_number(moving, still, length, samples, count)
            yield (
                f"| {name} | {cycles:.2g} | {100.0 * tally.forward / count:.1f} % | "
                f"{np.mean(tally.replicas):.0f} | {needed} | {np.mean(tally.speed) / cycles:.2f} |"
            )


def of_mover(moving: Mover, still: Mover, length: float, samples: int, replicas: int = UNTIL.most) -> Draw:
    """A machine with a current, its mirror image and the same with its drive off."""

    def draw(rng: np.random.Generator) -> tuple[Paths, Paths, Paths]:
        paths = moving(length, 2 * replicas, samples, rng)
        return paths[::2], still(length, UNDRIVEN_TIMES * replicas, samples, rng), -paths[1::2]

    return draw


def fixed_number(moving: Mover, still: Mover, length: float, samples: int, count: int) -> str:
    """The least of :data:`FIXED` that gets its direction four times in five, by halving."""

    def often_enough(replicas: int) -> bool:
        draw, rng = of_mover(moving, still, length, samples, replicas), np.random.default_rng([replicas, 17])
        return sum(direction(*draw(rng)) == 1 for _ in range(count)) >= 0.8 * count

    place = bisect_left(FIXED, True, key=often_enough)
    return str(FIXED[place]) if place < len(FIXED) else f"more than {FIXED[-1]}"
