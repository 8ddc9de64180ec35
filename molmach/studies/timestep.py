"""The longest time step that changes nothing one could see: tried on the machine itself, not believed.

Each candidate is run under the machine's own drive and held against the same machine at a short step, the
reference: temperature, energy books, velocity, and the rotor's moment of inertia, which heavy hydrogens
change. Agreement is a matter of equivalence: the 95 % interval of the difference must lie within what is
tolerated, so that too little data decides nothing and is said to. A step at which the dynamics diverges is
refused like one that changes the motion.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import scipy

from molmach.building import build
from molmach.data import Run
from molmach.data.observed import Observed
from molmach.data.statistics import CONFIDENCE, Estimate, Floats, student_factor
from molmach.engine import Progress, prepare
from molmach.errors import DivergedError, SpecError
from molmach.files import write_json
from molmach.scoring.energetics import BALANCE_TOLERANCE, energy_balance
from molmach.scoring.motion import VELOCITY, velocity_samples
from molmach.spec import Spec, loads
from molmach.studies import folder, simulation
from molmach.studies.step_trial import Check, StepTrial

SCHEMA = "molmach.timestep/1"

REFERENCE_STEP_PS = 0.001
CANDIDATES: tuple[tuple[float, float | None], ...] = (
    (0.002, None),
    (0.0025, None),
    (0.004, None),
    (0.004, 2.0),
    (0.004, 3.0),
)
"""Time steps, ps, each with the mass given to hydrogens, u; bonds to hydrogen are fixed in all."""

WITHOUT_HYDROGENS = (0.5, 1.0, 2.0)
REFERENCE_WITHOUT_HYDROGENS = 0.25
"""The same, in its own protocol's step, of a machine without hydrogens; that step knows its parts' weight."""

TEMPERATURE_TOLERANCE = 0.01
VELOCITY_TOLERANCE = 0.05
INERTIA_TOLERANCE = 0.05
"""Shares of the reference's value."""

SEEN_TOLERANCE = 1.0
SEEN_SHARE = 0.2
"""A velocity may also differ by the half-width of the 95 % interval that a run with the spec's own number
of replicas has, for less can't be seen in it; but by no more than this, turn/ns or nm/ns, and, where the
reference's velocity is told from zero, by no more than this share of it: few replicas see little."""

_MORE_REPLICAS = 8


@dataclass(frozen=True)
class Plan(folder.Plan):
    """A machine, under its drive, whose longest time step is asked for."""

    spec: Spec

    noun = "time step trial"
    document = "timestep.json"
    pieces = ("**/block-*.npz", "*/score.json")

    @property
    def identity(self) -> folder.Identity:
        """The spec's key and the schema."""
        return {"key": self.spec.key, "schema": SCHEMA}

    @property
    def default_place(self) -> Path:
        """``runs/<name>-<first twelve characters of the key>-timestep``."""
        return Path("runs") / f"{self.spec.name}-{self.spec.key[:12]}-timestep"


