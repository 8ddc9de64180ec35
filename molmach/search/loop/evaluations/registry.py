"""Evaluations by the name that a campaign file uses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from molmach.data.quantity import Quantity
from molmach.errors import MolmachError, SpecError
from molmach.search import plugins
from molmach.search.loop.evaluations.base import Evaluation, Task
from molmach.search.record.result import Result
from molmach.search.record.trial import CONFIRMATION
from molmach.search.space.space import Candidate
from molmach.search.strangers import OURS, described
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
        There is no such evaluation, it can't take its section of the campaign file or can't be made, or its
        rungs or quantities are none.
    MissingExtraError
        It needs a module that is not installed.
    """
    use = campaign.evaluation.use
    if ".py:" in use:
        file, _, name = use.rpartition(":")
        use = f"{(folder / file).resolve()}:{name}"
    made_by = _class_of(use)
    with _named(use, "it can't be made"):
        evaluation = made_by(campaign, use)
    with _named(use, "rungs or quantities can't be told"):
        rungs: object = evaluation.rungs
        quantities: object = evaluation.quantities
    if not isinstance(rungs, int) or rungs < 1:
        raise _wrong(use, f"rungs is {str(rungs)[:100]!r}; expected a number, one or more")
    if not isinstance(quantities, Sequence) or not all(isinstance(q, Quantity) for q in quantities):
        raise _wrong(use, f"quantities is {str(quantities)[:100]!r}; expected a list of molmach's Quantity")
    return evaluation


def task_of(evaluation: Evaluation, candidate: Candidate, rung: int) -> Task | None:
    """What there is to do for a machine on a rung, as :meth:`Evaluation.task` says it.

    Raises
    ------
    SpecError
        The evaluation doesn't take the machine, raises anything else, or gives what is no task.
    """
    with _named(evaluation.use, "task failed"):
        task: object = evaluation.task(candidate, rung)
    if isinstance(task, Task) or (task is None and rung == CONFIRMATION):
        return task
    wanted = "a Task" if rung != CONFIRMATION else "a Task or None"
    raise _wrong(evaluation.use, f"task gave {str(task)[:100]!r}; expected {wanted}")


def _wrong(use: str, words: str) -> SpecError:
    return SpecError(f"evaluation: {use.rpartition('/')[2]}: {words}")


@contextmanager
def _named(use: str, what: str) -> Iterator[None]:
    """Anything but an error of molmach's own becomes one that names the evaluation."""
    try:
        yield
    except (MolmachError, *OURS):
        raise
    except BaseException as error:
        raise _wrong(use, f"{what}: {described(error)}") from error


def evaluate(task: Task) -> Result:
    """Carry a task out in this process, by the evaluation that it names.

    What is no result of the task gives a failed one, whose ``reason`` says so, and so does an evaluation that
    would end the process.
    """
    try:
        result: object = _class_of(task.use).run(task)
    except (Exception, *OURS):
        raise
    except KeyboardInterrupt as error:  # the code's own, or a worker's: then the task is done again
        raise RuntimeError("interrupted") from error
    except BaseException as error:
        wrong = f"{_FIELD}: run of {task.use.rpartition('/')[2]} failed"
        return Result(task.key, reason=f"{wrong}: {described(error)}")
    if not isinstance(result, Result) or result.key != task.key:
        wrong = f"{_FIELD}: run of {task.use.rpartition('/')[2]} gave {str(result)[:100]!r}"
        return Result(task.key, reason=f"{wrong}; expected a Result with the task's key")
    return result


def _class_of(use: str) -> type[Evaluation]:
    chosen = plugins.load(use, EVALUATIONS, _FIELD, Path())
    if not (isinstance(chosen, type) and issubclass(chosen, Evaluation)):
        raise SpecError(f"{_FIELD}: {use} is no molmach.search.Evaluation; expected a class that is one")
    return chosen
