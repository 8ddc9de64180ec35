"""Whether a run of a machine has what an objective names."""

from __future__ import annotations

import difflib
from collections.abc import Collection

from molmach.data.observed import Planned
from molmach.data.quantity import Quantity
from molmach.scoring import quantities
from molmach.search.loop.quantities import THRESHOLD_FIELD


def refusal(names: Collection[str], machine: Planned) -> str:
    """Why such a machine under such a drive can't have one of some quantities, and what it has; '' if it can.

    Parameters
    ----------
    names
        Of quantities, as expressions write them.
    machine
        The machine.

    Raises
    ------
    BuildError
        Stations or followers decide, and the machine that has them can't be built.
    """
    for name in names:
        quantity = _quantity(name, machine)
        if quantity is None or not quantity.asked.met(machine):
            return _reason(name, quantity, machine)
    return ""


def _quantity(name: str, machine: Planned) -> Quantity | None:
    if name == THRESHOLD_FIELD.name:
        return THRESHOLD_FIELD
    return next((one for one in quantities.objectives_of(machine, name) if one.name == name), None)


def _reason(name: str, quantity: Quantity | None, machine: Planned) -> str:
    every = (*quantities.objectives_of(machine, name), THRESHOLD_FIELD)
    accepted = list(dict.fromkeys(one.name for one in every if one.asked.met(machine)))
    lacking = "is a quantity that" if quantity is None else f"needs {quantity.asked.words}, which"
    nearest = difflib.get_close_matches(name, accepted, 1)
    hint = f"did you mean '{nearest[0]}'? " if nearest else ""
    return (
        f"objectives: {name} {lacking} this machine under drive {machine.drive.kind} does not have; "
        f"{hint}expected an expression of {', '.join(accepted)}"
    )
