"""The isomers that a drawing leaves open: all of them, each once, with the labels that a chemist gives them."""

from __future__ import annotations

import pytest
from rdkit import Chem

from molmach.proposals.isomers import isomers_of


def _words(smiles: str, *turning: tuple[int, int]) -> list[str]:
    return [isomer.words for isomer in isomers_of(Chem.MolFromSmiles(smiles), turning)]


def test_a_stereocentre_gives_two_of_which_one_is_the_mirror_image() -> None:
    assert _words("CC1Cc2ccccc2C1=C1c2ccccc2-c2ccccc21") == ["C1 R", "C1 S (mirror image of 1)"]


def test_two_equal_stereocentres_give_three() -> None:
    words = _words("C[C@H](O)C(C)O".replace("@", ""))
    assert len(words) == 3
    assert sum("mirror image" in word for word in words) == 1


def test_a_double_bond_gives_e_and_z() -> None:
    assert {word.split()[-1] for word in _words("CC=CC")} == {"E", "Z"}


def test_an_axis_of_chirality_has_two_hands_unless_the_machine_turns_about_it() -> None:
    binol = "Oc1ccc2ccccc2c1-c1c(O)ccc2ccccc12"
    assert {word.split()[1] for word in _words(binol)} == {"M", "P"}
    assert _words(binol, (10, 11)) == ["no stereocentre"]


@pytest.mark.parametrize("smiles", ["C[C@H](F)Cl", "C/C=C/C"])
def test_what_is_drawn_is_kept(smiles: str) -> None:
    (isomer,) = isomers_of(Chem.MolFromSmiles(smiles), [])
    kept = Chem.MolFromSmiles(isomer.smiles)
    for atom in kept.GetAtoms():
        atom.SetAtomMapNum(0)
    assert Chem.MolToSmiles(kept) == Chem.CanonSmiles(smiles)


def test_no_more_than_sixty_four_are_listed_and_each_is_whole() -> None:
    isomers = isomers_of(Chem.MolFromSmiles("CC(F)" + "C(F)" * 7 + "CO"), [])
    assert 1 < len(isomers) <= 64
    assert {len(isomer.labels) for isomer in isomers} == {8}
