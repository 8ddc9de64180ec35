"""How an agent's predictions compare with what was measured: the one place where they are scored.

A prediction is of the *true* value of an objective: a normal distribution of mean m and standard deviation s
that says nothing of a measurement's error. What is held against it is a measurement v with its standard
error e, which is estimated from few replicas: v - m has the variance s² + e², the measurement's error added
once and here alone. Since e itself is uncertain, (v - m) / sqrt(s² + e²) is Student's with the degrees of
freedom of Welch and Satterthwaite (Welch, Biometrika 34, 28 (1947)),

    f = k (1 + s² / e²)²,

k being the measurement's own, which the ratio of its 95 % interval to e tells. The z-score is the normal
deviate of the same probability, so that an honest agent's have a mean square of 1 and lie within 1.96 in
95 of 100, from however few replicas.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from molmach.data.statistics import CONFIDENCE, finite_or_none
from molmach.search.record.rows import Prediction
from molmach.search.record.trial import Measured

Floats = NDArray[np.float64]

WITHIN = 1.959964
"""Largest absolute z-score of what the 95 % range of a prediction holds."""

_LARGEST = 1000.0
"""A miss counts as no more standard deviations than so: beyond, an agent is wrong, and sums stay finite."""

_NORMAL_FROM = 1e6
"""Degrees of freedom from which Student's distribution is taken for the normal one: quantiles of p > 1e-9
differ by less than 1e-4 of themselves."""

_TENTH = 0.1
"""What counts as the best, as for finds."""

_FEWEST = 20
"""Predictions of which the best tenth is looked at: fewer have no two machines in it."""

_DRAWS = 40_000
"""Draws of the honest agent's results in all: its coverage has a standard error of half a per cent."""

_FREEDOMS = np.append(np.arange(1.0, 200.0), [300.0, 1000.0, _NORMAL_FROM])
"""Of which the ratio is tabulated; beyond 200, interpolation costs a z-score less than a thousandth."""


@cache
def _ratios() -> Floats:
    """Half widths of Student's 95 % intervals, in standard errors."""
    return np.asarray(scipy.special.stdtrit(_FREEDOMS, 0.5 + 0.5 * CONFIDENCE))


def freedom(error: Floats, low: Floats, high: Floats) -> Floats:
    """Degrees of freedom behind standard errors, from the ratio of 95 % intervals to them.

    Student's interval reaches t(f) errors to either side. One that is no wider than the normal one, or is cut
    at a bound, has as many as make Student's normal.
    """
    with np.errstate(all="ignore"):
        ratio = np.where(error > 0.0, 0.5 * (high - low) / error, 0.0)
    many = np.interp(np.nan_to_num(ratio), _ratios()[::-1], _FREEDOMS[::-1])
    return np.asarray(many, dtype=np.float64)


