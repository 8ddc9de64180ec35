"""Whether a run to which replicas are added has told what it can."""

from __future__ import annotations

import math
from collections.abc import Iterable

import scipy

from molmach.data import Run
from molmach.data.cycles import Cycles
from molmach.data.looks import LookPlan
from molmach.data.observed import Observed
from molmach.data.statistics import UNSEEN
from molmach.scoring.controls import CONTROL_LEVEL, ControlResult
from molmach.scoring.current import AGAIN_LEVEL, SLOWING_LEVEL, Current, Finding
from molmach.scoring.reasons import has_no_handedness
from molmach.scoring.shapes import SHAPE_LEVEL
from molmach.scoring.verdict import Score

HOPELESS = 0.05
"""Chance of a direction by the last look below which no more replicas are run."""


def has_told(run: Run, result: Score) -> bool:
    """Whether a run ends with this look: its verdict stands, or more replicas would leave it as it is.

    A direction, ``follows``, ``does not follow`` and ``equilibrium`` stand. A control that fails ends a run,
    and so does a machine that slows down, where it does at the look's share of its level; a claim that does
    not pay for itself gets all replicas, for the books of few are wide. Of what is ``unresolved``, that ends
    a run which no number of replicas resolves.

    Parameters
    ----------
    run, result
        At one of its looks, and its score.
    """
    until = run.until
    assert until is not None, "asked of a run to which replicas are added"
    if run.replicas >= until.most:
        return True
    current = result.current
    match result.verdict:
        case "failed":
            came_apart = not all(part.series.intact.all() for part in (run, *run.controls.values()))
            return came_apart or surely_failed(result.controls.values(), run.level_share)
        case "transient":
            return current is None or surely_transient(current, result.cycles)
        case "unresolved":
            return _unresolvable(run, result, until)
    return True


def _unresolvable(run: Run, result: Score, until: LookPlan) -> bool:
    """Nothing was tested, no direction can be or be seen, shapes disagree, or hardly a cycle will come."""
    current, shapes = result.current, result.shapes
    if math.isnan(result.p_value):
        return True
    if shapes is not None and shapes.depends and shapes.p_value <= run.level_share * SHAPE_LEVEL:
        return True
    if current is None:
        return False
    if current.finding is Finding.NOTHING and has_no_handedness(Observed.of(run)):
        return True
    if current.finding is Finding.SPARSE:
        return True
    return hopeless(current, run.replicas, until)


def surely_failed(controls: Iterable[ControlResult], share: float) -> bool:
    """Whether one of the controls fails at that share of its level, which a rotor's wheels share."""
    failed = [control for control in controls if not control.passed]
    return any(_least(control) < share * CONTROL_LEVEL for control in failed)


def _least(control: ControlResult) -> float:
    values = [control.p_value, *(part.p_value for part in control.followers.values())]
    return len(values) * min(values)


def surely_transient(current: Current, cycles: Cycles | None) -> bool:
    """Whether what moved does not go on, at the look's share of the level, or by its clock.

    A trip that is not seen to slow down may be the start of a turn.
    """
    if current.finding is Finding.TO_AND_FRO or (cycles is not None and not cycles.comparable):
        return True
    return current.p_slowing <= current.share * SLOWING_LEVEL


def hopeless(current: Current, replicas: int, until: LookPlan) -> bool:
    """Whether no cycle was completed, and a direction by the last look is hardly possible.

    Let cycles come one way, at the highest rate that may have gone unseen (95 %). A direction takes at least
    so many replicas with a second cycle that their signs, all alike, pass the test of what goes on.

    Parameters
    ----------
    current
        The tests, and how many replicas are behind them.
    replicas, until
        Of the claim alone at this look, and when it is looked at.
    """
    if current.completed > 0 or current.finding not in (Finding.NOTHING, Finding.BEGUN):
        return False
    rate = UNSEEN / current.replicas
    twice = 1.0 - math.exp(-rate) * (1.0 + rate)
    needed = math.ceil(-math.log2(0.5 * AGAIN_LEVEL * until.share(until.most)))
    to_come = (until.most - replicas) * current.replicas // replicas
    return float(scipy.stats.binom.sf(needed - 1, to_come, twice)) < HOPELESS
