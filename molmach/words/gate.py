"""The number gate: every number of a statement is somebody's, or is struck out where everyone sees it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from molmach.words import vocabulary
from molmach.words.context import Context, contexts
from molmach.words.facts import Fact, Facts, Source, words_of
from molmach.words.matching import factor, is_derived, is_span, says
from molmach.words.measures import size_of
from molmach.words.numbers import Number, numbers

LONGEST = 20_000
"""Characters of a statement that are read; what is beyond them is cut off."""

_STRUCK = ("~~", "~~")
_CITED = (" ⟦", "⟧")
_MARKS = re.compile(r"~~+|[⟦⟧]")
_QUOTIENT = re.compile(r"\b(?:ratio|quotient) (?:of|between)\b", re.IGNORECASE)
_COUNT = 20
"""Whole numbers up to this may count things."""


class Verdict(StrEnum):
    """What becomes of a number."""

    BORNE_OUT = "borne out"
    STRUCK = "struck"
    NO_RESULT = "no result"
    """A count of things, a place in a list: nothing that a run could bear out."""


@dataclass(frozen=True)
class Said:
    """A number of a statement, and what became of it.

    Attributes
    ----------
    start, end, text
        Where it stands in the statement, and what stands there.
    verdict
        What becomes of it.
    reference
        The fact that bears it out; '' where none does.
    reason
        Why it is struck out.
    """

    start: int
    end: int
    text: str
    verdict: Verdict
    reference: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Judged:
    """A statement and its numbers.

    Attributes
    ----------
    text
        The statement without marks of the gate's own, which nobody else may set.
    numbers
        Its numbers in their order.
    """

    text: str
    numbers: tuple[Said, ...]

    @property
    def struck(self) -> tuple[Said, ...]:
        """Numbers that nothing bears out."""
        return tuple(number for number in self.numbers if number.verdict is Verdict.STRUCK)

    @property
    def marked(self) -> str:
        """The statement with ``~~struck~~`` numbers and a reference ``⟦...⟧`` behind every other one."""
        pieces, position = [], 0
        for number in self.numbers:
            if number.verdict is Verdict.NO_RESULT:
                continue
            opening, closing = _STRUCK if number.verdict is Verdict.STRUCK else ("", "")
            note = "" if number.verdict is Verdict.STRUCK else f"{_CITED[0]}{number.reference}{_CITED[1]}"
            pieces += [
                self.text[position : number.start],
                opening,
                self.text[number.start : number.end],
                closing,
                note,
            ]
            position = number.end
        return "".join([*pieces, self.text[position:]])


def marks_in(text: str) -> tuple[int, int]:
    """How many numbers of a marked text are borne out, and how many are struck.

    >>> marks_in("92 ⟦trial 2⟧ and ~~129~~")
    (1, 1)
    """
    return text.count(_CITED[1]), text.count(_STRUCK[0]) // 2


def unmarked(text: str) -> str:
    """A text without what only the gate may write: marks of struck numbers and of references.

    >>> unmarked("92 ⟦trial 2⟧ and ~~129~~")
    '92 trial 2 and 129'
    """
    return _MARKS.sub("", text)


def judge(text: str, facts: Facts) -> Judged:
    """Hold every number of a statement against what is known.

    A number has to be said of a machine (by its trial's number, its key, its molecule or its design; the best
    one; the one at hand), or be an input or a count; with the quantity's name or a unit of its kind; and lie
    within the interval. Numbers of theory, of predictions and of controls have to be said as theirs.

    Parameters
    ----------
    text
        The statement.
    facts
        What is known.
    """
    text = unmarked(text)[:LONGEST]
    names = tuple(name for of_one in facts.names.values() for name in of_one if not name.startswith("#"))
    stated = numbers(text, [name for name in names if len(name) > 2])
    verdicts = [
        _said(text, number, context, facts)
        for number, context in zip(stated, contexts(text, stated, facts), strict=True)
    ]
    return Judged(text, tuple(verdicts))


def _said(text: str, number: Number, context: Context, facts: Facts) -> Said:
    words = text[number.start : number.end]
    if fact := _borne_out(number, context, facts):
        return Said(number.start, number.end, words, Verdict.BORNE_OUT, fact)
    if _is_a_count(number, context):
        return Said(number.start, number.end, words, Verdict.NO_RESULT)
    return Said(number.start, number.end, words, Verdict.STRUCK, reason=_why(number, context, facts))


def _is_a_count(number: Number, context: Context) -> bool:
    """Whether a number counts things that no ledger counts, or stands in a list of such."""
    if number.unit or number.ratio or not number.whole or number.half is not None or number.value < 0.0:
        return False
    if _noun(context) is not None:
        return False
    own = context.quantity and not context.inherited
    if number.value > _COUNT or own or context.generic or context.sense:
        return False
    return bool(re.match(r"\s+(?:[a-z]{3,}|of\b)|\s*[,.;)]|\s*$", context.after)) and not re.search(
        r"(?:=|\bat|\bis|\bwas|\bmakes?|\breach\w*|\bgives?|\bgave)\s*$", context.before
    )


def _noun(context: Context) -> str | None:
    """What a number counts, where a ledger counts that too; None where it does not."""
    for name, words in vocabulary.NOUN.items():
        if words.match(context.after):
            if name == "machines" and not any(
                w.search(context.sentence) for w in vocabulary.COUNTED.values()
            ):
                return None
            return name
    for name, words in vocabulary.COUNTED.items():
        if re.match(
            rf"\s*(?:has|have|had|was|were|of them)?\s*(?:been\s+)?{words.pattern}",
            context.after,
            re.IGNORECASE,
        ):
            return name
    return None


def _borne_out(number: Number, context: Context, facts: Facts) -> str:
    """Reference of what bears a number out; '' where nothing does."""
    noun = _noun(context) if not number.unit and number.half is None else None
    if noun is not None:
        return _counted(number, context, facts, noun)
    if _QUOTIENT.search(context.before) and not number.unit:
        number = replace(number, ratio=True)
    if number.ratio or context.difference:
        return _derived(number, context, facts)
    if context.all_machines or _is_superlative(number, context):
        return _of_all(number, context, facts)
    flipped = context.backward and not context.forward and number.value >= 0.0
    for fact in _candidates(number, context, facts):
        turned = flipped and fact.low < 0.0 and fact.source not in (Source.INPUT, Source.COUNT)
        if (
            flipped
            and not turned
            and fact.value > 0.0
            and size_counts(fact)
            and "mirror" not in context.sentence
        ):
            continue
        if says(number, fact, context.sense, flipped=turned):
            return fact.reference
    return _span_of_inputs(number, context, facts)


def _is_superlative(number: Number, context: Context) -> bool:
    """Whether a number is said to be the highest or lowest of a quantity, of whatever machine."""
    ranked = vocabulary.HIGHEST.search(context.before) or vocabulary.LOWEST.search(context.before)
    return bool(ranked) and context.ahead and not context.named_machine and number.other is None


def size_counts(fact: Fact) -> bool:
    """Whether a fact is of a motion that has a sense."""
    size = size_of(fact.unit)
    return size is not None and (size.counts or fact.name == "directionality")


def _counted(number: Number, context: Context, facts: Facts, noun: str) -> str:
    names = {noun}
    if noun == "machines":
        names = {name for name, words in vocabulary.COUNTED.items() if words.search(context.after)} or {
            "measured", "failed", "confirmed", "machines"
        }  # fmt: skip
        names |= {"machines"} if re.search(r"\bof (?:the |our |all )?$", context.before) else set()
    counts = [f for f in facts.facts if f.source is Source.COUNT and f.name in names]
    given = [f for f in facts.facts if f.source is Source.INPUT and not f.unit and names & f.words]
    for fact in (*counts, *_nearest(given, names, context)):
        if says(number, fact, context.sense):
            return fact.reference
    return ""


def _nearest(given: Sequence[Fact], names: set[str], context: Context) -> list[Fact]:
    """Of inputs, those whose place shares most words with the sentence: rungs' where it speaks of a rung."""
    said = {word.rstrip("s") for word in words_of(context.sentence)}
    shared = [len({word.rstrip("s") for word in f.words - names} & said) for f in given]
    return [f for f, count in zip(given, shared, strict=True) if count == max(shared)]