@dataclass(frozen=True)
class Result:
    """Every step that was tried.

    Attributes
    ----------
    plan
        What was asked.
    trials
        The reference first, of which the energy books alone are checked, then the candidates.
    """

    plan: Plan
    trials: tuple[StepTrial, ...]

    @property
    def reference(self) -> StepTrial:
        """The step that the others are held against."""
        return self.trials[0]

    @property
    def longest(self) -> StepTrial | None:
        """The longest accepted step, with the lightest hydrogens; None where none is accepted."""
        accepted = [trial for trial in self.trials if trial.accepted]
        return max(accepted, key=lambda t: (t.timestep_ps, -(t.hydrogen_mass or 0.0)), default=None)

    def to_json(self) -> dict[str, Any]:
        """The JSON document: schema ``molmach.timestep/1``."""
        longest = self.longest
        return {
            "schema": SCHEMA,
            "name": self.plan.spec.name,
            "key": self.plan.spec.key,
            "trials": [trial.to_json() for trial in self.trials],
            "longest": longest and longest.to_json(),
            "settings": longest.settings if longest else [],
            "advice": self.advice,
        }

    @property
    def advice(self) -> str:
        """What to do where no step is accepted, or a longer one is undecided; '' where nothing is open."""
        if self.longest is None and self.reference.differs:
            return f"none is accepted: even {self.reference.label} leaks energy; {_shorter(self.reference)}"
        accepted = self.longest.timestep_ps if self.longest else 0.0
        undecided = [t for t in self.trials if not t.accepted and not t.differs and t.timestep_ps > accepted]
        if not undecided:
            return "" if self.longest else "none is accepted: every longer step changes the motion"
        trial = min(undecided, key=lambda t: t.more_data)
        replicas = self.plan.spec.protocol.replicas
        more = (
            f"about protocol.replicas={math.ceil(replicas * trial.more_data)} would decide {trial.label}"
            if math.isfinite(trial.more_data)
            else f"{trial.label} lies at the tolerance itself"
        )
        names = ", ".join(name.replace("_", " ") for name in trial.open_checks)
        start = "none is accepted, and" if self.longest is None else "a longer step may do, but"
        return f"{start} too little data leaves it undecided ({names}): {more}"


def _shorter(reference: StepTrial) -> str:
    """What may leak less than a reference that leaks."""
    if reference.constraints == "h-bonds":
        return "try protocol.constraints=none at 0.5 fs"
    return f"try a protocol.timestep below {reference.label}"


def run(
    plan: Plan,
    out: str | Path | None = None,
    progress: Callable[[str, Progress], None] = lambda label, progress: None,
) -> Result:
    """Try the reference and each candidate on a machine, eight times its replicas each.

    Parameters
    ----------
    plan
        What is asked. All runs have the spec's seed, so they start from one structure.
    out
        Folder, in which the runs stay; default ``runs/<name>-<first twelve characters of the key>-timestep``.
        Finished runs are not repeated.
    progress
        Called with the step's name as steps are done.

    Raises
    ------
    SpecError
        The machine can't be run even with the reference step, or the folder holds something else.
    SimulationError
        The dynamics went wrong, or another process is at the same trial.
    """
    place = plan.folder(out)

    def prepare_reference() -> list[StepTrial]:
        steps = _steps(plan.spec)
        simulation.Plan(_trial(plan.spec, steps[0]), controls=False).conditions()
        return steps

    def make(work: Path, steps: list[StepTrial]) -> Result:
        result = Result(plan, tuple(_trials(plan.spec, steps, work, progress)))
        write_json(work / plan.document, result.to_json())
        place.publish(work)
        return result

    return place.result(lambda directory: _read(plan, directory), prepare_reference, make)


