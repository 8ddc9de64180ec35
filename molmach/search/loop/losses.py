"""Tasks that never came back: how often each may be started again, and when it is not the machines' fault."""

from __future__ import annotations

from collections import Counter

from molmach.errors import CampaignError
from molmach.search.loop.evaluations import Task

_MOST_LOSSES = 5
"""A task that is lost so often, and by no fault of a computer's, is given up."""

_MOST_GIVEN_UP = 5
"""When so many tasks in a row were given up, nothing comes back any more."""

_MOST_BLAMELESS = 1000
"""When computers have lost so many tasks in a row, nothing comes back any more. Not tuned."""


class Losses:
    """Counts how often each task was lost, and how many in a row were given up.

    What is given up is a machine's failure only if other machines do come back: otherwise it is no machine's.
    """

    def __init__(self) -> None:
        self._losses: Counter[str] = Counter()
        self._blameless = 0
        self._doomed: list[tuple[Task, str]] = []
        self._given_up: list[tuple[Task, str]] = []

    def came_back(self) -> None:
        """A task has come back."""
        self._blameless = 0
        self._given_up += self._doomed
        self._doomed = []

    def again(self, task: Task, problem: str, blameless: bool) -> bool:
        """Whether a task that was lost once more is started again; otherwise it is given up.

        Parameters
        ----------
        task
            The task.
        problem
            Why it was lost this time.
        blameless
            Whether that was a computer's doing, and no sign against the task.

        Raises
        ------
        CampaignError
            No evaluation comes back any more.
        """
        if blameless:
            self._blameless += 1
            if self._blameless >= _MOST_BLAMELESS:
                raise CampaignError(f"evaluations don't come back any more: {problem}")
            return True
        self._losses[task.key] += 1
        if self._losses[task.key] < _MOST_LOSSES:
            return True
        self._doomed.append((task, f"lost {self._losses[task.key]} times: {problem}"))
        if len(self._doomed) >= _MOST_GIVEN_UP:
            raise CampaignError(f"evaluations don't come back any more: {problem}")
        return False

    def at_the_end(self, others: bool) -> None:
        """Nothing more comes back; ``others`` says whether anything ever has.

        Raises
        ------
        CampaignError
            Nothing has, so that what was given up is no machine's fault.
        """
        if self._doomed and not others:
            raise CampaignError(f"no evaluation has come back: {self._doomed[-1][1]}")
        self.came_back()

    @property
    def count(self) -> int:
        """How many are given up and not recorded."""
        return len(self._doomed) + len(self._given_up)

    @property
    def waiting(self) -> bool:
        """Whether :attr:`given_up` has any."""
        return bool(self._given_up)

    @property
    def given_up(self) -> list[tuple[Task, str]]:
        """(task, why) of those that are given up; each is told once."""
        given_up, self._given_up = self._given_up, []
        return given_up
