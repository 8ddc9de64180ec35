"""Machines without a current that rules let through which give a direction sooner."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from benchmarks.verdict.nulls import NULLS, Maker
from molmach.data.cycles import Cycles, cycles_of
from molmach.data.statistics import p_value_of_zero, sign_flip_p
from molmach.scoring.current import (
    CURRENT_LEVEL,
    LAST_LEVEL,
    SLOWER,
    SLOWING_LEVEL,
    beyond_first,
    judge_current,
)

REPLICAS = (16, 32)
"""Of machine and mirror image together."""


def _does_not_slow(cycles: Cycles, way: float) -> bool:
    return sign_flip_p(way * ((1.0 - SLOWER) * cycles.moved[0] - cycles.moved[1])) > SLOWING_LEVEL


def _student(cycles: Cycles) -> bool:
    return p_value_of_zero(cycles.displacement) < 0.05


def _before_a_cycle(cycles: Cycles) -> bool:
    way = float(np.sign(cycles.displacement.sum()))
    moved = 2.0 * sign_flip_p(way * cycles.displacement) <= CURRENT_LEVEL
    last = sign_flip_p(way * cycles.moved[1]) <= LAST_LEVEL
    return moved and last and _does_not_slow(cycles, way)


def _at_one_cycle(cycles: Cycles, seconds: float | None = None) -> bool:
    way = float(np.sign(cycles.net.sum()))
    net = way * cycles.net
    turned = 2.0 * sign_flip_p(net) <= CURRENT_LEVEL
    last = sign_flip_p(way * cycles.halves[1].astype(np.float64)) <= LAST_LEVEL
    again = seconds is None or sign_flip_p(beyond_first(cycles, int(way))) <= seconds
    return turned and last and again and _does_not_slow(cycles, way)


RULES: dict[str, Callable[[Cycles], bool]] = {
    "Student's test of net motion, 5 %": _student,
    "net motion (1 %), no slowing, no cycle asked for": _before_a_cycle,
    "one cycle each is enough": _at_one_cycle,
    "two replicas with a second cycle are enough (25 %)": lambda cycles: _at_one_cycle(cycles, 0.25),
    "the rule that is used": lambda cycles: judge_current(cycles).steady,
}

MACHINES: dict[str, Maker] = {
    "relaxers, creeping": NULLS["relaxers, creeping"],
    "relaxers, by one jump": NULLS["relaxers, by one jump"],
    "jumps of one whole cycle": NULLS["jumps of one whole cycle"],
    "once round, then symmetric hops": NULLS["once round, then symmetric hops"],
}


def limit_rows(samples: int, claims: int) -> Iterator[str]:
    """Rows of the table of directions that quicker rules give to machines without a current, %."""
    yield "| rule | " + " | ".join(f"{name}, {n}" for name in MACHINES for n in REPLICAS) + " |"
    yield "|---" * (1 + len(MACHINES) * len(REPLICAS)) + "|"
    drawn = [_drawn(maker, n, samples, claims) for maker in MACHINES.values() for n in REPLICAS]
    for rule, gives in RULES.items():
        cells = (f"{100.0 * np.mean([gives(cycles) for cycles in made]):.1f}" for made in drawn)
        yield f"| {rule} | " + " | ".join(cells) + " |"


def _drawn(maker: Maker, replicas: int, samples: int, claims: int) -> list[Cycles]:
    rng = np.random.default_rng(replicas)
    time = np.linspace(0.0, 1.0, samples)
    return [cycles_of(maker(replicas, time, rng), time, 1.0) for _ in range(claims)]
