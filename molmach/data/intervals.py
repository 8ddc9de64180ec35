"""How the 95 % interval of a function of means over replicas is made: one class a way."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from scipy import stats

from molmach.data.statistics import CONFIDENCE, Floats, student_factor

Combine = Callable[..., Any]
"""Takes (k,) means of each kind of number that a quantity is made of, and gives (k,) values."""


@dataclass(frozen=True)
class Spread:
    """A value with its standard error and the ends of its 95 % interval; nan where they are not defined."""

    value: float
    error: float
    low: float
    high: float

    def within(self, bounds: tuple[float, float]) -> Spread:
        """The interval cut at the values that there can be."""
        if not math.isfinite(self.low) or not math.isfinite(self.high):
            return self
        return Spread(self.value, self.error, max(bounds[0], self.low), min(bounds[1], self.high))


class Interval(Protocol):
    """A way to make an interval."""

    @property
    def words(self) -> str:
        """What it is called in tables."""
        ...

    def spread(self, samples: Sequence[Floats], combine: Combine) -> Spread:
        """Value and interval of a function of means.

        Parameters
        ----------
        samples
            One (n_replicas,) array for each argument of ``combine``, n_replicas >= 2.
        combine
            The function of their means.
        """
        ...


@dataclass(frozen=True)
class Student:
    """Student's interval of a mean; the delete-one jackknife gives a plain mean the same."""

    words: str = "Student"

    def spread(self, samples: Sequence[Floats], combine: Combine) -> Spread:
        """Of the mean of the one array; ``combine`` must be the mean itself."""
        (values,) = samples
        mean, error = float(np.mean(values)), float(stats.sem(values))
        half = student_factor(values.size) * error
        return Spread(mean, error, mean - half, mean + half)


@dataclass(frozen=True)
class Jackknife:
    """The delete-one jackknife with Student's factor (Efron & Stein, Ann. Stat. 9, 586 (1981)).

    Without an interval where the value, or one of those with a replica left out, is not a number.
    """

    words: str = "jackknife"

    def spread(self, samples: Sequence[Floats], combine: Combine) -> Spread:
        """Of any function of the means."""
        n = samples[0].size
        with np.errstate(all="ignore"):
            combined = np.asarray(combine(*map(leave_one_out, samples)), dtype=np.float64)
        values = np.broadcast_to(combined, n + 1)
        value, partial = float(values[0]), values[1:]
        if not math.isfinite(value) or not np.all(np.isfinite(partial)):
            return Spread(value if math.isfinite(value) else math.nan, math.nan, math.nan, math.nan)
        error = math.sqrt((n - 1) * float(np.mean((partial - partial.mean()) ** 2)))
        half = student_factor(n) * error
        return Spread(value, error, value - half, value + half)


@dataclass(frozen=True)
class JackknifeAndExactBinomial:
    """For (a - b) / (a + b) of counts: the wider, on each side, of the jackknife and an exact interval.

    The second is the binomial one of Clopper & Pearson, Biometrika 26, 404 (1934), of the counts pooled over
    replicas; it keeps a run of few events, all one way, from claiming certainty.
    """

    words: str = "jackknife or exact binomial (Clopper & Pearson), the wider on each side"

    def spread(self, samples: Sequence[Floats], combine: Combine) -> Spread:
        """Of (n_replicas,) counts a and b."""
        ahead, back = (round(float(np.sum(counts))) for counts in samples)
        by_replicas = Jackknife().spread(samples, combine)
        if ahead + back == 0:
            return by_replicas
        exact = stats.binomtest(ahead, ahead + back).proportion_ci(CONFIDENCE, method="exact")
        low, high = 2.0 * float(exact.low) - 1.0, 2.0 * float(exact.high) - 1.0
        if math.isfinite(by_replicas.low):
            low, high = min(low, by_replicas.low), max(high, by_replicas.high)
        error = 0.5 * (high - low) / student_factor(samples[0].size)
        return Spread(by_replicas.value, error, low, high)


def leave_one_out(values: Floats) -> Floats:
    """(n + 1,) mean of all, then the means without each."""
    total = values.sum()
    return np.concatenate([[total / values.size], (total - values) / (values.size - 1)])
