"""The judgement of a claim's controls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from molmach.building import coordinate_of
from molmach.data.observed import Observed
from molmach.data.quantity import Quantity
from molmach.data.statistics import Estimate, Floats, finite_or_none, p_value_of_opposite, p_value_of_zero
from molmach.scoring.gearing import FOLLOWER_VELOCITY, follower_samples
from molmach.scoring.motion import VELOCITY, motion_samples

CONTROL_LEVEL = 0.01
"""A control fails when chance alone would be this rare: one honest claim in a hundred fails each."""


@dataclass(frozen=True)
class ControlResult:
    """One control: its velocity, the p-value of what it must show, and whether it passed.

    ``followers`` has the same of each wheel that the rotor turns; all must pass. ``measured`` is what it was
    judged by where that is no velocity, as of a machine between two ends.
    """

    velocity: Estimate
    p_value: float
    passed: bool
    statement: str
    followers: dict[str, ControlResult] = field(default_factory=dict)
    measured: Estimate | None = None

    @property
    def measure(self) -> Estimate:
        """What it was judged by."""
        return self.velocity if self.measured is None else self.measured

    def to_json(self) -> dict[str, Any]:
        """What a score's document says of the control; ``followers`` where there are any."""
        document = {
            "velocity": self.velocity.to_json(),
            "p_value": finite_or_none(self.p_value),
            "passed": self.passed,
            "statement": self.statement,
        }
        if self.measured is not None:
            document["measured"] = self.measured.to_json()
        if self.followers:
            document["followers"] = {name: part.to_json() for name, part in self.followers.items()}
        return document

    def with_followers(self, followers: Mapping[str, ControlResult]) -> ControlResult:
        """The judgement of a rotor together with those of the wheels that it turns."""
        if not followers:
            return self
        failing = [f"{name} {part.statement}" for name, part in followers.items() if not part.passed]
        agreeing = "" if failing else f" ({', '.join(followers)} agree{'s' if len(followers) == 1 else ''})"
        return replace(
            self,
            passed=self.passed and not failing,
            statement="; ".join([self.statement + agreeing, *failing]),
            followers=dict(followers),
        )


def judge(
    name: str, control: Observed, claim: Observed, claim_samples: Mapping[str, Floats]
) -> ControlResult:
    """One control of a run, ``undriven`` or ``mirror``; rotor and followers share its level.

    Parameters
    ----------
    name
        Of the control.
    control, claim
        The control, and the run itself.
    claim_samples
        Of the run, :func:`molmach.scoring.quantities.samples_of`.
    """
    assert claim.run is not None, "a control belongs to a run"
    scale, parity = claim.motion.scale, coordinate_of(claim.run.assembly).parity
    level = CONTROL_LEVEL / (1 + len(claim.motion.followers))
    here = {**motion_samples(control), **follower_samples(control)}

    def judged(quantity: Quantity) -> ControlResult:
        samples, claimed = here[quantity.name], claim_samples[quantity.name]
        velocity = quantity.estimate(here)
        if name == "undriven":
            return judge_undriven(velocity, samples, level, scale.verb)
        return judge_mirror(
            velocity, samples, quantity.estimate(claim_samples), claimed, parity, level, scale.verb
        )

    followers = {wheel: judged(FOLLOWER_VELOCITY.called(wheel)) for wheel in claim.motion.followers}
    return judged(VELOCITY.on(scale)).with_followers(followers)


def judge_undriven(
    velocity: Estimate, samples: Floats, level: float = CONTROL_LEVEL, verb: str = "turn"
) -> ControlResult:
    """With the drive off the machine must have no net motion; (n_replicas,) velocities."""
    p = p_value_of_zero(samples)
    passed = p >= level
    statement = f"does not {verb} with the drive off" if passed else f"{verb}s with the drive off"
    return ControlResult(velocity, p, passed, statement)


def judge_mirror(
    velocity: Estimate,
    samples: Floats,
    claim: Estimate,
    claim_samples: Floats,
    parity: int,
    level: float = CONTROL_LEVEL,
    verb: str = "turn",
) -> ControlResult:
    """The mirror image under the mirrored drive must do what reflection demands, equally fast.

    Parameters
    ----------
    velocity, samples
        Of the mirror image: estimate and (n_replicas,) velocities.
    claim, claim_samples
        The same of the machine.
    parity
        -1 where the mirror image must turn the other way; 1 where it must move the same way, for a
        place along an axle is the same place in the mirror.
    level
        The control fails when chance alone would be this rare.
    verb
        What the machine does, as :class:`molmach.building.Scale` has it.
    """
    p = p_value_of_opposite(claim_samples, -parity * samples)
    resolved = claim.ci95[0] > 0.0 or claim.ci95[1] < 0.0
    agrees = not resolved or parity * velocity.value * claim.value > 0.0
    passed = p >= level and agrees
    way = f"{verb} the {'other' if parity < 0 else 'same'} way, equally fast"
    if not passed:
        statement = f"mirror image does not {way}"
    else:
        statement = f"mirror image {way.replace(' ', 's ', 1)}" if resolved else "mirror image agrees"
    return ControlResult(velocity, p, passed, statement)
