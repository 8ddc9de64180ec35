"""Bonds and lines about which a part of a molecule may turn, told from its formula.

What is looked for is what machines have been made of: double bonds that join halves which light turns, rings
on alkynes or between them, within a cage or not, wheels that hang on a bridgehead, two wheels on one atom as
bevel gears, and single bonds between rings. The order of these sorts is that of the list; numbers from the
built structure decide within it and against it (:mod:`molmach.proposals.rotors`).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum

from rdkit import Chem

LARGEST_RING = 11
"""Members of a ring that is stiff enough to be one body; larger ones are frames."""

LARGEST_FLAT_RING = 18
"""The same where every atom is trigonal."""


class Sort(IntEnum):
    """What an axle is; the lower, the more of a machine it makes."""

    MOTOR = 0
    SWITCH = 1
    GEAR = 2
    BETWEEN = 3
    ROD = 4
    WHEEL = 5
    MIDDLE = 6
    JOINT = 7
    HINGE = 8


WORDS: dict[Sort, str] = {
    Sort.MOTOR: "crowded C=C between two halves",
    Sort.SWITCH: "C=C between conjugated groups",
    Sort.GEAR: "two wheels that mesh, on one atom",
    Sort.BETWEEN: "ring held at both ends",
    Sort.ROD: "ring on an alkyne",
    Sort.WHEEL: "wheel on its bridgehead",
    Sort.MIDDLE: "ring between two others",
    Sort.JOINT: "single bond between two rings",
    Sort.HINGE: "rings on one atom, as on a hinge",
}


@dataclass(frozen=True)
class Axle:
    """A line about which a part may turn; atoms are indices of the drawn molecule.

    Attributes
    ----------
    sort
        Which it is.
    atoms
        Tail and head: bonded, or with what turns between them.
    bonds
        Indices of the bonds that lie on it.
    rotor
        Heavy atoms that turn, named where the molecule goes around them; empty where the axle tells them.
    held
        Heavy atoms that stand still where not all of the rest does; empty otherwise.
    second
        Head of the axle of a second wheel, whose tail is the first's.
    alike
        How many such axles the molecule's symmetry makes equal.
    """

    sort: Sort
    atoms: tuple[int, int]
    bonds: tuple[int, ...]
    rotor: tuple[int, ...] = ()
    held: tuple[int, ...] = ()
    second: int | None = None
    alike: int = field(default=1, compare=False)

    @property
    def words(self) -> str:
        """What it is, in words."""
        return WORDS[self.sort]


def find_axles(molecule: Chem.Mol) -> list[Axle]:
    """Every axle of a molecule (hydrogens implicit), one of those that symmetry makes equal, by sort."""
    seen: dict[tuple[object, ...], Axle] = {}
    rank = list(Chem.CanonicalRankAtoms(molecule, breakTies=False, includeChirality=False))
    bodies = _Bodies(molecule)
    finders = (_double_bonds, _gears, _between, _single_bonds)
    taken: set[int] = set()
    for axle in itertools.chain.from_iterable(finder(bodies) for finder in finders):
        if axle.sort > Sort.MIDDLE and taken & set(axle.bonds):
            continue
        if axle.sort == Sort.GEAR:
            taken |= set(axle.bonds)
        key = (axle.sort, frozenset(rank[atom] for atom in axle.atoms), len(axle.rotor))
        before = seen.get(key)
        seen[key] = axle if before is None else _counted(before, before.alike + 1)
    return sorted(seen.values(), key=lambda axle: axle.sort)


def _counted(axle: Axle, alike: int) -> Axle:
    return Axle(axle.sort, axle.atoms, axle.bonds, axle.rotor, axle.held, axle.second, alike)


class _Bodies:
    """A molecule, and which of its atoms are one stiff ring system."""

    def __init__(self, molecule: Chem.Mol) -> None:
        self.molecule = molecule
        self.rings = [set(r) for r in molecule.GetRingInfo().AtomRings() if self._is_stiff(r)]
        systems: list[set[int]] = []
        for ring in self.rings:
            apart = [system for system in systems if not system & ring]
            systems = [*apart, set(ring).union(*(system for system in systems if system & ring))]
        self.of = {atom: number for number, system in enumerate(systems) for atom in system}
        self.systems = systems

    def _is_stiff(self, ring: tuple[int, ...]) -> bool:
        """Whether a ring keeps its shape: a small one, or a flat one as a porphyrin's."""
        flat = all(self.atom(i).GetHybridization() == Chem.HybridizationType.SP2 for i in ring)
        return len(ring) <= (LARGEST_FLAT_RING if flat else LARGEST_RING)

    def atom(self, index: int) -> Chem.Atom:
        return self.molecule.GetAtomWithIdx(index)

    def neighbours(self, index: int) -> list[int]:
        return [int(a.GetIdx()) for a in self.atom(index).GetNeighbors()]

    def bond(self, first: int, second: int) -> int:
        return int(self.molecule.GetBondBetweenAtoms(first, second).GetIdx())

    def is_digonal(self, index: int) -> bool:
        """Whether an atom is carbon of an alkyne, whose neighbours lie in line."""
        atom = self.atom(index)
        return atom.GetAtomicNum() == 6 and any(
            b.GetBondType() == Chem.BondType.TRIPLE and b.GetOtherAtom(atom).GetAtomicNum() == 6
            for b in atom.GetBonds()
        )

    def is_bridgehead(self, index: int) -> bool:
        """Whether three rings of one cage meet in a tetrahedral atom, as in triptycene or bicyclooctane."""
        ringed = [i for i in self.neighbours(index) if self.of.get(i, -1) == self.of.get(index, -2)]
        around = sum(index in ring for ring in self.rings)
        tetrahedral = self.atom(index).GetHybridization() == Chem.HybridizationType.SP3
        return tetrahedral and len(ringed) == 3 and around >= 3

    def opposite_bridgehead(self, index: int) -> int | None:
        """The one other bridgehead of a cage with two."""
        others = [i for i in self.systems[self.of[index]] if i != index and self.is_bridgehead(i)]
        return others[0] if len(others) == 1 else None

    def along(self, tail: int, start: int) -> list[int]:
        """Atoms of an alkyne, or of several in a row, from one of them on away from ``tail``."""
        path, last = [start], tail
        while self.is_digonal(path[-1]):
            onward = [i for i in self.neighbours(path[-1]) if i != last]
            if not onward or not self.is_digonal(onward[0]):
                break
            last = path[-1]
            path.append(onward[0])
        return path

    def reach(self, start: int, blocked: set[int]) -> set[int]:
        seen, front = {start}, [start]
        while front:
            for i in self.neighbours(front.pop()):
                if i not in seen and i not in blocked:
                    seen.add(i)
                    front.append(i)
        return seen


