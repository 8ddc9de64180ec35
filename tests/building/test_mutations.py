"""Molecules changed at random: the right machine, or one clear refusal; never another molecule."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem, rdBase
from rdkit.Chem import rdForceFieldHelpers

from molmach.building.assembly import mass_of
from molmach.building.embed import checked_molecule
from molmach.errors import MolmachError
from molmach.spec import loads

_ROTORS = [
    "[CH:1]#[C:2]c1c(F)c(F)c([C:3]#[CH:4])cc1",
    "C[C@H](F)[CH2:1][CH2:2]O",
    "F/C=C/[CH2:1][CH2:2]C(=O)O",
    "C[N+](C)(C)[CH2:1][CH2:2]C(=O)[O-]",
    "CS(=O)(=O)[CH2:1][CH2:2]c1cc[nH]c1",
    "Oc1ccc2ccccc2c1-c1c(O)c([CH2:1][CH3:2])cc2ccccc12 |wU:10.11|",
]


def _mutated(smiles: str, atom: int, what: str, by: int) -> str | None:
    """A text with one atom's charge, isotope, hydrogens or mark changed; None where RDKit can't write it."""
    text, _, extension = smiles.partition(" ")
    molecule = Chem.MolFromSmiles(smiles)
    changed = molecule.GetAtomWithIdx(atom % molecule.GetNumAtoms())
    match what:
        case "charge":
            changed.SetFormalCharge(by)
        case "isotope":
            changed.SetIsotope(max(0, round(changed.GetMass()) + by))
        case "hydrogens":
            changed.SetNoImplicit(True)
            changed.SetNumExplicitHs(max(0, changed.GetTotalNumHs() + by))
        case "stereo":
            extension = extension.replace("wU", ["wD", "&1", "wU", "w"][by % 4]) if extension else ""
            tags = (Chem.ChiralType.CHI_UNSPECIFIED, Chem.ChiralType.CHI_TETRAHEDRAL_CW)
            changed.SetChiralTag(tags[by % 2])
            if by < 0:
                text = text.replace("/", "", 1)
    if what == "stereo" and (extension or by < 0):
        return f"{text} {extension}".strip()
    with rdBase.BlockLogs():
        try:
            return str(Chem.MolToSmiles(molecule))
        except RuntimeError:
            return None


@settings(max_examples=120)
@given(
    st.sampled_from(_ROTORS),
    st.integers(0, 40),
    st.sampled_from(["charge", "isotope", "hydrogens", "stereo"]),
    st.integers(-2, 2),
)
def test_a_mutated_molecule_is_itself_or_refused(smiles: str, atom: int, what: str, by: int) -> None:
    text = _mutated(smiles, atom, what, by)
    if text is None:
        return
    file = f"name: t\nmachine: {{kind: rotor, smiles: '{text}', axle: [1, 2]}}\ndrive: {{kind: none}}\n"
    try:
        spec = loads(file)
        molecule = checked_molecule(spec.machine.parts[0], "MMFF94", "machine.smiles")
    except MolmachError as error:
        assert str(error).count("\n") == 0
        assert "machine.smiles: " in str(error)
        assert "expected" in str(error)
        return
    meant = Chem.AddHs(Chem.MolFromSmiles(text))
    assert Chem.GetFormalCharge(molecule) == Chem.GetFormalCharge(meant)
    assert sum(map(mass_of, molecule.GetAtoms())) == sum(map(mass_of, meant.GetAtoms())) or np.isclose(
        sum(map(mass_of, molecule.GetAtoms())), sum(map(mass_of, meant.GetAtoms()))
    )
    properties = rdForceFieldHelpers.MMFFGetMoleculeProperties(molecule)
    partial = [properties.GetMMFFPartialCharge(i) for i in range(molecule.GetNumAtoms())]
    assert np.isclose(sum(partial), Chem.GetFormalCharge(meant), atol=1e-3)
    assert not any(a.GetNumRadicalElectrons() for a in molecule.GetAtoms())
    for element in Chem.FindPotentialStereo(molecule):
        assert element.specified == Chem.StereoSpecified.Specified
    assert loads(file).key == loads(file.replace(text, spec.machine.parts[0])).key
