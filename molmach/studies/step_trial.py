"""A time step that was tried on a machine, and what the trial says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from typing import Any

from molmach.data.statistics import Estimate


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

    @property
    def more_data(self) -> float:
        """How many times as much data would decide the check as it stands; 1 where it is decided.

        Intervals narrow with the root of the data; infinite where the value is the tolerance itself.
        """
        if self.finding is not Finding.OPEN:
            return 1.0
        half = 0.5 * (self.measured.ci95[1] - self.measured.ci95[0])
        room = abs(self.tolerance - abs(self.measured.value))
        return (half / room) ** 2 if room > 0.0 else inf

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
        Why the step could not be tried, or not to its end.
    constraints
        Of the protocol with which it was tried.
    """

    timestep_ps: float
    hydrogen_mass: float | None
    velocity: Estimate | None = None
    checks: dict[str, Check] | None = None
    problem: str = ""
    constraints: str = "h-bonds"

    @property
    def accepted(self) -> bool:
        """Whether there were checks and every one agrees."""
        return self.checks is not None and all(c.finding is Finding.AGREES for c in self.checks.values())

    @property
    def differs(self) -> bool:
        """Whether it is surely worse than the reference, or could not be run."""
        checks = (self.checks or {}).values()
        return bool(self.problem) or any(check.finding is Finding.DIFFERS for check in checks)

    @property
    def open_checks(self) -> tuple[str, ...]:
        """Names of the checks that too little data leaves undecided."""
        checks = (self.checks or {}).items()
        return tuple(name for name, check in checks if check.finding is Finding.OPEN)

    @property
    def more_data(self) -> float:
        """How many times as much data would decide all of its checks as they stand."""
        return max((check.more_data for check in (self.checks or {}).values()), default=1.0)

    @property
    def label(self) -> str:
        """The step in words."""
        return step_label(self.timestep_ps, self.hydrogen_mass)

    @property
    def settings(self) -> list[str]:
        """The step as overrides of a spec."""
        return step_settings(self.timestep_ps, self.hydrogen_mass, self.constraints)

    def to_json(self) -> dict[str, Any]:
        """What the document says of the step, fs, and of its checks."""
        return {
            "timestep_fs": self.timestep_ps * 1e3,
            "hydrogen_mass": self.hydrogen_mass,
            "constraints": self.constraints,
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
            constraints=str(content.get("constraints", "h-bonds")),
        )


def step_label(timestep_ps: float, hydrogen_mass: float | None) -> str:
    """A time step in words, ``4 fs, H 3 u``."""
    mass = "" if hydrogen_mass is None else f", H {hydrogen_mass:g} u"
    return f"{timestep_ps * 1e3:g} fs{mass}"


def step_settings(timestep_ps: float, hydrogen_mass: float | None, constraints: str) -> list[str]:
    """A time step as overrides of a spec."""
    mass = "null" if hydrogen_mass is None else f"{hydrogen_mass:g} u"
    return [
        f"protocol.timestep={timestep_ps * 1e3:g} fs",
        f"protocol.hydrogen_mass={mass}",
        f"protocol.constraints={constraints}",
    ]
