"""Barriers, rates and cycles of stepping machines."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import AllChem

from molmach import forcefield
from molmach.cli import main as molmach_main
from molmach.errors import KineticsError, MissingExtraError, SimulationError, SpecError
from molmach.forcefield.images_kernel import Images
from molmach.spec import Spec, load, loads
from molmach.studies.kinetics import (
    HelixInversion,
    MotorKinetics,
    four_state_cycle,
    helix_inversions,
    level_of,
    motor_cycle,
    motor_kinetics,
)
from molmach.studies.kinetics import run as kinetics_run
from molmach.studies.kinetics.band import Band, distinct
from molmach.studies.kinetics.forms import dihedral, find_forms, isomers, mappings, stable_and_metastable
from molmach.studies.kinetics.frame import frame_of
from molmach.studies.kinetics.inversion import QUICK_ERROR, Descent, Point
from molmach.studies.kinetics.level import BARRIER_ERROR, Level
from molmach.studies.kinetics.modes import PLANCK, Modes, free_energy, normal_modes, of_a_saddle
from molmach.studies.kinetics.page import write_page
from molmach.studies.kinetics.rates import eyring_rate, half_life
from molmach.studies.kinetics.relatives import Relative
from molmach.studies.kinetics.run import Plan
from molmach.studies.kinetics.search import alkene_of
from molmach.studies.kinetics.stationary import Stationary, exact_hessian, find_saddle, polished, relax
from molmach.studies.kinetics.store import MissingPieceError, Store
from molmach.studies.kinetics.words import doubts, step_rows
from molmach.theory import currents, entropy_production, stationary_distribution
from tests.helpers.browser import MISSING, Browser
from tests.helpers.command_line import command, run_molmach
from tests.helpers.pages import EVIL, Checker
from tests.helpers.waiting import GENEROUS, wait_until

METHYL = "fluorene-motor-methyl"
TERT_BUTYL = "fluorene-motor-tert-butyl"
SMALL = "methyltetralin-isopropylidene-motor"
TRIFLUOROMETHYL = "FC(F)(F)[C@@H]1Cc2ccc3ccccc3c2[C:1]1=[C:2]1c2ccccc2-c2ccccc12"
UNSYMMETRIC = "C[C@@H]1Cc2ccccc2/[C:1]1=[C:2]1/c2ccccc2-c2sccc12"
STATES = ("stable 1", "metastable 2", "stable 2", "metastable 1")
FLUORINE = "C[C@]1(F)Cc2ccc3ccccc3c2[C:1]1=[C:2]1c2ccccc2-c2ccccc12"


def _molecule(smiles: str) -> Chem.Mol:
    molecule = Chem.AddHs(Chem.MolFromSmiles(smiles))
    AllChem.EmbedMolecule(molecule, randomSeed=3)
    return molecule


def _masses(molecule: Chem.Mol) -> np.ndarray:
    return np.array([atom.GetMass() for atom in molecule.GetAtoms()])


def test_stationary_state_is_the_null_vector_of_the_master_equation() -> None:
    rates = np.random.default_rng(1).lognormal(0.0, 3.0, (7, 7))
    p = stationary_distribution(rates)
    generator = np.where(np.eye(7, dtype=bool), 0.0, rates)
    generator -= np.diag(generator.sum(axis=1))
    assert np.abs(p @ generator).max() < 1e-12 * np.abs(generator).max()
    flow = currents(rates)
    np.testing.assert_allclose(flow.sum(axis=1), 0.0, atol=1e-12 * np.abs(flow).max())
    assert entropy_production(rates) > 0.0


def test_detailed_balance_gives_boltzmann_and_no_current() -> None:
    """Energies up to 200 kT: rates over 170 orders of magnitude keep their precision."""
    rng = np.random.default_rng(2)
    energy = rng.uniform(0.0, 200.0, 6)
    barrier = energy.max() + rng.uniform(0.0, 200.0, (6, 6))
    rates = np.exp(energy[:, None] - np.maximum(barrier, barrier.T))
    p = stationary_distribution(rates)
    np.testing.assert_allclose(p, np.exp(-energy) / np.exp(-energy).sum(), rtol=1e-10)
    flow = p[:, None] * rates
    assert np.abs(currents(rates)).max() <= 1e-12 * flow.max()
    assert entropy_production(rates) <= 1e-12 * flow.sum()


def test_eyring_gives_the_published_half_life_of_the_published_barrier() -> None:
    """85 kJ/mol at 293 K and 190 s (Vicario et al.) within the rounding of the barrier, 0.5 kJ/mol."""
    assert half_life(eyring_rate(84.5, 293.0)) < 190.0 < half_life(eyring_rate(85.5, 293.0))


def test_cycle_turns_forward_and_saturates_at_the_thermal_step() -> None:
    """Weak light: every photon's yield makes half a turn. Strong light: half of the population waits."""
    thermal, yields = (3e-3, 1e-5), (0.2, 0.1)
    weak = four_state_cycle(1e-9, [thermal], [yields], STATES)
    back = thermal[1] / (thermal[0] + thermal[1])
    assert weak.frequency == pytest.approx(0.5e-9 * (0.2 * (1 - back) - 0.1 * back) * 1.0, rel=1e-3)
    strong = four_state_cycle(1e9, [thermal], [yields], STATES)
    share = yields[0] / sum(yields)
    assert strong.frequency == pytest.approx(0.5 * (share * thermal[0] - (1 - share) * thermal[1]), rel=1e-6)
    affinity = 2.0 * math.log(0.2 * 3e-3 / (0.1 * 1e-5))
    assert strong.directionality == pytest.approx(math.tanh(0.5 * affinity), rel=1e-9)
    assert sum(strong.populations) == pytest.approx(1.0)


