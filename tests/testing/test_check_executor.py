"""check_executor: executors keep its rules, and those that break one are found out."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from molmach.search import Result, Task
from molmach.search.loop.executors import LocalExecutor
from molmach.testing import check_executor


def test_the_local_executor_keeps_the_rules() -> None:
    check_executor(LocalExecutor)
    check_executor(lambda evaluation: LocalExecutor(evaluation, slots=3))


class Dropping(LocalExecutor):
    """Says nothing of a task that was lost."""

    def wait(self, seconds: float) -> list[Result]:
        """Only what went well."""
        return [result for result in super().wait(seconds) if not result.lost]


class Doubling(LocalExecutor):
    """Gives back everything twice."""

    def wait(self, seconds: float) -> list[Result]:
        """All of it, and again."""
        return 2 * super().wait(seconds)


class Miscounting(LocalExecutor):
    """Counts one too many."""

    @property
    def in_hand(self) -> int:
        """One more than there are."""
        return super().in_hand + 1


class Raising(LocalExecutor):
    """Lets an evaluation's error through."""

    def wait(self, seconds: float) -> list[Result]:
        """Without any care."""
        return [self._evaluation(self._tasks.popleft())] if self._tasks else []


class Changing(LocalExecutor):
    """Adds to the costs."""

    def wait(self, seconds: float) -> list[Result]:
        """A second more each."""
        return [
            Result(r.key, r.samples, r.reason, r.seconds + 1.0, r.steps, lost=r.lost)
            for r in super().wait(seconds)
        ]


class Holding(LocalExecutor):
    """Keeps what it has in hand after the end."""

    def close(self) -> None:
        """Nothing happens."""


WRONG: dict[type[LocalExecutor], tuple[type[BaseException], str]] = {
    Dropping: (AssertionError, "in_hand: got 0; expected 1"),
    Doubling: (AssertionError, "in_hand: got 11; expected 10"),
    Miscounting: (AssertionError, "has 1 tasks in hand before the first"),
    Raising: (OSError, "no luck"),
    Changing: (AssertionError, "changes a result"),
    Holding: (AssertionError, "has 1 tasks in hand after close"),
}


@pytest.mark.parametrize("executor", WRONG)
def test_who_breaks_a_rule_is_named_with_the_rule(
    executor: Callable[[Callable[[Task], Result]], LocalExecutor],
) -> None:
    error, words = WRONG[executor]  # type: ignore[index]
    with pytest.raises(error, match=words):
        check_executor(executor)
