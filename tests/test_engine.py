"""Determinism, checkpoints, platforms and the checks before a run."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import openmm
import pytest

from molmach import engine
from molmach.build import Assembly
from molmach.engine import Condition, Progress
from molmach.engine import replica as replicas
from molmach.engine.replica import run_replica
from molmach.errors import SimulationError, SpecError
from molmach.experiment import simulate
from molmach.run_folder import read_run
from molmach.spec import Protocol, Spec, load

from .conftest import ROTOR

SHORT = ["protocol.duration=4 ps", "protocol.equilibration=1 ps", "protocol.replicas=3"]


def _condition(rotor: Assembly, spec: Spec, **changes: object) -> Condition:
    protocol = Protocol.model_validate(spec.protocol.model_dump(mode="json") | changes)
    return engine.prepare("claim", 0, rotor, spec.drive, protocol)


def test_same_spec_and_seed_give_identical_numbers(tmp_path: Path) -> None:
    spec = load(ROTOR, SHORT)
    first = simulate(spec, tmp_path / "a", workers=2)
    second = simulate(spec, tmp_path / "b", workers=1)
    for name in ("angle", "heat", "drive_work", "energy_change", "temperature"):
        for ours, theirs in ((first, second), (first.controls["mirror"], second.controls["mirror"])):
            assert np.array_equal(getattr(ours.series, name), getattr(theirs.series, name)), name


def test_replicas_and_conditions_have_their_own_noise(tmp_path: Path) -> None:
    run = simulate(load(ROTOR, [*SHORT, "drive={kind: none}"]), tmp_path / "a")
    ends = np.concatenate([r.series.angle[:, -1] for r in (run, *run.controls.values())])
    assert len(set(np.round(ends, 6))) == ends.size


def test_a_finished_run_is_not_simulated_again(tmp_path: Path) -> None:
    spec = load(ROTOR, SHORT)
    simulate(spec, tmp_path / "a", controls=False)
    told: list[Progress] = []
    again = simulate(spec, tmp_path / "a", controls=False, progress=told.append)
    assert not told
    assert again.replicas == 3
    with pytest.raises(SpecError, match="holds the run of another spec"):
        simulate(load(ROTOR, [*SHORT, "protocol.seed=9"]), tmp_path / "a", controls=False)
    with pytest.raises(SpecError, match="without controls"):
        simulate(spec, tmp_path / "a")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "thesis.tex").write_text("years of work")
    with pytest.raises(SpecError, match="not a run of molmach"):
        simulate(spec, tmp_path / "b")
    assert (tmp_path / "b" / "thesis.tex").read_text() == "years of work"


def test_resuming_from_any_checkpoint_gives_the_same_numbers(
    tmp_path: Path, rotor: Assembly, rotor_spec: Spec
) -> None:
    condition = _condition(rotor, rotor_spec, duration="3 ps", equilibration="1 ps", replicas=2)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    for directory in (whole, parts):
        engine.write_condition(condition, directory, "Reference")
    for replica in range(2):
        assert run_replica(whole, replica)
        stops = iter([7, 1, 0, 20])
        left = [next(stops)]

        def stopped(left: list[int] = left) -> bool:
            left[0] -= 1
            return left[0] < 0

        while not run_replica(parts, replica, stopped=stopped):
            left[0] = next(stops, 10**9)
        assert len(list((parts / f"replica-{replica:05d}").glob("block-*.npz"))) == 5
    one, other = (engine.collect(directory, 0.1) for directory in (whole, parts))
    for name in ("angle", "heat", "drive_work", "energy_change", "temperature"):
        assert np.array_equal(getattr(one.series, name), getattr(other.series, name)), name
    assert np.array_equal(one.frames, other.frames)


def test_a_damaged_block_is_run_again(tmp_path: Path, rotor: Assembly, rotor_spec: Spec) -> None:
    condition = _condition(rotor, rotor_spec, duration="2 ps", equilibration="0 ps", replicas=2)
    engine.write_condition(condition, tmp_path, "Reference")
    assert not run_replica(tmp_path, 0, stopped=lambda: True)
    assert run_replica(tmp_path, 0)
    expected = replicas._blocks(tmp_path / "replica-00000")[1]["angle"]
    damaged = tmp_path / "replica-00000" / "block-000001.npz"
    damaged.write_bytes(damaged.read_bytes()[:200])
    assert run_replica(tmp_path, 0)
    assert np.array_equal(replicas._blocks(tmp_path / "replica-00000")[1]["angle"], expected)
    with pytest.raises(SimulationError, match="replica 1 is not finished"):
        engine.collect(tmp_path, 0.1)


def _kill_at_random(tmp_path: Path, times: int, seed: int) -> None:
    """kill -9 of a run's whole process tree at random moments: it must go on each time."""
    out = tmp_path / "run"
    arguments = [
        "simulate", ROTOR, "-o", str(out), "--replicas", "4", "--duration", "24 ps",
        "--set", "protocol.equilibration=1 ps", "--json",
    ]  # fmt: skip
    command = [sys.executable, "-m", "molmach.cli.main", *arguments]
    rng = random.Random(seed)
    killed = 0
    for _ in range(times):
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
        )
        time.sleep(rng.uniform(0.2, 5.0))
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            killed += 1
        process.wait()
        if out.exists():
            assert json.loads((out / "score.json").read_text())["score"]["replicas"] == 4
            assert (out / "report.html").read_text().rstrip().endswith("</html>")
            read_run(out)
            shutil.rmtree(out)
    assert killed > times / 2
    finished = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert finished.returncode in (0, 3), finished.stderr
    assert not out.with_name("run.unfinished").exists()
    calm = simulate(
        load(ROTOR, ["protocol.replicas=4", "protocol.duration=24 ps", "protocol.equilibration=1 ps"]),
        tmp_path / "calm",
    )
    assert np.array_equal(read_run(out).series.angle, calm.series.angle)


