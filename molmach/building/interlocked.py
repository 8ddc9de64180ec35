"""Building rotaxanes and catenanes and laying them into the laboratory frame."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from rdkit import Chem

from molmach.building.assembly import Assembly, Floats, Track
from molmach.building.embed import checked_molecule, conformer_seed
from molmach.building.interlock import link_rings, thread_rings
from molmach.building.linking import macrocycle, thread_path
from molmach.building.rotor import to_frame
from molmach.spec import Catenane, Rotaxane, Spec

_ANCHORS_OF_A_RING = 3


def build_rotaxane(spec: Spec, machine: Rotaxane) -> Assembly:
    """Thread the rings, relax, prove that they are threaded, and lay the axle on z.

    Raises
    ------
    BuildError
        See :func:`molmach.building.interlock.thread_rings`.
    """
    field, seed = spec.protocol.build_field, conformer_seed(spec.protocol.seed)
    axle = checked_molecule(machine.axle, field, "machine.axle")
    rings = [checked_molecule(ring, field, f"machine.rings.{i}") for i, ring in enumerate(machine.rings)]
    stations = _atoms_by_name(axle, machine.stations)
    path = _from_start(axle, list(thread_path(axle)), stations[machine.start[0]])
    molecule = thread_rings(axle, rings, [list(stations[name]) for name in machine.start], seed, field)
    loops, members = _loops(molecule, rings, first=axle.GetNumAtoms())
    _lay_axle_on_z(molecule, path, members[0])
    held = _mapped(axle, machine.held) if machine.held is not None else (path[0], path[-1])
    track = Track(tuple(path), tuple(loops), stations)
    return Assembly(spec.name, "rotaxane", molecule, (path[0], path[-1]), held, members[0], field, track)


def build_catenane(spec: Spec, machine: Catenane) -> Assembly:
    """Link the rings, relax, prove that they are linked, and lay the first one across z.

    Raises
    ------
    BuildError
        See :func:`molmach.building.interlock.link_rings`.
    """
    field, seed = spec.protocol.build_field, conformer_seed(spec.protocol.seed)
    rings = [checked_molecule(ring, field, f"machine.rings.{i}") for i, ring in enumerate(machine.rings)]
    molecule = link_rings(rings, seed, field)
    path = tuple(macrocycle(rings[0]))
    loops, members = _loops(molecule, rings[1:], first=rings[0].GetNumAtoms())
    _lay_ring_across_z(molecule, path)
    if machine.held is not None:
        held = _mapped(rings[0], machine.held)
    else:
        held = tuple(path[k * len(path) // _ANCHORS_OF_A_RING] for k in range(_ANCHORS_OF_A_RING))
    track = Track(path, tuple(loops), _atoms_by_name(rings[0], machine.stations))
    return Assembly(spec.name, "catenane", molecule, (), tuple(sorted(held)), members[0], field, track)


def _mapped(molecule: Chem.Mol, numbers: tuple[int, ...]) -> tuple[int, ...]:
    index = {atom.GetAtomMapNum(): atom.GetIdx() for atom in molecule.GetAtoms() if atom.GetAtomMapNum()}
    return tuple(sorted(index[number] for number in numbers))


def _atoms_by_name(molecule: Chem.Mol, stations: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    return {name: _mapped(molecule, numbers) for name, numbers in stations.items()}


def _from_start(axle: Chem.Mol, path: list[int], station: tuple[int, ...]) -> list[int]:
    """The path from the end nearer to the station, by bonds."""
    distance = Chem.GetDistanceMatrix(axle)
    first, last = (sum(distance[end, atom] for atom in station) for end in (path[0], path[-1]))
    return path[::-1] if last < first or (last == first and path[-1] < path[0]) else path


def _loops(
    molecule: Chem.Mol, rings: list[Chem.Mol], first: int
) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
    """Each ring's loop and all of its atoms, as they are numbered in the whole machine."""
    loops, members = [], []
    for ring in rings:
        loops.append(tuple(first + i for i in macrocycle(ring)))
        members.append(tuple(range(first, first + ring.GetNumAtoms())))
        first += ring.GetNumAtoms()
    return loops, members


def _positions(molecule: Chem.Mol) -> Floats:
    return np.asarray(molecule.GetConformer().GetPositions(), dtype=np.float64)


def _lay_axle_on_z(molecule: Chem.Mol, path: list[int], ring: tuple[int, ...]) -> None:
    """First path atom to last along z, their midpoint the origin; x towards the ring's farthest atom."""
    positions = _positions(molecule)
    first, last = positions[path[0]], positions[path[-1]]
    z = (last - first) / np.linalg.norm(last - first)
    centred = positions - 0.5 * (first + last)
    across = centred - np.outer(centred @ z, z)
    distance = np.linalg.norm(across[list(ring)], axis=1)
    farthest = ring[int(np.argmax(np.round(distance, 2)))]
    to_frame(molecule, 0.5 * (first + last), across[farthest], z)


def _lay_ring_across_z(molecule: Chem.Mol, path: tuple[int, ...]) -> None:
    """The ring's mean plane across z, its centroid the origin, x towards its first atom.

    z points so that the path runs counter-clockwise.
    """
    positions = _positions(molecule)
    centroid = positions[list(path)].mean(axis=0)
    spokes = positions[list(path)] - centroid
    z = np.cross(spokes, np.roll(spokes, -1, axis=0)).sum(axis=0)
    z /= np.linalg.norm(z)
    to_frame(molecule, centroid, spokes[0] - (spokes[0] @ z) * z, z)
