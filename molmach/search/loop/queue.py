"""What waits to be started: proposals agent by agent, who is asked for more, and whose turn it is."""

from __future__ import annotations

import json
import math
from collections import Counter, deque
from dataclasses import asdict, dataclass, field

from molmach.search.agents.interface import Exchange, Proposal
from molmach.search.agents.runner import AgentFailedError, AgentUnusableError, Question
from molmach.search.agents.team import Team
from molmach.search.loop.bandit import Bandit
from molmach.search.loop.book import TrialBook
from molmach.search.record.calibration import Calibration
from molmach.search.record.ledger import Ledger
from molmach.search.record.reader import SAID, STARTED
from molmach.search.record.trial import Finding, State, Trial
from molmach.search.wanted import Window

MOST_FAILURES = 3
"""An agent that fails so often in a row is given up."""

_MOST_EMPTY = 5
"""An agent that so often in a row proposes nothing new is not asked again until something is found."""

EVERY_AGENT_FAILED = "every agent has failed"


@dataclass
class AgentStatus:
    """How one agent stands.

    Attributes
    ----------
    queue
        Machines that it has proposed and that wait to be started.
    answers
        How often it has answered.
    seen, seen_taken
        How many results, and how many taken machines, it has been told of.
    failures
        In a row.
    empty, empty_at
        Answers in a row without anything new, and the number of results at the last of them.
    given_up
        Whether it is not asked any more.
    tokens, paid
        What it has used of language models.
    calibration, counts, seconds
        How good its predictions are, its proposals by the ledger's word for their state, and core seconds
        spent on them.
    """

    queue: deque[str] = field(default_factory=deque)
    answers: int = 0
    seen: int = 0
    seen_taken: int = 0
    failures: int = 0
    empty: int = 0
    empty_at: int = -1
    given_up: bool = False
    tokens: int = 0
    paid: float = 0.0
    calibration: Calibration = field(default_factory=Calibration)
    counts: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


