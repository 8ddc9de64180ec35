"""What an executor is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Self

from molmach.search.agents.team import LocalTeam, Team
from molmach.search.loop.evaluations import Task
from molmach.search.record.result import Result
from molmach.spec import Campaign


class Executor(ABC):
    """Does tasks, each on one core.

    It is made by :meth:`start`, used by one driver in one thread, and closed at the end.
    """

    summary: str = ""
    """One line that says what it is."""

    @classmethod
    def start(cls, cores: int | None = None, address: str | None = None) -> Self:
        """An executor for a campaign.

        Parameters
        ----------
        cores
            How many it shall use; None for what it finds good. A class that leaves this method as it is takes
            none, and they are refused.
        address
            A cluster to join; refused in the same way.

        Raises
        ------
        CampaignError
            It can't be started: nothing answers at the address.
        """
        return cls()

    @property
    @abstractmethod
    def slots(self) -> int:
        """How many tasks it should have in hand, so that every core is busy and few decisions are early."""

    @property
    @abstractmethod
    def in_hand(self) -> int:
        """Tasks that have not come back."""

    @abstractmethod
    def submit(self, task: Task) -> None:
        """Take a task. One that was lost may be submitted again."""

    @abstractmethod
    def wait(self, seconds: float) -> list[Result]:
        """What has come back, after at most so long; at once if there is anything.

        Every task comes back once. Where its worker died or raised, its result says in ``lost`` how, and
        whether it is ``blameless``.
        """

    def recall(self) -> list[str]:
        """Take back the tasks that nobody has begun: their keys. They are not in hand any more.

        By default none is taken back.
        """
        return []

    def news(self) -> list[str]:
        """What people should be told of where tasks run, since the last call; a line each."""
        return []

    @property
    def waited_for(self) -> str:
        """What is in hand, in a few words."""
        return f"{self.in_hand} evaluation{'' if self.in_hand == 1 else 's'}"

    def team(self, campaign: Campaign, folder: Path) -> Team:
        """Where the campaign's agents think: by default in this process, while evaluations wait.

        Parameters
        ----------
        campaign
            Whose agents they are.
        folder
            Where relative files of agents start.
        """
        return LocalTeam(campaign, folder)

    def close(self) -> None:  # noqa: B027 an executor may hold nothing
        """Drop what is in hand and let go of everything; a second call does nothing."""
