"""Evaluations in this process, one after the other: for debugging, and for replaying stored results."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from molmach.search.loop.evaluations import Task, evaluate, signed
from molmach.search.loop.executors.base import Executor
from molmach.search.record.result import Result


class LocalExecutor(Executor):
    """Does a task when it is waited for.

    Parameters
    ----------
    evaluation
        What does a task.
    slots
        Tasks in hand; more than one only delays what the search learns, as a cluster of so many cores would.
    """

    summary = "in this process, one after the other"

    def __init__(self, evaluation: Callable[[Task], Result] = evaluate, slots: int = 1) -> None:
        self._evaluation = signed(evaluation)
        self._slots = slots
        self._tasks: deque[Task] = deque()

    @property
    def slots(self) -> int:
        """See :class:`Executor`."""
        return self._slots

    @property
    def in_hand(self) -> int:
        """See :class:`Executor`."""
        return len(self._tasks)

    def submit(self, task: Task) -> None:
        """See :class:`Executor`."""
        self._tasks.append(task)

    def wait(self, seconds: float) -> list[Result]:
        """See :class:`Executor`; the oldest task is done now."""
        if not self._tasks:
            return []
        task = self._tasks.popleft()
        try:
            return [self._evaluation(task)]
        except Exception as error:  # as a worker's would: the campaign goes on
            return [Result(task.key, lost=f"{type(error).__name__}: {error}"[:500])]

    def recall(self) -> list[str]:
        """See :class:`Executor`; what is in hand has not begun."""
        keys = [task.key for task in self._tasks]
        self._tasks.clear()
        return keys

    def close(self) -> None:
        """See :class:`Executor`."""
        self._tasks.clear()
