"""A rotaxane: rings threaded on an axle, along which the first of them moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from rdkit import Chem

from molmach.building.assembly import Assembly, Floats, Track
from molmach.building.contour import between, nearness
from molmach.building.embed import checked_molecule, conformer_seed
from molmach.building.frame import to_frame
from molmach.building.interlock import thread_rings
from molmach.building.interlocked import ThreadedKind, atoms_by_name, loops_of, mapped
from molmach.building.linking import thread_path
from molmach.building.scale import PLACES, Scale
from molmach.building.stoppers import Passage, stopper_report
from molmach.building.strain import strains
from molmach.building.threadable import check_rotaxane
from molmach.spec import MachineSection, Spec
from molmach.spec.machine import StationName, Stations
from molmach.spec.molecule import AtomSet, Smiles, require_map_numbers


class Rotaxane(MachineSection):
    """One or more rings threaded on an axle, along which the first of them moves.

    Attributes
    ----------
    axle
        SMILES of the axle, stoppers included. The way along it leads between the ends of its
        longest path of heavy atoms; its first end is the one nearer to the first ring's start.
    rings
        SMILES of the macrocycles. The first ring's motion counts.
    stations
        Places along the axle: name -> atom-map numbers of the axle.
    start
        The station at which each ring is threaded; omitted: the first stations in their order.
    held
        Map numbers of axle atoms held by harmonic anchors. Omitted: the two ends of the axle's
        path, so that the axle stays stretched along z.
    """

    molecules = ("axle", "rings")

    kind: Literal["rotaxane"]
    axle: Smiles
    rings: Annotated[tuple[Smiles, ...], Field(min_length=1, max_length=10)]
    stations: Annotated[Stations, Field(min_length=1)]
    start: tuple[StationName, ...]
    held: AtomSet | None = None

    @model_validator(mode="before")
    @classmethod
    def _start_in_order(cls, content: Any) -> Any:
        """The start is a part of the spec's key, the order of the stations is not."""
        if isinstance(content, dict) and content.get("start") is None:
            stations, rings = content.get("stations"), content.get("rings")
            if isinstance(stations, dict) and isinstance(rings, list | tuple):
                return {**content, "start": tuple(stations)[: len(rings)]}
        return content

    @model_validator(mode="after")
    def _names_exist(self) -> Rotaxane:
        for name, numbers in self.stations.items():
            require_map_numbers(f"stations.{name}", numbers, self.axle)
        if self.held is not None:
            require_map_numbers("held", self.held, self.axle)
        if len(self.start) != len(self.rings):
            raise ValueError(
                f"{len(self.rings)} rings start at {len(self.start)} stations; expected one for each ring"
            )
        _require_stations("start", self.start, self.stations)
        if len(set(self.start)) != len(self.start):
            raise ValueError(f"start names a station twice: {list(self.start)}; expected one for each ring")
        return self


def _require_stations(field: str, names: tuple[str, ...], stations: dict[str, tuple[int, ...]]) -> None:
    for name in names:
        if name not in stations:
            raise ValueError(f"{field} names {name!r}; expected one of the stations {', '.join(stations)}")


@dataclass(frozen=True, eq=False)
class RingPosition:
    """Place of a ring along its axle, nm from the axle's first end along the axle's own contour.

    The ring's centroid is projected on the present contour, so a bent axle is as good as a straight
    one: s = sum_k s_k w_k / sum_k w_k with ``w_k = exp(-|R - r_k|^2 / 2 a^2)`` over points r_k between
    the path's atoms, s_k their distance along the built path (the path variable of Branduardi,
    Gervasio & Parrinello, J. Chem. Phys. 126, 054103 (2007)).

    Attributes
    ----------
    loop, path
        Atom indices of the ring and, in order, of the axle.
    contour
        (n_path,) distances of the path's atoms along it, nm.
    """

    scale: ClassVar[Scale] = PLACES
    parity: ClassVar[int] = 1

    loop: NDArray[np.int64]
    path: NDArray[np.int64]
    contour: Floats

    @classmethod
    def of(cls, assembly: Assembly) -> RingPosition:
        """The coordinate of a rotaxane's first ring."""
        track = assembly.require_track()
        path = np.array(track.path)
        bonds = np.linalg.norm(np.diff(assembly.positions_nm[path], axis=0), axis=1)
        return cls(np.array(track.loops[0]), path, np.concatenate([[0.0], np.cumsum(bonds)]))

    def __call__(self, positions_nm: Floats) -> Floats:
        """Place in nm; ``positions_nm`` is (..., n_atoms, 3)."""
        weights = nearness(positions_nm, self.loop, self.path)
        return np.asarray(weights @ between(self.contour[:, None])[:, 0])


