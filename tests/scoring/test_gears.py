"""Wheels that turn wheels: a molecular bevel gear, one whose teeth don't reach, and series whose truth is known."""

from __future__ import annotations

import json
from pathlib import Path

import mdtraj
import numpy as np
import pytest
from typer.testing import CliRunner

from molmach import engine
from molmach.building import Assembly, Follower, RotorAngle, build, mirror, read_sdf, write_structure
from molmach.building.rotor import Rotor
from molmach.cli.main import app
from molmach.cli.options import OPTIONS
from molmach.data import Motion, Run
from molmach.engine.batch import run_batch
from molmach.errors import BuildError, MolmachError, SpecError
from molmach.scoring import score
from molmach.scoring.gearing import slips
from molmach.spec import Spec, load, loads
from molmach.studies.simulation import simulate
from molmach.units import TURN
from tests.helpers.machines import BATCHED, NATIVE, built
from tests.helpers.runs import run_of, series_of

GEAR = "triptycyl-ether-gear"


@pytest.fixture(scope="module")
def gear() -> Assembly:
    return built(GEAR)


def _spaced() -> Spec:
    """The library's gear with two triple bonds between each wheel and the oxygen: the teeth don't meet."""
    machine = load(GEAR).machine
    assert isinstance(machine, Rotor)
    smiles = machine.smiles.replace("[O:1]", "C#CC#C[O:1]C#CC#C")
    changes = ["protocol.duration=40 ps", "protocol.equilibration=5 ps", "protocol.frames=40 ps"]
    return load(GEAR, [f"machine.smiles={smiles!r}", *changes])


def _twist(assembly: Assembly, axle: tuple[int, ...], atoms: tuple[int, ...], turn: float) -> np.ndarray:
    """Positions with a part turned about its axle (Rodrigues)."""
    positions = assembly.positions_nm.copy()
    first, second = positions[list(axle)]
    n = (second - first) / np.linalg.norm(second - first)
    r = positions[list(atoms)] - first
    positions[list(atoms)] = (
        first + np.cos(turn) * r + np.sin(turn) * np.cross(n, r) + (1 - np.cos(turn)) * np.outer(r @ n, n)
    )
    return positions


def test_parts_of_a_gear(gear: Assembly) -> None:
    """Both wheels turn, and the bridgeheads on their axles are anchored and not counted as turning."""
    second = gear.followers["second"]
    assert len(gear.rotor) == len(second.atoms) == 32
    assert not {*gear.rotor} & {*second.atoms}
    assert not {*gear.stator} & {*gear.rotor, *second.atoms}
    assert gear.axle[0] == second.axle[0]
    assert {gear.axle[1], second.axle[1]} < {*gear.stator}


@pytest.mark.parametrize("turn", [0.3, -1.2, 3.0])
def test_a_followers_angle_is_counter_clockwise_about_its_own_axle(gear: Assembly, turn: float) -> None:
    second = gear.followers["second"]
    turned = _twist(gear, second.axle, second.atoms, turn)
    assert RotorAngle.of_follower(gear, second)(turned) == pytest.approx(turn, abs=1e-9)
    assert RotorAngle.of(gear)(turned) == pytest.approx(0.0, abs=1e-9)
    image = mirror(gear)
    angle = RotorAngle.of_follower(image, image.followers["second"])
    assert angle(turned * [1, -1, 1]) == pytest.approx(-turn, abs=1e-9)


def test_a_gears_files_read_back(tmp_path: Path, gear: Assembly) -> None:
    write_structure(gear, tmp_path)
    assert read_sdf(tmp_path / "assembly.sdf", "MMFF94").followers == gear.followers


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("machine.followers.second.axle=[1, 9]", "followers.second.axle names atom-map number 9"),
        ("machine.followers.second.tooth=3", "did you mean 'teeth'. accepted here: axle, teeth, gear_ratio"),
        ("machine.followers.second.teeth=0", "machine.followers.second.teeth: got 0"),
        ("machine.followers.second.gear_ratio=0", "expected a ratio other than zero"),
    ],
)
def test_what_a_follower_cannot_be_is_named(change: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        load(GEAR, [change])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("machine.followers.second.axle=[1, 2]", "shares atoms with the rotor"),
        ("machine.stator=[1, 2]", "beside machine.followers.second.axle"),
    ],
)
def test_a_gear_that_cannot_be_built_is_named(change: str, message: str) -> None:
    with pytest.raises(BuildError, match=message):
        build(load(GEAR, [change]))


