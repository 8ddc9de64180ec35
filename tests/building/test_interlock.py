"""Interlocked molecules: exact topology of polygons, and built rotaxanes and catenanes proved again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from rdkit import Chem
from scipy.spatial.transform import Rotation

from molmach.building.interlock import link_rings, thread_rings
from molmach.building.interlock_proof import examine, speared
from molmach.building.linking import linking_number, macrocycle, piercings, thread_path, threading_number
from molmach.building.placing import combine
from molmach.building.planar_bonds import stable_torsions, turned
from molmach.building.stoppers import stopper_report
from molmach.errors import BuildError

SETS: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parents[2] / "benchmarks" / "interlocked.yaml").read_text(encoding="utf-8")
)
TURN = np.linspace(0, 2 * np.pi, 60, endpoint=False)
CIRCLE = np.stack([np.cos(TURN), np.sin(TURN), 0 * TURN], axis=1)
ACROSS = np.stack([1 + np.cos(TURN), 0 * TURN, np.sin(TURN)], axis=1)
seeds = st.integers(0, 2**31 - 1)


def torus_curve(times: int, start: float) -> np.ndarray:
    """A curve that goes once round a torus the long way and ``times`` round the short way."""
    wide = 2 + np.cos(times * TURN + start)
    return np.stack([wide * np.cos(TURN), wide * np.sin(TURN), np.sin(times * TURN + start)], axis=1)


def molecule(smiles: str) -> Chem.Mol:
    return Chem.AddHs(Chem.MolFromSmiles(smiles))


def station(axle: Chem.Mol, number: int = 1) -> list[int]:
    return [atom.GetIdx() for atom in axle.GetAtoms() if atom.GetAtomMapNum() == number]


def ring(name: str) -> Chem.Mol:
    return molecule(SETS["rings"][name])


def axle(name: str) -> Chem.Mol:
    return molecule(SETS["axles"][name])


@pytest.mark.parametrize("times", [1, 2, 3, 5])
def test_torus_links_have_the_linking_number_of_their_windings(times: int) -> None:
    number = linking_number(torus_curve(times, 0.0), torus_curve(times, np.pi))
    assert float(number) == pytest.approx(-times, abs=1e-9)


def test_hopf_link_is_one_and_separate_or_stacked_rings_are_not_linked() -> None:
    assert abs(float(linking_number(CIRCLE, ACROSS))) == pytest.approx(1, abs=1e-12)
    for apart in ([3, 0, 0], [0, 0, 2.5], [-1, 5, 0]):
        assert float(linking_number(CIRCLE, ACROSS + apart)) == pytest.approx(0, abs=1e-12)
    assert float(linking_number(CIRCLE, 2 * CIRCLE)) == pytest.approx(0, abs=1e-12)


def test_a_triangle_and_a_square_link_exactly() -> None:
    triangle = np.array([[0.0, 0, -1], [0, 0, 1], [5, 0, 0.3]])
    square = np.array([[1.0, 1, 0], [-1, 1, 0], [-1, -1, 0], [1, -1, 0]])
    assert float(linking_number(square, triangle)) == pytest.approx(1, abs=1e-12)


@given(seeds, st.integers(1, 4))
def test_linking_number_survives_turning_renumbering_and_smooth_deformation(seed: int, times: int) -> None:
    random = np.random.default_rng(seed)
    a, b = torus_curve(times, 0.0), torus_curve(times, np.pi)
    turn = Rotation.random(random_state=random).as_matrix()
    wave, phase = random.normal(size=(3, 3)), random.uniform(0, 2 * np.pi, 3)
    wave *= 0.5 / np.linalg.norm(wave, 2)  # a map x + sin(wave x) whose slope stays under 1 tears nothing

    def deform(curve: np.ndarray) -> np.ndarray:
        moved = curve @ turn.T + 3.0
        return np.roll(moved + np.sin(moved @ wave.T + phase), random.integers(60), axis=0)

    assert float(linking_number(deform(a), deform(b))) == pytest.approx(-times, abs=1e-8)
    assert float(linking_number(deform(b), deform(a))) == pytest.approx(-times, abs=1e-8)
    assert float(linking_number(deform(a)[::-1], deform(b))) == pytest.approx(times, abs=1e-8)
    mirrored = np.array([1.0, 1.0, -1.0])
    assert float(linking_number(deform(a) * mirrored, deform(b) * mirrored)) == pytest.approx(times, abs=1e-8)


def test_numbers_of_many_frames_are_those_of_each() -> None:
    random = np.random.default_rng(1)
    loops = CIRCLE + 0.05 * random.normal(size=(4, 5, 60, 3))
    other = ACROSS + random.uniform(-3, 3, size=(4, 5, 1, 3))
    numbers, threaded, crossings = (
        linking_number(loops, other),
        threading_number(loops, other),
        piercings(loops, other),
    )
    assert (numbers.shape, threaded.shape, crossings.shape) == ((4, 5), (4, 5), (4, 5, 2))
    for i, j in np.ndindex(4, 5):
        assert numbers[i, j] == pytest.approx(float(linking_number(loops[i, j], other[i, j])), abs=1e-12)
        assert np.array_equal(threaded[i, j], threading_number(loops[i, j], other[i, j]), equal_nan=True)
        assert np.array_equal(crossings[i, j], piercings(loops[i, j], other[i, j]))


WAYS: dict[str, tuple[list[list[float]], int, tuple[int, int]]] = {
    "beside": ([[2.5, 0, -6], [2.5, 0, 6]], 0, (0, 0)),
    "under and past": ([[-6, 0, -1.5], [0, 0, -1.5], [6, 0, -1.5]], 0, (0, 0)),
    "through": ([[0.1, 0, -6], [0.1, 0, 6]], 1, (1, 0)),
    "through, then bent back outside": ([[0, 0, -6], [0, 0, 2], [4, 0, 2], [4, 0, -6]], 1, (1, 0)),
    "out and back": ([[0.2, 0, -6], [0.2, 0, 2], [-0.2, 0, 2], [-0.2, 0, -6]], 0, (1, 1)),
    "twice in one sense": (
        [[0.3, 0, -6], [0.2, 0, 2], [3, 0, 2], [3, 0, -2], [-0.2, 0, -2], [-0.3, 0, 6]],
        2,
        (2, 0),
    ),
    "once the other way": ([[0.1, 0, 6], [0.1, 0, -6]], -1, (0, 1)),
}


@given(seeds, st.sampled_from(sorted(WAYS)))
def test_ways_through_a_bent_ring_are_told_apart(seed: int, way: str) -> None:
    check_way(seed, way)


def test_a_hundred_planted_threads_of_each_kind_are_told_apart() -> None:
    for way in WAYS:
        for seed in range(100):
            check_way(seed, way)


def check_way(seed: int, way: str) -> None:
    corners, number, crossings = WAYS[way]
    random = np.random.default_rng(seed)
    size = np.ones_like(TURN)
    for k in (2, 3, 4):
        size += random.normal(0, 0.05) * np.cos(k * TURN + random.uniform(0, 6))
    ring_loop = CIRCLE * size[:, None]
    ring_loop[:, 2] += sum(random.normal(0, 0.1) * np.cos(k * TURN + random.uniform(0, 6)) for k in (2, 3))
    at = np.linspace(0, len(corners) - 1, 12 * (len(corners) - 1) + 1)
    thread = np.stack([np.interp(at, range(len(corners)), x) for x in np.transpose(corners)], axis=1)
    thread = thread + np.clip(random.normal(0, 0.04, thread.shape), -0.12, 0.12)
    turn, shift = Rotation.random(random_state=random).as_matrix(), random.normal(0, 10, 3)
    ring_loop = np.roll(ring_loop @ turn.T + shift, random.integers(60), axis=0)
    thread = thread @ turn.T + shift
    assert float(threading_number(ring_loop, thread)) == number
    assert tuple(piercings(ring_loop, thread)) == crossings
    assert float(threading_number(ring_loop, thread[::-1])) == -number
    assert float(threading_number(ring_loop[::-1], thread)) == -number


def test_an_end_inside_the_ring_is_ambiguous_and_said_so() -> None:
    crown = CIRCLE + np.stack([0 * TURN, 0 * TURN, 0.3 * np.cos(4 * TURN)], axis=1)
    line = np.stack([np.zeros(2), np.zeros(2), [-5.0, 0.0]], axis=1)
    assert np.isnan(threading_number(crown, line + np.array([0, 0, 0.1])))
    assert threading_number(crown, line - np.array([0, 0, 0.4])) == 0
    assert threading_number(crown, line + np.array([0, 0, 0.4])) == 1


@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("18-crown-6", 18),
        ("dibenzo-24-crown-8", 24),
        ("cyclobis-paraquat-p-phenylene", 28),
        ("benzylic-amide", 26),
        ("bis-p-phenylene-34-crown-10", 34),
    ],
)
def test_macrocycle_goes_the_shorter_way_round_arenes(name: str, members: int) -> None:
    found = ring(name)
    loop = macrocycle(found)
    assert len(loop) == len(set(loop)) == members
    assert all(found.GetBondBetweenAtoms(loop[k - 1], loop[k]) is not None for k in range(members))


@pytest.mark.parametrize(
    ("smiles", "message"),
    [
        ("C1CCCCC1", "largest ring has 6 members"),
        ("CCCC", "has no ring"),
        ("C1COCCOCCN2CCOCCOCCN1CCOCCOCC2", "2 macrocycles"),
    ],
)
def test_a_molecule_without_one_macrocycle_is_refused(smiles: str, message: str) -> None:
    with pytest.raises(BuildError, match=message):
        macrocycle(molecule(smiles))


def test_thread_runs_from_one_end_to_the_other() -> None:
    mol = molecule("CCC(C)(C)CCCCC(C)CC")
    path = thread_path(mol)
    assert len(path) == 10
    assert [mol.GetAtomWithIdx(i).GetDegree() for i in (path[0], path[-1])] == [4, 4]
    with pytest.raises(BuildError, match="no two ends"):
        thread_path(molecule("CC"))


def test_a_chain_through_benzene_is_speared() -> None:
    benzene, chain = molecule("c1ccccc1"), molecule("CC")
    flat = np.zeros((12, 3))
    for k in range(6):
        flat[k] = 1.39 * CIRCLE[10 * k]
        flat[6 + k] = 2.48 * CIRCLE[10 * k]
    through = np.array([[0, 0, -0.77], [0, 0, 0.77], *([[0, 0, 3.0]] * 6)])
    for shift, count in ((0.0, 1), (5.0, 0)):
        pair = combine([(benzene, flat), (chain, through + np.array([shift, 0, 0]))])
        assert bool(speared(pair, np.asarray(pair.GetConformer().GetPositions()))) == bool(count)


def prove(built: Chem.Mol, parts: list[Chem.Mol], axles: int) -> None:
    """Hold a built molecule against everything that was promised, from its coordinates alone."""
    fragments = Chem.GetMolFrags(built)
    assert [len(atoms) for atoms in fragments] == [part.GetNumAtoms() for part in parts]
    positions = np.asarray(built.GetConformer().GetPositions())
    curves = [
        positions[atoms[0] :][list(macrocycle(p))]
        for atoms, p in zip(fragments[axles:], parts[axles:], strict=True)
    ]
    if axles:
        thread = positions[list(thread_path(parts[0]))]
        assert all(abs(threading_number(curve, thread)) == 1 for curve in curves)
        assert all(piercings(curve, thread).sum() == 1 for curve in curves)
    for i, first in enumerate(curves):
        for j in range(i):
            number = abs(float(linking_number(first, curves[j])))
            assert number == pytest.approx(0 if axles or i - j > 1 else 1, abs=1e-9)
    assert turned(built, stable_torsions(built)) == 0
    proof = examine(built, "MMFF94")
    assert proof.failure is None
    assert proof.bond < 0.1
    assert proof.contact >= 0.8


@pytest.mark.parametrize(
    ("axle_name", "ring_names"),
    [
        ("dibenzylammonium", ["dibenzo-24-crown-8"]),
        pytest.param("tert-butylbenzyl-fumaramide", ["benzylic-amide"], marks=pytest.mark.slow),
        pytest.param("dioxynaphthalene-polyether", ["cyclobis-paraquat-p-phenylene"], marks=pytest.mark.slow),
        pytest.param("bis-ammonium", ["24-crown-8", "24-crown-8"], marks=pytest.mark.slow),
    ],
)
def test_rotaxane_is_threaded_once_by_each_ring(axle_name: str, ring_names: list[str]) -> None:
    thread, rings = axle(axle_name), [ring(name) for name in ring_names]
    at = [station(thread, k + 1) for k in range(len(rings))]
    built = thread_rings(thread, rings, at, 3, "MMFF94")
    prove(built, [thread, *rings], 1)
    maps = [atom.GetAtomMapNum() for part in (thread, *rings) for atom in part.GetAtoms()]
    assert [atom.GetAtomMapNum() for atom in built.GetAtoms()] == maps


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(["24-crown-8", "dibenzo-24-crown-8"], marks=pytest.mark.slow),
        ["benzylic-amide", "benzylic-amide"],
        pytest.param(["24-crown-8", "cycloalkane-30", "24-crown-8"], marks=pytest.mark.slow),
    ],
)
def test_catenane_neighbours_are_linked_once(names: list[str]) -> None:
    rings = [ring(name) for name in names]
    prove(link_rings(rings, 3, "MMFF94"), rings, 0)


def test_same_seed_builds_the_same_structure() -> None:
    thread, crown = axle("dibutylammonium"), ring("21-crown-7")
    first, second = (thread_rings(thread, [crown], [station(thread)], 5, "MMFF94s") for _ in range(2))
    assert np.array_equal(first.GetConformer().GetPositions(), second.GetConformer().GetPositions())


def test_stereocentres_of_the_axle_are_kept() -> None:
    thread = molecule("CC[C@H](C)C[NH2+:1]C[C@@H](F)CC")
    built = thread_rings(thread, [ring("24-crown-8")], [station(thread)], 2, "MMFF94")
    part = Chem.GetMolFrags(built, asMols=True)[0]
    assert Chem.MolToSmiles(Chem.RemoveHs(part)) == Chem.MolToSmiles(Chem.RemoveHs(thread))


def test_a_ring_too_narrow_for_its_station_is_refused() -> None:
    thread = molecule("CCCCC([c:1]1ccccc1)(c1ccccc1)c1ccccc1")
    with pytest.raises(BuildError, match="may be too narrow"):
        thread_rings(thread, [molecule("C1CCCCCCCCCCC1")], [station(thread)], 1, "MMFF94")


def test_wrong_places_are_refused() -> None:
    thread, crown = axle("dibutylammonium"), ring("24-crown-8")
    with pytest.raises(BuildError, match="a place for each"):
        thread_rings(thread, [crown], [], 1, "MMFF94")
    with pytest.raises(BuildError, match="atoms of the axle"):
        thread_rings(thread, [crown], [[999]], 1, "MMFF94")
    with pytest.raises(BuildError, match="explicit hydrogens"):
        thread_rings(Chem.RemoveHs(thread), [crown], [[0]], 1, "MMFF94")
    with pytest.raises(BuildError, match="explicit hydrogens"):
        link_rings([crown, molecule("C1CCCCCCCCCCC1.O")], 1, "MMFF94")
    with pytest.raises(BuildError, match="at least two"):
        link_rings([crown], 1, "MMFF94")


@pytest.mark.parametrize(
    ("end", "ring_name", "verdict"),
    [
        ("CCCCC", "24-crown-8", "passes"),
        ("c1ccccc1C", "18-crown-6", "blocked"),
        ("c1ccccc1C", "21-crown-7", "blocked"),
        ("Cc1cc(C)cc(c1)C", "24-crown-8", "blocked"),
        ("c1ccc(cc1)C(c1ccccc1)(c1ccccc1)CC", "dibenzo-24-crown-8", "blocked"),
        ("c1ccccc1C", "bis-p-phenylene-34-crown-10", "passes"),
    ],
)
def test_stoppers_that_chemists_use_are_estimated_as_such(end: str, ring_name: str, verdict: str) -> None:
    thread = molecule(f"{end}[NH2+:1]CCCC")
    first, other = stopper_report(thread, ring(ring_name), station(thread), 1)
    assert verdict == (first if first.end < other.end else other).verdict


@pytest.mark.slow
def test_a_hundred_random_interlocked_builds_are_proved() -> None:
    """At least 95 of 100 random pairs and seeds build; every one that builds is proved."""
    random = np.random.default_rng(20)
    cases = [*SETS["threaded"], *([None, names] for names in SETS["linked"])]
    failures = []
    for _ in range(100):
        axle_name, names = cases[random.integers(len(cases))]
        seed, rings = int(random.integers(2**31)), [ring(name) for name in names]
        try:
            if axle_name is None:
                prove(link_rings(rings, seed, "MMFF94"), rings, 0)
            else:
                thread = axle(axle_name)
                at = [station(thread, k + 1) for k in range(len(rings))]
                prove(thread_rings(thread, rings, at, seed, "MMFF94"), [thread, *rings], 1)
        except BuildError as error:
            failures.append(f"{axle_name} {names} {seed}: {error}")
    assert len(failures) <= 5, failures
