"""How much of a claimed current its controls leave to be spurious."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from molmach.data.statistics import Floats, difference_of, finite_or_none, upper_bound
from molmach.scoring.controls import MARGIN, ControlResult


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
        One-sided 95 % bound.
    """

    claimed: float
    value: float
    error: float
    bound: float

    @property
    def excluded(self) -> bool:
        """Whether spurious motion is surely less than half of what is claimed."""
        return self.bound < MARGIN * self.claimed

    @property
    def times_replicas(self) -> float:
        """Times the replicas that would exclude it, were there none; infinite where it is too much."""
        room = MARGIN * self.claimed
        return math.inf if self.value >= room else ((self.bound - self.value) / room) ** 2

    def to_json(self) -> dict[str, Any]:
        """What a score's document says of it."""
        return {
            "claimed": self.claimed,
            "value": self.value,
            "bound": finite_or_none(self.bound),
            "excluded": self.excluded,
        }


def spurious_motion(
    direction: int,
    claim: Floats,
    controls: Mapping[str, ControlResult],
    mirror: Floats | None,
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
    """
    parts: list[tuple[float, float, float]] = []
    claimed = float(np.mean(claim))
    if "undriven" in controls:
        velocity = controls["undriven"].velocity
        parts.append((velocity.value, velocity.error, claim.size - 1.0))
    if mirror is not None:
        difference, error, freedom = difference_of(claim, mirror)
        claimed = 0.5 * (claimed + float(np.mean(mirror)))
        parts.append((0.5 * difference, 0.5 * error, freedom))
    if not parts:
        return None
    values, errors, freedoms = (np.array(column) for column in zip(*parts, strict=True))
    weights = 1.0 / np.maximum(errors, 1e-12 * abs(claimed)) ** 2
    error = float(1.0 / math.sqrt(weights.sum()))
    value = direction * float(weights @ values / weights.sum())
    freedom = float(weights.sum() ** 2 / np.sum(weights**2 / freedoms))
    return Spurious(direction * claimed, value, error, upper_bound(value, error, freedom))
