"""What chemists have is read: texts and files of other programs; what is none is one clear sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from rdkit import Chem
from rdkit.Chem import rdDistGeom

from molmach.errors import SpecError
from molmach.proposals import read_drawing

_TOLANE = "Fc1ccccc1C#Cc1ccccc1"
_CENTRE = "F[C@H](Cl)c1ccccc1C#Cc1ccccc1"


def _solid(smiles: str) -> Chem.Mol:
    molecule = Chem.AddHs(Chem.MolFromSmiles(smiles))
    assert rdDistGeom.EmbedMolecule(molecule, randomSeed=7) == 0
    return molecule


def _without_orders(text: str) -> str:
    """A PDB file that says which atoms are bonded, and not how, as most do."""
    lines = []
    for line in text.splitlines():
        if line.startswith("CONECT"):
            first, *others = line.split()[1:]
            line = "CONECT" + "".join(f"{number:>5}" for number in (first, *dict.fromkeys(others)))
        lines.append(line)
    return "\n".join(lines) + "\n"


def _written(tmp_path: Path, smiles: str, form: str) -> Path:
    path = tmp_path / f"a.molecule.{form.partition(' ')[0]}"
    solid = _solid(smiles)
    if form == "mol":
        Chem.MolToMolFile(solid, str(path))
    elif form == "sdf":
        with Chem.SDWriter(str(path)) as writer:
            writer.write(solid)
    else:
        text = Chem.MolToPDBBlock(solid)
        path.write_text(_without_orders(text) if "single" in form else text, encoding="utf-8")
    return path


@pytest.mark.parametrize("smiles", [_TOLANE, _CENTRE])
@pytest.mark.parametrize("form", ["mol", "sdf", "pdb", "pdb single"])
def test_a_file_gives_the_molecule_that_was_written(tmp_path: Path, smiles: str, form: str) -> None:
    drawing = read_drawing([str(_written(tmp_path, smiles, form))])
    assert Chem.MolToSmiles(drawing.molecules[0]) == Chem.CanonSmiles(smiles)
    assert drawing.name == "a.molecule"


_CDXML = """<?xml version="1.0"?><!DOCTYPE CDXML SYSTEM "http://www.cambridgesoft.com/xml/cdxml.dtd">
<CDXML><page id="1"><fragment id="2">
<n id="3" p="0 0" Element="9"/><n id="4" p="14 0"/><n id="5" p="28 0"/><n id="6" p="42 0"/>
<b id="7" B="3" E="4"/><b id="8" B="4" E="5" Order="3"/><b id="9" B="5" E="6"/>
</fragment></page></CDXML>"""


def test_a_drawing_of_chemdraw_is_read(tmp_path: Path) -> None:
    path = tmp_path / "drawn.cdxml"
    path.write_text(_CDXML, encoding="utf-8")
    assert Chem.MolToSmiles(read_drawing([str(path)]).molecules[0]) == "CC#CF"


def test_counterions_are_left_out_and_told() -> None:
    drawing = read_drawing(["C[n+]1ccc(-c2ccccc2)cc1.F[P-](F)(F)(F)(F)F"])
    assert len(drawing.molecules) == 1
    assert drawing.notes == ("left out: F6P-, which holds no carbon",)


def test_map_numbers_of_a_pasted_text_say_nothing() -> None:
    assert Chem.MolToSmiles(read_drawing(["[CH3:5][OH:1]"]).molecules[0]) == "CO"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["rubbish"], "got 'rubbish', which is neither a SMILES that RDKit can read nor a file"),
        ([""], "got '', which is neither a SMILES"),
        (["C" * 20_000], "CCC...*, which is neither a SMILES"),
        (["missing.mol"], "missing.mol: No such file or directory; expected a file to read"),
        (["*c1ccccc1"], "an open place"),
        (["[CH2]c1ccccc1"], "got a radical"),
        (["CC.CO.CN"], "got 3 molecules; expected one, or two"),
        (["C" * 501], "got a molecule of 501 heavy atoms; expected at most 500"),
    ],
)  # fmt: skip
def test_nonsense_is_one_clear_sentence(given: list[str], told: str) -> None:
    with pytest.raises(SpecError, match=told.replace("...*", r"\.\.\.'?")) as raised:
        read_drawing(given)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("suffix", [".mol", ".sdf", ".pdb", ".cdxml"])
@pytest.mark.parametrize("content", [b"", b"no molecule\n\n", b"\xff\xfe\x00" * 50])
def test_a_file_of_something_else_is_one_clear_sentence(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content)
    with pytest.raises(SpecError, match=f"a{suffix}: .*; expected|got '") as raised:
        read_drawing([str(path)])
    assert "\n" not in str(raised.value)


def test_a_pdb_file_without_hydrogens_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.pdb"
    path.write_text(_without_orders(Chem.MolToPDBBlock(Chem.RemoveHs(_solid(_TOLANE)))), encoding="utf-8")
    with pytest.raises(SpecError, match="bonds' orders can't be told"):
        read_drawing([str(path)])
