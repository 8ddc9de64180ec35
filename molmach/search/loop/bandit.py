"""Which agent's proposal is evaluated next: a bandit over what the agents have delivered."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from molmach.search.loop.finds import Finds
from molmach.search.record.trial import Measured
from molmach.words import marks_in

_MEMORY = 60.0
"""Evaluations after which what an agent delivered counts a third. Not tuned: of four agents the one that is
better by 1.5 standard deviations gets 58 of 100 turns, with 20 it gets 49, with 200 it gets 61, and one whose
ideas have run out keeps its turns as much longer (``python benchmarks/landscape/bandit.py``)."""

_FLOOR = 0.05
"""Share of the turns that each agent has whatever it delivered. Not tuned: the same agent gets 61 of 100
turns without it, and 51 with 0.1."""


class Bandit:
    """Thompson sampling on the rate of finds.

    :class:`~molmach.search.loop.finds.Finds` says what a find is. Each agent's rate has a Beta belief, and
    old evidence fades, for finds become rarer as the search goes on. Every agent keeps a small share, so that
    one that starts slowly is heard. An agent in whose words numbers were struck out is believed that much
    less.

    Parameters
    ----------
    agents
        Names.
    seed
        Of the campaign.
    """

    def __init__(self, agents: Sequence[str], seed: int) -> None:
        self._agents = list(agents)
        self._hits = dict.fromkeys(agents, 0.0)
        self._misses = dict.fromkeys(agents, 0.0)
        self._statements = {name: [0, 0] for name in agents}
        self._finds = Finds()
        self._seed = seed

    def choose(self, ready: Sequence[str], turn: int) -> str:
        """Which of the agents that have something to propose comes next.

        Parameters
        ----------
        ready
            The agents.
        turn
            How many proposals were started before: with the seed, what the draw depends on.
        """
        if len(ready) == 1:
            return ready[0]
        rng = np.random.default_rng(np.random.SeedSequence(self._seed, spawn_key=(7, turn)))
        if rng.random() < _FLOOR * len(ready):
            return ready[int(rng.integers(len(ready)))]
        draws = {n: self.trust(n) * rng.beta(1.0 + self._hits[n], 1.0 + self._misses[n]) for n in ready}
        return max(ready, key=lambda name: draws[name])

    def record(self, agent: str, measured: Sequence[Measured]) -> None:
        """An agent's machine was measured on the first rung, each objective; empty where it failed."""
        if agent not in self._hits:
            return
        decay = math.exp(-1.0 / _MEMORY)
        for name in self._agents:
            self._hits[name] *= decay
            self._misses[name] *= decay
        if self._finds.judge(measured):
            self._hits[agent] += 1.0
        else:
            self._misses[agent] += 1.0

    def heard(self, agent: str, reason: str) -> None:
        """An agent has said something, in which the gate has marked numbers; fresh, or from the ledger.

        Parameters
        ----------
        agent
            Its name.
        reason
            What it said, marked as :func:`molmach.words.judge` marks it.
        """
        if agent in self._statements:
            borne_out, struck = marks_in(reason)
            self._statements[agent][0] += bool(borne_out) and not struck
            self._statements[agent][1] += bool(struck)

    def trust(self, agent: str) -> float:
        """Laplace's estimate that what an agent says next has no invented number; 1 if none had one.

        It does not depend on the order in which things were said, nor does it fade.
        """
        honest, struck = self._statements[agent]
        return (1.0 + honest) / (1.0 + honest + struck)

    @property
    def shares(self) -> dict[str, float]:
        """Mean believed rate of finds times the trust that words leave, by agent, as shares of their sum."""
        rates = {
            n: self.trust(n) * (1.0 + self._hits[n]) / (2.0 + self._hits[n] + self._misses[n])
            for n in self._agents
        }
        total = sum(rates.values())
        return {name: rate / total for name, rate in rates.items()}