class RotaxaneKind(ThreadedKind):
    """Its coordinate is the first ring's place along the axle, whose ends are held on z."""

    spec = Rotaxane
    coordinate = RingPosition
    track = "open"
    part_names: ClassVar[Mapping[str, str]] = {**ThreadedKind.part_names, "rotor": "ring"}

    def build(self, spec: Spec) -> Assembly:
        """Thread the rings, relax, prove that they are threaded, and lay the axle on z.

        Raises
        ------
        BuildError
            See :func:`molmach.building.interlock.thread_rings`.
        """
        machine = spec.machine
        assert isinstance(machine, Rotaxane)
        field, seed = spec.protocol.build_field, conformer_seed(spec.protocol.seed)
        axle = checked_molecule(machine.axle, field, "machine.axle")
        rings = [checked_molecule(ring, field, f"machine.rings.{i}") for i, ring in enumerate(machine.rings)]
        stations = atoms_by_name(axle, machine.stations)
        check_rotaxane(axle, rings, stations, machine.start)
        path = _from_start(axle, list(thread_path(axle)), stations[machine.start[0]])
        molecule = thread_rings(axle, rings, [list(stations[name]) for name in machine.start], seed, field)
        loops, members = loops_of(molecule, rings, first=axle.GetNumAtoms())
        _lay_axle_on_z(molecule, path, members[0])
        held = mapped(axle, machine.held) if machine.held is not None else (path[0], path[-1])
        track = Track(tuple(path), tuple(loops), stations)
        parts = [("axle", "axle"), *((f"rings.{i}", "ring") for i in range(len(rings)))]
        return Assembly(
            spec.name,
            "rotaxane",
            molecule,
            (path[0], path[-1]),
            held,
            members[0],
            field,
            track,
            strain=strains(molecule, parts, field),
        )

    def check(self, machine: Rotaxane) -> None:
        """Whether rings of these formulas can be on this axle (:mod:`molmach.building.threadable`)."""
        axle, *rings = (Chem.AddHs(Chem.MolFromSmiles(text)) for text in (machine.axle, *machine.rings))
        check_rotaxane(axle, rings, atoms_by_name(axle, machine.stations), machine.start)

    def stoppers(self, spec: Spec, assembly: Assembly) -> list[tuple[Passage, Passage]]:
        """From the station at which a ring starts to the axle's first and other end."""
        machine = spec.machine
        assert isinstance(machine, Rotaxane)
        axle, *rings = Chem.GetMolFrags(assembly.molecule, asMols=True)
        stations, seed = assembly.require_track().stations, spec.protocol.seed % 2**31
        return [
            stopper_report(axle, ring, stations[start], seed)
            for ring, start in zip(rings, machine.start, strict=True)
        ]


def _from_start(axle: Chem.Mol, path: list[int], station: tuple[int, ...]) -> list[int]:
    """The path from the end nearer to the station, by bonds."""
    distance = Chem.GetDistanceMatrix(axle)
    first, last = (sum(distance[end, atom] for atom in station) for end in (path[0], path[-1]))
    return path[::-1] if last < first or (last == first and path[-1] < path[0]) else path


def _lay_axle_on_z(molecule: Chem.Mol, path: list[int], ring: tuple[int, ...]) -> None:
    """First path atom to last along z, their midpoint the origin; x towards the ring's farthest atom."""
    positions = np.asarray(molecule.GetConformer().GetPositions(), dtype=np.float64)
    first, last = positions[path[0]], positions[path[-1]]
    z = (last - first) / np.linalg.norm(last - first)
    centred = positions - 0.5 * (first + last)
    across = centred - np.outer(centred @ z, z)
    distance = np.linalg.norm(across[list(ring)], axis=1)
    farthest = ring[int(np.argmax(np.round(distance, 2)))]
    to_frame(molecule, 0.5 * (first + last), across[farthest], z)
