"""One evaluation: a machine simulated with some effort, in a process of its own choosing."""

from __future__ import annotations

import hashlib
import io
import json
import tempfile
import time
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from molmach import drives
from molmach.errors import MolmachError, SimulationError, SpecError
from molmach.files import whole_folder
from molmach.scoring import Score
from molmach.search.loop.quantities import FIELD, FOLLOWED, Expression, Samples, samples_of, threshold_factors
from molmach.search.space.space import Candidate
from molmach.spec import Campaign, Spec
from molmach.spec.campaign import Rung
from molmach.studies import simulation

METHOD = "molmach.evaluation/3"
"""Part of every evaluation's key; changes when the same spec would give other numbers."""

CONFIRMATION = -1
"""The rung of a confirmation, which stands beside the ladder."""


@dataclass(frozen=True)
class Job:
    """An evaluation to be done.

    Attributes
    ----------
    key
        sha256 of all that its numbers depend on.
    machine
        Key of the machine in the space.
    rung
        From 0; :data:`CONFIRMATION` for the winners' second run.
    spec
        What is simulated.
    fields
        Factors of the drive's field at which the machine is run too, for ``threshold_field``.
    """

    key: str
    machine: str
    rung: int
    spec: Spec
    fields: tuple[float, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What came of a job.

    Attributes
    ----------
    key
        The job's.
    samples
        One number a replica of each quantity; empty where the evaluation failed.
    reason
        Why it failed; '' where it did not.
    seconds
        Core seconds.
    steps
        Integration steps of all replicas together.
    controls
        Of a confirmation: verdict, and whether each control passed.
    archive
        Of a confirmation: its run folder as a zip file.
    """

    key: str
    samples: Samples = field(default_factory=dict)
    reason: str = ""
    seconds: float = 0.0
    steps: int = 0
    controls: dict[str, Any] = field(default_factory=dict)
    archive: bytes = b""


def job_for(campaign: Campaign, candidate: Candidate, rung: int) -> Job:
    """The job that gives a machine a rung's effort.

    Its seed comes from the machine, the effort and ``protocol.seed``, so the same evaluation is the same
    one in every campaign, in whatever order they come; a confirmation's differs from every rung's.
    """
    if rung == CONFIRMATION:
        wanted = campaign.confirmation
        duration = wanted.duration or campaign.racing.rungs[-1].duration
        effort = Rung.model_construct(replicas=wanted.replicas, duration=duration)
    else:
        effort = campaign.racing.rungs[rung]
    protocol = candidate.spec.protocol
    purpose = "confirmation" if rung == CONFIRMATION else "rung"
    text = f"{candidate.key} {effort.replicas} {effort.duration:.12g} {protocol.seed} {purpose}"
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
    changed = type(protocol).model_validate(
        {
            **protocol.model_dump(mode="json"),
            "replicas": effort.replicas,
            "duration": f"{effort.duration:.12g} ps",
            "seed": seed,
        }
    )
    spec = candidate.spec.model_copy(
        update={"protocol": changed, "name": f"{campaign.name}-{candidate.key[:8]}"}
    )
    needed = set().union(*(Expression(o.expression).names for o in campaign.objectives))
    fields = tuple(threshold_factors().tolist()) if "threshold_field" in needed else ()
    parts = json.dumps([METHOD, spec.canonical(), fields, purpose])
    return Job(hashlib.sha256(parts.encode()).hexdigest(), candidate.key, rung, spec, fields)


def evaluate(job: Job) -> Outcome:
    """Do a job; what goes wrong with a machine is its result and raises nothing."""
    started = time.process_time()
    spec = job.spec
    steps = spec.protocol.total_steps * spec.protocol.replicas
    archive, controls = b"", {}
    try:
        if job.rung == CONFIRMATION:
            result, archive = _confirm(spec)
            run, controls = result.run, _controls(result.score)
            steps *= 3
        else:
            run = simulation.simulate_here(spec)
        if not run.series.intact.all():
            raise SimulationError("a ring did not stay threaded")
        samples = samples_of(run) | _followed(spec, job.fields)
        steps *= 1 + len(job.fields)
    except MolmachError as error:
        return Outcome(
            job.key, reason=str(error) or type(error).__name__, seconds=time.process_time() - started
        )
    seconds = time.process_time() - started
    return Outcome(job.key, samples, "", seconds, steps, controls, archive)


def _confirm(spec: Spec) -> tuple[simulation.Result, bytes]:
    """Run with both controls, in a run folder, which comes back as a zip file."""
    with tempfile.TemporaryDirectory(prefix="molmach-") as name:
        folder = Path(name) / spec.name
        result = simulation.run_here(simulation.Plan(spec), folder)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(folder.rglob("*")):
                if path.is_file():
                    archive.write(path, path.relative_to(folder))
    return result, packed.getvalue()


def unpack(outcome: Outcome, target: Path) -> None:
    """Put the run folder of a confirmation in place; one that is there already stays."""
    if target.exists():
        return
    with whole_folder(target) as working, zipfile.ZipFile(io.BytesIO(outcome.archive)) as archive:
        archive.extractall(working)


def _controls(result: Score) -> dict[str, Any]:
    return {
        "verdict": result.verdict,
        "p_value": result.p_value,
        **{name: control.to_json() for name, control in result.controls.items()},
        "warnings": list(result.warnings),
    }


def _followed(spec: Spec, factors: tuple[float, ...]) -> Samples:
    """Share of the drive's turns that each replica follows, at each of the fields."""
    found: Samples = {}
    for number, factor in enumerate(factors):
        model = drives.model(spec.drive)
        frequency, strength = model.frequency, model.field_strength
        if frequency is None or strength is None:
            raise SpecError(
                f"objectives: threshold_field under drive {spec.drive.kind}; "
                "expected rotating_field or alternating_field"
            )
        drive = model.with_field(strength * factor)
        run = simulation.simulate_here(spec.model_copy(update={"drive": drive}))
        followed = samples_of(run)["followed"]
        found[FOLLOWED.format(number)] = followed
        found[FIELD.format(number)] = [strength * factor] * len(followed)
    return found
