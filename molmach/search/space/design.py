"""A design: one point of a campaign's space, before it is a machine."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from molmach.errors import SpecError
from molmach.spec.space import Parameter

Value = str | float | int

_DIGITS = 4
"""Significant digits of numbers: a design is written as it is computed with, and no machine needs more."""


@dataclass(frozen=True)
class Design:
    """Values of the space's variables, and molecules that an edit has put in place of the assembled ones.

        >>> design = Design.of({"R10": "fluoro", "drive.frequency": 50.0})
        >>> design.replace(R10="cyano")["R10"]
        'cyano'
        >>> Design.from_json(design.to_json()) == design
        True

    Attributes
    ----------
    values
        (variable, value), sorted by variable.
    edited
        (path of a molecule in the machine file, SMILES with map numbers), sorted.
    """

    values: tuple[tuple[str, Value], ...]
    edited: tuple[tuple[str, str], ...] = field(default=())

    @classmethod
    def of(cls, values: Mapping[str, Value], edited: Mapping[str, str] | None = None) -> Design:
        """A design from mappings."""
        return cls(tuple(sorted(values.items())), tuple(sorted((edited or {}).items())))

    def __getitem__(self, variable: str) -> Value:
        return dict(self.values)[variable]

    def replace(self, **values: Value) -> Design:
        """The design with other values; what was edited goes, for it belonged to the old ones."""
        return Design.of({**dict(self.values), **values})

    def to_json(self) -> str:
        """The design as JSON; equal designs give equal text."""
        return json.dumps([self.values, self.edited], separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Design:
        """Read what :meth:`to_json` wrote."""
        values, edited = json.loads(text)
        return cls(tuple((n, v) for n, v in values), tuple((n, v) for n, v in edited))


@dataclass(frozen=True)
class Categorical:
    """A variable with named values."""

    name: str
    values: tuple[str, ...]

    @property
    def count(self) -> int:
        """Number of values."""
        return len(self.values)

    def sample(self, rng: np.random.Generator) -> Value:
        """A value at random."""
        return self.values[int(rng.integers(len(self.values)))]

    def accepts(self, value: object) -> bool:
        """Whether a value is one of this variable's."""
        return value in self.values


@dataclass(frozen=True)
class Numeric:
    """A variable that is a number between bounds, in the unit of its bounds; '' for a plain number."""

    name: str
    low: float
    high: float
    scale: str
    unit: str

    @classmethod
    def of(cls, path: str, parameter: Parameter) -> Numeric:
        """Read the bounds of a parameter.

        Raises
        ------
        SpecError
            Bounds that are no numbers, have different units or stand the wrong way round.
        """
        where = f"space.parameters.{path}"
        (low, unit), (high, other) = _split(parameter.low, where), _split(parameter.high, where)
        if unit != other:
            raise SpecError(f"{where}: low is in '{unit}' and high in '{other}'; expected the same unit")
        if not low < high:
            raise SpecError(f"{where}: low {low:g} is not below high {high:g}; expected low < high")
        if parameter.scale == "log" and low <= 0.0:
            raise SpecError(f"{where}: scale log from {low:g}; expected a low above zero")
        if parameter.scale == "integer" and (low != int(low) or high != int(high)):
            raise SpecError(f"{where}: scale integer from {low:g} to {high:g}; expected whole numbers")
        return cls(path, low, high, parameter.scale, unit)

    @property
    def count(self) -> int | None:
        """Number of values; None where it is continuous."""
        return int(self.high - self.low) + 1 if self.scale == "integer" else None

    def sample(self, rng: np.random.Generator) -> Value:
        """A value at random, evenly on the variable's scale."""
        return self.at(float(rng.random()))

    def at(self, share: float) -> Value:
        """The value at a share 0 to 1 of the way between the bounds, to four significant digits."""
        share = min(1.0, max(0.0, share))
        if self.scale == "integer":
            count = int(self.high - self.low) + 1
            return int(self.low) + min(count - 1, int(share * count))
        if self.scale == "log":
            value = math.exp(math.log(self.low) + share * math.log(self.high / self.low))
        else:
            value = self.low + share * (self.high - self.low)
        return min(self.high, max(self.low, float(f"{value:.{_DIGITS}g}")))

    def share(self, value: Value) -> float:
        """Where a value lies between the bounds, 0 to 1 on the variable's scale."""
        number = float(value)
        if self.scale == "integer":
            return (number - self.low + 0.5) / (self.high - self.low + 1.0)
        if self.scale == "log":
            return math.log(number / self.low) / math.log(self.high / self.low)
        return (number - self.low) / (self.high - self.low)

    def accepts(self, value: object) -> bool:
        """Whether a value is a number within the bounds."""
        if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
            return False
        return self.low <= value <= self.high and (self.scale != "integer" or value == int(value))

    def written(self, value: Value) -> Any:
        """The value as it stands in a machine file."""
        number = int(value) if self.scale == "integer" else float(value)
        return f"{number:.12g} {self.unit}" if self.unit else number


Variable = Categorical | Numeric

_QUANTITY = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?)\s*(.*?)\s*")


def _split(bound: str | float, where: str) -> tuple[float, str]:
    match = _QUANTITY.fullmatch(bound) if isinstance(bound, str) else None
    if isinstance(bound, str) and match is None:
        raise SpecError(f"{where}: got {bound!r}; expected a number or a quantity, such as '0.5 V/nm'")
    number, unit = (float(match[1]), match[2]) if match else (float(bound), "")
    if not math.isfinite(number):
        raise SpecError(f"{where}: got {bound!r}; expected a finite bound")
    return number, unit
