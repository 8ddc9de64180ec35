"""Racing: which machine deserves more effort, by the intervals of what was measured so far.

Every machine gets the first rung. Of those that stand on a rung, at most one in ``keep`` goes on to the
next (asynchronous successive halving: Li et al., MLSys (2020), arXiv 1810.05934), and none does whose upper
confidence bound lies below the lower bound of the best (Maron & Moore, Hoeffding races, NIPS 1993). A machine
that looks better than all on the rungs above goes on in any case: one that is found late must not stay behind
because earlier ones took the places.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence

import numpy as np

from molmach.search.record.fronts import fronts
from molmach.search.record.trial import Measured


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
        self._started: list[set[str]] = [set() for _ in range(rungs)]
        self._highest: dict[str, int] = {}
        self._best_low = -math.inf
        self._top_low = -math.inf
        self._best_on = [-math.inf] * rungs
        self._open: list[list[tuple[float, str]]] = [[] for _ in range(rungs)]
        self._behind: list[list[tuple[float, str]]] = [[] for _ in range(rungs)]

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

    def finished(self, machine: str, rung: int, measured: Sequence[Measured]) -> None:
        """An evaluation is finished; without values where it failed."""
        self._started[rung].add(machine)
        if not measured or not all(m.defined for m in measured):
            return
        before = self._highest.get(machine)
        self._on[rung][machine] = tuple(measured)
        heapq.heappush(self._open[rung], (-merit(measured), machine))
        self._best_on[rung] = max(self._best_on[rung], merit(measured))
        if rung == self.top:
            self._top_low = max(self._top_low, measured[0].low)
        if before is not None and before > rung:
            return
        self._highest[machine] = rung
        if before is not None and self._on[before][machine][0].low >= self._best_low:
            self._best_low = max(self._on[r][m][0].low for m, r in self._highest.items())
            self._look_again()
        self._best_low = max(self._best_low, measured[0].low)

    def _look_again(self) -> None:
        """The best was not as good as it had seemed."""
        for waiting, behind in zip(self._open, self._behind, strict=True):
            for entry in behind:
                heapq.heappush(waiting, entry)
            behind.clear()

    def promotion(self) -> tuple[str, int] | None:
        """The machine that goes on next and the rung it goes to, highest rung first; None if none does."""
        leader = -math.inf
        for rung in range(self.top - 1, -1, -1):
            leader = max(leader, self._best_on[rung + 1])
            machine = self._best_waiting(rung)
            if machine is None:
                continue
            gone_on = len(self._started[rung + 1])
            if gone_on < len(self._on[rung]) // self._keep or (
                gone_on and merit(self._on[rung][machine]) > leader
            ):
                return machine, rung + 1
        return None

    def _best_waiting(self, rung: int) -> str | None:
        """The best machine that waits on a rung and may yet win; with several objectives any may."""
        waiting = self._open[rung]
        while waiting:
            machine = waiting[0][1]
            measured = self._on[rung][machine]
            if machine in self._started[rung + 1]:
                heapq.heappop(waiting)
            elif len(measured) == 1 and measured[0].high < self._best_low:
                self._behind[rung].append(heapq.heappop(waiting))
            else:
                return machine
        return None

    def leaders(self, wanted: int) -> list[tuple[str, int, tuple[Measured, ...]]]:
        """(machine, rung, measured) of the best machines, each on its highest rung, best first.

        By lower confidence bound, so that nothing is first by luck alone; with several objectives by
        front, then by the first objective's bound.
        """
        rows = [(machine, rung, self._on[rung][machine]) for machine, rung in self._highest.items()]
        if rows and len(rows[0][2]) > 1:
            depth = fronts(np.array([[m.low for m in measured] for _, _, measured in rows]), wanted)
            order = sorted(range(len(rows)), key=lambda i: (depth[i], -rows[i][2][0].low, rows[i][0]))
            return [rows[i] for i in order[:wanted]]
        return heapq.nsmallest(wanted, rows, key=lambda row: (-row[2][0].low, row[0]))


def merit(measured: Sequence[Measured]) -> float:
    """What machines of a rung are compared by when one is to go on: the sum of the objectives' values."""
    return sum(m.value for m in measured)
