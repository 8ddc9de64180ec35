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
from molmach.data.looks import Look, LookPlan
from molmach.engine import Choice, Collected, Condition, Progress, Task
from molmach.errors import Argument, SpecError
from molmach.report import write_report
from molmach.scoring import Score, score
from molmach.scoring.looks import has_told
from molmach.scoring.quantities import own_quantities
from molmach.scoring.spurious import undriven_wanted
from molmach.scoring.undirected import equilibrium_sentence
from molmach.spec import Spec
from molmach.spec.reading import validate
from molmach.studies import expectation, folder, run_folder
from molmach.studies.folder import fresh
from molmach.studies.provenance import code_of, provenance

UNTIL = Argument("until_resolved")


@dataclass(frozen=True)
class Plan(folder.Plan):
    """A machine to be simulated.

    Attributes
    ----------
    spec
        What to simulate.
    controls
        Whether to run the undriven and mirror controls; without them the score says so.
    until_resolved
        Replicas that it has at most, where they are added to those of the spec until they tell
        (:mod:`molmach.data.looks`); None where it has those of the spec.

    Raises
    ------
    SpecError
        There are fewer at most than the spec has.
    """

    spec: Spec
    controls: bool = True
    until_resolved: int | None = None

    noun = "run"
    document = run_folder.DOCUMENT
    pieces = ("**/block-*.npz",)

    def __post_init__(self) -> None:
        if self.until_resolved is None:
            return
        first = self.spec.protocol.replicas
        if self.until_resolved < first:
            raise SpecError(
                UNTIL,
                f" {self.until_resolved}: expected at least the {first} of protocol.replicas, to begin with",
            )
        _with_replicas(self.spec, self.until_resolved)

    @property
    def looks(self) -> LookPlan | None:
        """When it is looked at; None of a run of a fixed number of replicas."""
        if self.until_resolved is None:
            return None
        return LookPlan(self.spec.protocol.replicas, self.until_resolved)

    @property
    def identity(self) -> folder.Identity:
        """The spec's key, whether the controls belong to it, and how many replicas it has until it tells."""
        return {"key": self.spec.key, "controls": self.controls, "until": self.until_resolved}

    @property
    def default_place(self) -> Path:
        """``runs/<name>-<first twelve characters of the key>``."""
        suffix = "" if self.controls else "-uncontrolled"
        until = "" if self.until_resolved is None else f"-until-{self.until_resolved}"
        return Path("runs") / f"{self.spec.name}-{self.spec.key[:12]}{suffix}{until}"

    def identity_of(self, document: Mapping[str, Any]) -> folder.Identity:
        """Key and controls of a finished run, and its replicas at most where they were added to."""
        until = document.get("until")
        return {
            "key": document["key"] if until is None else until["key"],
            "controls": document["score"]["controlled"],
            "until": None if until is None else until["most"],
        }

    def objection(self, finished: folder.Identity) -> tuple[str, ...]:
        """A run that lacks the controls is none where they are asked for; one that has them always is."""
        if finished["key"] != self.spec.key:
            return super().objection(finished)
        if finished["until"] != self.until_resolved:
            return (
                f"holds this run otherwise: it {_kind(finished['until'])}, and this one "
                f"{_kind(self.until_resolved)}; choose another folder",
            )
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
    until_resolved: int | None = None,
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
    until_resolved
        Replicas at most, where they are to be added until the verdict stands: the run is looked at when it
        has those of the spec, twice as many and so on, each look with its part of the level of every test
        (:mod:`molmach.data.looks`). None: those of the spec.
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
    plan = Plan(spec, controls, until_resolved)
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

    ``note`` is called before anything is simulated with what is known already, that a machine is at
    equilibrium by its own file and about how long it takes; and after each look that leaves a run unresolved.
    """
    engine.require_workers(workers)
    place = plan.folder(out)

    def make(work: Path, conditions: list[Condition]) -> Result:
        at_rest = drives.equilibrium(plan.spec.drive, conditions[0].assembly, plan.spec.protocol)
        if at_rest is not None:
            note(equilibrium_sentence(at_rest))
        choice = _choice(work, conditions, engine_name, platform)
        expectation.tell(choice, conditions, workers, note)
        behind = 0

        def advance(stage: Path, task: Task) -> int:
            nonlocal behind
            before, count = behind, engine.worker_count(task.platform, len(task.batches), workers)
            behind += task.replica_steps
            engine.run_task(
                stage, task, count, lambda now: progress(Progress(before + now.done, before + now.total))
            )
            return count

        result, collected = _carry_out(plan, conditions, work, place.place, choice, advance, note)
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

    def advance(stage: Path, task: Task) -> int:
        for number in range(len(task.batches)):
            engine.run_batch(stage, number)
        return 1

    with tempfile.TemporaryDirectory(prefix="molmach-") as name:
        result, collected = _carry_out(plan, conditions, Path(name), out, choice, advance)
    if out is not None:
        _write(result, collected, out)
    return result


def simulate_here(spec: Spec) -> Run:
    """Simulate a machine without controls in this process, and write nothing; as :func:`run_here`."""
    return run_here(Plan(spec, controls=False)).run


def _carry_out(
    plan: Plan,
    conditions: list[Condition],
    work: Path,
    place: Path | None,
    choice: Choice,
    advance: Callable[[Path, Task], int],
    note: Callable[[str], None] = lambda text: None,
) -> tuple[Result, list[Collected]]:
    """Run all replicas of a plan, stage by stage where they are added until they tell.

    Every stage has a folder of its own and is never run again; what it has in common with others is the
    machine. ``advance`` runs a stage's task to its end, and gives the number of its workers.
    """
    numbers = (plan.spec.protocol.replicas,) if plan.looks is None else plan.looks.numbers
    parts: list[list[Collected]] = []
    looks: list[Look] = []
    for number, replicas in enumerate(numbers):
        stage, its, folder = conditions, choice, work
        if number:
            before = numbers[number - 1]
            stage = [condition.with_replicas(before, replicas - before) for condition in conditions]
            its, folder = engine.for_others(choice, stage[0]), work / f"look-{number + 1}"
        workers = advance(folder, engine.write_task(stage, its, folder))
        parts.append(engine.collect(folder, plan.spec.protocol.sampling))
        collected = [Collected.joined(own) for own in zip(*parts, strict=True)]
        result = _result(plan, replicas, conditions, collected, place, choice, workers)
        if plan.looks is None:
            break
        said = result.score
        looks.append(Look(replicas, result.run.level_share, said.p_value, said.verdict))
        if has_told(result.run, said):
            break
        note(f"{replicas} replicas: {said.verdict}; {numbers[number + 1] - replicas} more")
    if plan.looks is None:
        return _told_from_undriven(plan, result, conditions, collected, work, place, choice, advance, note)
    return replace(result, run=replace(result.run, looks=tuple(looks))), collected


def _told_from_undriven(
    plan: Plan,
    result: Result,
    conditions: list[Condition],
    collected: list[Collected],
    work: Path,
    place: Path | None,
    choice: Choice,
    advance: Callable[[Path, Task], int],
    note: Callable[[str], None],
) -> tuple[Result, list[Collected]]:
    """Give the undriven twin of a claim more replicas, while these may tell that it is slower.

    Parameters as of :func:`_carry_out`, with what came of it so far.
    """
    names = [condition.name for condition in conditions]
    while "undriven" in names:
        which = names.index("undriven")
        before = result.run.controls["undriven"].replicas
        wanted = undriven_wanted(result.score.spurious, result.run.replicas, before)
        if wanted is None:
            break
        note(f"with the drive off it may be as fast; {wanted - before} more replicas of that")
        stage = [conditions[which].with_replicas(before, wanted - before)]
        folder = work / f"undriven-{wanted}"
        workers = advance(folder, engine.write_task(stage, engine.for_others(choice, stage[0]), folder))
        (more,) = engine.collect(folder, plan.spec.protocol.sampling)
        collected = [
            Collected.joined([part, more]) if k == which else part for k, part in enumerate(collected)
        ]
        result = _result(plan, result.run.replicas, conditions, collected, place, choice, workers)
    return result, collected


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
    replicas: int,
    conditions: list[Condition],
    collected: list[Collected],
    place: Path | None,
    choice: Choice,
    workers: int,
) -> Result:
    spec = _with_replicas(plan.spec, replicas)
    steps = spec.protocol.total_steps * sum(len(part.series.coordinate) for part in collected)
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
    origin = provenance(
        code_of(spec),
        key=spec.key,
        seed=spec.protocol.seed,
        engine=choice.engine,
        platform=choice.platform,
    )
    return Result(replace(claim, controls=runs, run_dir=place, until=plan.looks), origin)


def _write(result: Result, collected: list[Collected], directory: Path) -> None:
    """Every file of a run folder, the page among them; the document comes last."""
    names = ("claim", *result.run.controls)
    trajectories = {name: part.trajectories for name, part in zip(names, collected, strict=True)}
    run_folder.write_run(result.run, trajectories, directory)
    write_report(result.run, result.score, result.origin, directory)
    run_folder.write_document(result.to_json(), directory)


def _with_replicas(spec: Spec, replicas: int) -> Spec:
    """The same spec with another number of replicas.

    Raises
    ------
    SpecError
        A protocol can't have so many.
    """
    if replicas == spec.protocol.replicas:
        return spec
    content = {**spec.protocol.model_dump(mode="json"), "replicas": replicas}
    protocol = validate(content, "protocol", type(spec.protocol))
    return spec.model_copy(update={"protocol": protocol})


def _kind(most: int | None) -> str:
    """What tells a run with replicas added from one without."""
    return (
        "has the replicas of its file"
        if most is None
        else f"adds replicas until it is resolved, to {most} at most"
    )
