"""Absorption of a motor's forms, photostationary states, and the turning under a lamp."""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import AllChem
from scipy.integrate import quad

from molmach.errors import KineticsError, MissingExtraError, SpecError
from molmach.spec import load
from molmach.studies.kinetics import motor_cycle, motor_kinetics
from molmach.studies.kinetics.absorption import (
    BAND_WIDTH,
    EXCITATION_ERROR,
    Absorption,
    Lamp,
    excitations,
    photostationary_share,
    wavelength_error,
    wavelength_of,
)
from molmach.studies.kinetics.run import MotorKinetics, Plan
from molmach.studies.kinetics.words import light_rows
from tests.helpers.motors import BLUE, VIOLET, lit, step

METHYL = "fluorene-motor-methyl"
WITHOUT_PYSCF = "pyscf or pyscf-dispersion is not installed (pip install 'molmach[functional]')"


def test_a_band_has_the_area_of_its_oscillator_strength() -> None:
    """f = 4.319e-9 times the area of the molar absorption over wavenumbers, in L mol^-1 cm^-2."""
    one = Absorption(np.array([3.0]), np.array([0.5]))
    area, _ = quad(lambda waves: one.molar(1e7 / waves), 8000.0, 45000.0, points=[24197.0], limit=200)
    assert 4.319e-9 * area == pytest.approx(0.5, rel=1e-3)


def test_a_band_is_half_as_high_half_its_width_away() -> None:
    one = Absorption(np.array([3.0]), np.array([0.5]))
    beside = one.molar(wavelength_of(3.0 + 0.5 * BAND_WIDTH))
    assert beside == pytest.approx(0.5 * one.molar(wavelength_of(3.0)), rel=1e-9)
    assert 1.0e4 < one.molar(wavelength_of(3.0)) < 1e5


def test_photons_absorbed_are_cross_section_times_flux() -> None:
    """A molar absorption of 10,000 is 3.82e-17 cm^2; 1 mW/cm^2 of 365 nm is 1.84e15 photons/(cm^2 s)."""
    lamp = Lamp(365.0, 1.0)
    assert lamp.flux == pytest.approx(1.837e15, rel=1e-3)
    assert VIOLET.excitation_rate(lamp) == pytest.approx(
        VIOLET.molar(365.0) / 1e4 * 3.8235e-17 * 1.837e15, rel=1e-3
    )


def test_the_absorption_wavelength_is_of_the_lowest_allowed_state() -> None:
    assert VIOLET.wavelength == pytest.approx(1239.84 / 3.1, rel=1e-5)
    assert VIOLET.strength == 0.4
    shifted = replace(VIOLET, energies=VIOLET.energies + 1e-3)
    slope = (VIOLET.wavelength - shifted.wavelength) / 1e-3
    assert wavelength_error(VIOLET.wavelength) == pytest.approx(slope * EXCITATION_ERROR, rel=1e-2)


def test_strong_light_holds_the_photostationary_state() -> None:
    """A slow thermal step: the populations are those of rates alone; a quick one empties the metastable form."""
    slow = lit(step("", 140.0, 20.0), intensity=1000.0)
    (share,) = slow.photostationary()
    assert share == pytest.approx(
        photostationary_share(0.14 * VIOLET.molar(405.0), 0.03 * BLUE.molar(405.0)), rel=1e-12
    )
    shares = dict(zip(slow.cycle().states, slow.cycle().populations, strict=True))
    assert shares["metastable 2"] / (shares["stable 1"] + shares["metastable 2"]) == pytest.approx(
        share, rel=1e-6
    )
    quick = lit(step("", 40.0, 60.0))
    assert dict(zip(quick.cycle().states, quick.cycle().populations, strict=True))["metastable 2"] < 1e-6


def test_weak_light_turns_as_often_as_photons_are_absorbed() -> None:
    """Half a turn a photon and yield; twice the light, twice the turns."""
    motor = lit(step("", 60.0, 25.0), intensity=1e-6)
    absorbed = VIOLET.excitation_rate(Lamp(405.0, 1e-6))
    assert motor.cycle().frequency == pytest.approx(0.5 * 0.14 * absorbed, rel=1e-3)
    assert motor.cycle().excitation_rate == pytest.approx(absorbed, rel=1e-3)
    double = replace(motor, lamp=Lamp(405.0, 2e-6))
    assert double.cycle().frequency == pytest.approx(2.0 * motor.cycle().frequency, rel=1e-3)