def test_an_anchor_beside_the_axle_is_refused() -> None:
    biphenyl = "c1cc[c:1](cc1)-[c:2]1[cH:4]c[cH:3]cc1"
    machine = f"{{kind: rotor, smiles: '{biphenyl}', axle: [1, 2], stator: [1, 3, NUMBER]}}"
    text = f"name: t\nmachine: {machine}\ndrive: {{kind: none}}\n"
    assert len(build(loads(text.replace(", NUMBER", ""))).rotor) == 10
    with pytest.raises(BuildError, match=r"number 4 \(C\) turns about an axle that it lies 0\.1\d nm beside"):
        build(loads(text.replace("NUMBER", "4")))


def test_gear_ratio_and_slips_of_series_whose_truth_is_known() -> None:
    """Wheels of three and six teeth; the follower loses a tooth twice in every replica, once each way."""
    rng = np.random.default_rng(3)
    rotor = np.cumsum(rng.normal(0.02, 0.1, (8, 4001)), axis=1)
    rattle = rng.normal(0.0, 0.05, rotor.shape)
    meshed = -0.5 * rotor + rattle
    wheel = Follower((0, 1), (2,), teeth=6, gear_ratio=-0.5)
    assert slips(rotor, meshed, wheel).sum() == 0
    free = np.cumsum(rng.normal(0.0, 0.1, rotor.shape), axis=1)
    motion = Motion(0.1 * np.arange(float(rotor.shape[1])), rotor, followers={"meshed": meshed, "free": free})
    estimates = score(motion).estimates
    ratio = estimates["gear_ratio_meshed"]
    assert ratio.ci95[0] < -0.5 < ratio.ci95[1]
    assert ratio.ci95[1] - ratio.ci95[0] < 0.02
    lost = meshed.copy()
    lost[:, 1000:3000] += 1.05 * TURN / 6
    assert slips(rotor, lost, wheel).tolist() == [2] * 8
    assert abs(estimates["gear_ratio_free"].value) < 0.1


def test_a_control_that_the_follower_fails_fails(gear: Assembly) -> None:
    """The rotor's own controls agree; in the mirror image the follower stands still."""
    rng = np.random.default_rng(1)
    time_ps = np.linspace(0.0, 200.0, 401)

    def run(drift: float, follows: float) -> Run:
        angle = TURN * (drift * time_ps / 200.0 + rng.normal(0, 0.05, (8, 1)) * time_ps / 200.0)
        second = -follows * angle + rng.normal(0, 0.05, (8, 1)) * time_ps / 200.0
        return run_of(load(GEAR), gear, series_of(time_ps, angle, followers=second[None]))

    claim, undriven = run(4.0, 1.0), run(0.0, 1.0)
    for follows, verdict in ((1.0, "forward"), (0.0, "failed")):
        claim.controls.update(undriven=undriven, mirror=run(-4.0, follows))
        result = score(claim)
        assert result.verdict == verdict
        assert result.controls["undriven"].followers["second"].passed
        assert result.controls["mirror"].followers["second"].passed == (verdict == "forward")
    assert "second mirror image does not go" in result.controls["mirror"].statement
    assert result.to_json()["gear_ratio_second"]["value"] == pytest.approx(-1.0, abs=0.02)


