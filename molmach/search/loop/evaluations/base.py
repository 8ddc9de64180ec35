"""What an evaluation is, and the task by which it travels to a worker."""

from __future__ import annotations

import glob
import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from molmach.data.quantity import Quantity, named
from molmach.errors import SpecError
from molmach.search.record.result import Result
from molmach.search.record.trial import CONFIRMATION
from molmach.search.space.space import Candidate
from molmach.spec import Campaign, Spec
from molmach.spec.registered import EVALUATIONS, registered
from molmach.studies.provenance import code_digest

_FRESH_SEED = 7919
"""Added to a machine's seed for a confirmation: any number that is not zero gives other draws."""


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
    seconds
        What it is thought to take on one core, by a rough guess; 0 where nobody knows. One that takes many
        times longer is taken for lost.
    """

    key: str
    machine: str
    rung: int
    spec: Spec
    use: str
    seed: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0


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

    packages: Sequence[str] = ()
    """Distributions of which its numbers have a share, besides those of which all results have."""

    simulates_drives: bool = False
    """Whether it runs machines under their drives, so that one at equilibrium is worth a word."""

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
        self.check_rungs()

    def check_rungs(self) -> None:
        """See that the campaign's rungs can be taken.

        Those of an evaluation stand in ``evaluation.rungs``, and ``racing.rungs`` are refused; one that
        simulates may take them instead.

        Raises
        ------
        SpecError
            They can't.
        """
        if self.campaign.racing.rungs:
            raise SpecError(
                f"racing.rungs: are of dynamics; those of {self.campaign.evaluation.use!r} stand in "
                "evaluation.rungs"
            )

    @property
    def rungs(self) -> int:
        """Levels of effort, from cheap to full."""
        return len(self.campaign.racing.rungs) or len(self.campaign.evaluation.rungs) or 1

    def effort(self, rung: int) -> str:
        """What a machine gets on a rung or in the confirmation, in a few words; '' for nothing to say.

        Parameters
        ----------
        rung
            From 0, or :data:`~molmach.search.record.trial.CONFIRMATION`.
        """
        rungs = self.campaign.evaluation.rungs
        if not 0 <= rung < len(rungs):
            return ""
        return ", ".join(f"{name} {value}" for name, value in rungs[rung].items())

    @property
    def assumed(self) -> Sequence[str]:
        """What its numbers rest on, a sentence each, for those who read a campaign's report."""
        return ()

    def refusal(self, candidate: Candidate) -> str:
        """Why a machine can't have what the objectives name, or ''; asked before a campaign starts.

        Raises
        ------
        BuildError
            The machine can't be built, so that it can't be told.
        """
        return ""

    def learn(self, lesson: bytes) -> None:  # noqa: B027 most start every machine from nothing
        """Take up one of the ``lessons`` that results left for later tasks, of this campaign or another.

        What a task takes from it belongs into the task's key. It may be of another version: what can't be
        read is to be left aside.
        """

    @staticmethod
    def seeded(spec: Spec, rung: int) -> Spec:
        """The machine with the seed that a rung draws by: its own, for a confirmation another one."""
        seed = spec.protocol.seed + (_FRESH_SEED if rung == CONFIRMATION else 0)
        return spec.model_copy(update={"protocol": spec.protocol.model_copy(update={"seed": seed})})

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

            A confirmation that gives numbers has confirmed its machine, unless ``controls`` say otherwise:
            ``"verified"`` whether it has, and ``"sentence"`` what that rests on, for people.
        """

    def key(self, spec: Spec, *parts: object) -> str:
        """A task's key: sha256 of machine file, evaluation's code, and what else its numbers depend on.

        The code of an evaluation in a file is the file's content, wherever it lies; that of a registered one
        is told by the distribution that has it and its version.
        """
        text = json.dumps([*self._code, spec.canonical(), *parts], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    @cached_property
    def _code(self) -> tuple[str, ...]:
        if ".py:" in self.use:
            file, _, name = self.use.rpartition(":")
            path = Path(file)
            return name, code_digest([path.parent], glob.escape(path.name))
        point = registered(EVALUATIONS).get(self.use)
        if point is None or point.dist is None:
            return (self.use,)
        return self.use, point.dist.name, point.dist.version
