"""Racing: which machine deserves more effort, by the intervals of what was measured so far.

Every machine gets the first rung. Of those that stand on a rung, at most one in ``keep`` goes on to the
next (asynchronous successive halving: Li et al., MLSys (2020), arXiv 1810.05934), and none does whose upper
confidence bound lies below the lower bound of the best (Maron & Moore, Hoeffding races, NIPS 1993). A machine
that looks better than all on the rungs above goes on in any case: one that is found late must not stay behind
because earlier ones took the places.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from molmach.campaign.quantities import Measured

Floats = NDArray[np.float64]


class Ladder:
    """Where every machine stands.

    Parameters
    ----------
    rungs
        Number of rungs.
    keep
        One in so many goes on.
    """

    def __init__(self, rungs: int, keep: int) -> None:
        self._keep = keep
        self._on: list[dict[str, tuple[Measured, ...]]] = [{} for _ in range(rungs)]
        self._sent: list[set[str]] = [set() for _ in range(rungs)]
        self._highest: dict[str, int] = {}
        self._best_low = -math.inf

    @property
    def top(self) -> int:
        """The last rung."""
        return len(self._on) - 1

    def sent(self, machine: str, rung: int) -> None:
        """An evaluation on a rung was started, or is known."""
        self._sent[rung].add(machine)

    def was_sent(self, machine: str, rung: int) -> bool:
        """Whether an evaluation on a rung was started, or is known."""
        return machine in self._sent[rung]

    def landed(self, machine: str, rung: int, measured: Sequence[Measured]) -> None:
        """An evaluation is finished; without values where it failed."""
        self._sent[rung].add(machine)
        if not measured or not all(m.defined for m in measured):
            return
        before = self._highest.get(machine)
        self._on[rung][machine] = tuple(measured)
        if before is not None and before > rung:
            return
        self._highest[machine] = rung
        if before is not None and self._on[before][machine][0].low >= self._best_low:
            self._best_low = max(self._on[r][m][0].low for m, r in self._highest.items())
        self._best_low = max(self._best_low, measured[0].low)

    def promotion(self) -> tuple[str, int] | None:
        """The machine that goes on next and the rung it goes to, highest rung first; None if none does."""
        leader = -math.inf
        for rung in range(self.top - 1, -1, -1):
            leader = max([leader, *(merit(measured) for measured in self._on[rung + 1].values())])
            standing, gone_on = self._on[rung], self._sent[rung + 1]
            waiting = [(merit(m), machine) for machine, m in standing.items() if machine not in gone_on]
            if len(gone_on) < len(standing) // self._keep:
                hopeful = [pair for pair in waiting if self._may_win(standing[pair[1]])]
            else:
                hopeful = [pair for pair in waiting if pair[0] > leader] if gone_on else []
            if hopeful:
                return max(hopeful)[1], rung + 1
        return None

    def _may_win(self, measured: Sequence[Measured]) -> bool:
        """Whether the upper confidence bound reaches the best lower one; always with several objectives."""
        return len(measured) > 1 or measured[0].high >= self._best_low

    def ranking(self) -> list[tuple[str, int, tuple[Measured, ...]]]:
        """(machine, rung, measured) of every machine on its highest rung, best first.

        By lower confidence bound, so that nothing is first by luck alone; with several objectives by
        the number of machines that dominate it, then by the first objective's bound.
        """
        rows = [(machine, rung, self._on[rung][machine]) for machine, rung in self._highest.items()]
        depth = dominated(np.array([[m.low for m in measured] for _, _, measured in rows]))
        order = sorted(range(len(rows)), key=lambda i: (depth[i], -rows[i][2][0].low, rows[i][0]))
        return [rows[i] for i in order]


def merit(measured: Sequence[Measured]) -> float:
    """What machines of a rung are compared by when one is to go on: the sum of the objectives' values."""
    return sum(m.value for m in measured)


def dominated(points: Floats) -> list[int]:
    """How many others are at least as good in every objective and better in one, for each point.

    Parameters
    ----------
    points
        (n_points, n_objectives), greater is better. With one objective nothing is counted, so that the
        order is left to the caller.
    """
    if points.size == 0 or points.shape[1] == 1:
        return [0] * len(points)
    return [int(np.sum(np.all(points >= point, axis=1) & np.any(points > point, axis=1))) for point in points]
