"""All trials of a campaign as they stand now, and what is new to whom."""

from __future__ import annotations

from dataclasses import replace

from molmach.errors import InfeasibleError
from molmach.search.agents.interface import Proposal
from molmach.search.record.ledger import EITHER_END, Ledger
from molmach.search.record.trial import CONFIRMATION, Finding, State, Trial
from molmach.search.space.space import Space


class TrialBook:
    """The trials, kept beside the ledger.

    Parameters
    ----------
    space, ledger
        Of the campaign.
    """

    def __init__(self, space: Space, ledger: Ledger) -> None:
        self._space = space
        self._ledger = ledger
        self._machines: dict[str, Trial] = {}
        self._same: dict[str, str] = {}
        self._infeasible: dict[int, Trial] = {}
        self._taken: list[str] = []
        self._news: list[str | int] = []

    def recover(self) -> None:
        """Take up from the ledger the trials that are machines; findings come by :meth:`found`.

        A machine keeps the key under which the ledger has it. In a ledger that tells apart the two ends of an
        axle, which are one machine now, what stands there under either of them is that machine.
        """
        apart = self._ledger.noted(EITHER_END) is None
        for trial in self._ledger.trials():
            if trial.state in (State.QUEUED, State.RUNNING):
                self._machines[trial.machine] = trial
                self._taken.append(trial.machine)
                if apart:
                    self._recall(trial)

    def _recall(self, trial: Trial) -> None:
        """Note by which other key the machine of an earlier trial would be known now."""
        try:
            key = self._space.resolve(trial.design).key
        except InfeasibleError:
            return
        if key not in self._same:
            self._same[key] = trial.machine
            self._taken.append(key)

    def __getitem__(self, machine: str) -> Trial:
        """The trial by which a machine was proposed first."""
        return self._machines[machine]

    def owner(self, machine: str) -> str:
        """Who proposed a machine first; '' where nobody has."""
        return self._machines[machine].agent if machine in self._machines else ""

    def in_state(self, state: State) -> list[Trial]:
        """Trials of machines in a state, in the order of their proposals."""
        return [trial for trial in self._machines.values() if trial.state is state]

    def enter(self, agent: str, batch: int, proposal: Proposal) -> Trial:
        """The trial that a proposal begins: queued, a repeat, or infeasible."""
        trial = Trial(
            0, agent, batch, proposal.design, proposal.rationale, proposal.mean, proposal.sd,
            others=proposal.others,
        )  # fmt: skip
        try:
            candidate = self._space.resolve(proposal.design)
        except InfeasibleError as error:
            trial = self._ledger.add(trial.refused(State.INFEASIBLE, str(error)))
            self.infeasible(trial)
            return trial
        known = candidate.key if candidate.key in self._machines else self._same.get(candidate.key)
        if known is not None:
            return self._ledger.add(trial.refused(State.REPEAT, machine=known))
        trial = self._ledger.add(trial.queued(candidate.key, candidate.smiles))
        self._machines[trial.machine] = trial
        self._taken.append(trial.machine)
        return trial

    def infeasible(self, trial: Trial) -> None:
        """A design was no machine; fresh, or from the ledger."""
        self._infeasible[trial.number] = trial
        self._news.append(trial.number)

    @property
    def refused(self) -> Trial | None:
        """The latest design that was no machine, where no design so far was one; None otherwise."""
        return None if self._machines else next(reversed(self._infeasible.values()), None)

    def start(self, machine: str) -> Trial:
        """A trial has left its queue."""
        trial = self._machines[machine] = self._machines[machine].started()
        self._ledger.mark_started(trial)
        return trial

    def found(self, finding: Finding) -> Trial:
        """The trial after one more evaluation; fresh, or from the ledger. Agents hear of no confirmation."""
        trial = self._machines[finding.machine] = self._machines[finding.machine].found(finding)
        if finding.rung != CONFIRMATION:
            self._news.append(finding.machine)
        return trial

    @property
    def results(self) -> int:
        """How often something came of a trial, findings and infeasible designs together."""
        return len(self._news)

    @property
    def taken(self) -> int:
        """How many machines were proposed."""
        return len(self._taken)

    def news(self, since: int) -> tuple[Trial, ...]:
        """Trials of which something came after so many :attr:`results`; each once.

        They are told as they stand now, but for their confirmations: agents hear of none.
        """
        return tuple(
            self._infeasible[place]
            if isinstance(place, int)
            else replace(self._machines[place], confirmation=None)
            for place in dict.fromkeys(self._news[since:])
        )

    def taken_since(self, count: int) -> tuple[str, ...]:
        """Machines that were proposed after the first so many."""
        return tuple(self._taken[count:])
