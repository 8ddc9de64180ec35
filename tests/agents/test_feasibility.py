"""The model of what can be measured, which agents share."""

from __future__ import annotations

import numpy as np
import pytest

from molmach.agents.active_inference import ActiveInference
from molmach.agents.evolutionary import Evolutionary
from molmach.agents.feasibility import Feasibility
from molmach.agents.reinforcement import Reinforcement
from molmach.search import Agent, Design, Space, Trial, View
from tests.helpers.planted import PARAMETERS, UNLIKE_ENDS, history, space_of, trial, view_of


def barred(design: Design) -> bool:
    """One fragment at one site, and two that are together."""
    return design["R11"] == "cyano" or (design["R10"] == "chloro" and design["R13"] == "methyl")


def tried(space: Space, count: int) -> list[Trial]:
    value = {"fluoro": 1.0, "cyano": 2.0}
    trials = history(space, count, lambda design: (sum(value.get(str(v), 0.0) for _, v in design.values),))
    return [trial(space, one.design, feasible=False) if barred(one.design) else one for one in trials]


@pytest.fixture(scope="module")
def space() -> Space:
    fragments = ["hydrogen", "fluoro", "chloro", "cyano", "methyl"]
    return space_of(UNLIKE_ENDS, sites=dict.fromkeys((10, 11, 12, 13), fragments))


@pytest.fixture(scope="module")
def view(space: Space) -> View:
    return view_of(space, tried(space, 60))


def test_learns_an_excluded_fragment(space: Space, view: View) -> None:
    model = Feasibility.of(view)
    assert model is not None
    rng = np.random.default_rng(8)
    drawn = [space.sample(rng) for _ in range(80)]
    designs = [design for design in drawn if view.is_new(design)]
    chances = model.chance(designs)
    cyano = np.array([design["R11"] == "cyano" for design in designs])
    assert np.median(chances[cyano]) < 0.15
    assert np.median(chances[~cyano]) > 0.85
    assert model.of_rows(space.encode(designs)) == pytest.approx(chances)


def test_says_nothing_while_nothing_has_failed(space: Space) -> None:
    assert Feasibility.of(view_of(space, history(space, 12, lambda design: (1.0,)))) is None


def test_rows_and_designs_agree_where_there_are_numbers() -> None:
    mixed = space_of(sites={10: ["hydrogen", "cyano"], 11: ["hydrogen"], 12: ["hydrogen"], 13: ["hydrogen"]},
                     parameters=PARAMETERS)  # fmt: skip
    trials = history(mixed, 30, lambda design: (1.0,))
    failed = [
        trial(mixed, one.design, feasible=False) if float(one.design["drive.field"]) > 1.2 else one
        for one in trials
    ]
    model = Feasibility.of(view_of(mixed, failed))
    assert model is not None
    rng = np.random.default_rng(0)
    designs = [mixed.sample(rng) for _ in range(50)]
    chances = model.chance(designs)
    assert model.of_rows(mixed.encode(designs)) == pytest.approx(chances)
    high = np.array([float(design["drive.field"]) > 1.2 for design in designs])
    assert chances[high].mean() < 0.3 < 0.7 < chances[~high].mean()


@pytest.mark.parametrize("made", [ActiveInference, Evolutionary, Reinforcement])
def test_agents_keep_off_an_excluded_fragment_that_looks_best(
    made: type[Agent], space: Space, view: View
) -> None:
    proposals = made(space).propose(view, 8)
    failing = sum(barred(proposal.design) for proposal in proposals)
    assert failing <= 2, "a fragment that does good elsewhere is proposed where it can't be measured"
