"""Which atoms turn where a molecule goes around its rotor."""

from __future__ import annotations

from typing import Any

import pytest
from rdkit import Chem

from molmach.building.roles import find_roles
from molmach.building.rotor import Rotor
from molmach.errors import BuildError

_CAGE = (
    "C1CCCCCCC[Si:1]2(CCCCCCCCCCCCCC[Si:2](CCCCCC1)(CCCCCCCCCCCCCC2)[c:3]1[cH:4][cH:5][c:8]3[cH:7][cH:6]1)3"
)


def _roles(smiles: str, **entries: Any) -> tuple[Chem.Mol, set[int]]:
    """The molecule, and map numbers of the heavy atoms that turn."""
    machine = Rotor.model_validate({"kind": "rotor", "smiles": smiles, **entries})
    molecule = Chem.AddHs(Chem.MolFromSmiles(machine.smiles))
    atoms = [molecule.GetAtomWithIdx(i) for i in find_roles(molecule, machine).rotor.atoms]
    return molecule, {atom.GetAtomMapNum() for atom in atoms if atom.GetAtomicNum() > 1}


def test_a_ring_turns_within_its_cage_where_its_atoms_are_named() -> None:
    _, turning = _roles(_CAGE, axle=[1, 2], rotor=[3, 4, 5, 6, 7, 8])
    assert turning == {3, 4, 5, 6, 7, 8}


@pytest.mark.parametrize("rotor", [{}, {"rotor": [1]}])
def test_of_several_parts_between_the_ends_of_an_axle_one_has_to_be_named(
    rotor: dict[str, list[int]],
) -> None:
    with pytest.raises(BuildError, match=r"its atoms in machine\.rotor where it turns within a cage"):
        _roles(_CAGE, axle=[1, 2], **rotor)


def test_a_spindle_turns_within_its_frame() -> None:
    """Moore's turnstile: an alkyne's other neighbour leads around to the axle's other end as well."""
    spindle = (
        "[CH:3]1=[CH:4][C:5]([C:1]#Cc2c3cccc2C#Cc2cccc(c2)C#Cc2cccc(c2)C#Cc2cccc(C#Cc4cccc(c4)C#Cc4cccc(c4)"
        "C#C3)c2C#[C:2]5)=[CH:6][CH:7]=[C:8]15"
    )
    _, turning = _roles(spindle, axle=[1, 2], rotor=[3, 4, 5, 6, 7, 8])
    assert turning == {3, 4, 5, 6, 7, 8}