def _read(plan: Plan, directory: Path) -> Result:
    try:
        content = json.loads((directory / plan.document).read_text(encoding="utf-8"))
        return Result(plan, tuple(StepTrial.of_json(trial) for trial in content["trials"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SpecError(
            folder.OUT,
            f" {directory}: {plan.document} is missing or damaged ({error}); choose another folder",
        ) from error


def _steps(spec: Spec) -> list[StepTrial]:
    """The reference and the candidates, untried."""
    molecule = build(spec).molecule
    if any(atom.GetAtomicNum() == 1 for atom in molecule.GetAtoms()):
        return [StepTrial(step, mass) for step, mass in ((REFERENCE_STEP_PS, None), *CANDIDATES)]
    shares = (REFERENCE_WITHOUT_HYDROGENS, *WITHOUT_HYDROGENS)
    constraints = spec.protocol.constraints
    return [StepTrial(share * spec.protocol.timestep, None, constraints=constraints) for share in shares]


def _trials(
    spec: Spec, steps: list[StepTrial], folder: Path, progress: Callable[[str, Progress], None]
) -> Iterator[StepTrial]:
    """The reference and the candidates, each run in a folder of its own."""
    first, *candidates = steps
    reference = _run(spec, first, folder, progress)
    yield replace(first, velocity=_velocity(reference), checks=_books(reference))
    for step in candidates:
        try:
            run = _run(spec, step, folder, progress)
        except (SpecError, DivergedError) as error:
            yield replace(step, problem=str(error))
        else:
            checks = compare(run, reference, spec.protocol.replicas)
            yield replace(step, velocity=_velocity(run), checks=checks)


def compare(run: Run, reference: Run, replicas: int) -> dict[str, Check]:
    """The checks of a run against the reference, for a spec of so many replicas."""
    bath = reference.spec.protocol.temperature
    velocity = _velocity(reference)
    here, there = (velocity_samples(r) for r in (run, reference))
    inertia = _inertia(reference, run) / _inertia(reference, reference) - 1.0
    checks = {
        "temperature": Check(
            _difference(run.series.temperature, reference.series.temperature, "K"),
            TEMPERATURE_TOLERANCE * bath,
        ),
        "velocity": Check(
            _difference(here, there, velocity.unit), velocity_tolerance(velocity, there, replicas)
        ),
        "inertia": Check(Estimate(inertia, (inertia, inertia), "1"), INERTIA_TOLERANCE),
    }
    return checks | _books(run)


def velocity_tolerance(velocity: Estimate, samples: Floats, replicas: int) -> float:
    """What a velocity may differ by: a share of it, or what can't be seen, within :data:`SEEN_TOLERANCE`.

    Parameters
    ----------
    velocity, samples
        Of the reference, and (n,) its replicas' velocities.
    replicas
        Of the spec.
    """
    visible = student_factor(replicas) * float(np.std(samples, ddof=1)) / math.sqrt(replicas)
    told_from_zero = velocity.ci95[0] > 0.0 or velocity.ci95[1] < 0.0
    most = min(SEEN_TOLERANCE, SEEN_SHARE * abs(velocity.value)) if told_from_zero else SEEN_TOLERANCE
    return max(VELOCITY_TOLERANCE * abs(velocity.value), min(visible, most))


def _books(run: Run) -> dict[str, Check]:
    balance = energy_balance(run)
    return {} if balance is None else {"energy_books": Check(balance, BALANCE_TOLERANCE)}


def _run(spec: Spec, step: StepTrial, folder: Path, progress: Callable[[str, Progress], None]) -> Run:
    return simulation.simulate(
        _trial(spec, step),
        folder / step.label.replace(",", "").replace(" ", "-"),
        controls=False,
        progress=lambda p: progress(step.label, p),
    )


def _trial(spec: Spec, step: StepTrial) -> Spec:
    """The machine at a time step, with more replicas and no frames but the first and the last."""
    protocol = spec.protocol
    changes = [
        *step.settings,
        f"protocol.replicas={_MORE_REPLICAS * protocol.replicas}",
        f"protocol.frames={protocol.duration!r} ps",
    ]
    return loads(spec.to_yaml(), spec.name, changes)


def _velocity(run: Run) -> Estimate:
    observed = Observed.of(run)
    return VELOCITY.on(observed.motion.scale).estimate({"velocity": velocity_samples(run)})


def _inertia(machine: Run, masses_of: Run) -> float:
    """The rotor's moment of inertia in a machine's built structure with the masses of a run, u nm^2."""
    condition = prepare("masses", 0, machine.assembly, masses_of.drive, masses_of.spec.protocol)
    return machine.assembly.moment_of_inertia(condition.masses)


def _difference(here: Floats, there: Floats, unit: str) -> Estimate:
    """Difference of two means over replicas with Welch's interval."""
    welch = scipy.stats.ttest_ind(here, there, equal_var=False)
    low, high = welch.confidence_interval(CONFIDENCE)
    return Estimate(float(np.mean(here) - np.mean(there)), (float(low), float(high)), unit)
