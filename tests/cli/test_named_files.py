"""An error about an entry of a machine's file says which file that is in."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from molmach.cli.main import app
from molmach.errors import MolmachError

_ION = "[CH:1]#[C:2]c1c([P+](C)(C)C)cc([C:3]#[CH:4])cc1"


@pytest.mark.parametrize("command", ["build", "simulate", "profile", "timestep", "kinetics"])
def test_the_file_is_named(command: str, tmp_path: Path) -> None:
    path = tmp_path / "ion.yaml"
    path.write_text(
        f"name: t\nmachine: {{kind: rotor, smiles: '{_ION}', axle: [2, 3]}}\ndrive: {{kind: none}}\n"
    )
    result = CliRunner().invoke(app, [command, str(path), "-o", str(tmp_path / "out")])
    assert isinstance(result.exception, MolmachError)
    assert result.exception.exit_code == 2
    assert str(result.exception).startswith(f"{path}: ")
    assert "MMFF94 has no charge at P (atom 1)" in str(result.exception)


def test_a_drive_that_does_not_fit_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "azo.yaml"
    path.write_text(
        "name: t\nmachine: {kind: rotor, smiles: 'c1ccccc1/[N:1]=[N:2]/c1ccccc1', axle: [1, 2]}\n"
        "drive: {kind: photoisomerisation, absorption: 5 /ns, lifetime: 2 ps}\n"
    )
    result = CliRunner().invoke(app, ["simulate", str(path), "-o", str(tmp_path / "out")])
    assert str(result.exception).startswith(f"{path}: drive.kind: photoisomerisation twists a C=C bond")
