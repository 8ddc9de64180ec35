"""Partial charges add up to the ion, or the atom whose charge MMFF94 loses is named."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem, rdBase
from rdkit.Chem import rdDistGeom, rdForceFieldHelpers

from molmach import forcefield
from molmach.building import build
from molmach.building.mmff94_types import typed
from molmach.building.stoppers import stopper_report
from molmach.errors import BuildError, ForceFieldError
from molmach.forcefield import energies_of_file
from molmach.forcefield.terms import COULOMB
from molmach.spec import loads
from tests.helpers.molecules import IONS_THAT_MMFF94_HAS, IONS_THAT_MMFF94_LOSES, random_ions

ROTOR = "[CH:1]#[C:2]c1c({})cc([C:3]#[CH:4])cc1"


def _with_hydrogens(smiles: str) -> Chem.Mol:
    return Chem.AddHs(Chem.MolFromSmiles(smiles))


@pytest.mark.parametrize("smiles", IONS_THAT_MMFF94_HAS)
def test_ions_that_mmff94_has_are_taken(smiles: str) -> None:
    typed(_with_hydrogens(f"C{smiles}"), "MMFF94")


@pytest.mark.parametrize("smiles", [*IONS_THAT_MMFF94_LOSES, ".O=C=O", ".S=C=S", ".[SH-]"])
def test_ions_whose_charge_is_lost_or_made_up_are_refused(smiles: str) -> None:
    """Errors that cancel in the whole molecule, as in ylides and inner salts, among them."""
    molecule = _with_hydrogens(f"C{smiles}")
    with pytest.raises(
        ForceFieldError, match=r"MMFF94 has .+ at [A-Z][a-z]? \(atom \d+\)|has no atom type"
    ) as error:
        typed(molecule, "MMFF94")
    named = re.search(r"([A-Z][a-z]?) \(atom (\d+)", str(error.value))
    assert named is not None
    assert molecule.GetAtomWithIdx(int(named[2])).GetSymbol() == named[1]


def _adds_up(smiles: str) -> bool | None:
    """Whether every separate ion has its charge, by RDKit's partial charges alone; None without types."""
    molecule = _with_hydrogens(smiles)
    with rdBase.BlockLogs():
        properties = rdForceFieldHelpers.MMFFGetMoleculeProperties(molecule)
    if properties is None:
        return None
    partial = np.array([properties.GetMMFFPartialCharge(i) for i in range(molecule.GetNumAtoms())])
    formal = np.array([atom.GetFormalCharge() for atom in molecule.GetAtoms()])
    return all(
        abs(partial[list(ion)].sum() - formal[list(ion)].sum()) < 1e-3 for ion in Chem.GetMolFrags(molecule)
    )


@pytest.mark.parametrize("count", [60, pytest.param(1000, marks=pytest.mark.slow)])
def test_charges_of_random_ions_add_up_or_are_refused(count: int) -> None:
    taken = refused = 0
    for smiles in random_ions(count, seed=11):
        try:
            typed(_with_hydrogens(smiles), "MMFF94")
        except ForceFieldError as error:
            assert "\n" not in str(error)
            assert re.search(r"\(atom \d+\)", str(error)), smiles
            refused += 1
        else:
            assert _adds_up(smiles), smiles
            taken += 1
    assert min(taken, refused) > 0.1 * count


