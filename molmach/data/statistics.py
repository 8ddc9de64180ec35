"""Estimates from independent replicas, and the tests between them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CONFIDENCE = 0.95

UNSEEN = -math.log(1.0 - CONFIDENCE)
"""No event is seen, by chance 5 %, where so many are expected."""

POWER = 0.8
"""What is said to be seen is seen this often."""

_SKEWNESS_UNSEEN = 8.0
"""A sample of n replicas is taken to show n / (n + so many) of its distribution's skewness."""

_WIDEST = 3.0
"""An interval is made this much wider at most on the side where the tail is."""

_PERMUTATIONS = 9_999

_AT_ONCE = 1_000_000
"""Numbers of permutations that are held at a time."""

_TRIFLE = 1e-9
"""Share of a spread that is none."""

_GRAINS = 5_000
"""Values of a sign-flip test are rounded to this part of the sum of their sizes."""


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % confidence interval over replicas; ``value`` is nan where it is undefined.

    ``error`` is the standard error, nan where none was made; ``undefined`` says why there is no value.
    """

    value: float
    ci95: tuple[float, float]
    unit: str = ""
    error: float = field(default=math.nan, compare=False)
    undefined: str = field(default="", compare=False)

    def within(self, bounds: tuple[float, float]) -> Estimate:
        """With the interval, where there is one, cut at the values that there can be."""
        low, high = self.ci95
        if not math.isfinite(low) or not math.isfinite(high):
            return self
        return replace(self, ci95=(max(bounds[0], low), min(bounds[1], high)))

    def to_json(self) -> dict[str, Any]:
        """Plain mapping; undefined numbers become null, and ``undefined`` says why where that is known."""
        content = {
            "value": finite_or_none(self.value),
            "ci95": [finite_or_none(self.ci95[0]), finite_or_none(self.ci95[1])],
            "unit": self.unit,
        }
        return content | ({"undefined": self.undefined} if self.undefined else {})

    @classmethod
    def of_json(cls, content: Mapping[str, Any]) -> Estimate:
        """Read back what :meth:`to_json` gave."""
        value, low, high = (math.nan if x is None else float(x) for x in (content["value"], *content["ci95"]))
        return cls(value, (low, high), str(content["unit"]), undefined=str(content.get("undefined", "")))


def finite_or_none(value: float) -> float | None:
    """A number as JSON has it: None for nan and infinities."""
    return float(value) if math.isfinite(value) else None


def mean_estimate(samples: Floats, unit: str = "") -> Estimate:
    """Mean of one number a replica, with Student's interval.

    Parameters
    ----------
    samples
        (n_replicas,) independent values, n_replicas >= 2.
    unit
        Of the values.
    """
    mean, error = float(np.mean(samples)), float(np.std(samples, ddof=1) / math.sqrt(samples.size))
    half = student_factor(samples.size) * error
    return Estimate(mean, (mean - half, mean + half), unit, error)


def skewed_mean_estimate(samples: Floats, unit: str = "") -> Estimate:
    """Mean of one number a replica, with Student's interval, made wider on the side where the tail is.

    Where the samples are skewed by more than half of what chance gives, Hall's transformation of Student's
    ratio (J. R. Stat. Soc. B 54, 221 (1992)) makes the other interval, and each side is the wider of the two,
    up to :data:`_WIDEST`. Few samples show less than their distribution's skewness, so more is taken; how
    often such intervals hold the truth is in ``docs/verdict.md``.

    Parameters
    ----------
    samples
        (n_replicas,) independent values, n_replicas >= 2.
    unit
        Of the values.
    """
    plain = mean_estimate(samples, unit)
    n, spread = samples.size, float(np.std(samples, ddof=1))
    if n < 3 or not spread > 0.0:
        return plain
    third = float(np.sum(((samples - plain.value) / spread) ** 3))
    skewness = n / ((n - 1) * (n - 2)) * third
    by_chance = math.sqrt(6.0 * n * (n - 1) / ((n - 2) * (n + 1) * (n + 3)))
    if abs(skewness) < 0.5 * by_chance:
        return plain
    scaled, factor = skewness * (1.0 + _SKEWNESS_UNSEEN / n), student_factor(n)

    def inverse(ratio: float) -> float:
        inner = 1.0 + scaled * (ratio - scaled / (6.0 * math.sqrt(n))) / math.sqrt(n)
        return 3.0 * math.sqrt(n) / scaled * (math.cbrt(inner) - 1.0)

    below = min(max(inverse(factor), factor), _WIDEST * factor)
    above = min(max(-inverse(-factor), factor), _WIDEST * factor)
    return replace(plain, ci95=(plain.value - below * plain.error, plain.value + above * plain.error))


@lru_cache(maxsize=4096)
def garwood(count: int) -> tuple[float, float]:
    """Exact 95 % interval of the mean of a Poisson count (Garwood, Biometrika 28, 437 (1936))."""
    tail = 0.5 * (1.0 - CONFIDENCE)
    low = float(scipy.stats.gamma.ppf(tail, count)) if count else 0.0
    return low, float(scipy.stats.gamma.isf(tail, count + 1))


@lru_cache(maxsize=4096)
def student_factor(n_replicas: int) -> float:
    """Half a 95 % interval over its standard error, from so many replicas."""
    return float(scipy.stats.t.ppf(0.5 + 0.5 * CONFIDENCE, n_replicas - 1))


def jackknife_estimate(function: Callable[[NDArray[np.intp]], float], n_replicas: int, unit: str) -> Estimate:
    """A function of the replicas that is no plain mean, with the delete-one jackknife's interval.

    Parameters
    ----------
    function
        Takes replica numbers, gives the value from those replicas alone.
    n_replicas
        Number of replicas.
    unit
        Of the value.
    """
    everyone = np.arange(n_replicas)
    value = function(everyone)
    return estimate_of_left_out(value, np.array([function(np.delete(everyone, r)) for r in everyone]), unit)


def estimate_of_left_out(value: float, partial: Floats, unit: str = "") -> Estimate:
    """The delete-one jackknife with Student's factor (Efron & Stein, Ann. Stat. 9, 586 (1981)).

    Without an interval where the value, or one of those with a replica left out, is not finite.

    Parameters
    ----------
    value
        From all replicas.
    partial
        (n_replicas,) the value without each of them.
    unit
        Of the value.
    """
    if not math.isfinite(value) or not np.all(np.isfinite(partial)):
        return Estimate(value, (math.nan, math.nan), unit)
    n_replicas = partial.size
    error = math.sqrt((n_replicas - 1) * float(np.mean((partial - partial.mean()) ** 2)))
    half = student_factor(n_replicas) * error
    return Estimate(value, (value - half, value + half), unit, error)


def p_value_of_zero(samples: Floats) -> float:
    """Two-sided p-value of Student's one-sample test of mean zero; (n_replicas,) samples."""
    return _student(float(np.mean(samples)), float(scipy.stats.sem(samples)), samples.size - 1)


