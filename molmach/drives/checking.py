"""What can be said against the terms that a drive gives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from molmach.drives.base import STATIC, DriveTerms


def objection(terms: Any) -> str | None:
    """What of a drive's terms can't be integrated and what is expected; None where all can."""
    if not isinstance(terms, DriveTerms):
        return f"{terms!r}; expected DriveTerms"
    for name, value, shape in _numbers(terms):
        try:
            numbers = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError):
            return f"{name} = {value!r}; expected numbers"
        if numbers.shape != shape or not np.isfinite(numbers).all():
            return f"{name} = {value!r}; expected {'three finite numbers' if shape else 'a finite number'}"
    acted = {term.switch for term in terms.switched}
    for number in sorted(acted - {STATIC} - set(range(len(terms.switches)))):
        return f"a term of switch {number}; expected one of its {len(terms.switches)} switches"
    for number in range(len(terms.switches)):
        if number not in acted:
            return f"a switch {number} without a term; expected a SwitchedTerm for each switch"
    return None


def _numbers(terms: DriveTerms) -> Iterator[tuple[str, Any, tuple[int, ...]]]:
    """Name, value and expected shape of each."""
    yield "cosine", terms.cosine, (3,)
    yield "sine", terms.sine, (3,)
    yield "angular_frequency", terms.angular_frequency, ()
    yield "torque", terms.torque, ()
    for k, term in enumerate(terms.switched):
        yield f"switched[{k}].off", term.off, ()
        yield f"switched[{k}].on", term.on, ()
    for k, switch in enumerate(terms.switches):
        for c, channel in enumerate(switch.channels):
            for name in ("on_rate", "off_rate", "hindrance", "reach"):
                yield f"switches[{k}].channels[{c}].{name}", getattr(channel, name), ()
        if switch.clock is not None:
            yield f"switches[{k}].clock.period", switch.clock.period, ()
            yield f"switches[{k}].clock.duty", switch.clock.duty, ()
