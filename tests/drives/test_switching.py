"""Drives that switch potentials: light, station switches, flashing potentials, chemical fuel."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path

import numpy as np
import openmm
import pytest
from scipy import stats

from molmach import drives, engine
from molmach.building import Assembly, build, mirror
from molmach.data.stations import StationMap
from molmach.drives.none import NoDrive
from molmach.engine import Condition
from molmach.engine.batched import LANES, BatchedStepper, Inputs
from molmach.engine.stepper import BOOKS
from molmach.errors import SpecError
from molmach.forcefield import Group
from molmach.scoring import score
from molmach.spec import Drive, Protocol, Spec, load, loads
from molmach.studies.simulation import simulate
from molmach.units import thermal_energy
from tests.helpers.machines import SHUTTLE

EVENTS = BOOKS.index("events")
WORK = BOOKS.index("drive_work")

MOTOR = """
name: motor
machine:
  kind: rotor
  smiles: "C[C@@H]1c2ccccc2[C@@H](C)[C:1]1=[C:2]1C(=O)c2ccccc2C1=O"
  axle: [2, 1]
drive: {kind: photoisomerisation, absorption: 20 /ns, lifetime: 1 ps}
protocol: {duration: 300 ps, equilibration: 2 ps, replicas: 16, seed: 1}
"""
SWITCHED_SHUTTLE = (
    SHUTTLE
    + """\
drive:
  kind: station_switch
  stations: {left: [0 kJ/mol, 30 kJ/mol], right: [5 kJ/mol, -30 kJ/mol]}
  charges: {left: -1}
  period: 10 ps
protocol: {duration: 2 ps, equilibration: 0 ps, replicas: 4, seed: 1}
"""
)
BEADS = """
name: beads
machine:
  kind: bead_catenane
  stations: {bind-a: 1, site-a: 5, bind-b: 13, site-b: 17}
  affinity: {bind-a: -10 kJ/mol, bind-b: -10 kJ/mol}
drive:
  kind: chemical_fuel
  stations: [site-a, site-b]
  chemical_potential: 40 kJ/mol
  fuel_rate: 1.2e-4 /ps
  waste_rate: 0.0075 /ps
  waste_potential: -17.5 kJ/mol
  barrier: 37.4 kJ/mol
  width: 0.32 nm
  hindrance: 37.4 kJ/mol
  reach: 0.65 nm
protocol:
  {force_field: bead_spring, friction: 0.25 /ps, timestep: 20 fs, sampling: 2 ps, frames: 1 ns, duration: 10 ns,
   equilibration: 200 ps, replicas: 16, seed: 1, anchor: 1000 kJ/mol/nm^2, constraints: none}
