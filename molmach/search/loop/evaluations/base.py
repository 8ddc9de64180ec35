"""What an evaluation is, and the task by which it travels to a worker."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from molmach.data.quantity import Quantity, named
from molmach.search.record.result import Result
from molmach.search.space.space import Candidate
from molmach.spec import Campaign, Spec


@dataclass(frozen=True)
class Task:
    """One evaluation of one machine, to be done by a worker anywhere.

    Attributes
    ----------
    key
        sha256 of all that its numbers depend on: two tasks with the same key have the same result.
    machine
        Key of the machine in the space.
    rung
        From 0; :data:`~molmach.search.record.trial.CONFIRMATION` for the winners' second run.
    spec
        The machine, its drive and its protocol.
    use
        The evaluation that does it: a registered name, or ``file.py:Class`` with the whole path.
    seed
        Of its random numbers; 0 where it draws none.
    options
        What else the evaluation wants to know, in plain values.
    """

    key: str
    machine: str
    rung: int
    spec: Spec
    use: str
    seed: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)


class Evaluation(ABC):
    """What is done to a machine to learn what it is worth.

    It is made once a campaign and says what there is to do; workers call :meth:`run` of its class.

    Parameters
    ----------
    campaign
        Whose section ``evaluation`` names it.
    use
        How workers find it: its registered name, or ``file.py:Class`` with the whole path.

    Raises
    ------
    SpecError
        Its rungs or options in the campaign file can't be taken.
    """

    summary: str = ""
    """One line that says what it is."""

    quantities: Sequence[Quantity] = ()
    """What it gives of a machine, and so what objectives may name."""

    @property
    def listed(self) -> Sequence[str]:
        """Names of quantities that errors list."""
        return tuple(quantity.name for quantity in self.quantities)

    def quantity(self, name: str) -> Quantity | None:
        """The quantity that an objective may name so; None where there is none."""
        return named(self.quantities, name)

    def __init__(self, campaign: Campaign, use: str) -> None:
        self.campaign = campaign
        self.use = use

    @property
    def rungs(self) -> int:
        """Levels of effort, from cheap to full."""
        return self.campaign.rungs

    def refusal(self, candidate: Candidate) -> str:
        """Why a machine can't have what the objectives name, or ''; asked before a campaign starts.

        Raises
        ------
        BuildError
            The machine can't be built, so that it can't be told.
        """
        return ""

    @abstractmethod
    def task(self, candidate: Candidate, rung: int) -> Task | None:
        """What there is to do for a machine on a rung.

        Parameters
        ----------
        candidate
            The machine.
        rung
            From 0, or :data:`~molmach.search.record.trial.CONFIRMATION`.

        Returns
        -------
        task
            None for a confirmation where the evaluation has none, for it would only repeat itself.

        Raises
        ------
        SpecError
            The machine lacks what the evaluation needs, such as a drive of some kind.
        """

    @staticmethod
    @abstractmethod
    def run(task: Task) -> Result:
        """Do a task, in whatever process.

        Returns
        -------
        result
            For each of :attr:`quantities`, or of what they are made of, one number a replica. A value that is
            exact is one number alone; one with an uncertainty of its own stands beside ``"NAME.error"``, its
            standard error. What goes wrong with a machine is a result too: its ``reason``.
        """

    def key(self, spec: Spec, *parts: object) -> str:
        """A task's key: sha256 of machine file, evaluation, and whatever else its numbers depend on."""
        text = json.dumps([self.use.rpartition("/")[2], spec.canonical(), *parts], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()
