"""Which candidates are asked for: the improvement expected of them, by one or several opinions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molmach.agents.regression.gaussian_process import Regression
from molmach.agents.regression.machine_kernel import MachineKernel
from molmach.agents.regression.pool import Pool
from molmach.agents.regression.warping import Warping
from molmach.search import View

Floats = NDArray[np.float64]

_BOLD_EVERY, _BOLD = 4, 0.1
"""One choice in so many asks for more than the best known by so much of the values' spread. Not tuned: a
quarter of the effort, and what most campaigns would call a better machine."""


@dataclass
class Prospect:
    """Candidates as one opinion sees them; each one chosen is taken to be found as it predicts.

    Attributes
    ----------
    model
        Its process.
    points
        The candidates, as it takes them.
    log_chance
        (n,) logarithm of the chance of being feasible; minus infinity of those it has no say on.
    warping
        What warped the values.
    best
        Largest worth of a predicted warped value.
    error
        Standard error to be expected of a warped measurement.
    weight
        How often the next machine is its choice, as a share.
    """

    model: Regression[Any]
    points: Any
    log_chance: Floats
    warping: Warping
    best: float
    error: float
    weight: float = 1.0
    _shared: list[Floats] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._mean, self._variance, self._halves = self.model.projected(self.points)

    def aim_at_best(self) -> None:
        """Ask for improvement on the best that is predicted, where nothing is measured."""
        worth = self.warping.worth(self._mean[self.log_chance > -np.inf])
        self.best = float(worth.max(initial=-np.inf))

    def scores(self, bold: bool) -> Floats:
        """(n,) logarithm of expected improvement times chance of being feasible."""
        sd = np.sqrt(self._variance + self.model.nugget)
        goal = self.best + _BOLD * self.model.scale * bold
        return self.warping.log_improvement(self._mean, sd, goal) + self.log_chance

    def take(self, number: int) -> None:
        """Take a candidate to be found as predicted."""
        one = np.array([number])
        covariance = self.model.covariance(
            self.points[one], self._halves[:, number], self.points, self._halves
        )
        covariance -= sum((row[number] * row for row in self._shared), np.zeros(len(self._mean)))
        self._shared.append(covariance / np.sqrt(self._variance[number] + self.model.nugget + self.error**2))
        self._variance = np.maximum(self._variance - self._shared[-1] ** 2, 1e-12 * self.model.scale**2)
        self.best = max(self.best, float(self.warping.worth(self._mean)[number]))


def picks(prospects: Sequence[Prospect], pool: Pool, kernel: MachineKernel, view: View, n: int) -> list[int]:
    """Up to ``n`` candidates that are new, each chosen as if the former had been found as predicted.

    One of four must promise more than a tenth of the values' spread beyond the best, since otherwise a
    number that can be tuned ever finer may take up all of them. Of several opinions one is drawn for each, by
    their weights.
    """
    open_ = np.ones(len(pool.points), dtype=bool)
    keys: set[str] = set()
    numbers: list[int] = []
    weights = np.array([prospect.weight for prospect in prospects])
    while len(numbers) < n and open_.any():
        bold = (view.batch + len(numbers)) % _BOLD_EVERY == _BOLD_EVERY - 1
        chosen = int(view.rng.choice(len(prospects), p=weights / weights.sum())) if len(prospects) > 1 else 0
        scores = np.where(open_, prospects[chosen].scores(bold), -np.inf)
        number = _first_new(scores, pool, kernel, view, keys, open_)
        if number is None:
            weights[chosen] = 0.0
            if not weights.any():
                break
            continue
        numbers.append(number)
        for prospect in prospects:
            prospect.take(number)
    return numbers


def _first_new(
    scores: Floats,
    pool: Pool,
    kernel: MachineKernel,
    view: View,
    keys: set[str],
    open_: NDArray[np.bool_],
) -> int | None:
    """The candidate of the largest score that nobody has proposed; closes those that it passes over."""
    for number in np.argsort(-scores, kind="stable"):
        if scores[number] == -np.inf:
            return None
        open_[number] = False
        design = pool.design(int(number), kernel, view.space)
        if view.is_new(design) and (key := view.space.resolve(design).key) not in keys:
            keys.add(key)
            return int(number)
    return None
