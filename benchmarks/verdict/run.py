"""How often molmach's verdict errs, and what it costs: tables for docs/verdict.md.

python -m benchmarks.verdict.run nulls [CLAIMS]
python -m benchmarks.verdict.run movers [CLAIMS]
python -m benchmarks.verdict.run leaks [CLAIMS]
python -m benchmarks.verdict.run limits [CLAIMS]
python -m benchmarks.verdict.run floors [CLAIMS]
python -m benchmarks.verdict.run coverage [RUNS]
python -m benchmarks.verdict.run sequential-nulls [CAMPAIGNS]
python -m benchmarks.verdict.run sequential-movers [CAMPAIGNS]
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np

from benchmarks.verdict import movers
from benchmarks.verdict.coverage import coverage_rows
from benchmarks.verdict.floors import floor_rows
from benchmarks.verdict.judging import direction, direction_by_student, told
from benchmarks.verdict.leaks import leak_rows
from benchmarks.verdict.limits import limit_rows
from benchmarks.verdict.nulls import NULLS, Maker, rattling
from benchmarks.verdict.sequential import mover_rows, null_rows
from molmach.scoring.spurious import UNDRIVEN_TIMES

REPLICAS = (4, 8, 16, 32, 64)
SAMPLES = 121
CLAIMS_OF_A_MACHINE = {"equilibrium switch": 20}
"""Where it takes long to draw replicas, so many claims are made of each machine; else one."""

POWER = 0.8

Mover = Callable[[float, int, int, np.random.Generator], movers.Floats]

MOVERS: dict[str, tuple[Mover, Mover, float]] = {
    "synchronous": (movers.synchronous, partial(movers.hopping, rate=0.0), 0.2),
    "diffusing, drift 0.2 of the diffusion": (
        partial(movers.diffusing, drift=0.2), partial(movers.diffusing, drift=0.0), 12.0,
    ),
    "diffusing, drift 0.5": (
        partial(movers.diffusing, drift=0.5), partial(movers.diffusing, drift=0.0), 2.5
    ),
    "washboard, 4 kT, torque 1 kT": (
        partial(movers.washboard, torque=1.0), partial(movers.washboard, torque=0.0), 1.0,
    ),
    "one-way hops": (partial(movers.hopping, rate=1.0), partial(movers.hopping, rate=0.0), 0.3),
}  # fmt: skip
"""Machine with its drive, and without, and the shortest run to try."""

FEW_CYCLES = ("synchronous", "one-way hops")
"""Machines that show their direction within a cycle or two."""


def false_rate(maker: Maker, replicas: int, claims: int, controlled: bool, each: int = 1) -> tuple[int, int]:
    """Directions claimed of a machine without a current, and claims made.

    Its mirror image is another draw of replicas of the same machine, reflected; undriven it rattles. Of each
    machine ``each`` claims are made.
    """
    rng = np.random.default_rng([replicas, controlled])
    time = np.linspace(0.0, 1.0, SAMPLES)
    wrong = 0
    for _ in range(claims // each):
        for paths in np.split(maker(each * (2 if controlled else 1) * replicas, time, rng), each):
            if controlled:
                claim, image = paths[::2], -paths[1::2]
                wrong += direction(claim, rattling(replicas, time, rng), image) != 0
            else:
                wrong += direction(paths) != 0
    return wrong, claims // each * each


@dataclass(frozen=True)
class Power:
    """Shares of runs that get their direction by the rule and by Student's, and steps the rule's take.

    ``steps`` are as many times those of a run whose undriven twin has the claim's replicas.
    """

    ours: float
    students: float
    steps: float


def power(moving: Mover, still: Mover, length: float, replicas: int, claims: int) -> Power:
    """Of runs of that length, each with both controls."""
    rng = np.random.default_rng([replicas, 7])
    seen, used, most = np.zeros(2), 0, UNDRIVEN_TIMES * replicas
    claimed = moving(length, 2 * replicas * claims, SAMPLES, rng).reshape(claims, 2 * replicas, SAMPLES)
    off = still(length, most * claims, SAMPLES, rng).reshape(claims, most, SAMPLES)
    for paths, undriven in zip(claimed, off, strict=True):
        claim, image = paths[:replicas], -paths[replicas:]
        way, count = told(claim, undriven, image)
        seen += [way == 1, direction_by_student(claim, undriven[:replicas], image) == 1]
        used += count
    return Power(*(seen / claims).tolist(), (2 * replicas + used / claims) / (3 * replicas))


def length_for_power(curve: list[tuple[float, float]]) -> float:
    """Length of a run at which the share first reaches :data:`POWER`, between the lengths tried.

    nan where it is that much from the first, or never.
    """
    for (before, low), (after, high) in pairwise(curve):
        if low < POWER <= high:
            return float(np.exp(np.interp(POWER, [low, high], np.log([before, after]))))
    return float("nan")


def nulls(claims: int) -> None:
    """The table of false directions."""
    heads = [f"{n}{how}" for how in ("", " + mirror") for n in REPLICAS]
    print("| machine | " + " | ".join(heads) + " |")
    print("|---" * (1 + len(heads)) + "|")
    for name, maker in NULLS.items():
        cells = []
        for controlled in (False, True):
            for replicas in REPLICAS:
                each = CLAIMS_OF_A_MACHINE.get(name, 1)
                wrong, made = false_rate(maker, replicas, claims, controlled, each)
                cells.append(f"{100.0 * wrong / made:.1f}")
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def costs(claims: int) -> None:
    """The table of what the rule costs."""
    print(
        "| machine | replicas | cycles a replica, by this rule | by Student's | ratio of lengths | of steps |"
    )
    print("|---|---|---|---|---|---|")
    for name, (moving, still, shortest) in MOVERS.items():
        for replicas in (8, 16):
            lengths, powers = [], []
            for length in shortest * 1.25 ** np.arange(24):
                lengths.append(float(length))
                powers.append(power(moving, still, float(length), replicas, claims))
                if min(powers[-1].ours, powers[-1].students) > 0.9:
                    break
            ours = length_for_power([(x, p.ours) for x, p in zip(lengths, powers, strict=True)])
            students = length_for_power([(x, p.students) for x, p in zip(lengths, powers, strict=True)])
            steps = float(np.interp(np.log(ours), np.log(lengths), [p.steps for p in powers]))
            rng = np.random.default_rng(1)
            cycles = float(np.diff(moving(ours, 400, SAMPLES, rng)[:, [0, -1]], axis=1).mean())
            ratio = ours / students
            cells = f"{cycles / ratio:.2g} | {ratio:.2f} | {ratio * steps:.2f}"
            if not students > 0.0:
                ratio = ours / shortest
                cells = f"less than {cycles / ratio:.2g} | more than {ratio:.1f} | {ratio * steps:.1f}"
            print(f"| {name} | {replicas} | {cycles:.2g} | {cells} |", flush=True)


def show(rows: Iterable[str]) -> None:
    """Print rows as they are made."""
    for row in rows:
        print(row, flush=True)


def main() -> None:
    """Print the table that was asked for."""
    what, *counts = sys.argv[1:]
    count = int(counts[0]) if counts else None
    match what:
        case "nulls":
            nulls(count or 400)
        case "movers":
            costs(count or 400)
        case "leaks":
            show(leak_rows(SAMPLES, count or 1000))
        case "limits":
            show(limit_rows(SAMPLES, count or 1000))
        case "floors":
            show(floor_rows({name: MOVERS[name] for name in FEW_CYCLES}, SAMPLES, count or 300, POWER))
        case "coverage":
            show(coverage_rows(count or 2000))
        case "sequential-nulls":
            show(null_rows(NULLS, SAMPLES, count or 2000))
        case "sequential-movers":
            show(mover_rows(MOVERS, SAMPLES, count or 400))
        case _:
            raise SystemExit(
                f"got {what!r}; expected nulls, movers, leaks, limits, floors, coverage, "
                "sequential-nulls or sequential-movers"
            )


if __name__ == "__main__":
    main()
