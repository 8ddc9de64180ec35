"""The share of an agent's proposals that explores."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import yaml

from molmach.search import Design, Proposal, Space, Trial, View
from molmach.search.agents.exploration import (
    CEILING,
    EXPLORES,
    FLOOR,
    promised,
    share,
    space_filling,
    wanted,
)
from molmach.search.agents.runner import AgentFailedError, Question, Runner
from molmach.spec.campaign import loads_campaign
from tests.helpers.planted import CAMPAIGN, history, space_of, trial, view_of

STUBBORN = '''
"""Proposes whatever comes first in the space, and is sure that nothing is better."""
from molmach.search import Agent, Proposal


class Stubborn(Agent):
    def propose(self, view, n):
        new = (d for d in view.space.enumerate() if view.is_new(d))
        return [Proposal(next(new), "the next one", -9.0, 0.1) for _ in range(n)]
'''


@pytest.fixture(scope="module")
def space() -> Space:
    return space_of()


@pytest.fixture(scope="module")
def rising(space: Space) -> list[Trial]:
    """Each better than all before it."""
    trials = history(space, 60, lambda design: (0.0,))
    return [trial(space, one.design, float(number)) for number, one in enumerate(trials)]


def test_share_stays_within_its_bounds_and_grows_while_nothing_is_found(
    space: Space, rising: Sequence[Trial]
) -> None:
    assert share(rising) == FLOOR
    worse = [trial(space, one.design, -1.0) for one in rising]
    shares = [share([*rising[:10], *worse[10:n]], 0.2) for n in range(10, 60)]
    assert shares == sorted(shares)
    assert shares[0] == FLOOR < shares[-1] < CEILING
    assert share([*rising[:10], *worse[10:]], 0.0) == CEILING


def test_an_agent_that_promises_more_keeps_more(space: Space, rising: Sequence[Trial]) -> None:
    worse = [*rising[:10], *(trial(space, one.design, -1.0) for one in rising[10:30])]
    shares = [share(worse, promise) for promise in (0.0, 0.01, 0.1, 0.5)]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] == CEILING


def test_over_many_calls_the_count_keeps_to_the_share(space: Space, rising: Sequence[Trial]) -> None:
    trials = list(rising)
    for n in (1, 2, 7):
        views = (View(space, trials, frozenset(), 0.5, batch, 11) for batch in range(200))
        assert sum(wanted(view, n) for view in views) == pytest.approx(200 * n * FLOOR, abs=2)


def test_what_is_promised_is_the_chance_of_a_better_value(space: Space) -> None:
    trials = history(space, 12, lambda design: (0.0,))
    best = max(one.values[0] for one in trials)
    view = view_of(space, trials)
    design = trials[0].design
    assert promised(view, [Proposal(design, "", best, 1.0)]) == pytest.approx(0.5)
    assert promised(view, [Proposal(design, "", best - 3.0, 1.0)]) == pytest.approx(0.00135, abs=1e-5)
    assert promised(view, [Proposal(design, "")]) is None


def test_explored_machines_are_new_and_farther_than_random_ones(space: Space) -> None:
    trials = history(space, 30, lambda design: (0.0,))
    view = view_of(space, trials)
    explored = [proposal.design for proposal in space_filling(view, 10)]
    assert len({space.resolve(design).key for design in explored} - view.taken) == 10

    def nearest(design: Design) -> int:
        names = [variable.name for variable in space.variables]
        return min(sum(design[n] != one.design[n] for n in names) for one in trials)

    rng = np.random.default_rng(2)
    at_random = np.mean([nearest(space.sample(rng)) for _ in range(200)])
    assert np.mean([nearest(design) for design in explored]) > at_random + 0.5


def test_no_agent_keeps_the_floor_from_exploration(tmp_path: Path) -> None:
    (tmp_path / "stubborn.py").write_text(STUBBORN, encoding="utf-8")
    content = {**yaml.safe_load(CAMPAIGN), "agents": ["stubborn.py:Stubborn", "random"]}
    campaign = loads_campaign(content, "test", tmp_path)
    space = Space(campaign)
    trials = [
        trial(space, one.design, float(n)) for n, one in enumerate(history(space, 30, lambda design: (0.0,)))
    ]
    numbered = tuple(
        one.__class__(**{**{f: getattr(one, f) for f in one.__slots__}, "number": n})
        for n, one in enumerate(trials, 1)
    )
    taken = tuple(one.machine for one in trials)
    counts = []
    for index in (0, 1):
        runner, explored = Runner(campaign, index, tmp_path), 0
        for batch in range(40):
            answer = runner.ask(Question(batch, 4, 0.5, numbered if batch == 0 else (), taken))
            assert not isinstance(answer, AgentFailedError), answer
            explored += sum(proposal.rationale == EXPLORES for proposal in answer)
        counts.append(explored)
    assert counts[0] >= int(160 * FLOOR) - 1
    assert counts[1] == 0  # all of random search explores
