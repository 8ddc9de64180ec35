"""What is wanted of a machine, measured."""

from __future__ import annotations

from collections.abc import Sequence

from molmach.search.loop.quantities import Expression, Measured, Samples
from molmach.spec.campaign import Objective


class Objectives:
    """The objectives of a campaign, turned so that greater is better.

    Parameters
    ----------
    objectives
        As in the campaign file.

    Raises
    ------
    SpecError
        An expression can't be read.
    """

    def __init__(self, objectives: Sequence[Objective]) -> None:
        self._wanted = [(objective.sign, Expression(objective.expression)) for objective in objectives]

    def measure(self, samples: Samples) -> tuple[Measured, ...]:
        """Value and interval of each, from one number a replica of each quantity."""
        found = []
        for sign, expression in self._wanted:
            m = expression.measure(samples)
            found.append(m if sign > 0 else Measured(-m.value, m.error, -m.high, -m.low))
        return tuple(found)
