"""The coordinate whose motion counts, and the angles of followers: made, kept in files, and continued."""

from __future__ import annotations

import math
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np

from molmach.building.assembly import Assembly, Floats
from molmach.building.kinds import kind_of
from molmach.building.rotor_angle import RotorAngle
from molmach.building.scale import Scale
from molmach.spec.registered import MACHINES, registered

MAX_SAFE_JUMP = 0.5 * math.pi
"""Largest change of an angle between two samples, rad, that leaves no doubt about its direction."""


class Coordinate(Protocol):
    """Maps positions to the number whose motion is scored.

    It is a dataclass whose fields are arrays of numbers, of which worker processes make it anew.

    Attributes
    ----------
    scale
        How its motion is counted.
    parity
        What reflection in the xz plane does to the coordinate's velocity: -1 turns it over, 1
        leaves it.
    """

    scale: ClassVar[Scale]
    parity: ClassVar[int]

    @classmethod
    def of(cls, assembly: Assembly) -> Coordinate:
        """The coordinate of a machine."""
        ...

    def __call__(self, positions_nm: Floats) -> Floats:
        """(...) values of (..., n_atoms, 3) positions; of a periodic one within a period."""
        ...


def coordinate_of(assembly: Assembly) -> Coordinate:
    """The coordinate of a machine."""
    return kind_of(assembly.kind).coordinate.of(assembly)


def coordinates_of(assembly: Assembly) -> list[Coordinate]:
    """All that is sampled: the machine's coordinate, and the angle of each follower."""
    followers = assembly.followers.values()
    return [coordinate_of(assembly), *(RotorAngle.of_follower(assembly, wheel) for wheel in followers)]


def save_coordinates(assembly: Assembly, path: Path) -> None:
    """Write what is sampled of a machine, exactly, as an npz file."""
    arrays: dict[str, Any] = {}
    for number, coordinate in enumerate(coordinates_of(assembly)):
        arrays[f"{number}.class"] = place_of(type(coordinate))
        arrays |= {f"{number}.{name}": array for name, array in arrays_of(coordinate).items()}
    np.savez(path, **arrays)


def place_of(made_by: type[Any]) -> str:
    """Where a class is: ``module:class``."""
    return f"{made_by.__module__}:{made_by.__qualname__}"


def arrays_of(coordinate: Coordinate) -> dict[str, Any]:
    """The arrays that a coordinate is made of, by name."""
    made_by: Any = type(coordinate)
    return {f.name: getattr(coordinate, f.name) for f in fields(made_by)}


def known_coordinates() -> dict[str, Any]:
    """The classes of coordinates that the installed machine kinds and followers have, by their place."""
    kinds = [kind_of(name).coordinate for name in registered(MACHINES)]
    every: list[type[Any]] = [RotorAngle, *kinds]
    return {place_of(made_by): made_by for made_by in every}


def load_coordinates(path: Path) -> list[Coordinate]:
    """Read what :func:`save_coordinates` wrote; the classes are imported from where they were."""
    coordinates: list[Coordinate] = []
    with np.load(path) as stored:
        while (name := f"{len(coordinates)}.class") in stored:
            module, _, qualified = str(stored[name]).partition(":")
            made_by: Any = import_module(module)
            for part in qualified.split("."):
                made_by = getattr(made_by, part)
            values = {f.name: stored[f"{len(coordinates)}.{f.name}"] for f in fields(made_by)}
            coordinates.append(made_by(**values))
    return coordinates


def unwrap(angle: Floats) -> Floats:
    """Continuous angle along the last axis: every step is taken the short way round."""
    return np.asarray(np.unwrap(angle, axis=-1))


def continuous(coordinate: Coordinate, values: Floats) -> Floats:
    """Continuous series of a coordinate's sampled values along the last axis."""
    period = coordinate.scale.period
    return values if period is None else np.asarray(np.unwrap(values, axis=-1, period=period))


def largest_jump(unwrapped: Floats) -> float:
    """Largest change between neighbouring samples; beyond :data:`MAX_SAFE_JUMP` turns may be lost."""
    steps = np.abs(np.diff(unwrapped, axis=-1))
    return float(np.max(steps)) if steps.size else 0.0
