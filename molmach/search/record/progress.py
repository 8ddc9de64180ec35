"""How a campaign went, evaluation by evaluation: best bounds so far, who found what, what was spent."""

from __future__ import annotations

import heapq
import math
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable

from molmach.data.campaign import TEAM, Cost, Curve
from molmach.search.loop.bandit import TOP_SHARE
from molmach.search.loop.evaluation import CONFIRMATION
from molmach.search.record.ledger import Entry


class _Best:
    """The best bound among machines of which each counts by its highest rung, and what was spent."""

    def __init__(self) -> None:
        self.curve = Curve()
        self._spent = (0, 0.0)
        self._now: dict[str, tuple[int, float]] = {}
        self._heap: list[tuple[float, str]] = []

    def take(self, entry: Entry, bound: float | None) -> None:
        """One more evaluation; without a bound where it failed."""
        self._spent = (self._spent[0] + 1, self._spent[1] + entry.seconds)
        if bound is None or self._now.get(entry.machine, (-1, 0.0))[0] > entry.rung:
            return
        self._now[entry.machine] = (entry.rung, bound)
        heapq.heappush(self._heap, (-bound, entry.machine))
        while -self._heap[0][0] != self._now[self._heap[0][1]][1]:
            heapq.heappop(self._heap)
        best = -self._heap[0][0]
        if not self.curve.bound or best != self.curve.bound[-1]:
            self.curve.add(*self._spent, best)

    def end(self) -> Curve:
        """The curve up to all that was spent."""
        if self.curve.bound and self._spent[0] != self.curve.evaluations[-1]:
            self.curve.add(*self._spent, self.curve.bound[-1])
        return self.curve


def best_so_far(entries: Iterable[Entry], objective: int) -> dict[str, Curve]:
    """The best bound of an objective, of each agent against its own costs and of :data:`TEAM` against all.

    A machine counts by the highest rung that it has reached, so a curve falls where a longer run takes
    back what a short one had promised.
    """
    trackers: dict[str, _Best] = {TEAM: _Best()}
    for entry in entries:
        if entry.rung == CONFIRMATION:
            continue
        bound = _bound(entry, objective)
        for name in (TEAM, entry.agent):
            trackers.setdefault(name, _Best()).take(entry, bound)
    return {name: tracker.end() for name, tracker in trackers.items()}


def _bound(entry: Entry, objective: int) -> float | None:
    if not entry.ok or objective >= len(entry.measured):
        return None
    low = entry.measured[objective].low
    return low if math.isfinite(low) else None


def standing(entries: Iterable[Entry], objectives: int) -> list[Entry]:
    """The latest result of every machine on the highest rung where it gave all its numbers."""
    found: dict[str, Entry] = {}
    for entry in entries:
        if entry.rung == CONFIRMATION or not entry.ok or len(entry.measured) != objectives:
            continue
        before = found.get(entry.machine)
        if (before is None or entry.rung >= before.rung) and all(m.defined for m in entry.measured):
            found[entry.machine] = entry
    return list(found.values())


def finds(entries: Iterable[Entry]) -> Counter[str]:
    """How often each agent's machine came out among the best tenth of those before it on the first rung."""
    found: Counter[str] = Counter()
    values: list[float] = []
    for entry in entries:
        if entry.rung != 0 or not entry.ok or not entry.measured or not entry.measured[0].defined:
            continue
        value = entry.measured[0].value
        rank = len(values) - bisect_left(values, value)
        insort(values, value)
        found[entry.agent] += rank <= TOP_SHARE * len(values)
    return found


def costs(entries: Iterable[Entry]) -> dict[int, dict[str, Cost]]:
    """What was spent, by rung (confirmations last) and agent."""
    found: dict[int, dict[str, Cost]] = {}
    for entry in entries:
        cost = found.setdefault(entry.rung, {}).setdefault(entry.agent, Cost())
        cost.evaluations += 1
        cost.failed += not entry.ok
        cost.seconds += entry.seconds
    return dict(sorted(found.items(), key=lambda item: math.inf if item[0] == CONFIRMATION else item[0]))