def test_equal_absorption_is_the_stated_rates_cycle() -> None:
    steps = (step("E", 80.0, 20.0), step("Z", 70.0, 15.0))
    plain = motor_cycle(3.0, steps, (0.1, 0.2))
    spelled = motor_cycle(1.0, steps, (0.1, 0.2), [(3.0, 3.0), (3.0, 3.0)])
    assert spelled.frequency == pytest.approx(plain.frequency, rel=1e-9)
    assert spelled.photon_efficiency == pytest.approx(plain.photon_efficiency, rel=1e-9)
    assert (plain.excitation_rate, spelled.excitation_rate) == pytest.approx((3.0, 3.0), rel=1e-12)


def test_each_form_absorbs_for_itself() -> None:
    """Only E absorbs: its half of the turn goes, the other never does, so that nothing turns in the end."""
    steps = (step("E", 60.0, 30.0), step("Z", 60.0, 30.0))
    one_sided = motor_cycle(1.0, steps, (0.1, 0.1), [(1.0, 1.0), (1e-9, 1e-9)])
    both = motor_cycle(1.0, steps, (0.1, 0.1))
    assert one_sided.frequency < 1e-6 * both.frequency
    assert one_sided.populations[both.states.index("stable Z")] > 0.999


def test_light_that_no_form_absorbs_is_refused() -> None:
    with pytest.raises(KineticsError, match="wavelength 1500 nm: no form absorbs it"):
        lit(step("", 60.0, 25.0), wavelength=1500.0).cycle()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"wavelength": 20.0}, "wavelength 20: expected 100 to 2000 nm"),
        ({"wavelength": 365.0, "intensity": -1.0}, "intensity -1: expected mW per square centimetre"),
        ({"wavelength": math.nan}, "wavelength nan: expected"),
    ],
)
def test_a_lamp_that_cant_be_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        Plan(load(METHYL), "GFN2-xTB", 293.0, **changes)


def test_without_pyscf_a_lamp_is_refused_before_the_work(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "pyscf.dispersion", None)
    monkeypatch.setitem(sys.modules, "pyscf.dispersion.dftd4", None)
    with pytest.raises(MissingExtraError, match=r"wavelength TDDFT-PBE0/def2-SVP needs pyscf"):
        motor_kinetics(load(METHYL), "MMFF94", 293.0, wavelength=365.0, out=tmp_path / "run")


def test_the_document_has_the_light() -> None:
    motor = lit(step("", 80.0, 20.0))
    found = MotorKinetics(load(METHYL), motor.steps, motor.cycle(), (), motor.yields, Path("run"), motor)
    document = found.to_json()["light"]
    assert [form["form"] for form in document["forms"]] == ["stable", "metastable"]
    assert document["forms"][0]["excitation_rate"] == VIOLET.excitation_rate(Lamp(405.0, 10.0))
    assert document["cycle"]["frequency"] == motor.cycle().frequency
    assert len(light_rows(motor)) == 2


def _embedded(smiles: str) -> Chem.Mol:
    molecule = Chem.AddHs(Chem.MolFromSmiles(smiles))
    AllChem.EmbedMolecule(molecule, randomSeed=1)
    AllChem.MMFFOptimizeMolecule(molecule)
    return molecule


@pytest.mark.slow
def test_formaldehyde_has_its_dark_and_its_bright_state() -> None:
    """n to pi* at 4.0 eV (vertical, measured), forbidden by symmetry, within 0.3 eV."""
    pytest.importorskip("pyscf.dispersion.dftd4", reason=WITHOUT_PYSCF)
    molecule = _embedded("C=O")
    light = excitations(molecule, molecule.GetConformer().GetPositions() / 10.0)
    assert light.energies[0] == pytest.approx(4.0, abs=0.3)
    assert light.strengths[0] < 1e-3
    assert light.strengths.max() > 0.01
    assert np.all(np.diff(light.energies) >= 0.0)
