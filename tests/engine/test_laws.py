"""Laws that no simulation may break, and the exact references, on real molecules.

Every statistical test states its false-alarm rate; seeds are fixed, so a pass stays a pass.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
from rdkit.Chem import rdForceFieldHelpers, rdMolTransforms
from scipy import integrate, stats

from molmach import drives, engine, theory
from molmach.building import Assembly, build, mirror
from molmach.data import Series
from molmach.data.statistics import p_value_of_zero
from molmach.drives.rotating_field import RotatingField
from molmach.engine.starting import parts_of
from molmach.scoring.rotation import velocities
from molmach.spec import Drive, Protocol, loads
from molmach.units import DEBYE, TURN, VOLT_PER_NM, thermal_energy

Runner = Callable[..., Series]
KT = thermal_energy(300.0)


def _protocol(**changes: object) -> Protocol:
    return Protocol.model_validate({"replicas": 8, "equilibration": "5 ps", **changes})


def _drive(**content: object) -> Drive:
    return loads(
        "name: t\nmachine: {kind: rotor, smiles: '[CH3:1][CH3:2]', axle: [1, 2]}\n"
        f"drive: {{{', '.join(f'{key}: {value}' for key, value in content.items())}}}\n"
    ).drive


def _reference(
    rotor: Assembly, drive: RotatingField, protocol: Protocol, replicas: int, seed: int
) -> tuple[float, float]:
    """Mean velocity and standard error (turn/ns) of the 1-D rotor with the molecule's own I, g, mu."""
    dipole_energy = float(np.linalg.norm(rotor.rotor_dipole_debye)) * DEBYE * drive.field * VOLT_PER_NM
    run = theory.simulate(
        theory.Rotor1D(rotor.moment_of_inertia(), protocol.friction, thermal_energy(protocol.temperature)),
        theory.rotating_field_torque(dipole_energy, TURN * drive.frequency * 1e-3),
        timestep_ps=0.01,
        steps=round(protocol.duration / 0.01),
        sample_every=round(protocol.duration / 0.01),
        replicas=replicas,
        rng=np.random.default_rng(seed),
        equilibration_steps=round(protocol.equilibration / 0.01),
    )
    mean, error = theory.mean_velocity_and_error(run)
    return mean / TURN * 1e3, error / TURN * 1e3


def test_free_rotation_diffuses_as_kt_over_friction_and_inertia(rotor: Assembly, run_series: Runner) -> None:
    """Squared turn after 2, 5 and 10 ps from many origins, against Uhlenbeck and Ornstein's exact law.

    Replicas give the error; each within 3.5 standard errors (15 degrees of freedom; false alarm in
    all at most 1e-2).
    """
    series = run_series(rotor, _drive(kind="none"), _protocol(replicas=16, duration="60 ps"))
    for lag_ps in (2.0, 5.0, 10.0):
        lag = round(lag_ps / 0.1)
        squares = ((series.coordinate[:, lag:] - series.coordinate[:, :-lag]) ** 2).mean(axis=1)
        exact = theory.free_mean_square_angle(lag_ps, KT, 2.0, rotor.moment_of_inertia())
        assert abs(squares.mean() - exact) < 3.5 * stats.sem(squares), (lag_ps, squares.mean(), exact)


def test_temperature_is_the_baths(rotor: Assembly, run_series: Runner) -> None:
    """Mean kinetic temperature over replicas within 2 % and 4 standard errors (false alarm 5e-3)."""
    series = run_series(rotor, _drive(kind="none"), _protocol(duration="40 ps", replicas=8))
    assert abs(series.temperature.mean() - 300.0) < min(4 * stats.sem(series.temperature), 6.0)


def test_mirror_image_turns_the_other_way_equally_fast(rotor: Assembly, run_series: Runner) -> None:
    """Welch's test of v + v_mirror = 0, false alarm 1e-3; both resolved."""
    drive = _drive(kind="constant_torque", torque="6 kJ/mol")
    protocol = _protocol(duration="20 ps", replicas=6)
    ours = run_series(rotor, drive, protocol)
    theirs = run_series(mirror(rotor), drives.mirror(drive), protocol, 2)
    here, there = (velocities(series.coordinate, series.time_ps) for series in (ours, theirs))
    assert stats.ttest_ind(here, -there, equal_var=False).pvalue > 1e-3
    assert here.mean() > 5 * stats.sem(here)
    assert there.mean() < -5 * stats.sem(there)