def test_killed_runs_go_on_with_the_same_numbers(tmp_path: Path) -> None:
    _kill_at_random(tmp_path, 4, seed=1)


@pytest.mark.slow
def test_twenty_kills(tmp_path: Path) -> None:
    _kill_at_random(tmp_path, 20, seed=2)


def test_workers_end_with_the_process_that_started_them(
    tmp_path: Path, rotor: Assembly, rotor_spec: Spec
) -> None:
    condition = _condition(rotor, rotor_spec, duration="1 ns", replicas=2)
    engine.write_condition(condition, tmp_path, "Reference")
    process = subprocess.Popen(
        [sys.executable, "-m", "molmach.engine.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps({"directory": str(tmp_path), "replica": 0}) + "\n")
    process.stdin.flush()
    assert "steps" in json.loads(process.stdout.readline())
    process.stdin.close()
    assert process.wait(timeout=20) == 0
    assert replicas.steps_done(tmp_path, 0, 50) > 0


def test_two_processes_cannot_work_on_one_run(tmp_path: Path) -> None:
    import fcntl

    work = tmp_path / "a.unfinished"
    work.mkdir()
    with (work / "lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        with pytest.raises(SimulationError, match="another molmach process"):
            simulate(load(ROTOR, SHORT), tmp_path / "a")


def test_a_mistake_does_not_block_the_folder_for_the_mended_spec(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="too long"):
        simulate(load(ROTOR, [*SHORT, "protocol.timestep=5 fs"]), tmp_path / "a")
    with pytest.raises(SpecError, match="not available"):
        simulate(load(ROTOR, [*SHORT, "protocol.seed=8"]), tmp_path / "a", platform="Abacus")
    assert simulate(load(ROTOR, SHORT), tmp_path / "a", controls=False).replicas == 3


def test_anothers_unfinished_work_is_not_thrown_away(tmp_path: Path) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(load(ROTOR, [*SHORT, "protocol.duration=200 ps"]), tmp_path / "a", progress=interrupt)
    assert list((tmp_path / "a.unfinished").rglob("block-*.npz"))
    with pytest.raises(SpecError, match="unfinished run of another spec"):
        simulate(load(ROTOR, SHORT), tmp_path / "a")


def test_an_exploding_run_is_one_clear_error(tmp_path: Path) -> None:
    spec = load(ROTOR, [*SHORT, "drive.field=3000 V/nm"])
    with pytest.raises(SimulationError, match="expected a shorter protocol"):
        simulate(spec, tmp_path / "a", controls=False)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"timestep": "2 fs", "constraints": "none", "hydrogen_mass": None, "sampling": "0.1 ps"}, None),
        ({"timestep": "2.5 fs", "constraints": "none"}, "too long for the stiffest bond"),
        ({"timestep": "10 fs"}, "too long for the stiffest bond"),
        ({"friction": "600 /ps"}, "relaxes within one step"),
    ],
)
def test_time_steps_are_checked_against_the_stiffest_mode(
    rotor: Assembly, rotor_spec: Spec, changes: dict[str, object], message: str | None
) -> None:
    if message is None:
        _condition(rotor, rotor_spec, **changes)
        return
    with pytest.raises(SpecError, match=message):
        _condition(rotor, rotor_spec, **changes)


