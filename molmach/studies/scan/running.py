"""Carrying out a scan: every point's batches from one queue, every finished point kept."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import matplotlib
import numpy as np

from molmach import engine
from molmach.building import Assembly, build
from molmach.data import Performance, Run
from molmach.engine import Choice, Condition, Progress
from molmach.errors import SpecError
from molmach.scoring import score
from molmach.scoring.motion import velocity_samples
from molmach.spec import Spec
from molmach.studies.folder import OUT, fresh
from molmach.studies.provenance import code_of, provenance
from molmach.studies.scan import storage
from molmach.studies.scan.diagram import picture
from molmach.studies.scan.page import write_page
from molmach.studies.scan.plan import Plan, PlannedPoint, plan_scan
from molmach.studies.scan.point import Point
from molmach.studies.scan.result import Scan

DEFAULT_CYCLES = 20.0
"""Periods of the drive at each point: with the default 16 replicas a lag is known to some hundredths."""

_CHOICE = Choice("batched", engine.COMPILED, copies=engine.LANES)


def scan(
    spec: Spec,
    over: Mapping[str, str | Sequence[object]],
    out: str | Path | None = None,
    *,
    cycles: float | None = DEFAULT_CYCLES,
    workers: int | None = None,
    progress: Callable[[Progress], None] = lambda progress: None,
) -> Scan:
    """Simulate a machine at every point of a grid of one or two of its file's values.

    The ``batched`` engine runs all points' replicas from one queue. A scan that was stopped or killed
    goes on from its last checkpoints when it is called again, with the numbers that it would have had.

        >>> import molmach
        >>> spec = molmach.load("difluorophenylene-rotor", ["protocol.replicas=64"])
        >>> diagram = molmach.scan(  # doctest: +SKIP
        ...     spec, {"drive.field": "0.1..4 V/nm log 8", "drive.frequency": ["20 GHz", "50 GHz"]}
        ... )
        >>> diagram.followed.shape  # doctest: +SKIP
        (8, 2)

    Parameters
    ----------
    spec
        The machine. Its replicas and seed hold for every point; a point's own seed follows from them and
        its values.
    over
        Key of the machine file -> its values: a text as ``--over`` takes it, or a sequence of values as
        the file has them.
    out
        Folder; default ``runs/<name>-<first twelve characters of the scan's key>-scan``. If it holds this
        scan, finished, that is returned and nothing is simulated.
    cycles
        Periods of the drive that are measured at each point; None for ``protocol.duration``, which also
        holds where the drive has no period.
    workers
        Worker processes; default one a core.
    progress
        Called as steps are done.

    Raises
    ------
    SpecError, BuildError, ForceFieldError
        The scan, or the machine at one of its points, can't be simulated.
    SimulationError
        A worker was lost, or another process is at the same scan. A point whose dynamics fail is no
        error: it has no numbers and says why.
    """
    return run(plan_scan(spec, over, cycles), out, workers=workers, progress=progress)


def run(
    plan: Plan,
    out: str | Path | None = None,
    *,
    workers: int | None = None,
    progress: Callable[[Progress], None] = lambda progress: None,
) -> Scan:
    """Carry a plan out in its folder, or read it where it is finished; parameters as :func:`scan`'s."""
    engine.require_workers(workers)
    folder = plan.folder(out)

    def make(work: Path, conditions: list[Condition]) -> Scan:
        _run_points(plan, conditions, work, workers, progress)
        result = Scan(plan, storage.read_points(plan, work), folder.place)
        made = fresh(work / "result")
        shutil.copytree(work / storage.POINTS, made / storage.POINTS)
        _write(result, made)
        folder.publish(made)
        return result

    return folder.result(partial(read_scan, plan), partial(_conditions, plan), make)


def read_scan(plan: Plan, folder: Path) -> Scan:
    """The scan of a plan from its finished folder.

    Raises
    ------
    SpecError
        A point's record is missing or damaged.
    """
    try:
        return Scan(plan, storage.read_points(plan, folder), folder)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SpecError(
            OUT, f" {folder}: a point's record is missing or damaged ({error}); choose another folder"
        ) from error


