"""How motion along a coordinate is counted."""

from __future__ import annotations

from dataclasses import dataclass

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
    """

    unit: str
    unit_size: float
    period: float | None
    event: str
    verb: str
    label: str


TURNS = Scale("turn", TURN, TURN, "turn", "turn", "turns")
"""Angles in rad, unwrapped."""

PLACES = Scale("nm", 1.0, None, "step", "move", "ring's displacement / nm")
"""Places along an axle, nm."""
