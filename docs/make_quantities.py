"""Writes docs/quantities.md: every quantity of the registry, and the numbers that objectives may name."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from molmach.data.quantity import OBJECTIVES_ALONE, Quantity
from molmach.drives import models
from molmach.scoring.energetics import COMPARED, ENERGETICS
from molmach.scoring.following import FOLLOWING_SWITCH, WHEN
from molmach.scoring.gearing import FOLLOWING
from molmach.scoring.motion import MOTION
from molmach.scoring.occupancy import OCCUPANCY, SHUTTLING_RATE
from molmach.scoring.regime import FOLLOWED
from molmach.search.loop.quantities import THRESHOLD_FIELD

PAGE = Path(__file__).with_name("quantities.md")
_HEAD = """# Quantities

Every number that a score has, and every one that an [objective](campaigns.md) may name, is said once in the
program, and this page is made from what is said there (`make docs`). UNIT and EVENT stand for what the
machine's motion is counted in: `turn` and `turn` for angles, `nm` and `step` (from station to station) for
places along an axle. NAME is a station's or a wheel's; in an objective its hyphens are written as
underscores.

A quantity is a function of means over replicas. A plain mean has Student's 95 % interval, which is also
what the delete-one jackknife gives a mean; other functions have the jackknife's (Efron & Stein, Ann. Stat.
9, 586 (1981)). Where a quantity is bounded, its interval is cut at the bounds. An objective that is one of
these quantities has the same value and interval as in a score, and one that is monotone in a single quantity
(`abs(velocity)`, `2 * directionality`) has that interval carried through. An expression of several has the
jackknife's, made wider where a quantity's own interval is wider than its jackknife's.

Entropy production, s in the uncertainty ratio, is that of the steady state: what the drive gives and the
load's work, over T. A drive gives its work, and where it spends free energy event by event (fuel) that; the
work of potentials whose switches are in touch with baths is paid out of the events or out of the baths, and
does not count again. Where nothing is spent the machine is at equilibrium, and the ratio is not defined. A
quantity that is not defined says why (`undefined` in the JSON).
"""
_OBJECTIVES = (*(q for q in (*FOLLOWED, *COMPARED) if q.needs is OBJECTIVES_ALONE), THRESHOLD_FIELD)


def page() -> str:
    """The page's text."""
    parts = {
        "Motion": MOTION,
        "Following a periodic drive": [q for q in FOLLOWED if q.needs is not OBJECTIVES_ALONE],
        "Stations": (OCCUPANCY, SHUTTLING_RATE),
        "Following a switch that a clock throws": (*FOLLOWING_SWITCH, *WHEN),
        "Wheels that the rotor turns": FOLLOWING,
        "Energies": (*ENERGETICS, *(q for q in COMPARED if q.name == "energy_balance")),
        **{f"Drives by {name}": own for name, own in _of_drives().items()},
        "As objectives alone": _OBJECTIVES,
    }
    return _HEAD + "".join(f"\n## {title}\n\n{_table(quantities)}" for title, quantities in parts.items())


def _of_drives() -> dict[str, Sequence[Quantity]]:
    """Quantities of drives by what their events are called; drives with the same ones stand together."""
    tables: dict[str, Sequence[Quantity]] = {}
    for model in models():
        if model.__module__.startswith("molmach.") and model.quantities():
            tables.setdefault(f"events: {model.events}", model.quantities())
    return tables


def _table(quantities: Sequence[Quantity]) -> str:
    rows = [
        "| quantity | what it is | unit | bounds | interval | in the score of |",
        "|---|---|---|---|---|---|",
    ]
    for quantity in quantities:
        cells = (
            f"`{_filled(quantity.name)}`", _filled(quantity.meaning), _filled(quantity.unit),
            _bounds(quantity), quantity.way.words, quantity.needs.words,
        )  # fmt: skip
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows) + "\n"


def _filled(text: str) -> str:
    words = {"unit": "UNIT", "event": "EVENT", "name": "NAME", "per_unit": "1 for angles, else 1/UNIT"}
    for placeholder, shown in words.items():
        text = text.replace(f"{{{placeholder}}}", shown)
    return text


def _bounds(quantity: Quantity) -> str:
    low, high = quantity.bounds
    if math.isinf(low) and math.isinf(high):
        return ""
    if math.isinf(low):
        return f"{high:g} or less"
    return f"{low:g} or more" if math.isinf(high) else f"{low:g} to {high:g}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
