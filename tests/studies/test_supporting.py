"""What a paper needs of a run: every number is there, references hold together, figures have a journal's size."""

from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path

import pytest
from rdkit import Chem

from molmach.spec import load
from molmach.studies.run_folder import read_document, read_run
from molmach.studies.supporting import write_supporting
from molmach.units import KCAL
from tests.helpers.command_line import json_here, run_here
from tests.helpers.finished import turning_run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return turning_run(tmp_path_factory.mktemp("paper") / "run", 50.0)


@pytest.fixture(scope="module")
def folder(run: Path) -> Path:
    """Supporting information beside the run."""
    write_supporting(run, run.with_name("si"))
    return run.with_name("si")


def _text(folder: Path, name: str) -> str:
    return (folder / name).read_text(encoding="utf-8")


def test_every_citation_has_its_entry_and_every_entry_is_whole(folder: Path) -> None:
    entries = re.findall(
        r"^@\w+\{(\w+),\n(.*?)^\}", _text(folder, "references.bib"), re.MULTILINE | re.DOTALL
    )
    cited = set(re.findall(r"@(\w+)", _text(folder, "methods.md")))
    keys = [key for key, _ in entries]
    assert len(keys) == len(set(keys))
    assert cited <= set(keys)
    for key, fields in entries:
        assert "author = {" in fields, key
        assert "title = {" in fields, key
        assert "doi = {10." in fields or "version = {" in fields, key


def test_the_methods_have_every_number_that_makes_the_run_again(run: Path, folder: Path) -> None:
    spec, methods = load(str(run / "machine.yaml")), _text(folder, "methods.md")
    protocol = spec.protocol.model_dump(mode="json")
    shown = (
        "temperature",
        "timestep",
        "duration",
        "equilibration",
        "sampling",
        "anchor",
        "force_field",
        "seed",
    )
    for name in shown:
        assert str(protocol[name]) in methods, name
    for name, value in spec.drive.model_dump(mode="json", exclude={"kind"}).items():
        assert f"{name} {value}" in methods
    assert spec.key in methods
    assert read_run(run).assembly.smiles in methods
    assert f"verdict was '{read_document(run)['score']['verdict']}'" in methods
    assert "\n" not in methods.strip()


def test_energies_are_the_same_in_both_units(folder: Path) -> None:
    head, *rows = csv.reader(_text(folder, "energies.csv").splitlines())
    assert head[1] == head[5] == "unit"
    assert {"k_B T", "dipole in the field", "dissipation"} <= {row[0] for row in rows}
    for row in rows:
        assert row[5] == row[1].replace("kJ/mol", "kcal/mol")
        for joule, calorie in zip(row[2:5], row[6:9], strict=True):
            assert float(joule) == pytest.approx(KCAL * float(calorie), rel=1e-4)


def test_figures_are_vectors_of_a_journals_size_with_text_as_text(folder: Path) -> None:
    widths = {}
    for name in ("motion", "velocity"):
        assert _text(folder, f"{name}.svg").count("<text") > 3
        width = re.search(r'width="([\d.]+)pt"', _text(folder, f"{name}.svg"))
        assert width
        widths[name] = float(width[1]) / 72.0
        assert (folder / f"{name}.pdf").read_bytes().startswith(b"%PDF")
    assert widths == {"motion": pytest.approx(7.0, abs=0.02), "velocity": pytest.approx(3.33, abs=0.02)}


def test_scripts_open_files_that_are_there_and_colour_each_atom_once(run: Path, folder: Path) -> None:
    assembly = read_run(run).assembly
    pymol, vmd = _text(folder, "view.pml"), _text(folder, "view.vmd")
    for named in (*re.findall(r"^load\w* (\S+),", pymol, re.MULTILINE), *re.findall(r"\{(\S+\.\w+)\}", vmd)):
        assert (folder / named).is_file(), named
    from_one = [
        int(i) for numbers in re.findall(r"index ([\d+]+)$", pymol, re.MULTILINE) for i in numbers.split("+")
    ]
    from_zero = [int(i) for numbers in re.findall(r"\{index ([\d ]+)\}", vmd) for i in numbers.split()]
    assert sorted(from_zero) == list(range(assembly.molecule.GetNumAtoms()))
    assert len(from_one) == len(set(from_one))
    assert {i - 1 for i in from_one} <= set(from_zero)


def test_the_structure_is_the_one_that_was_built(run: Path, folder: Path) -> None:
    read = Chem.RemoveHs(Chem.MolFromMolFile(str(folder / "machine.mol"), removeHs=False))
    assert Chem.MolToSmiles(read) == Chem.CanonSmiles(read_run(run).assembly.smiles)


def test_a_folder_that_is_there_is_left_alone_and_a_broken_run_leaves_nothing(
    run: Path, tmp_path: Path
) -> None:
    ended = run_here("si", str(run), "-o", str(tmp_path))
    assert (ended.returncode, f"-o {tmp_path}: is there already" in ended.stderr) == (2, True)
    broken = tmp_path / "broken"
    shutil.copytree(run, broken)
    (broken / "coordinate.npz").unlink()
    assert run_here("si", str(broken), "-o", str(tmp_path / "si")).returncode == 2
    assert not (tmp_path / "si").exists()


def test_the_command_lists_what_it_has_written(run: Path, tmp_path: Path) -> None:
    document = json_here("si", str(run), "-o", str(tmp_path / "si"))
    assert {Path(name).name for name in document["files"]} >= {"methods.md", "references.bib", "view.pml"}
