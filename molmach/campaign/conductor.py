"""The driver of a campaign: asks agents, gives out effort, and writes down what came of it.

Only the driver writes. Whatever it knows it can rebuild from the ledger, so it may be killed at any time:
what was finished is kept, what was in hand is done again, with the same seeds.
"""

from __future__ import annotations

import io
import math
import time
import zipfile
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from molmach.campaign.agent import Finding, Proposal
from molmach.campaign.design import Design
from molmach.campaign.evaluation import CONFIRMATION, Job, Outcome, job_for
from molmach.campaign.executors import Executor, Finished
from molmach.campaign.ledger import Ledger, Queued, Store
from molmach.campaign.quantities import Expression, Measured
from molmach.campaign.racing import Ladder
from molmach.campaign.space import Space
from molmach.campaign.split import Calibration, Split
from molmach.campaign.team import Answer, Clock, Question, Team
from molmach.errors import InfeasibleError
from molmach.spec import Campaign

_PATIENCE_SECONDS = 0.5
_HUNGRY_SECONDS = 0.02
_WATCHED_SECONDS = 0.25
_MOST_FAILURES = 3
"""An agent that fails so often in a row, and a job that is lost so often, is given up."""

_MOST_EMPTY = 5
"""An agent that so often in a row proposes nothing new is not asked again until something is found."""


@dataclass(frozen=True)
class Snapshot:
    """A campaign at a moment, for those who watch."""

    evaluations: int
    in_hand: int
    failures: int
    core_seconds: float
    wall_seconds: float
    budget_left: float
    best: tuple[tuple[str, int, tuple[Measured, ...]], ...]
    agents: dict[str, dict[str, float]]
    phase: str


