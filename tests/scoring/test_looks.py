"""Runs to which replicas are added: their looks together err no more often than one test."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from scipy import stats

from benchmarks.verdict import movers
from benchmarks.verdict.nulls import NULLS, rattling
from benchmarks.verdict.sequential import UNTIL, campaigns, of_mover, of_null
from molmach.data.cycles import cycles_of
from molmach.data.looks import LookPlan
from molmach.scoring.current import Finding, fewest_replicas, judge_current
from molmach.scoring.looks import hopeless, surely_transient

SAMPLES = 61


@pytest.mark.parametrize(("first", "most"), [(8, 64), (8, 8), (8, 9), (5, 97), (2, 3)])
def test_shares_add_up_to_one_and_looks_end_with_the_most(first: int, most: int) -> None:
    plan = LookPlan(first, most)
    assert plan.numbers[0] == first
    assert plan.numbers[-1] == most
    assert sum(plan.share(n) for n in plan.numbers) == pytest.approx(1.0)


def test_a_look_has_its_share_of_the_level() -> None:
    """Eight replicas that all agree are enough at the whole level, and not at a part of it."""
    time = np.linspace(0.0, 1.0, SAMPLES)
    cycles = cycles_of(3.0 * time + np.zeros((8, 1)), time, 1.0)
    assert judge_current(cycles).steady
    assert judge_current(cycles, 0.5).finding is Finding.FEW
    assert fewest_replicas(0.5) == 9


def test_a_machine_that_rattles_is_not_looked_at_again() -> None:
    rng, time = np.random.default_rng(5), np.linspace(0.0, 1.0, SAMPLES)
    current = judge_current(cycles_of(rattling(16, time, rng, 0.03), time, 1.0), 0.125)
    assert hopeless(current, 8, UNTIL)
    assert not hopeless(replace(current, completed=1), 8, UNTIL)


def test_slowing_ends_a_run_only_at_the_share_of_its_level() -> None:
    time = np.linspace(0.0, 1.0, SAMPLES)
    current = judge_current(cycles_of(0.6 * -np.expm1(-5.0 * time) + np.zeros((16, 1)), time, 1.0), 0.125)
    assert current.finding is Finding.TRIP
    assert surely_transient(current, None)
    assert not surely_transient(replace(current, p_slowing=0.005), None)


def test_machines_without_a_current_hardly_get_a_direction_at_any_look() -> None:
    """8 campaigns of the worst classes each; at 1 % a false alarm, three directions of 24, in 2e-3."""
    names = ("trapped mirror shapes", "symmetric rare hops", "jumps of one whole cycle")
    rng = np.random.default_rng(6)
    tallies = [campaigns(of_null(NULLS[name], SAMPLES), 8, rng) for name in names]
    assert sum(t.forward + t.backward for t in tallies) <= 2


@pytest.mark.slow
def test_machines_without_a_current_get_a_direction_in_fewer_than_two_campaigns_of_a_hundred() -> None:
    """100 campaigns of each class; false alarm at 2 % below 1e-3 for all together."""
    rng = np.random.default_rng(7)
    tallies = {name: campaigns(of_null(maker, SAMPLES), 100, rng) for name, maker in NULLS.items()}
    wrong = {name: tally.forward + tally.backward for name, tally in tallies.items()}
    assert all(count <= stats.binom.isf(5e-5, 100, 0.02) for count in wrong.values()), wrong


def test_a_machine_that_turns_is_resolved_at_the_first_look_and_a_slower_one_later() -> None:
    rng = np.random.default_rng(8)
    still = partial(movers.hopping, rate=0.0)
    quick = campaigns(of_mover(movers.synchronous, still, 3.0, SAMPLES), 4, rng)
    assert (quick.forward, quick.backward, max(quick.replicas)) == (4, 0, UNTIL.first)
    slow = of_mover(partial(movers.diffusing, drift=0.5), partial(movers.diffusing, drift=0.0), 3.0, SAMPLES)
    assert max(campaigns(slow, 4, rng).replicas) > UNTIL.first
