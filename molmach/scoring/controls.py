"""The judgement of a claim's controls."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from molmach.building import coordinate_of
from molmach.data.observed import Observed
from molmach.data.quantity import Quantity
from molmach.data.statistics import (
    Estimate,
    Floats,
    difference_of,
    equivalent,
    finite_or_none,
    p_value_of_opposite,
    p_value_of_zero,
    smallest_seen,
    upper_bound,
)
from molmach.scoring.gearing import FOLLOWER_VELOCITY, follower_samples
from molmach.scoring.motion import VELOCITY, count_samples, motion_samples

CONTROL_LEVEL = 0.01
"""A control fails when chance alone would be this rare: one honest claim in a hundred fails each."""

MARGIN = 0.5
"""Share of the claimed velocity: what a control must be surely below, and what "equally fast" means."""


@dataclass(frozen=True)
class ControlResult:
    """One control: its velocity, the p-value of what it must show, and whether it passed.

    ``followers`` has the same of each wheel that the rotor turns; all must pass. ``measured`` is what it was
    judged by where that is no velocity, as of a machine between two ends. ``detectable`` is the least net
    motion (undriven) or difference (mirror) that it would have caught four times in five, and ``bound`` the
    most of the claim's velocity that may be spurious by this control alone (one-sided, 95 %); both in the
    velocity's unit, nan where they are not known. ``samples`` are the (n_replicas,) values that it was judged
    by, where these are velocities.
    """

    velocity: Estimate
    p_value: float
    passed: bool
    statement: str
    followers: dict[str, ControlResult] = field(default_factory=dict)
    measured: Estimate | None = None
    detectable: float = math.nan
    bound: float = math.nan
    samples: Floats | None = field(default=None, repr=False, compare=False)

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
            "detectable": finite_or_none(self.detectable),
            "bound": finite_or_none(self.bound),
            "replicas": None if self.samples is None else self.samples.size,
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
    here = {**motion_samples(control), **count_samples(control), **follower_samples(control)}

    def judged(quantity: Quantity, cycles: Floats | None = None) -> ControlResult:
        samples, claimed = here[quantity.name], claim_samples[quantity.name]
        velocity = quantity.estimate(here)
        if name == "undriven":
            return judge_undriven(velocity, samples, claimed, level, scale.verb, cycles)
        return judge_mirror(velocity, samples, claimed, parity, level)

    followers = {wheel: judged(FOLLOWER_VELOCITY.called(wheel)) for wheel in claim.motion.followers}
    net = here["forward"] - here["backward"]
    return judged(VELOCITY.on(scale), net).with_followers(followers)


def judge_undriven(
    velocity: Estimate,
    samples: Floats,
    claim_samples: Floats,
    level: float = CONTROL_LEVEL,
    verb: str = "turn",
    cycles: Floats | None = None,
) -> ControlResult:
    """With the drive off the machine must carry no current; (n_replicas,) velocities.

    What only settles, and completes no cycles more one way than the other, does not fail; what it moved
    counts in the bound.

    Parameters
    ----------
    velocity, samples
        Of the undriven machine: estimate and (n_replicas,) velocities.
    claim_samples
        Velocities of the claim.
    level
        The control fails when chance alone would be this rare.
    verb
        What the machine does, as :class:`molmach.building.Scale` has it.
    cycles
        (n_replicas,) net cycles that the undriven machine completed, where they are counted.
    """
    p, n = p_value_of_zero(samples), samples.size
    settles = p < level and cycles is not None and p_value_of_zero(cycles) >= level
    passed = p >= level or settles
    claimed = float(np.mean(claim_samples))
    bound = upper_bound(np.sign(claimed) * velocity.value, velocity.error, n - 1)
    seen = smallest_seen(velocity.error, n - 1, level)
    if settles:
        statement = f"settles with the drive off, and does not {verb}"
    elif not passed:
        statement = f"{verb}s with the drive off"
    elif bound < MARGIN * abs(claimed):
        statement = f"does not {verb} with the drive off"
    else:
        statement = (
            f"is not seen to {verb} with the drive off; {seen:.2g} {velocity.unit} would have been seen"
        )
    return ControlResult(velocity, p, passed, statement, detectable=seen, bound=bound, samples=samples)


def judge_mirror(
    velocity: Estimate,
    samples: Floats,
    claim_samples: Floats,
    parity: int,
    level: float = CONTROL_LEVEL,
) -> ControlResult:
    """The mirror image under the mirrored drive must do what reflection demands.

    "Equally fast" is said where the two speeds surely differ by less than half of their mean: two one-sided
    tests, 5 % each (Schuirmann, J. Pharmacokinet. Biopharm. 15, 657 (1987)). That it goes a way is said
    where its interval, which knows of rare events, holds no zero.

    Parameters
    ----------
    velocity, samples
        Of the mirror image: estimate and (n_replicas,) velocities.
    claim_samples
        (n_replicas,) velocities of the machine.
    parity
        -1 where the mirror image must turn the other way; 1 where it must move the same way, for a
        place along an axle is the same place in the mirror.
    level
        The control fails when chance alone would be this rare.
    """
    seen = parity * samples
    p = p_value_of_opposite(claim_samples, -seen)
    difference, error, freedom = difference_of(claim_samples, seen)
    together = 0.5 * float(np.mean(claim_samples) + np.mean(seen))
    spurious = 0.5 * np.sign(together) * difference
    apart = velocity.ci95[0] > 0.0 or velocity.ci95[1] < 0.0
    goes = apart and float(np.mean(seen)) * together > 0.0
    way = f"goes the {'other' if parity < 0 else 'same'} way"
    if p < level:
        statement = f"mirror image does not {way.replace('goes', 'go')}, equally fast"
    elif goes and equivalent(difference, error, freedom, MARGIN * abs(together)):
        statement = f"mirror image {way}, equally fast"
    elif goes and p_value_of_zero(samples) < level:
        statement = f"mirror image {way}, as fast as can be told"
    else:
        statement = "mirror image agrees as far as can be told"
    return ControlResult(
        velocity,
        p,
        p >= level,
        statement,
        detectable=smallest_seen(error, freedom, level),
        bound=upper_bound(spurious, 0.5 * error, freedom),
        samples=samples,
    )
