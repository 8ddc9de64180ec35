"""What evolution and reinforcement learning both do: search well, predict honestly, start anew unchanged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from scipy import stats

from molmach.agents.evolutionary import Evolutionary
from molmach.agents.random import Random
from molmach.agents.reinforcement import Reinforcement
from molmach.search import Design, Space
from tests.helpers.planted import (
    EDITS,
    NO_SITES,
    PARAMETERS,
    history,
    new_and_distinct,
    replay,
    shares,
    space_of,
    trial,
    view_of,
)


@dataclass(frozen=True)
class Case:
    """An agent, how long it is tried, and what it must keep within.

    Attributes
    ----------
    kind
        The agent's class.
    searches, longest
        Number of searches for the best machines, and evaluations after which one is given up.
    replays, evaluations
        Number of searches whose predictions are held against what was measured, and evaluations of each.
    fewest
        More predictions than this must come of them.
    spread
        Band of the z-scores' standard deviation: three of its standard errors and 15 %.
    most_covered
        Largest share of the true values within their 95 % intervals.
    below_peak
        How far below the peak of a smooth function of two numbers the best design may stay.
    counts
        Options that are counts of one or more.
    """

    kind: type[Evolutionary | Reinforcement]
    searches: int
    longest: int
    replays: int
    evaluations: int
    fewest: int
    spread: tuple[float, float]
    most_covered: float
    below_peak: float
    counts: tuple[str, ...]


CASES = (
    Case(
        Evolutionary, searches=20, longest=400, replays=8, evaluations=32, fewest=100, spread=(0.7, 1.3),
        most_covered=0.999, below_peak=0.003, counts=("population", "initial", "litter"),
    ),
    Case(
        Reinforcement, searches=14, longest=80, replays=5, evaluations=36, fewest=70, spread=(0.67, 1.33),
        most_covered=1.0, below_peak=0.005, counts=("initial", "actions", "rollouts"),
    ),
)  # fmt: skip


@pytest.fixture(params=CASES, ids=lambda case: case.kind.__name__)
def case(request: pytest.FixtureRequest) -> Case:
    """Each of the agents."""
    chosen: Case = request.param
    return chosen


def better_than_random(case: Case, space: Space, truth: dict[str, float], searches: int) -> float:
    """p-value (rank test) of an agent that needs as many evaluations as random choice does."""
    ours = [replay(case.kind(space), truth, seed, limit=case.longest)[0] for seed in range(searches)]
    random = [replay(Random(space), truth, seed)[0] for seed in range(40)]
    assert np.median(ours) <= 0.7 * np.median(random)
    return float(stats.mannwhitneyu(ours, random, alternative="less").pvalue)


def test_finds_the_best_machines_in_fewer_evaluations_than_random(
    case: Case, space: Space, truth: dict[str, float]
) -> None:
    # Seeds are fixed. An agent no better than random would pass with probability 0.05 (rank test).
    assert better_than_random(case, space, truth, searches=7) < 0.05


@pytest.mark.slow
def test_finds_the_best_machines_in_far_fewer_evaluations_than_random(
    case: Case, space: Space, truth: dict[str, float]
) -> None:
    # Seeds are fixed. An agent no better than random would pass with probability 0.001 (rank test).
    assert better_than_random(case, space, truth, case.searches) < 0.001


@pytest.mark.slow
def test_predictions_are_calibrated(case: Case, space: Space, truth: dict[str, float]) -> None:
    # About 200 and 140 z-scores: their spread has a standard error of 5 and 6 %.
    predictions = [
        prediction
        for seed in range(case.replays)
        for prediction in replay(case.kind(space), truth, seed, limit=case.evaluations, top=0.0)[1]
    ]
    z = np.array([(true - mean) / sd for true, mean, sd in predictions])
    assert len(z) > case.fewest
    assert case.spread[0] < z.std() < case.spread[1]
    assert abs(z.mean()) < 0.5
    assert 0.85 < np.mean(np.abs(z) < 1.96) <= case.most_covered


def test_same_view_gives_the_same_proposals_even_after_a_restart(
    case: Case, space: Space, truth: dict[str, float]
) -> None:
    trials = history(space, 30, lambda design: (truth[space.resolve(design).key],))
    first = case.kind(space).propose(view_of(space, trials), 4)
    assert case.kind(space_of()).propose(view_of(space_of(), trials), 4) == first
    assert case.kind(space).propose(view_of(space, trials, batch=4), 4) != first


@pytest.mark.parametrize("count", [0, 1, 2, 9, 40])
@pytest.mark.parametrize("n", [1, 4, 32])
def test_proposals_are_new_machines_whatever_is_known(
    case: Case, space: Space, truth: dict[str, float], count: int, n: int
) -> None:
    view = view_of(space, history(space, count, lambda design: (truth[space.resolve(design).key],)))
    proposals = case.kind(space).propose(view, n)
    assert len(proposals) == n
    assert new_and_distinct(view, [proposal.design for proposal in proposals])


def test_an_exhausted_space_gives_what_is_left_and_then_nothing(case: Case) -> None:
    space = space_of(
        sites={
            10: ["hydrogen", "fluoro", "chloro"],
            11: ["hydrogen", "cyano"],
            12: ["hydrogen"],
            13: ["hydrogen"],
        }
    )
    everything = [trial(space, design, float(i)) for i, design in enumerate(space.enumerate())]
    view = view_of(space, everything[:-1])
    left = {t.machine for t in everything} - view.taken
    assert len(case.kind(space, initial=3).propose(view, 4)) == len(left)
    assert case.kind(space, initial=3).propose(view_of(space, everything), 4) == []


def test_values_that_could_not_be_simulated_are_left_alone(
    case: Case, space: Space, truth: dict[str, float]
) -> None:
    def bad(design: Design) -> bool:
        return design["R11"] == "chloro" or design["R12"] == "chloro"

    trials = history(space, 80, lambda design: (truth[space.resolve(design).key],))
    trials = [trial(space, t.design, feasible=False) if bad(t.design) else t for t in trials]
    agent = case.kind(space)
    designs = [p.design for batch in range(4) for p in agent.propose(view_of(space, trials, batch), 8)]
    assert np.mean([bad(design) for design in designs]) < 0.12  # 0.36 at random


def test_numbers_climb_to_a_peak_between_the_bounds(case: Case) -> None:
    space = space_of(NO_SITES, parameters=PARAMETERS)

    def height(design: Design) -> float:
        return -float(np.sum((np.array(list(shares(space, design).values())) - [0.62, 0.27]) ** 2))

    trials = history(space, 8, lambda design: (height(design),))
    for batch in range(8):
        view = view_of(space, trials, batch)
        trials += [trial(space, p.design, height(p.design)) for p in case.kind(space).propose(view, 4)]
    assert max(height(t.design) for t in trials) > -case.below_peak


@pytest.mark.parametrize("smiles", [None, NO_SITES])
def test_open_spaces_are_left_by_edits(case: Case, smiles: str | None) -> None:
    space = space_of(smiles, edits=EDITS)
    view = view_of(space, history(space, 24, lambda design: (1.0 if design.edited else 0.0,)))
    proposals = case.kind(space).propose(view, 6)
    assert len(proposals) == 6
    assert new_and_distinct(view, [p.design for p in proposals])
    assert any(p.design.edited for p in proposals)


def test_of_several_objectives_the_first_is_predicted(
    case: Case, space: Space, truth: dict[str, float]
) -> None:
    def both(design: Design) -> tuple[float, ...]:
        value = truth[space.resolve(design).key]
        return 100.0 + value, -value

    proposals = case.kind(space).propose(view_of(space, history(space, 40, both)), 4)
    assert all(p.mean is not None and 90.0 < p.mean < 110.0 for p in proposals)


@pytest.mark.parametrize(
    ("kind", "option"), [(case.kind, option) for case in CASES for option in case.counts]
)
def test_options_below_one_are_refused(
    space: Space, kind: type[Evolutionary | Reinforcement], option: str
) -> None:
    with pytest.raises(TypeError, match=f"{option}: got 0; expected at least 1"):
        kind(space, **{option: 0})
