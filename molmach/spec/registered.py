"""Drives, machine kinds, force fields, agents, evaluations, executors and estimators, found by entry point.

Ours are registered as a stranger's are. The name of an entry point is what stands in the machine file; the
code is imported when a file first asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from molmach.errors import MolmachError, SpecError

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

ESTIMATORS = "molmach.estimates"
"""Names a :class:`molmach.estimates.Estimator`."""

_OURS = (DRIVES, MACHINES, FORCE_FIELDS, AGENTS, EVALUATIONS, EXECUTORS, ESTIMATORS)
"""Groups of which molmach itself registers members."""


_ENTRIES = {DRIVES: "drive.kind", MACHINES: "machine.kind", FORCE_FIELDS: "protocol.force_field"}
"""Where a name of a group stands in the machine file."""

_OUR_DISTRIBUTION = "molmach"


@cache
def registered(group: str) -> dict[str, EntryPoint]:
    """Entry points of a group by name, sorted; of several of one name ours, or else any (:func:`entry`).

    Raises
    ------
    SpecError
        None is molmach's own, though it has some: the installation is older than the code that runs.
    """
    named = _by_name(group)
    if group in _OURS and not any(map(_is_ours, (point for points in named.values() for point in points))):
        raise SpecError(
            f"{group}: no entry points of molmach's own are installed, so the installation is older than "
            "this code; expected molmach to be installed again, with 'pip install -e .' where its code is"
        )
    return {name: points[0] for name, points in named.items()}


def _by_name(group: str) -> dict[str, list[EntryPoint]]:
    """All entry points of each name, names sorted, ours first."""
    named: dict[str, list[EntryPoint]] = {}
    for point in sorted(entry_points(group=group), key=lambda point: (point.name, not _is_ours(point))):
        named.setdefault(point.name, []).append(point)
    return named


def _distribution(point: EntryPoint) -> str:
    return "an unknown distribution" if point.dist is None else str(point.dist.name)


def _is_ours(point: EntryPoint) -> bool:
    return point.dist is not None and point.dist.name == _OUR_DISTRIBUTION


def entry(group: str, name: str) -> EntryPoint:
    """The one entry point of a name; molmach's own, whoever else registers that name.

    Raises
    ------
    SpecError
        Several distributions register that name and none of them is molmach, or what it registers is not of
        the form ``module:attribute``.
    """
    point = registered(group)[name]
    same = [other for other in _by_name(group).get(name, []) if not _is_ours(point)]
    if len({(_distribution(other), other.value) for other in same}) > 1:
        told = " and ".join(sorted(f"{_distribution(other)} ({other.value})" for other in same))
        raise SpecError(f"{group}: {name} is registered by {told}; expected one of them to be installed")
    if EntryPoint.pattern.match(point.value) is None:
        raise SpecError(
            f"{group}: {name} = {point.value} of {_distribution(point)} can't be imported: the entry "
            "point is wrong; expected module:attribute"
        )
    return point


def why_not(point: EntryPoint, error: BaseException) -> str:
    """Why an entry point can't be imported: that it names nothing, or what its module raised."""
    missing = error.name if isinstance(error, ModuleNotFoundError) else None
    if missing is not None and f"{point.module}.".startswith(f"{missing}."):
        return f"the entry point is wrong, there is no module {missing}"
    return f"{type(error).__name__}: {error}"


@cache
def load_registered(group: str, name: str) -> Any:
    """What an entry point names.

    Raises
    ------
    SpecError
        It can't be imported, or importing it raises anything, such as SystemExit; or several distributions
        register that name.
    """
    point = entry(group, name)
    try:
        return point.load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise SpecError(
            f"{group}: {name} = {point.value} can't be imported: {why_not(point, error)}"
        ) from error


def added_by(module: str) -> EntryPoint | None:
    """The entry point that is not molmach's own and whose code is in a module; None where there is none."""
    for group in _OURS:
        for points in _by_name(group).values():
            for point in points:
                if not _is_ours(point) and f"{module}.".startswith(f"{point.module}."):
                    return point
    return None


@contextmanager
def called(group: str, name: str, what: str) -> Iterator[None]:
    """The block calls what an entry point names: whatever it raises, but for molmach's errors, is its fault.

    Parameters
    ----------
    group, name
        Of the entry point.
    what
        That is called: ``terms()``.

    Raises
    ------
    SpecError
        It raises anything else, such as KeyError or SystemExit. What molmach's own code raises comes through.
    """
    try:
        yield
    except (MolmachError, KeyboardInterrupt):
        raise
    except BaseException as error:
        point = registered(group).get(name)
        if point is not None and _is_ours(point):
            raise
        raise faulty(group, name, f"its {what} raises {type(error).__name__}: {error}") from error


def faulty(group: str, name: str, what: str) -> SpecError:
    """The error that says what is wrong with what an entry point names."""
    point = registered(group).get(name)
    where = name if point is None else f"{name} ({point.value})"
    return SpecError(f"{_ENTRIES.get(group, group)}: {where}: {what}")
