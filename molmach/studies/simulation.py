"""A claim with its controls: from a spec to a finished run folder, and the run's score."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from molmach import drives, engine
from molmach.building import Assembly, build, mirror_built_anew
from molmach.data import Performance, Run
from molmach.engine import Choice, Collected, Condition, Progress
from molmach.errors import Argument, SpecError
from molmach.report import write_report
from molmach.scoring import Score, score
from molmach.scoring.quantities import own_quantities
from molmach.scoring.undirected import equilibrium_sentence
from molmach.spec import Spec
from molmach.studies import folder, run_folder
from molmach.studies.folder import fresh
from molmach.studies.provenance import provenance


@dataclass(frozen=True)
class Plan(folder.Plan):
    """A machine to be simulated.

    Attributes
    ----------
    spec
        What to simulate.
    controls
        Whether to run the undriven and mirror controls; without them the score says so.
    """

    spec: Spec
    controls: bool = True

    noun = "run"
    document = run_folder.DOCUMENT
    pieces = ("**/block-*.npz",)

    @property
    def identity(self) -> folder.Identity:
        """The spec's key, and whether the controls belong to it."""
        return {"key": self.spec.key, "controls": self.controls}

    @property
    def default_place(self) -> Path:
        """``runs/<name>-<first twelve characters of the key>``."""
        suffix = "" if self.controls else "-uncontrolled"
        return Path("runs") / f"{self.spec.name}-{self.spec.key[:12]}{suffix}"

    def identity_of(self, document: Mapping[str, Any]) -> folder.Identity:
        """Key and controls of a finished run."""
        return {"key": document["key"], "controls": document["score"]["controlled"]}

    def objection(self, finished: folder.Identity) -> tuple[str, ...]:
        """A run that lacks the controls is none where they are asked for; one that has them always is."""
        if finished["key"] != self.spec.key:
            return super().objection(finished)
        if finished["controls"] or not self.controls:
            return ()
        return (
            "holds this run without controls; choose another folder, or add ",
            Argument("controls=False"),
        )

    def conditions(self) -> list[Condition]:
        """The claim, and its undriven and mirrored twins, checked and ready.

        Raises
        ------
        SpecError, BuildError, ForceFieldError
            The spec can't be simulated.
        """
        own_quantities(self.spec.drive.kind)  # a drive that can't be scored isn't simulated
        assembly = build(self.spec)
        pairs: list[tuple[str, Assembly, Any]] = [("claim", assembly, self.spec.drive)]
        if self.controls:
            pairs.append(("undriven", assembly, drives.undriven(self.spec.drive)))
            pairs.append(("mirror", mirror_built_anew(self.spec, assembly), drives.mirror(self.spec.drive)))
        return [
            engine.prepare(name, label, machine, drive, self.spec.protocol)
            for label, (name, machine, drive) in enumerate(pairs)
        ]


