"""Rates over several saddles, from several conformers, with copies counted; tunnelling."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import AllChem
from scipy.integrate import solve_ivp
from scipy.optimize import minimize_scalar
from scipy.spatial.transform import Rotation

from molmach.studies.kinetics import HelixInversion
from molmach.studies.kinetics.inversion import Descent, Point, joint_gibbs
from molmach.studies.kinetics.modes import PLANCK, Modes
from molmach.studies.kinetics.rates import eyring_rate
from molmach.studies.kinetics.symmetry import (
    is_chiral,
    is_own_mirror_image,
    same_shape,
    symmetry_number,
)
from molmach.studies.kinetics.tunnelling import eckart, eckart_transmission, wigner
from molmach.units import BOLTZMANN

TEMPERATURE = 300.0
KT = BOLTZMANN * TEMPERATURE


def point(gibbs: float, copies: float = 1.0) -> Point:
    """A point at a Gibbs energy, with an imaginary mode."""
    modes = Modes(np.array([-100.0]), np.zeros((1, 1, 3)))
    return Point(gibbs, np.zeros((1, 3)), modes, gibbs, copies)


def step(*saddles: Point, stable: tuple[Point, ...], metastable: tuple[Point, ...]) -> HelixInversion:
    """A thermal step over saddles, from and to conformers."""
    ends = (Descent(0.0, -1.0), Descent(stable[0].energy - metastable[0].energy, 1.0))
    return HelixInversion(
        "", "GFN2-xTB", TEMPERATURE, stable[0], metastable[0], saddles[0], (1.0, -1.0), True, ends, (),
        more_saddles=saddles[1:], more_stable=stable[1:], more_metastable=metastable[1:],
    )  # fmt: skip


PLAIN = step(point(80.0), stable=(point(-10.0),), metastable=(point(0.0),))


def test_two_equal_saddles_halve_the_half_life() -> None:
    two = replace(PLAIN, more_saddles=(point(80.0),))
    assert two.half_life == pytest.approx(0.5 * PLAIN.half_life, rel=1e-12)
    assert two.shares == pytest.approx((0.5, 0.5))
    mirrored = replace(PLAIN, saddle=point(80.0, copies=2.0))
    assert mirrored.half_life == pytest.approx(two.half_life, rel=1e-12)


def test_every_saddle_adds_its_own_rate() -> None:
    many = replace(PLAIN, more_saddles=(point(82.0), point(88.0, copies=2.0)))
    expected = sum(n * eyring_rate(b, TEMPERATURE) for b, n in ((80.0, 1), (82.0, 1), (88.0, 2)))
    assert many.rates[0] == pytest.approx(expected, rel=1e-12)


def test_conformers_share_the_population_and_keep_detailed_balance() -> None:
    """Half of a form in a conformer that has no way out of its own leaves half as quickly."""
    slower = replace(PLAIN, more_metastable=(point(0.0),))
    assert slower.rates[0] == pytest.approx(0.5 * PLAIN.rates[0], rel=1e-12)
    assert slower.rates[1] == pytest.approx(PLAIN.rates[1], rel=1e-12)
    weights = [sum(p.copies * math.exp(-p.gibbs / KT) for p in form)
               for form in ((point(0.0), point(0.0)), (point(-10.0),))]  # fmt: skip
    assert slower.rates[0] / slower.rates[1] == pytest.approx(weights[1] / weights[0], rel=1e-9)


def test_joint_gibbs_energy_is_the_sum_of_partition_functions() -> None:
    points = (point(3.0, 0.5), point(1.0, 2.0), point(500.0))
    expected = -KT * math.log(0.5 * math.exp(-3.0 / KT) + 2.0 * math.exp(-1.0 / KT))
    assert joint_gibbs(points, TEMPERATURE) == pytest.approx(expected, rel=1e-12)


def test_a_higher_saddle_lengthens_the_half_life_in_the_interval() -> None:
    low, high = PLAIN.half_life_interval or (math.nan, math.nan)
    error = PLAIN.barrier_error or math.nan
    assert PLAIN.shifted(1.959964 * error).half_life == pytest.approx(high, rel=1e-9)
    assert PLAIN.shifted(-1.959964 * error).half_life == pytest.approx(low, rel=1e-9)


def shaped(smiles: str) -> tuple[np.ndarray, np.ndarray]:
    """Atomic numbers, and the MMFF94 minimum in nm."""
    molecule = Chem.AddHs(Chem.MolFromSmiles(smiles))
    AllChem.EmbedMolecule(molecule, randomSeed=1)
    AllChem.MMFFOptimizeMolecule(molecule, maxIters=5000)
    numbers = np.array([atom.GetAtomicNum() for atom in molecule.GetAtoms()])
    return numbers, molecule.GetConformer().GetPositions() / 10.0


@pytest.mark.parametrize(
    ("smiles", "number", "chiral"),
    [
        ("C", 12, False),  # Td
        ("CC", 6, False),  # D3d
        ("N", 3, False),  # C3v
        ("OO", 2, True),  # C2
        ("c1ccccc1", 12, False),  # D6h
        ("C1CCCCC1", 6, False),  # D3d
        ("c1ccc(cc1)-c1ccccc1", 4, True),  # D2
        ("F[C@](Cl)(Br)[H]", 1, True),  # C1
        ("FC(Cl)Cl", 1, False),  # Cs
    ],
)
def test_symmetry_numbers_are_the_point_groups(smiles: str, number: int, chiral: bool) -> None:
    numbers, x = shaped(smiles)
    assert symmetry_number(numbers, x) == number
    assert is_chiral(numbers, x) == chiral


def test_one_shape_is_known_again_turned_renumbered_and_in_the_mirror() -> None:
    numbers, x = shaped("C[C@H](F)O")
    rng = np.random.default_rng(1)
    order = np.arange(len(x))
    hydrogens = np.flatnonzero(numbers == 1)
    order[hydrogens] = rng.permutation(hydrogens)
    turned = Rotation.random(random_state=3).apply(x)[order] + 0.3
    assert same_shape(numbers, x, turned, mirrors=False, within=0.01)
    assert not same_shape(numbers, x, -turned, mirrors=False, within=0.01)
    assert same_shape(numbers, x, -turned, mirrors=True, within=0.01)
    moved = turned.copy()
    moved[0, 0] += 0.05
    assert not same_shape(numbers, x, moved, mirrors=True, within=0.01)


@pytest.mark.parametrize(
    ("smiles", "own"),
    [("C[C@H](F)O", False), ("C[C@H](F)[C@H](F)C", True), ("C[C@H](F)[C@@H](F)C", False), ("CC", True)],
)
def test_a_molecule_knows_its_mirror_image(smiles: str, own: bool) -> None:
    molecule = Chem.AddHs(Chem.MolFromSmiles(smiles))
    assert is_own_mirror_image(molecule) == own
    AllChem.EmbedMolecule(molecule, randomSeed=1)
    assert is_own_mirror_image(molecule) == own


def test_eckarts_symmetric_barrier_lets_through_what_landau_and_lifshitz_say() -> None:
    """V0/cosh^2(a x): sinh^2(pi k/a)/(sinh^2(pi k/a) + cosh^2(pi/2 sqrt(8 m V0/(hbar a)^2 - 1))), section 25."""
    height, wavenumber = 20.0, 900.0
    hbar = PLANCK / (2.0 * math.pi)
    omega = 2.0 * math.pi * 0.0299792458 * wavenumber
    a = omega / math.sqrt(2.0 * height)  # of a mass of 1 u
    energies = np.linspace(1.0, 60.0, 30)
    k = np.sqrt(2.0 * energies) / hbar
    top = math.cosh(0.5 * math.pi * math.sqrt(8.0 * height / (hbar * a) ** 2 - 1.0)) ** 2
    through = np.sinh(math.pi * k / a) ** 2
    expected = through / (through + top)
    ours = eckart_transmission(energies, height, height, wavenumber)
    np.testing.assert_allclose(ours, expected, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize(("forward", "backward"), [(15.0, 25.0), (25.0, 15.0)])
def test_eckarts_barrier_lets_through_what_schroedingers_equation_says(
    forward: float, backward: float
) -> None:
    """The wave is followed from behind the barrier to before it, where it is split in two directions."""
    wavenumber, energy = 1100.0, 0.5 * forward + max(forward - backward, 0.0)
    hbar = PLANCK / (2.0 * math.pi)
    omega = 2.0 * math.pi * 0.0299792458 * wavenumber
    step_up, sum_of = forward - backward, (math.sqrt(forward) + math.sqrt(backward)) ** 2

    def potential(x: float) -> float:
        y = 1.0 / (1.0 + math.exp(-x))
        return step_up * y + sum_of * y * (1.0 - y)

    top = minimize_scalar(
        lambda x: -potential(x), bounds=(-3.0, 3.0), method="bounded", options={"xatol": 1e-9}
    )
    assert -top.fun == pytest.approx(forward, rel=1e-9)
    bend = (potential(top.x + 1e-3) - 2.0 * potential(top.x) + potential(top.x - 1e-3)) / 1e-6
    length = math.sqrt(-bend) / omega  # of one unit of x, for a mass of 1 u

    def slope(x: float, psi: np.ndarray) -> list[complex]:
        return [psi[1], 2.0 * length**2 / hbar**2 * (potential(x) - energy) * psi[0]]

    behind, before = (math.sqrt(2.0 * (energy - v)) * length / hbar for v in (step_up, 0.0))
    end = 40.0
    start = np.exp(1j * behind * end)
    wave = solve_ivp(slope, (end, -end), [start, 1j * behind * start], rtol=1e-10, atol=1e-12).y[:, -1]
    onward = 0.5 * (wave[0] + wave[1] / (1j * before))
    expected = behind / before / abs(onward) ** 2
    ours = eckart_transmission(np.array([energy]), forward, backward, wavenumber)[0]
    assert ours == pytest.approx(expected, rel=1e-5)


def test_tunnelling_is_wigners_where_it_is_little() -> None:
    """Both are 1 + (h nu/kT)^2/24 to the second order; in heavy motions nothing changes."""
    assert eckart(80.0, 95.0, 150.0, 300.0) == pytest.approx(wigner(150.0, 300.0), rel=2e-3)
    assert eckart(80.0, 95.0, 30.0, 300.0) == pytest.approx(1.0, abs=2e-3)
    assert eckart(40.0, 60.0, 1500.0, 300.0) > wigner(1500.0, 300.0)


def test_tunnelling_is_told_and_not_counted() -> None:
    document = PLAIN.to_json()
    assert document["tunnelling"]["wigner"] == pytest.approx(wigner(100.0, TEMPERATURE))
    assert document["rate"] == pytest.approx(eyring_rate(80.0, TEMPERATURE))