def _candidates(number: Number, context: Context, facts: Facts) -> Iterable[Fact]:
    """Facts that a number may be meant to be, by machine, source, quantity and unit."""
    fits = [fact for fact in facts.facts if factor(number, fact) is not None]
    own = [f for f in fits if f.subject in context.machines and f.source in context.sources and f.subject]
    bounds = bool(vocabulary.BOUNDS.search(context.sentence))
    given = [
        f for f in fits
        if not f.subject and f.source is Source.INPUT and Source.INPUT in context.sources
        and (bounds or f.name.rpartition(".")[2] not in ("low", "high"))
    ]  # fmt: skip
    pool = (
        [f for f in own if f.source is not Source.INPUT]
        + [f for f in own if f.source is Source.INPUT]
        + given
    )
    if context.quantity:
        named = [f for f in pool if _is_named(f, context.quantity)]
        if named:
            given = (
                []
                if context.ahead
                else [f for f in pool if f.source is Source.INPUT and _same_style(number, f)]
            )
            if context.inherited and all(f.source is Source.INPUT for f in named):
                given = pool
            return [*named, *given]
        if not context.inherited and not number.unit:
            return []
        known = any(_is_named(f, context.quantity) for f in facts.facts)
        if not context.inherited and not known:
            return []
        return [f for f in pool if number.unit and (context.inherited or f.source is Source.INPUT)] or [
            f for f in pool if context.inherited and f.goal
        ]
    if number.unit:
        measured = [f for f in pool if f.source is not Source.INPUT]
        return measured + [f for f in pool if f.source is Source.INPUT and _same_style(number, f)]
    return [f for f in pool if f.goal] + _input_named(context, pool)


def _same_style(number: Number, fact: Fact) -> bool:
    """Whether a unit is of the kind that the input has: no turns per nanosecond for gigahertz."""
    one, other = size_of(number.unit), size_of(fact.unit)
    return one is not None and other is not None and one.counts == other.counts and bool(fact.unit)