def _conditions(plan: Plan) -> list[Condition]:
    """Every point, checked and ready; points with the same machine share one structure."""
    built: dict[str, Assembly] = {}
    conditions = []
    for point in plan.points:
        machine = f"{point.built.machine.model_dump_json()} {point.built.protocol.force_field}"
        if machine not in built:
            built[machine] = build(point.built)
        spec = point.spec
        conditions.append(engine.prepare("claim", 0, built[machine], spec.drive, spec.protocol))
    return conditions


def _run_points(
    plan: Plan,
    conditions: list[Condition],
    work: Path,
    workers: int | None,
    progress: Callable[[Progress], None],
) -> None:
    """Run what is not finished; every point's record is written when its last replica is done."""
    pairs = zip(plan.points, conditions, strict=True)
    todo = [(point, condition) for point, condition in pairs if not storage.has_point(work, point)]
    places = [work / "tasks" / point.spec.key for point, _ in todo]
    engine.compile_kernels(condition for _, condition in todo)
    tasks = []
    for (_, condition), place in zip(todo, places, strict=True):
        place.mkdir(parents=True, exist_ok=True)
        tasks.append((place, engine.write_task([condition], _CHOICE, place)))

    def finished(number: int) -> None:
        point, condition = todo[number]
        storage.write_point(_finished_point(point, condition.assembly, places[number]), work)
        shutil.rmtree(places[number])

    def failed(number: int, problem: str) -> None:
        point, condition = todo[number]
        storage.write_point(_failed_point(point, condition.assembly, problem), work)

    before = sum(point.spec.protocol.total_steps * point.spec.protocol.replicas for point in plan.points)
    before -= sum(task.replica_steps for _, task in tasks)

    def report(done: Progress) -> None:
        progress(Progress(before + done.done, before + done.total))

    batches = sum(len(task.batches) for _, task in tasks)
    count = engine.worker_count(engine.COMPILED, batches, workers)
    engine.run_tasks(tasks, count, report, finished, failed)


def _finished_point(planned: PlannedPoint, assembly: Assembly, place: Path) -> Point:
    spec = planned.spec
    collected = engine.collect(place, spec.protocol.sampling)[0]
    us = collected.seconds / (spec.protocol.total_steps * spec.protocol.replicas) * 1e6
    speed = Performance(us, spec.protocol.timestep * 86400.0 / (us * 1e-3), "batched", engine.COMPILED, 1)
    run = Run(spec, assembly, spec.drive, collected.series, speed)
    intact = bool(collected.series.intact.all())
    result = score(run)
    problem = "" if intact else result.warnings[0]
    return Point(
        planned.values,
        spec,
        velocity_samples(run) if intact else np.zeros(0),
        result.to_json() if intact else {},
        float(np.linalg.norm(assembly.rotor_dipole_debye)),
        assembly.moment_of_inertia(),
        collected.seconds,
        problem,
    )


def _failed_point(planned: PlannedPoint, assembly: Assembly, problem: str) -> Point:
    dipole, inertia = float(np.linalg.norm(assembly.rotor_dipole_debye)), assembly.moment_of_inertia()
    return Point(planned.values, planned.spec, np.zeros(0), {}, dipole, inertia, 0.0, problem)


def _write(result: Scan, directory: Path) -> None:
    """Every file of a scan's folder but the points' records, the page among them; the document comes last."""
    spec = result.plan.spec
    origin = provenance(code_of(spec), key=result.plan.key, seed=spec.protocol.seed, engine="batched")
    figure = picture(result)
    figure.savefig(directory / "diagram.png", dpi=160)
    with matplotlib.rc_context({"svg.hashsalt": result.plan.key}):
        figure.savefig(directory / "diagram.svg", metadata={"Date": None})
    write_page(result, origin, directory / "report.html")
    storage.write_scan(result, origin, directory)
