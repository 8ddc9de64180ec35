"""What numbers in words may be: facts with an interval, a unit, a reference, and what they are about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from molmach.words.measures import size_of


class Source(StrEnum):
    """Where a number comes from."""

    MEASURED = "measured"
    CONFIRMED = "confirmed"
    UNDRIVEN = "undriven"
    MIRROR = "mirror"
    THEORY = "theory"
    PREDICTED = "predicted"
    INPUT = "input"
    COUNT = "count"


SAID = frozenset({Source.THEORY, Source.PREDICTED, Source.INPUT, Source.COUNT})
"""Sources whose value is quoted, not known to within an interval."""


@dataclass(frozen=True)
class Fact:
    """A number that may be spoken of.

    Attributes
    ----------
    name
        The quantity, as in ``velocity``, or the place of an input, as in ``drive.frequency``; of a count the
        noun that is counted.
    value, low, high
        The value and its 95 % interval, which is empty (``low == high``) where the value is exact.
    unit
        Its unit; '' or '1' where it has none.
    reference
        Where it stands, as it is printed behind the number.
    source
        Where it comes from.
    subject
        Key of the machine that it is about; '' where it is about all of them.
    error
        Standard error, or a forecast's standard deviation; 0 where it has none.
    goal
        Whether it is of an objective: such a number may stand without its quantity's name.
    superseded
        Whether a longer run has measured it again: then its value may be quoted, but what merely lies in its
        wider interval is not borne out.
    """

    name: str
    value: float
    low: float
    high: float
    unit: str
    reference: str
    source: Source
    subject: str = ""
    error: float = 0.0
    goal: bool = False
    superseded: bool = False

    @property
    def quoted(self) -> bool:
        """Whether words must give the value itself, not any within the interval."""
        return self.superseded or self.source in SAID

    @property
    def words(self) -> frozenset[str]:
        """Lower-case words of its name."""
        return words_of(self.name)


@dataclass(frozen=True)
class Facts:
    """All that a statement may rest on.

    Attributes
    ----------
    facts
        The numbers.
    names
        Key of a machine -> what it is called beside its key: its trials as ``#2``, its molecules.
    designs
        Key of a machine -> its design, variable -> value.
    current
        Key of the machine that ``this`` and ``it`` are; '' where there is none.
    leaders
        Keys of the machines that may be called the best.
    """

    facts: tuple[Fact, ...]
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    designs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    current: str = ""
    leaders: frozenset[str] = frozenset()

    def __add__(self, other: Facts) -> Facts:
        """Both together; what is current is the latter's, where it has one."""
        return Facts(
            (*self.facts, *other.facts),
            {**self.names, **other.names},
            {**self.designs, **other.designs},
            other.current or self.current,
            self.leaders | other.leaders,
        )


def words_of(name: str) -> frozenset[str]:
    """The words of a quantity's or a setting's name."""
    return frozenset(word for word in re.split(r"[^a-z]+", name.lower()) if len(word) > 1)


_QUANTITY = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*([^\d\s].{0,24})?\s*")


def leaves(content: object, path: str = "") -> Iterator[tuple[str, float, str]]:
    """(path, number, unit) of every number in a tree of settings, texts such as ``200 ps`` among them.

    >>> list(leaves({"drive": {"field": "1 V/nm", "kind": "rotating_field"}, "replicas": 16}))
    [('drive.field', 1.0, 'V/nm'), ('replicas', 16.0, '')]
    """
    if isinstance(content, Mapping):
        for name, value in content.items():
            yield from leaves(value, f"{path}.{name}" if path else str(name))
    elif isinstance(content, list | tuple):
        for value in content:
            yield from leaves(value, path)
    elif isinstance(content, bool) or content is None:
        return
    elif isinstance(content, int | float):
        yield path, float(content), ""
    elif isinstance(content, str):
        match = _QUANTITY.fullmatch(content)
        if match is not None and (not match[2] or size_of(match[2].strip()) is not None):
            yield path, float(match[1]), (match[2] or "").strip()


def facts_of_settings(content: object, reference: str, subject: str = "") -> Iterator[Fact]:
    """Every number of a tree of settings, as an input.

    Parameters
    ----------
    content
        As read from YAML or JSON.
    reference
        What stands before the path.
    subject
        The machine whose settings they are; '' for all.
    """
    for path, value, unit in leaves(content):
        yield Fact(path, value, value, value, unit, f"{reference}: {path}", Source.INPUT, subject)


def about(facts: Iterable[Fact], subject: str) -> list[Fact]:
    """Those that are about a machine."""
    return [fact for fact in facts if fact.subject == subject]
