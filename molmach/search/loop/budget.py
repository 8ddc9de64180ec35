"""What a campaign has spent, and whether that is all it may."""

from __future__ import annotations

import time
from dataclasses import dataclass

from molmach.search.record.trial import CONFIRMATION, Finding
from molmach.spec.campaign import Budget


class Clock:
    """Seconds that a campaign has been running, however often it was interrupted."""

    def __init__(self, before: float) -> None:
        self._before = before
        self._started = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds since it was first started, without the time in which nobody carried it out."""
        return self._before + time.monotonic() - self._started


@dataclass
class BudgetUse:
    """What a campaign has spent, beside what it may spend.

    Attributes
    ----------
    budget
        What may be spent.
    clock
        Of the campaign.
    evaluations, failures
        Finished evaluations of whatever rung, confirmations left out, and failures of both.
    core_seconds
        Of all that was simulated, confirmations included.
    """

    budget: Budget
    clock: Clock
    evaluations: int = 0
    failures: int = 0
    core_seconds: float = 0.0

    def learn(self, finding: Finding) -> None:
        """Count one evaluation, from the ledger or fresh."""
        self.core_seconds += finding.seconds
        self.failures += not finding.ok
        self.evaluations += finding.rung != CONFIRMATION

    @property
    def left(self) -> float:
        """Share of the budget that is left, by whatever runs out first."""
        spent = [
            done / limit
            for done, limit in (
                (self.evaluations, self.budget.evaluations),
                (self.core_seconds, self.budget.core_seconds),
                (self.clock.seconds, self.budget.wall_clock),
            )
            if limit is not None
        ]
        return max(0.0, 1.0 - max(spent))

    def allow(self, coming: int) -> bool:
        """Whether one more evaluation may be started when so many are already coming."""
        return self.budget.evaluations is None or self.evaluations + coming < self.budget.evaluations

    @property
    def out_of_time(self) -> bool:
        """Whether the budget's time is over."""
        return self.budget.wall_clock is not None and self.clock.seconds >= self.budget.wall_clock

    def spent(self) -> str | None:
        """What has run out, in words; None while nothing has."""
        budget = self.budget
        if budget.evaluations is not None and self.evaluations >= budget.evaluations:
            return "all evaluations of the budget are done"
        if budget.core_seconds is not None and self.core_seconds >= budget.core_seconds:
            return "the budget's core seconds are spent"
        if self.out_of_time:
            return "the budget's time is over"
        return None