def p_value_of_opposite(first: Floats, second: Floats) -> float:
    """Two-sided p-value of Welch's test that the means of two sets of replicas sum to zero."""
    return _student(*difference_of(first, -second))


def difference_of(first: Floats, second: Floats) -> tuple[float, float, float]:
    """Mean of one set of replicas less another's, its standard error, and Welch's degrees of freedom."""
    squared = np.array([np.var(s, ddof=1) / s.size for s in (first, second)])
    total = float(squared.sum())
    degrees = np.array([first.size - 1, second.size - 1])
    freedom = total**2 / float(np.sum(squared**2 / degrees)) if total > 0.0 else float(degrees.sum())
    return float(np.mean(first) - np.mean(second)), math.sqrt(total), freedom


def p_value_of_difference(first: Floats, second: Floats) -> float:
    """Two-sided p-value of Welch's test that the means of two sets of replicas are equal."""
    return _student(*difference_of(first, second))


def interval_of_difference(first: Floats, second: Floats) -> tuple[float, float, float]:
    """Mean of one set of replicas less another's, and Welch's 95 % interval: (difference, low, high)."""
    difference, error, freedom = difference_of(first, second)
    reach = float(scipy.stats.t.ppf(0.5 * (1.0 + CONFIDENCE), freedom)) * error
    return difference, difference - reach, difference + reach


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values of several tests such that all of them together err no more often than one would.

    Holm, Scand. J. Stat. 6, 65 (1979): the smallest times their number, the next times one less, and so on,
    none smaller than one before it.

    >>> holm([0.03, 0.01, 0.5])
    [0.06, 0.03, 0.5]
    """
    order = sorted(range(len(p_values)), key=lambda number: p_values[number])
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, number in enumerate(order):
        largest = min(1.0, max(largest, p_values[number] * (len(p_values) - rank)))
        adjusted[number] = largest
    return adjusted


def equivalent(difference: float, error: float, freedom: float, margin: float) -> bool:
    """Whether a difference is surely within a margin of zero: two one-sided tests of 5 % each."""
    return abs(difference) + float(scipy.stats.t.ppf(CONFIDENCE, freedom)) * error < margin


def smallest_seen(error: float, freedom: float, level: float) -> float:
    """The mean that a two-sided test of that level tells from zero four times in five."""
    return float(scipy.stats.t.isf(0.5 * level, freedom) + scipy.stats.t.ppf(POWER, freedom)) * error


def upper_bound(value: float, error: float, freedom: float, confidence: float = CONFIDENCE) -> float:
    """One-sided bound, 95 % by default."""
    return value + float(scipy.stats.t.ppf(confidence, freedom)) * error


def sign_flip_p(values: Floats) -> float:
    """One-sided p-value of (n_replicas,) values that are as likely to be negative as positive.

    The share of all 2^n ways to choose the signs whose sum is at least the one seen (Fisher's randomisation
    test), counted exactly. It asks no shape of the distribution, only that each replica's has mirror symmetry
    about zero; so it holds for replicas that are trapped, each its own way. Values are rounded to
    a part in 5000 of the sum of their sizes, which leaves small whole numbers as they are.
    """
    sizes = np.abs(values)
    grain = max(1.0 if np.all(values == np.rint(values)) else 0.0, float(sizes.sum()) / _GRAINS)
    if grain == 0.0:
        return 1.0
    whole = np.rint(values / grain).astype(np.int64)
    weights = np.sort(np.abs(whole[whole != 0]))
    share, reach = np.ones(1), 0
    for weight in weights:
        wider = np.zeros(share.size + 2 * weight)
        wider[: share.size] += 0.5 * share
        wider[2 * weight :] += 0.5 * share
        share, reach = wider, reach + int(weight)
    return float(min(1.0, share[reach + int(whole.sum()) :].sum()))


def p_value_of_faster(first: Floats, second: Floats) -> float:
    """One-sided p-value of replicas that are faster in the mean than others, were they all of one kind.

    The replicas change places between the two sets, 9999 times with a fixed seed, and Welch's ratio is taken
    each time (a studentised permutation test: Janssen, Stat. Probab. Lett. 36, 9 (1997)). It is exact where
    both have one distribution, whichever that is, so for rare events too, and holds for large sets that have
    no more than their mean in common.

    Parameters
    ----------
    first, second
        (n_first,) and (n_second,) values, at least two each.
    """
    values = np.concatenate([first, second])
    values = values - values.mean()
    if not np.any(np.abs(values) > _TRIFLE * (np.abs(first).max() + np.abs(second).max())):
        return 1.0
    total, squares = values.sum(), float(values @ values)

    def ratio(sums: Floats, squared: Floats) -> Floats:
        means = sums / first.size, (total - sums) / second.size
        each = squared - first.size * means[0] ** 2, squares - squared - second.size * means[1] ** 2
        sizes = first.size * (first.size - 1.0), second.size * (second.size - 1.0)
        error = np.sqrt(np.maximum(each[0] / sizes[0] + each[1] / sizes[1], _TRIFLE**2 * squares))
        return np.asarray((means[0] - means[1]) / error)

    mine = np.where(np.arange(values.size) < first.size, 1.0, 0.0)
    seen = float(ratio(values @ mine, values**2 @ mine))
    rng, rarer, done = np.random.default_rng(0), 0, 0
    while done < _PERMUTATIONS:
        rows = min(_PERMUTATIONS - done, 1 + _AT_ONCE // values.size)
        chosen = rng.permuted(np.broadcast_to(mine, (rows, values.size)), axis=1)
        ratios = ratio(chosen @ values, chosen @ values**2)
        rarer += int(np.count_nonzero(ratios >= seen - _TRIFLE * abs(seen)))
        done += rows
    return float((1 + rarer) / (1 + _PERMUTATIONS))


def _student(difference: float, error: float, freedom: float) -> float:
    if error == 0.0:
        return 1.0 if difference == 0.0 else 0.0
    return float(2.0 * scipy.stats.t.sf(abs(difference) / error, freedom))
