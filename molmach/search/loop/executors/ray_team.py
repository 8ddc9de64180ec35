"""A campaign's agents, each an actor of Ray on the driver's own node."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from molmach.search.agents.runner import AgentFailedError, Answer, Question, Runner
from molmach.search.agents.team import PATIENCE, Team
from molmach.search.loop.executors.ray_cluster import here, in_a_line
from molmach.spec import Campaign

_EXPLAIN_SECONDS = 60.0
"""How long an agent may take for its explanation, when the search is over. Not tuned."""


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
        place = NodeAffinitySchedulingStrategy(here(), soft=False)
        runner = self._runner.options(scheduling_strategy=place)  # where agents' files are, and which stays
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
            return AgentFailedError(in_a_line(error))

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
