"""What a run is worth: expressions of quantities, and their intervals.

A quantity that stands alone has the value and interval that it has in a score, and what is monotone in one
quantity has that interval carried through. An expression of several is a function of the means over replicas,
so one delete-one jackknife gives its interval, with what the quantities' own intervals know beyond it.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np
import scipy

from molmach import drives
from molmach.building import Scale
from molmach.data import Run
from molmach.data.intervals import Jackknife, Student
from molmach.data.observed import Observed
from molmach.data.quantity import OBJECTIVES_ALONE, Need, Quantity
from molmach.data.statistics import CONFIDENCE, Estimate, Floats, student_factor
from molmach.errors import SpecError, shortened
from molmach.scoring import quantities
from molmach.scoring.regime import FOLLOWED_SHARE
from molmach.search.arithmetic import FUNCTIONS, OPERATORS, alone, carried, evaluate, names_in
from molmach.search.loop.expressions import (
    GREATEST_SQUARED,
    constant_parts,
    depth,
    looked_at,
    value_of_constant,
    with_floats,
)
from molmach.search.record.result import Samples
from molmach.search.record.trial import Measured


def samples_of(run: Run) -> Samples:
    """What is kept of a run: one number a replica of all that quantities are made of."""
    taken = quantities.samples_of(Observed.of(run))
    return {name: [float(value) for value in values] for name, values in taken.items()}


THRESHOLD_FIELDS = 6
"""Fields for one threshold, each of which costs a run: an eighth to twofold in steps of a factor 1.74."""

FOLLOWED = "followed_{}"
FIELD = "field_{}"


def threshold_factors() -> Floats:
    """Factors of the drive's field at which ``threshold_field`` is measured: an eighth to twofold."""
    return np.geomspace(0.125, 2.0, THRESHOLD_FIELDS)


def _threshold(*means: Floats) -> Floats:
    """Field at which half of the drive's turns are followed, between the measured fields.

    The lowest of them where it is enough already; nan where none is.

    Parameters
    ----------
    means
        The fields, then the shares of turns that are followed in each.
    """
    fields = np.array([field[0] for field in means[:THRESHOLD_FIELDS]])
    followed = np.array(means[THRESHOLD_FIELDS:])
    rising = np.maximum.accumulate(followed, axis=0)
    result = np.full(rising.shape[1], math.nan)
    for column, curve in enumerate(rising.T):
        above = np.flatnonzero(curve >= 0.5)
        if not above.size:
            continue
        k = int(above[0])
        if k == 0:
            result[column] = fields[0]
            continue
        share = (0.5 - curve[k - 1]) / (curve[k] - curve[k - 1])
        result[column] = fields[k - 1] * (fields[k] / fields[k - 1]) ** share
    return result


THRESHOLD_FIELD = Quantity(
    "threshold_field",
    "the field at which the rotor follows half of the drive's turns, from runs in six fields",
    "V/nm",
    tuple(name.format(k) for name in (FIELD, FOLLOWED) for k in range(THRESHOLD_FIELDS)),
    _threshold,
    needs=OBJECTIVES_ALONE,
    asks=Need(
        "a field with a frequency",
        lambda known: (
            known.drive is not None
            and FOLLOWED_SHARE.asked.met(known)
            and drives.model(known.drive).field_strength is not None
        ),
    ),
)

QUANTITIES = (
    "velocity", "directionality", "diffusion", "peclet", "work_rate", "dissipation", "load_power",
    "efficiency", "event_rate", "turns_per_event", "uncertainty_ratio", "precision", "temperature",
    "threshold_field",
)  # fmt: skip
"""Of those that an objective may name, the ones that every machine has; errors list them."""


def quantity_of(name: str) -> Quantity | None:
    """The quantity that an objective may name so; None where there is none."""
    return quantities.find(name, (THRESHOLD_FIELD,))


def unit_of(expression: str, scale: Scale, find: Callable[[str], Quantity | None] = quantity_of) -> str:
    """Unit of a quantity or its absolute value; '' for a pure number and for other expressions.

    Parameters
    ----------
    expression
        As of an objective.
    scale
        How the motion of the machine's coordinate is counted.
    find
        Gives the quantity of a name, None where there is none; by default those of a simulated machine.
    """
    name = alone(expression)
    quantity = find(name) if name is not None else None
    if quantity is None:
        return ""
    unit = quantity.on(scale).unit
    return "" if unit == "1" else unit


ORDINARY, EXTREME = 1e4, 1e12
"""Quantities of machines, and of any that can be thought of, lie below, and above the reciprocal."""
_MOST_BEYOND = 0.25
"""Share of ordinary machines of which an objective may be no number before it is refused. Not tuned."""

LONGEST = 500
DEEPEST = 50
"""Characters of an expression, and operations within each other."""