def test_cycle_without_drive_in_it_stands_still() -> None:
    """Yields whose ratio is the thermal equilibrium's take nothing from the light."""
    cycle = four_state_cycle(5.0, [(2.0, 0.5)], [(0.1, 0.4)], STATES)
    assert abs(cycle.frequency) < 1e-15
    assert abs(cycle.directionality) < 1e-12


@pytest.mark.parametrize("name", ["MMFF94", "GFN2-xTB"])
def test_ethanes_rotation_has_the_measured_barrier(name: str) -> None:
    """The eclipsed saddle: one imaginary mode, D3h symmetry, 12.1 kJ/mol measured, within 3 kJ/mol."""
    molecule = _molecule("CC")
    level = level_of(name, molecule)
    staggered = relax(level, molecule.GetConformer().GetPositions() / 10.0, lambda x: _exact(level, x))
    molecule.GetConformer().SetPositions(np.ascontiguousarray(10.0 * staggered.positions))
    AllChem.SetDihedralDeg(molecule.GetConformer(), 2, 0, 1, 5, 8.0)
    start = molecule.GetConformer().GetPositions() / 10.0
    axis = (start[1] - start[0]) / np.linalg.norm(start[1] - start[0])
    twist = np.cross(axis, start - start[0])
    twist[[0, 2, 3, 4]] *= -1.0
    saddle = _saddle(level, molecule, start, twist)
    assert saddle.converged
    modes = normal_modes(_exact(level, saddle.positions), saddle.positions, _masses(molecule))
    assert modes.imaginary == 1
    assert modes.wavenumbers.size == 3 * 8 - 6
    assert saddle.energy - staggered.energy == pytest.approx(12.1, abs=3.0)


def _saddle(level: Level, molecule: Chem.Mol, start: np.ndarray, direction: np.ndarray) -> Stationary:
    return find_saddle(
        level,
        start,
        direction / np.linalg.norm(direction),
        lambda x: _exact(level, x),
        lambda x: _exact(level_of("MMFF94", molecule), x),
        frame_of(molecule),
    )


def _exact(level: Level, positions: np.ndarray) -> np.ndarray:
    """The level's Hessian with itself as the guide, which makes its differences central ones."""
    return exact_hessian(level, positions, lambda many: np.array([level(x)[1] for x in many]))


def _turned(molecule: Chem.Mol, four: tuple[int, int, int, int], degrees: float) -> np.ndarray:
    copy = Chem.Mol(molecule)
    angle = AllChem.GetDihedralDeg(copy.GetConformer(), *four)
    AllChem.SetDihedralDeg(copy.GetConformer(), *four, angle + degrees)
    return np.asarray(copy.GetConformer().GetPositions() / 10.0)


def test_a_group_that_turns_keeps_its_bonds_between_two_structures() -> None:
    """A third of a turn of CF3: the straight line shrinks its bonds by a third, the frame's keeps them."""
    molecule = _molecule("FC(F)(F)C(O)C")
    start = molecule.GetConformer().GetPositions() / 10.0
    end = _turned(molecule, (5, 4, 1, 0), 120.0)
    frame = frame_of(molecule)
    straight = 0.5 * (start + end)
    assert np.linalg.norm(straight[0] - straight[1]) < 0.65 * np.linalg.norm(start[0] - start[1])
    for share in (0.0, 0.3, 0.5, 1.0):
        between = frame.between(start, end, share)
        np.testing.assert_allclose(frame.lengths(between), frame.lengths(start), atol=5e-4)
    middle = frame.between(start, end, 0.5)
    turn = np.degrees(dihedral(middle, (5, 4, 1, 0)) - dihedral(start, (5, 4, 1, 0)))
    assert turn % 360.0 == pytest.approx(60.0, abs=2.0)


