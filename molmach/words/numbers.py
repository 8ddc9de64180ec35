"""Numbers in words: where they stand, what they say, and which digits are none (names, molecules, years)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from molmach.words.measures import unit_after

Span = tuple[int, int]


@dataclass(frozen=True)
class Number:
    """A number as it is said.

    Attributes
    ----------
    start, end
        Where it stands, its unit included.
    value
        The number; of a range its lower end.
    other
        The upper end of a range; None of a single number.
    half
        What stands behind ±; None where nothing does.
    unit
        As it is written; '' where there is none.
    digit, half_digit
        Half a unit of the last place of the number, and of what stands behind ±.
    whole
        Whether it is a whole number, without a fraction.
    ratio
        Whether it is a multiple of something: ``twice``, ``1.3 times``.
    enclosed
        Whether a range is written as an interval: ``[89, 95]``.
    """

    start: int
    end: int
    value: float
    other: float | None = None
    half: float | None = None
    unit: str = ""
    digit: float = 0.0
    half_digit: float = 0.0
    whole: bool = False
    ratio: bool = False
    enclosed: bool = False


_SUPERSCRIPT = str.maketrans("⁻⁺⁰¹²³⁴⁵⁶⁷⁸⁹", "-+0123456789")
_NUMBER = re.compile(
    r"(?P<sign>[-+−–])?(?P<number>\d{1,3}(?:[,\u2009\u202f]\d{3})+(?:\.\d+)?(?!\d)|\d+(?:\.\d+)?|"
    r"(?<![\w.])\.\d+)"
    r"(?P<power>[eE][-+−]?\d{1,3}(?!\d|\.\d)|\s?[x×·*]\s?10\s?(?:\^\s?[-+−]?\d+|\*\*\s?[-+−]?\d+|"
    r"[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+))?"
    r"(?P<multiple>k(?![A-Za-z])|M(?![A-Za-z]))?"
)
_PLUS_MINUS = re.compile(r"\s*(?:±|\+\s?/?\s?[-−]|\\pm)\s*")
_BETWEEN = re.compile(r"\s*(?:to|and|-|–|—|\.\.\.?|…|up to|through|,)\s*")
_BEFORE_RANGE = re.compile(
    r"(?:\bbetween|\bfrom|\branges?|\bwithin|\binterval(?: of| is)?:?|[\[(])\s*$", re.IGNORECASE
)

_MASKS = tuple(
    re.compile(pattern, flags)
    for pattern, flags in (
        (r"\b(?:https?://|www\.|doi:|arXiv:|10\.\d{4,}/)\S+", re.IGNORECASE),
        (r"\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?Z?)?\b", 0),
        (r"\b\d{1,2}:\d{2}(?::\d{2})?\b|\b\d+:\d+\b", 0),
        (r"\b\d+(?:\.\d+){2,}\b", 0),
        (r"^\s*\(?\d{1,3}[.)]\s", re.MULTILINE),
        (r"\b\d{1,3}(?:st|nd|rd|th)\b", 0),
        (r"\b\d+[a-z]?(?:[,′']\d+[a-z]?'*)*-(?!(?:fs|ps|ns|us|ms|s|nm|pm|K|GHz|turn|deg|percent|fold|year)\b)"
         r"(?=[A-Za-z(\[])[\w()\[\]-]*", 0),
        (r"\b9[05](?:\.0)?\s?%(?=\s*(?:confidence|interval|CI\b|credib|bound|level|limit|"
            r"range))", re.IGNORECASE),
        (r"\b\d{1,2}-(?=\s*(?:and|or|to|,))", 0),
        (r"\bci\s?95\b|\b95\s?%?\s?ci\b", re.IGNORECASE),
        (r"\b(?:figs?\.?|figures?|tables?|sections?|sec\.|steps?|chapters?|pages?|pp?\.|items?|"
            r"options?|sites?|"
         r"positions?|atoms?|places?|rungs?|seeds?|jobs?|rounds?|levels?|versions?|batch(?:es)?|questions?|"
         r"points?|eqs?\.?|equations?|refs?\.?|no\.|numbers?|trials?|machines?|designs?|proposals?|"
         r"candidates?|"
         r"experiments?|parts?|phases?|plans?|group|groups|carbons?|rings?|stage)\s*(?:no\.\s*|number\s*)?"
         r"#?\d+(?!\.\d|\d|\s?(?:%|±|\+/-|\+-|turns?\s?(?:/|per)|deg|ns|ps|GHz|K\b|kJ))", re.IGNORECASE),
        (r"\b(?:figures|tables|sections|steps|items|options|sites|positions|atoms|rungs|seeds|jobs|"
            r"rounds|batches|"
         r"trials|machines|designs|proposals|candidates|groups|carbons|rings)\s*#?\d+(?:(?:\s*,\s*|"
         r"\s*(?:,\s*)?(?:and|or|to|–|-)\s*)"
         r"#?\d+(?!\.?\d|\s?[%±/]|[a-z]|\s(?:turns?\s?(?:/|per)|deg|ns|ps|GHz|kJ)))+", re.IGNORECASE),
        (r"#\d+\b", 0),
        (r"\bone (?:turn|rotation|cycle|step)\b(?! per|/)", re.IGNORECASE),
        (r"\b[0-9a-f]{6,64}\b(?<=[a-f\d])(?=)", 0),
    )
)  # fmt: skip
_HEX = re.compile(r"(?=[0-9a-f]*[a-f])(?=[0-9a-f]*\d)[0-9a-f]{6,64}")
_YEAR = re.compile(r"(?<![\w.=])(?:19|20)\d\d(?:[a-z])?(?=[),;.:]|\s|$)")
_BEFORE_YEAR = re.compile(
    r"(?:\bin|\bsince|\bby|\buntil|\bof|\bearly|\blate|\bsummer|\bspring|[(,.]|al\.|\b[A-Z][a-z]+)\s*$"
)
_VALUE_WORD = re.compile(
    r"\b(?:velocity|speed|rate|value|score|energy|barrier|makes?|reach\w*|about|around|roughly|"
    r"nearly)\s*(?:of|is|at|=|:)?\s*$",
    re.IGNORECASE,
)

_ATOM = r"(?:\[[^\]\s]+\]|Br|Cl|[BCNOPSFI]|[bcnops]|\*)"
_SMILES = re.compile(rf"{_ATOM}(?:{_ATOM}|[-=#$:/\\.~()]|\d|%\d\d)*")
_RING = re.compile(r"%\d\d|\d")


def is_molecule(token: str) -> bool:
    """Whether a token is a SMILES: atoms and bonds alone, two or more of them, every ring closed.

    >>> is_molecule("c1ccccc1C#N"), is_molecule("S=92"), is_molecule("92")
    (True, False, False)
    """
    if len(token) < 3 or not _SMILES.fullmatch(token):
        return False
    bare = re.sub(r"\[[^\]]*\]", "C", token)
    rings = _RING.findall(bare)
    atoms = len(re.findall(r"Br|Cl|[BCNOPSFIbcnops*]", bare))
    return (
        atoms > 1 and bare.count("(") == bare.count(")") and all(rings.count(r) % 2 == 0 for r in set(rings))
    )


def masked(text: str, names: Sequence[str] = ()) -> list[Span]:
    """Where digits stand that are no numbers: names, molecules, references, years, places in lists.

    Parameters
    ----------
    text
        What is read.
    names
        Names that are known to be none, such as molecules of the ledger.
    """
    spans = [match.span() for mask in _MASKS[:-1] for match in mask.finditer(text)]
    for name in names:
        spans += [match.span() for match in re.finditer(re.escape(name), text)] if name in text else []
    for chunk in re.finditer(r"\S+", text):
        token = chunk[0].rstrip(".,;:!?").lstrip("'\"`(")
        start = chunk.start() + chunk[0].find(token) if token else chunk.start()
        for piece in (token, token.rstrip(")'\"`"), token.rstrip("'\"`")):
            if is_molecule(piece) or _HEX.fullmatch(piece):
                spans.append((start, start + len(piece)))
                break
    for year in _YEAR.finditer(text):
        before = text[max(0, year.start() - 20) : year.start()]
        unit, _ = unit_after(text, year.end())
        if not unit and _BEFORE_YEAR.search(before) and not _VALUE_WORD.search(before):
            spans.append(year.span())
    return spans


def numbers(text: str, names: Sequence[str] = ()) -> list[Number]:
    """The numbers of a text in their order, ranges and ± put together.

    Parameters
    ----------
    text, names
        As in :func:`masked`.
    """
    spans = masked(text, names)
    covered = [False] * (len(text) + 1)
    for start, end in spans:
        covered[start:end] = [True] * (end - start)
    single = [one for one in _single(text) if not any(covered[one.start : one.end])]
    single += [one for one in _written(text) if not any(covered[one.start : one.end])]
    single.sort(key=lambda one: one.start)
    return list(_ranges(text, single))


def _single(text: str) -> Iterator[Number]:
    position = 0
    while (match := _NUMBER.search(text, position)) is not None:
        position = match.end()
        start, before = match.start("number"), text[: match.start("number")]
        sign = match["sign"] or ""
        ahead = text[: match.start()]
        if sign and ahead and (ahead[-1].isalnum() or ahead[-1] in ")]_%"):
            if sign in "-−" and ahead[-1].isalpha():  # a name with a hyphen, such as GFN2-xTB or trial-2
                continue
            sign = ""
        elif not sign and before and (before[-1].isalpha() or before[-1] in "_#"):
            continue
        value, digit = _value(match)
        unit, end = unit_after(text, match.end())
        if (
            not unit
            and re.match(r"[A-Za-z_]", text[match.end() :])
            and not re.match(r"(?:x|×|fold)\b", text[match.end() :])
        ):
            continue
        ratio = (
            bool(re.match(r"[\s-]?(?:x|×|times|fold)(?=\W|$)(?!\s+(?:per|an?|each|every)\b)", text[end:]))
            and not unit
        )
        negative = sign in ("-", "−") or (sign == "–" and not ahead.rstrip().endswith(tuple("0123456789")))
        one = Number(
            match.start() if sign else start, end, -value if sign and negative else value, unit=unit,
            digit=digit, whole="." not in match["number"] and not match["power"], ratio=ratio,
        )  # fmt: skip
        tail = _PLUS_MINUS.match(text, end)
        if tail is not None and (half := _NUMBER.match(text, tail.end())) is not None:
            width, half_digit = _value(half)
            after, end = unit_after(text, half.end())
            one = replace(one, half=width, half_digit=half_digit, end=end, unit=after or unit)
            position = max(half.end(), end)
        yield one


def _value(match: re.Match[str]) -> tuple[float, float]:
    """The number of a match, and half a unit of its last place."""
    digits = re.sub(r"[,\u2009\u202f]", "", match["number"])
    power = 0
    if match["power"]:
        written = match["power"].translate(_SUPERSCRIPT).replace("−", "-").replace(" ", "")
        written = re.sub(r"^[x×·*]10(?:\^|\*\*)?", "", written).lstrip("eE")
        power = int(written)
    power += {"k": 3, "M": 6}.get(match["multiple"] or "", 0)
    places = len(digits.partition(".")[2])
    if abs(power) > 300:
        return float("inf"), 0.0
    return float(f"{digits}e{power}"), 0.5 * 10.0 ** (power - places)


def _ranges(text: str, single: Sequence[Number]) -> Iterator[Number]:
    """Numbers of which two that are the ends of a range have become one."""
    k = 0
    while k < len(single):
        one = single[k]
        after = single[k + 1] if k + 1 < len(single) else None
        joined = None if after is None or one.half is not None else _joined(text, one, after)
        if joined is None:
            yield one
            k += 1
        else:
            yield joined
            k += 2


def _joined(text: str, one: Number, after: Number) -> Number | None:
    """A range of two numbers; None where they are none."""
    between = text[one.end : after.start]
    glued = one.end == after.start and text[after.start] in "-–—"
    if not glued and not _BETWEEN.fullmatch(between):
        return None
    before = text[: one.start]
    bracket = before.rstrip().endswith("[") and text[after.end :].lstrip().startswith(("]", ")"))
    opened = bool(_BEFORE_RANGE.search(before))
    word = "" if glued else between.strip()
    if word == "," and not bracket and not before.rstrip().endswith("("):
        return None
    if word == "and" and not re.search(r"\bbetween\s*$", before, re.IGNORECASE):
        return None
    if after.half is not None or (one.unit and after.unit and one.unit != after.unit):
        return None
    upper = abs(after.value) if glued or (word in ("-", "–", "—") and not opened) else after.value
    if word in ("-", "–", "—", "to") and not opened and upper < one.value:
        return None
    unit = after.unit or one.unit
    low, high = min(one.value, upper), max(one.value, upper)
    return replace(
        one, end=after.end, value=low, other=high, unit=unit, digit=max(one.digit, after.digit),
        enclosed=bracket, whole=one.whole and after.whole,
    )  # fmt: skip


_ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ("", "", *["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"])
_WRITTEN = {word: k for k, word in enumerate(_ONES)} | {word: 10 * k for k, word in enumerate(_TENS) if word}
_GROUPS = {"hundred": 100, "thousand": 1000, "million": 1_000_000}
_SPELLED = "|".join(sorted((*_WRITTEN, *_GROUPS), key=len, reverse=True))
_SEVERAL = re.compile(
    rf"\b(?:an?\s+(?=hundred|thousand|million))?(?:{_SPELLED})(?:(?:[\s-]+|\s+and\s+)(?:{_SPELLED}))*\b",
    re.IGNORECASE,
)
_RATIO_WORD = re.compile(r"\b(twice|thrice|half)(?=\s+(?:as|of|that|what|the|its)\b)", re.IGNORECASE)
_RATIOS = {"twice": 2.0, "thrice": 3.0, "half": 0.5}


def _written(text: str) -> Iterator[Number]:
    """Numbers in letters: ``ninety-two turns per nanosecond``, ``five times as fast``, ``twice as fast``."""
    for match in _SEVERAL.finditer(text):
        total = current = 0
        for word in re.findall(r"[a-z]+", match[0].lower()):
            if word in ("a", "an", "and"):
                current = current or (1 if word != "and" else 0)
            elif word in _GROUPS:
                current = max(current, 1) * _GROUPS[word]
                if word != "hundred":
                    total, current = total + current, 0
            else:
                current += _WRITTEN[word]
        unit, end = unit_after(text, match.end())
        ratio = (
            bool(re.match(r"[\s-](?:times|fold)\b(?!\s+(?:per|an?|each|every)\b)", text[end:])) and not unit
        )
        yield Number(
            match.start(), end, float(total + current), unit=unit, digit=0.5, whole=True, ratio=ratio
        )
    for match in _RATIO_WORD.finditer(text):
        value = _RATIOS[match[1].lower()]
        yield Number(match.start(), match.end(), value, digit=0.1 * value, ratio=True)
