"""How a campaign went, evaluation by evaluation: best bounds so far, who found what, what was spent."""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Iterable

from molmach.data.campaign import TEAM, Cost, Curve
from molmach.search.loop.finds import Finds
from molmach.search.record.trial import CONFIRMATION, Finding


class _Best:
    """The best bound among machines of which each counts by its highest rung, and what was spent."""

    def __init__(self) -> None:
        self.curve = Curve()
        self._spent = (0, 0.0)
        self._now: dict[str, tuple[int, float]] = {}
        self._heap: list[tuple[float, str]] = []

    def take(self, finding: Finding, bound: float | None) -> None:
        """One more evaluation; without a bound where it failed."""
        self._spent = (self._spent[0] + 1, self._spent[1] + finding.seconds)
        if bound is None or self._now.get(finding.machine, (-1, 0.0))[0] > finding.rung:
            return
        self._now[finding.machine] = (finding.rung, bound)
        heapq.heappush(self._heap, (-bound, finding.machine))
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


def best_so_far(findings: Iterable[Finding], objective: int) -> dict[str, Curve]:
    """The best bound of an objective, of each agent against its own costs and of :data:`TEAM` against all.

    A machine counts by the highest rung that it has reached, so a curve falls where a longer run takes
    back what a short one had promised.
    """
    trackers: dict[str, _Best] = {TEAM: _Best()}
    for finding in findings:
        if finding.rung == CONFIRMATION:
            continue
        bound = _bound(finding, objective)
        for name in (TEAM, finding.agent):
            trackers.setdefault(name, _Best()).take(finding, bound)
    return {name: tracker.end() for name, tracker in trackers.items()}


def _bound(finding: Finding, objective: int) -> float | None:
    if not finding.ok or objective >= len(finding.measured):
        return None
    low = finding.measured[objective].low
    return low if math.isfinite(low) else None


def standing(findings: Iterable[Finding], objectives: int) -> list[Finding]:
    """The latest result of every machine on the highest rung where it gave all its numbers."""
    latest: dict[str, Finding] = {}
    for finding in findings:
        if finding.rung == CONFIRMATION or not finding.ok or len(finding.measured) != objectives:
            continue
        before = latest.get(finding.machine)
        if (before is None or finding.rung >= before.rung) and all(m.defined for m in finding.measured):
            latest[finding.machine] = finding
    return list(latest.values())


def finds(findings: Iterable[Finding]) -> Counter[str]:
    """How often each agent's machine was a find on the first rung, as :class:`Finds` judges."""
    counts: Counter[str] = Counter()
    judged = Finds()
    for finding in findings:
        if finding.rung != 0 or not finding.ok or not finding.measured or not finding.measured[0].defined:
            continue
        counts[finding.agent] += judged.judge(finding.measured)
    return counts


def costs(findings: Iterable[Finding]) -> dict[int, dict[str, Cost]]:
    """What was spent, by rung (confirmations last) and agent."""
    spent: dict[int, dict[str, Cost]] = {}
    for finding in findings:
        cost = spent.setdefault(finding.rung, {}).setdefault(finding.agent, Cost())
        cost.evaluations += 1
        cost.failed += not finding.ok
        cost.seconds += finding.seconds
    return dict(sorted(spent.items(), key=lambda item: math.inf if item[0] == CONFIRMATION else item[0]))
