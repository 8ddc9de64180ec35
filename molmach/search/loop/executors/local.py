"""Evaluations in this process, one after the other: for debugging, and for replaying stored results."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from molmach.search.loop.evaluation import Job, Outcome, evaluate
from molmach.search.loop.executors.base import Executor, Finished


class LocalExecutor(Executor):
    """Runs a job when it is waited for.

    Parameters
    ----------
    evaluation
        What does a job.
    slots
        Jobs in hand; more than one only delays what the search learns, as a cluster of so many cores would.
    """

    def __init__(self, evaluation: Callable[[Job], Outcome] = evaluate, slots: int = 1) -> None:
        self._evaluation = evaluation
        self._slots = slots
        self._jobs: deque[Job] = deque()

    @property
    def slots(self) -> int:
        """See :class:`Executor`."""
        return self._slots

    @property
    def in_hand(self) -> int:
        """See :class:`Executor`."""
        return len(self._jobs)

    def submit(self, job: Job) -> None:
        """See :class:`Executor`."""
        self._jobs.append(job)

    def wait(self, seconds: float) -> list[Finished]:
        """See :class:`Executor`; the oldest job is done now."""
        if not self._jobs:
            return []
        job = self._jobs.popleft()
        try:
            return [Finished(job, self._evaluation(job))]
        except Exception as error:  # as a worker's would: the campaign goes on
            return [Finished(job, None, f"{type(error).__name__}: {error}"[:500])]

    def close(self) -> None:
        """See :class:`Executor`."""
        self._jobs.clear()
