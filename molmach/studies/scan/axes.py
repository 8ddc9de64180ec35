"""What is scanned: values of a number or quantity of the machine file."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import yaml

from molmach.errors import Argument, SpecError
from molmach.spec import Spec
from molmach.spec.reading import set_path, validate

OVER = Argument("over")
"""What errors call the axes of a scan."""

MOST_VALUES = 1000
"""Most values that an axis may have."""

NOT_SCANNED = ("protocol.seed", "protocol.replicas")
"""A point's seed follows from its values, and all points have as many replicas."""

SYNTAX = "values such as '1 V/nm, 2 V/nm', or a range such as '0.1..4 V/nm log 8' (or linear)"

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_RANGE = re.compile(rf"({_NUMBER})\s*\.\.\s*({_NUMBER})\s*(\S.*?)??\s+(log|linear)\s+(\d+)")
_QUANTITY = re.compile(rf"({_NUMBER})\s+(\S.*)")


@dataclass(frozen=True)
class Axis:
    """One scanned key and its values, ascending.

    Attributes
    ----------
    key
        Dotted place in the machine file, such as ``drive.field``.
    texts
        The values as they were written.
    values
        The same as numbers, in ``unit``.
    unit
        molmach's own for such a quantity; '' for a plain number.
    """

    key: str
    texts: tuple[str, ...]
    values: tuple[float, ...]
    unit: str

    @property
    def label(self) -> str:
        """Name and unit, as a plot's axis has them: ``field / (V/nm)``."""
        name = self.key.rpartition(".")[2].replace("_", " ")
        unit = f"({self.unit})" if re.search(r"[/ ^]", self.unit) else self.unit
        return f"{name} / {unit}" if unit else name

    def to_json(self) -> dict[str, Any]:
        """What the document says of the axis; values as numbers in its unit."""
        return {"key": self.key, "values": list(self.values), "unit": self.unit}


def axes_of(spec: Spec, over: Mapping[str, str | Sequence[object]]) -> tuple[Axis, ...]:
    """The axes of a scan.

    Parameters
    ----------
    spec
        The machine; every value is checked in its place there.
    over
        Key of the machine file -> its values: a text as ``--over`` takes it, or a sequence of values
        as the file has them.

    Raises
    ------
    SpecError
        A key or value can't be taken; the message names it and what is accepted.
    """
    if len(over) not in (1, 2):
        raise SpecError(
            OVER,
            f": got {len(over)} keys ({', '.join(over) or 'none'}); expected one (a curve) or two "
            "(a diagram)",
        )
    return tuple(_axis(spec, key.strip(), values) for key, values in over.items())


def parse_over(options: Iterable[str]) -> dict[str, str]:
    """Split ``KEY=VALUES`` texts at their first ``=``.

    Raises
    ------
    SpecError
        A text has no ``=``, or a key stands twice.
    """
    over: dict[str, str] = {}
    for option in options:
        key, separator, values = option.partition("=")
        if not separator or not key.strip() or not values.strip():
            raise SpecError(OVER, f" {option}: expected KEY=VALUES, with {SYNTAX}")
        if key.strip() in over:
            raise SpecError(OVER, f" {option}: {key.strip()} stands twice; expected each key once")
        over[key.strip()] = values
    return over


def with_values(spec: Spec, values: Mapping[str, object], source: str) -> Spec:
    """The spec with some of its file's values replaced; ``source``, ``key=value``, names that in errors.

    Raises
    ------
    SpecError
        The file would not be valid.
    """
    content = spec.model_dump(mode="json", exclude_none=True)
    for key, value in values.items():
        try:
            set_path(content, key.split("."), value)
        except KeyError as error:
            raise SpecError(OVER, f" {source}: {error.args[0]} is a value, not a section") from error
    try:
        return validate(content, source, Spec)
    except SpecError as error:
        first, *others = str(error).split(f"{source}: ")
        named = [part for text in others for part in (OVER, f" {source}: {text}")]
        raise SpecError(first, *named) from error


def _axis(spec: Spec, key: str, values: str | Sequence[object]) -> Axis:
    if key in NOT_SCANNED:
        raise SpecError(
            OVER,
            f" {key}: can't be scanned; expected another number or quantity of the machine file, "
            "such as drive.field, drive.frequency or protocol.temperature",
        )
    if not all(key.split(".")):
        raise SpecError(OVER, f" {key}: expected a place in the machine file, such as drive.field")
    texts = _listed(key, values) if isinstance(values, str) else [str(value).strip() for value in values]
    if not 1 <= len(texts) <= MOST_VALUES:
        raise SpecError(OVER, f" {key}: got {len(texts)} values; expected 1 to {MOST_VALUES}")
    read = [(*_read(spec, key, text), text) for text in texts]
    read.sort(key=lambda item: item[0])
    numbers = [number for number, _, _ in read]
    for first, second in itertools.pairwise(read):
        if first[0] == second[0]:
            raise SpecError(OVER, f" {key}: {first[2]!r} and {second[2]!r} are the same; expected each once")
    return Axis(key, tuple(text for _, _, text in read), tuple(numbers), read[0][1])


def _listed(key: str, text: str) -> list[str]:
    """The values of a list or range."""
    match = _RANGE.fullmatch(text.strip())
    if match is None:
        texts = [part.strip() for part in text.split(",")]
        if not all(texts) or any(".." in part for part in texts):
            raise SpecError(OVER, f" {key}: got {text.strip()!r}; expected {SYNTAX}")
        return texts
    low, high, unit, scale, count = float(match[1]), float(match[2]), match[3] or "", match[4], int(match[5])
    if not 2 <= count <= MOST_VALUES:
        raise SpecError(OVER, f" {key}: got {text.strip()!r}; expected 2 to {MOST_VALUES} values")
    if not low < high:
        raise SpecError(OVER, f" {key}: got {text.strip()!r}; expected the lower end of the range first")
    if scale == "log" and low <= 0.0:
        raise SpecError(OVER, f" {key}: got {text.strip()!r}; expected both ends above zero, or linear")
    numbers = np.geomspace(low, high, count) if scale == "log" else np.linspace(low, high, count)
    return [f"{number:.6g} {unit}".strip() for number in numbers.tolist()]


def _read(spec: Spec, key: str, text: str) -> tuple[float, str]:
    """A value's number and unit as the spec has it, which is checked."""
    source = f"{key}={text}"
    changed = with_values(spec, {key: value_of(text)}, source)
    value: Any = changed.model_dump(mode="json")
    for name in key.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    if isinstance(value, str):
        match = _QUANTITY.fullmatch(value)
        if match is not None:
            return float(match[1]), match[2]
    elif isinstance(value, int | float) and not isinstance(value, bool):
        return float(value), ""
    raise SpecError(
        OVER, f" {source}: not a number or quantity; expected a key that is one, such as drive.field"
    )


def value_of(text: str) -> object:
    """A value as YAML reads it."""
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return text
