"""Physical constants and the reading and writing of quantities with units.

Numbers inside molmach are in OpenMM's MD units: nm, ps, u, K, kJ/mol, elementary charge. Two
exceptions follow the field's habit and are named wherever they occur: electric fields are in V/nm
and frequencies in GHz (1 GHz = 1 turn/ns). Constants: CODATA 2018.
"""

from __future__ import annotations

import math
import re
import reprlib
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

BOLTZMANN = 8.31446261815324e-3
"""Boltzmann constant, kJ/(mol K)."""

VOLT_PER_NM = 96.48533212331
"""Energy of one elementary charge moved 1 nm against 1 V/nm, kJ/mol: the field unit in MD units."""

DEBYE = 0.020819433
"""One debye, e nm."""

KCAL = 4.184
"""One thermochemical kilocalorie, kJ."""

TURN = 2.0 * math.pi
"""One turn, rad."""

_SIGNIFICANT_DIGITS = 12

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?"

_HUGE = 1e12
"""An energy of a molecule above this, kJ/mol, was meant to be a mole's: 1 kJ is 6e23."""


class QuantityError(ValueError):
    """A text is not a quantity of the wanted kind; the message says what is."""


@dataclass(frozen=True)
class Dimension:
    """A kind of quantity: what it is called, the unit that molmach keeps it in, an example, and its range.

    Attributes
    ----------
    least, most
        Smallest and greatest size, whatever the sign, that any molecule or machine can have, in ``unit``;
        zero is beside them. What lies outside is a slip of the pen or of a unit.
    """

    name: str
    unit: str
    example: str
    least: float
    most: float


FIELD = Dimension("an electric field", "V/nm", "1 V/nm", 1e-12, 1e9)
FREQUENCY = Dimension("a frequency", "GHz", "50 GHz", 1e-15, 1e9)
TIME = Dimension("a time", "ps", "200 ps", 1e-9, 1e15)
WALL_CLOCK = Dimension("a time", "s", "20 min", 1e-3, 1e10)
TEMPERATURE = Dimension("a temperature", "K", "300 K", 1e-9, 1e9)
RATE = Dimension("a rate", "1/ps", "2 /ps", 1e-30, 1e9)
TORQUE = Dimension("a torque (energy per radian)", "kJ/mol", "5 kJ/mol", 1e-15, 1e9)
ENERGY = Dimension("an energy", "kJ/mol", "10 kJ/mol", 1e-15, 1e9)
LENGTH = Dimension("a length", "nm", "0.3 nm", 1e-9, 1e9)
MASS = Dimension("a mass", "u", "3 u", 1e-9, 1e9)
STIFFNESS = Dimension("a force constant", "kJ/mol/nm^2", "5000 kJ/mol/nm^2", 1e-15, 1e15)
ANGLE = Dimension("an angle", "deg", "45 deg", 1e-15, 1e9)


@cache
def _registry() -> Any:
    import pint  # takes a third of a second, which commands without a spec need not wait for

    return pint.UnitRegistry(autoconvert_offset_to_baseunit=True)


def parse(text: object, dimension: Dimension) -> float:
    """Read a quantity such as ``"1.0 V/nm"``; return its value in ``dimension.unit``.

    Twelve significant digits are kept, so that spellings that differ by the rounding of a unit
    conversion (``1 ns``, ``1000 ps``) give the same number. Energies per molecule (``pN nm``,
    ``eV``) are taken per mole, angular frequencies (``rad/ps``, ``turn/ns``) as cycles.

    Raises
    ------
    QuantityError
        The value has no unit, an unknown one or one of another kind, is not finite, or of an absurd size.

    Examples
    --------
        >>> parse("1 ns", TIME), parse("10 MV/cm", FIELD), parse("3 turn/ns", FREQUENCY)
        (1000.0, 1.0, 3.0)
        >>> parse("5 GHz", TIME)
        Traceback (most recent call last):
        molmach.units.QuantityError: got '5 GHz'; expected a time with its unit, such as '200 ps'
    """
    expected = f"{dimension.name} with its unit, such as '{dimension.example}'"
    if not isinstance(text, str):
        raise QuantityError(f"got {reprlib.repr(text)}; expected {expected}")
    return _parsed(text, dimension, expected)


@lru_cache(maxsize=10_000)  # a campaign reads the same few texts for every machine
def _parsed(text: str, dimension: Dimension, expected: str) -> float:
    if len(text) > 60 or not re.fullmatch(rf"\s*{_NUMBER}[^*\d].*", text):
        raise QuantityError(f"got {reprlib.repr(text)}; expected {expected}")
    if re.search(r"\*\*|[()\[\]{}=,;:<>&|'\"\\@#$!?~`]|\^.*\^|\^-?\d{2}|__", text):
        raise QuantityError(f"got {text!r}; expected {expected}")
    try:
        value = _convert(_registry().Quantity(text.replace("µ", "u")), dimension)
    except Exception as error:  # pint raises tokenizer, syntax, offset-unit and dimension errors alike
        raise QuantityError(f"got {text!r}; {_hint(text, dimension)}expected {expected}") from error
    if not math.isfinite(value):
        raise QuantityError(f"got {text!r}, which is not finite; expected {expected}")
    value = float(f"{value:.{_SIGNIFICANT_DIGITS}g}") + 0.0  # no zero has a sign
    if value and not dimension.least <= abs(value) <= dimension.most:
        raise QuantityError(
            f"got {text!r}; expected {dimension.name} from {dimension.least:g} to {dimension.most:g} "
            f"{dimension.unit}"
        )
    return value


