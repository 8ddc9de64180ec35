"""Verdicts that name no direction: of machines at equilibrium, and of places between two ends.

A machine at equilibrium has no steady current, whatever it does while it settles. A place between two ends
has none under any drive, for whatever moves there comes back; what such a machine can do is go to and fro
with its switch, and that is what it and its controls are judged by.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import scipy

from molmach import drives
from molmach.data.observed import Observed
from molmach.data.statistics import CONFIDENCE, Floats, sign_flip_p
from molmach.drives.detailed_balance import throws_after
from molmach.scoring.following import LAG_AFTER_THROW, THROWS_FOLLOWED, clock_of

FOLLOWING_LEVEL = 0.01
"""A machine is said to follow when chance alone would be this rare."""

ANSWERED = 0.5
"""A machine that surely answers fewer of the throws than this is said not to follow."""


@dataclass(frozen=True)
class Judgement:
    """A word for what a run amounts to, and what it rests on.

    Attributes
    ----------
    word
        Any verdict of a :class:`molmach.scoring.Score`.
    p_value
        Of chance where something was tested; else nan.
    reason, advice
        Sentences: why, and what would tell more, or ''.
    """

    word: str
    p_value: float
    reason: str
    advice: str = ""


def undirected(observed: Observed, samples: Mapping[str, Floats]) -> Judgement | None:
    """The judgement of a run or motion that can have no direction; None of one that can.

    Parameters
    ----------
    observed
        The run.
    samples
        Of the run, :func:`molmach.scoring.quantities.samples_of`.
    """
    at_rest = equilibrium_of(observed)
    if at_rest is not None:
        return Judgement("equilibrium", math.nan, equilibrium_sentence(at_rest))
    if observed.scale.period is not None:
        return None
    if clock_of(observed) is None or len(observed.station_names) < 2:
        return Judgement(
            "unresolved",
            math.nan,
            "A place between two ends has no steady velocity, and no clock throws a switch to follow.",
            "What it does is in its occupancies.",
        )
    return _judge_following(observed, samples)


def equilibrium_of(observed: Observed) -> str | None:
    """Why a run's machine is at equilibrium by its own file, as a clause; None where it is driven."""
    run = observed.run
    return None if run is None else drives.equilibrium(run.drive, run.assembly, run.spec.protocol)


def equilibrium_sentence(reason: str) -> str:
    """What a machine at equilibrium is told, before it is run and after."""
    return f"At equilibrium by its own file: {reason}. No direction can come of it, so none is claimed."


def _judge_following(observed: Observed, samples: Mapping[str, Floats]) -> Judgement:
    if "steps_per_cycle" not in samples:
        return Judgement(
            "unresolved",
            math.nan,
            "The measured part holds no whole phase after a throw on and after a throw off, so going there "
            "and coming back can't be seen.",
            f"A protocol.duration of {_long_enough(observed):g} ps would hold both.",
        )
    p_value, way = p_value_of_following(samples)
    answered = THROWS_FOLLOWED.estimate(samples)
    throws = f"{round(float(np.sum(samples['throws'])))} throws"
    counted = f"{answered.value:.2g} ({answered.ci95[0]:.2g} to {answered.ci95[1]:.2g}) of {throws} answered"
    share = observed.level_share
    if p_value < share * FOLLOWING_LEVEL:
        there, back = ("forward", "back") if way > 0 else ("backward", "forward again")
        reason = (
            f"The machine follows its switch, {there} after a throw on and {back} after a throw off: "
            f"{counted}, in {LAG_AFTER_THROW.estimate(samples).value:.3g} ps."
        )
        return Judgement("follows", p_value, reason)
    if _most_answered(samples, share) < ANSWERED:
        return Judgement("does not follow", p_value, f"The machine does not follow its switch: {counted}.")
    return Judgement(
        "unresolved",
        p_value,
        f"Whether the machine follows its switch can't be told from chance: {counted}.",
        "More replicas, or a run of more periods, would tell.",
    )


def p_value_of_following(samples: Mapping[str, Floats]) -> tuple[float, int]:
    """p-value of chance of going one way after throws on and back after throws off, and that way, 1 or -1.

    Both must be more than chance, each by the exact test of sign flips, so the larger of the two p-values
    counts (an intersection-union test); twice that of the better way, for there are two. A machine that went
    somewhere once, whatever set it off, did not come back.

    Parameters
    ----------
    samples
        With ``steps_on`` and ``steps_off``, :func:`molmach.scoring.following.following_samples`.
    """
    both = samples["steps_on"], samples["steps_off"]
    by_way = {way: max(sign_flip_p(way * steps) for steps in both) for way in (1, -1)}
    way = min(by_way, key=lambda way: by_way[way])
    return min(1.0, 2.0 * by_way[way]), way


def _most_answered(samples: Mapping[str, Floats], share: float) -> float:
    """Upper end of the 95 % interval of the part of throws that were answered, of the ways the greater.

    ``share`` is that of the interval's 5 %: with less of it the end is farther off, as Student's is.
    """
    either = [np.ones_like(samples["throws"]), -np.ones_like(samples["throws"])]
    estimates = [THROWS_FOLLOWED.estimate({**samples, "steps_per_cycle": way}) for way in either]
    freedom, tail = samples["throws"].size - 1, 0.5 * (1.0 - CONFIDENCE)
    farther = float(scipy.stats.t.isf(share * tail, freedom) / scipy.stats.t.isf(tail, freedom))
    return max(part.value + farther * (part.ci95[1] - part.value) for part in estimates)


def _long_enough(observed: Observed) -> float:
    """The least measured time that holds a whole phase after a throw on and one after a throw off, ps."""
    clock, run = clock_of(observed), observed.run
    assert clock is not None, "asked for where a clock throws"
    assert run is not None, "asked for where there is a run"
    start = run.spec.protocol.equilibration
    return min(throws_after(clock, start)) + clock.period - start
