"""MMFF94 against RDKit: term by term, force by force, and against the numbers' own equations."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import openmm
import pytest
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import rdForceFieldHelpers

from molmach import forcefield
from molmach.errors import ForceFieldError, SpecError
from molmach.forcefield import Group, energies_of_file
from molmach.forcefield.system import create_system
from molmach.units import KCAL
from tests.helpers.energies import TOGETHER, in_a_row, openmm_terms, strained
from tests.helpers.molecules import SMILES

_SWITCHES = {
    "bond": "Bond",
    "angle": "Angle",
    "stretch_bend": "StretchBend",
    "out_of_plane": "Oop",
    "torsion": "Torsion",
    "van_der_waals": "VdW",
    "electrostatic": "Ele",
}


def _rdkit(molecule: Chem.Mol, variant: str, only: str | None = None) -> tuple[float, NDArray[np.float64]]:
    properties = rdForceFieldHelpers.MMFFGetMoleculeProperties(molecule, mmffVariant=variant)
    for switch in _SWITCHES.values():
        getattr(properties, f"SetMMFF{switch}Term")(only is None or _SWITCHES[only] == switch)
    field = rdForceFieldHelpers.MMFFGetMoleculeForceField(
        molecule, properties, nonBondedThresh=1e6, ignoreInterfragInteractions=False
    )
    return field.CalcEnergy() * KCAL, -np.array(field.CalcGrad()).reshape(-1, 3) * KCAL * 10.0


def test_the_set_is_large_and_varied() -> None:
    assert len(SMILES) == len(set(SMILES)) >= 130
    assert sum("." in smiles for smiles in SMILES) >= 8


@pytest.mark.parametrize("first", range(0, len(SMILES), TOGETHER))
def test_every_energy_term_and_force_equals_rdkits(first: int) -> None:
    """Bar: 1e-4 relative or 0.01 kcal/mol (per angstrom for forces)."""
    molecule = in_a_row(strained(smiles) for smiles in SMILES[first : first + TOGETHER])
    for variant in ("MMFF94", "MMFF94s"):
        terms, forces = openmm_terms(molecule, variant)
        total, expected_forces = _rdkit(molecule, variant)
        assert sum(terms.values()) == pytest.approx(total, rel=1e-6, abs=1e-4)
        np.testing.assert_allclose(forces, expected_forces, rtol=1e-4, atol=1e-2)
        for name, energy in terms.items():
            assert energy == pytest.approx(_rdkit(molecule, variant, name)[0], rel=1e-6, abs=1e-4), name
        equations = forcefield.get(variant).energy_terms(molecule)
        assert equations == pytest.approx(terms, rel=1e-9, abs=1e-8)


def test_force_is_minus_the_gradient_of_energy() -> None:
    molecule = strained("C[C@@H]1Cc2ccc3ccccc3c2C1=C1c2ccccc2-c2ccccc12")
    system = create_system(forcefield.get("MMFF94"), molecule)
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("Reference"))
    start = np.asarray(molecule.GetConformer().GetPositions()) / 10.0
    context.setPositions(start)
    forces = context.getState(getForces=True).getForces(asNumpy=True)._value
    step = 1e-5
    for atom, axis in ((0, 0), (5, 1), (12, 2), (30, 0)):
        energies = []
        for sign in (1.0, -1.0):
            moved = start.copy()
            moved[atom, axis] += sign * step
            context.setPositions(moved)
            energies.append(context.getState(getEnergy=True).getPotentialEnergy()._value)
        assert forces[atom, axis] == pytest.approx(
            -(energies[0] - energies[1]) / (2 * step), rel=1e-5, abs=1e-2
        )


def test_hydrogen_mass_is_taken_from_the_heavy_atom() -> None:
    molecule = strained("CCO")
    field = forcefield.get("MMFF94")
    plain, heavy = (field.particles(molecule, hydrogen_mass=mass).masses for mass in (None, 3.0))
    assert sum(plain) == pytest.approx(sum(heavy))
    assert np.count_nonzero(heavy == 3.0) == 6
    with pytest.raises(ForceFieldError, match="expected a smaller mass"):
        field.particles(strained("C[SiH3]"), hydrogen_mass=6.0)


def test_constraints_lengthen_the_shortest_period() -> None:
    molecule = strained("CCO")
    field = forcefield.get("MMFF94")
    free = field.shortest_period(molecule, field.particles(molecule))
    fixed = field.shortest_period(molecule, field.particles(molecule, constrain_hydrogens=True))
    assert 0.0088 < free < 0.0096  # an O-H stretch of about 3600 /cm has a period of 9.3 fs
    assert fixed > 2.0 * free


def test_missing_hydrogens_and_types_are_refused() -> None:
    with pytest.raises(ForceFieldError, match="lacks hydrogens"):
        forcefield.get("MMFF94").particles(Chem.MolFromSmiles("CCO"))
    with pytest.raises(ForceFieldError, match=r"no atom type for B \(atom 1\)"):
        forcefield.get("MMFF94").particles(Chem.AddHs(Chem.MolFromSmiles("CB(C)C")))


def test_a_bad_record_is_reported_and_the_others_are_kept(tmp_path: Path) -> None:
    blocks = [Chem.MolToMolBlock(strained(s)) for s in ("CC", "CO")]
    blocks.insert(1, "bad\n\n\n  1  0  0  0  0  0  0  0  0  0999 V2000\n  broken\nM  END\n")
    path = tmp_path / "m.sdf"
    path.write_text("".join(block + "$$$$\n" for block in blocks))
    records = list(energies_of_file(path, forcefield.get("MMFF94")))
    assert [bool(record.problem) for record in records] == [False, True, False]
    with pytest.raises(SpecError, match="no such file"):
        list(energies_of_file(tmp_path / "none.sdf", forcefield.get("MMFF94")))


def test_groups_are_distinct() -> None:
    assert len({int(group) for group in Group}) == len(Group) <= 32


@pytest.mark.skipif(
    "MOLMACH_MMFF94_SUITE" not in os.environ, reason="set it to a folder with Halgren's suite"
)
@pytest.mark.parametrize(("variant", "count"), [("MMFF94", 761), ("MMFF94s", 265)])
def test_halgrens_validation_suite(variant: str, count: int) -> None:
    """His published totals, 0.006 kcal/mol; files <variant>_dative.sdf and <variant>_reference.log."""
    folder = Path(os.environ["MOLMACH_MMFF94_SUITE"])
    log = (folder / f"{variant}_reference.log").read_text()
    pattern = r"^(\S+)\s*\n\s*\nTotal ENERGY \(Kcal\)\s+(\S+)"
    published = {name: float(value) for name, value in re.findall(pattern, log, re.MULTILINE)}
    records = list(energies_of_file(folder / f"{variant}_dative.sdf", forcefield.get(variant)))
    assert len(records) == count
    for record in records:
        assert record.total / KCAL == pytest.approx(published[record.name], abs=0.006), record.name
