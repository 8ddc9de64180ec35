"""Levels of theory: solvents, and a density functional's single points."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import AllChem

from molmach.errors import MissingExtraError, SpecError
from molmach.spec import load
from molmach.studies.kinetics import functional, level_of, motor_kinetics, single_points
from molmach.studies.kinetics.functional import functional_energy
from molmach.studies.kinetics.level import HARTREE, SOLVENTS, Floats
from molmach.studies.kinetics.run import Plan
from molmach.studies.kinetics.stationary import relax
from molmach.studies.kinetics.torsion import hessian_of

METHYL = "fluorene-motor-methyl"
SMALL = "methyltetralin-isopropylidene-motor"
WITHOUT_PYSCF = "pyscf or pyscf-dispersion is not installed (pip install 'molmach[functional]')"


@pytest.fixture
def functional_installed() -> None:
    """Skips without the extra."""
    pytest.importorskip("pyscf.dispersion.dftd4", reason=WITHOUT_PYSCF)


def molecule(smiles: str) -> Chem.Mol:
    """With hydrogens, embedded."""
    made = Chem.AddHs(Chem.MolFromSmiles(smiles))
    AllChem.EmbedMolecule(made, randomSeed=3)
    return made


def places(made: Chem.Mol) -> Floats:
    """Its positions, nm."""
    return np.asarray(made.GetConformer().GetPositions() / 10.0)


def solvation(smiles: str, solvent: str) -> float:
    """Free energy of solvation at one structure, kJ/mol."""
    made = molecule(smiles)
    return level_of("GFN2-xTB", made, solvent)(places(made))[0] - level_of("GFN2-xTB", made)(places(made))[0]


@pytest.mark.parametrize("solvent", SOLVENTS)
def test_tblite_knows_every_solvent_of_the_list(solvent: str) -> None:
    """A methanol molecule is held by each of them, by less than 50 kJ/mol."""
    assert -50.0 < solvation("CO", solvent) < 0.0


def test_ions_are_solvated_by_what_borns_equation_gives() -> None:
    """Published free energies of hydration: acetate -325, methylammonium -318 kJ/mol; toluene's is weaker."""
    for smiles, published in (("CC(=O)[O-]", -325.0), ("C[NH3+]", -318.0)):
        in_water, in_toluene = solvation(smiles, "water"), solvation(smiles, "toluene")
        assert in_water == pytest.approx(published, abs=40.0)
        assert in_water < in_toluene < -50.0


def test_structure_and_vibrations_are_the_solvents_own() -> None:
    """In water a nitrile's dipole grows: the structure at rest in vacuum is not at rest there."""
    made = molecule("CC#N")
    bare, wet = level_of("GFN2-xTB", made), level_of("GFN2-xTB", made, "water")
    rest_bare, rest_wet = (relax(lv, places(made), partial(hessian_of, lv)) for lv in (bare, wet))
    assert np.abs(wet(rest_bare.positions)[1]).max() > 10.0 * np.abs(wet(rest_wet.positions)[1]).max()
    direction = np.random.default_rng(1).normal(size=places(made).shape)
    x = rest_wet.positions
    slope = (wet(x + 1e-5 * direction)[0] - wet(x - 1e-5 * direction)[0]) / 2e-5
    assert slope == pytest.approx(float(np.sum(wet(x)[1] * direction)), abs=0.5)
    assert np.abs(hessian_of(wet, x) - hessian_of(bare, x)).max() > 1000.0


def test_a_solvent_makes_another_search() -> None:
    spec = load(METHYL)
    bare, wet, again = (Plan(spec, "GFN2-xTB", 293.0, solvent=s) for s in (None, "toluene", "Toluene"))
    assert bare.identity != wet.identity == again.identity
    assert bare.default_place != wet.default_place == again.default_place


@pytest.mark.parametrize(
    ("level", "solvent", "message"),
    [
        ("MMFF94", "toluene", "MMFF94 has no solvents; accepted: with GFN2-xTB, r2SCAN-3c"),
        ("GFN2-xTB", "cyclohexane", "'cyclohexane': accepted: acetone, .*toluene, water"),
        ("r2SCAN-3c", "soup", "'soup': accepted: acetone"),
    ],
)
def test_a_solvent_that_a_level_lacks_is_refused(level: str, solvent: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        Plan(load(METHYL), level, 293.0, solvent=solvent)


def test_a_missing_functional_is_named_before_the_work(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "pyscf.dispersion.dftd4", None)
    monkeypatch.setitem(sys.modules, "pyscf.dispersion", None)
    with pytest.raises(MissingExtraError, match=r"r2SCAN-3c needs pyscf .*molmach\[functional\]") as raised:
        motor_kinetics(load(METHYL), "r2SCAN-3c", 293.0, out=tmp_path / "run")
    assert raised.value.exit_code == 2
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("functional_installed")
def test_water_has_the_energy_that_psi4_gives_it() -> None:
    """-76.41835894 hartree: psi4's own sample of r2scan-3c, O-H 0.96 angstrom, 104.5 degrees, (99, 590) grid."""
    half = math.radians(0.5 * 104.5)
    arms = [[math.sin(half), math.cos(half), 0.0], [-math.sin(half), math.cos(half), 0.0]]
    energy = functional_energy(molecule("O"), 0.096 * np.array([[0.0, 0.0, 0.0], *arms]))
    assert energy / HARTREE == pytest.approx(-76.41835894, abs=5e-6)


@pytest.mark.usefixtures("functional_installed")
@pytest.mark.slow
def test_iodine_has_its_core_potential() -> None:
    """Methyl iodide's C-I bond breaks at 239 kJ/mol: with 46 electrons left over nothing near it comes out."""
    made = molecule("CI")
    whole = functional_energy(made, places(made))
    assert -350.0 < whole / HARTREE < -330.0


def surface_and_constant(calls: list[Floats]) -> Callable[[Chem.Mol, Floats], float]:
    """A functional that is the surface plus a constant, and notes what it is asked for."""

    def energy(made: Chem.Mol, positions: Floats) -> float:
        calls.append(positions)
        return level_of("GFN2-xTB", made)(positions)[0] + 1000.0

    return energy


@pytest.mark.slow
def test_single_points_are_stored_one_by_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Killed after two of them, a search makes the others alone; a shifted surface gives its own barrier."""
    calls: list[Floats] = []
    energy = surface_and_constant(calls)

    def fails_at_third(made: Chem.Mol, positions: Floats) -> float:
        if len(calls) == 2:
            raise KeyboardInterrupt
        return energy(made, positions)

    monkeypatch.setattr(functional, "require_functional", lambda: None)
    monkeypatch.setattr("molmach.studies.kinetics.run.require_functional", lambda: None)
    monkeypatch.setattr(single_points, "functional_energy", fails_at_third)
    search = partial(motor_kinetics, load(SMALL), temperature=300.0, guesses=8)
    with pytest.raises(KeyboardInterrupt):
        search("r2SCAN-3c", out=tmp_path / "run")
    monkeypatch.setattr(single_points, "functional_energy", energy)
    (step,) = search("r2SCAN-3c", out=tmp_path / "run").steps
    points = len({x.tobytes() for x in calls})
    assert points == len(calls)
    (plain,) = search("GFN2-xTB", out=tmp_path / "plain").steps
    assert step.barrier == pytest.approx(plain.barrier, abs=1e-3)
    assert step.connected == plain.connected
    assert step.stable.energy == pytest.approx(plain.stable.energy + 1000.0, abs=1e-3)
