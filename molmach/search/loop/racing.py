"""Racing: which machine deserves more effort, by the intervals of what was measured so far.

Every machine gets the first rung. Of those that stand on a rung, at most one in ``keep`` goes on to the
next (asynchronous successive halving: Li et al., MLSys (2020), arXiv 1810.05934), and none does whose upper
confidence bound lies below the lower bound of the best (Maron & Moore, Hoeffding races, NIPS 1993). A machine
that looks better than all on the rungs above goes on in any case: one that is found late must not stay behind
because earlier ones took the places.

With several objectives machines are compared by fronts, and on a front by the hypervolume of scaled
objectives (:mod:`molmach.search.record.hypervolume`), never by values of different units added up.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence

import numpy as np

from molmach.search.loop.waiting import ByFront, ByValue, Waiting
from molmach.search.record.hypervolume import ranked
from molmach.search.record.trial import Measured


class Ladder:
    """Where every machine stands.

    Parameters
    ----------
    rungs
        Number of rungs.
    keep
        One in so many goes on.
    objectives
        How many there are.
    """

    def __init__(self, rungs: int, keep: int, objectives: int = 1) -> None:
        self._keep = keep
        self._on: list[dict[str, tuple[Measured, ...]]] = [{} for _ in range(rungs)]
        self._started: list[set[str]] = [set() for _ in range(rungs)]
        self._highest: dict[str, int] = {}
        self._best_low = -math.inf
        self._top_low = -math.inf
        self._waiting: list[Waiting] = [ByFront() if objectives > 1 else ByValue() for _ in range(rungs)]

    @property
    def top(self) -> int:
        """Number of the last rung, the first being 0."""
        return len(self._on) - 1

    @property
    def top_low(self) -> float:
        """Largest lower bound of the first objective on the last rung."""
        return self._top_low

    def started(self, machine: str, rung: int) -> None:
        """An evaluation on a rung was started, or is known."""
        self._started[rung].add(machine)
        if rung:
            self._waiting[rung - 1].leave(machine)

    def finished(self, machine: str, rung: int, measured: Sequence[Measured]) -> None:
        """An evaluation is finished; without values where it failed."""
        self.started(machine, rung)
        if not measured or not all(m.defined for m in measured):
            return
        before = self._highest.get(machine)
        self._on[rung][machine] = tuple(measured)
        self._waiting[rung].put(machine, measured)
        if rung == self.top:
            self._top_low = max(self._top_low, measured[0].low)
        if before is not None and before > rung:
            return
        self._highest[machine] = rung
        if before is not None and self._on[before][machine][0].low >= self._best_low:
            self._best_low = max(self._on[r][m][0].low for m, r in self._highest.items())
            for waiting in self._waiting:
                waiting.look_again()
        self._best_low = max(self._best_low, measured[0].low)

    def promotion(self) -> tuple[str, int] | None:
        """The machine that goes on next and the rung it goes to, highest rung first; None if none does."""
        for rung in range(self.top - 1, -1, -1):
            waiting, gone_on = self._waiting[rung], len(self._started[rung + 1])
            if gone_on < len(self._on[rung]) // self._keep:
                machine = waiting.first(self._best_low)
            else:
                above = self._waiting[rung + 1 :]
                machine = waiting.late(above, self._best_low) if gone_on else None
            if machine is not None:
                return machine, rung + 1
        return None

    def leaders(self, wanted: int) -> list[tuple[str, int, tuple[Measured, ...]]]:
        """(machine, rung, measured) of the best machines, each on its highest rung, best first.

        By lower confidence bound, so that nothing is first by luck alone; with several objectives by the
        front of their bounds, and on it by what each adds to those before it (:func:`~molmach.search.record.
        hypervolume.ranked`).
        """
        rows = [(machine, rung, self._on[rung][machine]) for machine, rung in self._highest.items()]
        if rows and len(rows[0][2]) > 1:
            rows.sort(key=lambda row: row[0])
            lows = np.array([[m.low for m in measured] for _, _, measured in rows])
            return [rows[i] for i in ranked(lows, wanted)]
        return heapq.nsmallest(wanted, rows, key=lambda row: (-row[2][0].low, row[0]))
