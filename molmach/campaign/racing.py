"""Racing: which machine deserves more effort, by the intervals of what was measured so far.

Every machine gets the first rung. Of those that stand on a rung, at most one in ``keep`` goes on to the
next (asynchronous successive halving: Li et al., MLSys (2020), arXiv 1810.05934), and none does whose upper
confidence bound lies below the lower bound of the best (Maron & Moore, Hoeffding races, NIPS 1993).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from molmach.campaign.agent import Floats
from molmach.campaign.quantities import Measured


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

    @property
    def top(self) -> int:
        """The last rung."""
        return len(self._on) - 1

    def sent(self, machine: str, rung: int) -> None:
        """An evaluation on a rung was started, or is known."""
        self._sent[rung].add(machine)

    def unsent(self, machine: str, rung: int) -> None:
        """A started evaluation was lost, and may be started again."""
        if machine not in self._on[rung]:
            self._sent[rung].discard(machine)

    def landed(self, machine: str, rung: int, measured: Sequence[Measured]) -> None:
        """An evaluation is finished; without values where it failed."""
        self._sent[rung].add(machine)
        if measured and all(m.defined for m in measured):
            self._on[rung][machine] = tuple(measured)

    def promotion(self) -> tuple[str, int] | None:
        """The machine that goes on next and the rung it goes to, highest rung first; None if none does."""
        bar = self._best_low()
        for rung in range(self.top - 1, -1, -1):
            standing = self._on[rung]
            room = len(standing) // self._keep - len(self._sent[rung + 1])
            if room <= 0:
                continue
            open_to = [
                (merit(measured), machine)
                for machine, measured in standing.items()
                if machine not in self._sent[rung + 1] and (len(measured) > 1 or measured[0].high >= bar)
            ]
            if open_to:
                return max(open_to)[1], rung + 1
        return None

    def _best_low(self) -> float:
        """Highest lower bound of the first objective, each machine on its highest rung; -inf with several."""
        seen: set[str] = set()
        best = -math.inf
        for standing in reversed(self._on):
            for machine, measured in standing.items():
                if machine not in seen:
                    seen.add(machine)
                    best = max(best, measured[0].low)
        return best

    def ranking(self) -> list[tuple[str, int, tuple[Measured, ...]]]:
        """(machine, rung, measured) of the highest rung that any machine stands on, then the next, and so on.

        Within a rung by lower confidence bound, so that nothing is first by luck alone; with several
        objectives by the number of machines that dominate it, and then by the first.
        """
        ranked = []
        seen: set[str] = set()
        for rung in range(self.top, -1, -1):
            rows = [(m, rung, v) for m, v in self._on[rung].items() if m not in seen]
            seen |= {m for m, _, _ in rows}
            depth = dominated([tuple(x.low for x in v) for _, _, v in rows])
            order = sorted(range(len(rows)), key=lambda i: (depth[i], -rows[i][2][0].low))
            ranked += [rows[i] for i in order]
        return ranked


def merit(measured: Sequence[Measured]) -> float:
    """What machines of a rung are compared by when one is to go on: the sum of the objectives' values."""
    return sum(m.value for m in measured)


def dominated(points: Sequence[tuple[float, ...]]) -> list[int]:
    """How many of the points are at least as good in every objective and better in one, for each point.

    With one objective every point is on the front of its own, so that the order is left to the caller.
    """
    if not points or len(points[0]) == 1:
        return [0] * len(points)
    counts = []
    for point in points:
        better = sum(
            all(o >= p for o, p in zip(other, point, strict=True)) and other != point for other in points
        )
        counts.append(better)
    return counts


__all__ = ["Floats", "Ladder", "dominated", "merit"]
