"""A threshold's law in the frequency of the field."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from molmach.studies.scan.thresholds import PUBLISHED, TAIL, Threshold

Floats = NDArray[np.float64]

MOST_MISFIT = 2.0
FEWEST_FREQUENCIES = 5


@dataclass(frozen=True)
class LawFit:
    """A threshold's law in the frequency, E = intercept kT/mu (1 + (nu/corner)^2)^(power/2).

    It is even and smooth in the frequency, as a threshold must be that does not ask which way the field
    turns, and becomes Vacek & Michl's (2001) power law at high frequency; they fitted E = intercept kT/mu +
    factor nu^power, with intercepts of 1 and 2.3. Each of ``intercept`` (kT/mu), ``corner`` (GHz) and
    ``power`` is (value, low, high) with the 95 % interval over draws of the points' means. ``misfit`` is
    the root of chi squared per degree of freedom: about 1 where the form holds.
    """

    name: str
    intercept: tuple[float, float, float]
    corner: tuple[float, float, float]
    power: tuple[float, float, float]
    frequencies: int
    misfit: float

    @property
    def holds(self) -> bool:
        """Whether the form describes the thresholds; if not, its intercept is no low-frequency threshold."""
        return self.misfit < MOST_MISFIT

    def field(self, frequency_GHz: Floats, field_unit: float) -> Floats:
        """The fitted threshold, V/nm."""
        risen = 1.0 + (frequency_GHz / self.corner[0]) ** 2
        return np.asarray(self.intercept[0] * field_unit * risen ** (0.5 * self.power[0]))

    def to_json(self) -> dict[str, Any]:
        """What the document says of the law, its numbers with their intervals and units."""

        def estimate(part: tuple[float, float, float], unit: str) -> dict[str, Any]:
            return {"value": part[0], "ci95": list(part[1:]), "unit": unit}

        return {
            "name": self.name,
            "intercept": estimate(self.intercept, "kT/mu"),
            "corner": estimate(self.corner, "GHz"),
            "power": estimate(self.power, "1"),
            "frequencies": self.frequencies,
            "misfit": self.misfit,
            "holds": self.holds,
            "published_intercept": PUBLISHED[self.name],
        }


def fit_law(thresholds: Sequence[Threshold]) -> LawFit | None:
    """Least squares in log field, weighted by the thresholds' errors; None with fewer than five in the scan.

    The corner is searched from a third of the lowest frequency to three times the highest.
    """
    inside = [t for t in thresholds if t.where == "within the scan" and np.isfinite(t.ci95).all()]
    if len(inside) < FEWEST_FREQUENCIES:
        return None
    nu = np.abs([t.frequency for t in inside])
    unit = np.array([t.field_unit for t in inside])
    drawn = np.array([t.draws for t in inside])
    drawn = drawn[:, np.all((drawn > 0.0) & np.isfinite(drawn), axis=0)]
    fields = np.log(np.column_stack([[t.field for t in inside], drawn]) / unit[:, None])
    normal = 2.0 * float(scipy.stats.norm.ppf(1.0 - TAIL))
    weights = normal / np.array([math.log(t.ci95[1] / t.ci95[0]) for t in inside])
    best = np.full(fields.shape[1], math.inf)
    fitted = np.zeros((3, fields.shape[1]))
    for tried in np.geomspace(nu.min() / 3.0, 3.0 * nu.max(), 200).tolist():
        columns = np.column_stack([np.ones_like(nu), 0.5 * np.log1p((nu / tried) ** 2)]) * weights[:, None]
        solved, *_ = np.linalg.lstsq(columns, fields * weights[:, None])
        missed = np.sum((columns @ solved - fields * weights[:, None]) ** 2, axis=0)
        better = missed < best
        best[better] = missed[better]
        fitted[:, better] = np.vstack([solved, np.full(fields.shape[1], tried)])[:, better]

    def estimate(values: Floats) -> tuple[float, float, float]:
        low, high = np.quantile(values[1:], [TAIL, 1.0 - TAIL]).tolist()
        return float(values[0]), low, high

    intercept, power, corner = estimate(np.exp(fitted[0])), estimate(fitted[1]), estimate(fitted[2])
    misfit = math.sqrt(float(best[0]) / (len(inside) - len(fitted)))
    return LawFit(inside[0].name, intercept, corner, power, len(inside), misfit)
