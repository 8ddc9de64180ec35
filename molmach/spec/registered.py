"""Drives and force fields that a file adds, found by entry point as search agents are.

A kind of drive is an entry point of the group :data:`DRIVES`, a force field one of :data:`FORCE_FIELDS`;
its name is what stands in the machine file. The code is imported when a file first asks for it.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from molmach.errors import SpecError

DRIVES = "molmach.drives"
"""Names a class that has all of :class:`molmach.drives.DriveModel`, and its section as ``spec``."""

FORCE_FIELDS = "molmach.forcefield"
"""Names a :class:`molmach.forcefield.ForceField` that is made from its name."""


@cache
def registered(group: str) -> dict[str, EntryPoint]:
    """Entry points of a group by name, sorted."""
    return {point.name: point for point in sorted(entry_points(group=group), key=lambda point: point.name)}


@cache
def load_registered(group: str, name: str) -> Any:
    """What an entry point names.

    Raises
    ------
    SpecError
        It can't be imported.
    """
    point = registered(group)[name]
    try:
        return point.load()
    except Exception as error:
        raise SpecError(
            f"{group}: {name} = {point.value} can't be imported: {type(error).__name__}: {error}"
        ) from error
