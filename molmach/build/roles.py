"""Which atoms are axle, stator and rotor: decided from the molecular graph, before any coordinates."""

from __future__ import annotations

from dataclasses import dataclass

from rdkit import Chem

from molmach.errors import BuildError
from molmach.spec import Rotor


@dataclass(frozen=True)
class Roles:
    """Atom indices of the machine's parts.

    ``ends`` are the two atoms of the rotor's own through which it hangs on the axle: for a bonded
    axle the rotor's axle atom and nothing else, for a path the rotor's atoms bonded to the axle's.
    """

    axle: tuple[int, int]
    stator: tuple[int, ...]
    rotor: tuple[int, ...]
    reference_atom: int | None


def find_roles(molecule: Chem.Mol, machine: Rotor) -> Roles:
    """Assign every role of ``machine`` to atoms of ``molecule`` (hydrogens explicit).

    Raises
    ------
    BuildError
        The axle is in a ring, joins nothing, or the roles contradict each other.
    """
    index = {atom.GetAtomMapNum(): atom.GetIdx() for atom in molecule.GetAtoms() if atom.GetAtomMapNum()}
    first, second = (index[number] for number in machine.axle)
    anchored = {index[number] for number in machine.stator or ()}
    if molecule.GetBondBetweenAtoms(first, second) is not None:
        rotor = _rotor_of_bond(molecule, (first, second), anchored, machine)
    else:
        rotor = _rotor_of_path(molecule, (first, second), machine)
    if machine.rotor is not None:
        named = {index[number] for number in machine.rotor}
        named |= {
            neighbour.GetIdx()
            for i in named
            for neighbour in molecule.GetAtomWithIdx(i).GetNeighbors()
            if neighbour.GetAtomicNum() == 1
        }
        if not named <= rotor:
            wrong = min(molecule.GetAtomWithIdx(i).GetAtomMapNum() for i in named - rotor)
            raise BuildError(
                f"machine.rotor: atom-map number {wrong} does not turn about the axle {list(machine.axle)}; "
                "expected atoms of the part that turns"
            )
        rotor = named
    if not anchored:
        anchored = {
            atom.GetIdx()
            for atom in molecule.GetAtoms()
            if atom.GetAtomicNum() > 1 and atom.GetIdx() not in rotor
        }
    clash = anchored & rotor
    if clash:
        number = molecule.GetAtomWithIdx(min(clash)).GetAtomMapNum()
        raise BuildError(
            f"machine.stator: atom-map number {number} is part of the rotor about the axle "
            f"{list(machine.axle)}; expected atoms that stand still"
        )
    reference = index[machine.reference_atom] if machine.reference_atom is not None else None
    return Roles((first, second), tuple(sorted(anchored)), tuple(sorted(rotor)), reference)


def _rotor_of_bond(molecule: Chem.Mol, axle: tuple[int, int], anchored: set[int], machine: Rotor) -> set[int]:
    bond = molecule.GetBondBetweenAtoms(*axle)
    if bond.IsInRing():
        raise BuildError(
            f"machine.axle: the bond {list(machine.axle)} is in a ring, so nothing can turn about it; "
            "expected a bond outside rings, or two atoms that the rotor joins"
        )
    first, second = axle
    far_side = _reach(molecule, second, {first})
    near_side = _reach(molecule, first, {second})
    if not anchored or anchored <= near_side:
        return far_side
    if anchored <= far_side:
        return near_side
    raise BuildError(
        f"machine.stator: atoms on both sides of the axle {list(machine.axle)} are anchored, so neither can "
        "turn; expected anchors on one side"
    )


def _rotor_of_path(molecule: Chem.Mol, axle: tuple[int, int], machine: Rotor) -> set[int]:
    first, second = axle
    joining: list[set[int]] = []
    for neighbour in molecule.GetAtomWithIdx(first).GetNeighbors():
        start = neighbour.GetIdx()
        if any(start in part for part in joining):
            raise BuildError(_ring_message(machine))
        part = _reach(molecule, start, {first, second})
        if any(other.GetIdx() in part for other in molecule.GetAtomWithIdx(second).GetNeighbors()):
            joining.append(part)
    if not joining:
        raise BuildError(
            f"machine.axle: no bond and no path joins the atoms {list(machine.axle)}; "
            "expected two bonded atoms, or two atoms with the rotor between them"
        )
    contacts = [n for n in molecule.GetAtomWithIdx(second).GetNeighbors() if n.GetIdx() in joining[0]]
    if len(joining) > 1 or len(contacts) > 1:
        raise BuildError(_ring_message(machine))
    return joining[0]


def _ring_message(machine: Rotor) -> str:
    return (
        f"machine.axle: the axle {list(machine.axle)} is part of a ring, so nothing can turn about it; "
        "expected a rotor that hangs on each axle atom by one bond"
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
