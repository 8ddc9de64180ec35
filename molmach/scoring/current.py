"""Whether replicas carry a steady current: the tests behind ``forward`` and ``backward``.

A current goes on: replicas complete cycle after cycle, one way more often than chance would have it, and the
last half of the run shows it too. A machine that moves once, wherever to, has net motion but no current.
Which errors these tests make is measured in ``docs/verdict.md``, by ``benchmarks/verdict``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np

from molmach import drives
from molmach.data.cycles import Cycles, cycles_of
from molmach.data.observed import Observed
from molmach.data.statistics import Floats, sign_flip_p

CURRENT_LEVEL = 0.01
"""Two-sided level of the excess of cycles one way."""

AGAIN_LEVEL = 0.02
"""One-sided level of motion beyond a cycle each, for two tests together: so often at most is a machine that
goes round once, and else as often one way as the other, taken for one that turns."""

LAST_LEVEL = 0.1
"""One-sided level of the cycles of the last half, which are seen beside all of the above."""

SLOWING_LEVEL = 0.01
"""One-sided level of a last half that is slower than the first by more than :data:`SLOWER`."""

SLOWER = 0.1
"""Share by which the last half may be slower: a motion all but noiseless would show any trifle."""


class Finding(StrEnum):
    """What the tests say of net motion, and which of them said so.

    ``STEADY`` alone is a current. ``TRIP``, ``SLOWS`` and ``TO_AND_FRO``, which a switch with a clock brings,
    are motion that does not go on; the others leave it open. ``SPARSE`` is a current whose samples stand too
    far apart for its way to be known (:mod:`molmach.scoring.sampled`).
    """

    STEADY = "steady"
    TRIP = "trip"
    SLOWS = "slows"
    TO_AND_FRO = "to and fro"
    BEGUN = "begun"
    ONCE = "once"
    HALF = "half"
    SPARSE = "sparse"
    NOTHING = "nothing"
    FEW = "few"


@dataclass(frozen=True)
class Current:
    """The outcome of the tests for a steady current.

    Attributes
    ----------
    finding
        What they say.
    direction
        1 or -1, the sign of the net cycles, or of the net motion where there are none; 0 of no motion.
    p_value
        Two-sided, of no excess of completed cycles one way.
    p_moved
        Two-sided, of no net motion.
    p_again
        One-sided, of motion that is no more than a cycle each; of two tests twice the smaller (Bonferroni).
    p_last
        One-sided, of no excess of cycles in the last half.
    p_slowing
        One-sided, of a last half that is no more than a tenth slower than the first.
    replicas
        On how many replicas they rest, those of a mirror control included.
    share
        Of the levels of the tests for a current that these had: of one of several looks, its part.
    completed
        Cycles of all of them together, both ways.
    """

    finding: Finding
    direction: int
    p_value: float
    p_moved: float
    p_again: float
    p_last: float
    p_slowing: float
    replicas: int
    share: float = 1.0
    completed: int = 0

    @property
    def steady(self) -> bool:
        """Whether there is a current."""
        return self.finding is Finding.STEADY

    def to_json(self) -> dict[str, Any]:
        """What a score's document says of it."""
        return {**vars(self), "finding": str(self.finding)}


def observed_cycles(observed: Observed, claim: Observed | None = None) -> Cycles:
    """Completed cycles of a run or motion whose coordinate has a period.

    Parameters
    ----------
    observed
        The run.
    claim
        Of which it is a control, whose drive's period counts; default itself.
    """
    period = observed.scale.period
    assert period is not None, "cycles are counted where the coordinate has a period"
    repeats = drive_period_ps(observed if claim is None else claim)
    return cycles_of(observed.motion.coordinate, observed.motion.time_ps, period, repeats)


def drive_period_ps(observed: Observed) -> float | None:
    """Time after which a run's drive repeats itself; None where it is steady, or not known."""
    if observed.drive is None:
        return None
    model = drives.model(observed.drive)
    if model.clock is not None:
        return model.clock.period
    return 1e3 / abs(model.frequency) if model.frequency else None


def fewest_replicas(share: float = 1.0) -> int:
    """With fewer, all signs agree too often by chance: 2 / 2^n is more than that share of the level.

    Examples
    --------
    >>> fewest_replicas(), fewest_replicas(0.125)
    (8, 11)
    """
    return 1 + math.ceil(-math.log2(CURRENT_LEVEL * share))


def judge_current(cycles: Cycles, share: float = 1.0) -> Current:
    """Test replicas for a steady current.

    Parameters
    ----------
    cycles
        Of the claim's replicas, and of its mirror control's as reflection has them
        (:meth:`molmach.data.cycles.Cycles.seen`), together.
    share
        Of the level of each test that a current must pass. What must not be seen, slowing, keeps its level.
    """
    direction = int(np.sign(cycles.net.sum()) or np.sign(cycles.displacement.sum()))
    net = direction * cycles.net.astype(np.float64)
    beyond = sign_flip_p(beyond_first(cycles, direction)), sign_flip_p(direction * cycles.displacement - 1.0)
    current = Current(
        Finding.NOTHING,
        direction,
        p_value=min(1.0, 2.0 * sign_flip_p(net)),
        p_moved=min(1.0, 2.0 * sign_flip_p(direction * cycles.displacement)),
        p_again=min(1.0, 2.0 * min(beyond)),
        p_last=sign_flip_p(direction * cycles.halves[1].astype(np.float64)),
        p_slowing=sign_flip_p(direction * ((1.0 - SLOWER) * cycles.moved[0] - cycles.moved[1])),
        replicas=net.size,
        share=share,
        completed=int(cycles.forward.sum() + cycles.backward.sum()),
    )
    return replace(current, finding=_finding(current, cycles))


def beyond_first(cycles: Cycles, direction: int) -> Floats:
    """(n_replicas,) net cycles that way, beyond a first one that way, which may be a trip that ends.

    A replica that made one and went as often either way has as many beyond it as against it; one that has not
    made it has fewer, for its first is left out too.
    """
    ahead, back = cycles.forward, cycles.backward
    if direction < 0:
        ahead, back = back, ahead
    return np.asarray(np.maximum(ahead - 1, 0) - back, dtype=np.float64)


def _finding(current: Current, cycles: Cycles) -> Finding:
    if current.replicas < fewest_replicas(current.share):
        return Finding.FEW
    level = current.share * CURRENT_LEVEL
    slows = current.p_slowing <= SLOWING_LEVEL
    if current.p_value > level:
        if current.p_moved > level:
            return Finding.NOTHING
        return Finding.BEGUN if not slows and cycles.comparable and _even(cycles) else Finding.TRIP
    if slows:
        return Finding.SLOWS
    if current.p_again > current.share * AGAIN_LEVEL:
        return Finding.ONCE
    return Finding.STEADY if current.p_last <= current.share * LAST_LEVEL else Finding.HALF


def _even(cycles: Cycles) -> bool:
    """Whether the last half surely moved at least two thirds as far as the first."""
    direction = np.sign(cycles.displacement.sum())
    return sign_flip_p(direction * (1.5 * cycles.moved[1] - cycles.moved[0])) <= SLOWING_LEVEL
