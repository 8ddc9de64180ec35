"""Determinism, checkpoints, platforms and the checks before a run."""

from __future__ import annotations

import errno
import json
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import openmm
import pytest

from molmach import engine
from molmach.building import Assembly
from molmach.engine import Condition, Progress
from molmach.engine import batch as batches
from molmach.engine.batch import run_batch
from molmach.engine.choice import Choice, native_copies, preferred, try_native
from molmach.errors import DivergedError, SimulationError, SpecError
from molmach.spec import Protocol, Spec, load
from molmach.studies.run_folder import read_run
from molmach.studies.simulation import simulate
from tests.helpers.command_line import command, run_molmach
from tests.helpers.machines import BATCHED, NATIVE, ROTOR
from tests.helpers.waiting import GENEROUS, wait_until

SHORT = ["protocol.duration=4 ps", "protocol.equilibration=1 ps", "protocol.replicas=3"]


def _condition(rotor: Assembly, spec: Spec, **changes: object) -> Condition:
    protocol = Protocol.model_validate(spec.protocol.model_dump(mode="json") | changes)
    return engine.prepare("claim", 0, rotor, spec.drive, protocol)


def test_same_spec_and_seed_give_identical_numbers(tmp_path: Path) -> None:
    spec = load(ROTOR, SHORT)
    first = simulate(spec, tmp_path / "a", engine_name="batched", workers=2)
    second = simulate(spec, tmp_path / "b", engine_name="batched", workers=1)
    for name in ("coordinate", "heat", "drive_work", "energy_change", "temperature"):
        for ours, theirs in ((first, second), (first.controls["mirror"], second.controls["mirror"])):
            assert np.array_equal(getattr(ours.series, name), getattr(theirs.series, name)), name


def test_replicas_and_conditions_have_their_own_noise(tmp_path: Path) -> None:
    run = simulate(load(ROTOR, [*SHORT, "drive={kind: none}"]), tmp_path / "a", engine_name="batched")
    ends = np.concatenate([r.series.coordinate[:, -1] for r in (run, *run.controls.values())])
    assert len(set(np.round(ends, 6))) == ends.size


def test_a_finished_run_is_not_simulated_again(tmp_path: Path) -> None:
    spec = load(ROTOR, SHORT)
    simulate(spec, tmp_path / "a", controls=False, engine_name="batched")
    reports: list[Progress] = []
    again = simulate(spec, tmp_path / "a", controls=False, progress=reports.append)
    assert not reports
    assert again.replicas == 3
    with pytest.raises(SpecError, match="holds another run"):
        simulate(load(ROTOR, [*SHORT, "protocol.seed=9"]), tmp_path / "a", controls=False)
    with pytest.raises(SpecError, match="without controls"):
        simulate(spec, tmp_path / "a")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "thesis.tex").write_text("years of work")
    with pytest.raises(SpecError, match="is no finished run of molmach"):
        simulate(spec, tmp_path / "b")
    assert (tmp_path / "b" / "thesis.tex").read_text() == "years of work"


PACKED = Choice("native", "Reference", 2)


@pytest.mark.parametrize("choice", [NATIVE, PACKED, BATCHED], ids=["native", "packed", "batched"])
def test_resuming_from_any_checkpoint_gives_the_same_numbers(
    tmp_path: Path, rotor: Assembly, rotor_spec: Spec, choice: Choice
) -> None:
    condition = _condition(
        rotor, rotor_spec, duration="3 ps", equilibration="1 ps", replicas=2, frames="0.1 ps"
    )
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    tasks = [engine.write_task([condition], choice, directory) for directory in (whole, parts)]
    for number in range(len(tasks[0].batches)):
        assert run_batch(whole, number)
        stops = iter([7, 1, 0, 10])
        left = [next(stops)]

        def stopped(left: list[int] = left) -> bool:
            left[0] -= 1
            return left[0] < 0

        while not run_batch(parts, number, stopped=stopped):
            left[0] = next(stops, 10**9)
        assert len(list(batches.batch_folder(parts, number).glob("block-*.npz"))) == 5
    one, other = (engine.collect(directory, 0.1)[0] for directory in (whole, parts))
    for name in ("coordinate", "heat", "drive_work", "energy_change", "temperature"):
        assert np.array_equal(getattr(one.series, name), getattr(other.series, name)), name
    assert np.array_equal(one.frames, other.frames)


def test_a_damaged_block_is_run_again(tmp_path: Path, rotor: Assembly, rotor_spec: Spec) -> None:
    condition = _condition(rotor, rotor_spec, duration="2 ps", equilibration="0 ps", replicas=2)
    engine.write_task([condition], NATIVE, tmp_path)
    assert not run_batch(tmp_path, 0, stopped=lambda: True)
    assert run_batch(tmp_path, 0)
    folder = batches.batch_folder(tmp_path, 0)
    expected = batches._blocks(folder)[1]["coordinate"]
    damaged = folder / "block-000001.npz"
    damaged.write_bytes(damaged.read_bytes()[:200])
    assert run_batch(tmp_path, 0)
    assert np.array_equal(batches._blocks(folder)[1]["coordinate"], expected)
    with pytest.raises(SimulationError, match="replica 1 is not finished"):
        engine.collect(tmp_path, 0.1)


