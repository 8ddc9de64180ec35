"""Evaluations by the name that a campaign file uses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from pathlib import Path

from molmach.data.quantity import Quantity
from molmach.errors import MolmachError, SpecError
from molmach.identity import Identity
from molmach.search import plugins
from molmach.search.loop.evaluations.base import Evaluation, Task
from molmach.search.record.result import Result
from molmach.search.record.trial import CONFIRMATION
from molmach.search.space.space import Candidate
from molmach.search.strangers import OURS, described
from molmach.spec import Campaign
from molmach.spec.registered import EVALUATIONS, entry
from molmach.studies.provenance import code_of

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


def learn(evaluation: Evaluation, lesson: bytes) -> None:
    """Let an evaluation take up what a result left for later tasks.

    Raises
    ------
    SpecError
        It raises anything.
    """
    with _named(evaluation.use, "learn failed"):
        evaluation.learn(lesson)


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
    would end the process. The result says by which code it was computed.
    """
    return _signed(_evaluated, task)


def _evaluated(task: Task) -> Result:
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


def code_of_task(task: Task) -> Identity:
    """By which code a task is done in this process: molmach, the evaluation, and the machine's plug-ins.

    Raises
    ------
    MolmachError
        The evaluation or a plug-in is not there.
    """
    packages = _class_of(task.use).packages
    if ".py:" in task.use:
        return code_of(task.spec, files=(task.use,), extras=packages)
    return code_of(task.spec, (entry(EVALUATIONS, task.use),), extras=packages)


def signed(evaluation: Callable[[Task], Result]) -> Callable[[Task], Result]:
    """An evaluation whose results say by which code they were computed, whether it says so itself or not."""
    if evaluation is evaluate:
        return evaluation

    @wraps(evaluation)
    def signing(task: Task) -> Result:
        return _signed(evaluation, task)

    return signing


def _signed(evaluation: Callable[[Task], Result], task: Task) -> Result:
    result: object = evaluation(task)
    if not isinstance(result, Result) or result.code:
        return result  # type: ignore[return-value]  # what is none is for others to refuse
    try:
        return replace(result, code=code_of_task(task).digest)
    except MolmachError:  # an evaluation that nobody has registered
        return result


def _class_of(use: str) -> type[Evaluation]:
    chosen = plugins.load(use, EVALUATIONS, _FIELD, Path())
    if not (isinstance(chosen, type) and issubclass(chosen, Evaluation)):
        raise SpecError(f"{_FIELD}: {use} is no molmach.search.Evaluation; expected a class that is one")
    return chosen