@dataclass(frozen=True, eq=False)
class Result:
    """A finished run and where it comes from.

    Attributes
    ----------
    run
        Of the claim, with its controls.
    origin
        Provenance: key, seed, engine, platform, date and versions.
    """

    run: Run
    origin: Mapping[str, Any]

    @cached_property
    def score(self) -> Score:
        """The run's score, made when it is first asked for."""
        return score(self.run)

    def to_json(self) -> dict[str, Any]:
        """The JSON document of the run: schema ``molmach.run/1``."""
        return run_folder.result_document(self.run, self.score, self.origin)

    @classmethod
    def read(cls, place: str | Path) -> Result:
        """A finished run folder.

        Raises
        ------
        ScoreError
            The folder is no finished run, or a file in it is missing or damaged.
        """
        origin = run_folder.read_document(Path(place))["provenance"]
        return cls(run_folder.read_run(place), origin)


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
        The spec can't be simulated, or the folder can't be written or holds something else.
    SimulationError
        The dynamics went wrong, or another process is at the same run.
    """
    plan = Plan(spec, controls)
    return run(plan, out, engine_name=engine_name, platform=platform, workers=workers, progress=progress).run


def run(
    plan: Plan,
    out: str | Path | None = None,
    *,
    engine_name: str = "auto",
    platform: str | None = None,
    workers: int | None = None,
    progress: Callable[[Progress], None] = lambda progress: None,
    note: Callable[[str], None] = lambda text: None,
) -> Result:
    """Carry a plan out in its folder, or read it where it is finished; parameters as :func:`simulate`'s.

    ``note`` is called before anything is simulated with what is known of the outcome already: that a machine
    is at equilibrium by its own file.
    """
    engine.require_workers(workers)
    place = plan.folder(out)

    def make(work: Path, conditions: list[Condition]) -> Result:
        at_rest = drives.equilibrium(plan.spec.drive, conditions[0].assembly, plan.spec.protocol)
        if at_rest is not None:
            note(equilibrium_sentence(at_rest))
        choice = _choice(work, conditions, engine_name, platform)
        task = engine.write_task(conditions, choice, work)
        count = engine.worker_count(task.platform, len(task.batches), workers)
        engine.run_task(work, task, count, progress)
        collected = engine.collect(work, plan.spec.protocol.sampling)
        result = _result(plan, conditions, collected, place.place, choice, count)
        made = fresh(work / "result")
        _write(result, collected, made)
        place.publish(made)
        return result

    return place.result(Result.read, plan.conditions, make)


def run_here(plan: Plan, out: Path | None = None) -> Result:
    """Carry a plan out in this process, on one core and with the ``batched`` engine.

    For the many short runs of a campaign, which bring their own parallelism and their own records. The files
    of a run folder are written only where ``out`` names a folder. The numbers are those that :func:`run`
    gives for the same plan and engine.

    Raises
    ------
    SpecError, BuildError, ForceFieldError, SimulationError
        As :func:`simulate`.
    """
    conditions = plan.conditions()
    engine.compile_kernels(conditions[:1])
    choice = Choice("batched", engine.COMPILED, copies=engine.LANES)
    with tempfile.TemporaryDirectory(prefix="molmach-") as name:
        work = Path(name)
        task = engine.write_task(conditions, choice, work)
        for number in range(len(task.batches)):
            engine.run_batch(work, number)
        collected = engine.collect(work, plan.spec.protocol.sampling)
    result = _result(plan, conditions, collected, out, choice, 1)
    if out is not None:
        _write(result, collected, out)
    return result


def simulate_here(spec: Spec) -> Run:
    """Simulate a machine without controls in this process, and write nothing; as :func:`run_here`."""
    return run_here(Plan(spec, controls=False)).run


def _choice(work: Path, conditions: list[Condition], wanted: str, platform: str | None) -> Choice:
    """Engine and platform of the run: as the unfinished run has them, or else chosen now."""
    if not (work / "task.json").is_file():
        return engine.choose(conditions, wanted, platform)
    task = engine.read_task(work)
    for name, asked, before in (("engine_name", wanted, task.engine), ("platform", platform, task.platform)):
        if asked not in (None, "auto", before):
            raise SpecError(
                Argument(name),
                f" {asked}: the unfinished run in {work} uses {before}; go on with that or remove it",
            )
    return Choice(task.engine, task.platform, copies=1)


def _result(
    plan: Plan,
    conditions: list[Condition],
    collected: list[Collected],
    place: Path | None,
    choice: Choice,
    workers: int,
) -> Result:
    spec = plan.spec
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
    origin = provenance(key=spec.key, seed=spec.protocol.seed, engine=choice.engine, platform=choice.platform)
    return Result(replace(claim, controls=runs, run_dir=place), origin)


def _write(result: Result, collected: list[Collected], directory: Path) -> None:
    """Every file of a run folder, the page among them; the document comes last."""
    names = ("claim", *result.run.controls)
    trajectories = {name: part.trajectories for name, part in zip(names, collected, strict=True)}
    run_folder.write_run(result.run, trajectories, directory)
    write_report(result.run, result.score, result.origin, directory)
    run_folder.write_document(result.to_json(), directory)
