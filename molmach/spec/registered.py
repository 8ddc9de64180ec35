"""Drives, machine kinds, force fields, search agents, evaluations and executors, found by entry point.

Ours are registered as a stranger's are. The name of an entry point is what stands in the machine file; the
code is imported when a file first asks for it.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from molmach.errors import SpecError

DRIVES = "molmach.drives"
"""Names a :class:`molmach.drives.DriveModel`, whose section is its ``spec``."""

MACHINES = "molmach.machines"
"""Names a :class:`molmach.building.MachineKind`, whose section is its ``spec``."""

FORCE_FIELDS = "molmach.forcefield"
"""Names a :class:`molmach.forcefield.ForceField` that is made from its name."""

AGENTS = "molmach.agents"
"""Names a :class:`molmach.search.Agent`."""

EVALUATIONS = "molmach.evaluations"
"""Names a :class:`molmach.search.Evaluation`."""

EXECUTORS = "molmach.executors"
"""Names a :class:`molmach.search.Executor`."""

_OURS = (DRIVES, MACHINES, FORCE_FIELDS, AGENTS, EVALUATIONS, EXECUTORS)
"""Groups of which molmach itself registers members."""


@cache
def registered(group: str) -> dict[str, EntryPoint]:
    """Entry points of a group by name, sorted.

    Raises
    ------
    SpecError
        None is molmach's own, though it has some: the installation is older than the code that runs.
    """
    points = sorted(entry_points(group=group), key=lambda point: point.name)
    if group in _OURS and not any(
        point.dist is not None and point.dist.name == "molmach" for point in points
    ):
        raise SpecError(
            f"{group}: no entry points of molmach's own are installed, so the installation is older than "
            "this code; expected molmach to be installed again, with 'pip install -e .' where its code is"
        )
    return {point.name: point for point in points}


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
