"""A monotone change of the values that makes them more nearly normal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.stats import yeojohnson, yeojohnson_llf

from molmach.agents.regression.improvement import log_expected_closeness, log_expected_improvement

Floats = NDArray[np.float64]

_POWERS = (0.0, 2.0)
"""From the logarithm of large values to that of small ones, beyond which Yeo and Johnson's has an end."""

POWERS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0)
"""Over which predictions are averaged: a prior standard deviation apart at most."""

_DOUBT = 0.5
"""Prior standard deviation of the power about 1, no warping. Not tuned."""

_NARROWEST = 0.05
"""Least distance from a target, in standard deviations of the values, within which improvement is asked for:
a twentieth, which no measurement tells apart. Not tuned."""

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(15)
"""Fifteen nodes: exact for polynomials up to the 29th degree."""


@dataclass(frozen=True)
class Warping:
    """The power transformation of Yeo & Johnson, Biometrika 87, 954 (2000), of standardised values.

    Most machines of a space hardly work and few do well, so velocities have a long tail in which they also
    vary more; a process whose variance is the same everywhere fits what is left after the transformation
    (Snelson, Rasmussen & Ghahramani, Warped Gaussian processes, NeurIPS 2003).

    Attributes
    ----------
    centre, scale
        Standardised value = (value - centre) / scale.
    power
        1 changes nothing; below it large values are drawn in, down to their logarithm at 0; above it small
        ones are.
    """

    centre: float
    scale: float
    power: float

    @classmethod
    def of(cls, values: Floats) -> Warping:
        """The most likely for normal values, with a prior that few values are not to be warped much."""
        spread = float(values.std()) if len(values) else 0.0
        if spread == 0.0:
            return cls(float(values.mean()) if len(values) else 0.0, 1.0, 1.0)
        standard = (values - values.mean()) / spread

        def loss(power: float) -> float:
            return 0.5 * ((power - 1.0) / _DOUBT) ** 2 - float(yeojohnson_llf(power, standard))

        power = minimize_scalar(loss, bounds=_POWERS, method="bounded").x
        return cls(float(values.mean()), spread, float(power))

    @property
    def log_prior(self) -> float:
        """Logarithm of the prior of the power, up to a constant."""
        return -0.5 * ((self.power - 1.0) / _DOUBT) ** 2

    def forward(self, values: Floats) -> Floats:
        """Values on the warped scale, standardised before."""
        return np.asarray(yeojohnson((values - self.centre) / self.scale, self.power), dtype=np.float64)

    def slope(self, values: Floats) -> Floats:
        """Derivative of :meth:`forward`, which turns standard errors into those of warped values."""
        standard = (values - self.centre) / self.scale
        exponent = np.where(standard >= 0.0, self.power - 1.0, 1.0 - self.power)
        return np.asarray((np.abs(standard) + 1.0) ** exponent / self.scale)

    def backward(self, warped: Floats) -> Floats:
        """Values whose warped ones these are; the nearest finite ones where there are none."""
        power = max(self.power, 1e-9)
        other = max(2.0 - self.power, 1e-9)
        above = np.maximum(1.0 + power * np.maximum(warped, 0.0), 1e-9) ** (1.0 / power) - 1.0
        below = 1.0 - np.maximum(1.0 - other * np.minimum(warped, 0.0), 1e-9) ** (1.0 / other)
        return np.asarray(self.centre + self.scale * np.where(warped >= 0.0, above, below))

    def worth(self, warped: Floats) -> Floats:
        """What warped values are worth, on their own scale: themselves."""
        return warped

    def log_improvement(self, mean: Floats, sd: Floats, best: float) -> Floats:
        """Logarithm of the improvement expected on the largest known worth, of normal warped values."""
        return log_expected_improvement(mean, sd, best)

    def of_worth(self, worth: float) -> float:
        """The value, in its unit, of a worth on the warped scale."""
        return float(self.backward(np.array(worth)))

    @property
    def family(self) -> Sequence[Warping]:
        """Those over which predictions are averaged."""
        return [Warping(self.centre, self.scale, power) for power in POWERS]

    def moments(self, mean: Floats, variance: Floats) -> tuple[Floats, Floats]:
        """Mean and variance of values whose warped ones are normal, by Gauss-Hermite quadrature."""
        nodes = self.backward(mean[:, None] + np.sqrt(variance)[:, None] * _NODES)
        weights = _WEIGHTS / _WEIGHTS.sum()
        first = nodes @ weights
        return first, ((nodes - first[:, None]) ** 2) @ weights


@dataclass(frozen=True)
class Place(Warping):
    """No warping, but values that are to lie at a place: their worth is the distance to it, turned over.

    What adds up in a machine is the value; the worth has a ridge across the space, on which a process of the
    worth itself has nothing to go by. So the process is of values, and worths are what is told of it.

    Attributes
    ----------
    low, high
        The window, or twice the target.
    """

    power: float = 1.0
    low: float = 0.0
    high: float = 0.0

    @classmethod
    def at(cls, values: Floats, low: float, high: float) -> Place:
        """For values (n,) that are to lie between two ends."""
        spread = float(values.std()) if len(values) else 0.0
        return cls(float(values.mean()) if len(values) else 0.0, spread or 1.0, 1.0, low, high)

    @property
    def _middle(self) -> float:
        """The window's middle on the warped scale."""
        return (0.5 * (self.low + self.high) - self.centre) / self.scale

    @property
    def _half(self) -> float:
        """Half of the window's width on the warped scale."""
        return 0.5 * (self.high - self.low) / self.scale

    def worth(self, warped: Floats) -> Floats:
        """See :class:`Warping`; positive inside the window."""
        return np.asarray(self._half - np.abs(warped - self._middle))

    def log_improvement(self, mean: Floats, sd: Floats, best: float) -> Floats:
        """See :class:`Warping`; improvement on the window's end where something is known to lie inside.

        One machine in the middle of a window does not make the others there worthless.
        """
        reach = max(self._half - min(best, 0.0), _NARROWEST)
        return log_expected_closeness(mean - self._middle, sd, reach)

    def of_worth(self, worth: float) -> float:
        """See :class:`Warping`."""
        return self.scale * worth

    @property
    def family(self) -> Sequence[Warping]:
        """See :class:`Warping`; itself."""
        return (self,)

    def backward(self, warped: Floats) -> Floats:
        """The worth of warped values, in the unit of the values."""
        return np.asarray(self.scale * self.worth(warped))
