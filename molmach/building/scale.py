"""How motion along a coordinate is counted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molmach.units import TURN


@dataclass(frozen=True)
class Scale:
    """What one coordinate's motion is counted in, and called.

        >>> from math import pi
        >>> 5.0 * pi / TURNS.unit_size, TURNS.unit, TURNS.event
        (2.5, 'turn', 'turn')
        >>> PLACES.period is None
        True

    Attributes
    ----------
    unit
        What velocity is counted in, per ns: ``turn``, ``nm``.
    unit_size
        The coordinate's change that is one unit: 2 pi rad, or 1 nm.
    period
        The coordinate's change after which the machine is where it was, in the coordinate's own unit (rad,
        nm); None where it is open, as a place between two ends is.
    event
        What is counted each way: a ``turn``, or a ``step`` from station to station.
    verb
        What the machine does: ``turn``, ``move``.
    label
        Title of an axis of its motion in units.
    axis
        Title of an axis of its values.
    axis_size
        The coordinate's change that is one on that axis: a degree in rad, or 1 nm.
    own_unit, meaning
        What the coordinate itself is in, and is, in words: ``rad``, ``nm``.
    """

    unit: str
    unit_size: float
    period: float | None
    event: str
    verb: str
    label: str
    axis: str
    axis_size: float
    own_unit: str
    meaning: str

    def on_axis(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values of the coordinate in the unit of ``axis``."""
        return np.asarray(values / self.axis_size)


TURNS = Scale(
    unit="turn",
    unit_size=TURN,
    period=TURN,
    event="turn",
    verb="turn",
    label="turns",
    axis="angle / degrees",
    axis_size=TURN / 360.0,
    own_unit="rad",
    meaning="unwrapped angle",
)
"""Angles in rad, unwrapped."""

PLACES = Scale(
    unit="nm",
    unit_size=1.0,
    period=None,
    event="step",
    verb="move",
    label="ring's displacement / nm",
    axis="ring's place / nm",
    axis_size=1.0,
    own_unit="nm",
    meaning="place along the axle",
)
"""Places along an axle, nm."""
