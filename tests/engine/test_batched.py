"""The batched engine against the native one: energies, forces, dynamics; and the independence of lanes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import pytest
from rdkit import Chem
from scipy import stats

from molmach import drives, engine, forcefield, systems
from molmach.building import Assembly, build, mirror
from molmach.data import Series
from molmach.drives.none import NoDrive
from molmach.engine import Condition
from molmach.engine.batched import LANES, BatchedStepper, Inputs, compile_kernels
from molmach.engine.python_force import kernel_system
from molmach.forcefield.images_kernel import Images
from molmach.lanes import types as lane_types
from molmach.lanes.compiler import compiled
from molmach.lanes.functions import arccosine, arcsine, box_muller
from molmach.lanes.random import xoshiro
from molmach.scoring.rotation import diffusions, velocities
from molmach.spec import Drive, Protocol, load, loads
from molmach.units import BOLTZMANN, thermal_energy
from tests.helpers.energies import TOGETHER, in_a_row, openmm_terms, strained
from tests.helpers.machines import BATCHED, NATIVE, built
from tests.helpers.molecules import SMILES, random_drug_like

Runner = Callable[..., Series]


def _of_kernel(molecule: Chem.Mol, force_field: str) -> tuple[dict[str, float], np.ndarray[Any, Any]]:
    """Energies by term and forces (n_atoms, 3) of the molecule, which fills every lane."""
    places = np.repeat(np.asarray(molecule.GetConformer().GetPositions())[None] / 10.0, LANES, axis=0)
    terms, forces = Images(forcefield.get(force_field), molecule).by_term(places)
    assert np.array_equal(forces, np.repeat(forces[:1], LANES, axis=0))
    return {name: float(energies[0]) for name, energies in terms.items()}, forces[0]


def _agree(molecule: Chem.Mol, variant: str) -> None:
    """1e-5 relative: each energy term to the sum of all terms' sizes, each force component to itself
    or, where it is smaller, to the root mean square of its molecule's forces."""
    expected, expected_forces = openmm_terms(molecule, variant)
    terms, forces = _of_kernel(molecule, variant)
    size = sum(map(abs, terms.values()))
    for name, energy in expected.items():  # groups that the force field has no term for have no energy
        np.testing.assert_allclose(terms.get(name, 0.0), energy, rtol=1e-5, atol=1e-6 * size, err_msg=name)
    for part in Chem.GetMolFrags(molecule):
        own, theirs = forces[list(part)], expected_forces[list(part)]
        scale = float(np.sqrt(np.mean(theirs**2)))
        named = Chem.MolFragmentToSmiles(molecule, list(part))
        np.testing.assert_allclose(own, theirs, rtol=1e-5, atol=1e-5 * scale, err_msg=named)


@pytest.mark.parametrize("variant", ["MMFF94", "MMFF94s"])
@pytest.mark.parametrize("first", range(0, len(SMILES), TOGETHER))
def test_energies_and_forces_equal_the_native_engines(first: int, variant: str) -> None:
    _agree(in_a_row(strained(smiles) for smiles in SMILES[first : first + TOGETHER]), variant)


@pytest.mark.parametrize(("molecules", "seed"), [(10, 11), pytest.param(300, 12, marks=pytest.mark.slow)])
def test_energies_and_forces_of_random_drug_like_molecules_equal_the_native_engines(
    molecules: int, seed: int
) -> None:
    drawn = [strained(smiles) for smiles in random_drug_like(molecules, seed)]
    for first in range(0, molecules, 5):
        _agree(in_a_row(drawn[first : first + 5]), "MMFF94")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(n, marks=pytest.mark.slow if load(n).machine.kind in ("rotaxane", "catenane") else [])
        for n in systems.names()
    ],
)
def test_energies_and_forces_of_the_library_equal_the_native_engines(name: str) -> None:
    spec = load(name)
    molecule = Chem.Mol(built(name).molecule)
    noise = np.random.default_rng(2).normal(0.0, 0.05, (molecule.GetNumAtoms(), 3))
    molecule.GetConformer().SetPositions(np.ascontiguousarray(molecule.GetConformer().GetPositions() + noise))
    _agree(molecule, spec.protocol.force_field)


