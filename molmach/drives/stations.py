"""What drives that act at stations have in common: which atoms a station and its ring are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from molmach.building import Assembly
from molmach.drives.base import STATIC, SwitchedTerm
from molmach.drives.shapes import Charged, Well
from molmach.drives.suggesting import Seen
from molmach.errors import SpecError
from molmach.spec import Driven, fields
from molmach.spec.machine import StationName

SWITCH_STATES = {"off": False, "on": True}
"""States of a drive with one switch for all its stations."""

Share = Annotated[float, Field(strict=False, ge=0.0, le=1.0)]
Affinities = Annotated[
    dict[StationName, tuple[fields.Energy, fields.Energy]], Field(min_length=1, max_length=50)
]


class StationDriven(Driven):
    """Gaussian wells or hills, -+ A exp(-d^2/2 w^2) in the distance of ring and station.

    Attributes
    ----------
    width
        w, nm.
    """

    width: fields.Length = 0.25


def wells(assembly: Assembly, field: str, names: Iterable[str], width: float) -> dict[str, list[Well]]:
    """For each named station the shapes of every threaded ring at it.

    Raises
    ------
    SpecError
        The machine has no stations, or none of that name.
    """
    track = assembly.track
    if track is None or not track.stations:
        raise SpecError(
            f"drive.{field}: a {assembly.kind} without stations can't be driven at any; "
            "expected a rotaxane or catenane with machine.stations"
        )
    shapes: dict[str, list[Well]] = {}
    for name in names:
        if name not in track.stations:
            raise SpecError(
                f"drive.{field}: got {name!r}; expected stations of the machine: {', '.join(track.stations)}"
            )
        shapes[name] = [Well(loop, track.stations[name], width) for loop in track.loops]
    return shapes


def passage_ps(seen: Seen, first: str, second: str) -> float:
    """How long a free ring takes between two stations: L^2 / 2 D with D = k_B T / g m, ps.

    Parameters
    ----------
    seen
        The machine.
    first, second
        Names of its stations.
    """
    stations, positions = seen.assembly.require_track().stations, seen.assembly.positions_nm
    apart = positions[list(stations[first])].mean(axis=0) - positions[list(stations[second])].mean(axis=0)
    mass = float(seen.assembly.masses[list(seen.assembly.rotor)].sum())
    return float(apart @ apart) * mass * seen.friction / (2.0 * seen.thermal_energy)


def charged(assembly: Assembly, name: str) -> list[Charged]:
    """The shapes of a charge at a station with every threaded ring, hydrogens and side groups included."""
    track = assembly.require_track()
    partial = assembly.charges
    shapes = []
    for loop in track.loops:
        members = _molecule_of(assembly, loop[0])
        shapes.append(Charged(members, track.stations[name], tuple(partial[list(members)].tolist())))
    return shapes


def _molecule_of(assembly: Assembly, atom: int) -> tuple[int, ...]:
    """All atoms that bonds join to one."""
    joined, front = {atom}, [atom]
    while front:
        for neighbour in assembly.molecule.GetAtomWithIdx(front.pop()).GetNeighbors():
            if neighbour.GetIdx() not in joined:
                joined.add(neighbour.GetIdx())
                front.append(neighbour.GetIdx())
    return tuple(sorted(joined))


def affinities(assembly: Assembly) -> tuple[SwitchedTerm, ...]:
    """Static terms of the stations that hold rings beyond what the force field does."""
    track = assembly.track
    if track is None:
        return ()
    return tuple(
        SwitchedTerm(Well(loop, track.stations[name], width), STATIC, energy, energy)
        for name, (energy, width) in track.affinities.items()
        for loop in track.loops
    )
