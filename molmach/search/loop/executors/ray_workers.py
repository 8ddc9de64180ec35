"""Workers of a Ray cluster: an actor a core, each on a node of its own, with the jobs that it was given."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from molmach.identity import Identity
from molmach.search.loop.evaluations import Task
from molmach.search.loop.executors.selftest import packed, said_of
from molmach.search.record.result import Result

_AHEAD = 2
"""Jobs that a worker is given at most, so that it need not wait for the driver between two."""

_NO_TEST = "none"
"""A digest that no code has, so that no self-test is made."""


class Evaluator:
    """Does jobs in a process of its own.

    Parameters
    ----------
    evaluation
        What does one.
    """

    def __init__(self, evaluation: Callable[[Task], Result]) -> None:
        self._evaluation = evaluation

    def begin(self) -> bool:
        """Whether it is there."""
        return True

    def do(self, task: Task) -> Result:
        """Do a job."""
        return self._evaluation(task)


@dataclass(eq=False)
class Worker:
    """An actor on a node.

    Attributes
    ----------
    node
        Key of the node.
    actor
        Ray's handle.
    beginning
        Reference that is ready when it has begun; None afterwards.
    jobs
        (reference, task), the first of which it is doing.
    since
        When it was started, began the first job, or ran out of jobs.
    roomy
        Whether a core was free when it was started.
    """

    node: str
    actor: Any
    beginning: Any
    since: float
    roomy: bool
    jobs: deque[tuple[Any, Task]] = field(default_factory=deque)

    def give(self, task: Task, now: float) -> Any:
        """Give it a job; the reference of its result."""
        if not self.jobs:
            self.since = now
        reference = self.actor.do.remote(task)
        self.jobs.append((reference, task))
        return reference

    def took(self, now: float) -> float:
        """The first job is done: the seconds that it took. The next one has begun."""
        self.jobs.popleft()
        seconds, self.since = now - self.since, now
        return seconds


class Workers:
    """All workers of a cluster.

    Parameters
    ----------
    evaluation
        What does a job.
    """

    def __init__(self, evaluation: Callable[[Task], Result]) -> None:
        self._evaluation = evaluation
        self._class = ray.remote(num_cpus=1, max_restarts=0, max_task_retries=0)(Evaluator)
        self._workers: dict[Any, Worker] = {}

    def __iter__(self) -> Iterator[Worker]:
        """All of them."""
        return iter(list(self._workers.values()))

    def on(self, node: str) -> list[Worker]:
        """Those on a node."""
        return [worker for worker in self if worker.node == node]

    def start(self, node: str, now: float, roomy: bool) -> Worker:
        """One more on a node; it begins when a core is free there, as it is now where it is ``roomy``."""
        place = NodeAffinitySchedulingStrategy(node, soft=False)
        actor: Any = self._class.options(scheduling_strategy=place).remote(self._evaluation)
        worker = Worker(node, actor, actor.begin.remote(), now, roomy)
        self._workers[actor] = worker
        return worker

    def drop(self, worker: Worker) -> list[Task]:
        """End one, whatever it does; the tasks that it had."""
        self._workers.pop(worker.actor, None)
        ray.kill(worker.actor)
        return [task for _, task in worker.jobs]

    def next(self, plenty: bool, nodes: Collection[str]) -> Worker | None:
        """Who is given the next job: one without, or one with few; None where nobody is.

        Parameters
        ----------
        plenty
            Whether there are more jobs than workers.
        nodes
            Keys of those that are given work.
        """
        ready = [w for w in self._workers.values() if w.beginning is None and w.node in nodes]
        most = _AHEAD if plenty else 1
        chosen = min(ready, key=lambda worker: len(worker.jobs), default=None)
        return None if chosen is None or len(chosen.jobs) >= most else chosen

    @property
    def references(self) -> dict[Any, Worker]:
        """What is waited for of each: its beginning, or the result of its first job."""
        return {
            worker.beginning if worker.beginning is not None else worker.jobs[0][0]: worker
            for worker in self._workers.values()
            if worker.beginning is not None or worker.jobs
        }

    @property
    def busy(self) -> int:
        """How many do something."""
        return sum(bool(worker.jobs) for worker in self._workers.values())

    @property
    def starting(self) -> bool:
        """Whether one is about to begin, for a core was free for it."""
        return any(worker.beginning is not None and worker.roomy for worker in self._workers.values())

    def longest(self, now: float) -> float:
        """Seconds for which the job that began first has run; 0 where there is none."""
        return max((now - worker.since for worker in self._workers.values() if worker.jobs), default=0.0)


class Asking:
    """Asks a node who it is: by a function that needs nothing of molmach to arrive there.

    Parameters
    ----------
    task
        One of those to come, whose plug-ins count.

    Attributes
    ----------
    wanted
        What a node should say: what this process says.
    """

    def __init__(self, task: Task | None) -> None:
        self.wanted = said_of(task)
        self._content, self._digest = packed(task), str(self.wanted["identity"]["digest"])
        self._function = ray.remote(num_cpus=0, max_retries=0)(_asking())

    def ask(self, node: str) -> Any:
        """Reference of what a node says: as :func:`molmach.search.loop.executors.selftest.said_of`.

        Where it can't say that, the answer has ``missing``, which says why.
        """
        place = NodeAffinitySchedulingStrategy(node, soft=False)
        return self._function.options(scheduling_strategy=place).remote(self._content, self._digest)


def ask_for_code(node: str) -> tuple[Any, dict[str, Any]]:
    """Reference of what a node says of its code alone, and what it should say."""
    place = NodeAffinitySchedulingStrategy(node, soft=False)
    asked = ray.remote(num_cpus=0, max_retries=0)(_asking())
    return asked.options(scheduling_strategy=place).remote(packed(None), _NO_TEST), said_of(None, _NO_TEST)


def _asking() -> Callable[[bytes, str], dict[str, Any]]:
    """A function that is sent by its code, not by its name, to a node that may have no molmach."""

    def who_are_you(content: bytes, digest: str) -> dict[str, Any]:
        try:
            from molmach.search.loop.executors.selftest import said_of, unpacked

            return said_of(unpacked(content), digest)
        except BaseException as error:
            said = {"missing": f"{type(error).__name__}: {error}"[:300]}
        try:
            import importlib

            said["version"] = importlib.import_module("molmach").__version__
        except BaseException:
            said["version"] = ""
        return said

    return who_are_you


def why_not(said: dict[str, Any], wanted: dict[str, Any]) -> str:
    """Why a node that says this of itself gets no work, in a few words; '' where it does."""
    if "missing" in said:
        version = said.get("version", "")
        return (
            f"its molmach {version} can't say what it is ({said['missing']})"
            if version
            else "it has no molmach"
        )
    try:
        theirs, ours = Identity.of_json(said["identity"]), Identity.of_json(wanted["identity"])
    except (KeyError, TypeError) as error:
        return f"it says nothing of its code ({error!r})"
    if theirs.digest != ours.digest:
        return f"it has other code: {ours.differs(theirs)}"
    if said.get("check") != wanted["check"]:
        return "it fails the self-test: the same code computes something else there"
    return ""