def _conditions(assembly: Assembly, drive: Drive, **changes: object) -> list[Condition]:
    protocol = Protocol.model_validate({"replicas": 64, **changes})
    return [
        engine.prepare("claim", 0, assembly, drive, protocol),
        engine.prepare("undriven", 1, assembly, NoDrive(kind="none"), protocol),
        engine.prepare("mirror", 2, mirror(assembly), drives.mirror(drive), protocol),
    ]


def _drive(text: str) -> Drive:
    return loads(
        f"name: t\nmachine: {{kind: rotor, smiles: '[CH3:1][CH3:2]', axle: [1, 2]}}\ndrive: {{{text}}}\n"
    ).drive


DRIVES = [
    "kind: none, load: 2 kJ/mol",
    "kind: rotating_field, field: 2 V/nm, frequency: -80 GHz, phase: 30 deg",
    "kind: alternating_field, field: 3 V/nm, frequency: 200 GHz, direction: [1, 2, 0.5], phase: 20 deg",
    "kind: constant_torque, torque: 7 kJ/mol, load: -1 kJ/mol",
]


@pytest.mark.parametrize("text", DRIVES)
def test_driven_trajectories_follow_the_native_engines(rotor: Assembly, text: str) -> None:
    """Without a bath both integrate the same equations from the same state: 100 steps, to 5e-7 nm.

    All three conditions, each in lanes of the same block, with constraints and anchors.
    """
    import openmm

    conditions = _conditions(rotor, _drive(text), friction="1e-20 /ps")
    stepper = BatchedStepper(Inputs.of(conditions), [0, 1, 2], np.full((3, 4), 7, dtype=np.uint32))
    start = stepper.present().positions[0]
    velocity = stepper.checkpoint()["velocity"].reshape(-1, 3, LANES)
    ours = stepper.advance(1, 100)
    for lane, condition in enumerate(conditions):
        condition.integrator.setConstraintTolerance(1e-7)
        context = openmm.Context(
            condition.system, condition.integrator, openmm.Platform.getPlatform("Reference")
        )
        context.setPositions(start[lane])
        context.setVelocities(velocity[:, :, lane].astype(np.float64))
        condition.integrator.step(100)
        theirs = context.getState(getPositions=True).getPositions(asNumpy=True)._value
        np.testing.assert_allclose(ours.positions[0, lane], theirs, atol=5e-7)
        for column, book in ((1, "drive_work"), (2, "load_work")):
            work = condition.integrator.getGlobalVariableByName(book)
            assert ours.books[0, lane, column] == pytest.approx(work, abs=2e-4)


def test_the_engine_knows_the_kernels_width() -> None:
    assert LANES == lane_types.LANES


def test_lanes_do_not_depend_on_their_neighbours(rotor: Assembly) -> None:
    """A replica's numbers are the same to the last bit alone, among others, and in another lane."""
    conditions = _conditions(rotor, _drive(DRIVES[1]))
    inputs, seeds = Inputs.of(conditions), conditions[0].seeds()
    alone = BatchedStepper(inputs, [0], seeds[:1]).advance(4, 50)
    many = BatchedStepper(inputs, [2, 1, *[0] * 9, 1], seeds[[5, 6, 0, *range(7, 16)]]).advance(4, 50)
    assert np.array_equal(alone.positions[:, 0], many.positions[:, 2])
    assert np.array_equal(alone.books[:, 0], many.books[:, 2])