TRAPPED = """
name: trapped
machine:
  kind: rotor
  smiles: "CC1(C)c2cc[c:2](-[c:1]3cccc[cH:3]3)cc2C(C#N)(C#N)C1(C#N)C#N"
  axle: [1, 2]
  reference_atom: 3
drive: {kind: alternating_field, field: 5 V/nm, frequency: 172.5 GHz}
protocol: {duration: 50 ps, equilibration: 10 ps, sampling: 0.05 ps, constraints: h-bonds, replicas: 32}
"""


def test_a_machine_that_is_its_own_mirror_image_turns_nowhere_in_a_linear_field(run_series: Runner) -> None:
    """Its five-membered ring is puckered one way or the other, and stays so for the length of a run.

    Those of one pucker turn one way, those of the other the other way, at a level of 1e-4; all together go
    nowhere, with a false alarm in a thousand.
    """
    spec = loads(TRAPPED)
    machine = build(spec)
    assert machine.own_mirror_image
    series = run_series(machine, spec.drive, spec.protocol)
    both = velocities(series.coordinate, series.time_ps)
    ours, theirs = both[:16], both[16:]
    assert stats.ttest_1samp(ours, 0.0).pvalue < 1e-4
    assert stats.ttest_ind(ours, -theirs).pvalue > 1e-3
    assert stats.ttest_1samp(both, 0.0).pvalue > 1e-3


@pytest.mark.parametrize(
    ("smiles", "drive", "parts"),
    [
        ("[CH3:2]C1(C)c2cc[c:4](-[c:1]3cccc[cH:3]3)cc2CC1", "alternating_field", [3, 2]),
        ("[CH3:2]C1(C)c2cc[c:4](-[c:1]3cccc[cH:3]3)cc2C[C@H]1F", "alternating_field", [4, 1]),
        ("[CH3:2]C1(C)c2cc[c:4](-[c:1]3cccc[cH:3]3)cc2CC1", "rotating_field", [3, 2]),
        ("[CH3:2]c1cc[c:4](-[c:1]3cccc[cH:3]3)cc1F", "alternating_field", [3, 2]),
        ("[CH3:2]c1cc[c:4](-[c:1]3cccc[cH:3]3)cc1F", "rotating_field", [5]),
    ],
)
def test_a_shape_and_its_mirror_image_are_begun_with_where_both_are_the_machine(
    smiles: str, drive: str, parts: list[int]
) -> None:
    """Both puckers of an achiral molecule; a flat one reflected only where the drive has no handedness.

    The puckers of a chiral one are no mirror images, and one of them is rarer.
    """
    spec = loads(
        f"name: t\nmachine: {{kind: rotor, smiles: '{smiles}', axle: [1, 4], reference_atom: 3}}\n"
        f"drive: {{kind: {drive}, field: 1 V/nm, frequency: 100 GHz}}\nprotocol: {{replicas: 5}}\n"
    )
    condition = engine.prepare("claim", 0, build(spec), spec.drive, spec.protocol)
    found = parts_of(condition)
    assert [part.protocol.replicas for part in found] == parts
    assert np.array_equal(np.concatenate([part.seeds() for part in found]), condition.seeds())
    for part in found[1:]:
        reflected = np.allclose(part.places * [1.0, -1.0, 1.0], condition.places)
        assert reflected == condition.assembly.achiral_with_roles


def test_a_free_rotor_under_torque_drifts_at_torque_over_drag(rotor: Assembly, run_series: Runner) -> None:
    """<v> = F / (g I), within 4 standard errors (false alarm 5e-3 at 7 degrees of freedom)."""
    series = run_series(rotor, _drive(kind="constant_torque", torque="6 kJ/mol"), _protocol(duration="30 ps"))
    samples = velocities(series.coordinate, series.time_ps)
    exact = 6.0 / (2.0 * rotor.moment_of_inertia()) / TURN * 1e3
    assert abs(samples.mean() - exact) < 4 * stats.sem(samples)


def test_work_in_equals_heat_out_within_two_per_cent(rotor: Assembly, run_series: Runner) -> None:
    """Strong steady drives with a load: (work - heat - internal energy change) / work, replica means."""
    for drive in (
        _drive(kind="constant_torque", torque="20 kJ/mol", load="4 kJ/mol"),
        _drive(kind="rotating_field", field="6 V/nm", frequency="300 GHz"),
    ):
        series = run_series(rotor, drive, _protocol(duration="20 ps", replicas=4), int(drive.load))
        work = series.drive_work[:, -1] + series.load_work[:, -1]
        missing = work - series.heat[:, -1] - series.energy_change
        assert work.mean() > 200.0
        assert abs(missing.mean()) / work.mean() < 0.02
        assert series.heat[:, -1].mean() > 0.0


