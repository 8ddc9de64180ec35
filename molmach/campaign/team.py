"""The agents of a campaign at work: each in a host of its own that keeps what it was told."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from molmach.campaign.agent import Finding, Proposal, View
from molmach.campaign.registry import make_agent
from molmach.campaign.space import Space
from molmach.spec import Campaign


@dataclass(frozen=True)
class Answer:
    """What an agent said when it was asked for proposals; ``error`` where it failed instead."""

    agent: str
    proposals: tuple[Proposal, ...] = ()
    error: str = ""


@dataclass(frozen=True)
class Question:
    """A call for proposals: how often the agent was asked before, how many, and the budget's share left."""

    batch: int
    n: int
    budget_left: float


class Host:
    """One agent with its own copy of the space and of what was found.

    Parameters
    ----------
    campaign
        Whose agent it is.
    index
        Of the agent in the campaign's list.
    folder
        Where relative files of agents start.
    """

    def __init__(self, campaign: Campaign, index: int, folder: Path) -> None:
        self._space = Space(campaign)
        self._agent = make_agent(campaign.agents[index], self._space, folder)
        words = np.random.SeedSequence(campaign.seed, spawn_key=(index,)).generate_state(2, np.uint32)
        self._seed = int(words[0]) << 32 | int(words[1])
        self._findings: list[Finding] = []
        self._taken: set[str] = set()

    def tell(self, findings: Sequence[Finding], taken: Sequence[str]) -> None:
        """Take in new results, and machines that were newly proposed by anyone."""
        self._findings += findings
        self._taken |= set(taken)
        if findings:
            self._agent.observe(findings)

    def ask(self, question: Question) -> list[Proposal]:
        """The agent's proposals."""
        proposals = self._agent.propose(self._view(question), question.n)
        return [_checked(proposal) for proposal in list(proposals)[: question.n]]

    def explain(self, question: Question) -> str:
        """What the agent believes, in plain words; '' where it has none."""
        explain = getattr(self._agent, "explain", None)
        return str(explain(self._view(question))) if callable(explain) else ""

    def _view(self, question: Question) -> View:
        return View(
            self._space,
            self._findings,
            frozenset(self._taken),
            question.budget_left,
            question.batch,
            self._seed,
        )


def _checked(proposal: object) -> Proposal:
    if not isinstance(proposal, Proposal):
        raise TypeError(f"proposed {proposal!r}; expected a Proposal")
    numbers = [None if x is None else float(x) for x in (proposal.mean, proposal.sd)]
    return Proposal(proposal.design, str(proposal.rationale)[:500], *numbers)


class Team(ABC):
    """The hosts of all agents. No call waits for an agent.

    Attributes
    ----------
    names
        The agents, in the campaign's order.
    """

    names: tuple[str, ...]

    @abstractmethod
    def tell(self, agent: str, findings: Sequence[Finding], taken: Sequence[str]) -> None:
        """Pass on news to one agent."""

    @abstractmethod
    def ask(self, agent: str, question: Question) -> None:
        """Ask an agent that is not busy for proposals."""

    @property
    @abstractmethod
    def busy(self) -> frozenset[str]:
        """Agents that were asked and have not answered."""

    @abstractmethod
    def answers(self) -> list[Answer]:
        """Answers that have come since the last call."""

    @abstractmethod
    def restart(self, agent: str) -> None:
        """Start an agent anew; it must be told everything again."""

    @abstractmethod
    def explain(self, agent: str, question: Question) -> str:
        """What an agent believes; waits for it, but not for ever, and is '' where it fails."""

    def close(self) -> None:  # noqa: B027 a team may hold nothing
        """Let the agents go."""


class LocalTeam(Team):
    """Agents in this process: they think when they are asked, and simulations wait."""

    def __init__(self, campaign: Campaign, folder: Path) -> None:
        self._campaign = campaign
        self._folder = folder
        self.names = tuple(agent.label for agent in campaign.agents)
        self._hosts = {name: self._new(name) for name in self.names}
        self._asked: dict[str, Question] = {}
        self._failed: dict[str, str] = {}

    def _new(self, agent: str) -> Host:
        return Host(self._campaign, self.names.index(agent), self._folder)

    def tell(self, agent: str, findings: Sequence[Finding], taken: Sequence[str]) -> None:
        """See :class:`Team`."""
        try:
            self._hosts[agent].tell(findings, taken)
        except Exception as error:  # an agent's fault is its own
            self._failed[agent] = f"{type(error).__name__}: {error}"

    def ask(self, agent: str, question: Question) -> None:
        """See :class:`Team`."""
        self._asked[agent] = question

    @property
    def busy(self) -> frozenset[str]:
        """See :class:`Team`."""
        return frozenset(self._asked)

    def answers(self) -> list[Answer]:
        """See :class:`Team`; the first agent that was asked thinks now."""
        if not self._asked:
            return []
        agent = next(iter(self._asked))
        question = self._asked.pop(agent)
        if agent in self._failed:
            return [Answer(agent, error=self._failed.pop(agent))]
        try:
            return [Answer(agent, tuple(self._hosts[agent].ask(question)))]
        except Exception as error:  # an agent's fault is its own
            return [Answer(agent, error=f"{type(error).__name__}: {error}")]

    def restart(self, agent: str) -> None:
        """See :class:`Team`."""
        self._hosts[agent] = self._new(agent)

    def explain(self, agent: str, question: Question) -> str:
        """See :class:`Team`."""
        try:
            return self._hosts[agent].explain(question)
        except Exception:  # an agent's fault is its own
            return ""


class Clock:
    """Seconds that a campaign has been running, over all its sittings."""

    def __init__(self, before: float) -> None:
        self._before = before
        self._started = time.monotonic()

    @property
    def seconds(self) -> float:
        """So far."""
        return self._before + time.monotonic() - self._started