def test_a_step_bends_with_the_bonds() -> None:
    """Turning CF3 by 20 degrees in one step changes no distance over one or two bonds; its size stays."""
    molecule = _molecule("FC(F)(F)C(O)C")
    start = molecule.GetConformer().GetPositions() / 10.0
    small = _turned(molecule, (5, 4, 1, 0), 0.1) - start
    step = 200.0 * small
    frame = frame_of(molecule)
    straight = np.abs(frame.lengths(start + step) - frame.lengths(start)).max()
    bent = np.abs(frame.lengths(frame.moved(start, step)) - frame.lengths(start)).max()
    assert bent < 1e-4 < 0.005 < straight
    assert np.linalg.norm(frame.moved(start, step) - start) == pytest.approx(np.linalg.norm(step), rel=0.05)


def test_water_vibrates_as_measured() -> None:
    """GFN2-xTB's harmonic wavenumbers within 8 % of the measured 1648, 3832 and 3943 cm^-1 (harmonic)."""
    molecule = _molecule("O")
    level = level_of("GFN2-xTB", molecule)
    minimum = relax(level, molecule.GetConformer().GetPositions() / 10.0, lambda x: _exact(level, x))
    modes = normal_modes(_exact(level, minimum.positions), minimum.positions, _masses(molecule))
    np.testing.assert_allclose(modes.wavenumbers, [1648.0, 3832.0, 3943.0], rtol=0.08)


def test_a_hessian_by_forward_differences_is_as_good_with_a_cheap_guide() -> None:
    """Of propene's Gibbs energy 0.05 kJ/mol from central differences; several times that without the guide."""
    molecule = _molecule("CC=C")
    level, cheap = level_of("GFN2-xTB", molecule), level_of("MMFF94", molecule)
    positions = relax(level, molecule.GetConformer().GetPositions() / 10.0, partial(_exact, cheap)).positions
    masses = _masses(molecule)

    def gibbs(guide: Callable[[np.ndarray], np.ndarray]) -> float:
        modes = normal_modes(exact_hessian(level, positions, guide), positions, masses)
        return free_energy(modes, positions, masses, 293.15)

    central = gibbs(lambda many: np.array([level(x)[1] for x in many]))
    guided = gibbs(lambda many: np.array([cheap(x)[1] for x in many]))
    alone = gibbs(lambda many: np.zeros_like(many))
    assert abs(guided - central) < 0.05
    assert abs(alone - central) > 3.0 * abs(guided - central)


def test_a_polished_point_is_stationary() -> None:
    """Newton's steps take the gradient of a displaced minimum and a displaced saddle below a minimum's limit."""
    molecule = _molecule("CC")
    level = level_of("MMFF94", molecule)
    minimum = relax(level, molecule.GetConformer().GetPositions() / 10.0, partial(_exact, level))
    rng = np.random.default_rng(0)
    moved = minimum.positions + 2e-4 * rng.normal(size=minimum.positions.shape)
    start = Stationary(level(moved)[0], moved, True)
    end = polished(level, start, _exact(level, moved))
    assert np.abs(level(end.positions)[1]).max() < 2.0
    assert end.energy == pytest.approx(minimum.energy, abs=0.01)


def test_bands_of_one_mechanism_count_once() -> None:
    """Those whose tops are one place, turned or moved as a whole, or whose heights are the same."""
    rng = np.random.default_rng(0)
    place = rng.normal(size=(5, 3))
    turned = place @ np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]) + 3.0
    elsewhere = place + 0.1 * rng.normal(size=(5, 3))

    def band(top: np.ndarray, height: float) -> Band:
        return Band(np.array([place, top, place]), np.array([0.0, height, 0.0]))

    bands = [
        band(elsewhere, 30.0), band(place, 20.0), band(turned, 25.0), band(2.0 * place, 20.5),
        band(3.0 * place, 90.0),
    ]  # fmt: skip
    assert distinct(bands, range(5), 50.0) == [1, 0]


def test_free_energy_of_water_is_statistical_mechanics() -> None:
    """Stiff modes: zero-point energy and the classical rotor's partition function, written out."""
    positions = np.array([[0.0, 0.0, 0.0], [0.0958, 0.0, 0.0], [-0.0240, 0.0927, 0.0]])
    masses = np.array([15.999, 1.008, 1.008])
    modes = Modes(np.array([1595.0, 3657.0, 3756.0]), np.zeros((3, 3, 3)))
    kT = 8.31446e-3 * 300.0
    zero_point = 0.5 * 0.01196266 * (1595.0 + 3657.0 + 3756.0)
    centred = positions - masses @ positions / masses.sum()
    tensor = sum(m * (r @ r * np.eye(3) - np.outer(r, r)) for m, r in zip(masses, centred, strict=True))
    hbar = PLANCK / (2.0 * math.pi)
    rotation = math.sqrt(math.pi) * np.prod(np.sqrt(2.0 * np.linalg.eigvalsh(tensor) * kT / hbar**2))
    vibration = sum(math.log(-math.expm1(-0.01196266 * w / kT)) for w in (1595.0, 3657.0, 3756.0))
    expected = zero_point + kT * vibration - kT * math.log(rotation)
    assert free_energy(modes, positions, masses, 300.0) == pytest.approx(expected, abs=0.01)


