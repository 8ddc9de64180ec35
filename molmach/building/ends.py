"""The other end of an axle: when counting from there makes no other machine of a molecule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from rdkit import Chem

from molmach.building.assembly import is_achiral
from molmach.building.roles import Roles, find_roles
from molmach.errors import BuildError
from molmach.spec.axes import canonical_smiles, turn_over

if TYPE_CHECKING:
    from molmach.building.rotor import Rotor

_MOST_NAMED = 30
_MOST_ORDERS = 200


def counted_from_either_end(machine: Rotor) -> tuple[str, ...]:
    """SMILES that make, in place of the machine's own, the same machine in the same section.

    A rotor reflected in the plane across its axle turns about z as before, and its axle leads the other way.
    The image of an achiral molecule is that molecule; so the section in which the ends of every axle have
    changed their numbers, and all else that is named has its number from where it lands, describes a machine
    that moves alike under any drive that this reflection leaves as it is
    (:meth:`molmach.drives.base.DriveModel.across`).

    Numbers are exchanged where named atoms stand to each other as before, by elements and by bonds between
    them, and where every part of the machine has the atoms that it had. The SMILES make a group: each of
    these sections has the same ones.

    Returns
    -------
    smiles
        Canonical, the machine's own among them; empty where there is no other end: a chiral molecule,
        or one in which the roles of its two ends differ.
    """
    molecule = Chem.MolFromSmiles(machine.smiles)
    atoms = {a.GetAtomMapNum(): a.GetIdx() for a in molecule.GetAtoms() if a.GetAtomMapNum()}
    if len(atoms) > _MOST_NAMED:
        return ()
    turned = _orders(machine, molecule, atoms, True)
    if not turned or not is_achiral(molecule):
        return ()
    others = [
        order for order in _orders(machine, molecule, atoms, False) if any(a != b for a, b in order.items())
    ]
    if len(turned) + len(others) > _MOST_ORDERS:
        return ()
    texts = {_renumbered(molecule, order, True) for order in turned}
    texts |= {_renumbered(molecule, order, False) for order in others}
    return tuple(sorted(texts | {machine.smiles}))


def _orders(
    machine: Rotor, molecule: Chem.Mol, atoms: Mapping[int, int], turned: bool
) -> list[dict[int, int]]:
    """Old number -> new number, of each exchange that keeps every role, axles the same way or ``turned``."""
    kept = []
    for order in _alike(machine, molecule, atoms, turned):
        if _keeps_roles(machine, molecule, order, turned):
            kept.append(order)
        if len(kept) > _MOST_ORDERS:
            break
    return kept


def _alike(
    machine: Rotor, molecule: Chem.Mol, atoms: Mapping[int, int], turned: bool
) -> Iterator[dict[int, int]]:
    """Exchanges under which named atoms have elements, roles and distances in bonds as before."""
    distance = Chem.GetDistanceMatrix(molecule)
    role = {number: _role(machine, number, False) for number in atoms}
    landing = {number: _role(machine, number, turned) for number in atoms}
    element = {number: molecule.GetAtomWithIdx(atom).GetAtomicNum() for number, atom in atoms.items()}
    numbers = sorted(atoms, key=lambda n: (role[n] == _UNNAMED, n))
    partial: list[dict[int, int]] = [{}]
    while partial:
        order = partial.pop()
        if len(order) == len(numbers):
            yield order
            continue
        number = numbers[len(order)]
        for new in numbers:
            if (
                new not in order.values()
                and landing[number] == role[new]
                and element[number] == element[new]
                and all(
                    distance[atoms[number], atoms[other]] == distance[atoms[new], atoms[order[other]]]
                    for other in order
                )
            ):
                partial.append({**order, number: new})


_UNNAMED = ((), False, False, False)


def _role(machine: Rotor, number: int, turned: bool) -> tuple[tuple[tuple[str, int], ...], bool, bool, bool]:
    """What an atom's number stands for in the section; with axles ``turned``, after they were."""
    axles = {"": machine.axle, **{name: follower.axle for name, follower in machine.followers.items()}}
    ends = tuple(
        (name, 1 - axle.index(number) if turned else axle.index(number))
        for name, axle in sorted(axles.items())
        if number in axle
    )
    parts = (number in (machine.stator or ()), number in (machine.rotor or ()))
    return (ends, *parts, number == machine.reference_atom)


def _keeps_roles(machine: Rotor, molecule: Chem.Mol, order: Mapping[int, int], turned: bool) -> bool:
    """Whether the section finds every part of the machine again, atom by atom, in the renumbered molecule."""
    if not turned and all(old == new for old, new in order.items()):
        return True
    before, after = Chem.AddHs(molecule), Chem.AddHs(molecule)
    for atom in after.GetAtoms():
        if atom.GetAtomMapNum():
            atom.SetAtomMapNum(order[atom.GetAtomMapNum()])
    try:
        return _compared(find_roles(before, machine), False) == _compared(find_roles(after, machine), turned)
    except BuildError:
        return False


def _compared(roles: Roles, turned: bool) -> tuple[object, ...]:
    wheels = {
        where: (wheel.axle[::-1] if turned else wheel.axle, wheel.atoms)
        for where, wheel in roles.wheels.items()
    }
    return wheels, roles.stator, roles.reference_atom


def _renumbered(molecule: Chem.Mol, order: Mapping[int, int], turned: bool) -> str:
    """The molecule, its mirror image where axles are ``turned``, with new map numbers."""
    changed = Chem.Mol(molecule)
    if turned:
        for atom in changed.GetAtoms():
            atom.InvertChirality()
        turn_over(changed)
    for atom in changed.GetAtoms():
        if atom.GetAtomMapNum():
            atom.SetAtomMapNum(order[atom.GetAtomMapNum()])
    return canonical_smiles(changed)
