"""A claim with its controls: from a spec to a finished run folder.

Work in progress lives in ``<run folder>.unfinished``; the run folder itself appears in one piece,
by renaming, when everything in it is there. The same command goes on where a killed one stopped.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from molmach import drives, engine
from molmach.building import Assembly, build, mirror
from molmach.data import Performance, Run
from molmach.engine import Choice, Collected, Condition, Progress
from molmach.errors import ScoreError, SpecError
from molmach.spec import Spec
from molmach.studies.run_folder import read_document, read_run, write_run
from molmach.studies.work_folder import locked, write_whole


def simulate(
    spec: Spec,
    out: str | Path | None = None,
    *,
    controls: bool = True,
    engine_name: str = "auto",
    platform: str | None = None,
    workers: int | None = None,
    progress: Callable[[Progress], None] = lambda progress: None,
) -> Run:
    """Simulate a machine and its controls, score them, and write the run folder.

    Parameters
    ----------
    spec
        What to simulate.
    out
        Run folder; default ``runs/<name>-<first twelve characters of the key>``. If it holds a
        finished run of the same spec, that run is returned and nothing is simulated.
    controls
        Whether to run the undriven and mirror controls; without them the score says so.
    engine_name
        ``auto`` (the faster in a trial), ``batched`` or ``native``.
    platform
        OpenMM platform of the native engine; default the fastest in a trial.
    workers
        Worker processes; default one a core, or one on a GPU.
    progress
        Called as steps are done.

    Raises
    ------
    SpecError, BuildError, ForceFieldError
        The spec can't be simulated.
    SimulationError
        The dynamics went wrong.
    """
    if workers is not None and workers < 1:
        raise SpecError(f"--workers {workers}: expected one or more")
    folder = folder_of(spec, out, controls)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        return _finished(spec, folder, controls)
    conditions = _conditions(spec, controls)
    work = folder.with_name(folder.name + ".unfinished")
    with locked(work):
        if folder.is_dir() and any(folder.iterdir()):  # finished by another process while we waited
            return _finished(spec, folder, controls)
        _claim_work(work, spec, controls)
        choice = _choice(work, conditions, engine_name, platform)
        task = engine.write_task(conditions, choice, work)
        count = engine.worker_count(task.platform, len(task.batches), workers)
        engine.run_task(work, task, count, progress)
        collected = engine.collect(work, spec.protocol.sampling)
        run = _assemble_run(spec, conditions, collected, folder, choice, count)
        result = work / "result"
        shutil.rmtree(result, ignore_errors=True)
        write_run(run, collected, result)
        folder.parent.mkdir(parents=True, exist_ok=True)
        result.replace(folder)
        shutil.rmtree(work, ignore_errors=True)
    return run


def simulate_here(spec: Spec, *, controls: bool = False, out: Path | None = None) -> Run:
    """Simulate in this process, on one core and with the ``batched`` engine.

    For the many short runs of a campaign, which bring their own parallelism and their own records. A
    run folder is written only where ``out`` names one. The numbers are those that :func:`simulate`
    gives for the same spec and engine.

    Raises
    ------
    SpecError, BuildError, ForceFieldError, SimulationError
        As :func:`simulate`.
    """
    conditions = _conditions(spec, controls)
    engine.compile_kernels(conditions[:1])
    choice = Choice("batched", engine.COMPILED, copies=engine.LANES)
    with tempfile.TemporaryDirectory(prefix="molmach-") as name:
        work = Path(name)
        task = engine.write_task(conditions, choice, work)
        for number in range(len(task.batches)):
            engine.run_batch(work, number)
        collected = engine.collect(work, spec.protocol.sampling)
    run = _assemble_run(spec, conditions, collected, out, choice, 1)
    if out is not None:
        write_run(run, collected, out)
    return run


def folder_of(spec: Spec, out: str | Path | None, controls: bool) -> Path:
    """Where a run of ``spec`` is written."""
    if out is not None:
        return Path(out).resolve()
    suffix = "" if controls else "-uncontrolled"
    return Path("runs").resolve() / f"{spec.name}-{spec.key[:12]}{suffix}"


def _claim_work(work: Path, spec: Spec, controls: bool) -> None:
    """Note in the work folder what it is for, or check that it is for the same.

    A folder of another spec in which nothing was computed yet holds nothing to lose, and is taken over.
    """
    note = work / "plan.json"
    plan = {"key": spec.key, "controls": controls}
    found = json.loads(note.read_text()) if note.is_file() else None
    if found == plan:
        return
    if found is not None and any(work.rglob("block-*.npz")):
        raise SpecError(
            f"{work}: holds the unfinished run of another spec or without the same controls "
            f"(key {str(found['key'])[:12]}); remove it or choose another -o folder"
        )
    for part in work.iterdir():
        if part.is_dir():
            shutil.rmtree(part)
        elif part.name != "lock":
            part.unlink()
    write_whole(note, json.dumps(plan))


def _conditions(spec: Spec, controls: bool) -> list[Condition]:
    """The claim, and its undriven and mirrored twins."""
    assembly = build(spec)
    pairs: list[tuple[str, Assembly, Any]] = [("claim", assembly, spec.drive)]
    if controls:
        pairs.append(("undriven", assembly, drives.undriven(spec.drive)))
        pairs.append(("mirror", mirror(assembly), drives.mirror(spec.drive)))
    return [
        engine.prepare(name, label, machine, drive, spec.protocol)
        for label, (name, machine, drive) in enumerate(pairs)
    ]


def _choice(work: Path, conditions: list[Condition], wanted: str, platform: str | None) -> Choice:
    """Engine and platform of the run: as the unfinished run has them, or else chosen now."""
    if not (work / "task.json").is_file():
        return engine.choose(conditions, wanted, platform)
    task = engine.read_task(work)
    for flag, asked, before in (("engine", wanted, task.engine), ("platform", platform, task.platform)):
        if asked not in (None, "auto", before):
            raise SpecError(
                f"--{flag} {asked}: the unfinished run in {work} uses {before}; go on with that or remove it"
            )
    return Choice(task.engine, task.platform, copies=1)


def _assemble_run(
    spec: Spec,
    conditions: list[Condition],
    collected: list[Collected],
    folder: Path | None,
    choice: Choice,
    workers: int,
) -> Run:
    steps = spec.protocol.total_steps * spec.protocol.replicas * len(conditions)
    us = sum(part.seconds for part in collected) / steps * 1e6
    performance = Performance(
        us_per_step_per_replica=us,
        ns_per_day=workers * spec.protocol.timestep * 1e-3 / (us * 1e-6) * 86400.0,
        engine=choice.engine,
        platform=choice.platform,
        workers=workers,
        compile_seconds=choice.compile_seconds,
    )
    runs = {
        condition.name: Run(spec, condition.assembly, condition.drive, part.series, performance)
        for condition, part in zip(conditions, collected, strict=True)
    }
    claim = runs.pop("claim")
    return replace(claim, controls=runs, run_dir=folder)


def _finished(spec: Spec, folder: Path, controls: bool) -> Run:
    """The finished run that stands where this one would go, if it is of the same spec."""
    try:
        document = read_document(folder)
    except ScoreError as error:
        raise SpecError(f"-o {folder}: exists and is not a run of molmach; choose another folder") from error
    if document["key"] != spec.key:
        raise SpecError(
            f"-o {folder}: holds the run of another spec (key {document['key'][:12]}, this one's is "
            f"{spec.key[:12]}); choose another folder"
        )
    if controls and not document["score"]["controlled"]:
        raise SpecError(
            f"-o {folder}: holds this run without controls; choose another folder, or add --no-controls"
        )
    return read_run(folder)