@pytest.mark.slow
def test_atoms_are_mapped_whatever_their_order() -> None:
    """A tert-butyl motor turned about its methyl groups and renumbered by a symmetry of its graph.

    Three mappings, for the three places of the tert-butyl group; one of them undoes it all.
    """
    alkene = alkene_of(load(TERT_BUTYL))
    stable = find_forms(alkene, 1)[0].positions
    scrambled = stable.copy()
    carbon = alkene.molecule.GetSubstructMatch(Chem.MolFromSmarts("[CH3][C](C)(C)[CH]"))[1]
    methyls = [
        n.GetIdx()
        for n in alkene.molecule.GetAtomWithIdx(carbon).GetNeighbors()
        if n.GetTotalNumHs(True) == 3
    ]
    hydrogens = [
        [n.GetIdx() for n in alkene.molecule.GetAtomWithIdx(m).GetNeighbors() if n.GetAtomicNum() == 1]
        for m in methyls
    ]
    ring = [[m, *h] for m, h in zip(methyls, hydrogens, strict=True)]
    for here, there in zip(ring, ring[1:] + ring[:1], strict=True):
        scrambled[here] = stable[there]
    found = list(mappings(alkene, stable, scrambled))
    assert len(found) == 3
    assert min(np.abs(m - stable).max() for m in found) < 1e-9


def test_no_mapping_turns_a_stereocentre_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("molmach.studies.kinetics.forms.CONFORMERS", 3)  # any form will do
    alkene = alkene_of(load(METHYL))
    stable = find_forms(alkene, 1)[0].positions
    assert len(list(mappings(alkene, stable, stable))) >= 1
    assert not list(mappings(alkene, stable, stable * np.array([1.0, -1.0, 1.0])))


@pytest.mark.slow
def test_mirror_image_has_the_opposite_helicity() -> None:
    for spec, sign in ((load(METHYL), 1), (_mirrored(load(METHYL)), -1)):
        alkene = alkene_of(spec)
        stable, metastable = stable_and_metastable(alkene, find_forms(alkene, 1))
        assert sign * alkene.helicity(stable.positions) > 0.0
        assert sign * alkene.helicity(metastable[0].positions) < 0.0


def _mirrored(spec: Spec) -> Spec:
    text = spec.to_yaml()
    swapped = text.replace("[C@@H]", "[C#H]").replace("[C@H]", "[C@@H]").replace("[C#H]", "[C@H]")
    assert swapped != text
    return loads(swapped)


def test_images_have_the_native_engines_energies_and_forces() -> None:
    molecule = _molecule("Cc1ccccc1C(=O)NC")
    place = molecule.GetConformer().GetPositions() / 10.0
    many = place + np.random.default_rng(1).normal(0.0, 0.005, (21, *place.shape))
    energies, forces = Images(forcefield.get("MMFF94"), molecule)(many)
    level = level_of("MMFF94", molecule)
    for x, energy, force in zip(many, energies, forces, strict=True):
        expected, gradient = level(x)
        assert energy == pytest.approx(expected, rel=1e-5, abs=1e-3)
        np.testing.assert_allclose(force, -gradient, atol=1e-5 * float(np.abs(gradient).max()))


