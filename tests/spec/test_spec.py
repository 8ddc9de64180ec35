from __future__ import annotations

import json
from pathlib import Path

import pytest
import rdkit
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from molmach import systems
from molmach.building.rotor import Rotor
from molmach.errors import SpecError
from molmach.spec import load, loads
from tests.helpers.machines import ROTOR


def _text(**changes: str) -> str:
    spec = {
        "name": "r",
        "machine": {"kind": "rotor", "smiles": "[CH:1]#[C:2]c1c(F)c(F)c([C:3]#[CH:4])cc1", "axle": [2, 3]},
        "drive": {"kind": "rotating_field", "field": "1 V/nm", "frequency": "50 GHz"},
        "protocol": {"duration": "1 ns"} | changes,
    }
    return str(yaml.safe_dump(spec))


def test_two_spellings_of_one_spec_share_a_key() -> None:
    keys = {
        loads(text).key
        for text in (
            _text(),
            _text(duration="1000 ps"),
            _text(duration="1e6 fs", friction="2 /ps", seed=1),  # type: ignore[arg-type]
            _text().replace("50 GHz", "0.05 THz").replace("1 V/nm", "10 MV/cm"),
            _text().replace("name: r", "name: another"),
            _text().replace(
                "[CH:1]#[C:2]c1c(F)c(F)c([C:3]#[CH:4])cc1", "c1c([C:3]#[CH:4])c(F)c(F)c([C:2]#[CH:1])c1"
            ),
        )
    }
    assert len(keys) == 1


def test_keys_of_the_library_are_what_they_were() -> None:
    """Runs and evaluations of before are found by them. Where RDKit writes SMILES otherwise, keys are others."""
    recorded = json.loads((Path(__file__).parent / "library_keys.json").read_text(encoding="utf-8"))
    if rdkit.__version__ != recorded["rdkit"]:
        pytest.skip(f"keys were recorded with RDKit {recorded['rdkit']}")
    assert {name: load(name).key for name in systems.names()} == recorded["keys"]


@pytest.mark.parametrize(
    "override",
    [
        "protocol.seed=2",
        "drive.field=2 V/nm",
        "machine.axle=[3, 2]",
        "protocol.force_field=MMFF94s",
        "drive.load=1 kJ/mol",
    ],
)
def test_anything_that_changes_a_number_changes_the_key(override: str) -> None:
    assert load(ROTOR, [override]).key != load(ROTOR).key


@pytest.mark.parametrize("name", systems.names())
def test_a_library_machine_written_out_reads_back_equal(name: str) -> None:
    spec = load(name)
    assert loads(spec.to_yaml()) == spec
    assert spec.name == name


def test_overrides_reach_sections_that_the_file_left_out(tmp_path: Path) -> None:
    content = yaml.safe_load(_text())
    del content["protocol"]
    path = tmp_path / "m.yaml"
    path.write_text(yaml.safe_dump(content))
    assert load(path, ["protocol.replicas=3", "drive.field=2 V/nm"]).protocol.replicas == 3


def test_specs_are_frozen() -> None:
    spec = load(ROTOR)
    with pytest.raises(ValueError, match="frozen"):
        spec.name = "x"  # type: ignore[misc]


@settings(max_examples=30)
@given(st.integers(0, 10**6))
def test_every_atom_order_of_a_smiles_gives_one_key(seed: int) -> None:
    machine = load(ROTOR).machine
    assert isinstance(machine, Rotor)
    smiles = machine.smiles
    shuffled = Chem.MolToRandomSmilesVect(Chem.MolFromSmiles(smiles), 1, randomSeed=seed)[0]
    assert load(ROTOR, [f"machine.smiles='{shuffled}'"]).key == load(ROTOR).key


def test_a_near_miss_is_named() -> None:
    with pytest.raises(SpecError, match="did you mean 'field'"):
        load(ROTOR, ["drive.feild=1 V/nm"])
    with pytest.raises(SpecError, match="did you mean 'difluorophenylene-rotor'"):
        load("difluorophenylen-rotor")
