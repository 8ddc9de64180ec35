"""Files of structures: drawings, lost hydrogens and other units are refused, and the atom is named."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem
from rdkit.Chem import rdDepictor, rdDistGeom, rdForceFieldHelpers
from typer.testing import CliRunner

from molmach import forcefield
from molmach.cli.main import app
from molmach.forcefield import EnergyRecord, energies_of_file

KEYS = ("good", "PMe4", "good too")


def _placed(smiles: str) -> Chem.Mol:
    molecule = Chem.AddHs(Chem.MolFromSmiles(smiles))
    assert rdDistGeom.EmbedMolecule(molecule, randomSeed=2) == 0
    return molecule


def _drawn(smiles: str) -> Chem.Mol:
    molecule = Chem.AddHs(Chem.MolFromSmiles(smiles))
    rdDepictor.Compute2DCoords(molecule)
    return molecule


def _moved(molecule: Chem.Mol, positions: Any) -> Chem.Mol:
    moved = Chem.Mol(molecule)
    moved.GetConformer().SetPositions(np.ascontiguousarray(positions))
    return moved


def _flat_structure(smiles: str) -> Chem.Mol:
    """A truly planar molecule, relaxed, with all z zero."""
    molecule = _placed(smiles)
    rdForceFieldHelpers.MMFFOptimizeMolecule(molecule)
    x = molecule.GetConformer().GetPositions()
    x = x - x.mean(axis=0)
    x = x @ np.linalg.svd(x)[2].T
    assert np.abs(x[:, 2]).max() < 0.05
    x[:, 2] = 0.0
    molecule.GetConformer().SetPositions(np.ascontiguousarray(x))
    return molecule


def _record(tmp_path: Path, block: str, header: str = "") -> EnergyRecord:
    lines = block.splitlines()
    if header:
        lines[1] = f"     program  {'':6}{header}"
    path = tmp_path / "m.sdf"
    path.write_text("\n".join(lines) + "\n$$$$\n")
    (record,) = energies_of_file(path, forcefield.get("MMFF94"))
    return record


@pytest.mark.parametrize("smiles", ["c1ccccc1", "CCO", "C=C", "O", "c1ccc2ccccc2c1"])
def test_drawings_are_refused_by_what_they_say(tmp_path: Path, smiles: str) -> None:
    assert "header says 2D" in _record(tmp_path, Chem.MolToMolBlock(_drawn(smiles))).problem


@pytest.mark.parametrize("header", ["3D", "  "])
@pytest.mark.parametrize("smiles", ["c1ccccc1", "CCO", "C=C", "c1ccc2ccccc2c1"])
def test_drawings_are_refused_whatever_they_say(tmp_path: Path, smiles: str, header: str) -> None:
    record = _record(tmp_path, Chem.MolToMolBlock(_drawn(smiles)), header)
    assert "no structure in three dimensions" in record.problem
    assert "\n" not in record.problem


@pytest.mark.parametrize("header", ["3D", "  "])
@pytest.mark.parametrize("smiles", ["c1ccccc1", "C=C", "O", "c1ccc2ccccc2c1", "O=C(O)C=C"])
def test_planar_molecules_are_structures(tmp_path: Path, smiles: str, header: str) -> None:
    record = _record(tmp_path, Chem.MolToMolBlock(_flat_structure(smiles)), header)
    assert not record.problem
    assert np.isfinite(record.total)


@pytest.mark.parametrize("scale", [0.0, 0.1, 1.8897])
def test_other_units_are_told_from_angstrom(tmp_path: Path, scale: float) -> None:
    molecule = _placed("CCO")
    conformer = molecule.GetConformer()
    conformer.SetPositions(np.ascontiguousarray(conformer.GetPositions() * scale))
    assert "no structure in three dimensions" in _record(tmp_path, Chem.MolToMolBlock(molecule)).problem


@pytest.mark.parametrize("smiles", ["O", "S", "P", "C#C", "C=O", "C#N"])
def test_small_molecules_are_held_to_the_same(tmp_path: Path, smiles: str) -> None:
    """Those with one, two or three bonds, as drawn and in bohr; as they are they have an energy."""
    assert "no structure in three" in _record(tmp_path, Chem.MolToMolBlock(_drawn(smiles)), "  ").problem
    placed = _placed(smiles)
    rdForceFieldHelpers.MMFFOptimizeMolecule(placed)
    x = placed.GetConformer().GetPositions()
    assert not _record(tmp_path, Chem.MolToMolBlock(placed)).problem
    for scale in (1.8897, 0.529):
        block = Chem.MolToMolBlock(_moved(placed, x * scale))
        assert "no structure in three dimensions" in _record(tmp_path, block).problem


@pytest.mark.parametrize("axis", [0, 1, 2, None])
def test_what_cannot_be_flat_is_refused_in_any_plane(tmp_path: Path, axis: int | None) -> None:
    molecule = _placed("CCO")
    x = molecule.GetConformer().GetPositions()
    normal = np.array([1.0, 2.0, 3.0]) / 14**0.5 if axis is None else np.eye(3)[axis]
    block = Chem.MolToMolBlock(_moved(molecule, x - np.outer(x @ normal, normal) + 5.0 * normal))
    assert re.search("in one plane, also C|stand at one place", _record(tmp_path, block).problem)


@pytest.mark.parametrize("atom", range(9))
@pytest.mark.parametrize("axis", range(3))
def test_a_coordinate_that_was_misread_is_refused(tmp_path: Path, atom: int, axis: int) -> None:
    """One number of ethanol a hundredth or ten times what it was, as with a field shifted by one column."""
    molecule = _placed("CCO")
    x = molecule.GetConformer().GetPositions()
    x[:, axis] += 3.0
    true = _record(tmp_path, Chem.MolToMolBlock(_moved(molecule, x))).total
    x[atom, axis] *= 10.0 if (atom + axis) % 2 else 0.01
    record = _record(tmp_path, Chem.MolToMolBlock(_moved(molecule, x)))
    assert "no structure in three dimensions" in record.problem, (record.total, true)


def test_atoms_that_clash_are_named(tmp_path: Path) -> None:
    molecule = Chem.CombineMols(_placed("O"), _placed("O"))
    x = molecule.GetConformer().GetPositions()
    x[3:] += [0.0, 0.0, 0.9]
    assert " apart and have no bond" in _record(tmp_path, Chem.MolToMolBlock(_moved(molecule, x))).problem
    x[3:] += [0.0, 0.0, 2.1]
    assert not _record(tmp_path, Chem.MolToMolBlock(_moved(molecule, x))).problem


@pytest.mark.parametrize("smiles", ["CCO", "C=CC=C", "CC(=O)O", "C1CCCCC1", "Cc1ccccc1"])
def test_aromatic_bonds_outside_aromatic_rings_are_refused(tmp_path: Path, smiles: str) -> None:
    molecule = _placed(smiles)
    lines = Chem.MolToMolBlock(molecule).splitlines()
    for bond in molecule.GetBonds():
        if bond.GetBeginAtom().GetAtomicNum() > 1 < bond.GetEndAtom().GetAtomicNum():
            row = 4 + molecule.GetNumAtoms() + bond.GetIdx()
            lines[row] = f"{lines[row][:6]}  4{lines[row][9:]}"
    problem = _record(tmp_path, "\n".join(lines)).problem
    assert "aromatic" in problem or "kekul" in problem.lower()


@pytest.mark.parametrize("smiles", ["c1ccccc1", "c1ccc2cccc2cc1", "c1cc[nH]c1"])
def test_aromatic_bonds_in_aromatic_rings_are_read(tmp_path: Path, smiles: str) -> None:
    molecule = _placed(smiles)
    lines = Chem.MolToMolBlock(molecule).splitlines()
    expected = _record(tmp_path, "\n".join(lines)).total
    for bond in molecule.GetBonds():
        if bond.GetBeginAtom().GetAtomicNum() > 1 < bond.GetEndAtom().GetAtomicNum():
            row = 4 + molecule.GetNumAtoms() + bond.GetIdx()
            lines[row] = f"{lines[row][:6]}  4{lines[row][9:]}"
    assert _record(tmp_path, "\n".join(lines)).total == pytest.approx(expected)


def test_a_stretched_bond_is_a_structure_all_the_same(tmp_path: Path) -> None:
    molecule = _placed("CCO")
    positions = molecule.GetConformer().GetPositions()
    positions[0] += (positions[0] - positions[1]) * 0.15
    molecule.GetConformer().SetPositions(np.ascontiguousarray(positions))
    assert not _record(tmp_path, Chem.MolToMolBlock(molecule)).problem


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (Chem.MolToMolBlock(Chem.RemoveHs(_placed("CCO"))), r"C (atom 0) lacks hydrogens (3)"),
        (Chem.MolToMolBlock(_placed("C[I+]C")), "MMFF94 has no atom type for I (atom 1) with 2 neighbours and charge +1"),
        (Chem.MolToMolBlock(_placed("CB(C)C")), "MMFF94 has no atom type for B (atom 1)"),
        (Chem.MolToMolBlock(_placed("C[CH]C")), "C (atom 1) has an unpaired electron"),
    ],
)  # fmt: skip
def test_the_atom_is_named(tmp_path: Path, block: str, message: str) -> None:
    assert message in _record(tmp_path, block).problem


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    path = tmp_path / "mixed.sdf"
    with path.open("w") as file:
        for name, smiles in zip(KEYS, ("CCO", "C[P+](C)(C)C", "CO"), strict=True):
            molecule = _placed(smiles)
            molecule.SetProp("_Name", name)
            file.write(Chem.MolToMolBlock(molecule) + "$$$$\n")
    return path


def test_a_failure_can_end_the_command_and_is_counted_on_standard_error(mixed: Path) -> None:
    for flags, code in (((), 0), (("--strict",), 2)):
        for json_flag in ((), ("--json",)):
            result = CliRunner().invoke(app, ["energy", str(mixed), *flags, *json_flag])
            assert result.exit_code == code
            assert f"{mixed}: 1 of 3 records failed" in result.stderr
            assert f"{mixed}: record 2 PMe4: MMFF94 has no charge at P (atom 1)" in result.stderr
            if json_flag:
                document = json.loads(result.stdout)
                assert [record["name"] for record in document["records"]] == ["good", "good too"]
                assert [record["number"] for record in document["failed"]] == [2]


def test_a_sulfoxide_drawn_twice_is_read_as_one_and_said(tmp_path: Path) -> None:
    """As RDKit's files of Halgren's molecules have it: charge +2 beside a double bond."""
    plain = _placed("CS(C)=O")
    twice = Chem.Mol(plain)
    twice.GetAtomWithIdx(1).SetFormalCharge(2)
    records = [_record(tmp_path, Chem.MolToMolBlock(molecule)) for molecule in (plain, twice)]
    assert records[0].total == records[1].total
    assert (records[0].note, records[1].note[:11]) == ("", "S (atom 1):")


@settings(max_examples=25)
@given(
    smiles=st.sampled_from(["CCO", "c1ccncc1C", "CC(=O)[O-]", "C[N+](C)(C)C", "CS(C)=O", "CP(C)C"]),
    atom=st.integers(0, 3),
    charge=st.integers(-2, 2),
    lost=st.booleans(),
    flat=st.booleans(),
)
def test_a_mutated_record_has_its_energy_or_one_reason(
    tmp_path_factory: pytest.TempPathFactory, smiles: str, atom: int, charge: int, lost: bool, flat: bool
) -> None:
    """Charges by hand, a hydrogen left out, heights left out: never the energy of something else."""
    molecule = Chem.RWMol(_placed(smiles))
    true = smiles in ("CCO", "c1ccncc1C", "CS(C)=O", "CP(C)C")
    changed = molecule.GetAtomWithIdx(atom)
    kept = changed.GetFormalCharge() == charge
    changed.SetFormalCharge(charge)
    if lost:
        molecule.RemoveAtom(molecule.GetNumAtoms() - 1)
    if flat:
        x = molecule.GetConformer().GetPositions()
        x[:, 2] = 0.0
        molecule.GetConformer().SetPositions(np.ascontiguousarray(x))
    record = _record(tmp_path_factory.mktemp("m"), Chem.MolToMolBlock(molecule, kekulize=False))
    assert bool(record.problem) != bool(np.isfinite(record.total))
    assert "\n" not in record.problem
    if lost or flat:
        assert record.problem
    elif kept and true:
        assert not record.problem
    elif charge and smiles in ("CCO", "CP(C)C"):
        assert record.problem or record.note
