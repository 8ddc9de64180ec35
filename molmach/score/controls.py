"""The judgement of a claim's controls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from molmach.score.statistics import Estimate, Floats, finite_or_none, p_value_of_opposite, p_value_of_zero

CONTROL_LEVEL = 0.01
"""A control fails when chance alone would be this rare: one honest claim in a hundred fails each."""


@dataclass(frozen=True)
class ControlResult:
    """One control: its velocity, the p-value of what it must show, and whether it passed."""

    velocity: Estimate
    p_value: float
    passed: bool
    statement: str

    def to_json(self) -> dict[str, Any]:
        """Plain mapping."""
        return {
            "velocity": self.velocity.to_json(),
            "p_value": finite_or_none(self.p_value),
            "passed": self.passed,
            "statement": self.statement,
        }


def judge_undriven(velocity: Estimate, samples: Floats) -> ControlResult:
    """With the drive off the machine must not turn; (n_replicas,) velocities."""
    p = p_value_of_zero(samples)
    passed = p >= CONTROL_LEVEL
    statement = "does not turn with the drive off" if passed else "turns with the drive off"
    return ControlResult(velocity, p, passed, statement)


def judge_mirror(
    velocity: Estimate, samples: Floats, claim: Estimate, claim_samples: Floats
) -> ControlResult:
    """The mirror image under the mirrored drive must turn the other way, equally fast."""
    p = p_value_of_opposite(claim_samples, samples)
    resolved = claim.ci95[0] > 0.0 or claim.ci95[1] < 0.0
    opposite = not resolved or velocity.value * claim.value < 0.0
    passed = p >= CONTROL_LEVEL and opposite
    if passed:
        statement = "mirror image turns the other way, equally fast" if resolved else "mirror image agrees"
    else:
        statement = "mirror image does not turn the other way, equally fast"
    return ControlResult(velocity, p, passed, statement)