def test_a_rotor_with_a_phosphonium_is_refused_and_its_ammonium_is_built() -> None:
    def machine(group: str) -> str:
        smiles = ROTOR.format(group)
        return f"name: t\nmachine: {{kind: rotor, smiles: '{smiles}', axle: [2, 3]}}\ndrive: {{kind: none}}\n"

    with pytest.raises(BuildError, match=r"machine.smiles: MMFF94 has no charge at P \(atom \d+\)"):
        build(loads(machine("[P+](C)(C)C")))
    assert build(loads(machine("[N+](C)(C)C"))).charges.sum() == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize(
    "kind",
    [
        "kind: rotaxane, axle: 'CC[CH2:1]CCC[P+](C)(C)C', rings: ['C1CCCCCCCCCCCCCCCCCCCCCC1'], stations: {a: [1]}",
        "kind: catenane, rings: ['C1CCCCCCCCCCC[S+](C)CCCCCCCCCC1', 'C1CCCCCCCCCCCCCCCCCCCCCC1']",
    ],
)
def test_interlocked_machines_are_held_to_the_same(kind: str) -> None:
    with pytest.raises(BuildError, match=r"machine\.(axle|rings\.0): MMFF94 has no charge at [PS] \(atom"):
        build(loads(f"name: t\nmachine: {{{kind}}}\ndrive: {{kind: none}}\n"))


def test_two_ions_apart_repel_as_coulomb_says_or_are_refused(tmp_path: Path) -> None:
    """20 angstrom: 69.5 kJ/mol, of which the partial charges' quadrupoles change less than 1 %."""
    records = {}
    for element in "NP":
        single = _with_hydrogens(f"C[{element}+](C)(C)C")
        single.AddConformer(_tetrahedral(single), assignId=True)
        both = Chem.CombineMols(single, single)
        x = np.concatenate([single.GetConformer().GetPositions()] * 2)
        x[single.GetNumAtoms() :, 0] += 20.0
        both.GetConformer().SetPositions(x)
        path = tmp_path / f"{element}.sdf"
        path.write_text("".join(Chem.MolToMolBlock(m) + "$$$$\n" for m in (single, both)))
        records[element] = list(energies_of_file(path, forcefield.get("MMFF94")))
    alone, pair = (record.terms["electrostatic"] for record in records["N"])
    assert pair - 2 * alone == pytest.approx(COULOMB / 2.0, rel=0.01)
    assert all("no charge at P" in record.problem for record in records["P"])


def _tetrahedral(molecule: Chem.Mol) -> Chem.Conformer:
    placed = _with_hydrogens("CC(C)(C)C")
    assert rdDistGeom.EmbedMolecule(placed, randomSeed=1) == 0
    assert placed.GetNumAtoms() == molecule.GetNumAtoms()
    conformer = Chem.Conformer(placed.GetNumAtoms())
    conformer.SetPositions(placed.GetConformer().GetPositions())
    return conformer


def test_rdkits_remarks_on_charges_are_not_printed(capfd: pytest.CaptureFixture[str]) -> None:
    """Its distance geometry types atoms by UFF, and says ``UFFTYPER: ...`` on the descriptor itself."""
    axle = _with_hydrogens("CCCCC[P+](C)(C)C")
    stopper_report(axle, _with_hydrogens("C1" + "C" * 21 + "1"), [2], seed=1)
    assert capfd.readouterr().err == ""
    rdDistGeom.GetMoleculeBoundsMatrix(axle)
    assert "UFFTYPER" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("smiles", "message"),
    [
        ("C=P(C)(C)C", "ylide"),
        ("C[CH-][P+](C)(C)C", "no charge"),
        ("C=S(C)C", "ylide"),
        ("C=S(C)(C)=O", "ylide"),
        ("C[N-][N+]#N", r"expected N=\[N\+\]=\[N-\]"),
    ],
)
def test_no_drawing_of_a_molecule_passes_where_another_is_refused(smiles: str, message: str) -> None:
    with pytest.raises(ForceFieldError, match=message):
        typed(Chem.AddHs(Chem.MolFromSmiles(smiles)), "MMFF94")


@pytest.mark.parametrize(
    "smiles", ["CN=[N+]=[N-]", "C=[N+]=[N-]", "C=S(=O)=O", "CC=S=O", "CP(C)(C)=O", "CP(C)(C)=S"]
)
def test_double_bonds_that_mmff94_has_types_for_are_taken(smiles: str) -> None:
    typed(Chem.AddHs(Chem.MolFromSmiles(smiles)), "MMFF94")