def in_unit(value: object, unit: str) -> float:
    """Read a number with any unit of the kind of ``unit``, in that unit; without one where it is ``"1"``.

    Raises
    ------
    QuantityError
        It has no unit or one of another kind, or is not finite.

    Examples
    --------
        >>> in_unit("2 min", "s"), in_unit("3 turn/ns", "turn/ns"), in_unit(0.5, "1")
        (120.0, 3.0, 0.5)
    """
    if unit in ("", "1"):
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise QuantityError(f"got {reprlib.repr(value)}; expected a number without a unit")
        return float(value)
    expected = f"a number with its unit, such as '10 {unit}'"
    if not isinstance(value, str):
        raise QuantityError(f"got {reprlib.repr(value)}; expected {expected}")
    match = re.fullmatch(rf"\s*({_NUMBER})\s*{re.escape(unit)}\s*", value)
    if match is not None:  # units of a coordinate's own, such as passages, are none of the registry's
        return float(match[1])
    energy = ENERGY if unit == ENERGY.unit else Dimension("", unit, f"10 {unit}", 0.0, math.inf)
    return _parsed(value, energy, expected)


def canonical(value: object) -> str:
    """One text for every spelling of a number with its unit; the text itself where it is none.

    >>> canonical("1 min") == canonical("60 s")
    True
    """
    try:
        quantity = _registry().Quantity(str(value)).to_base_units()
        return f"{float(quantity.magnitude):.{_SIGNIFICANT_DIGITS}g} {quantity.units}"
    except Exception:  # whatever pint raises, and then it is refused where the unit is known
        return " ".join(str(value).split())


def base_size(unit: str) -> tuple[float, tuple[tuple[str, float], ...]]:
    """How many base units a unit is, and the powers of the base units that it is made of.

    Raises
    ------
    QuantityError
        It is no unit.

    Examples
    --------
        >>> base_size("ns")
        (1e-09, (('second', 1.0),))
    """
    try:
        quantity = _registry().Quantity(unit).to_base_units()
        powers = tuple(sorted((str(name), float(power)) for name, power in quantity._units.items()))
        return float(f"{float(quantity.magnitude):.{_SIGNIFICANT_DIGITS}g}"), powers
    except Exception as error:  # whatever pint raises
        raise QuantityError(f"got {unit!r}; expected a unit") from error


_USUAL = {
    unit.lower(): unit
    for unit in (
        "V", "MV", "GHz", "THz", "MHz", "Hz", "K", "degC", "fs", "ps", "ns", "us", "ms", "s", "min", "nm",
        "angstrom", "pm", "kJ", "J", "kcal", "cal", "eV", "meV", "mol", "pN", "deg", "rad", "turn", "u",
    )
} | {"a": "angstrom", "ang": "angstrom", "å": "angstrom", "c": "degC", "amu": "u"}  # fmt: skip
"""Lower-case spelling -> unit; A is the ampere and C the coulomb, and both are meant otherwise here."""


def _hint(text: str, dimension: Dimension) -> str:
    """The text with its units in their usual spelling, if that is read, as a question; '' otherwise."""
    usual = re.sub(r"[^\W\d_]+", lambda word: _USUAL.get(word[0].lower(), word[0]), text.strip())
    per_mole = re.sub(r"\b(kJ|J|kcal|cal)\b(?!.*mol)", r"\1/mol", usual)
    for spelling in (usual, per_mole):
        try:
            if spelling != text.strip():
                _convert(_registry().Quantity(spelling), dimension)
                return f"did you mean '{spelling}'? "
        except Exception:  # whatever pint raises, it is no spelling to propose
            continue
    return ""


def _convert(quantity: Any, dimension: Dimension) -> float:
    registry = _registry()
    unit = registry.Unit(dimension.unit)
    if dimension is FREQUENCY and _has_angle(quantity):
        return float(quantity.to("rad/s").magnitude) / TURN * 1e-9
    if dimension not in (ANGLE, TORQUE) and _has_angle(quantity):
        raise QuantityError("an angle where none belongs")
    if dimension is ANGLE and not _has_angle(quantity):
        raise QuantityError("no angle unit")
    per_mole = quantity
    if dimension in (TORQUE, ENERGY, STIFFNESS) and "[substance]" not in quantity.dimensionality:
        per_mole = quantity * registry.Quantity(1, "avogadro_number/mol")
        if abs(per_mole.to(unit).magnitude) > _HUGE:
            raise QuantityError("an energy of one molecule where that of a mole must be meant")
    return float(per_mole.to(unit).magnitude)


def _has_angle(quantity: Any) -> bool:
    angles = ("radian", "degree", "turn", "revolution", "cycle", "arcminute", "arcsecond", "grade", "circle")
    temperatures = ("degree_Celsius", "degree_Fahrenheit", "degree_Rankine", "degree_Reaumur")
    return any(
        name not in temperatures and any(angle in name for angle in angles) for name in quantity._units
    )


def show(value: float, dimension: Dimension) -> str:
    """Write a value in ``dimension.unit`` so that :func:`parse` reads back the same number.

    >>> show(1000.0, TIME)
    '1000 ps'
    """
    return f"{value:.{_SIGNIFICANT_DIGITS}g} {dimension.unit}"


def thermal_energy(temperature_K: float) -> float:
    """k_B T in kJ/mol.

    >>> thermal_energy(300.0)
    2.4943
    """
    return BOLTZMANN * temperature_K
