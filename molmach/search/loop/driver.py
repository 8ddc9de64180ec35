"""The driver of a campaign: asks agents, gives out effort, and writes down what came of it.

Only the driver writes. Whatever it knows it can rebuild from the ledger, so it may be killed at any time:
what was finished is kept, what was in hand is done again, with the same seeds.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from molmach.errors import CampaignError
from molmach.search.agents.team import Team
from molmach.search.loop.bandit import Split
from molmach.search.loop.budget import Accounts, Clock
from molmach.search.loop.evaluation import CONFIRMATION, Job, Outcome, job_for, unpack
from molmach.search.loop.executors import Executor, Finished
from molmach.search.loop.objectives import Objectives
from molmach.search.loop.quantities import Measured
from molmach.search.loop.queue import EVERY_AGENT_FAILED, Desks
from molmach.search.loop.racing import Ladder
from molmach.search.loop.snapshot import Snapshot, Watcher
from molmach.search.record.cache import Store
from molmach.search.record.ledger import Entry, Ledger
from molmach.search.space.space import Space
from molmach.spec import Campaign

_PATIENCE_SECONDS = 0.5
_HUNGRY_SECONDS = 0.02
_CLOCK_SECONDS = 1.0
_MOST_LOSSES = 5
"""A job that is lost so often is given up."""

_MOST_GIVEN_UP = 5
"""When so many jobs in a row were given up, it is not the machines' fault."""


