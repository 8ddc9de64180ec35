"""Evaluations and agents on a Ray cluster: one started here, or one that is there."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import ray
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from molmach.errors import Argument, CampaignError
from molmach.search.agents.runner import AgentFailedError, Answer, Question, Runner
from molmach.search.agents.team import PATIENCE, Team
from molmach.search.loop.evaluations import Task, evaluate, signed
from molmach.search.loop.executors.base import Executor
from molmach.search.record.result import Result
from molmach.spec import Campaign

_CORES_ASKED_EVERY = 2.0
"""Seconds between questions to the cluster; no number depends on it."""

_EXPLAIN_SECONDS = 60.0
"""How long an agent may take for its explanation, when the search is over. Not tuned."""

_ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENMM_CPU_THREADS"),
    "1",
)


def connect(address: str | None, cores: int | None = None) -> None:
    """Start a Ray cluster on this machine, or join the one at ``address``.

    Raises
    ------
    CampaignError
        There is no cluster at the address.
    """
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    options: dict[str, Any] = {
        "log_to_driver": False,
        "configure_logging": True,
        "logging_level": "ERROR",
        "runtime_env": {"env_vars": _ONE_THREAD},
    }
    if address is None:
        options |= {"num_cpus": cores or _cores(), "include_dashboard": False, "address": "local"}
    else:
        options["address"] = address
    try:
        ray.init(**options)
    except (ConnectionError, RayError, RuntimeError, ValueError) as error:
        raise CampaignError(
            Argument("address"),
            f" {address}: no Ray cluster answers there ({error}); expected HOST:PORT or 'auto'",
        ) from error


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _resources() -> dict[str, float]:
    resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    return resources


def _line(error: Exception) -> str:
    """An error of Ray's, without the pages of advice that come with it."""
    cause = getattr(error, "cause", None) or error
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    return f"{type(cause).__name__}: {lines[0] if lines else ''}"[:300]


class RayExecutor(Executor):
    """One core for each evaluation, wherever in the cluster.

    Ray starts no lost task again: the campaign does, which counts how often, where Ray never stops to start
    what runs out of memory. Tasks in hand are twice the cluster's cores, counted anew as nodes come and go,
    so that no core waits for the driver.

    Parameters
    ----------
    evaluation
        What does a task; it is sent to the workers.
    """

    summary = "on every core of a Ray cluster, started here or joined"

    def __init__(self, evaluation: Callable[[Task], Result] = evaluate) -> None:
        self._remote = ray.remote(num_cpus=1, max_retries=0)(signed(evaluation))
        self._tasks: dict[Any, Task] = {}
        self._counted = -math.inf
        self._cores = 1
        self._connected = False

    @classmethod
    def start(cls, cores: int | None = None, address: str | None = None) -> Self:
        """See :class:`Executor`; a cluster is started on this machine, or the one at ``address`` joined."""
        connect(address, cores)
        executor = cls()
        executor._connected = True
        return executor

    @property
    def slots(self) -> int:
        """See :class:`Executor`."""
        now = time.monotonic()
        if now - self._counted > _CORES_ASKED_EVERY:
            self._counted = now
            self._cores = max(1, int(_resources().get("CPU", 0)))
        return 2 * self._cores

    @property
    def in_hand(self) -> int:
        """See :class:`Executor`."""
        return len(self._tasks)

    def submit(self, task: Task) -> None:
        """See :class:`Executor`."""
        self._tasks[self._remote.remote(task)] = task

    def wait(self, seconds: float) -> list[Result]:
        """See :class:`Executor`."""
        if not self._tasks:
            time.sleep(min(seconds, 0.02))
            return []
        ready, _ = ray.wait(list(self._tasks), num_returns=1, timeout=seconds)
        if ready:
            more, _ = ray.wait(list(self._tasks), num_returns=len(self._tasks), timeout=0)
            ready = more or ready
        return [self._fetched(reference) for reference in ready]

    def _fetched(self, reference: Any) -> Result:
        task = self._tasks.pop(reference)
        try:
            result: Result = ray.get(reference)
            return result
        except Exception as error:  # Ray's, the evaluation's own, or one that can't even be unpacked
            return Result(task.key, lost=_line(error))

    def team(self, campaign: Campaign, folder: Path) -> Team:
        """See :class:`Executor`; each agent is an actor."""
        return RayTeam(campaign, folder)

    def close(self) -> None:
        """See :class:`Executor`; a cluster that :meth:`start` has joined is left."""
        for reference in self._tasks:
            ray.cancel(reference, force=True)
        self._tasks.clear()
        if self._connected:
            ray.shutdown()
        self._connected = False


class RayTeam(Team):
    """Each agent a Ray actor, which thinks while simulations run.

    Parameters
    ----------
    campaign
        Whose agents they are.
    folder
        Where relative files of agents start.
    patience
        Seconds after which an agent that does not answer is given up.
    """

    thinks_meanwhile = True

    def __init__(self, campaign: Campaign, folder: Path, patience: float = PATIENCE) -> None:
        self._campaign = campaign
        self._folder = folder
        self._patience = patience
        self.names = tuple(agent.label for agent in campaign.agents)
        self._runner = ray.remote(num_cpus=0, max_restarts=0)(Runner)
        self._actors = {name: self._new(name) for name in self.names}
        self._asked: dict[str, tuple[Any, float]] = {}

    def _new(self, agent: str) -> Any:
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        runner = self._runner.options(scheduling_strategy=here)  # where agents' files are, and which stays
        return runner.remote(self._campaign, self.names.index(agent), self._folder)

    def ask(self, agent: str, question: Question) -> None:
        """See :class:`Team`."""
        self._asked[agent] = (self._actors[agent].ask.remote(question), time.monotonic())

    @property
    def busy(self) -> frozenset[str]:
        """See :class:`Team`."""
        return frozenset(self._asked)

    def answers(self) -> dict[str, Answer]:
        """See :class:`Team`."""
        answers: dict[str, Answer] = {}
        for agent, (reference, since) in list(self._asked.items()):
            ready, _ = ray.wait([reference], timeout=0)
            if ready:
                answers[agent] = self._answer(reference)
            elif time.monotonic() - since > self._patience:
                answers[agent] = AgentFailedError(f"no answer within {self._patience:g} s")
            else:
                continue
            del self._asked[agent]
        return answers

    @staticmethod
    def _answer(reference: Any) -> Answer:
        try:
            answer: Answer = ray.get(reference)
            return answer
        except Exception as error:  # its process died, or what it says can't be unpacked
            return AgentFailedError(_line(error))

    def restart(self, agent: str) -> None:
        """See :class:`Team`."""
        ray.kill(self._actors[agent])
        self._actors[agent] = self._new(agent)

    def dismiss(self, agent: str) -> None:
        """See :class:`Team`."""
        ray.kill(self._actors[agent])

    def explain(self, agent: str, question: Question) -> str:
        """See :class:`Team`."""
        try:
            return str(ray.get(self._actors[agent].explain.remote(question), timeout=_EXPLAIN_SECONDS))
        except Exception:  # an agent's fault is its own
            return ""

    def close(self) -> None:
        """See :class:`Team`."""
        for actor in self._actors.values():
            ray.kill(actor)
