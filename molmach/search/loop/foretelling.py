"""What theory says of the machines that are measured, written down beside what was found."""

from __future__ import annotations

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

from molmach.search.agents.theory import Theory
from molmach.search.loop.book import TrialBook
from molmach.search.record.ledger import Ledger
from molmach.search.record.rows import Foretold
from molmach.search.record.trial import CONFIRMATION, Finding


class Foretelling:
    """Asks theory about measured machines while evaluations run, one at a time, for building takes a while.

    Parameters
    ----------
    theory
        The campaign's.
    book, ledger
        Of the campaign.
    """

    def __init__(self, theory: Theory, book: TrialBook, ledger: Ledger) -> None:
        self._theory = theory
        self._book = book
        self._ledger = ledger
        self._asked = set(ledger.foretold())
        self._waiting: deque[str] = deque()
        self._told: set[str] = set()

    def learn(self, finding: Finding) -> None:
        """A machine has a result; fresh, or from the ledger."""
        if finding.ok and finding.rung != CONFIRMATION and finding.machine not in self._asked:
            self._asked.add(finding.machine)
            self._waiting.append(finding.machine)

    def one(self) -> None:
        """Ask about the machine that has waited longest; nothing where none waits."""
        if self._waiting:
            self._ask(self._waiting.popleft())

    def rest(self) -> None:
        """Ask about all that wait."""
        while self._waiting:
            self.one()

    def _ask(self, machine: str) -> None:
        design = self._book[machine].design
        means, sds = self._theory.objectives([design])
        if any(math.isfinite(mean) for mean in means[0]):
            models = {estimate.model: None for estimate in self._theory.estimates(design).values()}
            self._ledger.foretell(machine, Foretold(_said(means[0]), _said(sds[0]), "; ".join(models)))
        for name, problem in self._theory.failures.items():
            if name not in self._told:
                self._told.add(name)
                self._ledger.event("estimator_failed", name, problem)


def _said(numbers: NDArray[np.float64]) -> tuple[float | None, ...]:
    return tuple(float(x) if math.isfinite(x) else None for x in numbers)