@pytest.mark.parametrize("name", ["GFN2-xTB", "MMFF94"])
def test_gradients_are_the_energys(name: str) -> None:
    molecule = _molecule("C=CC(F)O")
    level = level_of(name, molecule)
    x = molecule.GetConformer().GetPositions() / 10.0
    direction = np.random.default_rng(1).normal(size=x.shape)
    slope = (level(x + 1e-5 * direction)[0] - level(x - 1e-5 * direction)[0]) / 2e-5
    assert slope == pytest.approx(float(np.sum(level(x)[1] * direction)), rel=1e-4, abs=0.1)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tblite.interface", None)
    with pytest.raises(MissingExtraError, match=r"molmach\[kinetics\]"):
        level_of("GFN2-xTB", _molecule("C"))
    with pytest.raises(KineticsError, match="accepted: GFN2-xTB, MMFF94"):
        level_of("B3LYP", _molecule("C"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("difluorophenylene-rotor",), "machine.axle: is not a double bond"),
        (
            (METHYL, "--set", "machine.smiles=c1ccccc1/[CH:1]=[N:2]/c1ccccc1"),
            "machine.axle: is N=C, which goes over",
        ),
        (
            (METHYL, "--set", "machine.smiles=c1ccccc1/[N:1]=[N:2]/c1ccccc1"),
            "no closed-shell level is honest",
        ),
        (("cyanobiphenyl-rotor", "--wavelength=365"), "--wavelength 365: light turns no single bond"),
        ((METHYL, "--level", "DFT"), "--level DFT: accepted: GFN2-xTB, MMFF94, r2SCAN-3c"),
        ((METHYL, "--temperature", "-3"), "--temperature -3: expected 0 to 2000 K"),
        ((METHYL, "--solvent", "soup"), "--solvent 'soup': MMFF94 has no solvents; accepted: with GFN2-xTB"),
        ((METHYL, "--level=GFN2-xTB", "--solvent=soup"), "--solvent 'soup': accepted: acetone, aceto"),
        ((METHYL, "--forward-yield", "2"), "--forward-yield 2: expected a quantum yield"),
        ((METHYL, "--set", "machine.smiles=C[CH:1]=[C:2](C)C"), "its double bond has no aromatic arm"),
    ],
)
def test_bad_input_is_one_message(
    arguments: tuple[str, ...],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    level = () if any("--level" in word for word in arguments) else ("--level=MMFF94",)
    monkeypatch.setattr("sys.argv", ["molmach", "kinetics", *arguments, *level])
    with pytest.raises(SystemExit) as ended:
        molmach_main.run()
    assert ended.value.code == 2
    shown = capsys.readouterr()
    assert message in shown.err
    assert "Traceback" not in shown.err + shown.out


@pytest.mark.slow
def test_command_finds_the_force_fields_helix_inversion(tmp_path: Path) -> None:
    """The whole way with MMFF94; its barrier is too high, which is why GFN2-xTB is the default."""
    done = run_molmach("kinetics", METHYL, "--level", "MMFF94", "-o", str(tmp_path / "run"), "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["schema"] == "molmach.kinetics/1"
    assert document["level"] == "MMFF94"
    step = document["steps"][0]
    assert step["imaginary_modes"] == 1
    assert step["converged"]
    assert step["connected"]
    assert 0.0 < step["drop"] < step["barrier"]
    assert step["half_life"] == pytest.approx(
        half_life(eyring_rate(step["barrier"], document["temperature"]))
    )
    assert document["cycle"]["frequency"] > 0.0
    assert document["cycle"]["states"] == list(STATES)
    assert json.loads((tmp_path / "run" / "kinetics.json").read_text()) == document


def _quick(folder: Path, *more: str) -> list[str]:
    where = ("-o", str(folder), "--level", "MMFF94", "--guesses", "4", "--json")
    return command("kinetics", METHYL, "--set", f"machine.smiles={UNSYMMETRIC}", *where, *more)


def _document(folder: Path, *more: str) -> dict[str, Any]:
    done = subprocess.run(_quick(folder, *more), capture_output=True, text=True, timeout=GENEROUS)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.fixture(scope="module")
def unsymmetric(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A small motor whose E and Z isomers differ, searched with few guesses."""
    folder = tmp_path_factory.mktemp("kinetics") / "run"
    return folder, _document(folder)


@pytest.mark.slow
def test_both_isomers_of_an_unsymmetric_motor_are_found() -> None:
    found = isomers(alkene_of(_unsymmetric()))
    assert [alkene.isomer for alkene in found] == ["E", "Z"]
    assert [alkene.isomer for alkene in isomers(alkene_of(load(METHYL)))] == [""]
    for alkene in found:
        stable, metastable = stable_and_metastable(alkene, find_forms(alkene, 1))
        for form in (stable, metastable[0]):
            molecule = Chem.Mol(alkene.molecule)
            molecule.GetConformer().SetPositions(np.ascontiguousarray(10.0 * form.positions))
            Chem.AssignStereochemistryFrom3D(molecule)
            assert str(molecule.GetBondBetweenAtoms(*alkene.bond).GetStereo()) == f"STEREO{alkene.isomer}"


def _unsymmetric() -> Spec:
    return load(METHYL, [f"machine.smiles={UNSYMMETRIC}"])


@pytest.mark.slow
def test_whichever_isomer_is_written_both_are_the_same() -> None:
    other = UNSYMMETRIC.replace("[C:2]1/c", "[C:2]1\\c")
    assert other != UNSYMMETRIC
    here, there = (
        [find_forms(alkene, 1)[0].energy for alkene in isomers(alkene_of(spec))]
        for spec in (_unsymmetric(), load(METHYL, [f"machine.smiles={other}"]))
    )
    assert here == pytest.approx(there, abs=0.01)
    assert abs(here[0] - here[1]) > 0.1


@pytest.mark.slow
def test_an_unsymmetric_motor_has_four_forms_and_two_thermal_steps(
    unsymmetric: tuple[Path, dict[str, Any]],
) -> None:
    _, document = unsymmetric
    ends = [(step["name"], step["from"], step["to"]) for step in document["steps"]]
    assert ends == [
        ("thermal_helix_inversion_E", "metastable E", "stable E"),
        ("thermal_helix_inversion_Z", "metastable Z", "stable Z"),
    ]
    for step in document["steps"]:
        assert step["converged"]
        assert step["imaginary_modes"] == 1
        assert step["barrier"] > step["drop"] > 0.0
    first, second = document["steps"]
    assert abs(first["barrier"] - second["barrier"]) > 0.1
    cycle = document["cycle"]
    assert cycle["states"] == ["stable E", "metastable Z", "stable Z", "metastable E"]
    drops = first["drop"] + second["drop"]
    kT = 8.31446e-3 * document["temperature"]
    assert cycle["directionality"] == pytest.approx(math.tanh(0.5 * drops / kT), rel=1e-6)


def _step(isomer: str, barrier: float, drop: float, sense: float) -> HelixInversion:
    point = partial(Point, positions=np.zeros((1, 3)), modes=Modes(np.zeros(0), np.zeros((0, 1, 3))))
    stable, metastable, saddle = (point(energy=e, gibbs=e) for e in (0.0, drop, drop + barrier))
    ends = (Descent(0.0, -sense), Descent(-drop, sense))
    return HelixInversion(
        isomer, "MMFF94", 300.0, stable, metastable, saddle, (sense, -sense), True, ends, (barrier,)
    )


def _found(steps: tuple[HelixInversion, ...], spec: Spec) -> MotorKinetics:
    series = tuple(motor_cycle(10.0**power, steps, (0.1, 0.1)) for power in range(-6, 10, 3))
    return MotorKinetics(spec, steps, motor_cycle(1.0, steps, (0.1, 0.1)), series, (0.1, 0.1), Path("run"))


def test_the_page_has_barriers_cycles_and_doubts(tmp_path: Path) -> None:
    modes = Modes(np.array([-400.0, 50.0]), np.zeros((2, 1, 3)))
    doubtful = _step("E", 80.0, 20.0, 1.0)
    sound = replace(
        _step("Z", 61.5, 30.0, 1.0), saddle=replace(doubtful.saddle, modes=modes, energy=91.5, gibbs=91.5)
    )
    found = _found((doubtful, sound), load(METHYL, [f"description={EVIL}"]))
    write_page(found, {"key": "abc"}, tmp_path / "report.html")
    page = Checker((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert not page.problems
    assert "script" not in page.tags
    assert EVIL in page.texts
    text = "".join(page.texts)
    for part in (
        "80.0 kJ/mol",
        "61.5 kJ/mol",
        "1 (400i cm^-1)",
        "quantum yields 0.1 and 0.1",
        "directionality",
    ):
        assert part in text, part
    assert text.count("where a saddle has one imaginary mode") == 1
    for cycle in found.series:
        assert f"{cycle.frequency:.3g}" in page.texts


@MISSING
@pytest.mark.parametrize(("width", "dark"), [(400, True), (1280, False)])
def test_a_browser_shows_the_page(tmp_path: Path, browser: Browser, width: int, dark: bool) -> None:
    write_page(_found((_step("", 80.0, 20.0, 1.0),), load(METHYL)), {"key": "abc"}, tmp_path / "report.html")
    page = browser.open(tmp_path / "report.html", width, dark=dark)
    assert page.value("document.documentElement.scrollWidth") <= width
    assert page.value("document.querySelectorAll('svg.plot').length") == 2
    assert not page.errors
    assert not page.requests
    page.close()


def test_a_first_look_says_what_it_left_out_and_how_far_it_may_be_wrong() -> None:
    """Its own error stands beside the level's, as independent; what it did not look at is no number."""
    whole = _step("", 80.0, 10.0, 1.0)
    look = replace(whole, quick=True, descents=(), level="GFN2-xTB")
    assert look.barrier_error == pytest.approx(math.hypot(BARRIER_ERROR["GFN2-xTB"], QUICK_ERROR))
    document = look.to_json()
    assert [document[name] for name in ("imaginary_modes", "connected", "crosses")] == [None] * 3
    assert "A first look" in " ".join(doubts(look))
    rows = {row[0]: row[1] for row in step_rows([look])}
    assert rows["going down from the saddle ends"] == "not looked at"


def test_modes_of_no_stationary_point_are_taken_as_a_saddles_or_a_minimums() -> None:
    modes = Modes(np.array([-120.0, -30.0, 50.0]), np.zeros((3, 1, 3)))
    up = np.array([[0.0, 0.0, 1.0]])
    saddle = of_a_saddle(modes, up)
    assert saddle.imaginary == 1
    assert of_a_saddle(modes, None).imaginary == 0
    np.testing.assert_allclose(saddle.wavenumbers, [-120.0, 30.0, 50.0])
    np.testing.assert_array_equal(saddle.vectors[0], up)


def test_the_slower_thermal_step_limits_the_cycle() -> None:
    """Strong light: both thermal steps in a row, each waited for by a share of the population."""
    steps = (_step("E", 80.0, 40.0, 1.0), _step("Z", 60.0, 40.0, 1.0))
    cycle = motor_cycle(1e12, steps, (0.2, 0.1))
    share = 0.2 / 0.3  # of a photochemical pair in its metastable form
    times = [1.0 / (share * step.rates[0]) for step in steps]
    assert cycle.frequency == pytest.approx(1.0 / sum(times), rel=1e-3)
    crowded = dict(zip(cycle.states, cycle.populations, strict=True))
    assert crowded["stable Z"] + crowded["metastable E"] > 0.99


def test_stable_forms_of_opposite_helicity_make_no_motor() -> None:
    """Light then takes stable E to stable Z and back; the way on is uphill."""
    motor = motor_cycle(1.0, (_step("E", 80.0, 20.0, 1.0), _step("Z", 80.0, 20.0, 1.0)), (0.1, 0.1))
    switch = motor_cycle(1.0, (_step("E", 80.0, 20.0, 1.0), _step("Z", 80.0, 20.0, -1.0)), (0.1, 0.1))
    assert motor.directionality > 0.99
    assert switch.states == ("stable E", "stable Z", "metastable Z", "metastable E")
    assert abs(switch.directionality) < 1e-9
    assert abs(switch.frequency) < 1e-12


@pytest.mark.slow
def test_a_search_with_few_guesses_finds_a_small_motors_saddle() -> None:
    found, *others = helix_inversions(load(SMALL), "MMFF94", 300.0, guesses=8)
    assert not others  # E and Z are the same molecule
    assert found.converged
    assert found.connected
    assert found.saddle.modes.imaginary == 1
    assert found.helicities[0] * found.helicities[1] < 0.0


def test_a_search_needs_a_guess() -> None:
    with pytest.raises(SpecError, match="guesses 0: expected one or more"):
        helix_inversions(load(SMALL), "MMFF94", 300.0, guesses=0)


@pytest.mark.slow
def test_a_killed_search_goes_on_where_it_stopped(
    unsymmetric: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    """SIGKILL in the middle: finished pieces are read and not made again, and the result is the same."""
    folder = tmp_path / "run"
    pieces = tmp_path / "run.unfinished" / "pieces"
    whole = len(list((unsymmetric[0] / "pieces").glob("*.npz")))
    process = subprocess.Popen(_quick(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        half = f"half of {whole} pieces are stored"
        wait_until(lambda: process.poll() is not None or len(list(pieces.glob("*.npz"))) >= whole // 2, half)
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()
    kept = {path.name: path.stat().st_mtime_ns for path in pieces.glob("*.npz")}
    assert not folder.exists()
    document = _document(folder)
    assert {**document, "run_dir": ""} == {**unsymmetric[1], "run_dir": ""}
    after = {path.name: path.stat().st_mtime_ns for path in (folder / "pieces").glob("*.npz")}
    assert len(after) == whole
    assert {name: after[name] for name in kept} == kept


@pytest.mark.slow
def test_a_finished_search_is_read_at_another_temperature(unsymmetric: tuple[Path, dict[str, Any]]) -> None:
    folder, document = unsymmetric
    before = sorted(path.name for path in (folder / "pieces").iterdir())
    warmer = _document(folder, "--temperature", "330")
    assert sorted(path.name for path in (folder / "pieces").iterdir()) == before
    assert warmer["steps"][0]["energy_barrier"] == document["steps"][0]["energy_barrier"]
    assert warmer["steps"][0]["half_life"] < 0.5 * document["steps"][0]["half_life"]


@pytest.mark.slow
def test_a_run_folder_of_another_search_is_refused(unsymmetric: tuple[Path, dict[str, Any]]) -> None:
    other = run_molmach("kinetics", METHYL, "--level", "MMFF94", "-o", str(unsymmetric[0]))
    assert other.returncode == 2
    assert "holds another search (key" in other.stderr


def test_pieces_are_found_by_what_they_were_made_from(tmp_path: Path) -> None:
    store = Store(tmp_path)

    def make(value: float) -> Callable[[], dict[str, np.ndarray]]:
        return lambda: {"x": np.array([value])}

    inputs = (np.array([1.0, 2.0]), "GFN2-xTB", 3)
    assert store.piece("p", inputs, make(1.0))["x"] == 1.0
    (path,) = tmp_path.glob("p-*.npz")
    assert store.piece("p", inputs, make(2.0))["x"] == 1.0
    assert store.piece("p", (np.array([1.0, 2.1]), "GFN2-xTB", 3), make(3.0))["x"] == 3.0
    assert store.piece("q", inputs, make(4.0))["x"] == 4.0
    path.write_bytes(path.read_bytes()[:-30])
    assert store.piece("p", inputs, make(5.0))["x"] == 5.0
    assert Store().piece("p", inputs, make(6.0))["x"] == 6.0
    reader = Store(tmp_path, makes=False)
    assert reader.piece("p", inputs, make(7.0))["x"] == 5.0
    with pytest.raises(MissingPieceError):
        reader.piece("r", inputs, make(8.0))


def _pieces_of_one_step(
    *arguments: Any, guesses: int, quick: bool, solvent: str | None, relatives: tuple[Relative, ...]
) -> tuple[HelixInversion, ...]:
    """A search of one piece, in the place of the one of many, whatever else is asked of it."""
    _, _, temperature, store, _ = arguments
    energy = store.piece("only", ("energy",), lambda: {"energy": np.array([80.0])})["energy"]
    step = _step("", float(energy[0]), 10.0, 1.0)
    saddle = replace(step.saddle, modes=Modes(np.array([-100.0]), np.zeros((1, 1, 3))))
    return (replace(step, temperature=temperature, saddle=saddle),)


@pytest.fixture
def searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a finished search of one piece."""
    monkeypatch.setattr(kinetics_run, "helix_inversions", _pieces_of_one_step)
    monkeypatch.setattr(Plan, "require_search", lambda plan: None)
    motor_kinetics(load(METHYL), "MMFF94", 300.0, out=tmp_path / "run")
    return tmp_path / "run"


def _stamps(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_a_finished_search_is_read_and_nothing_is_written(searched: Path) -> None:
    before = _stamps(searched)
    with Plan(load(METHYL), "MMFF94", 300.0).folder(searched).writing():  # another process writes
        found = motor_kinetics(load(METHYL), "MMFF94", 300.0, out=searched)
    assert json.loads(json.dumps(found.to_json())) == json.loads((searched / "kinetics.json").read_text())
    assert _stamps(searched) == before


def test_one_process_at_a_time_writes_into_a_finished_search(searched: Path) -> None:
    before, spec = _stamps(searched), load(METHYL)
    with Plan(spec, "MMFF94", 300.0).folder(searched).writing():
        with pytest.raises(SimulationError, match="another molmach process is working on this search"):
            motor_kinetics(spec, "MMFF94", 330.0, out=searched)
        (piece,) = (searched / "pieces").iterdir()
        held = piece.read_bytes()
        piece.unlink()
        with pytest.raises(SimulationError, match="another molmach process is working on this search"):
            motor_kinetics(spec, "MMFF94", 300.0, out=searched)
        assert not piece.exists()
        piece.write_bytes(held)
    assert {**_stamps(searched), "pieces": 0, piece.name: 0} == {**before, "pieces": 0, piece.name: 0}
    piece.unlink()
    assert motor_kinetics(spec, "MMFF94", 330.0, out=searched).steps[0].temperature == 330.0
    assert piece.exists()
    assert json.loads((searched / "kinetics.json").read_text())["temperature"] == 330.0
    assert [path.name for path in searched.parent.iterdir()] == ["run"]


@cache
def _inverted(name: str, smiles: str | None = None) -> HelixInversion:
    spec = load(name, [] if smiles is None else [f"machine.smiles={smiles}"])
    (found,) = helix_inversions(spec, "GFN2-xTB", 293.15)
    return found


def _is_sound(found: HelixInversion) -> bool:
    """A converged saddle of one imaginary mode between two minima that it leads down to."""
    minima = found.stable.modes.imaginary == found.metastable.modes.imaginary == 0
    return found.converged and found.connected and found.saddle.modes.imaginary == 1 and minima


@pytest.mark.slow
def test_published_motors_invert_as_published() -> None:
    """Vicario et al. (2006): 85 and 60 kJ/mol, each within 15; tert-butyl lower by 25 within 10."""
    slow, fast = _inverted(METHYL), _inverted(TERT_BUTYL)
    for found, published in ((slow, 85.0), (fast, 60.0)):
        assert _is_sound(found)
        assert found.barrier == pytest.approx(published, abs=15.0)
    assert slow.barrier - fast.barrier == pytest.approx(25.0, abs=10.0)


@pytest.mark.slow
def test_trifluoromethyl_for_methyl_speeds_inversion_up() -> None:
    """Tambovtsev et al. (2025): faster, for the metastable form is raised."""
    methyl, other = _inverted(METHYL), _inverted(METHYL, TRIFLUOROMETHYL)
    assert _is_sound(other)
    assert other.barrier < methyl.barrier - 2.0
    assert other.drop > methyl.drop


@pytest.mark.slow
def test_fluorine_for_hydrogen_slows_inversion_down() -> None:
    """Stacko et al., Chem. Eur. J. 23, 6643 (2017): the barrier rises, by 20 to 30 kJ/mol in their motors."""
    hydrogen, fluorine = _inverted(METHYL), _inverted(METHYL, FLUORINE)
    assert _is_sound(fluorine)
    assert fluorine.barrier > hydrogen.barrier + 10.0


@pytest.mark.slow
def test_the_mirror_image_has_the_same_barrier() -> None:
    (here,) = helix_inversions(load(METHYL), "MMFF94", 293.15)
    (there,) = helix_inversions(_mirrored(load(METHYL)), "MMFF94", 293.15)
    assert there.energy_barrier == pytest.approx(here.energy_barrier, abs=0.5)
    assert np.sign(there.helicities) == pytest.approx(-np.sign(here.helicities))