def test_a_locked_rotor_follows_and_a_slipping_one_matches_the_reference(
    rotor: Assembly, run_series: Runner
) -> None:
    """Three points of the eight; each within 3.5 combined standard errors (false alarm 1e-2 each)."""
    protocol = _protocol(duration="30 ps", equilibration="8 ps")
    for number, (field, frequency) in enumerate([(3.0, 50.0), (1.0, 150.0), (0.3, 50.0)]):
        drive = _drive(kind="rotating_field", field=f"{field} V/nm", frequency=f"{frequency} GHz")
        assert isinstance(drive, RotatingField)
        series = run_series(rotor, drive, protocol, number)
        samples = velocities(series.coordinate, series.time_ps)
        mean, error = _reference(rotor, drive, protocol, 400, number)
        assert abs(samples.mean() - mean) < 3.5 * math.hypot(stats.sem(samples), error), (field, frequency)


@pytest.mark.slow
def test_eight_points_across_locked_slipping_and_random_regimes(rotor: Assembly, run_series: Runner) -> None:
    """Field and frequency from locked to random; each within 3 combined standard errors.

    Sixteen replicas, so a false alarm is 0.7 % a point; the seed is fixed.
    """
    protocol = _protocol(replicas=16, duration="60 ps", equilibration="10 ps")
    locked_to_random: list[tuple[float, int]] = [(4, 50), (2, 50), (1, 50), (0.5, 50), (0.2, 50), (0.1, 20)]
    fast: list[tuple[float, int]] = [(1, 100), (1, 200), (2, 200), (3, 300)]
    for number, (field, frequency) in enumerate(locked_to_random + fast):
        drive = _drive(kind="rotating_field", field=f"{field} V/nm", frequency=f"{frequency} GHz")
        assert isinstance(drive, RotatingField)
        series = run_series(rotor, drive, protocol, number)
        samples = velocities(series.coordinate, series.time_ps)
        mean, error = _reference(rotor, drive, protocol, 1000, number)
        z = (samples.mean() - mean) / math.hypot(stats.sem(samples), error)
        print(
            f"{field:4} V/nm {frequency:4} GHz  MD {samples.mean():8.2f} +- {stats.sem(samples):5.2f}"
            f"  1-D {mean:8.2f} +- {error:5.2f} turn/ns  z {z:5.2f}"
        )
        assert abs(z) < 3.0


@pytest.mark.slow
def test_constant_torque_over_a_barrier_follows_stratonovich(rotor: Assembly, run_series: Runner) -> None:
    """A static field makes the barrier -mu E cos phi, a load the torque; overdamped at 20/ps.

    Velocity and effective diffusion at three torques, each within 3.5 standard errors.
    """
    protocol = _protocol(replicas=16, duration="150 ps", equilibration="10 ps", friction="20 /ps")
    inertia = rotor.moment_of_inertia()
    dipole_energy = float(np.linalg.norm(rotor.rotor_dipole_debye)) * DEBYE * VOLT_PER_NM
    for number, torque in enumerate((4.0, 8.0, 16.0)):
        drive = _drive(
            kind="alternating_field", field="1 V/nm", frequency="1e-9 GHz", load=f"-{torque} kJ/mol"
        )
        series = run_series(rotor, drive, protocol, number)
        samples = velocities(series.coordinate, series.time_ps)
        exact = theory.stratonovich_velocity(
            lambda x: -dipole_energy * np.cos(x), torque, KT, KT / (20.0 * inertia)
        )
        z = (samples.mean() - exact / TURN * 1e3) / stats.sem(samples)
        print(
            f"{torque} kJ/mol: MD {samples.mean():.3f} +- {stats.sem(samples):.3f} turn/ns, "
            f"Stratonovich {exact / TURN * 1e3:.3f}, z {z:.2f}"
        )
        assert abs(z) < 3.5


def _torsion_density(series: Series) -> np.ndarray:
    wrapped = np.angle(np.exp(1j * series.coordinate[:, ::20]))
    return np.array([np.histogram(row, bins=12, range=(-np.pi, np.pi))[0] / row.size for row in wrapped])


def test_a_dipole_in_a_static_field_is_boltzmann_distributed(rotor: Assembly, run_series: Runner) -> None:
    """Occupation of twelve sectors against exp(mu E cos phi / kT); replicas give the error.

    Sector by sector, each within 4.5 standard errors (11 degrees of freedom; false alarm in all at
    most 1.1e-2).
    """
    drive = _drive(kind="alternating_field", field="0.7 V/nm", frequency="1e-9 GHz", direction=[1, 0, 0])
    series = run_series(rotor, drive, _protocol(replicas=12, duration="50 ps", equilibration="15 ps"))
    energy = float(np.linalg.norm(rotor.rotor_dipole_debye)) * DEBYE * 0.7 * VOLT_PER_NM / KT
    along = math.atan2(*rotor.rotor_dipole_debye[::-1])
    edges = np.linspace(-np.pi, np.pi, 13)
    weight = [
        integrate.quad(lambda x: math.exp(energy * math.cos(x + along)), a, b)[0]
        for a, b in itertools.pairwise(edges)
    ]
    expected = np.array(weight) / sum(weight)
    found = _torsion_density(series)
    z = (found.mean(axis=0) - expected) / np.maximum(stats.sem(found, axis=0), 1e-3)
    assert np.abs(z).max() < 4.5


