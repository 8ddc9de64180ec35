"""What is wanted of a machine, measured."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import scipy

from molmach.data.statistics import CONFIDENCE
from molmach.search.loop.evaluations import Evaluation
from molmach.search.loop.quantities import Expression
from molmach.search.record.result import Result, Samples
from molmach.search.record.trial import Measured
from molmach.search.strangers import described
from molmach.search.wanted import Window, wanted_by
from molmach.spec.campaign import Objective


class Objectives:
    """The objectives of a campaign, as utilities: greater is better.

    Parameters
    ----------
    objectives
        As in the campaign file.
    evaluation
        The campaign's, whose quantities they may name.

    Raises
    ------
    SpecError
        An expression can't be read, or is the same for every machine, or a window or target can't be had.
    """

    def __init__(self, objectives: Sequence[Objective], evaluation: Evaluation) -> None:
        find, listed = evaluation.quantity, evaluation.listed
        expressions = [Expression(o.expression, find=find, listed=listed) for o in objectives]
        for expression in expressions:
            expression.check_varies()
        self._wanted = list(
            zip(
                wanted_by(objectives, find, evaluation.campaign.machine),
                expressions,
                strict=True,
            )
        )

    @property
    def window(self) -> Window | None:
        """Where the only objective's values are to lie; None without window or target, or of several."""
        wanted = self._wanted[0][0]
        return wanted if len(self._wanted) == 1 and isinstance(wanted, Window) else None

    def measure(self, samples: Samples) -> tuple[Measured, ...]:
        """Value and interval of each, from one number a replica of each quantity."""
        return tuple(wanted.measured(_measured(expression, samples)) for wanted, expression in self._wanted)

    def judge(self, result: Result) -> tuple[str, tuple[Measured, ...]]:
        """Why a result gives no values, or '' and the values; the result is a plain one.

        A quantity's function may be anyone's: where it fails, that is the reason.
        """
        if result.reason:
            return result.reason, ()
        try:
            measured = self.measure(result.samples)
        except Exception as error:
            return f"the objective can't be measured: {described(error)}", ()
        if not all(m.defined for m in measured):
            missing = ", ".join(self._missing(result.samples))
            return f"gave no {missing}" if missing else "the objective is not defined for this run", ()
        return "", measured

    def _missing(self, samples: Samples) -> list[str]:
        """Samples that an objective is made of and that are not there."""
        there = {name.replace("-", "_") for name in samples}
        wanted = (q.inputs for _, expression in self._wanted for q in expression.quantities.values())
        return sorted(set().union(*wanted) - there)


def _measured(expression: Expression, samples: Samples) -> Measured:
    """Value and interval of an expression, in which one number may stand beside those of replicas.

    Such a number is the same in every replica. Its own standard error, where it has one, is carried on
    linearly and is independent of the replicas.
    """
    samples = {name.replace("-", "_"): values for name, values in samples.items()}
    inputs = {name for quantity in expression.quantities.values() for name in quantity.inputs}
    replicas = max((len(samples.get(name, ())) for name in inputs), default=0)
    alone = {name: samples[name][0] for name in inputs if len(samples.get(name, ())) == 1}
    if replicas < 2 or not alone:
        return expression.measure(samples)

    def at(numbers: Mapping[str, float]) -> Measured:
        repeated = {name: [number] * replicas for name, number in numbers.items()}
        return expression.measure({**samples, **repeated})

    together, variance = at(alone), 0.0
    for name, number in alone.items():
        (error,) = samples.get(f"{name}.error", (0.0,))
        if error:
            above, below = (at({**alone, name: number + side * error}).value for side in (0.5, -0.5))
            variance += (above - below) ** 2
    if variance == 0.0:
        return together
    beside = float(scipy.stats.norm.ppf(0.5 + 0.5 * CONFIDENCE)) ** 2 * variance
    low = together.value - math.sqrt((together.value - together.low) ** 2 + beside)
    high = together.value + math.sqrt((together.high - together.value) ** 2 + beside)
    return Measured(together.value, math.hypot(together.error, math.sqrt(variance)), low, high)
