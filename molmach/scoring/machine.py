"""Machines within anyone's atoms: which atoms turn, about what and against what; and their copies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy

from molmach.errors import Argument, ScoreError
from molmach.scoring.frames import Snapshot
from molmach.scoring.selection import (
    AXLE,
    EACH,
    FOLLOWER,
    FOLLOWER_AXLE,
    ROTOR,
    STATOR,
    Atoms,
    Selection,
    select,
    select_axle,
)
from molmach.scoring.wheel import Wheel

_MOST_STATOR = 2000
"""More atoms than this tell no better how the stator lies."""

_BOND_NM = 0.2
"""Atoms nearer than this are bonded where a topology says of no bond."""

TOGETHER = "none"
"""The word for copies that turn together, as one part."""


@dataclass(frozen=True)
class Chosen:
    """What the user chose, as :func:`molmach.read_trajectories` takes it."""

    axle: Selection
    rotor: Selection
    follower_axle: Selection | None = None
    follower: Selection | None = None
    stator: Selection | None = None


@dataclass(frozen=True, eq=False)
class Machine:
    """One machine's atoms.

    Attributes
    ----------
    name
        Of the copy; empty where there is one machine.
    wheels
        The rotor and, where there is one, the follower.
    stator
        What the angles are taken against.
    chosen
        Whether the user chose the stator.
    bonds
        Pairs of its atoms that the topology says are bonded.
    together
        Whether copies of a part count as one.
    """

    name: str
    wheels: tuple[Wheel, ...]
    stator: Atoms
    chosen: bool = False
    bonds: tuple[tuple[int, int], ...] = ()
    together: bool = False

    @property
    def atoms(self) -> Atoms:
        """All numbers, rising."""
        return np.unique(np.concatenate([self.stator, *(wheel.atoms for wheel in self.wheels)]))


def one_machine(chosen: Chosen, topology: Any, snapshot: Snapshot, together: bool) -> Machine:
    """The machine that is chosen.

    Parameters
    ----------
    chosen
        Its selections.
    topology
        MDTraj's.
    snapshot
        All atoms at some time.
    together
        Whether copies count as one turning part; they are refused otherwise.

    Raises
    ------
    ScoreError
        A selection is wrong, or takes in several copies of a part.
    """
    machine = _machine("", chosen, topology, None)
    if not together:
        _refuse_copies(machine, topology, snapshot)
    return replace(machine, together=together)


def machines_of_each(chosen: Chosen, topology: Any, each: str) -> list[Machine]:
    """The machine of every residue, chain or molecule in which there are atoms of the rotor.

    Raises
    ------
    ScoreError
        There is no such part, or one has not all of axle and rotor.
    """
    if each not in _PARTS:
        expected = ", ".join(_PARTS)
        raise ScoreError(EACH, f" {each}: expected {expected}, or {TOGETHER} where the copies turn together")
    turning = set(select(ROTOR, chosen.rotor, topology).tolist())
    parts = [(name, atoms) for name, atoms in _PARTS[each](topology) if turning & set(atoms)]
    machines = []
    for name, atoms in parts:
        try:
            machines.append(_machine(name, chosen, topology, np.array(sorted(atoms), dtype=np.int64)))
        except ScoreError as error:
            raise ScoreError(*error.args, f" (in {each} {name})") from error
    return machines


def _machine(name: str, chosen: Chosen, topology: Any, within: Atoms | None) -> Machine:
    rotor = select(ROTOR, chosen.rotor, topology, within)
    wheels = [Wheel(ROTOR, *select_axle(AXLE, chosen.axle, topology, within), rotor)]
    if chosen.follower is not None and chosen.follower_axle is not None:
        ends = select_axle(FOLLOWER_AXLE, chosen.follower_axle, topology, within)
        wheels.append(Wheel(FOLLOWER, *ends, select(FOLLOWER, chosen.follower, topology, within)))
    machine = Machine(
        name, tuple(wheels), _stator(chosen.stator, topology, wheels, within), chosen.stator is not None
    )
    inside = set(machine.atoms.tolist())
    bonds = tuple(pair for pair in _bonds(topology) if inside.issuperset(pair))
    return replace(machine, bonds=bonds)


def _stator(chosen: Selection | None, topology: Any, wheels: list[Wheel], within: Atoms | None) -> Atoms:
    """The atoms of the stator; the chosen atoms' residues and molecules by default, evenly thinned.

    A stator that is chosen outside a copy is every copy's.
    """
    turning = np.concatenate([wheel.rotor for wheel in wheels])
    if chosen is not None:
        held = select(STATOR, chosen, topology)
        inside = held if within is None else np.intersect1d(held, within)
        held = inside if inside.size else held
        both = np.intersect1d(held, turning)
        if both.size:
            raise ScoreError(STATOR, f" {chosen}: atom {both[0]} turns too; expected atoms that do not turn")
    else:
        known = np.concatenate([wheel.atoms for wheel in wheels])
        held = np.setdiff1d(_bonded_to(known, topology), turning)
        held = held if within is None else np.intersect1d(held, within)
    return np.sort(held)[:: -(-held.size // _MOST_STATOR) or 1]


def _bonded_to(atoms: Atoms, topology: Any) -> Atoms:
    """Atoms of the same residues, and all that are bonded to those directly or by others."""
    residues = {topology.atom(int(i)).residue.index: topology.atom(int(i)).residue for i in atoms}
    inside = [atom.index for residue in residues.values() for atom in residue.atoms]
    groups = bonded_groups(range(topology.n_atoms), _bonds(topology))
    of = {atom: group for group in groups for atom in group}
    return np.array(sorted(set().union(*(of[atom] for atom in inside))), dtype=np.int64)


def _bonds(topology: Any) -> list[tuple[int, int]]:
    return [(first.index, second.index) for first, second in topology.bonds]


def bonded_groups(atoms: Iterable[int], bonds: Iterable[tuple[int, int]]) -> list[frozenset[int]]:
    """Sets of atoms that bonds hold together, in the order of their first atoms."""
    around: dict[int, list[int]] = {int(atom): [] for atom in atoms}
    for first, second in bonds:
        if first in around and second in around:
            around[first].append(second)
            around[second].append(first)
    held, seen = [], set[int]()
    for start in around:
        if start in seen:
            continue
        molecule, left = {start}, [start]
        while left:
            fresh = set(around[left.pop()]) - molecule
            molecule |= fresh
            left += fresh
        seen |= molecule
        held.append(frozenset(molecule))
    return held


def _residues(topology: Any) -> Iterator[tuple[str, set[int]]]:
    for residue in topology.residues:
        yield _named(residue), {atom.index for atom in residue.atoms}


def _chains(topology: Any) -> Iterator[tuple[str, set[int]]]:
    for chain in topology.chains:
        yield _chain_name(chain), {atom.index for atom in chain.atoms}


def _whole_molecules(topology: Any) -> Iterator[tuple[str, set[int]]]:
    if topology.n_bonds == 0:
        raise ScoreError(
            EACH, " molecule: the topology has no bonds; expected one with bonds, or residue or chain"
        )
    for molecule in bonded_groups(range(topology.n_atoms), _bonds(topology)):
        yield f"of {_named(topology.atom(min(molecule)).residue)}", set(molecule)


def _named(residue: Any) -> str:
    return f"{residue.name}{residue.resSeq} of chain {_chain_name(residue.chain)}"


def _chain_name(chain: Any) -> str:
    return str(getattr(chain, "chain_id", None) or chain.index)


_PARTS: dict[str, Callable[[Any], Iterator[tuple[str, set[int]]]]] = {
    "residue": _residues,
    "chain": _chains,
    "molecule": _whole_molecules,
}
"""What a copy can be -> the parts of a topology, each with its name."""


def _refuse_copies(machine: Machine, topology: Any, snapshot: Snapshot) -> None:
    """Refuse a rotor, a follower or an axle's end that takes in the same atoms of several molecules.

    An axle's end may: the ring of like chains that holds one rotor. It may not where the rotor is in one of
    the copies.
    """
    chosen: list[tuple[Argument, Atoms]] = []
    for wheel, axle in zip(machine.wheels, (AXLE, FOLLOWER_AXLE), strict=False):
        chosen += [(wheel.argument, wheel.rotor), (axle, wheel.tail), (axle, wheel.head)]
    every = np.unique(np.concatenate([atoms for _, atoms in chosen]))
    of = _molecule_of(every, topology, snapshot)
    rotors = {of[int(i)] for wheel in machine.wheels for i in wheel.rotor}
    for argument, atoms in chosen:
        copies: dict[tuple[tuple[str, str], ...], list[int]] = {}
        for molecule in dict.fromkeys(of[int(i)] for i in atoms):
            inside = [topology.atom(int(i)) for i in atoms if of[int(i)] == molecule]
            copies.setdefault(tuple((atom.residue.name, atom.name) for atom in inside), []).append(molecule)
        for molecules in copies.values():
            if len(molecules) > 1 and rotors & set(molecules):
                firsts = [next(int(i) for i in atoms if of[int(i)] == molecule) for molecule in molecules]
                names = [_named(topology.atom(first).residue) for first in firsts]
                raise ScoreError(
                    argument,
                    f": takes in {len(molecules)} copies of one part, in {names[0]} and {names[1]}"
                    f"{' and others' if len(names) > 2 else ''}; expected atoms of one machine, or ",
                    EACH,
                    f" residue (or chain, molecule) to score each, or {TOGETHER} if they turn as one part",
                )


def _molecule_of(atoms: Atoms, topology: Any, snapshot: Snapshot) -> dict[int, int]:
    """Atom -> number of its molecule: by bonds, or where the topology has none by what is near."""
    bonds = _bonds(topology)
    residues = {topology.atom(int(i)).residue for i in atoms}
    inside = np.array(sorted(atom.index for residue in residues for atom in residue.atoms), dtype=np.int64)
    held = set(inside.tolist())
    if not any(first in held for first, _ in bonds):
        near = scipy.spatial.cKDTree(snapshot.positions[inside]).query_pairs(_BOND_NM, output_type="ndarray")
        bonds = [(int(inside[i]), int(inside[j])) for i, j in near]
        within: Iterable[int] = inside.tolist()
    else:
        within = range(topology.n_atoms)
    for residue in residues:  # its atoms belong together, whatever bonds the file gives
        members = [atom.index for atom in residue.atoms]
        bonds += [(members[0], other) for other in members[1:]]
    return {atom: number for number, molecule in enumerate(bonded_groups(within, bonds)) for atom in molecule}
