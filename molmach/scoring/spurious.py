"""How much of a claimed current its controls leave to be spurious."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from molmach.data.looks import LookPlan
from molmach.data.statistics import (
    Floats,
    difference_of,
    finite_or_none,
    p_value_of_faster,
    upper_bound,
)
from molmach.scoring.controls import MARGIN, ControlResult

CONFIDENCE = 0.8
"""Of the bound on spurious motion by both controls together; what it costs and what it keeps out is measured
in ``docs/verdict.md``."""

AS_FAST_LEVEL = 0.02
"""One-sided level at which the undriven twin must be slower than the claim, in all its looks together."""

HOPELESS_AS_FAST = 0.5
"""An undriven twin that was seen to be as fast is given no more replicas."""

UNDRIVEN_TIMES = 4
"""Times the claim's replicas that its undriven twin is given at most, to tell that it is slower."""


def undriven_looks(replicas: int) -> LookPlan:
    """When an undriven twin is held against a claim of so many replicas: with as many, twice, four times."""
    return LookPlan(replicas, UNDRIVEN_TIMES * replicas)


@dataclass(frozen=True)
class Spurious:
    """Motion the claim's way that is not the drive's doing, by both controls together.

    Attributes
    ----------
    claimed
        Speed of machine and mirror image together.
    value, error
        Of the spurious motion, by the undriven twin's velocity and by half of what machine and mirror image
        differ, each weighted by its precision.
    bound
        One-sided bound of it, 80 %; surer where there is only a share of the other 20 %.
    p_as_fast
        One-sided, of an undriven twin that is as fast as the claim; 0 where it was not run.
    share
        Of the level of the bound, at one of several looks.
    share_as_fast
        Of the level of ``p_as_fast``: an undriven twin has looks of its own, :func:`undriven_looks`.
    """

    claimed: float
    value: float
    error: float
    bound: float
    p_as_fast: float = 0.0
    share: float = 1.0
    share_as_fast: float = 1.0

    @property
    def excluded(self) -> bool:
        """Whether less than half of the claim is spurious, and the undriven twin slower than it."""
        return self.bound < MARGIN * self.claimed and self.slower

    @property
    def slower(self) -> bool:
        """Whether the undriven twin is surely slower than the claim."""
        return self.p_as_fast <= self.share_as_fast * AS_FAST_LEVEL

    @property
    def times_replicas(self) -> float:
        """Times the replicas that would exclude it, were there no more; infinite where it is too much."""
        room = MARGIN * self.claimed - max(0.0, self.value)
        return math.inf if room <= 0.0 else max(2.0, ((self.bound - self.value) / room) ** 2)

    def to_json(self) -> dict[str, Any]:
        """What a score's document says of it."""
        return {
            "claimed": self.claimed,
            "value": self.value,
            "bound": finite_or_none(self.bound),
            "p_as_fast": self.p_as_fast,
            "excluded": self.excluded,
        }


def spurious_motion(
    direction: int,
    claim: Floats,
    controls: Mapping[str, ControlResult],
    mirror: Floats | None,
    share: float | None = None,
) -> Spurious | None:
    """What the controls that were run leave to be spurious; None where none was.

    Parameters
    ----------
    direction
        Of the claim, 1 or -1.
    claim
        (n_replicas,) velocities.
    controls
        As judged.
    mirror
        (n_replicas,) velocities of the mirror image, as reflection has them; None where it was not run.
    share
        Of the levels of the bound and of the undriven twin's speed, at a look of a run to which replicas are
        added until it tells; None of a run of a fixed number, whose undriven twin has looks of its own.
    """
    parts: list[tuple[float, float, float]] = []
    together = claim if mirror is None else np.concatenate([claim, mirror])
    claimed, p_as_fast, share_as_fast = float(np.mean(together)), 0.0, 1.0
    if mirror is not None:
        difference, error, freedom = difference_of(claim, mirror)
        parts.append((0.5 * difference, 0.5 * error, freedom))
    if "undriven" in controls:
        velocity, still = controls["undriven"].velocity, controls["undriven"].samples
        assert still is not None, "a direction is claimed of velocities"
        parts.append((velocity.value, velocity.error, still.size - 1.0))
        p_as_fast = p_value_of_faster(direction * together, direction * still)
        share_as_fast = undriven_looks(claim.size).share(still.size) if share is None else share
    if not parts:
        return None
    values, errors, freedoms = (np.array(column) for column in zip(*parts, strict=True))
    weights = 1.0 / np.maximum(errors, 1e-12 * abs(claimed)) ** 2
    error = float(1.0 / math.sqrt(weights.sum()))
    value = direction * float(weights @ values / weights.sum())
    freedom = float(weights.sum() ** 2 / np.sum(weights**2 / freedoms))
    of_bound = 1.0 if share is None else share
    bound = upper_bound(value, error, freedom, 1.0 - of_bound * (1.0 - CONFIDENCE))
    return Spurious(direction * claimed, value, error, bound, p_as_fast, of_bound, share_as_fast)


def undriven_wanted(spurious: Spurious | None, claim: int, undriven: int) -> int | None:
    """Replicas that an undriven twin is to have; None where it has told, or cannot.

    Parameters
    ----------
    spurious
        What was found with as many as there are; None where there is no current.
    claim, undriven
        Replicas of the claim and of its undriven twin.
    """
    if spurious is None or spurious.slower or spurious.p_as_fast > HOPELESS_AS_FAST:
        return None
    return next((number for number in undriven_looks(claim).numbers if number > undriven), None)
