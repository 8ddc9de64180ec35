"""The scale on which scores are sums of effects: their own, or one on which a long tail is drawn in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molmach.agents.regression.warping import Warping

Floats = NDArray[np.float64]

_FEWEST = 8
_PLAIN = 0.25
"""Powers so near to 1 leave the scores as they are: then effects are told in their unit everywhere."""


@dataclass(frozen=True)
class Warp:
    """A power transformation (:class:`~molmach.agents.regression.warping.Warping`) of slope 1 at the mean.

    So effects on it are in the unit of the score where scores are near their mean.

    Attributes
    ----------
    power
        None leaves scores as they are.
    """

    power: Warping | None = None

    @classmethod
    def of(cls, values: Floats) -> Warp:
        """The most likely one for normal values; none of few values, or where a normal tail is as likely."""
        if len(values) < _FEWEST:
            return cls()
        power = Warping.of(values)
        return cls() if abs(power.power - 1.0) < _PLAIN else cls(power)

    def forward(self, values: Floats) -> Floats:
        """Scores on the scale; nan stays."""
        if self.power is None:
            return values
        return np.asarray(self.power.centre + self.power.scale * self.power.forward(values))

    def slope(self, values: Floats) -> Floats:
        """Derivative of :meth:`forward`, with which standard errors scale."""
        return np.ones_like(values) if self.power is None else self.power.scale * self.power.slope(values)

    def moments(self, mean: Floats, sd: Floats) -> tuple[Floats, Floats]:
        """Mean and standard deviation of the score of what is normal on the scale."""
        if self.power is None:
            return mean, sd
        centre, scale = self.power.centre, self.power.scale
        first, variance = self.power.moments((mean - centre) / scale, (sd / scale) ** 2)
        return first, np.sqrt(variance)
