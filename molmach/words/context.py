"""What a number in a sentence is said of: which machines, which quantity, which source, in which sense."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from molmach.words import vocabulary
from molmach.words.facts import Facts, Source
from molmach.words.numbers import Number

_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[\"'(\[]?[A-Z#\[\d])|(?<=;)\s+|\n+")
_NAMED = r"#?\d{1,7}(?!\.\d|\w)(?!\s?(?:%|±|\+/?-|turns?\s?(?:/|per)|GHz))"
_REFERENCE = re.compile(
    rf"\b(?:trials|machines|designs|proposals|rotors|runs|candidates)\s*{_NAMED}"
    rf"(?:(?:\s*,\s*(?:and\s+|or\s+)?|\s+(?:and|or|to)\s+|\s*&\s*){_NAMED})*"
    rf"|\b(?:trial|machine|design|proposal|rotor|run|number|candidate)\s*(?:no\.?\s*)?{_NAMED}|#\d{{1,7}}\b",
    re.IGNORECASE,
)
_FEW = 12
"""Whole numbers up to this count things where they have no unit."""

_OF = re.compile(
    r"\s*(?:(?:was|were|is|are|been|measured|simulated|seen|foretold|predicted|expected|reached|"
    r"given|obtained|known)\s+)*"
    r"(?:of|for|by|with|from|in|at)\s+(?:the\s+)?(?:\w+\s+)?#?",
    re.IGNORECASE,
)
"""Words between a number and the machine that it is said of."""

_HEX = re.compile(r"\b[0-9a-f]{6,64}\b")


@dataclass(frozen=True)
class Mention:
    """Where machines are spoken of, and which; ``sure`` where they are named by number, key or molecule."""

    start: int
    end: int
    machines: tuple[str, ...]
    sure: bool = True


@dataclass(frozen=True)
class Context:
    """What a number is said of.

    Attributes
    ----------
    machines
        Keys of the machine that it is said of; several where the words leave open which of them, none where
        they name none.
    compared
        Machines that stand in the same sentence, the number's own left in, in their order.
    named_machine
        Whether the sentence names a machine by number, key or molecule.
    quantity
        The quantity's name; '' where the words say none.
    generic
        Whether the words speak of a value without saying of what.
    inherited
        Whether the quantity was said before an earlier number of the sentence.
    ahead
        Whether it stands before the number, and not behind.
    sources
        From where the number may come.
    sense
        ``least``, ``most``, ``about`` or ''.
    backward, forward
        Whether the words say so.
    difference
        Whether it is said how far two machines, or theory and measurement, are apart.
    all_machines
        Whether it is said of all machines; ``none`` of them where ``denied``.
    before, after
        The words around, up to the next numbers.
    sentence
        The whole sentence.
    """

    machines: tuple[str, ...] = ()
    compared: tuple[str, ...] = ()
    named_machine: bool = False
    quantity: str = ""
    generic: bool = False
    inherited: bool = False
    ahead: bool = False
    sources: frozenset[Source] = frozenset()
    sense: str = ""
    backward: bool = False
    forward: bool = False
    difference: bool = False
    all_machines: bool = False
    denied: bool = False
    before: str = ""
    after: str = ""
    sentence: str = ""


_MEASURED = frozenset({Source.MEASURED, Source.CONFIRMED, Source.INPUT, Source.COUNT})
_OF_CUE: Mapping[str, frozenset[Source]] = {
    "theory": frozenset({Source.THEORY, Source.INPUT}),
    "predicted": frozenset({Source.PREDICTED, Source.THEORY, Source.INPUT}),
    "undriven": frozenset({Source.UNDRIVEN}),
    "mirror": frozenset({Source.MIRROR}),
    "confirmed": frozenset({Source.CONFIRMED}),
    "measured": _MEASURED,
}


@dataclass
class _Sentence:
    """A sentence with what it speaks of."""

    start: int
    end: int
    mentions: list[Mention]
    numbers: list[Number] = field(default_factory=list)
    carried: list[Mention] = field(default_factory=list)
    """Those of the sentence before, where it names none itself."""

    @property
    def sure(self) -> list[Mention]:
        return [mention for mention in self.mentions if mention.sure]


def contexts(text: str, numbers: Sequence[Number], facts: Facts) -> list[Context]:
    """The context of each number of a text.

    Parameters
    ----------
    text, numbers
        The text, and what :func:`molmach.words.numbers.numbers` read in it.
    facts
        Which machines there are.
    """
    sentences = _sentences(text, facts)
    for number in numbers:
        next(s for s in sentences if s.start <= number.start < s.end).numbers.append(number)
    names = frozenset(fact.name for fact in facts.facts if fact.source not in (Source.INPUT, Source.COUNT))
    contexts_of: dict[int, Context] = {}
    before: list[Mention] = [Mention(0, 0, (facts.current,))] if facts.current else []
    for sentence in sentences:
        if not sentence.mentions:
            sentence.carried = [
                replace(mention, start=sentence.start, end=sentence.start) for mention in before
            ]
        for number, context in zip(sentence.numbers, _within(text, sentence, facts, names), strict=True):
            contexts_of[number.start] = context
        before = sentence.mentions or before
    return [contexts_of[number.start] for number in numbers]


def _sentences(text: str, facts: Facts) -> list[_Sentence]:
    ends = [match.end() for match in _SENTENCE.finditer(text)] + [len(text)]
    starts = [0, *ends[:-1]]
    return [_Sentence(a, b, _mentions(text, a, b, facts)) for a, b in zip(starts, ends, strict=True) if b > a]


def _mentions(text: str, start: int, end: int, facts: Facts) -> list[Mention]:
    """Machines that a sentence names, in their order; by design or rank where by nothing else."""
    sentence = text[start:end]
    by_number = {name: key for key, names in facts.names.items() for name in names if name.startswith("#")}
    places: list[Mention] = []
    for match in _REFERENCE.finditer(sentence):
        for digits in re.finditer(r"\d+", match[0]):
            key = by_number.get(f"#{int(digits[0])}")
            where = start + match.start() + digits.start()
            places.append(Mention(where, where + len(digits[0]), (key,) if key else ("?",)))
    for match in _HEX.finditer(sentence):
        keys = [key for key in facts.names if key.startswith(match[0])]
        if keys:
            places.append(Mention(start + match.start(), start + match.end(), tuple(keys)))
    molecules: dict[str, list[str]] = {}
    for key, names in facts.names.items():
        for name in names:
            if not name.startswith("#") and name in sentence:
                molecules.setdefault(name, []).append(key)
    for name, keys in molecules.items():
        if not any(name != other and name in other for other in molecules):
            places += [
                Mention(start + m.start(), start + m.end(), tuple(keys))
                for m in re.finditer(re.escape(name), sentence)
            ]
    if not places:
        places = [*_by_design(sentence, start, facts), *_by_rank(sentence, start, facts)]
    return sorted(places, key=lambda mention: mention.start)


def _by_rank(sentence: str, start: int, facts: Facts) -> list[Mention]:
    if not facts.leaders or (match := vocabulary.BEST.search(sentence)) is None:
        return []
    keys = sorted(facts.leaders)
    if vocabulary.SOURCES["confirmed"].search(sentence):
        again = [f for f in facts.facts if f.source is Source.CONFIRMED and f.goal]
        keys += (
            [max((f for f in again if f.name == again[0].name), key=lambda f: f.value).subject]
            if again
            else []
        )
    return [Mention(start + match.start(), start + match.end(), tuple(keys), sure=False)]


def _by_design(sentence: str, start: int, facts: Facts) -> list[Mention]:
    """Machines that have all the values which a sentence puts on variables; none where it puts none."""
    wanted: dict[str, set[str]] = {}
    first = last = 0
    variables = {variable for design in facts.designs.values() for variable in design if "." not in variable}
    values = {value for design in facts.designs.values() for name, value in design.items() if "." not in name}
    if not variables:
        return []
    names, said = (
        "|".join(map(re.escape, variables)),
        "|".join(map(re.escape, sorted(values, key=len, reverse=True))),
    )
    several = rf"(?:{names})(?:\s*(?:,|and|,\s*and)\s*(?:{names}))*"
    for pattern in (
        rf"(?P<value>{said})\s+(?:on|at|in)\s+(?P<names>{several})\b",
        rf"\b(?P<names>{several})\s*(?:=|:|is|are|being)?\s*(?P<value>{said})\b",
    ):
        for match in re.finditer(pattern, sentence, re.IGNORECASE):
            for name in re.findall(names, match["names"]):
                wanted.setdefault(name, set()).add(match["value"].lower())
            first, last = first or match.start(), max(last, match.end())
    if not wanted:
        return []
    keys = [
        key
        for key, design in facts.designs.items()
        if all({str(design.get(name, "")).lower()} == one for name, one in wanted.items())
    ]
    return [Mention(start + first, start + last, tuple(keys) or ("?",), sure=False)]


def _within(text: str, sentence: _Sentence, facts: Facts, names: frozenset[str]) -> list[Context]:
    """Contexts of the numbers of one sentence."""
    contexts_of: list[Context] = []
    words = text[sentence.start : sentence.end]
    quantity, cue = "", ""
    parallel = _parallel(sentence)
    for k, number in enumerate(sentence.numbers):
        begin = sentence.numbers[k - 1].end if k else sentence.start
        stop = sentence.numbers[k + 1].start if k + 1 < len(sentence.numbers) else sentence.end
        before, after = text[begin : number.start], text[number.end : stop]
        near = _clause(after)
        own, inherited = _quantity(before, near, stop < sentence.end and len(near) == len(after), names)
        if own:
            quantity = own
        new_mention = any(begin <= mention.start < number.start for mention in sentence.mentions)
        sources, cue = _sources(before, near, cue if not (new_mention and k) else "")
        machines = _machines(number, k, sentence, parallel, before, near)
        everyone = not sentence.sure and (
            bool(vocabulary.RANGE_OF_ALL.search(words)) or bool(vocabulary.NOTHING.search(before))
        )
        around = before + " " + near
        contexts_of.append(
            Context(
                machines=machines,
                compared=tuple(dict.fromkeys(key for m in sentence.mentions for key in m.machines)),
                named_machine=bool(sentence.sure),
                quantity=own or quantity,
                generic=vocabulary.names_a_score(around),
                inherited=inherited or not own,
                ahead=bool(vocabulary.quantities_in(before, names)),
                sources=sources,
                sense=_sense(text[sentence.start : number.start], before),
                backward=bool(vocabulary.BACKWARD.search(around)),
                forward=bool(vocabulary.FORWARD.search(around)),
                difference=_is_difference(before, near),
                all_machines=everyone,
                denied=bool(vocabulary.NOTHING.search(before)),
                before=before,
                after=near,
                sentence=words,
            )
        )  # fmt: skip
    return contexts_of


def _is_difference(before: str, after: str) -> bool:
    """Whether a number is said to be how far two are apart: ``by 29``, ``29 turn/ns faster``."""
    if re.search(r"\bby\s*(?:about\s+|some\s+|roughly\s+)?$", before):
        return True
    if vocabulary.APART.search(before) or vocabulary.GAINS.search(before):
        return True
    behind = vocabulary.COMPARED.match(after.lstrip()) is not None
    return behind and not re.search(r"\b(?:with|at|to|of|reach\w*|makes?|gave)\s*(?:about\s+)?$", before)


def _clause(after: str) -> str:
    """What follows a number, up to where something else begins."""
    match = vocabulary.CLAUSE_END.search(after)
    return after if match is None else after[: match.start()] + _after_than(after, match)


def _after_than(after: str, match: re.Match[str]) -> str:
    """A comparison goes on behind its ``than``."""
    return after[match.start() :] if match[0].lower() == "than" else ""


def _quantity(before: str, after: str, followed: bool, names: frozenset[str]) -> tuple[str, bool]:
    """The quantity that stands next to a number, before or behind it; whether that is unsure.

    Where another number follows, what stands further behind is said of that one.
    """
    ahead = vocabulary.quantities_in(before, names)
    if ahead:
        return ahead[-1][1], False
    behind = [one for one in vocabulary.quantities_in(after, names) if not followed or one[0] <= 1]
    return (behind[0][1], False) if behind else ("", True)


def _sources(before: str, after: str, cue: str) -> tuple[frozenset[Source], str]:
    """From where a number may come, and the word that says so for those that follow."""
    for piece, pick in ((before, -1), (after, 0)):
        places = sorted(
            (m.start(), name) for name, words in vocabulary.SOURCES.items() for m in words.finditer(piece)
        )
        if places:
            name = places[pick][1]
            if name == "measured" and len(places) > 1 and piece[places[pick][0] :].lower().startswith("gave"):
                name = places[-2][1]  # "theory gave" is no measurement
            controls = [n for _, n in places if n in ("undriven", "mirror")]
            if name in ("measured", "confirmed") and controls:  # "the mirror image was measured at"
                name = controls[-1]
            return _OF_CUE[name], name
    if cue and cue != "measured":
        return _OF_CUE[cue] | _MEASURED, cue
    return _MEASURED, ""


def _sense(ahead: str, before: str) -> str:
    if vocabulary.APPROXIMATELY.search(ahead):
        return "about"
    if vocabulary.AT_MOST.search(ahead):
        return "most"
    if vocabulary.AT_LEAST.search(ahead):
        return "least"
    return ""


def _parallel(sentence: _Sentence) -> dict[int, tuple[str, ...]]:
    """Numbers that follow as many machines one by one: ``trial 2 and trial 3 make 92 and 121``."""
    mentions = sentence.mentions or sentence.carried
    numbers = [n for n in sentence.numbers if n.unit or n.half is not None or not n.whole or n.value > _FEW]
    assigned: dict[int, tuple[str, ...]] = {}
    k = 0
    while k < len(mentions):
        run = [mentions[k]]
        while k + 1 < len(mentions) and not any(
            run[-1].start < number.start < mentions[k + 1].start for number in numbers
        ):
            k += 1
            run.append(mentions[k])
        k += 1
        end = mentions[k].start if k < len(mentions) else sentence.end
        after = [n for n in numbers if run[-1].start < n.start < end]
        units = {n.unit for n in after if n.unit}
        alike = [n for n in after if n.half is not None or not n.unit or len(units) < 2]
        if len(run) > 1 and len(alike) == len(run):
            assigned |= {n.start: mention.machines for n, mention in zip(alike, run, strict=True)}
    return assigned


def _machines(
    number: Number,
    place: int,
    sentence: _Sentence,
    parallel: Mapping[int, tuple[str, ...]],
    before: str,
    after: str,
) -> tuple[str, ...]:
    """Which machine a number is said of."""
    if number.start in parallel:
        return parallel[number.start]
    behind = next((m for m in sentence.mentions if m.start >= number.end), None)
    ahead = [m for m in sentence.mentions if m.start < number.start]
    if behind is not None and _is_of(after, behind, number):
        return behind.machines
    if ahead:
        new = [m for m in ahead if m.start >= number.start - len(before)]
        shift = number.start - len(before)
        if len(new) > 1 and vocabulary.COMPARED.search(before[new[0].end - shift : new[1].start - shift]):
            return new[0].machines
        return ahead[-1].machines
    if behind is not None:
        return behind.machines
    return sentence.carried[-1].machines if sentence.carried else ()


def _is_of(after: str, mention: Mention, number: Number) -> bool:
    """Whether a machine stands right behind a number, as in ``92 turn/ns for trial 2``."""
    reach = after[: max(0, mention.start - number.end)]
    if len(after) < mention.start - number.end:
        return False
    return bool(_OF.fullmatch(reach) or re.fullmatch(r"\s*\(\s*(?:\w+\s+)?#?", reach))
