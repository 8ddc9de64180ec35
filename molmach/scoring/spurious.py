"""How much of a claimed current its controls leave to be spurious."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy

from molmach.data.statistics import Floats, difference_of, finite_or_none, mean_estimate, upper_bound
from molmach.scoring.controls import MARGIN, ControlResult

CONFIDENCE = 0.8
"""Of the bound on spurious motion by both controls together; what it costs and what it keeps out is measured
in ``docs/verdict.md``."""

AS_FAST_LEVEL = 0.08
"""One-sided level at which the undriven twin must be slower than the claim."""


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
        Of the levels of both, at one of several looks.
    """

    claimed: float
    value: float
    error: float
    bound: float
    p_as_fast: float = 0.0
    share: float = 1.0

    @property
    def excluded(self) -> bool:
        """Whether less than half of the claim is spurious, and the undriven twin slower than it."""
        return self.bound < MARGIN * self.claimed and self.p_as_fast <= self.share * AS_FAST_LEVEL

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
    share: float = 1.0,
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
        Of the levels of the bound and of the undriven twin's speed.
    """
    parts: list[tuple[float, float, float]] = []
    together = mean_estimate(claim)
    claimed, uncertain, p_as_fast = together.value, together.error, 0.0
    if mirror is not None:
        difference, error, freedom = difference_of(claim, mirror)
        claimed, uncertain = 0.5 * (claimed + float(np.mean(mirror))), 0.5 * error
        parts.append((0.5 * difference, 0.5 * error, freedom))
    if "undriven" in controls:
        still = controls["undriven"].velocity
        parts.append((still.value, still.error, claim.size - 1.0))
        apart = math.hypot(still.error, uncertain)
        faster = direction * (claimed - still.value)
        p_as_fast = float(
            scipy.stats.t.sf(faster / apart, claim.size - 1.0) if apart > 0.0 else faster <= 0.0
        )
    if not parts:
        return None
    values, errors, freedoms = (np.array(column) for column in zip(*parts, strict=True))
    weights = 1.0 / np.maximum(errors, 1e-12 * abs(claimed)) ** 2
    error = float(1.0 / math.sqrt(weights.sum()))
    value = direction * float(weights @ values / weights.sum())
    freedom = float(weights.sum() ** 2 / np.sum(weights**2 / freedoms))
    bound = upper_bound(value, error, freedom, 1.0 - share * (1.0 - CONFIDENCE))
    return Spurious(direction * claimed, value, error, bound, p_as_fast, share)
