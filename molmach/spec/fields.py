"""The building blocks of the models: quantities with units, and the base class of every section."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    ValidationInfo,
)
from pydantic import Field as Limits

from molmach import units
from molmach.errors import shortened
from molmach.units import Dimension


class Section(BaseModel):
    """One mapping of a machine file: immutable, and closed to keys that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def spelled(form: str, words: str) -> AfterValidator:
    """Texts of a form.

    Parameters
    ----------
    form
        A regular expression that the whole text must match.
    words
        What it says, to stand after 'expected '.
    """
    pattern = re.compile(form)

    def check(text: str) -> str:
        if pattern.fullmatch(text) is None:
            raise ValueError(f"got {shortened(text)}; expected {words}")
        return text

    return AfterValidator(check)


PartName = Annotated[
    str,
    spelled(r"[A-Za-z][A-Za-z0-9_-]{0,39}", "1 to 40 letters, digits, '_' or '-', beginning with a letter"),
]
"""What a person calls a station or a wheel; it ends up in the names of results."""

Number = Annotated[float, Limits(strict=True)]
"""A plain number: no text, and no true or false."""


def _positive(dimension: Dimension) -> AfterValidator:
    def check(value: float) -> float:
        if value <= 0.0:
            raise ValueError(f"got {units.show(value, dimension)}; expected {dimension.name} above zero")
        return value

    return AfterValidator(check)


def _not_negative(dimension: Dimension) -> AfterValidator:
    def check(value: float) -> float:
        if value < 0.0:
            raise ValueError(f"got {units.show(value, dimension)}; expected {dimension.name} of zero or more")
        return value

    return AfterValidator(check)


def _reader(dimension: Dimension) -> BeforeValidator:
    def read(value: Any, info: ValidationInfo) -> float:
        return units.parse(value, dimension)

    return BeforeValidator(read)


def _writer(dimension: Dimension) -> PlainSerializer:
    return PlainSerializer(lambda value: units.show(value, dimension), return_type=str)


Field = Annotated[float, _not_negative(units.FIELD), _reader(units.FIELD), _writer(units.FIELD)]
"""An electric field strength, V/nm."""

Frequency = Annotated[float, _positive(units.FREQUENCY), _reader(units.FREQUENCY), _writer(units.FREQUENCY)]
"""A frequency in cycles, GHz."""

SignedFrequency = Annotated[float, _reader(units.FREQUENCY), _writer(units.FREQUENCY)]
"""A frequency in cycles with a sense of rotation, GHz."""

Torque = Annotated[float, _reader(units.TORQUE), _writer(units.TORQUE)]
"""A torque, kJ/mol (per radian)."""

Angle = Annotated[float, _reader(units.ANGLE), _writer(units.ANGLE)]
"""An angle, degrees."""

Time = Annotated[float, _positive(units.TIME), _reader(units.TIME), _writer(units.TIME)]
"""A time above zero, ps."""

TimeOrNone = Annotated[float, _not_negative(units.TIME), _reader(units.TIME), _writer(units.TIME)]
"""A time of zero or more, ps."""

Temperature = Annotated[
    float, _positive(units.TEMPERATURE), _reader(units.TEMPERATURE), _writer(units.TEMPERATURE)
]
"""A temperature, K."""

Friction = Annotated[float, _positive(units.RATE), _reader(units.RATE), _writer(units.RATE)]
"""A friction (collision rate), 1/ps."""

Mass = Annotated[float, _positive(units.MASS), _reader(units.MASS), _writer(units.MASS)]
"""An atomic mass, u."""

Stiffness = Annotated[float, _positive(units.STIFFNESS), _reader(units.STIFFNESS), _writer(units.STIFFNESS)]
"""A harmonic force constant, kJ/mol/nm^2."""

Rate = Annotated[float, _not_negative(units.RATE), _reader(units.RATE), _writer(units.RATE)]
"""Events per time, zero or more, 1/ps."""

Energy = Annotated[float, _reader(units.ENERGY), _writer(units.ENERGY)]
"""An energy, kJ/mol."""

Barrier = Annotated[float, _positive(units.ENERGY), _reader(units.ENERGY), _writer(units.ENERGY)]
"""An energy above zero, kJ/mol."""

Length = Annotated[float, _positive(units.LENGTH), _reader(units.LENGTH), _writer(units.LENGTH)]
"""A length above zero, nm."""

EnergyOrNone = Annotated[float, _not_negative(units.ENERGY), _reader(units.ENERGY), _writer(units.ENERGY)]
"""An energy of zero or more, kJ/mol."""

WallClock = Annotated[
    float, _positive(units.WALL_CLOCK), _reader(units.WALL_CLOCK), _writer(units.WALL_CLOCK)
]
"""A time on the clock above zero, s."""
