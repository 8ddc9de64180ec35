"""One text for one molecule with axes of chirality, and what of a text's stereochemistry is refused."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import rdDistGeom, rdMolTransforms

from molmach.errors import SpecError
from molmach.spec import loads
from molmach.spec.axes import Axis, axes, canonical_smiles, mark, turn_over, without_axes

BINOL_ROTOR = "Oc1[c:1](-[c:2]2ccc(F)c(Cl)c2)cc2ccccc2c1-c1c(O)ccc2ccccc12"

_MOLECULES = [
    "Oc1ccc2ccccc2c1-c1c(O)ccc2ccccc12",
    "Cc1cc(C)c(-c2c(O)ccc3ccccc23)c(C)c1-c1c(O)ccc2ccccc12",
    "COc1cc(C)c(-c2c(O)ccc(-c3c(O)ccc4ccccc34)c2N)c2ccccc12",
    "C[C@H](F)c1cccc(O)c1-c1c(O)cccc1[C@@H](C)F",
    "Cc1ccc(F)c(C)c1-n1c(C)cc2ccccc21",
    "C1COc2ccc3ccccc3c2-c2c(ccc3ccccc23)OCCOCCO1",
]


def _between_rings(molecule: Chem.Mol) -> list[int]:
    rings = molecule.GetRingInfo()
    return [
        bond.GetIdx()
        for bond in molecule.GetBonds()
        if bond.GetBondType() == Chem.BondType.SINGLE
        and bond.GetBeginAtom().GetIsAromatic()
        and bond.GetEndAtom().GetIsAromatic()
        and (not bond.IsInRing() or rings.MinBondRingSize(bond.GetIdx()) > 7)
    ]


def _isomers(smiles: str) -> list[Chem.Mol]:
    """Both hands of every axis."""
    both = (Chem.BondStereo.STEREOATROPCW, Chem.BondStereo.STEREOATROPCCW)
    molecule = Chem.MolFromSmiles(smiles)
    isomers = []
    for hands in itertools.product(both, repeat=len(_between_rings(molecule))):
        isomer = Chem.Mol(molecule)
        for bond, hand in zip(_between_rings(molecule), hands, strict=True):
            isomer.GetBondWithIdx(bond).SetStereo(hand)
        isomers.append(isomer)
    return isomers


def _shuffled(molecule: Chem.Mol, rng: np.random.Generator) -> Chem.Mol:
    order = [int(i) for i in rng.permutation(molecule.GetNumAtoms())]
    result = Chem.RenumberAtoms(without_axes(molecule), order)
    new = {old: place for place, old in enumerate(order)}
    for axis in axes(molecule):
        arm, end, other_end, other_arm = (new[i] for i in axis.atoms)
        mark(result, Axis(axis.bond, (arm, end, other_end, other_arm), axis.sign))
    return result


@pytest.mark.parametrize("smiles", _MOLECULES)
def test_the_order_of_atoms_does_not_change_the_text(smiles: str) -> None:
    rng = np.random.default_rng(5)
    for isomer in _isomers(smiles):
        texts = {canonical_smiles(_shuffled(isomer, rng)) for _ in range(4)}
        assert len(texts) == 1
        assert canonical_smiles(Chem.MolFromSmiles(texts.pop())) == canonical_smiles(isomer)


def test_each_isomer_has_its_own_text_and_its_mirror_image_the_others() -> None:
    hands = [canonical_smiles(isomer) for isomer in _isomers(_MOLECULES[0])]
    assert len(set(hands)) == 2
    terphenyl = _isomers(_MOLECULES[1])
    assert len({canonical_smiles(isomer) for isomer in terphenyl}) == 3  # two hands, and one meso form
    images = []
    for isomer in terphenyl:
        image = Chem.Mol(isomer)
        turn_over(image)
        images.append(canonical_smiles(image))
    assert sorted(images) == sorted(canonical_smiles(isomer) for isomer in terphenyl)
    assert sum(a == canonical_smiles(b) for a, b in zip(images, terphenyl, strict=True)) == 2


@pytest.mark.parametrize("extension", ["wU:18.19", "wD:18.19"])
def test_the_canonical_text_has_the_hand_of_the_one_that_was_read(extension: str) -> None:
    """RDKit places atoms by both texts; the same four atoms have the same dihedral angle."""
    read = Chem.MolFromSmiles(f"{BINOL_ROTOR} |{extension}|")
    (axis,) = axes(read)
    again = Chem.MolFromSmiles(canonical_smiles(read))
    places = again.GetSubstructMatch(without_axes(read))
    angles = []
    for molecule, atoms in ((read, axis.atoms), (again, tuple(places[i] for i in axis.atoms))):
        placed = Chem.AddHs(molecule)
        assert rdDistGeom.EmbedMolecule(placed, randomSeed=3) == 0
        angles.append(rdMolTransforms.GetDihedralRad(placed.GetConformer(), *atoms))
    assert np.sign(angles[0]) == np.sign(angles[1]) == axis.sign


def test_the_key_knows_the_hand_and_not_the_spelling() -> None:
    def key(smiles: str) -> str:
        return loads(
            f"name: t\nmachine: {{kind: rotor, smiles: '{smiles}', axle: [1, 2]}}\ndrive: {{kind: none}}\n"
        ).key

    up = key(f"{BINOL_ROTOR} |wU:18.19|")
    assert up != key(f"{BINOL_ROTOR} |wD:18.19|")
    assert up == key(canonical_smiles(Chem.MolFromSmiles(f"{BINOL_ROTOR} |wU:18.19|")))


@pytest.mark.parametrize(
    ("smiles", "message"),
    [
        ("C[C@H](F)[CH2:1][CH3:2] |&1:1|", "a mixture of two isomers"),
        ("C[C@H](F)[CH2:1][CH3:2] |o1:1|", "not known which"),
        ("CC(F)[CH2:1][CH3:2] |wU:1.0|", "'1.0', but atom 1 is no end of an axis"),
        ("Cc1cccc(C)c1-c1c(C)cccc1[CH2:1][CH3:2] |wU:7.7|", "is no end of an axis"),
        ("Cc1cccc(O)c1-c1c(C)cccc1[CH2:1][CH3:2] |wU:8.8|", "or the bond is the axis itself"),
        ("Cc1cccc(O)c1-c1c(C)cccc1[CH2:1][CH3:2] |wU:7.6,7.7|", "two hands of one axis"),
        ("C[N@](F)[CH2:1][CH3:2]", "'@' on N .*turns over by itself"),
        ("C[C@H]1C[N@]1c1ccc([CH2:1][CH3:2])cc1", "'@' on N .*ring of three"),
        ("C[C@](C)(F)[CH2:1][CH3:2]", "'@' on C .*two equal neighbours"),
        ("C/N=[S@](/C)[CH2:1][CH3:2]", "double in the drawing alone"),
        ("F[P@TB1](Cl)(Br)(N)[CH2:1][CH3:2]", "trigonal bipyramidal atoms on P"),
        ("F[S@OH1](Cl)(Br)(C)(N)[CH2:1][CH3:2]", "octahedral atoms on S"),
        ("[300CH3][CH2:1][CH3:2]", "isotope 300C"),
    ],
)
def test_marks_that_mean_no_single_isomer_are_refused(smiles: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        loads(f"name: t\nmachine: {{kind: rotor, smiles: '{smiles}', axle: [1, 2]}}\ndrive: {{kind: none}}\n")
