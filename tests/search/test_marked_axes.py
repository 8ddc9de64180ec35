"""Axes of chirality keep their hand where a search attaches fragments and edits molecules."""

from __future__ import annotations

import numpy as np
import pytest
from rdkit import Chem

from molmach.search.space.edits import edit_molecule, reactions_of
from molmach.search.space.sites import attach
from molmach.spec.axes import axes, canonical_smiles, turn_over

_CORE = "Oc1c([*:10])cc2ccccc2c1-c1c(O)c([*:11])cc2ccccc12"


def _filled(extension: str) -> str:
    """The core with fluorine and chlorine put in the dummies' places, where no atom is numbered anew."""
    molecule = Chem.MolFromSmiles(f"{_CORE} |{extension}|")
    for atom in molecule.GetAtoms():
        if atom.GetAtomicNum() == 0:
            atom.SetAtomicNum({10: 9, 11: 17}[atom.GetAtomMapNum()])
            atom.SetAtomMapNum(0)
    Chem.SanitizeMol(molecule)
    return canonical_smiles(molecule)


@pytest.mark.parametrize("extension", ["wU:11.12", "wD:11.12"])
def test_fragments_are_attached_without_a_change_of_hand(extension: str) -> None:
    fluorine, chlorine = "[*]F", "[*]Cl"
    attached = attach(f"{_CORE} |{extension}|", {10: fluorine, 11: chlorine})
    assert attached == _filled(extension)
    assert attached == attach(f"{_CORE} |{extension}|", {10: chlorine, 11: fluorine})  # by symmetry


def test_an_edit_keeps_the_hand() -> None:
    """Each product of replacing a group, edited from both hands with the same draws, is the other's image."""
    up = canonical_smiles(Chem.MolFromSmiles("Oc1c(C)cc2ccccc2c1-c1c(O)c(F)cc2ccccc12 |wU:11.12|"))
    image = Chem.MolFromSmiles(up)
    turn_over(image)
    for number, reaction in enumerate(reactions_of(["replace"])):
        products = [
            edit_molecule(smiles, reaction, np.random.default_rng(number))
            for smiles in (up, canonical_smiles(image))
        ]
        assert all(products)
        first, second = (Chem.MolFromSmiles(product) for product in products)
        assert len(axes(first)) == len(axes(second)) == 1
        turn_over(second)
        plain = Chem.MolToSmiles(first)
        if plain == Chem.MolToSmiles(second):
            assert canonical_smiles(first) == canonical_smiles(second)


def test_replacing_a_group_leaves_the_arms_where_they_are() -> None:
    """Fluorine for hydroxyl on an arm of the axis: the text has the same atoms in the same order."""
    smiles = "Cc1cc2ccccc2c(-c2c(O)c(F)cc3ccccc23)c1O |wD:9.24|"
    wanted = "Cc1cc2ccccc2c(-c2c(O)c(F)cc3ccccc23)c1F |wD:9.24|"
    (reaction, *_) = reactions_of(["replace"])
    products = {edit_molecule(smiles, reaction, np.random.default_rng(seed)) for seed in range(12)}
    assert wanted in products
    assert wanted.replace("wD", "wU") not in products