def test_a_geared_trajectory_of_anyones_is_scored(tmp_path: Path, gear: Assembly) -> None:
    write_structure(gear, tmp_path)
    topology = mdtraj.load_pdb(str(tmp_path / "topology.pdb")).topology
    second = gear.followers["second"]
    for replica in range(2):
        turns = np.linspace(0.0, 9.0 + replica, 40)
        frames = [_twist(gear, gear.axle, gear.rotor, turn) for turn in turns]
        for frame, turn in zip(frames, turns, strict=True):
            turned = _twist(gear, second.axle, second.atoms, -0.5 * turn)
            frame[list(second.atoms)] = turned[list(second.atoms)]
        mdtraj.Trajectory(np.array(frames), topology, time=np.arange(40.0)).save(f"{tmp_path}/{replica}.dcd")

    def listed(atoms: tuple[int, ...]) -> str:
        return ",".join(str(i) for i in atoms)

    wheels = ["--axle", listed(gear.axle), "--rotor", listed(gear.rotor)]
    wheels += ["--follower-axle", listed(second.axle), "--follower", listed(second.atoms)]
    files = [
        "--top",
        f"{tmp_path}/topology.pdb",
        "--traj",
        f"{tmp_path}/0.dcd",
        "--traj",
        f"{tmp_path}/1.dcd",
    ]
    result = CliRunner().invoke(app, ["score", *files, *wheels, "--frame-interval", "1 ps", "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)["score"]
    assert found["gear_ratio_follower"]["value"] == pytest.approx(-0.5, abs=1e-3)
    assert found["net_turns"]["value"] == pytest.approx(9.5 / TURN, abs=1e-3)
    missing = CliRunner().invoke(app, ["score", *files, *wheels[:-2]])
    assert isinstance(missing.exception, MolmachError)
    assert "--follower: missing" in missing.exception.worded(OPTIONS)


@pytest.mark.parametrize("choice", [BATCHED, NATIVE], ids=["batched", "native"])
def test_both_engines_sample_the_follower(choice: engine.Choice, gear: Assembly, tmp_path: Path) -> None:
    """What is sampled is the angle of the stored frames."""
    spec = load(GEAR, ["protocol.replicas=2", "protocol.duration=2 ps", "protocol.equilibration=0.2 ps"])
    condition = engine.prepare("claim", 0, gear, spec.drive, spec.protocol)
    for batch in range(len(engine.write_task([condition], choice, tmp_path).batches)):
        assert run_batch(tmp_path, batch)
    found = engine.collect(tmp_path, spec.protocol.sampling)[0]
    angle = RotorAngle.of_follower(gear, gear.followers["second"])(found.frames.astype(float))
    assert found.series.followers.shape == (1, 2, 21)
    np.testing.assert_allclose(np.exp(1j * found.series.followers[0][:, ::10]), np.exp(1j * angle), atol=1e-5)
    assert np.ptp(found.series.followers) > 1e-3


@pytest.mark.slow
def test_the_gear_meshes(tmp_path: Path) -> None:
    """Velocity within 5 standard errors of the drag of both wheels (false alarm 1e-4 with 15 degrees)."""
    spec = load(GEAR, ["protocol.duration=40 ps", "protocol.equilibration=5 ps", "protocol.frames=40 ps"])
    run = simulate(spec, tmp_path / "run", controls=False, engine_name="batched", workers=1)
    result = score(run)
    ratio = result.estimates["gear_ratio_second"]
    assert ratio.value == pytest.approx(-1.0, abs=0.05)
    assert result.estimates["slips_second"].value == 0.0
    inertia = run.assembly.moment_of_inertia()
    expected = 10.0 / (2.0 * 2.0 * inertia) / TURN * 1e3
    half = result.velocity.ci95[1] - result.velocity.value
    assert abs(result.velocity.value - expected) < 2.4 * half


@pytest.mark.slow
def test_wheels_too_far_apart_do_not_mesh(tmp_path: Path) -> None:
    """The same wheels on long spacers: the driven one turns alone, twice as fast, and the other diffuses."""
    result = score(simulate(_spaced(), tmp_path / "run", controls=False, engine_name="batched", workers=1))
    ratio = result.estimates["gear_ratio_second"]
    assert abs(ratio.value) < 0.2
    assert ratio.ci95[0] - 0.05 < 0.0 < ratio.ci95[1] + 0.05
    assert result.estimates["slips_second"].value > 3.0
    assert result.velocity.value > 30.0
