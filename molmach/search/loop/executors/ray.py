"""Evaluations and agents on a Ray cluster: one started here, or one that is there."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import ray
from ray.exceptions import RayActorError, RayError, RayTaskError

from molmach.errors import CampaignError
from molmach.search.agents.team import Team
from molmach.search.loop.evaluations import Task, evaluate, signed
from molmach.search.loop.executors import ray_cluster
from molmach.search.loop.executors.base import Executor
from molmach.search.loop.executors.nodes import Node, Nodes
from molmach.search.loop.executors.patience import Patience
from molmach.search.loop.executors.ray_cluster import connect, in_a_line
from molmach.search.loop.executors.ray_team import RayTeam
from molmach.search.loop.executors.ray_workers import Asking, Worker, Workers, ask_for_code, why_not
from molmach.search.record.result import Result
from molmach.spec import Campaign

__all__ = ["RayExecutor", "RayTeam", "connect"]

_TENDED_EVERY = 1.0
"""Seconds between looks at the cluster; no number depends on it."""

_ANSWER_SECONDS = 300.0
"""How long a node may take to say who it is: it may have to compile the kernels first."""

_AT_WORK_SECONDS = 90.0
"""The same of a node that has said so before."""

_IDLE_SECONDS = 30.0
"""After so long without a job a worker leaves its core to others."""

_SAID_EVERY = 120.0
"""Seconds after which it is said again that no core is free."""

_PATIENT_SECONDS = 15.0
"""How long no core may be free before it is said."""


class RayExecutor(Executor):
    """One core for each evaluation, on every node of the cluster that is what it should be.

    A node is asked first who it is: its code must be the driver's, and a tiny simulation must come to the
    same bits there (:mod:`molmach.search.loop.executors.selftest`). Evaluations are done by actors, a core
    each, which leave it when nothing waits. Ray starts no lost task again: the campaign does. Whether a lost
    task or its node is to blame is told by asking the node again. Tasks in hand are twice the cluster's
    cores, counted anew as nodes come and go, so that no core waits for the driver.

    Parameters
    ----------
    evaluation
        What does a task; it is sent to the workers.
    trusted
        Ray's name of the node that need not say who it is, having been started by this process.
    cores
        How many to use at most; None for all.
    """

    summary = "on every core of a Ray cluster, started here or joined"

    def __init__(
        self, evaluation: Callable[[Task], Result] = evaluate, trusted: str = "", cores: int | None = None
    ) -> None:
        self._own = bool(trusted)
        self._nodes = Nodes(trusted)
        self._workers = Workers(signed(evaluation))
        self._most = math.inf if cores is None else cores
        self._patience = Patience()
        self._waiting: deque[Task] = deque()
        self._suspects: dict[str, list[tuple[Task, str]]] = {}
        self._asked: dict[Any, tuple[str, float]] = {}
        self._asking: Asking | None = None
        self._sample: Task | None = None
        self._back: list[Result] = []
        self._tended = -math.inf
        self._starved: tuple[float, float] | None = None
        self._news: list[str] = []
        self._connected = False

    @classmethod
    def start(cls, cores: int | None = None, address: str | None = None) -> Self:
        """See :class:`Executor`; a cluster is started on this machine, or the one at ``address`` joined."""
        connect(address, cores)
        executor = cls(trusted=ray_cluster.here() if address is None else "", cores=cores)
        executor._connected = True
        return executor

    @property
    def slots(self) -> int:
        """See :class:`Executor`."""
        self._tend()
        return 2 * int(max(1, min(self._most, self._nodes.cores)))

    @property
    def in_hand(self) -> int:
        """See :class:`Executor`."""
        suspects = sum(len(lost) for lost in self._suspects.values())
        begun = sum(len(worker.jobs) for worker in self._workers)
        return len(self._waiting) + begun + suspects + len(self._back)

    @property
    def waited_for(self) -> str:
        """See :class:`Executor`."""
        busy, now = self._workers.busy, time.monotonic()
        nodes = len({worker.node for worker in self._workers if worker.jobs})
        running = f"{busy} running on {nodes} node{'' if nodes == 1 else 's'}"
        longest = f", the longest for {self._workers.longest(now):.0f} s" if busy else ""
        return f"{running}{longest}"

    def news(self) -> list[str]:
        """See :class:`Executor`."""
        news, self._news = self._nodes.news() + self._news, []
        return news

    def submit(self, task: Task) -> None:
        """See :class:`Executor`."""
        self._waiting.append(task)
        if self._sample is None:
            self._sample = task

    def wait(self, seconds: float) -> list[Result]:
        """See :class:`Executor`.

        Raises
        ------
        CampaignError
            No node of the cluster can be given work, and none may yet be.
        """
        if not self.in_hand:
            time.sleep(min(seconds, 0.02))
            return []
        ends = time.monotonic() + seconds
        while True:
            self._tend()
            self._hand_out()
            self._look(max(0.0, min(ends - time.monotonic(), _TENDED_EVERY)))
            if self._back or time.monotonic() >= ends:
                back, self._back = self._back, []
                return back

    def _look(self, seconds: float) -> None:
        """Take up what becomes ready within some seconds."""
        references = self._workers.references
        waited = [*references, *self._asked]
        if self._back:
            seconds = 0.0
        if not waited:
            time.sleep(min(seconds, 0.05))
            return
        ready, _ = ray.wait(waited, num_returns=1, timeout=seconds)
        if ready:
            ready, _ = ray.wait(waited, num_returns=len(waited), timeout=0)
        for reference in ready:
            if reference in self._asked:
                self._answered(reference)
            elif reference in references:
                self._came(references[reference], reference)

    # the cluster

    def _tend(self) -> None:
        """Look at who is there, ask who is new, and at what takes too long."""
        now = time.monotonic()
        if now < self._tended + _TENDED_EVERY:
            return
        self._tended = now
        for key in self._nodes.update(ray_cluster.members()):
            self._gone(key)
        if self._sample is None:
            return
        for node in self._nodes.to_ask(now):
            self._ask(node, _ANSWER_SECONDS)
        for reference, (key, until) in list(self._asked.items()):
            if now > until:
                self._unanswered(reference, key, "it does not answer")
        for worker in self._workers:
            self._hurry(worker, now)
        if hopeless := self._nodes.hopeless:
            raise CampaignError(f"no node of the cluster can be given work: {hopeless}")
        self._say_if_starved(now)

    def _ask(self, node: Node, seconds: float) -> None:
        """Ask a node who it is, unless it is being asked."""
        if any(key == node.key for key, _ in self._asked.values()):
            return
        self._asking = self._asking or Asking(self._sample)
        self._nodes.asked(node)
        self._asked[self._asking.ask(node.key)] = node.key, time.monotonic() + seconds

    def _answered(self, reference: Any) -> None:
        key, _ = self._asked.pop(reference)
        if key not in self._nodes:
            return
        assert self._asking is not None, "it was asked"
        node, now = self._nodes[key], time.monotonic()
        try:
            reason = why_not(ray.get(reference), self._asking.wanted)
        except Exception as error:  # its process died, or the node did
            silent = isinstance(error, RayError) and not isinstance(error, RayTaskError)
            said = "it does not answer" if silent else f"it can't be asked ({in_a_line(error)})"
            self._unanswered(reference, key, said)
            return
        if reason:
            self._nodes.leave_out(node, reason, now)
            self._clear(key, reason)
            return
        self._nodes.passed(node)
        for task, problem in self._suspects.pop(key, []):
            blameless = self._nodes.has_lost(node, task.key, now)
            self._back.append(_lost(task, f"{problem} (node {node.address})", blameless))

    def _unanswered(self, reference: Any, key: str, reason: str) -> None:
        self._asked.pop(reference, None)
        if key in self._nodes:
            self._nodes.put_aside(self._nodes[key], reason, time.monotonic())
        self._clear(key, reason)

    def _gone(self, key: str) -> None:
        """A node is not there any more."""
        for reference, (asked, _) in list(self._asked.items()):
            if asked == key:
                del self._asked[reference]
        self._clear(key, "its node is gone")

    def _clear(self, key: str, reason: str) -> None:
        """Whatever a node had in hand is done elsewhere; that it is lost says nothing of the tasks."""
        for task, problem in self._suspects.pop(key, []):
            self._back.append(_lost(task, problem, blameless=True))
        for worker in self._workers.on(key):
            dropped = list(self._workers.drop(worker))
            self._back += [_lost(begun, reason, blameless=True) for begun in dropped[:1]]
            self._waiting.extendleft(dropped[1:])

    def _say_if_starved(self, now: float) -> None:
        """Say that nothing runs for want of a free core, at intervals."""
        if not self._waiting or self._workers.busy or self._workers.starting or self._asked:
            self._starved = None
            return
        since, said = self._starved or (now, -math.inf)
        if now - since > _PATIENT_SECONDS and now - said > _SAID_EVERY:
            said, count = now, len(self._waiting)
            jobs = f"{count} job{'' if count == 1 else 's'} pending"
            self._news.append(f"{jobs}: the cluster has {ray_cluster.free_cores()} free CPUs")
        self._starved = since, said

    # the workers

    def _hand_out(self) -> None:
        """Start workers where cores are, and give them what waits."""
        now = time.monotonic()
        good = self._nodes.good
        workers = {node.key: len(self._workers.on(node.key)) for node in good}
        total = sum(workers.values())
        room = sum(node.cores for node in good) - total
        free = ray_cluster.free_cores() if self._waiting and room else 0
        for node in sorted(good, key=lambda node: workers[node.key] / node.cores):
            for _ in range(node.cores - workers[node.key]):
                if total >= min(self._most, len(self._waiting) + self._workers.busy):
                    break
                self._workers.start(node.key, now, free > 0)
                total, free = total + 1, free - 1
        given = {node.key for node in good}
        while self._waiting:
            plenty = len(self._waiting) > total
            worker = self._workers.next(plenty, given)
            if worker is None:
                break
            worker.give(self._waiting.popleft(), now)
        for worker in self._workers:
            if not worker.jobs and not self._waiting and now - worker.since > _IDLE_SECONDS:
                self._workers.drop(worker)

    def _came(self, worker: Worker, reference: Any) -> None:
        """Something of a worker is ready: it has begun, has a result, or is dead."""
        now = time.monotonic()
        try:
            result = ray.get(reference)
        except RayActorError as error:
            self._died(worker, in_a_line(error))
            return
        except Exception as error:  # Ray's, the evaluation's own, or one that can't even be unpacked
            task = worker.jobs[0][1]
            worker.took(now)
            self._suspect(worker.node, task, in_a_line(error))
            return
        if worker.beginning is not None:
            worker.beginning, worker.since = None, now
            return
        task = worker.jobs[0][1]
        self._patience.took(task, worker.took(now))
        if worker.node in self._nodes:
            self._nodes.came_back(self._nodes[worker.node])
        self._back.append(result)

    def _died(self, worker: Worker, problem: str) -> None:
        """A worker is dead: what it was doing is lost, and what it was to do next waits again."""
        tasks = self._workers.drop(worker)
        self._waiting.extendleft(reversed(tasks[1:]))
        if tasks:
            self._suspect(worker.node, tasks[0], problem)
        elif worker.node in self._nodes and worker.beginning is not None:  # it has not even begun
            node, now = self._nodes[worker.node], time.monotonic()
            if self._nodes.has_lost(node, f"beginning of {id(worker)}", now):
                self._clear(node.key, node.reason)

    def _suspect(self, key: str, task: Task, problem: str) -> None:
        """A task was lost on a node: which of them is to blame is told by asking the node again."""
        if key not in self._nodes:
            self._back.append(_lost(task, problem, blameless=True))
            return
        node = self._nodes[key]
        if self._nodes.is_trusted(node):
            self._back.append(_lost(task, problem, blameless=False))
            return
        self._suspects.setdefault(key, []).append((task, problem))
        self._ask(node, _AT_WORK_SECONDS)

    def _hurry(self, worker: Worker, now: float) -> None:
        """End a worker whose job takes far longer than it can."""
        if worker.jobs and now - worker.since > self._patience.limit(worker.jobs[0][1]):
            limit = self._patience.limit(worker.jobs[0][1])
            self._died(worker, f"no result within {limit:.0f} s")

    # the rest

    def recall(self) -> list[str]:
        """See :class:`Executor`."""
        keys = [task.key for task in self._waiting]
        self._waiting.clear()
        for worker in self._workers:
            while len(worker.jobs) > 1:
                reference, task = worker.jobs.pop()
                ray.cancel(reference)
                keys.append(task.key)
        return keys

    def team(self, campaign: Campaign, folder: Path) -> Team:
        """See :class:`Executor`; each agent is an actor.

        Raises
        ------
        CampaignError
            The cluster's node on this computer, where agents think, has no molmach or another one.
        """
        if not self._own:
            self._check_home()
        return RayTeam(campaign, folder)

    def _check_home(self) -> None:
        """Raise where agents can't think, before they fail one by one."""
        home = ray_cluster.here()
        reference, wanted = ask_for_code(home)
        try:
            reason = why_not(ray.get(reference, timeout=_ANSWER_SECONDS), wanted)
        except Exception as error:  # it does not answer, or its process died
            reason = f"it can't be asked ({in_a_line(error)})"
        if reason:
            address = ray_cluster.address_of(home)
            raise CampaignError(f"node {address} can't be used, and agents think there: {reason}")

    def close(self) -> None:
        """See :class:`Executor`; a cluster that :meth:`start` has joined is left."""
        for worker in self._workers:
            self._workers.drop(worker)
        self._waiting.clear()
        self._suspects.clear()
        self._asked.clear()
        self._back.clear()
        if self._connected:
            ray.shutdown()
        self._connected = False


def _lost(task: Task, problem: str, blameless: bool) -> Result:
    return Result(task.key, lost=problem, blameless=blameless)