def test_replicas_neither_share_noise_nor_push_each_other(rotor: Assembly) -> None:
    """Correlations of velocity increments between all pairs of 16 lanes are those of chance.

    48 coordinates x 60 times: the largest of 120 |r| stays below 5 / sqrt(2880) (false alarm 7e-5).
    """
    conditions = _conditions(
        rotor, NoDrive(kind="none"), friction="50 /ps", constraints="none", timestep="1 fs"
    )
    stepper = BatchedStepper(Inputs.of(conditions[:1]), [0] * LANES, conditions[0].seeds()[:LANES])
    kicks = []
    for _ in range(60):
        stepper.advance(1, 100)  # five relaxation times: velocities are drawn anew
        kicks.append(stepper.checkpoint()["velocity"])
    samples = np.concatenate([k / k.std(axis=1, keepdims=True) for k in kicks])
    correlation = np.corrcoef(samples.T)[np.triu_indices(LANES, 1)]
    assert np.abs(correlation).max() < 5.0 / np.sqrt(len(samples))


@pytest.mark.slow
@pytest.mark.parametrize("name", systems.names())
def test_velocity_diffusion_and_temperature_agree_with_the_native_engine(
    name: str, run_series: Runner
) -> None:
    """Welch's tests over replicas at level 1e-3 each, so 2 % false alarms over the library at most."""
    spec, assembly = load(name), built(name)
    sampling = spec.protocol.sampling
    protocol = Protocol.model_validate(
        spec.protocol.model_dump(mode="json")
        | {"replicas": 10, "frames": f"{10 * sampling} ps"}
        | {"duration": f"{80 * sampling} ps", "equilibration": f"{20 * sampling} ps"}
    )
    here = run_series(assembly, spec.drive, protocol, 0, BATCHED)
    there = run_series(assembly, spec.drive, protocol, 1, NATIVE)
    for measure in (
        lambda s: velocities(s.coordinate, s.time_ps),
        lambda s: diffusions(s.coordinate, s.time_ps),
        lambda s: s.temperature,
    ):
        assert stats.ttest_ind(measure(here), measure(there), equal_var=False).pvalue > 1e-3


@pytest.mark.parametrize(
    ("timestep", "changes"),
    [
        ("1 fs", {"constraints": "none"}),
        ("2 fs", {}),
        ("3 fs", {}),
        ("4 fs", {"hydrogen_mass": "2 u"}),
    ],
)
def test_a_hundred_thousand_steps_keep_temperature_and_energy(
    timestep: str, changes: dict[str, object]
) -> None:
    """A tolyl rotor, 16 replicas: temperature within 1 %, no drift of the mean energy beyond error.

    The drift is each replica's slope of 100 energies over the run; Student's test at level 1e-3.
    """
    text = "name: t\nmachine: {kind: rotor, smiles: 'c1ccc[c:1](c1)[CH3:2]', axle: [1, 2]}\ndrive: {kind: none}\n"
    protocol = Protocol.model_validate({"timestep": timestep, "sampling": "0.12 ps", "frames": "1.2 ps",
                                        "duration": "12 ps", "equilibration": "1.2 ps", **changes})  # fmt: skip
    condition = engine.prepare("claim", 0, build(loads(text)), NoDrive(kind="none"), protocol)
    stepper = BatchedStepper(Inputs.of([condition]), [0] * LANES, condition.seeds())
    before = stepper.advance(1, 10_000).books[0, :, 3]
    energies = []
    for _ in range(100):
        after = stepper.advance(1, 1000).books[0, :, 3]
        energies.append(stepper.internal_energy())
    temperature = (after - before) / 100_000 / (0.5 * condition.degrees_of_freedom * BOLTZMANN)
    assert abs(temperature.mean() - 300.0) < 3.0
    slopes = np.polyfit(np.arange(100), np.array(energies), 1)[0]
    assert stats.ttest_1samp(slopes, 0.0).pvalue > 1e-3


def test_kernels_are_kept_on_disk() -> None:
    """A second process finds what the first one compiled."""
    import subprocess
    import sys

    compile_kernels([_of_the_library("difluorophenylene-rotor")])
    text = """
from molmach import engine
from molmach.building import build
from molmach.spec import load
spec = load("difluorophenylene-rotor")
print(engine.compile_kernels([engine.prepare("claim", 0, build(spec), spec.drive, spec.protocol)]))
"""
    again = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert float(again.stdout) == 0.0


