"""What rotaxanes and catenanes have in common: their parts as atoms of the whole machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from rdkit import Chem

from molmach.building.assembly import Assembly
from molmach.building.kinds import MachineKind
from molmach.building.linking import macrocycle


class ThreadedKind(MachineKind):
    """A machine whose coordinate is where a ring, ``loop``, is along a track."""

    def station_names(self, machine: Any) -> tuple[str, ...]:
        """Those of the section."""
        return tuple(machine.stations)

    def follower_names(self, machine: Any) -> tuple[str, ...]:
        """None: rings turn no wheels."""
        return ()

    def stations(self, assembly: Assembly) -> dict[str, float]:
        """Where a ring would be whose atoms were the station's."""
        return {
            name: self.place(assembly, atoms) for name, atoms in assembly.require_track().stations.items()
        }

    def place(self, assembly: Assembly, atoms: tuple[int, ...]) -> float:
        """Where a ring of those atoms would be."""
        ring: Any = self.coordinate.of(assembly)
        return float(replace(ring, loop=np.array(atoms))(assembly.positions_nm))


def mapped(molecule: Chem.Mol, numbers: tuple[int, ...]) -> tuple[int, ...]:
    """Atom indices of atom-map numbers, sorted."""
    index = {atom.GetAtomMapNum(): atom.GetIdx() for atom in molecule.GetAtoms() if atom.GetAtomMapNum()}
    return tuple(sorted(index[number] for number in numbers))


def atoms_by_name(molecule: Chem.Mol, stations: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """Atom indices of stations that are given by atom-map numbers."""
    return {name: mapped(molecule, numbers) for name, numbers in stations.items()}


def loops_of(
    molecule: Chem.Mol, rings: list[Chem.Mol], first: int
) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
    """Each ring's loop and all of its atoms, as they are numbered in the whole machine."""
    loops, members = [], []
    for ring in rings:
        loops.append(tuple(first + i for i in macrocycle(ring)))
        members.append(tuple(range(first, first + ring.GetNumAtoms())))
        first += ring.GetNumAtoms()
    return loops, members
