"""How well a station holds a ring: the energy of the machine beside that of its parts, each alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from molmach import engine
from molmach.building import Interlocking, build, coordinate_of, kind_of
from molmach.building.conformers import embed_conformers, minimise, ranked
from molmach.building.embed import conformer_seed
from molmach.data.stations import StationMap
from molmach.engine import LANES
from molmach.engine.batched import BatchedStepper, Inputs
from molmach.errors import Argument, BuildError, SpecError
from molmach.spec import Spec
from molmach.spec.drive import no_drive
from molmach.studies.kinetics.level import MMFF94Level, level_of
from molmach.studies.kinetics.stationary import exact_hessian, relax

Floats = NDArray[np.float64]

LEVELS = ("MMFF94", "GFN2-xTB")

_WARM, _WARM_PS = 500.0, 10.0
"""Temperature, K, and time of the motion that takes a machine from one shape to another."""

_TRIES_A_SEARCH = 4
"""Structures that are looked at for each that is wanted, where the ring leaves the station on the way."""


@dataclass(frozen=True)
class Binding:
    """Energy of a ring at a station above that of axle and ring apart, kJ/mol; below zero it is held.

    Attributes
    ----------
    station
        Its name.
    energy
        Of the lowest structures that were found, without zero-point energy or temperature.
    error
        Standard error of the search: how much the lowest structure of one half of the starts differs from the
        other half's, of machine, axle and ring together. The level's own error is not in it.
    """

    station: str
    energy: float
    error: float


def binding(
    spec: Spec, level_name: str = "MMFF94", searches: int = 16, station: str | None = None
) -> Binding:
    """The energy by which a station holds the ring of a rotaxane.

    The machine is relaxed from many structures that warm motion has brought about, its ring having to be
    on the axle and nearest to the station afterwards; axle and ring alone are relaxed from as many
    conformers, and as they lie in the machine.

    Parameters
    ----------
    spec
        A rotaxane with one ring; its force field relaxes everything first.
    level_name
        One of :data:`LEVELS`: the protocol's own MMFF94 or MMFF94s, or GFN2-xTB, which relaxes on from there.
    searches
        Structures of each, at least two.
    station
        Which; default that at which the ring is built.

    Raises
    ------
    SpecError, BuildError
        The machine has no single ring on an axle or no such station, or nothing is found that stays at it.
    """
    if level_name not in LEVELS:
        raise SpecError(Argument("level_name"), f": got {level_name!r}; accepted: {', '.join(LEVELS)}")
    if searches < 2:
        raise SpecError(f"searches: got {searches}; expected two or more")
    machine = spec.machine.model_dump()
    if kind_of(machine["kind"]).track != "open" or len(machine["start"]) != 1:
        raise SpecError(
            f"machine.kind: a {machine['kind']} has no single ring on an axle that a station could hold; "
            "expected a rotaxane with one ring"
        )
    station = machine["start"][0] if station is None else station
    if station not in machine["stations"]:
        raise SpecError(f"station: got {station!r}; expected one of {', '.join(machine['stations'])}")
    started = spec.model_copy(update={"machine": spec.machine.model_copy(update={"start": (station,)})})
    field = spec.protocol.build_field
    threaded = list(islice(_threaded(started, station, searches), searches))
    if len(threaded) < 2:
        raise BuildError(
            f"machine.stations.{station}: the ring stays there in {len(threaded)} of "
            f"{_TRIES_A_SEARCH * searches} structures or more; expected a station that holds it"
        )
    whole = threaded[0]
    parts = Chem.GetMolFrags(whole, asMols=True)
    energies = [_relaxed_energies(threaded, level_name, field)]
    for number in range(len(parts)):
        bound = [Chem.GetMolFrags(molecule, asMols=True)[number] for molecule in threaded]
        free = _conformers(bound[0], searches, conformer_seed(spec.protocol.seed), field)
        energies.append(_relaxed_energies([*_alternating(_minimised(bound, field), free)], level_name, field))
    lowest, spread = zip(*(_lowest(values) for values in energies), strict=True)
    energy = lowest[0] - sum(lowest[1:])
    return Binding(station, float(energy), float(np.sqrt(np.sum(np.square(spread)))))


def _threaded(spec: Spec, station: str, searches: int) -> Iterator[Chem.Mol]:
    """Machines relaxed from where warm motion had taken them, the ring on its axle and at the station."""
    warm = {"temperature": f"{max(_WARM, spec.protocol.temperature)} K"}
    protocol = spec.protocol.model_validate(spec.protocol.model_dump(mode="json") | warm)
    assembly = build(spec)
    inputs = Inputs.of([engine.prepare("warm", 0, assembly, no_drive(), protocol)])
    stations, coordinate = StationMap.of(assembly), coordinate_of(assembly)
    interlocking = Interlocking.of(assembly)
    assert stations is not None, "a rotaxane has stations"
    assert interlocking is not None, "a rotaxane is threaded"
    steps = round(_WARM_PS / protocol.timestep)
    for first in range(0, _TRIES_A_SEARCH * searches, LANES):
        root = np.random.SeedSequence(spec.protocol.seed, spawn_key=(5, first))
        seeds = np.array([child.generate_state(4) for child in root.spawn(LANES)])
        moved = BatchedStepper(inputs, [0] * LANES, seeds).advance(1, steps).positions[0]
        for positions in moved:
            molecule = Chem.Mol(assembly.molecule)
            molecule.GetConformer().SetPositions(10.0 * positions)
            (molecule,) = _minimised([molecule], spec.protocol.build_field)
            relaxed = 0.1 * molecule.GetConformer().GetPositions()
            if interlocking.broken(relaxed):
                continue
            place = coordinate(relaxed)
            if stations.names[int(stations.nearest(np.asarray(place)[None])[0])] == station:
                yield molecule


def _minimised(molecules: list[Chem.Mol], force_field: str) -> list[Chem.Mol]:
    relaxed = []
    for molecule in molecules:
        copy = Chem.Mol(molecule)
        Chem.SanitizeMol(copy)
        minimise(copy, force_field)
        relaxed.append(copy)
    return relaxed


def _conformers(molecule: Chem.Mol, count: int, seed: int, force_field: str) -> list[Chem.Mol]:
    """Free ones, each relaxed, in the order in which they were drawn, for halves of them are compared."""
    free = Chem.Mol(molecule)
    embed_conformers(free, count, seed)
    numbers = sorted(number for _, _, number in ranked(free, force_field))
    return [Chem.Mol(free, confId=number) for number in numbers]


def _alternating(bound: list[Chem.Mol], free: list[Chem.Mol]) -> Iterator[Chem.Mol]:
    """Those from the machine and free ones in turn, so that every other one is now the one, now the other."""
    for number, pair in enumerate(zip(bound, free, strict=False)):
        yield from pair if number % 2 == 0 else pair[::-1]
    yield from bound[len(free) :]
    yield from free[len(bound) :]


def _relaxed_energies(molecules: list[Chem.Mol], level_name: str, force_field: str) -> Floats:
    """(n,) energies at a level, kJ/mol, of structures that the force field has relaxed."""
    if level_name == "MMFF94":
        return np.array([minimise(molecule, force_field)[0][1] for molecule in molecules])
    level, guess = level_of(level_name, molecules[0]), MMFF94Level(molecules[0])
    energies = []
    for molecule in molecules:
        level.forget()
        positions = 0.1 * molecule.GetConformer().GetPositions()
        energies.append(relax(level, positions, partial(exact_hessian, guess)).energy)
    return np.array(energies)


def _lowest(energies: Floats) -> tuple[float, float]:
    """The lowest of all, and by how much the lowest of every other one differs from that of the rest."""
    apart = abs(energies[::2].min() - energies[1::2].min())
    return float(energies.min()), float(apart)