class Queue:
    """The agents' proposals, and the agents as the driver knows them.

    Parameters
    ----------
    book, ledger, team, bandit
        Of the campaign.
    batch
        Proposals that all agents together are asked for at once.
    theory, window
        As in :class:`~molmach.search.agents.runner.Question`.
    """

    def __init__(
        self,
        book: TrialBook,
        ledger: Ledger,
        team: Team,
        bandit: Bandit,
        batch: int,
        theory: str | None = None,
        window: Window | None = None,
    ) -> None:
        self._book = book
        self._ledger = ledger
        self._team = team
        self._bandit = bandit
        self._batch = batch
        self._theory = theory
        self._window = window
        self._agents = {name: AgentStatus() for name in team.names}
        self._interrupted: deque[str] = deque()
        self._next: str | None = None

    # going on from the ledger

    def recover(self) -> None:
        """Take up what the ledger holds of answers and proposals; then come results, then :meth:`requeue`."""
        for name, answers in self._ledger.answers().items():
            if name in self._agents:
                self._agents[name].answers = answers
        for name, counts in self._ledger.proposal_counts().items():
            if name in self._agents:
                self._agents[name].counts = counts
        for name, (tokens, paid) in self._ledger.talked().items():
            if name in self._agents:
                self._agents[name].tokens, self._agents[name].paid = tokens, paid
        for name, reason in self._ledger.marked_reasons():
            self._bandit.heard(name, reason)

    def requeue(self) -> None:
        """Put back what waits: first the machines that were in hand, in the order of their proposals."""
        self._interrupted += [trial.machine for trial in self._book.in_state(State.RUNNING)]
        for trial in self._book.in_state(State.QUEUED):
            if trial.agent in self._agents:
                self._agents[trial.agent].queue.append(trial.machine)

    # agents

    def may_go_on(self) -> bool:
        """Whether something is there to be started, or an agent may yet be asked."""
        return self._waiting or any(self._may_ask(name) for name in self._agents)

    @property
    def _waiting(self) -> bool:
        return bool(self._interrupted) or any(agent.queue for agent in self._agents.values())

    def why_not(self) -> str:
        """Why nobody can be asked, when :meth:`may_go_on` says so."""
        if all(agent.given_up for agent in self._agents.values()):
            return EVERY_AGENT_FAILED
        return "no agent has another idea"

    def _may_ask(self, name: str) -> bool:
        agent = self._agents[name]
        if agent.given_up or name in self._team.busy or agent.queue:
            return False
        return agent.empty < _MOST_EMPTY or agent.empty_at != self._book.results

    def hear(self) -> None:
        """Take in what agents have answered."""
        for name, answer in self._team.answers().items():
            if isinstance(answer, AgentFailedError):
                self._failed(name, str(answer), isinstance(answer, AgentUnusableError))
            else:
                self._heard(name, answer)

    def ask(self, budget_left: float, ahead: bool) -> None:
        """Ask for proposals those who have nothing in the queue, each for its part of the batch.

        Only the agent whose turn it is, for what waits while others' proposals are simulated was thought of
        before their results; all of them ahead, and when there are no results yet.
        """
        at_work = sum(not agent.given_up for agent in self._agents.values())
        whose_turn = self._agents if ahead or not self._book.results else [self._whose_turn()]
        for name in whose_turn:
            if name is not None and self._may_ask(name):
                self._team.ask(name, self._question(name, -(-self._batch // at_work), budget_left))

    def _whose_turn(self) -> str | None:
        """The agent that the bandit has drawn for the next machine, whether it has thought of one or not."""
        if self._next is None:
            able = [n for n, a in self._agents.items() if a.queue or n in self._team.busy or self._may_ask(n)]
            self._next = self._bandit.choose(able, self._turn) if able else None
        return self._next

    @property
    def _turn(self) -> int:
        return sum(agent.counts[STARTED] for agent in self._agents.values())

    def _question(self, name: str, n: int, budget_left: float) -> Question:
        agent = self._agents[name]
        news, taken = self._book.news(agent.seen), self._book.taken_since(agent.seen_taken)
        agent.seen, agent.seen_taken = self._book.results, self._book.taken
        used = (agent.tokens, agent.paid, self._window)
        return Question(agent.answers, n, budget_left, news, taken, self._theory, *used)

    def _heard(self, name: str, proposals: tuple[Proposal, ...]) -> None:
        agent = self._agents[name]
        agent.failures = 0
        self._talked(name, getattr(proposals, "said", ()))
        batch, agent.answers = agent.answers, agent.answers + 1
        self._ledger.note_answers(name, agent.answers)
        fresh = sum([self._enter(name, batch, proposal) for proposal in proposals])
        agent.empty = 0 if fresh else agent.empty + 1
        agent.empty_at = self._book.results
        if not fresh:
            self._pass(name)

    def _talked(self, name: str, said: tuple[Exchange, ...]) -> None:
        """Write down what an agent and a language model have said to each other, and what that took."""
        agent = self._agents[name]
        for exchange in said:
            self._ledger.event(SAID, name, json.dumps(asdict(exchange), ensure_ascii=False))
            agent.tokens += exchange.tokens
            agent.paid += exchange.paid

    def _enter(self, name: str, batch: int, proposal: Proposal) -> bool:
        """Enter a proposal; whether it is a machine that nobody had proposed."""
        trial = self._book.enter(name, batch, proposal)
        self._bandit.heard(name, trial.rationale)
        self._agents[name].counts[trial.state.value] += 1
        if trial.state is State.INFEASIBLE:
            self.infeasible(trial)
        if trial.state is not State.QUEUED:
            return False
        self._agents[name].queue.append(trial.machine)
        return True

    def _pass(self, name: str) -> None:
        """An agent has nothing to offer: if it is its turn, another's is drawn."""
        if self._next == name:
            self._next = None

    def _failed(self, name: str, error: str, for_good: bool) -> None:
        agent = self._agents[name]
        agent.failures += 1
        self._pass(name)
        self._ledger.event("agent_failed", name, error)
        if for_good or agent.failures >= MOST_FAILURES:
            agent.given_up = True
            self._team.dismiss(name)
            reason = "can't be imported" if for_good else f"failed {agent.failures} times in a row"
            self._ledger.event("agent_benched", name, reason)
        else:
            self._team.restart(name)
            agent.seen = agent.seen_taken = 0

    def explain(self, budget_left: float) -> dict[str, str]:
        """What each agent believes now, in its own words."""
        texts = {}
        for name, agent in self._agents.items():
            if not agent.given_up and name not in self._team.busy:
                text = self._team.explain(name, self._question(name, 1, budget_left))
                if text:
                    texts[name] = text
        return texts

    # machines

    def take(self, hurry: bool) -> str | None:
        """The machine that is started next: what was in hand before, then as the bandit decides.

        None when the agent whose turn it is still thinks; in a hurry, nobody is waited for.
        """
        if self._interrupted:
            return self._interrupted.popleft()
        ready = [name for name, agent in self._agents.items() if agent.queue]
        if not ready:
            return None
        chosen = self._whose_turn() if self._book.results else None
        if chosen not in ready:
            if not hurry and self._book.results:
                return None
            chosen = self._bandit.choose(ready, self._turn)
        self._next = None
        agent = self._agents[chosen]
        agent.counts["queued"] -= 1
        agent.counts[STARTED] += 1
        return self._book.start(agent.queue.popleft()).machine

    def infeasible(self, trial: Trial) -> None:
        """A proposal was no machine; fresh, or from the ledger."""
        self._bandit.record(trial.agent, ())

    def found(self, trial: Trial, finding: Finding) -> None:
        """An evaluation of a trial has come back; fresh, or from the ledger."""
        agent = self._agents.get(trial.agent)
        if agent is not None:
            agent.seconds += finding.seconds
        if finding.rung != 0:
            return
        measured = finding.measured
        self._bandit.record(trial.agent, measured)
        known = len(measured) == len(trial.opinions)
        if agent is not None and known and trial.mean is not None and trial.sd is not None:
            agent.calibration.record(trial.mean, trial.sd, measured[0])

    # for those who watch

    def rows(self) -> dict[str, dict[str, float]]:
        """Agent -> its share, its counts, its core seconds and how good its predictions are."""
        shares = self._bandit.shares
        return {
            name: {
                "share": shares[name],
                "proposed": agent.counts.total(),
                "started": agent.counts[STARTED],
                "infeasible": agent.counts["infeasible"],
                "repeats": agent.counts["repeat"],
                "core_seconds": agent.seconds,
                "coverage": agent.calibration.coverage,
                "rms_z": agent.calibration.rms_z,
                "surprise": agent.calibration.surprise / agent.calibration.count
                if agent.calibration.count
                else math.nan,
                "given_up": float(agent.given_up),
                "trust": self._bandit.trust(name),
            }
            for name, agent in self._agents.items()
        }
