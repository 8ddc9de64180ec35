"""check_agent: our agents keep its rules, and agents that break one are found out."""

from __future__ import annotations

from pathlib import Path

import pytest

from molmach.testing import check_agent

AGENTS = ("random", "evolutionary", "bayesian", "active_inference", "reinforcement")
THOUGHTFUL = ("bayesian", "active_inference", "reinforcement")
"""Those that think for half a minute over the check, in the slow tests."""

BAD = '''
import math
import os
import random

from molmach.search import Agent, Design, Proposal
from molmach.search.agents.interface import fresh_samples


class Good(Agent):
    def propose(self, view, n):
        return [Proposal(design, "at random") for design in fresh_samples(view, n)]


class Greedy(Good):
    def propose(self, view, n):
        return super().propose(view, n + 1)


class Repeating(Good):
    def propose(self, view, n):
        return [Proposal(trial.design, "again") for trial in view.measured][:n] or super().propose(view, n)


class Doubling(Good):
    def propose(self, view, n):
        return 2 * super().propose(view, n // 2)


class Outside(Good):
    def propose(self, view, n):
        return [Proposal(Design.of({"R10": "unheard of"}), "somewhere else")]


class Vague(Good):
    def propose(self, view, n):
        return [Proposal(p.design, "so so", math.nan, 1.0) for p in super().propose(view, n)]


class Negative(Good):
    def propose(self, view, n):
        return [Proposal(p.design, "too sure", 1.0, -1.0) for p in super().propose(view, n)]


class Remembering(Good):
    """Its choice depends on how often this very object was asked."""

    asked = 0

    def propose(self, view, n):
        self.asked += 1
        return super().propose(view, n)[: self.asked]


class Dicing(Good):
    def propose(self, view, n):
        random.random()
        return super().propose(view, n)


class Local(Good):
    def propose(self, view, n):
        return [Proposal(p.design, f"by process {os.getpid()}") for p in super().propose(view, n)]


class Fragile(Good):
    """Divides by what was measured."""

    def propose(self, view, n):
        if view.known:
            sum(trial.values[0] for trial in view.known) / len(view.measured)
        return super().propose(view, n)


class Mute(Good):
    def explain(self, view):
        return None


class Idle(Good):
    def propose(self, view, n):
        return []
'''

WRONG = {
    "Greedy": "proposes more than the 2",
    "Repeating": "a machine that is taken",
    "Doubling": "a machine twice",
    "Outside": "which is no machine",
    "Vague": "predicts with mean nan",
    "Negative": "uncertainty of -1",
    "Remembering": "something else after a restart",
    "Dicing": "global random numbers",
    "Local": "in another process",
    "Mute": "explains itself by a NoneType",
    "Idle": "proposes nothing, where nothing was tried",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Agents of one's own, most of which break a rule."""
    folder = tmp_path_factory.mktemp("agents")
    (folder / "mine.py").write_text(BAD, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "agent",
    [pytest.param(agent, marks=pytest.mark.slow) if agent in THOUGHTFUL else agent for agent in AGENTS],
)
def test_our_agents_keep_the_rules(agent: str) -> None:
    check_agent(agent)


def test_an_agent_of_a_file_is_checked(folder: Path) -> None:
    check_agent("mine.py:Good", folder=folder)


@pytest.mark.parametrize("name", WRONG)
def test_who_breaks_a_rule_is_named_with_the_rule(folder: Path, name: str) -> None:
    with pytest.raises(AssertionError, match=f"agent {name}, .*{WRONG[name]}"):
        check_agent(f"mine.py:{name}", folder=folder)


def test_an_agent_that_cannot_bear_failures_fails(folder: Path) -> None:
    with pytest.raises((IndexError, ZeroDivisionError)):
        check_agent("mine.py:Fragile", folder=folder)
