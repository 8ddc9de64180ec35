"""Units in words: which one follows a number, and how many of one are another.

Turns count as what is counted, so that a turn per nanosecond is a gigahertz and 360 degrees; events,
passages, photons and steps count likewise. Energies of one molecule (eV) are those of a mole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from molmach import units

_WORDS = {
    "turn": "turn", "turns": "turn", "revolution": "turn", "revolutions": "turn", "rev": "turn",
    "rotation": "turn", "rotations": "turn", "cycle": "turn", "cycles": "turn",
    "deg": "deg", "degree": "deg", "degrees": "deg", "°": "deg",
    "rad": "rad", "radian": "rad", "radians": "rad",
    "fs": "fs", "femtosecond": "fs", "femtoseconds": "fs", "ps": "ps", "picosecond": "ps",
    "picoseconds": "ps", "ns": "ns", "nanosecond": "ns", "nanoseconds": "ns",
    "us": "us", "µs": "us", "μs": "us",
    "microsecond": "us", "microseconds": "us", "ms": "ms", "millisecond": "ms", "milliseconds": "ms",
    "s": "s", "sec": "s", "second": "s", "seconds": "s", "min": "min", "minute": "min", "minutes": "min",
    "h": "hour", "hour": "hour", "hours": "hour", "day": "day", "days": "day",
    "year": "year", "years": "year",
    "Hz": "Hz", "kHz": "kHz", "MHz": "MHz", "GHz": "GHz", "THz": "THz", "PHz": "PHz", "gigahertz": "GHz",
    "terahertz": "THz", "megahertz": "MHz", "hertz": "Hz",
    "V": "V", "kV": "kV", "MV": "MV", "volt": "V", "volts": "V", "nm": "nm", "nanometre": "nm",
    "nanometres": "nm", "nanometer": "nm", "pm": "pm", "Å": "angstrom", "angstrom": "angstrom", "Angstrom":
    "angstrom", "cm": "cm", "mm": "mm", "m": "m", "K": "K", "kelvin": "K",
    "kJ": "kJ", "J": "J", "kcal": "kcal", "cal": "cal", "mol": "mol",
    "eV": "eV", "meV": "meV", "hartree": "hartree", "pN": "pN", "nN": "nN", "u": "u",
    "Da": "u", "amu": "u", "g": "g", "D": "debye", "debye": "debye", "mW": "mW", "W": "W", "e": "e",
    "nats": "nat", "nat": "nat", "bits": "bit", "bit": "bit",
    "%": "%", "percent": "%", "event": "turn", "events": "turn", "passage": "turn", "passages": "turn",
    "photon": "turn", "photons": "turn", "step": "turn", "steps": "turn", "slip": "turn", "slips": "turn",
}  # fmt: skip
_COUNTS = {"turn": 1.0, "deg": 1.0 / 360.0, "rad": 1.0 / units.TURN, "nat": 1.0, "bit": 0.6931471805599453}
_MOLECULE = {"eV": "eV * avogadro_number / mol", "meV": "meV * avogadro_number / mol"}
_ALONE_IS_NONE = frozenset({
    "e", "m", "h", "g", "V", "D", "s", "u", "K", "J", "W", "step", "steps", "event", "events",
    "cycle", "cycles", "passage", "passages", "photon", "photons", "slip", "slips", "rev", "bit", "bits",
    "day", "days", "year", "years",
})  # fmt: skip
"""Words that are no unit where they stand by themselves, for they count things or are letters."""

_CLOSE = frozenset("KsVJWDuh")
"""Of those, letters that are units where they stand by themselves: ``300 K``, not ``3 e``."""

_WORD = "|".join(sorted(map(re.escape, _WORDS), key=len, reverse=True))
_POWER = r"(?:\s?\^\s?\(?[-−]?\d\)?|[⁻]?[¹²³]|[-−][123](?![\d.]))?"
_FIRST = rf"(?:(?:{_WORD})(?![A-Za-z]){_POWER})"
_NEXT = (
    rf"(?:\s*(?:/|\bper\b)\s*(?:{_WORD})(?![A-Za-z]){_POWER}|"
    rf"[ ·*](?:ns|ps|fs|s|us|mol|nm|cm|u){_POWER}(?![A-Za-z]))"
)
_UNIT = re.compile(rf"\s?[-\s]?(?P<unit>(?:{_FIRST}|(?:1\s?)?/\s?(?:{_WORD})(?![A-Za-z]){_POWER}){_NEXT}*)")
_PART = re.compile(rf"(?P<by>^|\s*/\s*|\s*\bper\b\s*|[ ·*])\s*(?P<word>{_WORD}|1|[a-z_]+)(?P<power>{_POWER})")
_DIGITS = str.maketrans("⁻¹²³−", "-123-")


@dataclass(frozen=True)
class Size:
    """How large a unit is in base units, what it measures, and whether it counts turns or events."""

    factor: float
    dimension: str
    counts: bool


def unit_after(text: str, position: int) -> tuple[str, int]:
    """The unit that begins at a place of a text, and where it ends; '' and the place where none does.

    >>> unit_after("92 turns per nanosecond, or so", 2)
    ('turns per nanosecond', 23)
    """
    match = _UNIT.match(text, position)
    if match is None:
        return "", position
    unit = match["unit"].strip()
    if unit in _ALONE_IS_NONE and not (unit in _CLOSE and not text[match.end() :].startswith("-")):
        return "", position
    return unit, match.end()


@lru_cache(maxsize=1000)
def size_of(unit: str) -> Size | None:
    """How large a unit is; None where it is none.

    >>> size_of("turn/ns") == size_of("GHz"), size_of("%").factor, size_of("wombats")
    (False, 0.01, None)
    """
    text = unit.strip()
    if text in ("", "1"):
        return Size(1.0, "", False)
    factor, dimensions, counts, position = 1.0, dict[str, float](), False, 0
    if text.startswith("/"):
        text = f"1{text}"
    while position < len(text):
        part = _PART.match(text, position)
        if part is None or part.end() == position:
            return None
        position = part.end()
        power = float(re.sub(r"[\s^()]", "", part["power"].translate(_DIGITS)) or 1.0)
        if "/" in part["by"] or "per" in part["by"]:
            power = -power
        one = _one(part["word"])
        if one is None:
            return None
        counts = counts or (one[2] and power > 0.0)
        factor *= one[0] ** power
        for name, exponent in one[1]:
            dimensions[name] = dimensions.get(name, 0.0) + power * exponent
    kept = sorted((name, exponent) for name, exponent in dimensions.items() if abs(exponent) > 1e-9)
    return Size(factor, " ".join(f"{name}^{exponent:g}" for name, exponent in kept), counts)


@lru_cache(maxsize=200)
def _one(word: str) -> tuple[float, tuple[tuple[str, float], ...], bool] | None:
    """Size, powers of base units, and whether it counts, of one word of a unit."""
    if word == "1":
        return 1.0, (), False
    name = _WORDS.get(word)
    if name is None:
        events = re.fullmatch(r"fuel|tooth|teeth|jumps?|places?", word)
        return (1.0, (), True) if events else None
    if name == "%":
        return 0.01, (), False
    if name in _COUNTS:
        return _COUNTS[name], (), True
    return (*units.base_size(_MOLECULE.get(name, name)), False)


def conversion(stated: str, unit: str) -> float | None:
    """What a number in one unit is multiplied by to be in another; None where they measure different things.

    >>> conversion("turn/ps", "turn/ns"), conversion("K", "turn/ns")
    (1000.0, None)
    """
    one, other = size_of(stated), size_of(unit)
    if one is None or other is None or one.dimension != other.dimension:
        return None
    return float(f"{one.factor / other.factor:.12g}")
