"""What every executor must obey."""

from __future__ import annotations

import time
from collections.abc import Callable

from molmach.search.loop.evaluations import Task
from molmach.search.loop.executors import Executor
from molmach.search.record.result import Result
from molmach.spec import load

_TASKS = 12
_PATIENCE_SECONDS = 300.0


def check_executor(make: Callable[[Callable[[Task], Result]], Executor]) -> None:
    """Hold an executor against what :class:`molmach.search.Executor` promises.

    Every task comes back once, with the result of its evaluation. ``slots`` is one at least, ``in_hand``
    counts what has not come back, and ``wait`` holds nobody up where nothing is in hand. An evaluation that
    raises is reported as lost, with its reason, and the task may be submitted again. After ``close`` nothing
    is in hand, and closing twice does no harm.

    Parameters
    ----------
    make
        Makes an executor for an evaluation other than the usual one; it must do for functions of this module.

    Raises
    ------
    AssertionError
        Something does not hold; the message says what.
    """
    executor = make(_evaluation)
    name = type(executor).__name__
    try:
        _check_idle(executor, name)
        _check_every_task_comes_back(executor, name)
        _check_lost(executor, name)
        executor.submit(_task(0, "slow"))
    finally:
        executor.close()
    _require(executor.in_hand == 0, name, f"has {executor.in_hand} tasks in hand after close")
    executor.close()


def _check_idle(executor: Executor, name: str) -> None:
    _require(executor.slots >= 1, name, f"slots: got {executor.slots}; expected at least 1")
    _require(executor.in_hand == 0, name, f"has {executor.in_hand} tasks in hand before the first")
    started = time.monotonic()
    _require(executor.wait(0.1) == [], name, "gives back something before the first task")
    _require(time.monotonic() - started < 60.0, name, "waits although nothing is in hand")


def _check_every_task_comes_back(executor: Executor, name: str) -> None:
    tasks = {task.key: task for task in (_task(number) for number in range(_TASKS))}
    for count, task in enumerate(tasks.values(), start=1):
        executor.submit(task)
        _require(executor.in_hand == count, name, f"in_hand: got {executor.in_hand} after {count} tasks")
    results = _collected(executor, name, _TASKS)
    _require(sorted(r.key for r in results) == sorted(tasks), name, "does not give back every task once")
    for result in results:
        _require(not result.lost, name, f"has lost a task: {result.lost}")
        wanted = _evaluation(tasks[result.key])
        _require(result == wanted, name, f"changes a result: got {result}; expected {wanted}")


def _check_lost(executor: Executor, name: str) -> None:
    for _ in range(2):  # the second time it is submitted again
        executor.submit(_task(0, "raises"))
        (result,) = _collected(executor, name, 1)
        _require(result.key == _task(0, "raises").key, name, "reports a lost task under another key")
        _require("no luck" in result.lost, name, f"lost: got {result.lost!r}; expected the error 'no luck'")
        _require(not result.samples and not result.reason, name, "gives a result of a lost task")


def _collected(executor: Executor, name: str, count: int) -> list[Result]:
    """What comes back of so many tasks, ``in_hand`` being right all the time."""
    results: list[Result] = []
    ends = time.monotonic() + _PATIENCE_SECONDS
    while len(results) < count:
        _require(time.monotonic() < ends, name, f"gave back {len(results)} of {count} tasks and no more")
        results += executor.wait(0.5)
        left = count - len(results)
        _require(executor.in_hand == left, name, f"in_hand: got {executor.in_hand}; expected {left}")
    _require(executor.wait(0.0) == [], name, "gives something back twice")
    return results


def _task(number: int, what: str = "counts") -> Task:
    spec = load("difluorophenylene-rotor")
    return Task(f"{what}-{number}", f"machine-{number}", 0, spec, "checked", number, {"what": what})


def _evaluation(task: Task) -> Result:
    """Counts, raises or takes its time, as the task says."""
    if task.options["what"] == "raises":
        raise OSError("no luck")
    if task.options["what"] == "slow":
        time.sleep(1.0)
    return Result(task.key, {"velocity": [float(task.seed), 1.0]}, "", 0.5, 10 * task.seed)


def _require(holds: bool, name: str, problem: str) -> None:
    if not holds:
        raise AssertionError(f"executor {name}: {problem}")