class Expression:
    """An arithmetic expression of quantities.

    Attributes
    ----------
    quantities
        Those that it names.

    Parameters
    ----------
    text
        Numbers, quantities, + - * / **, and abs, sqrt, log, exp, min, max.
    field
        Where it stands, for errors.
    find
        Gives the quantity of a name, None where there is none; by default those of a simulated machine.
    listed
        Names that errors list.

    Raises
    ------
    SpecError
        Anything else is in it, or a part without quantities is no finite number.
    """

    def __init__(
        self,
        text: str,
        field: str = "objectives",
        find: Callable[[str], Quantity | None] = quantity_of,
        listed: Collection[str] = QUANTITIES,
    ) -> None:
        self.text = text
        self._find = find
        self.quantities: dict[str, Quantity] = {}
        self._where = f"{field}: got {shortened(text)}"
        try:
            tree = ast.parse(text.strip(), mode="eval").body if len(text) <= LONGEST else None
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            tree = None
        if tree is None or depth(tree) > DEEPEST or not self._allowed(tree):
            raise SpecError(
                f"{self._where}; expected an expression of {', '.join(listed)} "
                f"with + - * / ** and {', '.join(FUNCTIONS)}, of at most {LONGEST} characters and "
                f"{DEEPEST} operations within each other"
            )
        self._tree = with_floats(tree)
        self._check_numbers()

    def _check_numbers(self) -> None:
        """Refuse parts without a quantity that are no finite numbers."""
        for part in constant_parts(self._tree):
            if not math.isfinite(value_of_constant(part)):
                said = ast.get_source_segment(self.text.strip(), part) or ""
                raise SpecError(
                    f"{self._where}, in which {said[:60]} is no finite number; expected numbers that are"
                )

    def check_varies(self) -> None:
        """Refuse what is the same for every machine, or no number for most of them, and so is no objective.

        Raises
        ------
        SpecError
            It names no quantity, gives the same number or none whatever they are, or numbers too large to
            have an interval for a quarter of the sizes that quantities have.
        """
        if not self.quantities:
            raise SpecError(f"{self._where}, which names no quantity; expected what differs between machines")
        looked = looked_at(self._tree, self.quantities, ORDINARY)
        if looked.undefined and looked_at(self._tree, self.quantities, EXTREME).undefined:
            raise SpecError(
                f"{self._where}, which is no number whatever {', '.join(sorted(self.quantities))} may be; "
                "expected what has a value"
            )
        if looked.beyond > _MOST_BEYOND:
            raise SpecError(
                f"{self._where}, which is too large for an interval ({GREATEST_SQUARED:g} or more) for many "
                f"sizes of {', '.join(sorted(self.quantities))} between {1 / ORDINARY:g} and {ORDINARY:g}; "
                "expected smaller factors and powers"
            )
        if looked.constant:
            raise SpecError(
                f"{self._where}, which is the same number for every machine; expected what differs between "
                "machines"
            )

    def _allowed(self, node: ast.AST) -> bool:
        match node:
            case ast.Constant(value=value):
                return isinstance(value, int | float) and not isinstance(value, bool)
            case ast.Name(id=name):
                quantity = self._find(name)
                if quantity is not None:
                    self.quantities[name] = quantity
                return quantity is not None
            case ast.UnaryOp(op=operator, operand=operand):
                return type(operator) in OPERATORS and self._allowed(operand)
            case ast.BinOp(left=left, op=operator, right=right):
                return type(operator) in OPERATORS and self._allowed(left) and self._allowed(right)
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                wanted = 2 if name in ("min", "max") else 1
                fits = name in FUNCTIONS and len(arguments) == wanted
                return fits and all(self._allowed(argument) for argument in arguments)
        return False

    @property
    def names(self) -> set[str]:
        """Names of the quantities in it."""
        return set(self.quantities)

    @np.errstate(all="ignore")
    def measure(self, samples: Mapping[str, Sequence[float]]) -> Measured:
        """Value and interval from one number a replica; hyphens in names of samples count as underscores.

        An expression of one quantity, monotone in it, has that quantity's own interval carried through, and
        a standard error that grows with its width (:func:`molmach.search.arithmetic.carried`). Others
        have the jackknife's; where a quantity's own interval is made in another way and knows of more error
        than the jackknife does (few steps, all one way), what is missing is added as independent.

        nan where the value is no number, or a quantity is none that such a machine has. Where there are no
        replicas a number alone is exact, or has the standard error ``NAME.error``, carried on linearly.
        """
        samples = {name.replace("-", "_"): values for name, values in samples.items()}
        if not all(quantity.known_from(samples) for quantity in self.quantities.values()):
            return Measured(math.nan, math.nan, math.nan, math.nan)
        inputs = tuple(
            dict.fromkeys(
                name for q in self.quantities.values() for name in (*q.inputs, *q.beside) if name in samples
            )
        )
        arrays = {n: np.asarray(samples[n], dtype=np.float64) for n in inputs or tuple(samples)[:1]}
        single = all(array.size == 1 for array in arrays.values())
        errors = {name: float(samples.get(f"{name}.error", (0.0,))[0]) for name in arrays} if single else {}
        if len(names_in(self._tree)) == 1:
            (name,) = self.quantities
            quantity = self.quantities[name]
            if single:
                own = _of_single_values(self._value_of(ast.Name(name)), arrays, errors, quantity.bounds)
            else:
                estimate = quantity.estimate(samples)
                own = Measured(estimate.value, estimate.error, *estimate.ci95)
            if isinstance(self._tree, ast.Name):
                return own
            through = carried(self._tree, (own.low, own.value, own.high))
            if through is not None:
                low, value, high = through
                width = own.high - own.low
                return Measured(value, own.error * (high - low) / width if width else own.error, low, high)
        if single:
            return _of_single_values(self._value_of(self._tree), arrays, errors)
        return self._of_replicas(arrays)

    def _of_replicas(self, arrays: Mapping[str, Floats]) -> Measured:
        """Value and interval of any function of several replicas' means; see :meth:`measure`."""
        value_of = self._value_of(self._tree)
        by_replicas = Jackknife().estimate(
            list(arrays.values()), lambda *means: value_of(dict(zip(arrays, means, strict=True)))
        )
        missing = 0.0
        for name, quantity in self.quantities.items():
            if isinstance(quantity.way, Student | Jackknife):
                continue
            parts = [arrays[part] for part in quantity.inputs]
            own, known = quantity.estimate(arrays), Jackknife().estimate(parts, quantity.combine)
            beyond = own.error**2 - known.error**2
            if beyond > 0.0:
                missing += self._change(name, math.sqrt(beyond), arrays) ** 2
        if not missing > 0.0:
            return Measured(by_replicas.value, by_replicas.error, *by_replicas.ci95)
        error = math.sqrt(by_replicas.error**2 + missing)
        half = student_factor(next(iter(arrays.values())).size) * error
        return Measured(by_replicas.value, error, by_replicas.value - half, by_replicas.value + half)

    def _change(self, name: str, error: float, arrays: Mapping[str, Floats]) -> float:
        """By how much the value changes at most where one quantity is so much more or less."""
        means = {part: array.mean(keepdims=True) for part, array in arrays.items()}
        values = self._values(means)
        with np.errstate(all="ignore"):
            shifted = ({**values, name: values[name] + shift} for shift in (0.0, error, -error))
            here, *there = (float(np.asarray(evaluate(self._tree, one)).item()) for one in shifted)
        return max((abs(other - here) for other in there if math.isfinite(other)), default=0.0)

    def _values(self, means: Mapping[str, Floats]) -> dict[str, Floats]:
        """Name of each quantity -> (k,) values from (k,) means of what they are made of."""
        return {
            name: quantity.combine(*(means[part] for part in quantity.inputs))
            for name, quantity in self.quantities.items()
        }

    def _value_of(self, node: ast.AST | None) -> Callable[[Mapping[str, Floats]], Any]:
        return lambda means: evaluate(node, self._values(means))


