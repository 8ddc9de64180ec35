"""The longest time step that changes nothing one could see: tried on the machine itself, not believed.

Each candidate is run under the machine's own drive and held against the same machine at the
:data:`REFERENCE_STEP_PS`: temperature, energy books, velocity, and the rotor's moment of inertia, which heavy
hydrogens change. Agreement is a matter of equivalence: the 95 % interval of the difference must lie
within what is tolerated, so that too little data decides nothing and is said to.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from molmach.data import Run
from molmach.data.observed import Observed
from molmach.data.statistics import CONFIDENCE, Estimate, Floats, student_factor
from molmach.engine import Progress, prepare
from molmach.errors import SpecError
from molmach.files import write_json
from molmach.scoring.energetics import BALANCE_TOLERANCE, energy_balance
from molmach.scoring.motion import VELOCITY, motion_samples, velocity_samples
from molmach.spec import Spec, loads
from molmach.studies import folder, simulation

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

TEMPERATURE_TOLERANCE = 0.01
VELOCITY_TOLERANCE = 0.05
INERTIA_TOLERANCE = 0.05
"""Shares of the reference's value. A velocity may also differ by the half-width of the 95 % interval
that a run with the spec's own number of replicas has: less can't be seen in it."""

_MORE_REPLICAS = 8


class Finding(StrEnum):
    """What an interval says of a tolerance."""

    AGREES = "agrees"
    DIFFERS = "differs"
    OPEN = "undecided"


@dataclass(frozen=True)
class Check:
    """One comparison: ``measured`` (here minus reference, or a share) must lie within +-``tolerance``."""

    measured: Estimate
    tolerance: float

    @property
    def finding(self) -> Finding:
        """Agreement if the whole interval is within the tolerance, difference if all of it is outside."""
        low, high = self.measured.ci95
        if -self.tolerance <= low and high <= self.tolerance:
            return Finding.AGREES
        if low > self.tolerance or high < -self.tolerance:
            return Finding.DIFFERS
        return Finding.OPEN

    def to_json(self) -> dict[str, Any]:
        """What the document says of the check: estimate, tolerance, finding."""
        return {**self.measured.to_json(), "tolerance": self.tolerance, "finding": self.finding.value}

    @classmethod
    def of_json(cls, content: Mapping[str, Any]) -> Check:
        """Read back what :meth:`to_json` gave."""
        return cls(Estimate.of_json(content), float(content["tolerance"]))


@dataclass(frozen=True)
class StepTrial:
    """A time step tried on a machine.

    Attributes
    ----------
    timestep_ps, hydrogen_mass
        The step, and the mass given to hydrogens (None: their own).
    velocity
        As run, turn/ns.
    checks
        ``temperature`` (K), ``energy_books`` (share of the energy through them; absent where nothing
        does work), ``velocity`` (turn/ns), ``inertia`` (share), each against the reference.
    problem
        Why the step could not be tried at all.
    """

    timestep_ps: float
    hydrogen_mass: float | None
    velocity: Estimate | None = None
    checks: dict[str, Check] | None = None
    problem: str = ""

    @property
    def accepted(self) -> bool:
        """Whether there were checks and every one agrees."""
        return self.checks is not None and all(c.finding is Finding.AGREES for c in self.checks.values())

    @property
    def label(self) -> str:
        """The step in words."""
        return step_label(self.timestep_ps, self.hydrogen_mass)

    @property
    def settings(self) -> list[str]:
        """The step as overrides of a spec."""
        return step_settings(self.timestep_ps, self.hydrogen_mass)

    def to_json(self) -> dict[str, Any]:
        """What the document says of the step, fs, and of its checks."""
        return {
            "timestep_fs": self.timestep_ps * 1e3,
            "hydrogen_mass": self.hydrogen_mass,
            "accepted": self.accepted,
            "velocity": self.velocity and self.velocity.to_json(),
            "checks": {name: check.to_json() for name, check in (self.checks or {}).items()},
            "problem": self.problem or None,
        }

    @classmethod
    def of_json(cls, content: Mapping[str, Any]) -> StepTrial:
        """Read back what :meth:`to_json` gave."""
        mass, velocity = content["hydrogen_mass"], content["velocity"]
        checks = {name: Check.of_json(check) for name, check in content["checks"].items()}
        problem = str(content["problem"] or "")
        return cls(
            timestep_ps=float(content["timestep_fs"]) * 1e-3,
            hydrogen_mass=None if mass is None else float(mass),
            velocity=None if velocity is None else Estimate.of_json(velocity),
            checks=None if problem else checks,
            problem=problem,
        )


def step_label(timestep_ps: float, hydrogen_mass: float | None) -> str:
    """A time step in words, ``4 fs, H 3 u``."""
    mass = "" if hydrogen_mass is None else f", H {hydrogen_mass:g} u"
    return f"{timestep_ps * 1e3:g} fs{mass}"


def step_settings(timestep_ps: float, hydrogen_mass: float | None) -> list[str]:
    """A time step as overrides of a spec; bonds to hydrogen fixed."""
    mass = "null" if hydrogen_mass is None else f"{hydrogen_mass:g} u"
    return [
        f"protocol.timestep={timestep_ps * 1e3:g} fs",
        f"protocol.hydrogen_mass={mass}",
        "protocol.constraints=h-bonds",
    ]


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
        }


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

    def prepare_reference() -> None:
        simulation.Plan(_trial(plan.spec, REFERENCE_STEP_PS, None), controls=False).conditions()

    def make(work: Path, _: None) -> Result:
        result = Result(plan, tuple(_trials(plan.spec, work, progress)))
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


def _trials(spec: Spec, folder: Path, progress: Callable[[str, Progress], None]) -> Iterator[StepTrial]:
    """The reference and the candidates, each run in a folder of its own."""
    reference = _run(spec, REFERENCE_STEP_PS, None, folder, progress)
    yield StepTrial(REFERENCE_STEP_PS, None, _velocity(reference), _books(reference))
    for timestep_ps, mass in CANDIDATES:
        try:
            run = _run(spec, timestep_ps, mass, folder, progress)
        except SpecError as error:
            yield StepTrial(timestep_ps, mass, problem=str(error))
        else:
            yield StepTrial(
                timestep_ps, mass, _velocity(run), compare(run, reference, spec.protocol.replicas)
            )


def compare(run: Run, reference: Run, replicas: int) -> dict[str, Check]:
    """The checks of a run against the reference, for a spec of so many replicas."""
    bath = reference.spec.protocol.temperature
    velocity = _velocity(reference)
    here, there = (velocity_samples(r) for r in (run, reference))
    spread = float(np.std(there, ddof=1)) / math.sqrt(replicas)
    visible = student_factor(replicas) * spread
    inertia = _inertia(reference, run) / _inertia(reference, reference) - 1.0
    checks = {
        "temperature": Check(
            _difference(run.series.temperature, reference.series.temperature, "K"),
            TEMPERATURE_TOLERANCE * bath,
        ),
        "velocity": Check(
            _difference(here, there, velocity.unit), max(VELOCITY_TOLERANCE * abs(velocity.value), visible)
        ),
        "inertia": Check(Estimate(inertia, (inertia, inertia), "1"), INERTIA_TOLERANCE),
    }
    return checks | _books(run)


def _books(run: Run) -> dict[str, Check]:
    balance = energy_balance(run)
    return {} if balance is None else {"energy_books": Check(balance, BALANCE_TOLERANCE)}


def _run(
    spec: Spec,
    timestep_ps: float,
    mass: float | None,
    folder: Path,
    progress: Callable[[str, Progress], None],
) -> Run:
    label = step_label(timestep_ps, mass)
    return simulation.simulate(
        _trial(spec, timestep_ps, mass),
        folder / label.replace(",", "").replace(" ", "-"),
        controls=False,
        progress=lambda p: progress(label, p),
    )


def _trial(spec: Spec, timestep_ps: float, mass: float | None) -> Spec:
    """The machine at a time step, with more replicas and no frames but the first and the last."""
    protocol = spec.protocol
    changes = [
        *step_settings(timestep_ps, mass),
        f"protocol.replicas={_MORE_REPLICAS * protocol.replicas}",
        f"protocol.frames={protocol.duration!r} ps",
    ]
    return loads(spec.to_yaml(), spec.name, changes)


def _velocity(run: Run) -> Estimate:
    observed = Observed.of(run)
    return VELOCITY.on(observed.motion.scale).estimate(motion_samples(observed))


def _inertia(machine: Run, masses_of: Run) -> float:
    """The rotor's moment of inertia in a machine's built structure with the masses of a run, u nm^2."""
    condition = prepare("masses", 0, machine.assembly, masses_of.drive, masses_of.spec.protocol)
    return machine.assembly.moment_of_inertia(condition.masses)


def _difference(here: Floats, there: Floats, unit: str) -> Estimate:
    """Difference of two means over replicas with Welch's interval."""
    welch = stats.ttest_ind(here, there, equal_var=False)
    low, high = welch.confidence_interval(CONFIDENCE)
    return Estimate(float(np.mean(here) - np.mean(there)), (float(low), float(high)), unit)