def test_a_part_of_a_kernel_is_called_from_python_before_and_after_it_is_compiled() -> None:
    part = compiled(lambda x: x + 1.0)
    whole = numba.njit(lambda x: part(x))
    for x in (1.0, 2.0, 3):
        assert part(x) == whole(x) == part(x) == x + 1.0


def _of_the_library(name: str) -> Condition:
    spec = load(name)
    return engine.prepare("claim", 0, built(name), spec.drive, spec.protocol)


def test_force_fields_have_kernels_of_their_own() -> None:
    """One compiled integrator a force field, whatever the molecule and the drive."""
    names = ("difluorophenylene-rotor", "biindanylidene-motor", "catenane-motor")
    rotor, motor, beads = (Inputs.of([_of_the_library(name)]).kernels for name in names)
    assert rotor is motor
    assert rotor is not beads
    files = {kernels.run._cache._cache_file._index_name for kernels in (rotor, beads)}
    assert len(files) == 2


def test_a_batched_run_makes_no_system_of_openmm(rotor: Assembly, monkeypatch: pytest.MonkeyPatch) -> None:
    import openmm

    monkeypatch.setattr(openmm, "System", None)
    conditions = _conditions(rotor, _drive(DRIVES[1]))
    stepper = BatchedStepper(Inputs.of(conditions), [0, 1, 2], np.full((3, 4), 7, dtype=np.uint32))
    assert np.isfinite(stepper.advance(1, 5).positions).all()


@compiled
def _angles(cosine: Any, sine: Any, out: Any) -> None:
    for row in range(len(cosine)):
        c, s = lane_types.load(cosine, row), lane_types.load(sine, row)
        lane_types.store(out, 2 * row, arccosine(c, s))
        lane_types.store(out, 2 * row + 1, arcsine(c, s))


def test_inverse_functions_are_good_to_single_precision() -> None:
    angle = np.linspace(0.0, np.pi, 1000 * LANES).reshape(-1, LANES)
    cosine, sine = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
    out = np.empty((2 * len(angle), LANES), np.float32)
    _angles(cosine, np.abs(sine), out)
    np.testing.assert_allclose(out[::2], np.arctan2(np.abs(sine), cosine.astype(float)), atol=4e-7)
    np.testing.assert_allclose(out[1::2], np.arctan2(cosine.astype(float), np.abs(sine)), atol=4e-7)


