"""How many cycles a replica it takes to tell a current from one trip each, by the rule and by less of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from benchmarks.verdict.judging import Paths
from molmach.data.cycles import Cycles, cycles_of
from molmach.data.statistics import sign_flip_p
from molmach.scoring.current import AGAIN_LEVEL, beyond_first, judge_current

Mover = Callable[[float, int, int, np.random.Generator], Paths]

REPLICAS = (16, 32)
"""Of machine and mirror image together."""

LENGTHS = 0.3 * 1.05 ** np.arange(45)
"""Of the runs, in cycles of the machine."""


def _more_than_a_cycle(cycles: Cycles) -> bool:
    return sign_flip_p(cycles.displacement - 1.0) <= AGAIN_LEVEL


def _second_cycles(cycles: Cycles) -> bool:
    return sign_flip_p(beyond_first(cycles, 1)) <= AGAIN_LEVEL


RULES: dict[str, Callable[[Cycles], bool]] = {
    "the rule that is used": lambda cycles: judge_current(cycles).steady,
    "more than a cycle each, alone": _more_than_a_cycle,
    "second cycles, alone": _second_cycles,
}


def floor_rows(
    kinds: dict[str, tuple[Mover, Mover, float]], samples: int, claims: int, power: float
) -> Iterator[str]:
    """Rows of the table of cycles a replica at which each rule gives a direction so often; no controls."""
    yield "| machine | replicas | " + " | ".join(RULES) + " |"
    yield "|---" * (2 + len(RULES)) + "|"
    for name, (moving, _, _) in kinds.items():
        unit = float(np.diff(moving(1.0, 4000, samples, np.random.default_rng(1))[:, [0, -1]], axis=1).mean())
        for replicas in REPLICAS:
            told = {
                rule: _first(moving, unit, replicas, samples, claims, power, RULES[rule]) for rule in RULES
            }
            cells = " | ".join("more" if length is None else f"{length:.2f}" for length in told.values())
            yield f"| {name} | {replicas} | {cells} |"


def _first(
    moving: Mover,
    unit: float,
    replicas: int,
    samples: int,
    claims: int,
    power: float,
    gives: Callable[[Cycles], bool],
) -> float | None:
    """The least of :data:`LENGTHS` at which a rule gives a direction that often; None of none."""
    time = np.linspace(0.0, 1.0, samples)
    for length in LENGTHS:
        rng = np.random.default_rng([replicas, 11])
        drawn = moving(length / unit, replicas * claims, samples, rng).reshape(claims, replicas, samples)
        if sum(gives(cycles_of(paths, time, 1.0)) for paths in drawn) >= power * claims:
            return float(length)
    return None