def test_a_workers_full_disk_is_a_full_disk_here(
    tmp_path: Path, rotor: Assembly, rotor_spec: Spec, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no fault of the machine: one number of the system's, which whoever holds the folder words."""
    full = (
        "import errno, molmach.engine.worker as worker\n"
        "def run_batch(*_): raise OSError(errno.ENOSPC, 'full')\n"
        "worker.run_batch = run_batch\nworker.main()"
    )
    monkeypatch.setattr(
        "molmach.engine.pool._start",
        lambda: subprocess.Popen(
            [sys.executable, "-c", full], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ),
    )
    condition = _condition(rotor, rotor_spec, duration="2 ps", equilibration="0 ps", replicas=2)
    task = engine.write_task([condition], NATIVE, tmp_path)
    with pytest.raises(OSError, match="No space left on device") as caught:
        engine.run_task(tmp_path, task, 1)
    assert caught.value.errno == errno.ENOSPC


def _blocks(out: Path) -> int:
    """Checkpoints of an unfinished run."""
    return len(list(out.with_name(f"{out.name}.unfinished").glob("batches/*/block-*.npz")))


def _killed_after(process: subprocess.Popen[bytes], out: Path, blocks: int, seconds: float) -> bool:
    """Kill -9 a run some time after so many blocks were written; False where it ended before."""
    wait_until(
        lambda: process.poll() is not None or _blocks(out) >= blocks, f"{blocks} blocks are written in {out}"
    )
    time.sleep(seconds)
    ended = process.poll() is not None
    process.kill()
    process.wait()
    return not ended


def _kill_at_random(tmp_path: Path, times: int, seed: int, controls: bool = True) -> None:
    """kill -9 of a run at random moments, from its start to its second block: it must go on each time."""
    out = tmp_path / "run"
    arguments = [
        "simulate", ROTOR, "-o", str(out), "--replicas", "4", "--duration", "24 ps", "--engine", "native",
        "--platform", "Reference", "--set", "protocol.equilibration=1 ps", "--json",
        *([] if controls else ["--no-controls"]),
    ]  # fmt: skip
    rng = random.Random(seed)
    killed = 0
    for _ in range(times):
        blocks = _blocks(out) + rng.choice((0, 1, 1, 2))
        process = subprocess.Popen(
            command(*arguments), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        killed += _killed_after(process, out, blocks, rng.uniform(0.0, 1.0))
        if out.exists():
            assert json.loads((out / "score.json").read_text())["score"]["replicas"] == 4
            assert (out / "report.html").read_text().rstrip().endswith("</html>")
            read_run(out)
            shutil.rmtree(out)
    assert killed > times / 2
    finished = run_molmach(*arguments)
    assert finished.returncode in (0, 3), finished.stderr
    assert not out.with_name("run.unfinished").exists()
    calm = simulate(
        load(ROTOR, ["protocol.replicas=4", "protocol.duration=24 ps", "protocol.equilibration=1 ps"]),
        tmp_path / "calm",
        controls=controls,
        engine_name="native",
        platform="Reference",  # a trial would choose by speed, which depends on what else is going on
    )
    assert np.array_equal(read_run(out).series.coordinate, calm.series.coordinate)


@pytest.mark.slow
def test_killed_runs_go_on_with_the_same_numbers(tmp_path: Path) -> None:
    _kill_at_random(tmp_path, 1, seed=1, controls=False)


@pytest.mark.slow
def test_twenty_kills(tmp_path: Path) -> None:
    _kill_at_random(tmp_path, 20, seed=2)


def test_workers_end_with_the_process_that_started_them(
    tmp_path: Path, rotor: Assembly, rotor_spec: Spec
) -> None:
    condition = _condition(rotor, rotor_spec, duration="100 ns", replicas=2)
    task = engine.write_task([condition], BATCHED, tmp_path)
    process = subprocess.Popen(
        [sys.executable, "-m", "molmach.engine.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps({"work": str(tmp_path), "batch": 0}) + "\n")
    process.stdin.flush()
    assert "steps" in json.loads(process.stdout.readline())
    process.stdin.close()
    assert process.wait(timeout=GENEROUS) == 0
    assert batches.steps_done(tmp_path, task, 0) > 0


@pytest.mark.parametrize("schema", [None, "molmach.task/1"])
def test_an_unfinished_run_of_another_version_is_named(
    schema: str | None, tmp_path: Path, rotor: Assembly, rotor_spec: Spec
) -> None:
    engine.write_task([_condition(rotor, rotor_spec, replicas=2)], BATCHED, tmp_path)
    content = json.loads((tmp_path / "task.json").read_text())
    assert content.pop("schema") != schema
    (tmp_path / "task.json").write_text(
        json.dumps(content if schema is None else content | {"schema": schema})
    )
    with pytest.raises(SimulationError, match="begun by another version of molmach; remove it"):
        engine.read_task(tmp_path)


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
        simulate(load(ROTOR, [*SHORT, "protocol.timestep=5 fs"]), tmp_path / "a", engine_name="batched")
    with pytest.raises(SpecError, match="not available"):
        simulate(load(ROTOR, [*SHORT, "protocol.seed=8"]), tmp_path / "a", platform="Abacus")
    mended = simulate(load(ROTOR, SHORT), tmp_path / "a", controls=False, engine_name="batched")
    assert mended.replicas == 3


def test_anothers_unfinished_work_is_not_thrown_away(tmp_path: Path) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(
            load(ROTOR, [*SHORT, "protocol.duration=20 ns"]), tmp_path / "a", engine_name="batched",
            progress=interrupt,
        )  # fmt: skip
    assert list((tmp_path / "a.unfinished").rglob("block-*.npz"))
    with pytest.raises(SpecError, match="holds another unfinished run"):
        simulate(load(ROTOR, SHORT), tmp_path / "a", engine_name="batched")


def test_an_exploding_run_is_one_clear_error(tmp_path: Path) -> None:
    spec = load(ROTOR, [*SHORT, "drive.field=3000 V/nm"])
    with pytest.raises(DivergedError, match="expected a shorter protocol"):
        simulate(spec, tmp_path / "a", controls=False, engine_name="batched")
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"timestep": "2 fs", "constraints": "none", "hydrogen_mass": None, "sampling": "0.1 ps"}, None),
        ({"timestep": "2.5 fs", "constraints": "none"}, "too long for the stiffest bond"),
        ({"timestep": "10 fs"}, "too long for the stiffest bond"),
        ({"friction": "500 /ps"}, r"8\.2 % too fast; expected a protocol\.timestep of at most 0\.98 fs"),
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


@pytest.mark.parametrize("choice", [NATIVE, BATCHED], ids=["native", "batched"])
def test_constraints_and_heavy_hydrogens_hold_over_a_run(
    tmp_path: Path, rotor: Assembly, rotor_spec: Spec, choice: Choice
) -> None:
    condition = _condition(
        rotor, rotor_spec, timestep="3 fs", sampling="0.09 ps", duration="9 ps", equilibration="1.8 ps",
        hydrogen_mass="3 u", replicas=2, frames="0.09 ps",
    )  # fmt: skip
    task = engine.write_task([condition], choice, tmp_path)
    for number in range(len(task.batches)):
        run_batch(tmp_path, number)
    frames = engine.collect(tmp_path, 0.09)[0].frames
    for i in range(condition.system.getNumConstraints()):
        first, second, length = condition.system.getConstraintParameters(i)
        bond = np.linalg.norm(frames[:, :, first] - frames[:, :, second], axis=-1)
        np.testing.assert_allclose(bond, length._value, rtol=2e-5)


def test_anchors_hold_the_stator(tmp_path: Path, rotor: Assembly, rotor_spec: Spec) -> None:
    condition = _condition(rotor, rotor_spec, duration="10 ps", replicas=2, frames="0.1 ps")
    engine.write_task([condition], BATCHED, tmp_path)
    run_batch(tmp_path, 0)
    frames = engine.collect(tmp_path, 0.1)[0].frames
    moved = frames[:, :, list(rotor.stator)] - rotor.positions_nm[list(rotor.stator)]
    assert np.sqrt((moved**2).mean()) < 0.03


def test_another_choice_must_win_clearly() -> None:
    """The first choice stands unless another has 1.2 times its throughput, cores and GPU counted."""

    def timed(engine: str, platform: str, us: float) -> Choice:
        return Choice(engine, platform, 1, us)

    batched, reference = timed("batched", "compiled", 2.0), timed("native", "Reference", 40.0)
    assert preferred([batched, reference], 2) is batched
    assert preferred([timed("batched", "compiled", 50.0), reference], 2) is reference
    assert preferred([timed("batched", "compiled", 45.0), reference], 2).engine == "batched"
    gpu = timed("native", "CUDA", 0.5)
    assert preferred([batched, reference, gpu], 2) is gpu
    assert preferred([batched, reference, gpu], 16) is batched


def test_what_is_asked_for_is_taken_or_refused(rotor: Assembly, rotor_spec: Spec) -> None:
    condition = _condition(rotor, rotor_spec)
    assert engine.choose([condition], "native", "CPU").platform == "CPU"
    assert engine.choose([condition], "batched", None).engine == "batched"
    with pytest.raises(SpecError, match="accepted: Reference"):
        engine.choose([condition], "native", "Abacus")
    with pytest.raises(SpecError, match="uses none"):
        engine.choose([condition], "batched", "Reference")
    with pytest.raises(SpecError, match="accepted: auto, native, batched"):
        engine.choose([condition], "steam", None)


def test_a_gpu_gets_many_replicas_in_one_context(rotor: Assembly, rotor_spec: Spec) -> None:
    condition = _condition(rotor, rotor_spec, replicas=300)
    assert native_copies(condition, "Reference") == 1
    assert native_copies(condition, "CUDA") == 300
    assert try_native(condition, "Reference", 3).us_per_step_per_replica > 0.0


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
    engine.write_task([condition], Choice("native", name, 2), tmp_path)
    assert run_batch(tmp_path, 0)
