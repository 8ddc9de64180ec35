"""A scale on which measurements with heavy tails are nearly normal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_NODES, _NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(15)
_NODE_WEIGHTS = _NODE_WEIGHTS / _NODE_WEIGHTS.sum()
"""Fifteen nodes: exact for polynomials up to the 29th degree."""


@dataclass(frozen=True)
class Warp:
    """``width * arcsinh((y - centre) / width)``: linear near the centre, logarithmic in both tails.

    Attributes
    ----------
    centre, width
        In the unit of what is measured; an infinite width leaves it as it is, centred.
    """

    centre: float
    width: float

    def forward(self, values: Floats) -> Floats:
        """Values on the warped scale, where the centre is 0."""
        if np.isinf(self.width):
            return values - self.centre
        return np.asarray(self.width * np.arcsinh((values - self.centre) / self.width))

    def slope(self, values: Floats) -> Floats:
        """Derivative of :meth:`forward`, with which small errors scale."""
        return np.asarray(1.0 / np.hypot(1.0, (values - self.centre) / self.width))

    def back(self, warped: Floats) -> Floats:
        """Warped values in their own unit again, as before :meth:`forward`."""
        if np.isinf(self.width):
            return warped + self.centre
        return np.asarray(self.centre + self.width * np.sinh(warped / self.width))

    def moments(self, mean: Floats, sd: Floats, low: float, high: float) -> tuple[Floats, Floats]:
        """Mean and standard deviation of what is normal on the warped scale, by Gauss-Hermite quadrature.

        ``low`` and ``high`` bound the warped values, so that a wide guess does not become absurd.
        """
        if np.isinf(self.width):
            return mean + self.centre, sd
        values = self.back(np.clip(mean[:, None] + sd[:, None] * _NODES, low, high))
        centre = values @ _NODE_WEIGHTS
        return centre, np.sqrt(((values - centre[:, None]) ** 2) @ _NODE_WEIGHTS)
