"""What is wanted of a value, as a utility: a number that is greater where the value is better.

A value that is to be large or small is its own utility, turned over or not. One that is to lie in a window
has its signed distance to the nearer end, positive inside; one that is to be at a target, its distance to
that, turned over. Distances are told in decades where the quantity's record says so, else in its unit.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from molmach.building import Scale, kind_of
from molmach.data.quantity import Quantity
from molmach.data.statistics import CONFIDENCE, Floats
from molmach.errors import SpecError, shortened
from molmach.search.arithmetic import alone
from molmach.search.record.trial import Measured, Seen
from molmach.spec.campaign import Objective
from molmach.units import QuantityError, in_unit

_NORMAL = float(stats.norm.ppf(0.5 + 0.5 * CONFIDENCE))


class Wanted(ABC):
    """What is wanted of an objective's values."""

    @abstractmethod
    def utility(self, values: Floats) -> Floats:
        """(n,) values -> (n,) utilities; nan where a value has none."""

    @abstractmethod
    def measured(self, value: Measured) -> Measured:
        """A value with its interval -> its utility with the interval that this leaves."""


@dataclass(frozen=True)
class Sense(Wanted):
    """More is better (``sign`` +1), or less is (-1)."""

    sign: float

    def utility(self, values: Floats) -> Floats:
        """See :class:`Wanted`."""
        return self.sign * values

    def measured(self, value: Measured) -> Measured:
        """See :class:`Wanted`."""
        if self.sign > 0.0:
            return value
        return Measured(-value.value, value.error, -value.high, -value.low)


@dataclass(frozen=True)
class Window(Wanted):
    """Values from ``low`` to ``high`` are wanted, or one value where both are the same.

    With :math:`g` the common logarithm where distances are in ``decades`` and else the value itself,
    the utility is :math:`\\min(g(x) - g(low), g(high) - g(x))`.
    """

    low: float
    high: float
    decades: bool = False

    def utility(self, values: Floats) -> Floats:
        """See :class:`Wanted`."""
        x = self.scaled(np.asarray(values, dtype=np.float64))
        low, high = self.ends
        return np.minimum(x - low, high - x)

    def measured(self, value: Measured) -> Measured:
        """See :class:`Wanted`.

        The utility is concave, so over the value's interval it is least at an end of it, and greatest in the
        middle of the window or, where the interval does not hold that, at an end. The standard error grows
        as the width of the interval does. The probability that the true value lies in the window takes the
        scaled value to be normal.
        """
        x, error, low, high = self._range(value)
        if not math.isfinite(x) or not math.isfinite(error):
            return Measured(math.nan, math.nan, math.nan, math.nan)
        here, *ends = (float(self.utility_of_scaled(one)) for one in (x, low, high))
        bottom, top = self.ends
        middle = 0.5 * (bottom + top)
        most = 0.5 * (top - bottom) if low <= middle <= high else max(ends)
        within = low <= top and bottom <= high
        inside = bottom <= x <= top if bottom < top else within
        seen = Seen(
            value.value, value.error, value.low, value.high, inside, within, self._probability(x, error)
        )
        return Measured(here, error, min(ends), most, seen)

    def utility_of_scaled(self, x: float) -> float:
        """The utility of a scaled value."""
        low, high = self.ends
        return min(x - low, high - x)

    @property
    def ends(self) -> tuple[float, float]:
        """The window's ends, scaled."""
        low, high = self.scaled(np.array([self.low, self.high]))
        return float(low), float(high)

    def scaled(self, values: Floats) -> Floats:
        """(n,) values as distances are told in: their common logarithms where these are decades."""
        if not self.decades:
            return values
        with np.errstate(all="ignore"):
            return np.where(values > 0.0, np.log10(values), math.nan)

    def _range(self, value: Measured) -> tuple[float, float, float, float]:
        """Scaled value, its standard error, and the ends of its interval.

        An end that has no logarithm lies as far away as the standard error at the value has it.
        """
        x, low, high = (float(one) for one in self.scaled(np.array([value.value, value.low, value.high])))
        if not self.decades:
            return x, value.error, low, high
        slope = 1.0 / (value.value * math.log(10.0)) if value.value > 0.0 else math.nan
        width = value.high - value.low
        if math.isfinite(low) and math.isfinite(high) and width > 0.0:
            slope = (high - low) / width
        error = value.error * slope
        low = low if math.isfinite(low) else x - _NORMAL * error
        high = high if math.isfinite(high) else x + _NORMAL * error
        return x, error, low, high

    def _probability(self, x: float, error: float) -> float | None:
        low, high = self.ends
        if low == high:
            return None
        if error == 0.0:
            return float(low <= x <= high)
        return float(stats.norm.cdf((high - x) / error) - stats.norm.cdf((low - x) / error))


def wanted_by(
    objectives: Sequence[Objective], find: Callable[[str], Quantity | None], machine: Mapping[str, Any]
) -> list[Wanted]:
    """What each objective wants.

    Parameters
    ----------
    objectives
        As in the campaign file.
    find
        Gives the quantity of a name.
    machine
        The campaign's section, which names the machines' kind.

    Raises
    ------
    SpecError
        As :func:`wanted_of`, or a window's machines have no kind.
    """
    if not any(objective.bounds for objective in objectives):
        return [Sense(objective.sign) for objective in objectives]
    if "kind" not in machine:
        raise SpecError("machine.kind: is missing; expected one of the kinds of machines")
    scale = kind_of(str(machine["kind"])).coordinate.scale
    return [wanted_of(objective, find, scale) for objective in objectives]


def wanted_of(
    objective: Objective, find: Callable[[str], Quantity | None], scale: Scale, where: str = "objectives"
) -> Wanted:
    """What an objective wants.

    Parameters
    ----------
    objective
        As in the campaign file.
    find
        Gives the quantity of a name.
    scale
        How the motion of the machines' coordinate is counted.
    where
        Its field, for errors.

    Raises
    ------
    SpecError
        A bound has another unit than the quantity, lies where the quantity has no values, or the lower one
        is not below the upper one.
    """
    if not objective.bounds:
        return Sense(objective.sign)
    field = f"{where}.{'within' if objective.within is not None else 'target'}"
    name = alone(objective.expression)
    quantity = find(name) if name is not None else None
    if quantity is not None:
        quantity = quantity.on(scale)
    domain = (-math.inf, math.inf) if quantity is None else quantity.bounds
    decades = quantity is not None and quantity.decades
    if name != objective.expression.strip() and name is not None:  # its absolute value
        domain = (0.0, max(map(abs, domain)))
    ends = []
    for bound in objective.bounds:
        try:
            value = in_unit(bound, "1" if quantity is None else quantity.unit)
        except QuantityError as error:
            raise SpecError(f"{field}: {objective.expression}: {error}") from error
        if not domain[0] <= value <= domain[1] or (decades and value <= 0.0):
            raise SpecError(
                f"{field}: got {shortened(bound)}; expected what {objective.expression} can be: "
                f"{_in_words(domain, decades)}"
            )
        ends.append(value)
    if objective.within is not None and not ends[0] < ends[1]:
        raise SpecError(
            f"{field}: got {objective.bounds_text}; expected the lower bound first, the upper one above it "
            "(for a single value: target)"
        )
    return Window(ends[0], ends[-1], decades)


def _in_words(domain: tuple[float, float], decades: bool) -> str:
    low, high = domain
    if decades and low <= 0.0:
        return "above zero"
    if math.isinf(high):
        return f"{low:g} or more"
    return f"{high:g} or less" if math.isinf(low) else f"{low:g} to {high:g}"
