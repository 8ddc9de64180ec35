"""Who gets the next evaluation: a machine that goes on to a longer run, or an agent's next proposal."""

from __future__ import annotations

from collections.abc import Sequence

from molmach.search.loop.book import TrialBook
from molmach.search.loop.queue import Queue
from molmach.search.loop.racing import Ladder
from molmach.search.record.trial import CONFIRMATION, Finding, Measured, Trial


class Allocation:
    """Racing and the queue together, and the machines whose second run is there.

    Parameters
    ----------
    book, queue, ladder
        Of the campaign.
    """

    def __init__(self, book: TrialBook, queue: Queue, ladder: Ladder) -> None:
        self._book = book
        self._queue = queue
        self._ladder = ladder
        self._confirmed: set[str] = set()

    def next(self, hurry: bool) -> tuple[str, int] | None:
        """(machine, rung) of the next evaluation, which counts as started; longer runs go first.

        None where nothing waits, or where the agent whose turn it is still thinks; in a hurry, nobody is
        waited for.
        """
        promotion = self._ladder.promotion()
        machine, rung = promotion if promotion is not None else (self._queue.take(hurry), 0)
        if machine is None:
            return None
        self._ladder.started(machine, rung)
        return machine, rung

    @property
    def promotes(self) -> bool:
        """Whether a machine goes on to a longer run next."""
        return self._ladder.promotion() is not None

    def learn(self, finding: Finding) -> None:
        """An evaluation has come back; fresh, or from the ledger."""
        trial = self._book.found(finding)
        if finding.rung == CONFIRMATION:
            self._confirmed.add(finding.machine)
            return
        self._ladder.finished(finding.machine, finding.rung, finding.measured)
        self._queue.found(trial, finding)

    def learn_infeasible(self, trial: Trial) -> None:
        """A design was no machine; from the ledger."""
        self._book.infeasible(trial)
        self._queue.infeasible(trial)

    def leaders(self, wanted: int) -> list[tuple[str, int, tuple[Measured, ...]]]:
        """(machine, rung, measured) of the best machines, best first."""
        return self._ladder.leaders(wanted)

    def unconfirmed(self, wanted: int) -> Sequence[str]:
        """Those of the best machines whose second run is not there."""
        return [machine for machine, _, _ in self.leaders(wanted) if machine not in self._confirmed]

    @property
    def top_low(self) -> float:
        """Largest lower bound of the first objective on the last rung."""
        return self._ladder.top_low
