"""Shares of time that few visits decide: intervals from the visits, not from the samples."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from molmach.data.intervals import Combine
from molmach.data.statistics import CONFIDENCE, Estimate, Floats, mean_estimate, student_factor

FEW_VISITS = 20.0
"""Changes to and fro in a replica from which on the replicas' own means tell how sure a share is."""


def share_from_visits(
    share: float, entries: float, exits: float, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Interval of the long-run share of time in a region that was entered and left so many times.

    With constant rates a = entries / time outside and b = exits / time inside the share is a / (a + b),
    wherever the machine began. Their posterior under Jeffreys's prior is a Gamma distribution each, so that
    a / (a + b) = B t / (B t + (1 - B)), with t the ratio of the times inside and outside and B distributed as
    Beta(entries + 1/2, exits + 1/2). Where nothing passed either way nothing is known.

    Parameters
    ----------
    share
        Of the time that was spent in the region.
    entries, exits
        Changes into the region and out of it, of all replicas.
    confidence
        Of the interval.

    Examples
    --------
        >>> np.array(share_from_visits(0.5, 1000, 1000))
        array([0.4781, 0.5219])
        >>> share_from_visits(0.999, 0, 0)
        (0.0, 1.0)
    """
    if entries + exits == 0 or not 0.0 < share < 1.0:
        return 0.0, 1.0
    tails = np.array([0.5 - 0.5 * confidence, 0.5 + 0.5 * confidence])
    ends = np.asarray(scipy.stats.beta.ppf(tails, entries + 0.5, exits + 0.5))
    odds = ends / (1.0 - ends) * share / (1.0 - share)
    low, high = (float(x) for x in odds / (1.0 + odds))
    return low, high


@dataclass(frozen=True)
class StudentOrVisits:
    """For a share of time: where visits are few, the wider of Student's interval and that of the visits.

    Takes shares and, where they are known, entries and exits. Student's interval alone is of replicas in
    which the machine came and went often.
    """

    words: str = "Student; where visits are few, the wider of it and one from the rates of coming and going"

    def estimate(self, samples: Sequence[Floats], combine: Combine) -> Estimate:
        """Of (n_replicas,) shares; and of entries and exits, if there are such."""
        shares, *visits = samples
        student = mean_estimate(shares)
        if not visits or not math.isfinite(student.value):
            return student
        entries, exits = (float(np.sum(count)) for count in visits)
        if entries + exits >= FEW_VISITS * shares.size:
            return student
        low, high = share_from_visits(student.value, entries, exits)
        low, high = min(low, student.ci95[0]), max(high, student.ci95[1])
        return Estimate(student.value, (low, high), error=0.5 * (high - low) / student_factor(shares.size))