class Conductor:
    """Carries out a campaign.

    Parameters
    ----------
    campaign
        What is searched.
    ledger
        To write; what is in it already is gone on from.
    executor, team
        Who simulates and who thinks.
    folder
        Where the winners' run folders go; None to leave them out.
    store
        Evaluations of other campaigns; None to do without.
    watch
        Called with a snapshot whenever something came back.
    batch
        Proposals that all agents together are asked for at once; by default the campaign's.
    """

    def __init__(
        self,
        campaign: Campaign,
        ledger: Ledger,
        executor: Executor,
        team: Team,
        folder: Path | None = None,
        store: Store | None = None,
        watch: Callable[[Snapshot], None] | None = None,
        batch: int | None = None,
    ) -> None:
        self.campaign = campaign
        self.space = Space(campaign)
        self.ledger = ledger
        self.stopping = False
        self._executor = executor
        self._team = team
        self._folder = folder
        self._store = store
        self._watcher = Watcher(watch)
        self._objectives = Objectives(campaign.objectives)
        self._ladder = Ladder(len(campaign.racing.rungs), campaign.racing.keep)
        split = Split(team.names, campaign.seed)
        self._desks = Desks(self.space, ledger, team, split, batch or campaign.batch)
        self._accounts = Accounts(campaign.budget, Clock(float(ledger.noted("wall_seconds") or 0.0)))
        self._losses: Counter[str] = Counter()
        self._given_up = 0
        self._confirmed: set[str] = set()
        self._known: deque[tuple[Job, Outcome]] = deque()
        self._phase = "search"
        self._ahead = False
        self._clock_at = -math.inf
        self._recover()

    def _recover(self) -> None:
        """Rebuild from the ledger what was known when the last commit was made."""
        self._desks.recover()
        for past in self.ledger.history():
            if isinstance(past, Entry):
                self._account(past.machine, past.rung, past.reason, past.measured, past.seconds)
            else:
                self._desks.unbuildable(past.finding)
        self._desks.requeue(self._desks.started)

    # the loop

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
            if reason == EVERY_AGENT_FAILED and not self._ladder.leaders(1):
                self._save()
                raise CampaignError(f"{reason}; the last one: {self.ledger.last('agent_failed')}")
            if not self.stopping:
                self._confirm()
            self.ledger.event("stopped" if self.stopping else "finished", text=reason)
            self._save()
        except BaseException:
            self.ledger.rollback()  # half of a step is worse than none of it
            raise
        finally:
            self._executor.close()
        return reason

    def _search(self) -> str:
        while True:
            reason = self._over()
            if reason is None:
                self._desks.hear()
                self._ask()
                self._launch()
                reason = self._stuck()
            if reason is not None and not self._executor.in_hand and not self._known:
                return reason
            self._collect()

    def _over(self) -> str | None:
        """Why no new evaluation is started; None while some are."""
        if self.stopping:
            return "stopped"
        target = self.campaign.budget.target
        if target is not None and self._ladder.top_low >= self.campaign.objectives[0].sign * target:
            return "the target is reached"
        return self._accounts.spent()

    def _stuck(self) -> str | None:
        """Why nothing will ever be started again; None while something may."""
        if self._executor.in_hand or self._known or self._team.busy or self._ladder.promotion() is not None:
            return None
        return None if self._desks.may_go_on() else self._desks.why_not()

    def _ask(self) -> None:
        """Ask for proposals when there is room for one, so that they rest on the newest results.

        Where agents think longer than what is in hand lasts, they are asked ahead.
        """
        if self._idle and self._accounts.evaluations and self._team.busy:
            self._ahead = self._team.thinks_meanwhile
        if self._ahead or self._executor.in_hand < self._executor.slots:
            self._desks.ask(self._accounts.left, self._ahead)

    @property
    def _idle(self) -> bool:
        return self._executor.in_hand < (self._executor.slots + 1) // 2

    # effort

    def _launch(self) -> None:
        while self._executor.in_hand < self._executor.slots:
            coming = self._executor.in_hand + len(self._known)
            if not self._accounts.allow(coming) or not self._launch_one():
                break

    def _launch_one(self) -> bool:
        promotion = self._ladder.promotion()
        hurry = self._idle and self._team.thinks_meanwhile
        machine, rung = promotion if promotion is not None else (self._desks.take(hurry), 0)
        if machine is None:
            return False
        self._ladder.sent(machine, rung)
        self._start(job_for(self.campaign, self.space.resolve(self._desks.design(machine)), rung))
        return True

    def _start(self, job: Job) -> None:
        known = self._store.get(job.key) if self._store is not None else None
        if known is not None:
            self._known.append((job, known))
        else:
            self._executor.submit(job)

    def _collect(self) -> None:
        """Take what has come back, write it down, and make it last."""
        fresh: list[Outcome] = []
        while self._known:
            job, outcome = self._known.popleft()
            self._record(job, outcome, reused=True)
        hungry = self._team.busy and self._executor.in_hand < self._executor.slots
        for finished in self._executor.wait(_HUNGRY_SECONDS if hungry else _PATIENCE_SECONDS):
            if finished.outcome is None:
                self._lost(finished)
            else:
                self._record(finished.job, finished.outcome, reused=False)
                fresh.append(finished.outcome)
                self._given_up = 0
        self._save()
        if self._store is not None:
            self._store.put([o for o in fresh if not o.archive and not o.controls])
        self._watcher.show(self.snapshot)

    def _lost(self, finished: Finished) -> None:
        """Start a job again that was lost, unless it was too often: then that is its result."""
        job = finished.job
        self._losses[job.key] += 1
        self.ledger.event("lost", job.key[:12], finished.problem)
        if self._losses[job.key] >= _MOST_LOSSES:
            self._given_up += 1
            if self._given_up >= _MOST_GIVEN_UP:
                raise CampaignError(f"evaluations don't come back any more: {finished.problem}")
            reason = f"lost {self._losses[job.key]} times: {finished.problem}"
            self._record(job, Outcome(job.key, reason=reason), reused=False)
        elif not self.stopping:
            self._executor.submit(job)

    def _record(self, job: Job, outcome: Outcome, reused: bool) -> None:
        measured = () if outcome.reason else self._objectives.measure(outcome.samples)
        if not all(m.defined for m in measured):
            outcome, measured = replace(outcome, reason="the objective is not defined for this run"), ()
        if job.rung == CONFIRMATION and outcome.archive and self._folder is not None:
            unpack(outcome, self._folder / "machines" / job.machine[:12])
        if self.ledger.add_evaluation(job, self._desks.owner(job.machine), outcome, measured, reused):
            seconds = 0.0 if reused else outcome.seconds
            self._account(job.machine, job.rung, outcome.reason, measured, seconds)

    def _account(
        self, machine: str, rung: int, reason: str, measured: Sequence[Measured], seconds: float
    ) -> None:
        """Let everything that depends on results know of one; from the ledger or fresh."""
        self._accounts.core_seconds += seconds
        self._accounts.failures += bool(reason)
        if rung == CONFIRMATION:
            self._confirmed.add(machine)
            return
        self._accounts.evaluations += 1
        self._ladder.landed(machine, rung, measured)
        self._desks.found(machine, rung, measured, reason, seconds)

    # the winners' second run

    def _confirm(self) -> None:
        """Run the best again, with fresh seeds and both controls."""
        self._phase = "confirmation"
        winners = [machine for machine, _, _ in self._ladder.leaders(self.campaign.confirmation.machines)]
        waiting = deque(machine for machine in winners if machine not in self._confirmed)
        while self._executor.in_hand or (waiting and not self.stopping):
            while waiting and not self.stopping and self._executor.in_hand < self._executor.slots:
                design = self._desks.design(waiting.popleft())
                self._executor.submit(job_for(self.campaign, self.space.resolve(design), CONFIRMATION))
            self._collect()

    # for those who watch

    def _save(self) -> None:
        """Make what was written last; the clock alone is not worth a write at every turn."""
        seconds = self._accounts.clock.seconds
        if self.ledger.dirty or seconds > self._clock_at + _CLOCK_SECONDS:
            self._clock_at = seconds
            self.ledger.note("wall_seconds", f"{seconds:.3f}")
            self.ledger.commit()

    def explain(self) -> dict[str, str]:
        """What each agent believes now, in its own words."""
        return self._desks.explain(self._accounts.left)

    def snapshot(self) -> Snapshot:
        """The campaign at this moment."""
        return Snapshot(
            evaluations=self._accounts.evaluations,
            in_hand=self._executor.in_hand,
            failures=self._accounts.failures,
            core_seconds=self._accounts.core_seconds,
            wall_seconds=self._accounts.clock.seconds,
            budget_left=self._accounts.left,
            best=tuple(self._ladder.leaders(5)),
            agents=self._desks.rows(),
            phase=self._phase,
        )


__all__ = ["Conductor", "Snapshot"]