"""


@cache
def _assembly(text: str) -> Assembly:
    """The machine of a file, built once: nobody changes it, and no drive or protocol has a part in it."""
    return build(loads(text))


@pytest.fixture(scope="module")
def motor() -> Assembly:
    return _assembly(MOTOR)


@pytest.fixture(scope="module")
def shuttle() -> Assembly:
    return _assembly(SWITCHED_SHUTTLE)


@pytest.fixture(scope="module")
def beads() -> Assembly:
    return _assembly(BEADS)


def _condition(text: str, assembly: Assembly, drive: Drive | None = None) -> Condition:
    spec = loads(text)
    return engine.prepare("claim", 0, assembly, drive or spec.drive, spec.protocol)


def _stepper(condition: Condition) -> BatchedStepper:
    seeds = condition.seeds().repeat(LANES, axis=0)[:LANES].copy()
    seeds[:, 0] += np.arange(LANES, dtype=np.uint32)
    return BatchedStepper(Inputs.of([condition]), [0] * LANES, seeds)


@pytest.mark.parametrize("thrown", [0.0, 1.0])
@pytest.mark.parametrize(
    "text", [MOTOR, SWITCHED_SHUTTLE, BEADS], ids=["light", "stations-and-charge", "fuel"]
)
def test_both_engines_have_the_same_switched_energy_and_forces(text: str, thrown: float) -> None:
    assembly = _assembly(text)
    condition = _condition(text, assembly)
    stepper = _stepper(condition)
    stepper._state.thrown[:] = thrown
    moved = assembly.positions_nm + np.random.default_rng(1).normal(0.0, 0.004, assembly.positions_nm.shape)
    energy, forces = stepper.context_forces(moved[None], 0.0)
    context = openmm.Context(
        condition.system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("Reference")
    )
    context.setPositions(moved)
    terms = drives.terms(condition.drive, assembly, thermal_energy(300.0))
    for k, term in enumerate(terms.switched):
        context.setParameter(f"amplitude{k}", term.on if thrown else term.off)
    state = context.getState(getEnergy=True, getForces=True)
    expected = np.asarray(state.getForces(asNumpy=True)._value)
    scale = np.sqrt(np.mean(expected**2))
    assert energy == pytest.approx(state.getPotentialEnergy()._value, abs=1e-5 * len(moved) * 10)
    assert np.max(np.abs(forces - expected)) < 1e-4 * scale


def test_light_is_absorbed_at_its_rate_and_the_excited_state_lives_as_long_as_stated(motor: Assembly) -> None:
    """Photons in time t: a renewal process of absorption and decay, both exponential.

    Mean rate 1/(1/k + life); the count's variance is below its mean. False-alarm rate 1e-4 (two-sided normal).
    """
    drive = loads(MOTOR).drive.model_copy(update={"absorption": 0.5, "lifetime": 1.0})
    condition = _condition(MOTOR, motor, drive)
    for counts in (_kernel_events(condition, 20_000), _native_events(condition, 20_000)):
        expected = len(counts) * 40.0 / (1.0 / 0.5 + 1.0)
        assert abs(counts.sum() - expected) < stats.norm.isf(0.5e-4) * math.sqrt(expected)


def _kernel_events(condition: Condition, steps: int) -> np.ndarray:
    return _stepper(condition).advance(1, steps).books[0, :, EVENTS]


def _native_events(condition: Condition, steps: int) -> np.ndarray:
    condition.integrator.setRandomNumberSeed(5)
    context = openmm.Context(condition.system, condition.integrator, openmm.Platform.getPlatform("Reference"))
    context.setPositions(condition.assembly.positions_nm)
    context.setVelocitiesToTemperature(300.0, 5)
    condition.integrator.step(steps)
    return np.array([condition.integrator.getGlobalVariableByName("events")])


@pytest.mark.slow
def test_a_thermal_switch_keeps_detailed_balance_in_both_engines(beads: Assembly) -> None:
    """Held ring: P(on)/P(off) = on/off exp(-dU/kT), whatever hinders the channels.

    The bead catenane is frozen by its anchors' place and huge masses, so dU is a constant; 1e-4 false alarms
    by the normal limit of the occupation time of a telegraph signal.
    """
    spec = loads(BEADS, "file", ["machine.bead_mass=1000000000 u", "drive.chemical_potential=0 kJ/mol",
                                 "drive.waste_potential=-2 kJ/mol", "drive.waste_rate=1 /ps",
                                 "drive.fuel_rate=2 /ps", "drive.barrier=4 kJ/mol", "drive.width=0.5 nm",
                                 "machine.affinity={bind-a: -10 kJ/mol}"])  # fmt: skip
    assembly = build(spec)
    condition = engine.prepare("claim", 0, assembly, spec.drive, spec.protocol)
    kT = thermal_energy(300.0)
    centre = assembly.positions_nm[24:].mean(axis=0)
    stepper, steps = _stepper(condition), 40_000
    on = np.zeros(2)
    for _ in range(steps // 20):
        stepper.advance(1, 20)
        on += stepper._state.thrown.mean(axis=1)
    on /= steps // 20
    condition.integrator.setRandomNumberSeed(5)
    context = openmm.Context(condition.system, condition.integrator, openmm.Platform.getPlatform("Reference"))
    context.setPositions(assembly.positions_nm)
    native = np.zeros(2)
    for _ in range(steps // 20):
        condition.integrator.step(20)
        native += [condition.integrator.getGlobalVariableByName(f"thrown{s}") for s in range(2)]
    native /= steps // 20
    for s, bead in enumerate((4, 16)):
        away = float(np.sum((centre - assembly.positions_nm[bead]) ** 2))
        cost = 4.0 * math.exp(-away / (2 * 0.5**2))
        odds = math.exp(-(2.0 + cost) / kT)
        expected = odds / (1.0 + odds)
        slowest = 1.0  # 1/ps, waste's detaching at least
        for share, lanes in ((on[s], LANES), (native[s], 1)):
            error = math.sqrt(2.0 * expected * (1.0 - expected) / (slowest * steps * 0.02 * lanes))
            assert abs(share - expected) < stats.norm.isf(0.5e-4) * error


def test_a_clock_switches_on_time_and_its_work_is_what_the_potential_gains(shuttle: Assembly) -> None:
    """Work on the machine by the switched terms = jumps at the switch less what their energy keeps."""
    quick = loads(SWITCHED_SHUTTLE, "file", ["drive.period=1 ps"])
    stepper = _stepper(_condition(SWITCHED_SHUTTLE, shuttle, quick.drive))
    states = []
    for _ in range(20):
        stepper.advance(1, 50)  # a tenth of the period
        states.append(float(stepper._state.thrown[0, 0]))
    # On in the last half of every period; the state after a step is that of the step's end.
    assert states == [float((t % 10) >= 5) for t in range(1, 21)]
    assert stepper.present().books[0, :, EVENTS].tolist() == [2.0] * LANES


@pytest.mark.parametrize(
    "text",
    [MOTOR, SWITCHED_SHUTTLE, pytest.param(BEADS, marks=pytest.mark.slow)],
    ids=["light", "stations-and-charge", "fuel"],
)
def test_energy_is_conserved_through_switches_at_short_steps(text: str) -> None:
    """work = heat + change of internal energy, to 2 % of what goes through, over all lanes."""
    quick = ["protocol.timestep=0.2 fs", "protocol.constraints=none", "protocol.sampling=0.02 ps",
             "protocol.frames=0.1 ps", "protocol.duration=2 ps", "protocol.equilibration=0 ps"]  # fmt: skip
    if "station_switch" in text:
        quick.append("drive.period=0.5 ps")
    spec = loads(text, "file", quick)
    drive = spec.drive
    if drive.kind == "photoisomerisation":
        drive = drive.model_copy(update={"absorption": 2.0, "lifetime": 0.3})
    condition = engine.prepare("claim", 0, _assembly(text), drive, spec.protocol)
    stepper = _stepper(condition)
    before = stepper.internal_energy()
    books = stepper.advance(1, 5_000).books[0]
    change = stepper.internal_energy() - before
    missing = books[:, WORK] - books[:, 0] - change
    through = np.abs(books[:, 0]).mean() + np.abs(change).mean()
    assert abs(missing.mean()) < 0.02 * through


@pytest.mark.slow
def test_a_light_driven_motor_turns_one_way_its_mirror_image_the_other_and_not_in_the_dark(
    tmp_path: Path,
) -> None:
    """False-alarm rate of the controls 1 % each; the seed is fixed. A missed direction would need chance of 1e-4."""
    spec = loads(MOTOR.replace("300 ps", "600 ps"))
    result = score(simulate(spec, tmp_path / "run", engine_name="batched"))
    assert result.verdict == "backward"
    assert result.p_value < 1e-4
    assert result.controls["mirror"].velocity.ci95[0] > 0.0
    assert result.controls["undriven"].velocity.ci95[0] <= 0.0 <= result.controls["undriven"].velocity.ci95[1]
    assert 0.1 < result.estimates["quantum_yield"].value < 1.0


@pytest.mark.slow
def test_fuel_turns_the_catenane_and_equilibrium_does_not(tmp_path: Path) -> None:
    run = simulate(loads(BEADS), tmp_path / "run", engine_name="batched")
    result = score(run)
    assert run.series.intact.all()
    assert result.verdict == "forward"
    assert result.controls["mirror"].velocity.ci95[1] < 0.0
    assert result.estimates["uncertainty_ratio"].ci95[1] > 1.0
    assert result.estimates["fuel_rate"].value > 1.0
    equilibrium = run.controls["undriven"].series.events[:, -1]
    assert abs(equilibrium.mean()) < 5.0 * max(1.0, equilibrium.std()) / math.sqrt(len(equilibrium))


@pytest.mark.parametrize(
    ("text", "change", "message"),
    [
        (MOTOR, "machine.axle=[1, 2]", ""),
        (MOTOR, "drive.lifetime=-1 ps", "drive.lifetime: got -1 ps; expected a time above zero"),
        (MOTOR, "drive.absorption=100 /ps", "too quick for steps of 2 fs"),
        (SWITCHED_SHUTTLE, "drive.period=0.01 ps", "drive.period: 0.01 ps is fewer than 20 steps of 2 fs"),
        (
            SWITCHED_SHUTTLE,
            "drive.stations={middle: [0 kJ/mol, 1 kJ/mol]}",
            "drive.stations: got 'middle'; expected stations",
        ),
        (
            SWITCHED_SHUTTLE,
            "drive.switch_on=1 /ps",
            "expected either period (by the clock) or both switch_on",
        ),
        (
            BEADS,
            "drive={kind: photoisomerisation, absorption: 1 /ns, lifetime: 1 ps}",
            "acts on a double bond",
        ),
        (
            MOTOR,
            "machine={kind: rotor, smiles: 'c1ccccc1/[N:1]=[N:2]/c1ccccc1', axle: [1, 2]}",
            "is N=N, which goes",
        ),
        (
            MOTOR,
            "machine={kind: rotor, smiles: 'c1ccccc1/[CH:1]=[N:2]/O', axle: [1, 2]}",
            "is C=N, which goes",
        ),
        (
            MOTOR,
            "machine={kind: rotor, smiles: 'c1ccccc1/[N:1]=[CH:2]/C', axle: [1, 2]}",
            "is N=C, which goes",
        ),
        (MOTOR, "machine={kind: rotor, smiles: 'C1CC[C:1](=[C:2]=C)CC1', axle: [1, 2]}", "next to another"),
        (MOTOR, "machine={kind: rotor, smiles: 'C1CC[C:1](=[C:2](C)C)CC1', axle: [1, 2]}", ""),
        (BEADS, "protocol.force_field=MMFF94", "protocol.force_field: got 'MMFF94' for a bead_catenane"),
        (
            SWITCHED_SHUTTLE,
            "drive.load=1 kJ/mol",
            "drive.load: a torque about the axle does not push the ring of a rotaxane",
        ),
        (
            SWITCHED_SHUTTLE,
            "drive={kind: constant_torque, torque: 1 kJ/mol}",
            "drive.kind: a torque about the axle",
        ),
        (MOTOR, "drive={kind: flashing, stations: {a: 1 kJ/mol}, period: 1 ps}", "a rotor without stations"),
    ],
)
def test_a_drive_that_does_not_fit_is_refused(text: str, change: str, message: str) -> None:
    def prepare() -> Condition:
        spec = loads(text, "file", [change])
        machine = build(spec) if change.startswith("machine") else _assembly(text)
        return engine.prepare("claim", 0, machine, spec.drive, spec.protocol)

    if not message:
        prepare()
        return
    with pytest.raises(SpecError) as caught:
        prepare()
    assert message in str(caught.value)


def test_undriven_twins_and_mirror_images_are_of_the_same_kind() -> None:
    for text in (MOTOR, SWITCHED_SHUTTLE, BEADS):
        drive = loads(text).drive
        assert drives.mirror(drive) == drive
        assert drives.undriven(drive).kind == drive.kind
    assert drives.undriven(load("difluorophenylene-rotor").drive) == NoDrive(kind="none")


@pytest.mark.slow
def test_an_unhindered_ring_spends_its_time_as_its_affinities_say() -> None:
    """Reweighting: occupancies at other affinities follow exactly from those at equal ones.

    Degenerate stations come out equal (Welch between the two over replicas at 1e-3). With one of them deeper by
    dA, each sample of the first run gets the weight exp(-(dA) E / kT), E the station's shape; both ways of
    getting the deeper station's share agree (normal test at 1e-3, errors over replicas).
    """
    kT, deeper = thermal_energy(300.0), -2.5
    shares, shapes = {}, {}
    for name, extra in (("equal", 0.0), ("deeper", deeper)):
        spec = loads(BEADS, "file", [
            "drive={kind: none}", f"machine.affinity={{bind-a: -5 kJ/mol, bind-b: {-5 + extra} kJ/mol}}",
            "machine.affinity_width=0.3 nm", "protocol.duration=6 ns",
        ])  # fmt: skip
        assembly = build(spec)
        condition = engine.prepare("claim", 0, assembly, spec.drive, spec.protocol)
        stepper = _stepper(condition)
        stepper.advance(1, 20_000)
        positions = stepper.advance(3000, 100).positions
        centroid = positions[:, :, 24:].mean(axis=2)
        for station, bead in (("a", 0), ("b", 12)):
            away = np.sum((centroid - positions[:, :, bead]) ** 2, axis=-1)
            shapes[name, station] = np.exp(-away / (2 * 0.3**2)).T
        at_b = shapes[name, "b"] > shapes[name, "a"]
        shares[name] = at_b
    equal = shares["equal"].mean(axis=1)
    assert abs(equal.mean() - 0.5) < stats.t.isf(0.5e-3, LANES - 1) * stats.sem(equal)
    direct = shares["deeper"].mean(axis=1)
    weight = np.exp(-deeper * shapes["equal", "b"] / kT)
    whole = (weight * shares["equal"]).sum() / weight.sum()
    parts = []
    for left in range(LANES):  # jackknife over replicas
        kept = np.arange(LANES) != left
        parts.append((weight[kept] * shares["equal"][kept]).sum() / weight[kept].sum())
    error = math.hypot(math.sqrt((LANES - 1) * np.var(parts)), float(stats.sem(direct)))
    assert direct.mean() > 0.55
    assert abs(direct.mean() - whole) < stats.norm.isf(0.5e-3) * error


@pytest.mark.slow
def test_moving_switched_stations_moves_the_ring(tmp_path: Path) -> None:
    """A clock that swaps which of two bead stations holds the ring makes it follow."""
    spec: Spec = loads(BEADS, "file", [
        "machine.stations={a: 1, b: 13}", "machine.affinity={}",
        "drive={kind: station_switch, stations: {a: [-15 kJ/mol, 0 kJ/mol], b: [0 kJ/mol, -15 kJ/mol]},"
        " width: 0.4 nm, period: 4 ns}",
        "protocol.duration=8 ns", "protocol.equilibration=0 ps", "protocol.sampling=4 ps",
    ])  # fmt: skip
    run = simulate(spec, tmp_path / "run", engine_name="batched", controls=False)
    stations = StationMap.of(run.assembly)
    assert stations is not None
    visits = stations.visits(run.series.coordinate)
    b = stations.names.index("b")
    time_ns = run.series.time_ps / 1000.0
    late = {"off": (time_ns % 4 > 1.5) & (time_ns % 4 < 2.0), "on": (time_ns % 4 > 3.5) & (time_ns % 4 < 4.0)}
    share = {name: float(np.mean(visits[:, chosen] == b)) for name, chosen in late.items()}
    assert share["on"] > 0.8
    assert share["off"] < 0.2
    assert score(run).estimates["switching_rate"].value == pytest.approx(0.25)


def test_mirrored_machines_have_the_same_switched_terms(motor: Assembly) -> None:
    drive = loads(MOTOR).drive
    kT = thermal_energy(300.0)
    assert drives.terms(drive, mirror(motor), kT) == drives.terms(drive, motor, kT)


def test_switched_forces_are_in_the_drive_s_group_and_affinities_in_the_machine_s(beads: Assembly) -> None:
    condition = _condition(BEADS, beads)
    groups = [force.getForceGroup() for force in condition.system.getForces()]
    assert groups.count(Group.DRIVE) == 2
    assert groups.count(Group.ANCHOR) == 3  # the anchors and two affinities


def test_beads_need_their_own_time_step_and_masses(beads: Assembly) -> None:
    condition = engine.prepare("t", 0, beads, NoDrive(kind="none"), Protocol.model_validate(
        {"force_field": "bead_spring", "timestep": "20 fs", "sampling": "2 ps", "frames": "10 ps"}))  # fmt: skip
    assert np.all(condition.masses == 50.0)


@pytest.mark.slow
def test_zero_chemical_driving_gives_no_current_over_a_hundred_seeds_and_driving_does(tmp_path: Path) -> None:
    """112 replicas; zero current within Student's 99.9 % interval, current rising with the driving, spacing
    reversing it, and the uncertainty relation in every run (upper end of its interval above 1)."""
    velocity = {}
    for name, site in (("forward", (5, 17)), ("reversed", (9, 21))):
        for potential in (0, 30, 40):
            spec = loads(BEADS, "file", [
                f"machine.stations={{bind-a: 1, site-a: {site[0]}, bind-b: 13, site-b: {site[1]}}}",
                f"drive.chemical_potential={potential} kJ/mol", "protocol.duration=8 ns", "protocol.replicas=112", "protocol.seed=12",
            ])  # fmt: skip
            run = simulate(spec, tmp_path / f"{name}{potential}", engine_name="batched", controls=False)
            result = score(run)
            assert run.series.intact.all()
            velocity[name, potential] = (result.velocity.value, result.p_value)
            if potential:
                assert result.estimates["uncertainty_ratio"].ci95[1] > 1.0
    assert velocity["forward", 0][1] > 1e-3
    assert velocity["reversed", 0][1] > 1e-3
    assert 0.0 < velocity["forward", 30][0] < velocity["forward", 40][0]
    assert velocity["reversed", 40][0] < velocity["reversed", 30][0] < 0.0
    assert velocity["forward", 40][1] < 1e-6
    assert velocity["reversed", 40][1] < 1e-6
