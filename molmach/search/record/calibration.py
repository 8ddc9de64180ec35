"""How an agent's predictions compare with what was measured."""

from __future__ import annotations

import math
from dataclasses import dataclass

import scipy

from molmach.data.statistics import CONFIDENCE


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
        interval = scipy.stats.binomtest(self.within, self.count).proportion_ci(CONFIDENCE, method="exact")
        return float(interval.low), float(interval.high)
