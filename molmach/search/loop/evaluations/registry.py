"""Evaluations by the name that a campaign file uses."""

from __future__ import annotations

from pathlib import Path

from molmach.errors import SpecError
from molmach.search import plugins
from molmach.search.loop.evaluations.base import Evaluation, Task
from molmach.search.record.result import Result
from molmach.spec import Campaign
from molmach.spec.registered import EVALUATIONS

_FIELD = "evaluation.use"


def evaluation_of(campaign: Campaign, folder: Path) -> Evaluation:
    """The evaluation that a campaign names.

    Parameters
    ----------
    campaign
        The campaign.
    folder
        Where relative files start.

    Raises
    ------
    SpecError
        There is no such evaluation, or it can't take its section of the campaign file.
    MissingExtraError
        It needs a module that is not installed.
    """
    use = campaign.evaluation.use
    if ".py:" in use:
        file, _, name = use.rpartition(":")
        use = f"{(folder / file).resolve()}:{name}"
    return _class_of(use)(campaign, use)


def evaluate(task: Task) -> Result:
    """Carry a task out in this process, by the evaluation that it names."""
    return _class_of(task.use).run(task)


def _class_of(use: str) -> type[Evaluation]:
    chosen = plugins.load(use, EVALUATIONS, _FIELD, Path())
    if not (isinstance(chosen, type) and issubclass(chosen, Evaluation)):
        raise SpecError(f"{_FIELD}: {use} is no molmach.search.Evaluation; expected a class that is one")
    return chosen