@dataclass(frozen=True)
class Scores:
    """Predictions held against measurements.

    Attributes
    ----------
    z
        (n,) normal deviates of the measurements in the distributions that were predicted of them.
    surprise
        (n,) -log of the predicted density of each measurement, nats.
    mean, scale, freedoms
        (n,) of the Student distributions that were predicted of the measurements.
    value
        (n,) what was measured.
    """

    z: Floats
    surprise: Floats
    mean: Floats
    scale: Floats
    freedoms: Floats
    value: Floats

    @classmethod
    def of(cls, mean: Floats, sd: Floats, value: Floats, error: Floats, low: Floats, high: Floats) -> Scores:
        """Scores of those that have one: all their numbers are finite, and not both deviations are zero.

        Parameters
        ----------
        mean, sd
            (n,) predicted of the true values.
        value, error, low, high
            (n,) measured: values, standard errors, 95 % intervals.
        """
        with np.errstate(all="ignore"):
            scale = np.hypot(sd, error)
            usable = np.isfinite(mean) & np.isfinite(scale) & (scale > 0.0) & np.isfinite(value)
        mean, sd, value, error, scale = (a[usable] for a in (mean, sd, value, error, scale))
        own = freedom(error, low[usable], high[usable])
        with np.errstate(all="ignore"):
            freedoms = np.minimum(own * (scale / error) ** 4, _NORMAL_FROM)
            apart = np.clip((value - mean) / scale, -_LARGEST, _LARGEST)
        freedoms = np.where(np.isfinite(freedoms), freedoms, _NORMAL_FROM)
        return cls(_deviate(apart, freedoms), _surprise(apart, freedoms, scale), mean, scale, freedoms, value)

    def __len__(self) -> int:
        return len(self.z)

    @property
    def half_widths(self) -> Floats:
        """(n,) to either side of the mean, of the ranges that hold 95 % of an honest agent's measurements."""
        return np.asarray(self.scale * scipy.special.stdtrit(self.freedoms, 0.5 + 0.5 * CONFIDENCE))

    def tail(self) -> dict[str, Any] | None:
        """The machines that came out best, a tenth of all; None while there are too few.

        What comes out best owes it in part to luck, which no honest agent foresees: its predictions miss more
        often there than elsewhere. ``honest`` is what an agent's own predictions would have to show there if
        they were right, from draws of the distributions that it named; a heavy tail that it did not see
        shows in a coverage below that.
        """
        n = len(self)
        if n < _FEWEST:
            return None
        top = math.ceil(_TENTH * n)
        best = np.argsort(-self.value, kind="stable")[:top]
        draws = max(1, _DRAWS // n)
        z = np.random.default_rng(n).standard_normal((draws, n))
        drawn = self.mean + self.scale * scipy.special.stdtrit(self.freedoms, scipy.special.ndtr(z))
        honest = np.take_along_axis(z, np.argpartition(-drawn, top - 1, axis=1)[:, :top], axis=1)
        within = int((np.abs(self.z[best]) <= WITHIN).sum())
        return {
            "predictions": top,
            "coverage": within / top,
            "coverage_ci95": _interval(within, top),
            "rms_z": float(np.sqrt(np.mean(self.z[best] ** 2))),
            "honest": {
                "coverage": float((np.abs(honest) <= WITHIN).mean()),
                "rms_z": float(np.sqrt(np.mean(honest**2))),
            },
        }


def _deviate(apart: Floats, freedoms: Floats) -> Floats:
    """Normal deviates of the same probability as Student's ``apart``, from the smaller tail."""
    with np.errstate(all="ignore"):
        size = -scipy.special.ndtri(scipy.special.stdtr(freedoms, -np.abs(apart)))
    known = np.isfinite(size) & (freedoms < _NORMAL_FROM)
    return np.asarray(np.sign(apart) * np.where(known, np.maximum(size, 0.0), np.abs(apart)))


def _surprise(apart: Floats, freedoms: Floats, scale: Floats) -> Floats:
    constant = scipy.special.gammaln(0.5 * freedoms) - scipy.special.gammaln(0.5 * (freedoms + 1.0))
    constant += 0.5 * np.log(np.pi * freedoms)
    return np.asarray(constant + np.log(scale) + 0.5 * (freedoms + 1.0) * np.log1p(apart**2 / freedoms))


def _interval(within: int, count: int) -> tuple[float, float]:
    """95 % interval of a share (Clopper & Pearson, Biometrika 26, 404 (1934)); 0 to 1 of none."""
    if not count:
        return 0.0, 1.0
    interval = scipy.stats.binomtest(within, count).proportion_ci(CONFIDENCE, method="exact")
    return float(interval.low), float(interval.high)


@dataclass
class Calibration:
    """How predictions of one objective compare with what was measured, as running sums.

    Attributes
    ----------
    count
        Predictions that were measured.
    within
        Of those, how many measurements lay within 95 % of the prediction.
    squares
        Sum of squared z-scores.
    surprise
        Sum of -log predictive density, nats.
    """

    count: int = 0
    within: int = 0
    squares: float = 0.0
    surprise: float = 0.0

    def record(self, mean: float, sd: float, measured: Measured) -> None:
        """One prediction of a true value, and what was measured."""
        said = Prediction("", mean, sd, measured.value, measured.error, measured.low, measured.high)
        self.take(scores_of([said]))

    def take(self, scores: Scores) -> None:
        """More predictions, and what was measured."""
        self.count += len(scores)
        self.within += int((np.abs(scores.z) <= WITHIN).sum())
        self.squares += float((scores.z**2).sum())
        self.surprise += float(scores.surprise.sum())

    @property
    def coverage(self) -> float:
        """Share of predictions whose 95 % range held the measured value; nan without any."""
        return self.within / self.count if self.count else math.nan

    @property
    def rms_z(self) -> float:
        """Root mean square of the z-scores: 1 for an honest agent, more for one too sure; nan of none."""
        return math.sqrt(self.squares / self.count) if self.count else math.nan

    @property
    def coverage_interval(self) -> tuple[float, float]:
        """95 % interval of the coverage (Clopper & Pearson, Biometrika 26, 404 (1934)); 0 to 1 of none."""
        return _interval(self.within, self.count)


def scores_of(predictions: Iterable[Prediction]) -> Scores:
    """Scores of predictions, in their order."""
    rows = [(p.mean, p.sd, p.value, p.error, p.low, p.high) for p in predictions]
    return Scores.of(*np.array(rows, dtype=np.float64).reshape(-1, 6).T)


def calibration_document(predictions: Iterable[Prediction]) -> dict[str, Any]:
    """What the JSON document of a campaign says of predictions of one objective."""
    scores, calibration = scores_of(predictions), Calibration()
    calibration.take(scores)
    document: dict[str, Any] = {
        "predictions": calibration.count,
        "coverage": finite_or_none(calibration.coverage),
    }
    if calibration.count:
        document |= {
            "coverage_ci95": calibration.coverage_interval,
            "rms_z": calibration.rms_z,
            "mean_squared_z": calibration.squares / calibration.count,
            "surprise": calibration.surprise / calibration.count,
            "best_tenth": scores.tail(),
        }
    return document
