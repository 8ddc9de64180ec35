"""The agents of a campaign at work."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

from molmach.search.agents.runner import AgentFailedError, Answer, Question, Runner
from molmach.search.agents.theory import Theory
from molmach.search.strangers import TooLongError, calling
from molmach.spec import Campaign

PATIENCE = 300.0
"""Seconds after which an agent that does not answer is given up."""


class Team(ABC):
    """The runners of all agents. No call but :meth:`explain` waits for an agent.

    Attributes
    ----------
    names
        The agents, in the campaign's order.
    thinks_meanwhile
        Whether agents think while simulations run.
    """

    names: tuple[str, ...]
    thinks_meanwhile: bool = False

    @abstractmethod
    def ask(self, agent: str, question: Question) -> None:
        """Ask an agent that is not busy for proposals."""

    @property
    @abstractmethod
    def busy(self) -> frozenset[str]:
        """Agents that were asked and have not answered."""

    @abstractmethod
    def answers(self) -> dict[str, Answer]:
        """Agent -> its answer, of those that have answered since the last call."""

    @abstractmethod
    def restart(self, agent: str) -> None:
        """Start an agent anew; it must be told everything again."""

    @abstractmethod
    def dismiss(self, agent: str) -> None:
        """Let an agent go that won't be asked again."""

    @abstractmethod
    def explain(self, agent: str, question: Question) -> str:
        """What an agent believes; waits for it, but not for ever, and is '' where it fails."""

    def close(self) -> None:  # noqa: B027 a team may hold nothing
        """End all agents: none is asked any more."""


class LocalTeam(Team):
    """Agents in this process: they think when they are asked, and simulations wait.

    An agent that thinks too long is interrupted, where this is the main thread, which alone can be.

    Parameters
    ----------
    campaign
        Whose agents they are.
    folder
        Where relative files of agents start.
    patience
        Seconds after which an agent that does not answer is given up.
    theory
        What theory says, in place of what the campaign's estimators say.
    """

    def __init__(
        self, campaign: Campaign, folder: Path, patience: float = PATIENCE, theory: Theory | None = None
    ) -> None:
        self._campaign = campaign
        self._folder = folder
        self._patience = patience
        self._theory = theory
        self.names = tuple(agent.label for agent in campaign.agents)
        self._runners: dict[str, Runner] = {}
        self._asked: dict[str, Question] = {}

    def _runner(self, agent: str) -> Runner:
        if agent not in self._runners:
            self._runners[agent] = Runner(self._campaign, self.names.index(agent), self._folder, self._theory)
        return self._runners[agent]

    def ask(self, agent: str, question: Question) -> None:
        """See :class:`Team`."""
        self._asked[agent] = question

    @property
    def busy(self) -> frozenset[str]:
        """See :class:`Team`."""
        return frozenset(self._asked)

    def answers(self) -> dict[str, Answer]:
        """See :class:`Team`; the first agent that was asked thinks now."""
        if not self._asked:
            return {}
        agent = next(iter(self._asked))
        question = self._asked.pop(agent)
        try:
            with calling(self._patience):
                return {agent: self._runner(agent).ask(question)}
        except TooLongError as error:
            return {agent: AgentFailedError(str(error))}

    def restart(self, agent: str) -> None:
        """See :class:`Team`."""
        self._runners.pop(agent, None)

    def dismiss(self, agent: str) -> None:
        """See :class:`Team`."""
        self._runners.pop(agent, None)

    def explain(self, agent: str, question: Question) -> str:
        """See :class:`Team`."""
        try:
            with calling(self._patience):
                return self._runner(agent).explain(question)
        except TooLongError:
            return ""
