"""Whether a number is a fact's: value within the interval, width, ends of a range, difference, ratio."""

from __future__ import annotations

import math
from collections.abc import Sequence

from molmach.words.facts import SAID, Fact, Source
from molmach.words.measures import conversion, size_of
from molmach.words.numbers import Number

_ABOUT = 0.05
"""Share of a number by which ``about`` may be off, beside the interval."""

_DIGIT = 0.05
"""Share of a number that half a unit of its last place may be at most: ``1`` is not everything up to 1.5."""

_EXACT = 0.005
"""The same where a value is quoted and not measured."""

_WIDTH = 0.15
"""Share by which a stated width may differ from the one that is known."""

_STUDENT = 1.959963984540054


def factor(number: Number, fact: Fact) -> float | None:
    """What a stated number is multiplied by to be in the fact's unit; None where it can't be meant so.

    A number without a unit is taken in the fact's own.
    """
    if not number.unit:
        return 1.0
    times = conversion(number.unit, fact.unit)
    if times is None:
        return None
    stated, own = size_of(number.unit), size_of(fact.unit)
    if stated is not None and own is not None and stated.counts and not own.counts and stated.dimension:
        return None if fact.source in SAID and fact.subject == "" else times
    return times


def says(number: Number, fact: Fact, sense: str, *, flipped: bool = False) -> bool:
    """Whether a number is what a fact has.

    Parameters
    ----------
    number, fact
        What is said, and what is known.
    sense
        ``least``, ``most``, ``about`` or '', as the words say it.
    flipped
        Whether the words say backwards, so that the number stands for its negative.
    """
    times = factor(number, fact)
    if times is None or not math.isfinite(fact.value) or number.ratio:
        return False
    sign = -1.0 if flipped else 1.0
    x = sign * number.value * times
    if number.other is not None:
        y = sign * number.other * times
        return _is_range(number, min(x, y), max(x, y), times, fact)
    if number.half is not None:
        sense = sense if sense == "about" else ""
        if not _is_width(number, times, fact):
            return False
    sense = "" if fact.source is Source.INPUT and sense in ("least", "most") else sense
    if sense == "least":
        return fact.value >= x - tolerance(number, times, sense)
    if sense == "most":
        return fact.value <= x + tolerance(number, times, sense)
    slack = tolerance(number, times, sense)
    if fact.quoted:
        exact = slack if sense == "about" else max(min(slack, _EXACT * abs(x)), 1e-9 * abs(x))
        if number.half is not None or fact.error:
            exact = slack
        return abs(fact.value - x) <= exact + 1e-9 * abs(fact.value)
    return x + slack >= fact.low and x - slack <= fact.high


def tolerance(number: Number, times: float, sense: str) -> float:
    """By how much a number may be off for its digits alone, in the fact's unit."""
    size = abs(number.value) * times
    digit = number.digit * times
    if number.whole and size:
        digit = min(digit, _DIGIT * size)
    return max(digit, _ABOUT * size) if sense == "about" else digit


def _is_width(number: Number, times: float, fact: Fact) -> bool:
    """Whether what stands behind ± is the fact's standard error or half its interval."""
    half = abs(number.half or 0.0) * times
    known = [
        fact.error,
        _STUDENT * fact.error,
        0.5 * (fact.high - fact.low),
        fact.high - fact.value,
        fact.value - fact.low,
    ]
    slack = number.half_digit * times
    return any(
        width > 0.0 and abs(half - width) <= max(_WIDTH * width, slack) and half > 0.3 * width
        for width in known
    )


def _is_range(number: Number, low: float, high: float, times: float, fact: Fact) -> bool:
    """Whether a range is the fact's interval, or one that holds the value and is no narrower."""
    slack = max(number.digit * times, 0.1 * (fact.high - fact.low), 1e-9 * max(abs(low), abs(high)))
    ends = [(fact.low, fact.high)]
    if fact.error and fact.source in SAID:
        ends += [
            (fact.value - fact.error, fact.value + fact.error),
            (fact.value - _STUDENT * fact.error, fact.value + _STUDENT * fact.error),
        ]
    if any(abs(low - a) <= slack and abs(high - b) <= slack for a, b in ends if b > a):
        return True
    if number.enclosed or fact.quoted:
        return False
    wide = high - low >= 0.9 * (fact.high - fact.low)
    return wide and low - slack <= fact.value <= high + slack and high - low <= 0.5 * max(abs(low), abs(high))


def is_span(number: Number, facts: Sequence[Fact], sense: str) -> bool:
    """Whether a range is that of the values of several facts."""
    if number.other is None or not facts:
        return False
    times = factor(number, facts[0])
    if times is None:
        return False
    low, high = number.value * times, number.other * times
    least, most = min(facts, key=lambda fact: fact.value), max(facts, key=lambda fact: fact.value)
    slack = number.digit * times
    return least.low - slack <= low <= least.high + slack and most.low - slack <= high <= most.high + slack


def difference(one: Fact, other: Fact) -> tuple[float, float]:
    """How far two facts are apart, and half the interval of that, forecasts being what they say."""
    return one.value - other.value, math.hypot(_half(one), _half(other))


def _half(fact: Fact) -> float:
    return 0.0 if fact.quoted else 0.5 * (fact.high - fact.low)


def ratio(one: Fact, other: Fact) -> tuple[float, float]:
    """Quotient of two facts and half its interval; nan where the second may be zero."""
    if other.value == 0.0 or (other.low <= 0.0 <= other.high and not other.quoted):
        return math.nan, math.nan
    value = one.value / other.value
    spreads = [_half(f) / abs(f.value) if f.value else math.inf for f in (one, other)]
    return value, abs(value) * math.hypot(*spreads)


def is_derived(number: Number, one: Fact, other: Fact, sense: str) -> bool:
    """Whether a number is the difference, the ratio or the percentage of two facts of one quantity.

    Parameters
    ----------
    number
        What is said.
    one, other
        The facts, in the order in which they are spoken of.
    sense
        As the words say it.
    """
    if number.other is not None or number.half is not None:
        return False
    value, width = ratio(one, other)
    if number.ratio:
        return _near(number, number.value, 1.0, [(value, width)], sense)
    if number.unit in ("%", "percent"):
        change = 100.0 * abs(value - 1.0), 100.0 * width
        return _near(number, abs(number.value), 1.0, [change], sense)
    times = factor(number, one)
    if times is None:
        return False
    apart, half = difference(one, other)
    return _near(number, abs(number.value) * times, times, [(abs(apart), half)], sense)


def _near(number: Number, x: float, times: float, known: Sequence[tuple[float, float]], sense: str) -> bool:
    slack = tolerance(number, times, sense)
    if number.ratio:
        slack = max(slack if not number.whole else 0.0, (0.2 if sense == "about" else 0.1) * x)
    for value, width in known:
        if not math.isfinite(value):
            continue
        if sense == "least" and value >= x - slack:
            return True
        if sense == "most" and value <= x + slack:
            return True
        if sense in ("", "about") and abs(value - x) <= width + slack:
            return True
    return False
