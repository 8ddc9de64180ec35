"""How the 95 % interval of a function of means over replicas is made: one class a way."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import scipy

from molmach.data.statistics import (
    CONFIDENCE,
    Estimate,
    Floats,
    estimate_of_left_out,
    garwood,
    mean_estimate,
    skewed_mean_estimate,
    student_factor,
)

Combine = Callable[..., Any]
"""Takes (k,) means of each kind of number that a quantity is made of, and gives (k,) values."""


class Interval(Protocol):
    """A way to make an interval."""

    @property
    def words(self) -> str:
        """What it is called in tables."""
        ...

    def estimate(self, samples: Sequence[Floats], combine: Combine) -> Estimate:
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

    def estimate(self, samples: Sequence[Floats], combine: Combine) -> Estimate:
        """Of the mean of the one array; ``combine`` must be the mean itself."""
        (values,) = samples
        return mean_estimate(values)


@dataclass(frozen=True)
class Jackknife:
    """The delete-one jackknife, :func:`molmach.data.statistics.estimate_of_left_out`."""

    words: str = "jackknife"

    def estimate(self, samples: Sequence[Floats], combine: Combine) -> Estimate:
        """Of any function of the means."""
        n = samples[0].size
        with np.errstate(all="ignore"):
            combined = np.asarray(combine(*map(leave_one_out, samples)), dtype=np.float64)
        values = np.broadcast_to(combined, n + 1)
        return estimate_of_left_out(float(values[0]), values[1:])


_SHARES = "jackknife or exact binomial (Clopper & Pearson), the wider on each side"


@dataclass(frozen=True)
class ExactDifferenceOfCounts:
    """For (a - b) / (a + b) of counts: the wider, on each side, of the jackknife and an exact interval.

    The second, as in the two below, is the binomial one of Clopper & Pearson, Biometrika 26, 404 (1934), of
    the counts pooled over replicas; it keeps a run of few events, all one way, from claiming certainty.
    """

    words: str = _SHARES

    def estimate(self, samples: Sequence[Floats], combine: Combine) -> Estimate:
        """Of (n_replicas,) counts a and b."""
        ahead, back = (round(float(np.sum(counts))) for counts in samples)
        by_replicas = Jackknife().estimate(samples, combine)
        if ahead + back == 0:
            return by_replicas
        low, high = exact_share(ahead / (ahead + back), ahead + back)
        return _wider(by_replicas, (2.0 * low - 1.0, 2.0 * high - 1.0), samples[0].size)


@dataclass(frozen=True)
class ExactShareOfCounts:
    """For a share of counts, such as those of outcomes: the wider of the jackknife and an exact interval."""

    words: str = _SHARES

    def estimate(self, samples: Sequence[Floats], combine: Combine) -> Estimate:
        """Of (n_replicas,) counts, the part first and the whole second."""
        part, whole = (round(float(np.sum(counts))) for counts in samples)
        by_replicas = Jackknife().estimate(samples, combine)
        if whole == 0:
            return by_replicas
        pooled = replace(by_replicas, value=part / whole)
        return _wider(pooled, exact_share(pooled.value, whole), samples[0].size)


@dataclass(frozen=True)
class ExactShareOfTrials:
    """For a share that replicas have by themselves: the wider of the jackknife and an exact interval."""

    words: str = _SHARES

    def estimate(self, samples: Sequence[Floats], combine: Combine) -> Estimate:
        """Of a share, whose trials in each replica are the last of the arrays."""
        by_replicas = Jackknife().estimate(samples, combine)
        exact = exact_share(by_replicas.value, float(np.sum(samples[-1])))
        return _wider(by_replicas, exact, samples[0].size)


def exact_share(share: float, trials: float) -> tuple[float, float]:
    """95 % interval of Clopper & Pearson of a share of so many trials, which need not be whole numbers."""
    if not (math.isfinite(share) and trials > 0.0):
        return math.nan, math.nan
    hits, tail = share * trials, 0.5 * (1.0 - CONFIDENCE)
    low = float(scipy.stats.beta.ppf(tail, hits, trials - hits + 1.0)) if hits > 0.0 else 0.0
    high = float(scipy.stats.beta.isf(tail, hits + 1.0, trials - hits)) if hits < trials else 1.0
    return low, high


def _wider(by_replicas: Estimate, exact: tuple[float, float], n_replicas: int) -> Estimate:
    """The estimate with the wider, on each side, of its own interval and an exact one."""
    low, high = exact
    if math.isfinite(by_replicas.ci95[0]):
        low, high = min(low, by_replicas.ci95[0]), max(high, by_replicas.ci95[1])
    return Estimate(by_replicas.value, (low, high), error=0.5 * (high - low) / student_factor(n_replicas))


@dataclass(frozen=True)
class SkewedOrRare:
    """For means of replicas that may be skewed, or that few events carry: each side the wider of two.

    One is Student's, widened for skewness (:func:`molmach.data.statistics.skewed_mean_estimate`). The other,
    where fewer than :attr:`few` events are seen in all, or less than one a replica, or where replicas do not
    differ, is exact for Poisson counts F and B each way (Garwood, Biometrika 28, 437 (1936)), combined for
    F - B as by Donner & Zou, Stat. Methods Med. Res. 21, 347 (2012):
    F - B -+ sqrt((F - l_F)^2 + (u_B - B)^2). It has a width where nothing was seen.
    """

    words: str = "Student widened for skewness, or exact counts of events (Garwood), the wider on each side"
    few: int = 20

    def estimate(self, samples: Sequence[Floats], combine: Combine) -> Estimate:
        """Of the mean of the first array.

        Parameters
        ----------
        samples
            The (n_replicas,) values, and then, if they are known, counts of events each way, and what one
            event adds to the value of a replica.
        combine
            The mean itself.
        """
        values, *events = samples
        by_replicas = skewed_mean_estimate(values)
        if len(events) != 3:
            return by_replicas
        forward, backward = (round(float(counts.sum())) for counts in events[:2])
        if by_replicas.error > 0.0 and forward + backward >= max(self.few, values.size):
            return by_replicas
        (low_f, high_f), (low_b, high_b) = garwood(forward), garwood(backward)
        each = abs(float(events[2][0])) / values.size
        net = each * (forward - backward)
        below = each * math.hypot(forward - low_f, high_b - backward)
        above = each * math.hypot(high_f - forward, backward - low_b)
        low, high = min(by_replicas.ci95[0], net - below), max(by_replicas.ci95[1], net + above)
        error = 0.5 * (below + above) / student_factor(values.size)
        return Estimate(by_replicas.value, (low, high), error=max(error, by_replicas.error))


@dataclass(frozen=True)
class RareCounts:
    """For the mean of counts of events: as :class:`SkewedOrRare`, the events being what is counted."""

    words: str = SkewedOrRare.words

    def estimate(self, samples: Sequence[Floats], combine: Combine) -> Estimate:
        """Of the mean of the one (n_replicas,) array of counts."""
        (counts,) = samples
        return SkewedOrRare().estimate([counts, counts, np.zeros_like(counts), np.ones_like(counts)], combine)


def leave_one_out(values: Floats) -> Floats:
    """(n + 1,) mean of all, then the means without each."""
    total = values.sum()
    return np.concatenate([[total / values.size], (total - values) / (values.size - 1)])