def _of_single_values(
    function: Callable[[Mapping[str, Floats]], Any],
    values: Mapping[str, Floats],
    errors: Mapping[str, float],
    bounds: tuple[float, float] = (-math.inf, math.inf),
) -> Measured:
    """Value and interval where there are no replicas; errors are taken to be normal and independent.

    One uncertain number goes through the function as it is: the interval spans what the function gives within
    the number's own, so that half-lives keep to what their barriers allow. Several go through linearly. The
    interval is cut at ``bounds``.
    """

    def at(shifted: Mapping[str, Floats]) -> float:
        with np.errstate(all="ignore"):
            return float(np.asarray(function(shifted), dtype=np.float64).item())

    value, variance = at(values), 0.0
    width = float(scipy.stats.norm.ppf(0.5 + 0.5 * CONFIDENCE))
    uncertain = {name: error for name, error in errors.items() if error}
    if len(uncertain) == 1:
        ((name, error),) = uncertain.items()
        within = [at({**values, name: values[name] + side * error}) for side in np.linspace(-width, width, 9)]
        cut = Estimate(value, (min(within), max(within))).within(bounds)
        return Measured(value, 0.5 * (max(within) - min(within)) / width, *cut.ci95)
    for name, error in uncertain.items():
        ends = (at({**values, name: values[name] + side * error}) for side in (0.5, -0.5))
        variance += (next(ends) - next(ends)) ** 2
    error = math.sqrt(variance) if math.isfinite(variance) else math.nan
    cut = Estimate(value, (value - width * error, value + width * error)).within(bounds)
    return Measured(value, error, *cut.ci95)