def _double_bonds(bodies: _Bodies) -> Iterator[Axle]:
    for bond in bodies.molecule.GetBonds():
        ends = bond.GetBeginAtom(), bond.GetEndAtom()
        if bond.GetBondType() != Chem.BondType.DOUBLE or bond.IsInRing():
            continue
        if any(end.GetAtomicNum() != 6 or end.GetTotalDegree() != 3 for end in ends):
            continue
        conjugated = [_is_conjugated(end, bond) for end in ends]
        crowded = all(end.GetDegree() == 3 for end in ends) and any(end.IsInRing() for end in ends)
        if crowded and any(conjugated):
            sort = Sort.MOTOR
        elif all(conjugated) and any(_beside_aromatic(end) for end in ends):
            sort = Sort.SWITCH
        else:
            continue
        yield Axle(sort, (bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()), (bond.GetIdx(),))


def _is_conjugated(end: Chem.Atom, bond: Chem.Bond) -> bool:
    """Whether a pi system or a lone pair of sulfur stands beside an end of a double bond."""
    others = [b.GetOtherAtom(end) for b in end.GetBonds() if b.GetIdx() != bond.GetIdx()]
    return any(
        atom.GetIsAromatic()
        or atom.GetAtomicNum() == 16
        or any(b.GetBondTypeAsDouble() >= 2.0 for b in atom.GetBonds())
        for atom in others
    )


def _beside_aromatic(end: Chem.Atom) -> bool:
    return any(atom.GetIsAromatic() for atom in end.GetNeighbors())


