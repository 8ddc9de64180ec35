"""What is wanted of a machine, measured."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from molmach.search.loop.quantities import Expression
from molmach.search.record.result import Result, Samples
from molmach.search.record.trial import Measured
from molmach.spec.campaign import Objective


class Objectives:
    """The objectives of a campaign, turned so that greater is better.

    Parameters
    ----------
    objectives
        As in the campaign file.
    quantities
        What they may name: the quantities of the campaign's evaluation.

    Raises
    ------
    SpecError
        An expression can't be read.
    """

    def __init__(self, objectives: Sequence[Objective], quantities: Collection[str]) -> None:
        self._wanted = [(o.sign, Expression(o.expression, quantities=quantities)) for o in objectives]

    def measure(self, samples: Samples) -> tuple[Measured, ...]:
        """Value and interval of each, from one number a replica of each quantity."""
        measured = []
        for sign, expression in self._wanted:
            m = expression.measure(samples)
            measured.append(m if sign > 0 else Measured(-m.value, m.error, -m.high, -m.low))
        return tuple(measured)

    def judge(self, result: Result) -> tuple[str, tuple[Measured, ...]]:
        """Why a result gives no values, or '' and the values."""
        if result.reason:
            return result.reason, ()
        try:
            measured = self.measure(result.samples)
        except KeyError as error:
            return f"the evaluation gave no {error}", ()
        if not all(m.defined for m in measured):
            return "the objective is not defined for this run", ()
        return "", measured
