"""What can be said from the formulas alone against threading rings on an axle or linking them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from rdkit import Chem

from molmach.building.linking import MIN_THREADED, macrocycle, thread_path
from molmach.errors import BuildError

RING_THICKNESS = 3
"""Bonds of an axle that one ring takes up, about 0.35 nm."""

_ARM = 8
"""Heavy atoms in a row beside its macrocycle that make a ring a thread as well."""


def check_rotaxane(
    axle: Chem.Mol, rings: Sequence[Chem.Mol], stations: Mapping[str, Sequence[int]], start: Sequence[str]
) -> None:
    """Whether rings of these formulas can be on an axle of this one, at these stations (atom indices).

    Raises
    ------
    BuildError
        A ring without a macrocycle or with too small a one; an axle that is a ring; a ring and a thread
        in one molecule, as in a [c2] daisy chain; two rings that start at one place.
    """
    for number, ring in enumerate(rings):
        _check_size(ring, f"machine.rings.{number}")
    own = _large_ring(axle)
    if own and all(atom in own for atom in thread_path(axle)):
        raise BuildError(
            f"machine.axle: {_name(axle)} is a ring, without ends that stand out of it; expected a thread "
            "with two ends, or kind: catenane for two rings that are linked"
        )
    for number, ring in enumerate(rings):
        if own and (_name(ring) == _name(axle) or _arm(ring) >= _ARM):
            raise BuildError(
                f"machine.rings.{number}: the axle and this ring are each a ring and a thread in one "
                "molecule, as in a daisy chain ([c2] and longer), which molmach does not know how to build; "
                "expected an axle without the ring and rings without the thread"
            )
    path = thread_path(axle)
    distance = np.asarray(Chem.GetDistanceMatrix(axle))
    places = [int(distance[np.ix_(path, list(stations[name]))].mean(axis=1).argmin()) for name in start]
    for i, first in enumerate(places):
        for j, second in enumerate(places[:i]):
            if abs(first - second) < RING_THICKNESS:
                raise BuildError(
                    f"machine.start: the stations {start[j]} and {start[i]} are {abs(first - second)} bonds "
                    f"apart along the axle, and a ring takes up about {RING_THICKNESS} (0.35 nm); expected "
                    "rings that start side by side"
                )


def check_catenane(rings: Sequence[Chem.Mol]) -> None:
    """Whether rings of these formulas can be linked.

    Raises
    ------
    BuildError
        A ring without a macrocycle or with too small a one.
    """
    for number, ring in enumerate(rings):
        _check_size(ring, f"machine.rings.{number}")


def _check_size(ring: Chem.Mol, field: str) -> None:
    members = len(macrocycle(ring))
    if members < MIN_THREADED:
        raise BuildError(
            f"{field}: the macrocycle of {_name(ring)} has {members} members, too narrow for anything to go "
            f"through; expected at least {MIN_THREADED} (a chain needs about 21, a phenyl group 24)"
        )


def _large_ring(molecule: Chem.Mol) -> frozenset[int]:
    """Atoms of the largest ring, if it has as many members as a threaded one; else none."""
    largest = max(Chem.GetSSSR(Chem.Mol(molecule)), key=len, default=())
    return frozenset(largest) if len(largest) >= MIN_THREADED else frozenset()


def _arm(ring: Chem.Mol) -> int:
    """How many heavy atoms in a row stand farthest out of a macrocycle."""
    loop = list(macrocycle(ring))
    heavy = [atom.GetIdx() for atom in ring.GetAtoms() if atom.GetAtomicNum() > 1]
    distance = np.asarray(Chem.GetDistanceMatrix(ring))
    return int(distance[np.ix_(loop, heavy)].min(axis=0).max())


def _name(molecule: Chem.Mol) -> str:
    """SMILES without map numbers."""
    plain = Chem.RemoveHs(molecule)
    for atom in plain.GetAtoms():
        atom.SetAtomMapNum(0)
    return str(Chem.MolToSmiles(plain))
