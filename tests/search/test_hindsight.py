"""Predictions are as wide as what came of an agent's earlier ones asks for."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from molmach.search import Design, Finding, Measured, Proposal, State, Trial
from molmach.search.agents.hindsight import Hindsight, correction

ERROR = 0.1
BATCH = 10


def campaign(
    count: int, off: Callable[[np.random.Generator], float], seed: int = 0, sd: float = 1.0
) -> tuple[list[Trial], list[float]]:
    """A campaign of an agent that always says so much of values that it misses by ``off``, and its z-scores.

    Its machines' values are spread by 5; each answer has ten proposals, each result comes after the answer.
    """
    rng, ours, clock = np.random.default_rng(seed), Hindsight("ours"), 0.0
    trials: list[Trial] = []
    z = []
    for batch in range(count // BATCH):
        true = rng.normal(0.0, 5.0, BATCH)
        said = [Proposal(Design.of({}), "", v - off(rng), sd) for v in true]
        clock += 1.0
        made = clock
        for value, proposal in zip(true, ours.widened(said, trials), strict=True):
            clock += 1.0
            number, seen = len(trials) + 1, value + ERROR * rng.standard_normal()
            measured = (Measured(seen, ERROR, seen - 2 * ERROR, seen + 2 * ERROR),)
            key = str(number)
            found = Finding(key, key, "ours", 0, "", measured, 1.0, 1, False, clock)
            begun = Trial(
                number, "ours", batch, proposal.design, "", proposal.mean, proposal.sd, State.RUNNING,
                machine=key, made=made,
            )  # fmt: skip
            trials.append(begun.found(found))
            assert proposal.mean is not None
            assert proposal.sd is not None
            z.append((seen - proposal.mean) / math.hypot(proposal.sd, ERROR))
    return trials, z


@pytest.mark.parametrize("size", [0.3, 1.0, 4.0])
def test_an_agent_that_misjudges_its_error_everywhere_is_put_right(size: float) -> None:
    """Of 400 predictions the rms of z has a standard error of 0.035: bands of four of them and the learning."""
    _, z = campaign(600, lambda rng: size * rng.standard_normal())
    later = np.array(z[200:])
    assert 0.8 < np.sqrt(np.mean(later**2)) < 1.2
    assert 0.9 < np.mean(np.abs(later) < 1.96) < 0.985


def test_an_agent_that_is_wrong_now_and_then_says_so() -> None:
    """Twice in a hundred it is off by as much as machines differ: as it states them, z has an rms of 1.2 to 7."""

    def off(rng: np.random.Generator) -> float:
        return float(rng.normal(0.0, 7.0) if rng.random() < 0.05 else 0.2 * rng.standard_normal())

    _, z = campaign(600, off, sd=0.2)
    later = np.array(z[200:])
    assert np.sqrt(np.mean(later**2)) < 1.5
    _, stated = campaign(200, off, sd=0.2)
    assert max(map(abs, stated[:100])) > 3.0 * max(map(abs, later))


def test_it_is_found_again_from_the_trials_alone() -> None:
    """Who is started anew, and is told everything again, says the same."""
    trials, _ = campaign(60, lambda rng: 3.0 * rng.standard_normal())
    told = [Proposal(Design.of({}), "", 2.0, 1.0)]
    once = Hindsight("ours")
    for count in (20, 40, 60):
        (kept,) = once.widened(told, trials[:count])
    (anew,) = Hindsight("ours").widened(told, trials)
    assert kept == anew
    assert (anew.sd or 0.0) > 2.0


def test_others_results_and_those_after_the_answer_say_nothing_of_it() -> None:
    trials, _ = campaign(60, lambda rng: 3.0 * rng.standard_normal())
    told = [Proposal(Design.of({}), "", 0.0, 1.0)]
    others = [replace(trial, agent="theirs") for trial in trials]
    (stranger,) = Hindsight("ours").widened(told, others)
    (own,) = Hindsight("ours").widened(told, trials)
    assert (stranger.sd or 0.0) < 0.6 * (own.sd or 0.0)
    assert Hindsight("ours").widened(told, []) == told
    assert Hindsight("ours").widened([], trials) == []


def test_what_is_stated_is_found_again_from_what_is_widened() -> None:
    """But for what nobody can know less than: that a machine is one of those known."""
    rng = np.random.default_rng(1)
    mean, sd = rng.normal(0.0, 10.0, 50), rng.exponential(1.0, 50)
    by = correction(mean, sd, mean + rng.standard_normal(50), sd, np.zeros((50, 2)), mean)
    lost = np.hypot(mean - by.centre, by.spread)
    assert by.stated(mean, by.widened(mean, sd)) == pytest.approx(sd * lost / np.hypot(sd, lost), rel=1e-9)


def test_a_height_that_no_machine_has_is_foretold_with_doubt_until_machines_have_it() -> None:
    """Right so far among machines of spread 5, it expects one at 25: after ten such came, it may be sure."""
    trials, _ = campaign(100, lambda rng: 0.2 * rng.standard_normal(), sd=0.2)
    told = [Proposal(Design.of({}), "", mean, 0.2) for mean in (0.0, 25.0)]
    near, far = Hindsight("ours").widened(told, trials)
    assert (near.sd or 0.0) < 1.0
    assert (far.sd or 0.0) > 5.0
    came = [
        replace(trial, mean=25.0, sd=far.sd, batch=10, made=clock + 0.5, findings=()).found(
            replace(trial.findings[0], measured=(Measured(25.0, ERROR, 24.8, 25.2),), finished=clock + 1.0)
        )
        for trial in trials[:20]
        for clock in (trials[-1].findings[0].finished,)
    ]
    for number, trial in enumerate(came):
        came[number] = replace(trial, number=101 + number, machine=f"high {number}")
    (later,) = Hindsight("ours").widened(told[1:], [*trials, *came])
    assert (later.sd or 0.0) < 0.5 * (far.sd or 0.0)


def test_silence_and_nonsense_stay_what_they_are() -> None:
    trials, _ = campaign(40, lambda rng: rng.standard_normal())
    odd = [Proposal(Design.of({}), "", *said) for said in ((None, None), (1.0, None), (1e300, 1e300))]
    silent, half, huge = Hindsight("ours").widened(odd, trials)
    assert (silent, half) == (odd[0], odd[1])
    assert math.isfinite(huge.sd or 0.0)
