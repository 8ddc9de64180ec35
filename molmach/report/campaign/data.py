"""What the campaign's report shows, taken from the ledger: curves, fronts, predictions, costs, failures."""

from __future__ import annotations

import heapq
import math
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from molmach.search.loop.bandit import TOP_SHARE
from molmach.search.record.ledger import Ledger
from molmach.search.record.trial import CONFIRMATION, Finding

Floats = NDArray[np.float64]

TEAM = ""
"""Stands for all agents together where others stand under their names."""

_REASON = 160


@dataclass
class Curve:
    """The best bound so far against what was spent; only the points where it changes, and the last.

    Attributes
    ----------
    evaluations, seconds
        Spent so far: number, core seconds.
    bound
        Lower 95 % bound of the best machine, greater is better.
    """

    evaluations: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    bound: list[float] = field(default_factory=list)

    def add(self, evaluations: int, seconds: float, bound: float) -> None:
        """One more point."""
        self.evaluations.append(evaluations)
        self.seconds.append(seconds)
        self.bound.append(bound)


class _Best:
    """The best bound among machines of which each counts by its highest rung, and what was spent."""

    def __init__(self) -> None:
        self.curve = Curve()
        self._spent = (0, 0.0)
        self._now: dict[str, tuple[int, float]] = {}
        self._heap: list[tuple[float, str]] = []

    def take(self, entry: Finding, bound: float | None) -> None:
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


def best_so_far(entries: Iterable[Finding], objective: int) -> dict[str, Curve]:
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


def _bound(entry: Finding, objective: int) -> float | None:
    if not entry.ok or objective >= len(entry.measured):
        return None
    low = entry.measured[objective].low
    return low if math.isfinite(low) else None


def standing(entries: Iterable[Finding], objectives: int) -> list[Finding]:
    """The latest result of every machine on the highest rung where it gave all its numbers."""
    found: dict[str, Finding] = {}
    for entry in entries:
        if entry.rung == CONFIRMATION or not entry.ok or len(entry.measured) != objectives:
            continue
        before = found.get(entry.machine)
        if (before is None or entry.rung >= before.rung) and all(m.defined for m in entry.measured):
            found[entry.machine] = entry
    return list(found.values())


def front(points: Floats) -> NDArray[np.bool_]:
    """Which points no other one dominates; (n_points, n_objectives), greater is better."""
    on_front = np.zeros(len(points), dtype=bool)
    kept = np.empty((0, points.shape[1] if points.ndim == 2 else 0))
    # whoever dominates a point stands before it when the points are sorted, so one pass is enough
    for i in np.lexsort(-points.T[::-1]) if len(points) else ():
        point = points[i]
        if not np.any(np.all(kept >= point, axis=1) & np.any(kept > point, axis=1)):
            on_front[i] = True
            kept = np.vstack([kept, point])
    return on_front


def finds(entries: Iterable[Finding]) -> Counter[str]:
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


@dataclass
class Cost:
    """What one agent spent on one rung."""

    evaluations: int = 0
    failed: int = 0
    seconds: float = 0.0


def costs(entries: Iterable[Finding]) -> dict[int, dict[str, Cost]]:
    """What was spent, by rung (confirmations last) and agent."""
    found: dict[int, dict[str, Cost]] = {}
    for entry in entries:
        cost = found.setdefault(entry.rung, {}).setdefault(entry.agent, Cost())
        cost.evaluations += 1
        cost.failed += not entry.ok
        cost.seconds += entry.seconds
    return dict(sorted(found.items(), key=lambda item: math.inf if item[0] == CONFIRMATION else item[0]))


def predictions(ledger: Ledger) -> dict[str, Floats]:
    """Each agent's predictions and what the first rung gave: (n, 4) of mean, sd, value, error.

    Predictions are of the first objective, so there are none to compare where there are several.
    """
    rows: dict[str, list[Sequence[float]]] = {}
    for p in ledger.predictions():
        if all(math.isfinite(x) for x in (p.mean, p.sd, p.value, p.error)):
            rows.setdefault(p.agent, []).append((p.mean, p.sd, p.value, p.error))
    return {agent: np.array(numbers) for agent, numbers in rows.items()}


def failures(ledger: Ledger, most: int = 15) -> tuple[list[tuple[str, str, int]], int]:
    """(what failed, why, how often), the most frequent first, and how many more reasons there are.

    Reasons that differ only after their first colon are counted as one.
    """
    counted: Counter[tuple[str, str]] = Counter()
    for failure in ledger.failures():
        text = failure.reason if failure.what == "agent" else failure.reason.partition(":")[0]
        counted[failure.what, text.strip()[:_REASON] or "no reason given"] += failure.count
    rows = [(what, reason, count) for (what, reason), count in counted.most_common()]
    return rows[:most], max(0, len(rows) - most)
