"""How a campaign splits its budget among the agents: a bandit over what they have delivered."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from molmach.data.statistics import CONFIDENCE

TOP_SHARE = 0.1
_MEMORY = 60.0
"""Evaluations after which what an agent delivered counts a third."""

_FLOOR = 0.05


class Split:
    """Thompson sampling on the rate of finds.

    A find is an evaluation on the first rung whose value belongs to the best tenth of those before it. Each
    agent's rate has a Beta belief, and old evidence fades, for finds become rarer as the search goes on.
    Every agent keeps a small share, so that one that starts slowly is heard.

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
        self._values: list[float] = []
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
        draws = {name: rng.beta(1.0 + self._hits[name], 1.0 + self._misses[name]) for name in ready}
        return max(ready, key=lambda name: draws[name])

    def record(self, agent: str, value: float | None) -> None:
        """An agent's machine was measured on the first rung; None where it failed."""
        if agent not in self._hits:
            return
        decay = math.exp(-1.0 / _MEMORY)
        for name in self._agents:
            self._hits[name] *= decay
            self._misses[name] *= decay
        if self._is_find(value):
            self._hits[agent] += 1.0
        else:
            self._misses[agent] += 1.0

    def _is_find(self, value: float | None) -> bool:
        if value is None or not math.isfinite(value):
            return False
        rank = len(self._values) - bisect_left(self._values, value)
        insort(self._values, value)
        return rank <= TOP_SHARE * len(self._values)

    @property
    def shares(self) -> dict[str, float]:
        """Mean believed rate of finds, by agent, as shares of their sum."""
        rates = {n: (1.0 + self._hits[n]) / (2.0 + self._hits[n] + self._misses[n]) for n in self._agents}
        total = sum(rates.values())
        return {name: rate / total for name, rate in rates.items()}


@dataclass
class Calibration:
    """How an agent's predictions compare with what was measured, as running sums.

    Attributes
    ----------
    count
        Predictions that were measured.
    within
        Of those, how many lay within 95 % of the prediction.
    squares
        Sum of squared z-scores, (measured - predicted)^2 / (sd^2 + error^2).
    surprise
        Sum of -log predictive density, nats.
    """

    count: int = 0
    within: int = 0
    squares: float = 0.0
    surprise: float = 0.0

    def record(self, mean: float, sd: float, value: float, error: float) -> None:
        """One prediction and what was measured."""
        variance = sd**2 + error**2
        if not (math.isfinite(mean) and math.isfinite(variance) and variance > 0.0 and math.isfinite(value)):
            return
        square = (value - mean) ** 2 / variance
        self.count += 1
        self.within += square <= 1.96**2
        self.squares += square
        self.surprise += 0.5 * (square + math.log(2.0 * math.pi * variance))

    @property
    def coverage(self) -> float:
        """Share of predictions whose 95 % range held the measured value; nan without any."""
        return self.within / self.count if self.count else math.nan

    @property
    def coverage_interval(self) -> tuple[float, float]:
        """95 % interval of the coverage (Clopper & Pearson, Biometrika 26, 404 (1934)); 0 to 1 of none."""
        if not self.count:
            return 0.0, 1.0
        interval = stats.binomtest(self.within, self.count).proportion_ci(CONFIDENCE, method="exact")
        return float(interval.low), float(interval.high)
