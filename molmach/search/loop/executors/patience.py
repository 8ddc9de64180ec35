"""How long a job may take before it is taken for lost, by what is expected and what others took."""

from __future__ import annotations

from molmach.search.loop.evaluations import Task

TIMES = 20.0
"""A job may take so many times what is expected of it: only one that hangs does."""

_SHORTEST = 600.0
"""Seconds that every job may take, for a computer may be busy with other things, or compile its kernels."""

_UNKNOWN = 86400.0
"""Seconds for a job of which nobody knows what it takes, while none of its kind has come back."""


class Patience:
    """Learns from the jobs that come back.

    Parameters
    ----------
    shortest
        Seconds that every job may take.
    """

    def __init__(self, shortest: float = _SHORTEST) -> None:
        self._shortest = shortest
        self._slowest: dict[tuple[str, int], float] = {}
        self._rate = 1.0

    def took(self, task: Task, seconds: float) -> None:
        """A job has come back after so many seconds on a core."""
        if task.seconds:
            self._rate = max(self._rate, seconds / task.seconds)
        kind = task.use, task.rung
        self._slowest[kind] = max(self._slowest.get(kind, 0.0), seconds)

    def limit(self, task: Task) -> float:
        """Seconds after which a job that has begun is taken for lost."""
        if task.seconds:
            return max(self._shortest, TIMES * self._rate * task.seconds)
        slowest = self._slowest.get((task.use, task.rung))
        return _UNKNOWN if slowest is None else max(self._shortest, TIMES * slowest)