def test_constraints_and_heavy_hydrogens_hold_over_a_run(
    tmp_path: Path, rotor: Assembly, rotor_spec: Spec
) -> None:
    condition = _condition(
        rotor, rotor_spec, timestep="3 fs", sampling="0.09 ps", duration="9 ps", equilibration="1.8 ps",
        hydrogen_mass="3 u", replicas=2, frames="0.09 ps",
    )  # fmt: skip
    engine.write_condition(condition, tmp_path, "Reference")
    for replica in range(2):
        run_replica(tmp_path, replica)
    frames = engine.collect(tmp_path, 0.09).frames
    for i in range(condition.system.getNumConstraints()):
        first, second, length = condition.system.getConstraintParameters(i)
        bond = np.linalg.norm(frames[:, :, first] - frames[:, :, second], axis=-1)
        np.testing.assert_allclose(bond, length._value, rtol=2e-5)


def test_anchors_hold_the_stator(tmp_path: Path, rotor: Assembly, rotor_spec: Spec) -> None:
    condition = _condition(rotor, rotor_spec, duration="10 ps", replicas=2, frames="0.1 ps")
    engine.write_condition(condition, tmp_path, "Reference")
    run_replica(tmp_path, 0)
    run_replica(tmp_path, 1)
    frames = engine.collect(tmp_path, 0.1).frames
    moved = frames[:, :, list(rotor.stator)] - rotor.positions_nm[list(rotor.stator)]
    assert np.sqrt((moved**2).mean()) < 0.03


def test_reference_is_preferred_unless_another_platform_wins_clearly(
    rotor: Assembly, rotor_spec: Spec
) -> None:
    condition = _condition(rotor, rotor_spec)
    positions = rotor.positions_nm
    chosen = engine.choose_platform(condition.system, condition.integrator, positions, None)
    times = {
        n: engine.trial(condition.system, condition.integrator, positions, n).us_per_step
        for n in engine.platform_names()
    }
    assert times[chosen] <= 1.5 * min(times.values())
    with pytest.raises(SpecError, match="accepted: Reference"):
        engine.choose_platform(condition.system, condition.integrator, positions, "Abacus")


def test_platforms_agree_on_the_driven_forces(rotor: Assembly, rotor_spec: Spec) -> None:
    forces = []
    for name in engine.platform_names():
        if name not in ("Reference", "CPU"):
            continue
        condition = _condition(rotor, rotor_spec)
        platform = openmm.Platform.getPlatform(name)
        context = openmm.Context(condition.system, condition.integrator, platform)
        context.setPositions(rotor.positions_nm)
        forces.append(context.getState(getForces=True).getForces(asNumpy=True)._value)
    np.testing.assert_allclose(forces[1], forces[0], rtol=1e-4, atol=1e-2)


@pytest.mark.gpu
@pytest.mark.parametrize("name", ["CUDA", "OpenCL", "HIP"])
def test_gpu_platforms_run_the_driven_rotor(
    rotor: Assembly, rotor_spec: Spec, name: str, tmp_path: Path
) -> None:
    if name not in engine.platform_names():
        pytest.skip(f"no {name} platform here")
    condition = _condition(rotor, rotor_spec, duration="10 ps", equilibration="1 ps", replicas=2)
    engine.write_condition(condition, tmp_path, name)
    assert run_replica(tmp_path, 0)
