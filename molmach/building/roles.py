"""Which atoms are axle, stator, rotor, followers: decided from the molecular graph, before coordinates."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rdkit import Chem

from molmach.errors import BuildError

if TYPE_CHECKING:
    from molmach.building.rotor import Rotor


@dataclass(frozen=True)
class Wheel:
    """A part that turns, and its axle.

    Attributes
    ----------
    axle
        Atom indices, from -> to.
    atoms
        Indices of the atoms that turn, anchored ones on the axle included.
    """

    axle: tuple[int, int]
    atoms: tuple[int, ...]


@dataclass(frozen=True)
class Roles:
    """Atom indices of the machine's parts.

    Attributes
    ----------
    rotor
        The part whose turning counts.
    stator
        Anchored atoms.
    reference_atom
        The atom that defines x; None where the machine file leaves it to molmach.
    followers
        Parts that the rotor turns, by name.
    """

    rotor: Wheel
    stator: tuple[int, ...]
    reference_atom: int | None
    followers: dict[str, Wheel] = field(default_factory=dict)

    @property
    def wheels(self) -> dict[str, Wheel]:
        """Every part that turns, by where its axle stands in the machine file."""
        others = {f"machine.followers.{name}.axle": wheel for name, wheel in self.followers.items()}
        return {"machine.axle": self.rotor, **others}


@dataclass(frozen=True)
class _Axle:
    """An axle as the machine file has it, and its atoms."""

    where: str
    numbers: tuple[int, int]
    atoms: tuple[int, int]


def find_roles(molecule: Chem.Mol, machine: Rotor) -> Roles:
    """Assign every role of ``machine`` to atoms of ``molecule`` (hydrogens explicit).

    Raises
    ------
    BuildError
        An axle is in a ring, joins nothing, or the roles contradict each other.
    """
    index = {atom.GetAtomMapNum(): atom.GetIdx() for atom in molecule.GetAtoms() if atom.GetAtomMapNum()}
    anchored = {index[number] for number in machine.stator or ()}

    def axle(where: str, numbers: tuple[int, int]) -> _Axle:
        return _Axle(where, numbers, (index[numbers[0]], index[numbers[1]]))

    own = axle("machine.axle", machine.axle)
    named = {index[number] for number in machine.rotor or ()}
    turning = _turning(molecule, own, anchored, named)
    if named:
        turning = _named_part(molecule, named, turning, machine)
    followers: dict[str, Wheel] = {}
    taken = set(turning)
    for name, follower in machine.followers.items():
        other = axle(f"machine.followers.{name}.axle", follower.axle)
        part = _turning(molecule, other, set(), set())
        if part & taken:
            raise BuildError(
                f"{other.where}: what turns about {list(follower.axle)} shares atoms with the rotor or "
                "another follower; expected an axle that leads from what stands still into a wheel of its own"
            )
        taken |= part
        followers[name] = Wheel(other.atoms, tuple(sorted(part)))
    if not anchored:
        anchored = {
            atom.GetIdx()
            for atom in molecule.GetAtoms()
            if atom.GetAtomicNum() > 1 and atom.GetIdx() not in taken
        }
    reference = index[machine.reference_atom] if machine.reference_atom is not None else None
    wheel = Wheel(own.atoms, tuple(sorted(turning)))
    return Roles(wheel, tuple(sorted(anchored)), reference, followers)


def _named_part(molecule: Chem.Mol, named: set[int], turning: set[int], machine: Rotor) -> set[int]:
    """The named atoms with their hydrogens, which must be among those that turn."""
    part = named | {
        neighbour.GetIdx()
        for i in named
        for neighbour in molecule.GetAtomWithIdx(i).GetNeighbors()
        if neighbour.GetAtomicNum() == 1
    }
    if not part <= turning:
        wrong = min(molecule.GetAtomWithIdx(i).GetAtomMapNum() for i in part - turning)
        raise BuildError(
            f"machine.rotor: atom-map number {wrong} does not turn about the axle {list(machine.axle)}; "
            "expected atoms of the part that turns"
        )
    return part


def _turning(molecule: Chem.Mol, axle: _Axle, anchored: set[int], named: set[int]) -> set[int]:
    """Atoms that turn about an axle; of several parts between its atoms the one that has been ``named``."""
    if molecule.GetBondBetweenAtoms(*axle.atoms) is not None:
        return _side_of_bond(molecule, axle, anchored)
    return _part_on_path(molecule, axle, named)


def _side_of_bond(molecule: Chem.Mol, axle: _Axle, anchored: set[int]) -> set[int]:
    """The far side, or the near one where all anchors are on the far side."""
    if molecule.GetBondBetweenAtoms(*axle.atoms).IsInRing():
        raise BuildError(
            f"{axle.where}: the bond {list(axle.numbers)} is in a ring, so nothing can turn about it; "
            "expected a bond outside rings, or two atoms that the rotor joins"
        )
    first, second = axle.atoms
    far_side = _reach(molecule, second, {first})
    if anchored and anchored <= far_side:
        return _reach(molecule, first, {second})
    return far_side


def _part_on_path(molecule: Chem.Mol, axle: _Axle, named: set[int]) -> set[int]:
    """What lies between the axle's atoms; with the second atom where more than one bond joins that to it.

    Where several parts join the two, as in a molecule whose rotor turns within a cage, that is the one with
    the named atoms: the others are the frame in which it turns.
    """
    first, second = axle.atoms
    joining: list[set[int]] = []
    for neighbour in molecule.GetAtomWithIdx(first).GetNeighbors():
        start = neighbour.GetIdx()
        if any(start in part for part in joining if not named or part & named):
            raise BuildError(_ring_message(axle))
        part = _reach(molecule, start, {first, second})
        if any(other.GetIdx() in part for other in molecule.GetAtomWithIdx(second).GetNeighbors()):
            joining.append(part)
    if not joining:
        raise BuildError(
            f"{axle.where}: no bond and no path joins the atoms {list(axle.numbers)}; "
            "expected two bonded atoms, or two atoms with the rotor between them"
        )
    if len(joining) > 1:
        joining = [part for part in joining if part & named]
    if len(joining) != 1:
        raise BuildError(_ring_message(axle))
    contacts = [n for n in molecule.GetAtomWithIdx(second).GetNeighbors() if n.GetIdx() in joining[0]]
    return joining[0] if len(contacts) == 1 else _reach(molecule, second, {first})


def _ring_message(axle: _Axle) -> str:
    return (
        f"{axle.where}: the axle {list(axle.numbers)} is part of a ring, so nothing can turn about it; "
        "expected a rotor that hangs on each axle atom by one bond, and its atoms in machine.rotor where it "
        "turns within a cage"
    )


def _reach(molecule: Chem.Mol, start: int, blocked: set[int]) -> set[int]:
    """Atoms that can be walked to from ``start`` without entering ``blocked``."""
    seen = {start}
    front = [start]
    while front:
        for neighbour in molecule.GetAtomWithIdx(front.pop()).GetNeighbors():
            i = neighbour.GetIdx()
            if i not in seen and i not in blocked:
                seen.add(i)
                front.append(i)
    return seen