@dataclass
class _Desk:
    """What the driver holds of one agent."""

    queue: deque[Queued] = field(default_factory=deque)
    asked: int = 0
    told: int = 0
    told_taken: int = 0
    failures: int = 0
    empty: int = 0
    empty_at: int = -1
    benched: bool = False
    calibration: Calibration = field(default_factory=Calibration)
    counts: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


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
        Proposals that an agent is asked for at once; by default as many as jobs are in hand at once.
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
        self._watch = watch
        self._batch = batch
        self._expressions = [Expression(o.expression) for o in campaign.objectives]
        self._ladder = Ladder(len(campaign.racing.rungs), campaign.racing.keep)
        self._split = Split(team.names, campaign.seed)
        self._desks = {name: _Desk() for name in team.names}
        self._designs: dict[str, Design] = {}
        self._owner: dict[str, str] = {}
        self._predicted: dict[str, Queued] = {}
        self._findings: list[Finding] = []
        self._taken: list[str] = []
        self._taken_set: set[str] = set()
        self._losses: Counter[str] = Counter()
        self._confirmed: set[str] = set()
        self._evaluations = 0
        self._failures = 0
        self._core_seconds = 0.0
        self._cheap: deque[tuple[Job, Outcome]] = deque()
        self._clock = Clock(float(ledger.noted("wall_seconds") or 0.0))
        self._phase = "search"
        self._watched = -math.inf
        self._recover()

    # going on from the ledger

    def _recover(self) -> None:
        self._designs = self.ledger.designs()
        for name, asked in self.ledger.batches().items():
            if name in self._desks:
                self._desks[name].asked = asked
        self._findings += self.ledger.infeasible()
        started, queued = self.ledger.proposals("started"), self.ledger.proposals("queued")
        for proposal in (*started, *queued):
            self._take(proposal.machine)
            self._owner[proposal.machine] = proposal.agent
        self._predicted = {proposal.machine: proposal for proposal in started}
        for entry in self.ledger.entries():
            self._account(entry.machine, entry.agent, entry.rung, entry.reason, entry.measured, entry.seconds)
        in_hand = [proposal for proposal in started if not self._ladder.was_sent(proposal.machine, 0)]
        for proposal in (*in_hand, *queued):
            if proposal.agent in self._desks:
                self._desks[proposal.agent].queue.append(proposal)
        for agent, state, count in self.ledger.query(
            "SELECT agent, state, COUNT(*) FROM proposals GROUP BY agent, state"
        ):
            if agent in self._desks:
                self._desks[agent].counts[state] = count

    def _take(self, machine: str) -> None:
        if machine not in self._taken_set:
            self._taken_set.add(machine)
            self._taken.append(machine)

    # the loop

    def run(self) -> str:
        """Search until the budget is spent or nobody has an idea, then confirm the winners.

        Returns
        -------
        reason
            Why the search ended.
        """
        self.ledger.event("started")
        self.ledger.commit()
        try:
            reason = self._search()
            if not self.stopping:
                self._confirm()
            self.ledger.event("stopped" if self.stopping else "finished", text=reason)
        finally:
            self._save_clock()
            self._executor.close()
        return reason

    def _search(self) -> str:
        while True:
            reason = self._over()
            if reason is None:
                self._hear()
                self._launch()
                if (
                    not self._executor.in_hand
                    and not self._cheap
                    and not self._team.busy
                    and not self._waiting()
                ):
                    reason = "no agent has another idea"
            if reason is not None and not self._executor.in_hand and not self._cheap:
                return reason
            self._collect()

    def _over(self) -> str | None:
        """Why no new evaluation is started; None while some are."""
        budget = self.campaign.budget
        if self.stopping:
            return "stopped"
        if budget.evaluations is not None and self._evaluations >= budget.evaluations:
            return "all evaluations of the budget are done"
        if budget.core_seconds is not None and self._core_seconds >= budget.core_seconds:
            return "the budget's core seconds are spent"
        if budget.wall_clock is not None and self._clock.seconds >= budget.wall_clock:
            return "the budget's time is over"
        if budget.target is not None and self._reached(budget.target):
            return "the target is reached"
        return None

    def _reached(self, target: float) -> bool:
        ranking = self._ladder.ranking()
        wanted = self.campaign.objectives[0].sign * target
        return any(rung == self._ladder.top and m[0].low >= wanted for _, rung, m in ranking)

    @property
    def budget_left(self) -> float:
        """Share of the budget that is left, by whatever runs out first."""
        budget = self.campaign.budget
        spent = [
            done / limit
            for done, limit in (
                (self._evaluations, budget.evaluations),
                (self._core_seconds, budget.core_seconds),
                (self._clock.seconds, budget.wall_clock),
            )
            if limit is not None
        ]
        return max(0.0, 1.0 - max(spent))

    # agents

    def _waiting(self) -> bool:
        """Whether something is there to be started, or an agent may yet be asked."""
        return self._ladder.promotion() is not None or any(
            desk.queue or self._may_ask(name) for name, desk in self._desks.items()
        )

    def _may_ask(self, name: str) -> bool:
        desk = self._desks[name]
        if desk.benched or name in self._team.busy or desk.queue:
            return False
        return desk.empty < _MOST_EMPTY or desk.empty_at != len(self._findings)

    def _hear(self) -> None:
        for answer in self._team.answers():
            self._heard(answer)
        for name in self._desks:
            if self._may_ask(name):
                self._brief(name)
                n = self._batch or min(16, self._executor.slots)
                self._team.ask(name, Question(self._desks[name].asked, n, self.budget_left))

    def _brief(self, name: str) -> None:
        desk = self._desks[name]
        news, taken = self._findings[desk.told :], self._taken[desk.told_taken :]
        desk.told, desk.told_taken = len(self._findings), len(self._taken)
        if news or taken:
            self._team.tell(name, news, taken)

    def _heard(self, answer: Answer) -> None:
        desk = self._desks[answer.agent]
        if answer.error:
            self._agent_failed(answer.agent, answer.error)
            return
        desk.failures = 0
        batch, desk.asked = desk.asked, desk.asked + 1
        self.ledger.note(f"asked {answer.agent}", str(desk.asked))
        fresh = 0
        for proposal in answer.proposals:
            fresh += self._file(answer.agent, batch, proposal)
        desk.empty = 0 if fresh else desk.empty + 1
        desk.empty_at = len(self._findings)
        self.ledger.commit()

    def _agent_failed(self, name: str, error: str) -> None:
        desk = self._desks[name]
        desk.failures += 1
        self.ledger.event("agent_failed", name, error)
        if desk.failures >= _MOST_FAILURES:
            desk.benched = True
            self.ledger.event("agent_benched", name, f"failed {desk.failures} times in a row")
        else:
            self._team.restart(name)
            desk.told = desk.told_taken = 0
        self.ledger.commit()

    def _file(self, agent: str, batch: int, proposal: Proposal) -> int:
        """Enter a proposal; 1 if it is a machine that nobody had proposed."""
        desk = self._desks[agent]
        try:
            candidate = self.space.resolve(proposal.design)
        except InfeasibleError as error:
            self.ledger.add_proposal(agent, batch, proposal, None, "infeasible", str(error))
            self._findings.append(Finding(proposal.design, "", agent, 0, (), (), False, str(error)))
            self._split.record(agent, None)
            desk.counts["infeasible"] += 1
            return 0
        if candidate.key in self._taken_set:
            self.ledger.add_proposal(agent, batch, proposal, candidate.key, "repeat")
            desk.counts["repeat"] += 1
            return 0
        number = self.ledger.add_proposal(agent, batch, proposal, candidate.key, "queued")
        self.ledger.add_machine(candidate.key, candidate.smiles, proposal.design, agent)
        self._designs[candidate.key] = proposal.design
        self._owner[candidate.key] = agent
        self._take(candidate.key)
        desk.queue.append(Queued(number, agent, candidate.key, proposal))
        desk.counts["queued"] += 1
        return 1

    # effort

    def _launch(self) -> None:
        budget = self.campaign.budget.evaluations
        while self._executor.in_hand < self._executor.slots:
            coming = self._executor.in_hand + len(self._cheap)
            if budget is not None and self._evaluations + coming >= budget:
                break
            if not self._launch_one():
                break
        self.ledger.commit()

    def _launch_one(self) -> bool:
        promotion = self._ladder.promotion()
        if promotion is not None:
            machine, rung = promotion
        else:
            ready = [name for name, desk in self._desks.items() if desk.queue]
            if not ready:
                return False
            queued = self._desks[self._split.choose(ready)].queue.popleft()
            self._predicted[queued.machine] = queued
            self._desks[queued.agent].counts["queued"] -= 1
            self._desks[queued.agent].counts["started"] += 1
            self.ledger.mark_started(queued.id)
            machine, rung = queued.machine, 0
        self._ladder.sent(machine, rung)
        self._start(job_for(self.campaign, self.space.resolve(self._designs[machine]), rung))
        return True

    def _start(self, job: Job) -> None:
        known = self._store.get(job.key) if self._store is not None else None
        if known is not None:
            self._cheap.append((job, known))
        else:
            self._executor.submit(job)

    def _collect(self) -> None:
        """Take what has come back, write it down, and make it last."""
        fresh: list[Outcome] = []
        while self._cheap:
            job, outcome = self._cheap.popleft()
            self._record(job, outcome, reused=True)
        pause = (
            0.02 if self._team.busy and self._executor.in_hand < self._executor.slots else _PATIENCE_SECONDS
        )
        for finished in self._executor.wait(pause):
            done = self._outcome(finished)
            if done is not None:
                self._record(finished.job, done, reused=False)
                fresh.append(done)
        self._save_clock()
        if self._store is not None:
            self._store.put([o for o in fresh if not o.archive and not o.controls])
        if self._watch is not None and time.monotonic() - self._watched > _WATCHED_SECONDS:
            self._watched = time.monotonic()
            self._watch(self.snapshot())

    def _outcome(self, finished: Finished) -> Outcome | None:
        """What came of a job; None where it was lost and is started again."""
        if finished.outcome is not None:
            return finished.outcome
        key = finished.job.key
        self._losses[key] += 1
        self.ledger.event("lost", key[:12], finished.problem)
        if self._losses[key] < _MOST_FAILURES and not self.stopping:
            self._executor.submit(finished.job)
            return None
        if self.stopping:
            return None
        return Outcome(key, reason=f"lost {self._losses[key]} times: {finished.problem}")

    def _record(self, job: Job, outcome: Outcome, reused: bool) -> None:
        measured = self.measure(outcome)
        if not outcome.reason and not all(m.defined for m in measured):
            outcome = replace(outcome, reason="the objective is not defined for this run")
        if outcome.reason:
            measured = ()
        agent = self._owner.get(job.machine, "")
        if job.rung == CONFIRMATION and outcome.archive and self._folder is not None:
            self._unpack(job, outcome)
        if self.ledger.add_evaluation(job, agent, outcome, measured, reused):
            seconds = 0.0 if reused else outcome.seconds
            self._account(job.machine, agent, job.rung, outcome.reason, measured, seconds)

    def measure(self, outcome: Outcome) -> tuple[Measured, ...]:
        """Each objective of an outcome, turned so that greater is better; empty where it failed."""
        if outcome.reason:
            return ()
        found = []
        for objective, expression in zip(self.campaign.objectives, self._expressions, strict=True):
            m = expression.measure(outcome.samples)
            found.append(m if objective.sign > 0 else Measured(-m.value, m.error, -m.high, -m.low))
        return tuple(found)

    def _account(
        self,
        machine: str,
        agent: str,
        rung: int,
        reason: str,
        measured: Sequence[Measured],
        seconds: float,
    ) -> None:
        """Let everything that depends on results know of one; from the ledger or fresh."""
        self._core_seconds += seconds
        self._failures += bool(reason)
        if rung == CONFIRMATION:
            self._confirmed.add(machine)
            return
        self._evaluations += 1
        self._ladder.landed(machine, rung, measured)
        value = measured[0].value if measured else None
        if agent in self._desks:
            self._desks[agent].seconds += seconds
        if rung == 0:
            self._split.record(agent, value)
            self._score_prediction(machine, measured)
        values, errors = tuple(m.value for m in measured), tuple(m.error for m in measured)
        self._findings.append(
            Finding(self._designs[machine], machine, agent, rung, values, errors, not reason, reason)
        )

    def _score_prediction(self, machine: str, measured: Sequence[Measured]) -> None:
        queued = self._predicted.get(machine)
        if queued is None or not measured or len(self.campaign.objectives) > 1:
            return
        mean, sd = queued.proposal.mean, queued.proposal.sd
        if mean is not None and sd is not None and queued.agent in self._desks:
            self._desks[queued.agent].calibration.record(mean, sd, measured[0].value, measured[0].error)

    # the winners' second run

    def _confirm(self) -> None:
        """Run the best again, with fresh seeds and both controls."""
        self._phase = "confirmation"
        wanted = self.campaign.confirmation.machines
        winners = [machine for machine, _, _ in self._ladder.ranking()[:wanted]]
        waiting = deque(machine for machine in winners if machine not in self._confirmed)
        while (waiting or self._executor.in_hand) and not self.stopping:
            while waiting and self._executor.in_hand < self._executor.slots:
                machine = waiting.popleft()
                self._executor.submit(
                    job_for(self.campaign, self.space.resolve(self._designs[machine]), CONFIRMATION)
                )
            self._collect()

    def _unpack(self, job: Job, outcome: Outcome) -> None:
        assert self._folder is not None
        target = self._folder / "machines" / job.machine[:12]
        working = target.with_name(target.name + ".unfinished")
        working.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(io.BytesIO(outcome.archive)) as archive:
            archive.extractall(working)
        if not target.exists():
            working.rename(target)

    # for those who watch

    def _save_clock(self) -> None:
        self.ledger.note("wall_seconds", f"{self._clock.seconds:.3f}")
        self.ledger.commit()

    def explain(self) -> dict[str, str]:
        """What each agent believes now, in its own words."""
        found = {}
        for name, desk in self._desks.items():
            if not desk.benched and name not in self._team.busy:
                self._brief(name)
                text = self._team.explain(name, Question(desk.asked, 1, self.budget_left))
                if text:
                    found[name] = text
        return found

    def snapshot(self) -> Snapshot:
        """The campaign at this moment."""
        return Snapshot(
            evaluations=self._evaluations,
            in_hand=self._executor.in_hand,
            failures=self._failures,
            core_seconds=self._core_seconds,
            wall_seconds=self._clock.seconds,
            budget_left=self.budget_left,
            best=tuple(self._ladder.ranking()[:5]),
            agents={
                name: {
                    "share": self._split.shares[name],
                    "proposed": sum(desk.counts.values()),
                    "started": desk.counts["started"],
                    "infeasible": desk.counts["infeasible"],
                    "repeats": desk.counts["repeat"],
                    "core_seconds": desk.seconds,
                    "coverage": desk.calibration.coverage,
                    "surprise": desk.calibration.surprise / max(1, desk.calibration.count)
                    if desk.calibration.count
                    else math.nan,
                    "benched": float(desk.benched),
                }
                for name, desk in self._desks.items()
            },
            phase=self._phase,
        )