def _gears(bodies: _Bodies) -> Iterator[Axle]:
    for atom in bodies.molecule.GetAtoms():
        hub = int(atom.GetIdx())
        if hub in bodies.of:
            continue
        wheels = [i for i in bodies.neighbours(hub) if i in bodies.of and bodies.is_bridgehead(i)]
        far = [bodies.opposite_bridgehead(i) for i in wheels]
        if len(wheels) != 2 or bodies.of[wheels[0]] == bodies.of[wheels[1]]:
            continue
        first, second = far
        if first is None or second is None:
            continue
        bonds = tuple(bodies.bond(hub, wheel) for wheel in wheels)
        yield Axle(Sort.GEAR, (hub, first), bonds, held=(hub, first, second), second=second)


def _between(bodies: _Bodies) -> Iterator[Axle]:
    for system in bodies.systems:
        exits = [
            (inner, outer)
            for inner in sorted(system)
            for outer in bodies.neighbours(inner)
            if outer not in system and _can_be_held(bodies, inner, outer)
        ]
        for (inner, outer), (other_inner, other_outer) in itertools.combinations(exits, 2):
            if outer == other_outer or inner == other_inner:
                continue
            turning = bodies.reach(inner, {outer, other_outer})
            if other_inner not in turning:
                continue
            rest = bodies.reach(outer, turning)
            caged = other_outer in rest
            digonal = bodies.is_digonal(outer) and bodies.is_digonal(other_outer)
            if digonal or caged:
                sort = Sort.BETWEEN
            elif outer in bodies.of and other_outer in bodies.of:
                sort = Sort.MIDDLE
            else:
                continue
            bonds = (bodies.bond(inner, outer), bodies.bond(other_inner, other_outer))
            rotor = tuple(sorted(turning)) if caged else ()
            yield Axle(sort, (outer, other_outer), bonds, rotor=rotor)


def _can_be_held(bodies: _Bodies, inner: int, outer: int) -> bool:
    """Whether a bond leads from a ring to an atom that can be one end of an axle: an alkyne, or a branch."""
    bond = bodies.molecule.GetBondBetweenAtoms(inner, outer)
    if bond.GetBondType() != Chem.BondType.SINGLE:
        return False
    return bodies.is_digonal(outer) or len(bodies.neighbours(outer)) >= 3


def _single_bonds(bodies: _Bodies) -> Iterator[Axle]:
    for bond in bodies.molecule.GetBonds():
        if bond.GetBondType() != Chem.BondType.SINGLE or bond.IsInRing():
            continue
        for inner, outer in (
            (bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()),
            (bond.GetEndAtomIdx(), bond.GetBeginAtomIdx()),
        ):
            if inner not in bodies.of:
                continue
            sort = _sort_of(bodies, inner, outer)
            if sort is None or (outer in bodies.of and outer < inner):
                continue
            path = bodies.along(inner, outer) if sort == Sort.ROD else [outer]
            yield Axle(sort, (outer, inner), _bonds_on(bodies, inner, path))


def _bonds_on(bodies: _Bodies, inner: int, path: list[int]) -> tuple[int, ...]:
    """The bonds of an alkyne between two rings, or the one bond that there is."""
    atoms = [inner, *path]
    if len(path) > 1:
        atoms += [i for i in bodies.neighbours(path[-1]) if i not in path]
    return tuple(bodies.bond(a, b) for a, b in itertools.pairwise(atoms))


def _sort_of(bodies: _Bodies, inner: int, outer: int) -> Sort | None:
    """What a single bond from a ring's atom to another atom is; None for no axle."""
    if outer in bodies.of:
        heads = bodies.is_bridgehead(inner) or bodies.is_bridgehead(outer)
        return Sort.WHEEL if heads else Sort.JOINT
    if bodies.is_digonal(outer):
        path = bodies.along(inner, outer)
        end = [i for i in bodies.neighbours(path[-1]) if i not in path and i != inner]
        if not end:
            return None
        if end[0] in bodies.of:  # seen from both of its rings: once is enough
            return Sort.ROD if inner < end[0] else None
        return Sort.ROD if len(bodies.neighbours(end[0])) >= 3 else None
    others = [i for i in bodies.neighbours(outer) if i != inner]
    ringed = [i for i in others if i in bodies.of and bodies.of[i] != bodies.of[inner]]
    return Sort.HINGE if ringed else None
