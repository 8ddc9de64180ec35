"""Which of the machines on a rung goes on first: the order of those that wait."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from molmach.search.record.hypervolume import Archive, gain, scaled
from molmach.search.record.trial import Measured

Floats = NDArray[np.float64]


class Waiting(Protocol):
    """Machines that have come to a rung, and of them those that have not gone on."""

    def put(self, machine: str, measured: Sequence[Measured]) -> None:
        """A machine was measured on the rung."""

    def leave(self, machine: str) -> None:
        """A machine goes on, whether it was first or not."""

    def first(self, best_low: float) -> str | None:
        """The best of those that wait and may yet win; None where none does.

        ``best_low`` is the largest lower bound of the first objective that any machine has.
        """

    def late(self, above: Sequence[Self], best_low: float) -> str | None:
        """One that waits and looks better than the best of the rungs above; None where none does."""

    def look_again(self) -> None:
        """Take up those that could not win: the best was not as good as it had seemed."""


class ByValue:
    """One objective: the largest value first, and none whose upper bound lies below the best lower one."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, str, float]] = []
        self._behind: list[tuple[float, str, float]] = []
        self._gone: set[str] = set()
        self._best = -math.inf

    def put(self, machine: str, measured: Sequence[Measured]) -> None:
        """See :class:`Waiting`."""
        (one,) = measured
        self._best = max(self._best, one.value)
        heapq.heappush(self._heap, (-one.value, machine, one.high))

    def leave(self, machine: str) -> None:
        """See :class:`Waiting`."""
        self._gone.add(machine)

    def first(self, best_low: float) -> str | None:
        """See :class:`Waiting`."""
        while self._heap:
            _, machine, high = self._heap[0]
            if machine in self._gone:
                heapq.heappop(self._heap)
            elif high < best_low:
                self._behind.append(heapq.heappop(self._heap))
            else:
                return machine
        return None

    def late(self, above: Sequence[Self], best_low: float) -> str | None:
        """See :class:`Waiting`."""
        machine = self.first(best_low)
        best = max(rung._best for rung in above)
        return machine if machine is not None and -self._heap[0][0] > best else None

    def look_again(self) -> None:
        """See :class:`Waiting`."""
        for entry in self._behind:
            heapq.heappush(self._heap, entry)
        self._behind.clear()


class ByFront:
    """Several objectives: of those that none waiting dominates, the one that adds the largest hypervolume.

    It is added to those that have gone on from the rung, in objectives scaled by the front of all that came
    to it, so that no objective counts for more because of its unit, and what goes on is spread along the
    front.
    """

    def __init__(self) -> None:
        self._front: dict[str, Floats] = {}
        self._behind: dict[str, dict[str, Floats]] = {}
        self._under: dict[str, str] = {}
        self._gone: dict[str, Floats] = {}
        self._points: dict[str, Floats] = {}
        self._all: Archive | None = None

    def put(self, machine: str, measured: Sequence[Measured]) -> None:
        """See :class:`Waiting`."""
        point = np.array([m.value for m in measured])
        self._all = self._all or Archive(len(point))
        self._all.add(point)
        self._points[machine] = point
        self._file(machine, point)

    def _file(self, machine: str, point: Floats) -> None:
        """Put a machine on the front of those that wait, or under one of it that dominates it."""
        others = list(self._front)
        rows = np.array([self._front[other] for other in others]).reshape(len(others), len(point))
        above = np.flatnonzero(np.all(rows >= point, axis=1))
        if len(above):
            self._under[machine] = others[above[0]]
            self._behind[others[above[0]]][machine] = point
            return
        self._front[machine], self._behind[machine] = point, {}
        for number in np.flatnonzero(np.all(rows <= point, axis=1)):
            beaten = others[number]
            moved = {beaten: self._front.pop(beaten), **self._behind.pop(beaten)}
            self._behind[machine] |= moved
            self._under |= dict.fromkeys(moved, machine)

    def leave(self, machine: str) -> None:
        """See :class:`Waiting`."""
        if machine not in self._points:
            return
        self._gone[machine] = self._points[machine]
        if machine in self._front:
            del self._front[machine]
            for other, point in self._behind.pop(machine).items():
                self._under.pop(other)
                self._file(other, point)
        elif machine in self._under:
            del self._behind[self._under.pop(machine)][machine]

    def first(self, best_low: float) -> str | None:
        """See :class:`Waiting`; any of the front may win."""
        if not self._front or self._all is None:
            return None
        names = sorted(self._front)
        waiting, gone = np.array([self._front[n] for n in names]), np.array(list(self._gone.values()))
        both = scaled(np.vstack([waiting, gone]) if len(gone) else waiting, self._all.front)
        rows, before, origin = both[: len(names)], both[len(names) :], np.zeros(both.shape[1])
        gains = [(gain(row, before, origin), float(row.sum())) for row in rows]
        return names[max(range(len(names)), key=lambda i: gains[i])]

    def late(self, above: Sequence[Self], best_low: float) -> str | None:
        """One that dominates a machine on the front of the rungs above; what merely adds to it waits."""
        best = [rung._all.front for rung in above if rung._all is not None]
        if not self._front or not best:
            return None
        names = sorted(self._front)
        rows, leading = np.array([self._front[n] for n in names])[:, None], np.vstack(best)
        beaten = np.all(rows >= leading, axis=2) & np.any(rows > leading, axis=2)
        late = np.flatnonzero(beaten.any(axis=1))
        return names[late[0]] if len(late) else None

    def look_again(self) -> None:
        """See :class:`Waiting`; nobody was left out."""
