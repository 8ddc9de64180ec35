"""Carrying out a scan: every point's batches from one queue, every finished point kept."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

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
from molmach.studies.run_folder import versions
from molmach.studies.scan.diagram import picture
from molmach.studies.scan.page import write_page
from molmach.studies.scan.plan import Plan, PlannedPoint, plan_scan
from molmach.studies.scan.point import Point
from molmach.studies.scan.result import Scan, document_text
from molmach.studies.work_folder import locked, write_whole

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
    if workers is not None and workers < 1:
        raise SpecError(f"--workers {workers}: expected one or more")
    plan = plan_scan(spec, over, cycles)
    folder = folder_of(plan, out)
    if _is_taken(folder):
        return read_scan(plan, folder)
    conditions = _conditions(plan)
    work = folder.with_name(folder.name + ".unfinished")
    with locked(work):
        if _is_taken(folder):  # finished by another process meanwhile
            return read_scan(plan, folder)
        _claim(work, plan)
        _run_points(plan, conditions, work, workers, progress)
        found = Scan(plan, _points(plan, work), folder)
        result = work / "result"
        shutil.rmtree(result, ignore_errors=True)
        result.mkdir()
        _write(found, result)
        shutil.copytree(work / "points", result / "points")
        folder.parent.mkdir(parents=True, exist_ok=True)
        result.replace(folder)
        shutil.rmtree(work, ignore_errors=True)
    return found


def folder_of(plan: Plan, out: str | Path | None = None) -> Path:
    """Where a scan is written."""
    if out is not None:
        return Path(out).resolve()
    return Path("runs").resolve() / f"{plan.spec.name}-{plan.key[:12]}-scan"


def is_finished(folder: Path) -> bool:
    """Whether a finished scan is there."""
    return (folder / "scan.json").is_file()


def read_scan(plan: Plan, folder: Path) -> Scan:
    """The finished scan that stands in a folder, if it is of the same plan.

    Raises
    ------
    SpecError
        Something else is there.
    """
    try:
        key = json.loads((folder / "scan.json").read_text(encoding="utf-8"))["key"]
        if key == plan.key:
            return Scan(plan, _points(plan, folder), folder)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SpecError(
            f"-o {folder}: exists and is no finished scan of molmach; choose another folder"
        ) from error
    raise SpecError(
        f"-o {folder}: holds another scan (key {key[:12]}, this one's is {plan.key[:12]}); "
        "choose another folder"
    )


def read_document(folder: Path) -> dict[str, Any]:
    """``scan.json`` of a finished scan, its ``run_dir`` where the folder is now."""
    document = json.loads((folder / "scan.json").read_text(encoding="utf-8"))
    return {**document, "run_dir": str(folder.resolve())}


def _is_taken(folder: Path) -> bool:
    return folder.exists() and (not folder.is_dir() or any(folder.iterdir()))


def _claim(work: Path, plan: Plan) -> None:
    """Note in the work folder what it is for, or check that it is for the same.

    Another scan's folder in which nothing was computed yet holds nothing to lose, and is taken over.
    """
    note = work / "plan.json"
    found = json.loads(note.read_text(encoding="utf-8"))["key"] if note.is_file() else None
    if found not in (None, plan.key):
        if any(work.glob("points/*.json")) or any(work.rglob("block-*.npz")):
            raise SpecError(
                f"{work}: holds another unfinished scan (key {found[:12]}, this one's is {plan.key[:12]}); "
                "remove it or choose another -o folder"
            )
        shutil.rmtree(work / "tasks", ignore_errors=True)
    (work / "points").mkdir(exist_ok=True)
    write_whole(note, json.dumps({"key": plan.key, "axes": [axis.to_json() for axis in plan.axes]}))


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
    todo = [(point, condition) for point, condition in pairs if not _record_of(work, point).is_file()]
    places = [work / "tasks" / point.spec.key for point, _ in todo]
    engine.compile_kernels(condition for _, condition in todo)
    tasks = []
    for (_, condition), place in zip(todo, places, strict=True):
        place.mkdir(parents=True, exist_ok=True)
        tasks.append((place, engine.write_task([condition], _CHOICE, place)))

    def finished(number: int) -> None:
        point, condition = todo[number]
        _keep(work, _finished_point(point, condition.assembly, places[number]))
        shutil.rmtree(places[number])

    def failed(number: int, problem: str) -> None:
        point, condition = todo[number]
        _keep(work, _failed_point(point, condition.assembly, problem))

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
    found = score(run)
    problem = "" if intact else found.warnings[0]
    return Point(
        planned.values,
        spec,
        velocity_samples(run) if intact else np.zeros(0),
        found.to_json() if intact else {},
        float(np.linalg.norm(assembly.rotor_dipole_debye)),
        assembly.moment_of_inertia(),
        collected.seconds,
        problem,
    )


def _failed_point(planned: PlannedPoint, assembly: Assembly, problem: str) -> Point:
    dipole, inertia = float(np.linalg.norm(assembly.rotor_dipole_debye)), assembly.moment_of_inertia()
    return Point(planned.values, planned.spec, np.zeros(0), {}, dipole, inertia, 0.0, problem)


def _record_of(folder: Path, point: PlannedPoint | Point) -> Path:
    return folder / "points" / f"{point.spec.key}.json"


def _keep(work: Path, point: Point) -> None:
    write_whole(_record_of(work, point), json.dumps(point.record(), allow_nan=False))


def _points(plan: Plan, folder: Path) -> tuple[Point, ...]:
    def read(planned: PlannedPoint) -> dict[str, Any]:
        return dict(json.loads(_record_of(folder, planned).read_text(encoding="utf-8")))

    return tuple(Point.of_record(planned, read(planned)) for planned in plan.points)


def _write(found: Scan, directory: Path) -> None:
    """Every file of a scan's folder but the points' records."""
    provenance = {
        "key": found.plan.key,
        "seed": found.plan.spec.protocol.seed,
        "engine": "batched",
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": versions(),
    }
    (directory / "machine.yaml").write_text(found.plan.spec.to_yaml(), encoding="utf-8")
    (directory / "scan.csv").write_text(found.to_csv(), encoding="utf-8")
    figure = picture(found)
    figure.savefig(directory / "diagram.png", dpi=160)
    with matplotlib.rc_context({"svg.hashsalt": found.plan.key}):
        figure.savefig(directory / "diagram.svg", metadata={"Date": None})
    write_page(found, provenance, directory / "report.html")
    (directory / "scan.json").write_text(document_text(found, provenance), encoding="utf-8")
