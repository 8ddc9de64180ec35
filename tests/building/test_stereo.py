"""Each element of stereochemistry is kept, asked for with the texts to choose from, or refused."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem

from molmach.building import build, mirror, read_sdf, write_structure
from molmach.building.assembly import mass_of
from molmach.building.embed import checked_molecule
from molmach.building.stereo import hands, is_isomer, stable_axes
from molmach.errors import BuildError
from molmach.spec import Spec, loads
from molmach.spec.axes import axes, canonical_smiles
from tests.spec.test_axes import BINOL_ROTOR


def _spec(smiles: str, axle: str = "[1, 2]") -> Spec:
    return loads(
        f"name: t\nmachine: {{kind: rotor, smiles: '{smiles}', axle: {axle}}}\ndrive: {{kind: none}}\n"
    )


@pytest.mark.parametrize(
    ("smiles", "place"),
    [
        ("Cc1cccc(O)c1-c1c(C)cc([CH2:1][OH:2])cc1O", "7.6"),
        pytest.param(BINOL_ROTOR, "18.19", marks=pytest.mark.slow),
    ],
)
def test_both_hands_of_an_axis_are_built_kept_and_mirrored(smiles: str, place: str, tmp_path: Path) -> None:
    up, down = (build(_spec(f"{smiles} |w{way}:{place}|")) for way in "UD")
    for k, assembly in enumerate((up, down)):
        assert assembly.chiral
        marked = axes(assembly.molecule)
        assert hands(assembly.molecule, marked) == [axis.sign for axis in marked]
        image = mirror(assembly)
        assert hands(image.molecule, marked) == [-axis.sign for axis in marked]
        for number, written in enumerate((assembly, image)):
            write_structure(written, tmp_path / f"{k}{number}")
            assert read_sdf(tmp_path / f"{k}{number}" / "assembly.sdf", "MMFF94").smiles == written.smiles
    assert mirror(up).smiles == down.smiles != up.smiles
    assert mirror(down).smiles == up.smiles


@pytest.mark.parametrize(
    ("smiles", "count"),
    [
        (BINOL_ROTOR, 2),
        ("Cc1cc(F)cc(O)c1-c1c(C)cc([CH2:1][CH3:2])cc1O", 2),
        ("FC=C[CH2:1][CH3:2]", 2),
        ("CC(=N)[CH2:1][CH2:2]C", 2),
        ("c1ccc(N=Nc2ccc([CH2:1][CH3:2])cc2)cc1", 2),
        ("C[CH:1](F)[CH:2](C)Cl", 4),
        ("[CH3:1][CH2:2]C([2H])O", 2),
        ("CC1CCC([CH2:1][CH3:2])CC1", 2),
        ("C1CC2CCC1C2[CH2:1][CH3:2]", 2),
        ("CS(=O)[CH2:1][CH3:2]", 2),
        ("CP(CC)[CH2:1][CH2:2]C", 2),
        ("CCc1ccc(C)n1-c1c(C)ccc(F)c1[CH2:1][CH3:2]", 2),
    ],
)
def test_what_is_left_open_is_asked_for_with_texts_that_are_taken(smiles: str, count: int) -> None:
    with pytest.raises(
        BuildError, match="is not specified, so the machine could be any of its isomers"
    ) as error:
        checked_molecule(smiles, "MMFF94", "machine.smiles")
    texts = re.findall(r"'([^']+)'", str(error.value).partition("expected one of")[2])
    assert len(set(texts)) == count
    for text in texts:
        molecule = checked_molecule(text, "MMFF94", "machine.smiles")
        assert canonical_smiles(Chem.RemoveHs(molecule)) == text


@pytest.mark.parametrize(
    ("smiles", "message"),
    [
        ("CC=C=C[CH2:1][CH2:2]C", "row of double bonds"),
        ("CC=[C@]=C[CH2:1][CH2:2]C", "row of double bonds"),
        ("C/C=C=C=C/[CH2:1][CH2:2]C", "row of double bonds"),
        ("Oc1cccc2c1[C@]1(CC2)CCc2cccc(O)c21", "spiro atom"),
        ("Cc1ccc2c(c1)CN1CN2Cc2cc([CH2:1][CH3:2])ccc21", "bridge's nitrogen"),
        ("C[C@H]1ON1c1ccc([CH2:1][CH3:2])cc1", "the nitrogen beside another or oxygen"),
        (r"C[C@H]1CC/C(=C\C(=O)[CH2:1][CH3:2])CC1", "the stereocentre C"),
    ],
)
def test_what_no_text_holds_is_refused(smiles: str, message: str) -> None:
    with pytest.raises(BuildError, match=f"{message}.*no SMILES tells apart here"):
        checked_molecule(smiles, "MMFF94", "machine.smiles")


@pytest.mark.parametrize(
    "smiles",
    [
        "C=C=C[CH2:1][CH2:2]C",
        "CC(C)=C=C[CH2:1][CH2:2]C",
        "C[CH2:1][CH2:2]c1ccc2c(c1)C1(CCCC1)CC2",
        "C1CC2CCN1CC2",
        "C[C@H]1CN1c1ccc([CH2:1][CH3:2])cc1",
        "[CH3:1][CH2:2]P=C",
        "Oc1cccc(C)c1C1=C([O-])C(=O)C1=O",
    ],
)
def test_look_alikes_without_two_isomers_are_taken(smiles: str) -> None:
    checked_molecule(smiles, "MMFF94", "machine.smiles")


@pytest.mark.parametrize(
    "group",
    [
        "[P@](C)C=C", "[P@@H]C", "[P@]1C[C@H]1C", "[P@](=O)(C)C=C", "[S@](=O)C", "[S@](C)(=O)=NC", "[Si@](F)(C)C=C",
        "[N@+](C)(C=C)CC#C", "[C@@H]1C[N@]1C", "[C@@H]1C[N@@]1C", "[C@H](F)C",
    ],
)  # fmt: skip
def test_each_kind_of_centre_keeps_its_mark_from_text_to_structure_and_image(group: str) -> None:
    """Also those with a lone pair, which RDKit does not see in three dimensions."""
    spec = _spec(f"[CH3:1][CH2:2]{group}")
    assembly = build(spec)
    assert assembly.chiral
    assert not assembly.achiral_with_roles
    assert not assembly.own_mirror_image
    plain = Chem.MolFromSmiles(f"CC{group}")
    assert assembly.smiles == canonical_smiles(plain)
    for atom in plain.GetAtoms():
        atom.InvertChirality()
    image = mirror(assembly)
    assert image.smiles == canonical_smiles(plain) != assembly.smiles
    assert is_isomer(image.molecule, image.molecule)
    assert not is_isomer(assembly.molecule, image.molecule)


def test_errors_print_the_text_in_which_they_count_atoms() -> None:
    with pytest.raises(BuildError, match=r"N \(atom 1\).*counted from 0 in CN=") as error:
        checked_molecule("CN=[S@](C)[CH2:1][CH3:2]", "MMFF94", "machine.smiles")
    assert "double bond" not in str(error.value)


def test_an_axle_is_no_axis_to_be_asked_for_nor_marked() -> None:
    crowded = "Cc1cc(F)cc(O)[c:1]1-[c:2]1c(C)cccc1O"
    assert not build(_spec(crowded)).chiral
    first, second = _marks(crowded)
    for text in (first, second):
        with pytest.raises(BuildError, match="the machine turns about it; expected no mark"):
            build(_spec(text))


def test_the_bonds_of_a_rotor_on_a_path_turn_as_its_axle_does() -> None:
    """A phenylene between two crowded rings: both bonds turn together, and neither twist lasts."""
    rotor = "Cc1cc(F)cc(O)[c:1]1-c1c(Cl)cc(c(C)c1C)-[c:2]1c(C)cccc1O"
    assert len(stable_axes(Chem.AddHs(Chem.MolFromSmiles(rotor)), set())) == 2
    assert not build(_spec(rotor)).chiral


def _marks(smiles: str) -> list[str]:
    with pytest.raises(BuildError) as error:
        checked_molecule(smiles, "MMFF94", "machine.smiles")
    return re.findall(r"'([^']+)'", str(error.value).partition("expected one of")[2])


@pytest.mark.parametrize(
    ("smiles", "stable"),
    [
        ("c1ccccc1-c1ccccc1", 0),
        ("Cc1ccccc1-c1ccccc1O", 0),
        ("Cc1cccc(O)c1-c1ccccc1O", 1),
        ("Fc1cccc(C)c1-c1c(F)cccc1O", 0),
        ("Cc1cccc(C)c1-c1ccccc1O", 0),
        ("Oc1ccc2ccccc2c1-c1c(O)ccc2ccccc12", 1),
        ("c1ccc2c(c1)ccnc2-c1c(O)ccc2ccccc12", 1),
        ("Cc1cccc(O)c1-n1cccc1C", 0),
        ("Cc1cccc(O)c1-n1c(C)cc2ccccc21", 1),
        ("C1COc2ccc3ccccc3c2-c2c(ccc3ccccc23)OCCOCCO1", 1),
        ("c1ccc2c(c1)Cc1ccccc1-2", 0),
    ],
)
def test_axes_are_asked_for_by_their_ortho_positions(smiles: str, stable: int) -> None:
    """Three of four between six-membered rings, four of four with a five-membered one; fluorine is none."""
    assert len(stable_axes(Chem.AddHs(Chem.MolFromSmiles(smiles)), set())) == stable


def test_isotopes_keep_their_mass_and_their_place_in_the_key() -> None:
    light, heavy = (build(_spec(s)) for s in ("C[CH2:1][CH2:2]O", "[13CH3][CH2:1][CH2:2]O[2H]"))
    assert heavy.masses.sum() - light.masses.sum() == pytest.approx(
        13.00335 - 12.011 + 2.01410 - 1.008, abs=1e-3
    )
    assert "[13CH3]" in heavy.smiles
    assert "[2H]" in heavy.smiles
    table = Chem.GetPeriodicTable()
    for atom in heavy.molecule.GetAtoms():
        if atom.GetIsotope():
            assert mass_of(atom) == table.GetMassForIsotope(atom.GetAtomicNum(), atom.GetIsotope())
    assert np.isfinite(heavy.moment_of_inertia())
