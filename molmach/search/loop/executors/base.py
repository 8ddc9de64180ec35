"""What an executor is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from molmach.search.loop.evaluation import Job, Outcome


@dataclass(frozen=True)
class Finished:
    """A job that came back; ``outcome`` is None where it was lost, and ``problem`` says how."""

    job: Job
    outcome: Outcome | None
    problem: str = ""


class Executor(ABC):
    """Runs jobs, each on one core."""

    @property
    @abstractmethod
    def slots(self) -> int:
        """How many jobs it should have in hand, so that every core is busy and few decisions are early."""

    @property
    @abstractmethod
    def in_hand(self) -> int:
        """Jobs that have not come back."""

    @abstractmethod
    def submit(self, job: Job) -> None:
        """Take a job."""

    @abstractmethod
    def wait(self, seconds: float) -> list[Finished]:
        """Jobs that have come back, after at most so long; at once if there are any."""

    def close(self) -> None:  # noqa: B027 an executor may hold nothing
        """Drop what is in hand."""
