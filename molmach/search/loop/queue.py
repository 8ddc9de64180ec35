"""The agents as the driver sees them: what they were told, what they propose, and how they fare."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from molmach.errors import InfeasibleError
from molmach.search.agents.interface import Finding, Proposal
from molmach.search.agents.runner import Answer, Question
from molmach.search.agents.team import Team
from molmach.search.loop.bandit import Calibration, Split
from molmach.search.loop.quantities import Measured
from molmach.search.record.ledger import Ledger, Queued
from molmach.search.space.design import Design
from molmach.search.space.space import Space

MOST_FAILURES = 3
"""An agent that fails so often in a row is given up."""

_MOST_EMPTY = 5
"""An agent that so often in a row proposes nothing new is not asked again until something is found."""


EVERY_AGENT_FAILED = "every agent has failed"


@dataclass
class Desk:
    """What the driver holds of one agent.

    Attributes
    ----------
    queue
        Its proposals that wait to be started.
    asked
        How often it has answered.
    told, told_taken
        How many findings, and how many taken machines, it has been told of.
    failures
        In a row.
    empty, empty_at
        Answers in a row without anything new, and the number of findings at the last of them.
    benched
        Whether it was given up.
    calibration, counts, seconds
        How good its predictions are, its proposals by their state, and core seconds spent on them.
    """

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


class Desks:
    """Every agent's desk, and what all agents may know.

    Parameters
    ----------
    space, ledger, team, split
        Of the campaign.
    batch
        Proposals that all agents together are asked for at once.
    """

    def __init__(self, space: Space, ledger: Ledger, team: Team, split: Split, batch: int) -> None:
        self._space = space
        self._ledger = ledger
        self._team = team
        self._split = split
        self._batch = batch
        self._desks = {name: Desk() for name in team.names}
        self._designs: dict[str, Design] = {}
        self._owners: dict[str, str] = {}
        self._predicted: dict[str, Queued] = {}
        self._again: deque[Queued] = deque()
        self._next: str | None = None
        self._findings: list[Finding] = []
        self._taken: list[str] = []

    # going on from the ledger

    def recover(self) -> None:
        """Take up what the ledger holds of proposals; results come by :meth:`found`, then :meth:`requeue`."""
        self._designs = self._ledger.designs()
        for name, asked in self._ledger.batches().items():
            if name in self._desks:
                self._desks[name].asked = asked
        for machine, agent in self._ledger.owners():
            self._taken.append(machine)
            self._owners[machine] = agent
        self._predicted = {queued.machine: queued for queued in self._ledger.proposals("started")}
        for agent, state, count in self._ledger.query(
            "SELECT agent, state, COUNT(*) FROM proposals GROUP BY agent, state"
        ):
            if agent in self._desks:
                self._desks[agent].counts[state] = count

    def requeue(self, in_hand: Iterable[str]) -> None:
        """Put back what waits: first the machines that were in hand, in the order of their proposals."""
        self._again += [self._predicted[machine] for machine in in_hand]
        for queued in self._ledger.proposals("queued"):
            if queued.agent in self._desks:
                self._desks[queued.agent].queue.append(queued)

    @property
    def started(self) -> tuple[str, ...]:
        """Machines that have left their queue and are not measured on the first rung."""
        return tuple(self._predicted)

    # agents

    def may_go_on(self) -> bool:
        """Whether something is there to be started, or an agent may yet be asked."""
        return self.waiting or any(self._may_ask(name) for name in self._desks)

    @property
    def waiting(self) -> bool:
        """Whether something is there to be started."""
        return bool(self._again) or any(desk.queue for desk in self._desks.values())

    def why_not(self) -> str:
        """Why nobody can be asked, when :meth:`may_go_on` says so."""
        if all(desk.benched for desk in self._desks.values()):
            return EVERY_AGENT_FAILED
        return "no agent has another idea"

    def _may_ask(self, name: str) -> bool:
        desk = self._desks[name]
        if desk.benched or name in self._team.busy or desk.queue:
            return False
        return desk.empty < _MOST_EMPTY or desk.empty_at != len(self._findings)

    def hear(self) -> None:
        """Take in what agents have answered."""
        for answer in self._team.answers():
            self._heard(answer)

    def ask(self, budget_left: float, ahead: bool) -> None:
        """Ask for proposals those who have nothing left on their desk, each for its part of the batch.

        Only the agent whose turn it is, for what waits while others' proposals are simulated was thought of
        before their results; all of them ahead, and when there are no results yet.
        """
        at_work = sum(not desk.benched for desk in self._desks.values())
        whose_turn = self._desks if ahead or not self._findings else [self._whose_turn()]
        for name in whose_turn:
            if name is not None and self._may_ask(name):
                self._team.ask(name, self._question(name, -(-self._batch // at_work), budget_left))

    def _whose_turn(self) -> str | None:
        """The agent that the split has drawn for the next machine, whether it has thought of one or not."""
        if self._next is None:
            able = [n for n, d in self._desks.items() if d.queue or n in self._team.busy or self._may_ask(n)]
            self._next = self._split.choose(able, self._turn) if able else None
        return self._next

    @property
    def _turn(self) -> int:
        return sum(desk.counts["started"] for desk in self._desks.values())

    def _question(self, name: str, n: int, budget_left: float) -> Question:
        desk = self._desks[name]
        findings, taken = tuple(self._findings[desk.told :]), tuple(self._taken[desk.told_taken :])
        desk.told, desk.told_taken = len(self._findings), len(self._taken)
        return Question(desk.asked, n, budget_left, findings, taken)

    def _heard(self, answer: Answer) -> None:
        desk = self._desks[answer.agent]
        if answer.error:
            self._failed(answer.agent, answer.error)
            return
        desk.failures = 0
        batch, desk.asked = desk.asked, desk.asked + 1
        self._ledger.note_asked(answer.agent, desk.asked)
        fresh = sum([self._file(answer.agent, batch, proposal) for proposal in answer.proposals])
        desk.empty = 0 if fresh else desk.empty + 1
        desk.empty_at = len(self._findings)
        if not fresh:
            self._pass(answer.agent)

    def _pass(self, name: str) -> None:
        """An agent has nothing to offer: if it is its turn, another's is drawn."""
        if self._next == name:
            self._next = None

    def _failed(self, name: str, error: str) -> None:
        desk = self._desks[name]
        desk.failures += 1
        self._pass(name)
        self._ledger.event("agent_failed", name, error)
        if desk.failures >= MOST_FAILURES:
            desk.benched = True
            self._team.dismiss(name)
            self._ledger.event("agent_benched", name, f"failed {desk.failures} times in a row")
        else:
            self._team.restart(name)
            desk.told = desk.told_taken = 0

    def _file(self, agent: str, batch: int, proposal: Proposal) -> bool:
        """Enter a proposal; whether it is a machine that nobody had proposed."""
        desk = self._desks[agent]
        try:
            candidate = self._space.resolve(proposal.design)
        except InfeasibleError as error:
            self._ledger.add_proposal(agent, batch, proposal, None, "infeasible", str(error))
            desk.counts["infeasible"] += 1
            self.unbuildable(Finding(proposal.design, "", agent, 0, (), (), False, str(error)))
            return False
        if candidate.key in self._owners:
            self._ledger.add_proposal(agent, batch, proposal, candidate.key, "repeat")
            desk.counts["repeat"] += 1
            return False
        number = self._ledger.add_proposal(agent, batch, proposal, candidate.key, "queued")
        self._ledger.add_machine(candidate.key, candidate.smiles, proposal.design, agent)
        self._designs[candidate.key] = proposal.design
        self._owners[candidate.key] = agent
        self._taken.append(candidate.key)
        desk.queue.append(Queued(number, agent, candidate.key, proposal))
        desk.counts["queued"] += 1
        return True

    def explain(self, budget_left: float) -> dict[str, str]:
        """What each agent believes now, in its own words."""
        found = {}
        for name, desk in self._desks.items():
            if not desk.benched and name not in self._team.busy:
                text = self._team.explain(name, self._question(name, 1, budget_left))
                if text:
                    found[name] = text
        return found

    # machines

    def take(self, hurry: bool) -> str | None:
        """The machine that is started next: what was in hand before, then as the split decides.

        None when the agent whose turn it is still thinks; in a hurry, nobody is waited for.
        """
        if self._again:
            return self._again.popleft().machine
        ready = [name for name, desk in self._desks.items() if desk.queue]
        if not ready:
            return None
        chosen = self._whose_turn() if self._findings else None
        if chosen not in ready:
            if not hurry and self._findings:
                return None
            chosen = self._split.choose(ready, self._turn)
        self._next = None
        desk = self._desks[chosen]
        queued = desk.queue.popleft()
        desk.counts["queued"] -= 1
        desk.counts["started"] += 1
        self._ledger.mark_started(queued.id)
        self._predicted[queued.machine] = queued
        return queued.machine

    def design(self, machine: str) -> Design:
        """The design by which a machine was proposed first."""
        return self._designs[machine]

    def owner(self, machine: str) -> str:
        """Who proposed a machine."""
        return self._owners.get(machine, "")

    def found(
        self, machine: str, rung: int, measured: Sequence[Measured], reason: str, seconds: float
    ) -> None:
        """An evaluation has come back; without values where it failed."""
        agent = self.owner(machine)
        if agent in self._desks:
            self._desks[agent].seconds += seconds
        if rung == 0:
            self._split.record(agent, measured[0].value if measured else None)
            self._score_prediction(machine, measured)
        values, errors = tuple(m.value for m in measured), tuple(m.error for m in measured)
        self._findings.append(
            Finding(self._designs[machine], machine, agent, rung, values, errors, not reason, reason)
        )

    def unbuildable(self, finding: Finding) -> None:
        """A proposal was no machine."""
        self._split.record(finding.agent, None)
        self._findings.append(finding)

    def _score_prediction(self, machine: str, measured: Sequence[Measured]) -> None:
        queued = self._predicted.pop(machine, None)
        if queued is None or len(measured) != 1 or queued.agent not in self._desks:
            return
        mean, sd = queued.proposal.mean, queued.proposal.sd
        if mean is not None and sd is not None:
            self._desks[queued.agent].calibration.record(mean, sd, measured[0].value, measured[0].error)

    # for those who watch

    def rows(self) -> dict[str, dict[str, float]]:
        """Numbers of each agent."""
        shares = self._split.shares
        return {
            name: {
                "share": shares[name],
                "proposed": sum(desk.counts.values()),
                "started": desk.counts["started"],
                "infeasible": desk.counts["infeasible"],
                "repeats": desk.counts["repeat"],
                "core_seconds": desk.seconds,
                "coverage": desk.calibration.coverage,
                "surprise": desk.calibration.surprise / desk.calibration.count
                if desk.calibration.count
                else math.nan,
                "benched": float(desk.benched),
            }
            for name, desk in self._desks.items()
        }