def _false_alarms(rotor: Assembly, run_series: Runner, scores: int, replicas: int) -> int:
    """Undriven runs cut into sets of ``replicas`` each: of how many Student's test says that they move."""
    protocol = _protocol(replicas=scores * replicas, duration="4 ps", equilibration="0.5 ps")
    series = run_series(rotor, _drive(kind="none"), protocol)
    parts = np.split(series.coordinate, scores)
    return sum(p_value_of_zero(velocities(part, series.time_ps)) < 0.05 for part in parts)


def test_undriven_rotors_seldom_seem_to_move(rotor: Assembly, run_series: Runner) -> None:
    """30 sets, 5 % false alarms each: at most 6 (chance 6e-4 of more)."""
    assert _false_alarms(rotor, run_series, 30, 4) <= 6


@pytest.mark.slow
def test_five_per_cent_false_alarms_over_two_hundred_seeds(rotor: Assembly, run_series: Runner) -> None:
    """240 sets of 4 replicas, each with its own seeds: binomial bounds, false alarm 1e-3."""
    alarms = _false_alarms(rotor, run_series, 240, 4)
    low, high = np.asarray(stats.binom.ppf([5e-4, 1 - 5e-4], 240, 0.05))
    print(f"{alarms} false alarms in 240")
    assert low <= alarms <= high


@pytest.mark.slow
def test_butane_torsion_is_boltzmann_distributed(run_series: Runner) -> None:
    """Gauche share of butane against the force field's own partition function along the torsion.

    The reference integrates exp(-U/kT) of the relaxed MMFF94 torsion profile; entropy differences
    of the other modes move it by a few per cent, which the tolerance of 6 % (absolute) covers.
    """
    assembly = build(
        loads(
            "name: b\nmachine: {kind: rotor, smiles: 'C[CH2:1][CH2:2]C', axle: [1, 2]}\ndrive: {kind: none}\n"
        )
    )
    carbons = [a.GetIdx() for a in assembly.molecule.GetAtoms() if a.GetSymbol() == "C"]
    ends = [i for i in carbons if i not in assembly.axle]
    first = next(i for i in ends if assembly.molecule.GetBondBetweenAtoms(i, assembly.axle[0]))
    last = next(i for i in ends if i != first)
    chain = (first, *assembly.axle, last)
    grid = np.arange(-180.0, 180.0, 10.0)
    energies = []
    properties = rdForceFieldHelpers.MMFFGetMoleculeProperties(assembly.molecule)
    for degrees in grid:
        molecule = type(assembly.molecule)(assembly.molecule)
        rdMolTransforms.SetDihedralDeg(molecule.GetConformer(), *chain, float(degrees))
        field = rdForceFieldHelpers.MMFFGetMoleculeForceField(molecule, properties)
        field.Initialize()
        field.MMFFAddTorsionConstraint(*chain, False, float(degrees), float(degrees), 1e4)
        field.Minimize(maxIts=2000)
        plain = rdForceFieldHelpers.MMFFGetMoleculeForceField(molecule, properties)
        energies.append(plain.CalcEnergy() * 4.184)
    weight = np.exp(-(np.array(energies) - min(energies)) / thermal_energy(600.0))
    gauche = weight[np.abs(grid) < 120].sum() / weight.sum()
    protocol = _protocol(
        replicas=32,
        duration="150 ps",
        equilibration="30 ps",
        temperature="600 K",
        friction="5 /ps",
        frames="0.5 ps",
    )
    series = run_series(assembly, _drive(kind="none"), protocol)
    start = rdMolTransforms.GetDihedralDeg(assembly.molecule.GetConformer(), *chain)
    torsion = np.degrees(np.angle(np.exp(1j * (series.coordinate + math.radians(start)))))
    share = (np.abs(torsion) < 120).mean(axis=1)
    print(f"gauche share: MD {share.mean():.3f} +- {stats.sem(share):.3f}, profile {gauche:.3f}")
    assert abs(share.mean() - gauche) < 3 * stats.sem(share) + 0.06
