"""A rotaxane or a catenane of two molecules, with stations proposed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from rdkit import Chem

from molmach.building import Assembly, build, kind_of
from molmach.building.linking import MIN_THREADED
from molmach.errors import MolmachError, SpecError
from molmach.proposals.base import NO_DRIVE, Proposal, seen, suggestions
from molmach.proposals.isomers import Isomer, isomers_of
from molmach.proposals.rotors import Note, clause, renumbered
from molmach.proposals.stations import Host, Station, host_of, stations_on
from molmach.spec import Spec

_WORDS = {
    Host.ETHERS: "a crown ether",
    Host.AMIDES: "an amide macrocycle",
    Host.CATIONS: "a cationic cyclophane",
    Host.OTHER: "a macrocycle",
}


@dataclass(frozen=True, eq=False)
class InterlockedProposal(Proposal):
    """A ring on a thread, or on another ring, which ``molecule`` is.

    Attributes
    ----------
    kind
        ``rotaxane`` or ``catenane``.
    ring
        SMILES of the ring that moves.
    stations
        Places on the thread or on the other ring.
    """

    kind: str = ""
    ring: str = ""
    stations: tuple[Station, ...] = ()

    def section(self, isomer: Isomer) -> dict[str, Any]:
        """The thread or track with a map number for each station's atoms."""
        atoms = [atom for station in self.stations for atom in station.atoms]
        numbers = {atom: place for place, atom in enumerate(dict.fromkeys(atoms), start=1)}
        track = renumbered(isomer.smiles, numbers)
        closed = kind_of(self.kind).track == "closed"
        molecules = {"rings": [track, self.ring]} if closed else {"axle": track, "rings": [self.ring]}
        stations = {station.name: [numbers[i] for i in station.atoms] for station in self.stations}
        return {"kind": self.kind, **molecules, "stations": stations}

    def comments(self) -> dict[str, str]:
        """Which stations hold the ring."""
        if not self.stations:
            return {}
        holding = [station.name for station in self.stations if station.held]
        told = f"{', '.join(holding)} hold{'s' * (len(holding) == 1)} such a ring" if holding else ""
        start = f"the ring starts at {self.stations[0].name}"
        return {"stations": f"map numbers; {told or start}"}


def propose_interlocked(molecules: Sequence[Chem.Mol], note: Note) -> list[InterlockedProposal]:
    """The one machine that two drawn molecules make.

    Raises
    ------
    SpecError
        Neither of them has a ring that is wide enough for something to go through.
    """
    sizes = [_largest_ring(molecule) for molecule in molecules]
    wide = [size >= MIN_THREADED for size in sizes]
    if not any(wide):
        raise SpecError(
            f"got two molecules whose largest rings have {sizes[0]} and {sizes[1]} members; expected a "
            f"macrocycle of {MIN_THREADED} members or more for the other to go through (or one molecule)"
        )
    if all(wide):
        track, ring = sorted(molecules, key=_largest_ring, reverse=True)
        return [_proposed("catenane", track, ring, note)]
    ring, thread = (molecules[0], molecules[1]) if wide[0] else (molecules[1], molecules[0])
    return [_proposed("rotaxane", thread, ring, note)]


def _largest_ring(molecule: Chem.Mol) -> int:
    return max((len(ring) for ring in Chem.GetSymmSSSR(Chem.Mol(molecule))), default=0)


def _proposed(kind: str, track: Chem.Mol, ring: Chem.Mol, note: Note) -> InterlockedProposal:
    host = host_of(ring)
    stations = tuple(stations_on(track, host, kind_of(kind).track == "closed"))
    isomers, of_ring = tuple(isomers_of(track, [])), isomers_of(ring, [])
    offered = next(words for flag, words in _WORDS.items() if flag & host)
    held = [station.name for station in stations if station.held]
    reason = (
        f"{offered} is known to hold on to {', '.join(held)}"
        if held
        else f"{offered} that nothing here is known to hold"
    )
    numbers = (
        (("of the ring", f"{len(of_ring)} isomers, of which the first is taken"),) if len(of_ring) > 1 else ()
    )
    bare = InterlockedProposal(
        f"{kind} with {len(stations)} station{'s' * (len(stations) != 1)}",
        reason,
        track,
        _between(track, [atom for station in stations for atom in station.atoms]),
        tuple(atom for station in stations for atom in station.atoms),
        isomers,
        numbers=numbers,
        kind=kind,
        ring=renumbered(of_ring[0].smiles, {}),
        stations=stations,
    )
    note(f"threading the ring, and proving that it is threaded ({kind})")
    try:
        section = bare.section(isomers[0])
        spec = Spec.model_validate({"name": "drawn", "machine": section, "drive": {"kind": NO_DRIVE}})
        assembly = build(spec)
    except MolmachError as error:
        return replace(bare, problem=clause(error))
    return replace(
        bare,
        assembly=assembly,
        numbers=(*numbers, *_numbers(spec, assembly)),
        drives=suggestions(seen(assembly)),
    )


def _between(molecule: Chem.Mol, atoms: Sequence[int]) -> tuple[int, ...]:
    """Bonds both of whose atoms are of a station."""
    chosen = set(atoms)
    return tuple(
        bond.GetIdx()
        for bond in molecule.GetBonds()
        if {bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()} <= chosen
    )


def _numbers(spec: Spec, assembly: Assembly) -> tuple[tuple[str, str], ...]:
    """Distances of stations, and what keeps the ring on."""
    track, positions = assembly.require_track(), assembly.positions_nm
    middles = [positions[list(atoms)].mean(axis=0) for atoms in track.stations.values()]
    names = list(track.stations)
    rows = [
        (f"{names[i]} to {names[i + 1]}", f"{np.linalg.norm(middles[i + 1] - middles[i]):.2f} nm")
        for i in range(len(names) - 1)
    ]
    for first, other in kind_of(assembly.kind).stoppers(spec, assembly):
        rows.append(("slipping off", f"{first.verdict} at one end, {other.verdict} at the other"))
    return tuple(rows)