def _input_named(context: Context, pool: Sequence[Fact]) -> list[Fact]:
    """Inputs without a unit whose name stands in the words around."""
    around = words_of(f"{context.before} {context.after}")
    singular = around | {word.rstrip("s") for word in around}
    return [
        f for f in pool
        if f.source is Source.INPUT and not f.unit and any(w in singular or w.rstrip("s") in singular
                                                          for w in f.words if len(w) > 3)
    ]  # fmt: skip


def _is_named(fact: Fact, quantity: str) -> bool:
    """Whether a fact is of a quantity: by its whole name, or an input by the last part of its place."""
    if fact.source in (Source.INPUT, Source.COUNT):
        return bool(words_of(quantity) & words_of(fact.name.rpartition(".")[2])) or (
            quantity in ("frequency", "field") and quantity in fact.words
        )
    return fact.name == quantity


def _derived(number: Number, context: Context, facts: Facts) -> str:
    """Reference of two facts whose difference or ratio a number is; '' where there are none."""
    quantity = context.quantity
    measured = frozenset({Source.MEASURED, Source.CONFIRMED})
    pools = [
        [
            f
            for f in facts.facts
            if f.subject == key
            and f.source in measured
            and not f.superseded
            and (f.name == quantity if quantity else f.goal)
        ]
        for key in context.compared
    ]
    pairs = [
        (a, b)
        for one in pools
        for other in pools
        if one is not other
        for a in one
        for b in other
        if a.name == b.name
    ]
    if len(context.compared) == 2 and pairs:
        first = (context.compared[0],) if _QUOTIENT.search(context.before) else context.machines
        pairs = [(a, b) for a, b in pairs if a.subject in first] or pairs
    if len(context.compared) == 1:
        foretold = [
            f
            for f in facts.facts
            if f.subject in context.compared and f.source in (Source.THEORY, Source.PREDICTED)
        ]
        pairs = [(a, b) for a in pools[0] for b in foretold if a.name == b.name]
    for a, b in pairs:
        if is_derived(number, a, b, context.sense):
            return f"{a.reference} against {b.reference}"
    return ""


def _of_all(number: Number, context: Context, facts: Facts) -> str:
    """Reference of a statement about all machines; '' where it does not hold."""
    goals = [
        f for f in facts.facts if f.source is Source.MEASURED and f.goal and factor(number, f) is not None
    ]
    quantity = context.quantity or next((f.name for f in goals), "")
    values = [f for f in goals if f.name == quantity]
    if not values:
        return _span_of_inputs(number, context, facts)
    words = f"{quantity} of {len({f.subject for f in values})} machines"
    if number.other is not None:
        return words if is_span(number, values, context.sense) else _span_of_inputs(number, context, facts)
    for words_of_rank, pick in ((vocabulary.HIGHEST, max), (vocabulary.LOWEST, min)):
        if words_of_rank.search(context.before) and not context.all_machines:
            fact = pick(values, key=lambda one: one.value)
            return fact.reference if says(number, fact, context.sense) else ""
    sense = {"least": "most", "most": "least"}.get(context.sense, "") if context.denied else context.sense
    if sense:
        return words if all(says(number, fact, sense) for fact in values) else ""
    return next((f.reference for f in values if says(number, f, "")), "")


def _span_of_inputs(number: Number, context: Context, facts: Facts) -> str:
    """Reference of an input that is a range, such as a parameter's bounds; '' where there is none."""
    if number.other is None:
        return ""
    ends: dict[str, dict[str, Fact]] = {}
    for fact in facts.facts:
        place, _, end = fact.name.rpartition(".")
        if fact.source is Source.INPUT and end in ("low", "high"):
            ends.setdefault(place, {})[end] = fact
    for place, both in ends.items():
        if len(both) == 2 and (times := factor(number, both["low"])) is not None:
            low, high = number.value * times, number.other * times
            if _equal(low, both["low"].value) and _equal(high, both["high"].value):
                return both["low"].reference.rpartition(".")[0] or place
    return ""


def _equal(one: float, other: float) -> bool:
    return abs(one - other) <= 1e-6 * max(abs(one), abs(other))


def _why(number: Number, context: Context, facts: Facts) -> str:
    """Why a number is struck out, in a few words."""
    if number.unit and size_of(number.unit) is None:
        return "its unit is not known"
    if "?" in context.machines:
        return "there is no such machine"
    if not context.machines and not context.all_machines:
        return "it is said of no machine and is no input"
    near = [
        f for f in facts.facts
        if f.subject in context.machines and f.source in context.sources and factor(number, f) is not None
        and (f.name == context.quantity if context.quantity else f.goal)
    ]  # fmt: skip
    if near:
        fact = near[0]
        return (
            f"{fact.reference} has {fact.value:.4g} ({fact.low:.4g} to {fact.high:.4g}) {fact.unit}".rstrip()
        )
    return f"nothing is known of {context.quantity.replace('_', ' ') or 'that'}"
