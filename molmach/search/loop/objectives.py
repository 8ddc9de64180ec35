"""What is wanted of a machine, measured."""

from __future__ import annotations

from collections.abc import Sequence

from molmach.search.loop.evaluations import Evaluation
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
    evaluation
        The campaign's, whose quantities they may name.

    Raises
    ------
    SpecError
        An expression can't be read.
    """

    def __init__(self, objectives: Sequence[Objective], evaluation: Evaluation) -> None:
        find, listed = evaluation.quantity, evaluation.listed
        self._wanted = [(o.sign, Expression(o.expression, find=find, listed=listed)) for o in objectives]

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
        measured = self.measure(result.samples)
        if not all(m.defined for m in measured):
            return "the objective is not defined for this run", ()
        return "", measured
