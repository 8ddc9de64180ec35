"""Molecular dynamics: the machine simulated under its drive, a rung being replicas and a duration."""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from molmach import drives
from molmach.data.observed import Planned
from molmach.data.quantity import Quantity
from molmach.data.statistics import finite_or_none
from molmach.errors import MolmachError, SimulationError, SpecError
from molmach.scoring import Score
from molmach.search.loop.evaluations.base import Evaluation, Task
from molmach.search.loop.possible import refusal
from molmach.search.loop.quantities import (
    FIELD,
    FOLLOWED,
    QUANTITIES,
    Expression,
    quantity_of,
    samples_of,
    threshold_factors,
)
from molmach.search.record.archive import packed
from molmach.search.record.result import Result, Samples
from molmach.search.record.trial import CONFIRMATION
from molmach.search.space.space import Candidate
from molmach.spec import Spec
from molmach.spec.campaign import Rung
from molmach.spec.reading import validate
from molmach.studies import simulation

METHOD = "molmach.evaluation/5"
"""Part of every task's key; changes when the same spec would give other numbers."""

_FIELDS = "fields"

_SETTING_UP, _PER_STEP = 5.0, 5e-6
"""Seconds to build a machine, and for a replica's step of one with a hundred atoms (``molmach bench``)."""


class Dynamics(Evaluation):
    """Simulates a machine; its rungs are those of the section ``racing``.

    A confirmation is a run with fresh seeds, the drive off and mirrored, and keeps its run folder.
    """

    summary = "molecular dynamics under the drive"
    simulates_drives = True

    @property
    def listed(self) -> Sequence[str]:
        """Those that every machine has."""
        return QUANTITIES

    def quantity(self, name: str) -> Quantity | None:
        """Any that a machine or its drive has."""
        return quantity_of(name)

    def refusal(self, candidate: Candidate) -> str:
        """Which objective names what a run of such a machine has not, or ''."""
        names = set().union(*(Expression(o.expression).names for o in self.campaign.objectives))
        return refusal(sorted(names), Planned(candidate.spec))

    def check_rungs(self) -> None:
        """They stand in ``racing``, at least one."""
        if not self.campaign.racing.rungs:
            raise SpecError("racing.rungs: none; expected 1 to 10, such as {replicas: 16, duration: 25 ps}")
        for name in ("rungs", "options"):
            if getattr(self.campaign.evaluation, name):
                raise SpecError(f"evaluation.{name}: dynamics takes none; its rungs stand in racing.rungs")

    def task(self, candidate: Candidate, rung: int) -> Task:
        """The simulation that gives a machine a rung's effort.

        Its seed comes from the machine, the effort and ``protocol.seed``, so the same evaluation is the same
        one in every campaign, in whatever order they come; a confirmation's differs from every rung's.

        Raises
        ------
        SpecError
            The rung's effort does not go with the machine's protocol, such as its sampling interval.
        """
        effort = self._effort(rung)
        protocol = candidate.spec.protocol
        where = "confirmation" if rung == CONFIRMATION else f"racing.rungs.{rung}"
        purpose = "confirmation" if rung == CONFIRMATION else "rung"
        text = f"{candidate.key} {effort.replicas} {effort.duration:.12g} {protocol.seed} {purpose}"
        seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
        changed = validate(
            {
                **protocol.model_dump(mode="json"),
                "replicas": effort.replicas,
                "duration": f"{effort.duration:.12g} ps",
                "seed": seed,
            },
            where,
            type(protocol),
        )
        spec = candidate.spec.model_copy(
            update={"protocol": changed, "name": f"{self.campaign.name}-{candidate.key[:8]}"}
        )
        needed = set().union(*(Expression(o.expression).names for o in self.campaign.objectives))
        fields = tuple(threshold_factors().tolist()) if "threshold_field" in needed else ()
        parts = json.dumps([METHOD, spec.canonical(), fields, purpose])
        key = hashlib.sha256(parts.encode()).hexdigest()
        steps = changed.total_steps * changed.replicas * (1 + len(fields))
        conditions = 3 if rung == CONFIRMATION else 1
        seconds = _SETTING_UP + _PER_STEP * steps * conditions
        return Task(key, candidate.key, rung, spec, self.use, seed, {_FIELDS: fields}, seconds)

    def effort(self, rung: int) -> str:
        """Replicas and their measured time."""
        level = self._effort(rung)
        controls = ", controls" if rung == CONFIRMATION else ""
        return f"{level.replicas} × {level.duration:g} ps{controls}"

    def _effort(self, rung: int) -> Rung:
        if rung != CONFIRMATION:
            return self.campaign.racing.rungs[rung]
        wanted = self.campaign.confirmation
        duration = wanted.duration or self.campaign.racing.rungs[-1].duration
        return Rung.model_construct(replicas=wanted.replicas, duration=duration)

    @staticmethod
    def run(task: Task) -> Result:
        """Simulate; what goes wrong with a machine is its result and raises nothing."""
        started = time.process_time()
        spec, fields = task.spec, task.options[_FIELDS]
        steps = spec.protocol.total_steps * spec.protocol.replicas
        archive, controls = b"", {}
        try:
            if task.rung == CONFIRMATION:
                result, archive = _confirm(spec)
                run, controls = result.run, _controls(result.score)
                steps = spec.protocol.total_steps * sum(
                    part.replicas for part in (run, *run.controls.values())
                )
            else:
                run = simulation.simulate_here(spec)
            if not run.series.intact.all():
                raise SimulationError("a ring did not stay threaded")
            samples = samples_of(run) | _followed(spec, fields)
            steps *= 1 + len(fields)
        except MolmachError as error:
            seconds = time.process_time() - started
            return Result(task.key, reason=str(error) or type(error).__name__, seconds=seconds)
        return Result(task.key, samples, "", time.process_time() - started, steps, controls, archive)


def _confirm(spec: Spec) -> tuple[simulation.Result, bytes]:
    """Run with both controls, in a run folder, which comes back as a zip file."""
    with tempfile.TemporaryDirectory(prefix="molmach-") as name:
        folder = Path(name) / spec.name
        result = simulation.run_here(simulation.Plan(spec), folder)
        return result, packed(folder)


def _controls(result: Score) -> dict[str, Any]:
    return {
        "verdict": result.verdict,
        "p_value": finite_or_none(result.p_value),
        "reason": result.reason,
        "advice": result.advice,
        **{name: control.to_json() for name, control in result.controls.items()},
        "warnings": list(result.warnings),
    }


def _followed(spec: Spec, factors: tuple[float, ...]) -> Samples:
    """Share of the drive's turns that each replica follows, at each of the fields."""
    samples: Samples = {}
    for number, factor in enumerate(factors):
        model = drives.model(spec.drive)
        frequency, strength = model.frequency, model.field_strength
        if frequency is None or strength is None:
            raise SpecError(
                f"objectives: threshold_field under drive {spec.drive.kind}; "
                "expected a drive with a field and a frequency"
            )
        drive = model.with_field(strength * factor)
        run = simulation.simulate_here(spec.model_copy(update={"drive": drive}))
        followed = samples_of(run)["followed"]
        samples[FOLLOWED.format(number)] = followed
        samples[FIELD.format(number)] = [strength * factor] * len(followed)
    return samples