@compiled
def _normals(state: Any, out: Any) -> None:
    s0, s1 = lane_types.load_words(state, 0), lane_types.load_words(state, 1)
    s2, s3 = lane_types.load_words(state, 2), lane_types.load_words(state, 3)
    for pair in range(len(out) // 2):
        first, s0, s1, s2, s3 = xoshiro(s0, s1, s2, s3)
        second, s0, s1, s2, s3 = xoshiro(s0, s1, s2, s3)
        x, y = box_muller(first, second)
        lane_types.store(out, 2 * pair, x)
        lane_types.store(out, 2 * pair + 1, y)


def test_noise_is_normal_and_uncorrelated() -> None:
    """Kolmogorov-Smirnov over 160 000 numbers, and lags 1 to 4, each at level 1e-4."""
    out = np.empty((10_000, LANES), np.float32)
    _normals(np.random.default_rng(4).integers(0, 2**32, (4, LANES), dtype=np.uint32), out)
    numbers = out.astype(np.float64)
    assert stats.kstest(numbers.ravel(), "norm").pvalue > 1e-4
    for lag in range(1, 5):
        r = np.mean(numbers[lag:] * numbers[:-lag])
        assert abs(r) < 3.9 / np.sqrt(numbers.size)


def test_random_words_are_xoshiros() -> None:
    """The state's own recurrence in plain integers, in every lane."""
    state = np.random.default_rng(5).integers(0, 2**32, (4, LANES), dtype=np.uint32)
    out = np.empty((2, LANES), np.float32)
    words = []
    for lane in range(LANES):
        s = [int(word) for word in state[:, lane]]
        for _ in range(2):
            words.append((_rotate(s[0] + s[3], 7) + s[0]) % 2**32)
            shifted = s[1] << 9
            s[2] ^= s[0]
            s[3] ^= s[1]
            s[1] ^= s[2]
            s[0] ^= s[3]
            s[2] = (s[2] ^ shifted) % 2**32
            s[3] = _rotate(s[3], 11)
    _normals(state, out)
    uniform = (np.array(words, dtype=np.float64).reshape(LANES, 2)[:, 0] + 0.5) / 2**32
    np.testing.assert_allclose(np.hypot(*out.astype(float)), np.sqrt(-2 * np.log(uniform)), rtol=2e-6)


def _rotate(word: int, bits: int) -> int:
    word %= 2**32
    return ((word << bits) | (word >> (32 - bits))) % 2**32


@pytest.mark.parametrize("text", DRIVES)
def test_any_integrator_of_openmm_can_use_the_kernel(rotor: Assembly, text: str) -> None:
    """40 replicas in one Context, after a serialised copy: energy and forces of the native ones at the
    Context's own time."""
    import openmm

    condition = _conditions(rotor, _drive(text))[0]
    replicas = 40
    platform = openmm.Platform.getPlatform("Reference")
    system = openmm.XmlSerializer.clone(kernel_system(condition, replicas))
    many = openmm.Context(system, openmm.VerletIntegrator(0.001), platform)
    noise = np.random.default_rng(1).normal(0.0, 0.003, (replicas, *rotor.positions_nm.shape))
    places = rotor.positions_nm + noise
    many.setPositions(places.reshape(-1, 3))
    many.setTime(1.25)
    state = many.getState(getForces=True, getEnergy=True)
    forces = state.getForces(asNumpy=True)._value.reshape(replicas, -1, 3)
    native = openmm.Context(condition.system, openmm.VerletIntegrator(0.001), platform)
    terms = drives.terms(condition.drive, condition.assembly, thermal_energy(300.0))
    wave = terms.angular_frequency * 1.25
    for name, c, s in zip(("field_x", "field_y", "field_z"), terms.cosine, terms.sine, strict=True):
        if terms.has_field:
            native.setParameter(name, c * np.cos(wave) + s * np.sin(wave))
    total = 0.0
    for replica in range(replicas):
        native.setPositions(places[replica])
        one = native.getState(getForces=True, getEnergy=True)
        total += one.getPotentialEnergy()._value
        expected = one.getForces(asNumpy=True)._value
        np.testing.assert_allclose(forces[replica], expected, rtol=1e-5, atol=0.02)
    assert state.getPotentialEnergy()._value == pytest.approx(total, rel=1e-5)


def test_a_langevin_integrator_of_openmm_holds_the_temperature_with_the_kernel(rotor: Assembly) -> None:
    """64 replicas for 4 ps after 2 ps: mean kinetic temperature within 4 standard errors (1e-4)."""
    import openmm

    condition = _conditions(rotor, NoDrive(kind="none"))[0]
    integrator = openmm.LangevinMiddleIntegrator(300.0, 10.0, 0.002)
    integrator.setRandomNumberSeed(3)
    context = openmm.Context(
        kernel_system(condition, 64), integrator, openmm.Platform.getPlatform("Reference")
    )
    context.setPositions(np.tile(rotor.positions_nm, (64, 1)))
    context.setVelocitiesToTemperature(300.0, 4)
    integrator.step(1000)
    masses = condition.masses[None, :, None]
    samples = []
    for _ in range(10):
        integrator.step(200)
        speed = context.getState(getVelocities=True).getVelocities(asNumpy=True)._value
        samples.append((0.5 * masses * speed.reshape(64, -1, 3) ** 2).sum(axis=(1, 2)))
    unit = 0.5 * condition.degrees_of_freedom * BOLTZMANN
    temperature = np.mean(samples, axis=0) / unit
    assert abs(temperature.mean() - 300.0) < 4.0 * stats.sem(temperature)
