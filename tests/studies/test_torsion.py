"""Rotation about single bonds: wells, saddles, rates of a full turn."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import AllChem

from molmach.errors import KineticsError
from molmach.spec import load
from molmach.studies.kinetics import SingleBond, hindered_rotation, rotation_run
from molmach.studies.kinetics.inversion import Point
from molmach.studies.kinetics.modes import Modes
from molmach.studies.kinetics.rates import eyring_rate
from molmach.studies.kinetics.rotation import HinderedRotation, Pass, Well
from molmach.studies.kinetics.torsion import torsion_slopes
from molmach.studies.kinetics.words import rotation_in_words, rotation_rows
from molmach.theory import currents
from molmach.units import BOLTZMANN

TEMPERATURE = 300.0


def single_bond(smiles: str, bond: tuple[int, int]) -> SingleBond:
    """A molecule's bond."""
    molecule = Chem.AddHs(Chem.MolFromSmiles(smiles))
    AllChem.EmbedMolecule(molecule, randomSeed=1)
    return SingleBond(molecule, bond)


def ring(wells: list[float], tops: list[float]) -> HinderedRotation:
    """A turn of these Gibbs energies."""
    modes = Modes(np.array([-100.0]), np.zeros((1, 1, 3)))
    angles = 2.0 * np.pi * np.arange(len(wells)) / len(wells)

    def point(gibbs: float) -> Point:
        return Point(gibbs, np.zeros((1, 3)), modes, gibbs)

    return HinderedRotation(
        "GFN2-xTB",
        TEMPERATURE,
        None,
        tuple(Well(float(a), point(g)) for a, g in zip(angles, wells, strict=True)),
        tuple(Pass(float(a) + 0.5, point(g), True, True) for a, g in zip(angles, tops, strict=True)),
    )


def test_equal_wells_hop_as_a_random_walk_does() -> None:
    """Six wells, each hop a sixth of a turn: D = k/36; every well is left both ways."""
    rate = eyring_rate(40.0, TEMPERATURE)
    six = ring([0.0] * 6, [40.0] * 6)
    assert six.turn_diffusion == pytest.approx(rate / 36.0, rel=1e-12)
    assert six.half_life == pytest.approx(math.log(2.0) / (2.0 * rate), rel=1e-12)
    assert six.barrier == six.exchange_barrier == 40.0


def test_diffusion_is_the_current_that_a_weak_pull_makes() -> None:
    """Einstein's relation on an uneven ring: drift of the Markov chain under a small force f is D f/kT."""
    uneven = ring([0.0, 3.0, 1.0], [30.0, 36.0, 33.0])
    pull = 1e-4  # per turn, in kT; a third of it on each pass, half of that on each way over
    rates = np.zeros((3, 3))
    for number in range(3):
        forth, back = (eyring_rate(b, TEMPERATURE) for b in uneven.barriers(number))
        rates[number, (number + 1) % 3] += forth * math.exp(pull / 6.0)
        rates[(number + 1) % 3, number] += back * math.exp(-pull / 6.0)
    assert currents(rates)[0, 1] / pull == pytest.approx(uneven.turn_diffusion, rel=1e-3)


def test_the_highest_saddle_limits_a_turn_and_the_lower_way_out_the_well() -> None:
    """An atropisomer: one way past hydrogen, the other past iodine."""
    hindered = ring([0.0, 0.0], [90.0, 140.0])
    assert (hindered.barrier, hindered.exchange_barrier) == (140.0, 90.0)
    low, high = hindered.half_life_interval or (math.nan, math.nan)
    factor = math.exp(1.959964 * 3.0 / (BOLTZMANN * TEMPERATURE))
    assert (hindered.half_life / low, high / hindered.half_life) == pytest.approx((factor, factor))
    assert "140.0 ± 3.0 kJ/mol" in rotation_in_words(hindered)
    assert [row[0] for row in rotation_rows(hindered)] == ["0 to 180", "180 to 0"]


def test_torsion_slopes_are_the_torsions() -> None:
    bond = single_bond("CC(F)CO", (1, 3))
    x = bond.molecule.GetConformer().GetPositions() / 10.0
    slopes = torsion_slopes(x, bond.four)
    for direction in np.random.default_rng(1).normal(size=(4, *x.shape)):
        ends = (bond.torsion(x + sign * 1e-6 * direction) for sign in (1.0, -1.0))
        change = math.remainder(next(ends) - next(ends), 2.0 * math.pi) / 2e-6
        assert change == pytest.approx(float(np.sum(slopes * direction)), rel=1e-6)


@pytest.mark.parametrize(
    ("smiles", "bond", "message"),
    [
        ("C1CCCCC1", (0, 1), "no single bond outside rings"),
        ("C=CC", (0, 1), "no single bond outside rings"),
        ("CCC", (0, 2), "no single bond outside rings"),
        ("C#CC", (1, 2), "ends in a straight line"),
        ("CCl", (0, 1), "nothing beside it"),
    ],
)
def test_a_bond_that_has_no_torsion_is_refused(smiles: str, bond: tuple[int, int], message: str) -> None:
    with pytest.raises(KineticsError, match=message):
        single_bond(smiles, bond)


def test_methanol_turns_over_three_equal_barriers() -> None:
    """4.5 kJ/mol measured; each well a third of a turn from the next, each saddle between two of them."""
    turn = hindered_rotation(single_bond("CO", (0, 1)), "GFN2-xTB", TEMPERATURE)
    gaps = np.diff([well.torsion for well in turn.wells]) % (2.0 * np.pi)
    np.testing.assert_allclose(gaps, 2.0 * np.pi / 3.0, atol=0.05)
    for step in turn.to_json():
        assert step["connected"]
        assert step["converged"]
        assert step["imaginary_modes"] == 1
        assert step["energy_barrier"] == pytest.approx(4.5, abs=2.0 * 3.0)
    heights = [step["energy_barrier"] for step in turn.to_json()]
    assert max(heights) - min(heights) < 0.1


@pytest.mark.slow
def test_a_rotors_axle_is_searched_once_and_read_again(tmp_path: Path) -> None:
    plan = rotation_run.Plan(load("cyanobiphenyl-rotor"), "MMFF94", TEMPERATURE)
    first = rotation_run.run(plan, tmp_path / "run")
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*")}
    again = rotation_run.run(plan, tmp_path / "run")
    assert again.to_json() == first.to_json()
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*")} == stamps
    document = json.loads((tmp_path / "run" / "kinetics.json").read_text())
    assert document["cycle"] is None
    assert len(document["steps"]) == 4
    assert all(step["connected"] for step in document["steps"])
    assert first.rotation.barrier > 5.0
