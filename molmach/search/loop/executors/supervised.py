"""An executor that is held to what :class:`Executor` promises."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from molmach.errors import CampaignError, MolmachError
from molmach.search.agents.team import Team
from molmach.search.loop.evaluations import Task
from molmach.search.loop.executors.base import Executor
from molmach.search.loop.executors.registry import EXECUTOR
from molmach.search.record.result import Result
from molmach.search.strangers import OURS, UserInterrupt, described, pressed
from molmach.spec import Campaign


class Supervised(Executor):
    """An executor whose every call is checked.

    What it gives back before it breaks its promises is passed on first, so that nothing measured is lost.

    Parameters
    ----------
    chosen
        The class that is started.
    cores, address
        As :meth:`Executor.start` takes them.

    Raises
    ------
    CampaignError
        Here and in every method: the executor raises, or does what an executor must not; the text names it.
    """

    def __init__(self, chosen: type[Executor], cores: int | None = None, address: str | None = None) -> None:
        self._name = chosen.__name__
        self._tasks: set[str] = set()
        self._fault: CampaignError | None = None
        with self._named("start"):
            executor: object = chosen.start(cores, address)
        if not isinstance(executor, Executor):
            raise self._broken(f"start gave {str(executor)[:100]!r}; expected an executor")
        self._executor = executor

    def _broken(self, words: str) -> CampaignError:
        return CampaignError(EXECUTOR, f" {self._name}: {words}")

    @contextmanager
    def _named(self, call: str) -> Iterator[None]:
        try:
            yield
        except (MolmachError, *OURS):
            raise
        except KeyboardInterrupt as interrupt:
            if pressed():  # within the executor's C code it has become another one
                raise UserInterrupt from interrupt
            raise self._broken(f"{call} failed: {described(interrupt)}") from interrupt
        except BaseException as error:
            raise self._broken(f"{call} failed: {described(error)}") from error

    @property
    def slots(self) -> int:
        """See :class:`Executor`."""
        with self._named("slots"):
            slots: object = self._executor.slots
        number = float(slots) if isinstance(slots, numbers.Real) else 0.0
        if not 1.0 <= number < math.inf:
            raise self._broken(f"slots is {str(slots)[:100]!r}; expected one or more")
        return int(number)

    @property
    def in_hand(self) -> int:
        """See :class:`Executor`; counted here."""
        if self._fault is not None:
            raise self._fault
        return len(self._tasks)

    def submit(self, task: Task) -> None:
        """See :class:`Executor`."""
        with self._named("submit"):
            self._executor.submit(task)
        self._tasks.add(task.key)

    def wait(self, seconds: float) -> list[Result]:
        """See :class:`Executor`."""
        if self._fault is not None:
            raise self._fault
        with self._named("wait"):
            results: object = self._executor.wait(seconds)
            held = self._executor.in_hand
        if not isinstance(results, list):
            raise self._broken(f"wait gave {str(results)[:100]!r}; expected a list of results")
        taken = []
        for result in results:
            if not isinstance(result, Result) or result.key not in self._tasks:
                key = result.key if isinstance(result, Result) else result
                self._fault = self._broken(
                    f"wait gave {str(key)[:100]!r}, of no task in hand; expected each task's result once"
                )
                break
            self._tasks.remove(result.key)
            taken.append(result)
        if self._fault is None and held != len(self._tasks):
            self._fault = self._broken(
                f"in_hand is {str(held)[:100]} where {len(self._tasks)} tasks have not come back; expected "
                "every task to come back, as lost if need be"
            )
        if self._fault is not None and not taken:
            raise self._fault
        return taken

    def recall(self) -> list[str]:
        """See :class:`Executor`; only what is in hand can be taken back."""
        with self._named("recall"):
            recalled: object = self._executor.recall()
        if not isinstance(recalled, list) or not set(recalled) <= self._tasks:
            raise self._broken(f"recall gave {str(recalled)[:100]!r}; expected keys of tasks in hand")
        self._tasks -= set(recalled)
        return recalled

    def news(self) -> list[str]:
        """See :class:`Executor`."""
        with self._named("news"):
            return [str(line)[:500] for line in self._executor.news()]

    @property
    def waited_for(self) -> str:
        """See :class:`Executor`."""
        with self._named("waited_for"):
            return str(self._executor.waited_for)[:500]

    def team(self, campaign: Campaign, folder: Path) -> Team:
        """See :class:`Executor`."""
        with self._named("team"):
            return self._executor.team(campaign, folder)

    def close(self) -> None:
        """See :class:`Executor`."""
        with self._named("close"):
            self._executor.close()
