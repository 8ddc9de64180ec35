"""Tasks that never came back: how often each may be started again, and when it is not the machines' fault."""

from __future__ import annotations

from collections import Counter

from molmach.errors import CampaignError

_MOST_LOSSES = 5
"""A task that is lost so often is given up."""

_MOST_GIVEN_UP = 5
"""When so many tasks in a row were given up, nothing comes back any more."""


class Losses:
    """Counts how often each task was lost, and how many in a row were given up."""

    def __init__(self) -> None:
        self._losses: Counter[str] = Counter()
        self._given_up = 0

    def came_back(self) -> None:
        """A task has come back."""
        self._given_up = 0

    def verdict(self, key: str, problem: str) -> str:
        """Why a task is given up that was lost once more; '' where it may be started again.

        Parameters
        ----------
        key
            The task's.
        problem
            Why it was lost this time.

        Raises
        ------
        CampaignError
            No evaluation comes back any more.
        """
        self._losses[key] += 1
        if self._losses[key] < _MOST_LOSSES:
            return ""
        self._given_up += 1
        if self._given_up >= _MOST_GIVEN_UP:
            raise CampaignError(f"evaluations don't come back any more: {problem}")
        return f"lost {self._losses[key]} times: {problem}"
