"""The driver of a campaign: asks agents, gives out effort, and writes down what came of it.

Only the driver writes. Whatever it knows it can rebuild from the ledger, so it may be killed at any time:
what was finished is kept, what was in hand is done again, with the same seeds.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from molmach.errors import CampaignError
from molmach.search.agents.team import Team
from molmach.search.agents.theory import Theory
from molmach.search.loop.allocation import Allocation
from molmach.search.loop.bandit import Bandit
from molmach.search.loop.book import TrialBook
from molmach.search.loop.budget import BudgetUse, Clock
from molmach.search.loop.codes import Codes
from molmach.search.loop.ending import Ending
from molmach.search.loop.evaluations import Evaluation, Task, learn, task_of
from molmach.search.loop.executors import Executor
from molmach.search.loop.foretelling import Foretelling
from molmach.search.loop.losses import Losses
from molmach.search.loop.objectives import Objectives
from molmach.search.loop.queue import EVERY_AGENT_FAILED, Queue
from molmach.search.loop.racing import Ladder
from molmach.search.loop.snapshot import Snapshot, Watcher
from molmach.search.record.archive import MACHINES, unpack
from molmach.search.record.cache import Store
from molmach.search.record.ledger import Ledger
from molmach.search.record.reader import TOLD
from molmach.search.record.result import Result, plain
from molmach.search.record.trial import CONFIRMATION, Finding, Trial
from molmach.search.space.space import Space
from molmach.spec import Campaign

_PATIENCE_SECONDS = 0.5
"""Longest wait for results before signals and agents are looked at; no number depends on it."""

_PATIENCE_FOR_AGENTS_SECONDS = 0.02
"""The same while a worker is idle for want of a proposal."""

_CLOCK_SECONDS = 1.0
"""How often the clock alone is written down: what a kill may take off it."""


class Driver:
    """Carries out a campaign.

    Parameters
    ----------
    campaign
        What is searched.
    ledger
        To write; what is in it already is gone on from.
    executor, team
        Who evaluates and who thinks; whoever made them closes them.
    evaluation
        What is done to each machine.
    folder
        Where the winners' run folders go; None to leave them out.
    store
        Evaluations of other campaigns; None to do without.
    watch
        Called with a snapshot whenever something came back.
    batch
        Proposals that all agents together are asked for at once; by default the campaign's.
    theory
        File in which what is built for theory is kept, '' to keep it in memory alone; None for no theory.
    say
        Called with each line that people should read; None where nobody does.
    """

    def __init__(
        self,
        campaign: Campaign,
        ledger: Ledger,
        executor: Executor,
        team: Team,
        evaluation: Evaluation,
        folder: Path | None = None,
        store: Store | None = None,
        watch: Callable[[Snapshot], None] | None = None,
        batch: int | None = None,
        theory: str | None = None,
        say: Callable[[str], None] | None = None,
    ) -> None:
        self.campaign = campaign
        self.space = Space(campaign)
        self.ledger = ledger
        self._ending = Ending(campaign.budget.wall_clock)
        self._say = say
        self._executor = executor
        self._team = team
        self._folder = folder
        self._store = store
        self._watcher = Watcher(watch)
        self._evaluation = evaluation
        self._objectives = Objectives(campaign.objectives, evaluation)
        self._book = TrialBook(self.space, ledger)
        bandit = Bandit(team.names, campaign.seed)
        window = self._objectives.window
        self._queue = Queue(self._book, ledger, team, bandit, batch or campaign.batch, theory, window)
        ladder = Ladder(self._evaluation.rungs, campaign.racing.keep, len(campaign.objectives))
        self._allocation = Allocation(self._book, self._queue, ladder)
        self._spent = BudgetUse(campaign.budget, Clock(float(ledger.noted("wall_seconds") or 0.0)))
        self._foretelling = self._foretelling_of(theory)
        self._tasks: dict[str, Task] = {}
        self._machines: dict[str, str] = {}
        self._losses = Losses()
        self._codes = Codes(ledger)
        self._known: deque[tuple[Task, Result]] = deque()
        self._phase = "search"
        self._ahead = False
        self._clock_at = -math.inf
        self._recover()
        for lesson in store.lessons(evaluation.use) if store is not None else ():
            learn(evaluation, lesson)

    def _foretelling_of(self, theory: str | None) -> Foretelling | None:
        """Who asks theory about what was measured; it keeps its structures where agents keep theirs."""
        if theory is None or self._folder is None:
            return None
        source = Path(self.ledger.noted("source") or ".")
        store = Path(theory) if theory else None
        return Foretelling(Theory(self.campaign, self.space, source, store), self._book, self.ledger)

    def _recover(self) -> None:
        """Rebuild from the ledger what was known when the last commit was made."""
        self._book.recover()
        self._queue.recover()
        for past in self.ledger.history():
            if isinstance(past, Trial):
                self._allocation.learn_infeasible(past)
            else:
                self._learn(past)
        self._queue.requeue()

    # the loop

    @property
    def stopping(self) -> bool:
        """Whether nothing new is started, for somebody has asked for the end."""
        return self._ending.asked

    def stop(self, within: float | None = None) -> None:
        """Start nothing new, and end when what runs has come back.

        Parameters
        ----------
        within
            Seconds after which it is not waited for any more; None to wait.
        """
        self._ending.ask(within)

    def run(self) -> str:
        """Search until the budget is spent or nobody has an idea, then confirm the winners.

        Returns
        -------
        reason
            Why the search ended.

        Raises
        ------
        CampaignError
            Every agent has failed before anything was found, or no evaluation comes back any more.
        """
        self.ledger.event("started")
        self.ledger.commit()
        try:
            reason = self._search()
            if reason == EVERY_AGENT_FAILED and not self._allocation.leaders(1):
                self._save()
                last = self.ledger.last_event("agent_failed")
                raise CampaignError(f"{reason}; the last one: {'' if last is None else last.words}")
            refused = self._book.refused
            if refused is not None and not self.stopping:
                self._save()
                words = f"{refused.agent} last: {refused.reason}"
                raise CampaignError(f"{reason}, and none of what was proposed is a machine; {words}")
            if self._tasks and self._ending.over:
                reason = f"{reason}, and {len(self._tasks)} evaluations had not come back"
            if not self.stopping and not self._ending.in_vain:
                if self._foretelling is not None:
                    self._foretelling.rest()
                self._confirm()
            self.ledger.event("stopped" if self.stopping else "finished", text=reason)
            self._save()
        except BaseException:
            self.ledger.rollback()  # half of a step is worse than none of it
            raise
        return reason

    def _search(self) -> str:
        while True:
            reason = self._over()
            if reason is None:
                self._queue.hear()
                self._ask()
                self._launch()
                reason = self._stuck()
            if reason is not None and self._ends() and not self._settle():
                return reason
            self._collect()

    def _settle(self) -> bool:
        """Whether tasks that were given up count as failures only now, when nothing else comes back."""
        if self.stopping:
            return False  # they are done again when the campaign is gone on with
        self._losses.at_the_end(others=self._spent.evaluations > self._spent.failures)
        return self._losses.waiting

    def _ends(self) -> bool:
        """Whether what is in hand has come back, or is not waited for any more."""
        if self.stopping and not self._ending.told:
            self._ending.told = True
            for key in self._executor.recall():
                del self._tasks[key]
            if self._executor.in_hand:
                self._tell(f"stopping; waits for {self._executor.waited_for}; once more ends at once")
        return (not self._executor.in_hand and not self._known) or self._ending.over

    def _over(self) -> str | None:
        """Why no new evaluation is started; None while some are."""
        if self.stopping:
            return "stopped"
        target = self.campaign.budget.target
        if target is not None and self._allocation.top_low >= self.campaign.objectives[0].sign * target:
            return "the target is reached"
        spent = self._spent.spent()
        if self._spent.out_of_time:
            self._ending.out_of_time()
        return spent

    def _stuck(self) -> str | None:
        """Why nothing will ever be started again; None while something may."""
        if self._executor.in_hand or self._known or self._team.busy or self._allocation.promotes:
            return None
        return None if self._queue.may_go_on() else self._queue.why_not()

    def _ask(self) -> None:
        """Ask for proposals when there is room for one, so that they rest on the newest results.

        Where agents think longer than what is in hand lasts, they are asked ahead.
        """
        if self._idle and self._spent.evaluations and self._team.busy:
            self._ahead = self._team.thinks_meanwhile
        if self._ahead or self._executor.in_hand < self._executor.slots:
            self._queue.ask(self._spent.left, self._ahead)

    @property
    def _idle(self) -> bool:
        return self._executor.in_hand < (self._executor.slots + 1) // 2

    # effort

    def _launch(self) -> None:
        while self._executor.in_hand < self._executor.slots:
            coming = self._executor.in_hand + len(self._known) + self._losses.count
            if not self._spent.allow(coming) or not self._launch_one():
                break

    def _launch_one(self) -> bool:
        chosen = self._allocation.next(hurry=self._idle and self._team.thinks_meanwhile)
        if chosen is None:
            return False
        task = self._task(*chosen)
        assert task is not None, "every rung of an evaluation has a task"
        known = self._store.get(task.key, self._codes.wanted(task)) if self._store is not None else None
        if known is not None:
            self._known.append((task, known))
        else:
            self._submit(task)
        return True

    def _task(self, machine: str, rung: int) -> Task | None:
        candidate = replace(self.space.resolve(self._book[machine].design), key=machine)
        task = task_of(self._evaluation, candidate, rung)
        if task is not None:
            other = self._machines.setdefault(task.key, machine)
            if other != machine:
                raise CampaignError(
                    f"evaluation: {task.use.rpartition('/')[2]}: machines {other[:12]} and {machine[:12]} "
                    "have the same key; expected a key made of all that the numbers depend on"
                )
        return task

    def _submit(self, task: Task) -> None:
        self._tasks[task.key] = task
        self._executor.submit(task)

    def _collect(self) -> None:
        """Take what has come back, write it down, and make it last."""
        fresh: list[Result] = []
        while self._known:
            self._record(*self._known.popleft(), reused=True)
        agents_wait = self._team.busy and self._executor.in_hand < self._executor.slots
        patience = _PATIENCE_FOR_AGENTS_SECONDS if agents_wait else _PATIENCE_SECONDS
        if self._foretelling is not None and self._executor.in_hand >= self._executor.slots:
            self._foretelling.one()
        for result in map(plain, self._executor.wait(patience)):
            task = self._tasks.pop(result.key)
            stranger = self._codes.stranger(task, result)
            if result.lost or stranger:
                self._lost(task, result.lost or stranger, result.blameless or bool(stranger))
            else:
                self._record(task, result, reused=False)
                fresh.append(result)
                self._losses.came_back()
                self._ending.came_back()
        for given_up, reason in self._losses.given_up:
            self._record(given_up, Result(given_up.key, reason=reason), reused=False)
        for line in self._executor.news():
            self._tell(line)
        self._save()
        if self._store is not None:
            self._store.put([r for r in fresh if not r.archive and not r.controls])
        self._watcher.show(self.snapshot)

    def _lost(self, task: Task, problem: str, blameless: bool) -> None:
        """Start a task again that was lost, unless it was too often: then that is its result."""
        self.ledger.event("lost", task.key[:12], problem)
        if self._losses.again(task, problem, blameless) and not self.stopping:
            self._submit(task)

    def _tell(self, line: str) -> None:
        """Write down a line of what happens to the campaign as a whole, and say it."""
        self.ledger.event(TOLD, text=line)
        if self._say is not None:
            self._say(line)

    def _record(self, task: Task, result: Result, reused: bool) -> None:
        reason, measured = self._objectives.judge(result)
        if task.rung == CONFIRMATION and result.archive and self._folder is not None:
            problem = unpack(result.archive, self._folder / MACHINES / task.machine[:12])
            if problem:
                reason, measured = reason or f"malformed result: archive: {problem}", ()
        for lesson in result.lessons:
            learn(self._evaluation, lesson)
        if self._store is not None:
            self._store.teach(self._evaluation.use, result)
        finding = Finding(
            task.key, task.machine, self._book.owner(task.machine), task.rung, reason, measured,
            result.seconds, result.steps, reused, time.time(), task.seed, result.controls, result.code,
        )  # fmt: skip
        if self.ledger.add_finding(finding, result.samples):
            self._learn(finding)

    def _learn(self, finding: Finding) -> None:
        """Let everything that depends on results know of one; from the ledger or fresh."""
        self._machines[finding.key] = finding.machine
        self._spent.learn(finding)
        self._allocation.learn(finding)
        if self._foretelling is not None:
            self._foretelling.learn(finding)

    # the winners' second run

    def _confirm(self) -> None:
        """Run the best again, with fresh seeds and both controls."""
        self._phase = "confirmation"
        winners = self._allocation.unconfirmed(self.campaign.confirmation.machines)
        tasks = [self._task(machine, CONFIRMATION) for machine in winners]
        waiting = deque(task for task in tasks if task is not None)
        while self._tasks or (waiting and not self.stopping):
            while waiting and not self.stopping and self._executor.in_hand < self._executor.slots:
                self._submit(waiting.popleft())
            self._collect()
            if (self.stopping and self._ends()) or self._ending.in_vain:
                return

    # for those who watch

    def _save(self) -> None:
        """Make what was written last; the clock alone is not worth a write at every turn."""
        seconds = self._spent.clock.seconds
        if self.ledger.dirty or seconds > self._clock_at + _CLOCK_SECONDS:
            self._clock_at = seconds
            self.ledger.note("wall_seconds", f"{seconds:.3f}")
            self.ledger.commit()

    def explain(self) -> dict[str, str]:
        """What each agent believes now, in its own words."""
        return self._queue.explain(self._spent.left)

    def snapshot(self) -> Snapshot:
        """The campaign at this moment."""
        return Snapshot(
            evaluations=self._spent.evaluations,
            in_hand=self._executor.in_hand,
            failures=self._spent.failures,
            core_seconds=self._spent.core_seconds,
            wall_seconds=self._spent.clock.seconds,
            budget_left=self._spent.left,
            best=tuple(self._allocation.leaders(5)),
            agents=self._queue.rows(),
            phase=self._phase,
        )
