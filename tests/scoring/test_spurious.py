"""The undriven twin must be slower than the claim, by an exact test, with replicas added until it tells."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.verdict.judging import told
from benchmarks.verdict.leaks import steady
from molmach.data.statistics import p_value_of_faster
from molmach.scoring.spurious import AS_FAST_LEVEL, Spurious, undriven_looks, undriven_wanted

OPEN = Spurious(claimed=1.0, value=0.0, error=0.2, bound=0.4, p_as_fast=0.02, share_as_fast=0.25)


def test_faster_replicas_are_told_as_often_as_draws_of_them_would_be() -> None:
    """Rare events: of 16 and 8 replicas, the 8 that hopped are all among the 16 in so many of all draws."""
    hopped, still = np.repeat([0.0, 1.0], 8), np.zeros(8)
    exact = math.comb(16, 8) / math.comb(24, 8)
    assert p_value_of_faster(hopped, still) == pytest.approx(exact, abs=4.0 * math.sqrt(exact / 9999))
    assert p_value_of_faster(still, hopped) == pytest.approx(1.0, abs=0.02)


def test_replicas_of_one_kind_are_told_apart_at_the_level_alone() -> None:
    """400 draws at 5 %; false alarm in 2e-3, for skewed replicas and for sets of unequal size."""
    rng = np.random.default_rng(0)
    for draw in (rng.standard_normal, rng.standard_exponential):
        below = sum(p_value_of_faster(draw(16), draw(8)) <= 0.05 for _ in range(400))
        assert 8 <= below <= 35


def test_sets_without_scatter() -> None:
    assert p_value_of_faster(np.ones(4), np.ones(4)) == 1.0
    assert p_value_of_faster(np.ones(8), np.zeros(8)) < 1e-3


def test_the_looks_at_an_undriven_twin_share_one_level() -> None:
    looks = undriven_looks(8)
    assert looks.numbers == (8, 16, 32)
    assert sum(looks.share(number) for number in looks.numbers) == pytest.approx(1.0)


def test_an_undriven_twin_gets_more_replicas_while_these_may_tell() -> None:
    assert [undriven_wanted(OPEN, 8, number) for number in (8, 16, 32)] == [16, 32, None]
    assert undriven_wanted(None, 8, 8) is None
    assert undriven_wanted(replace(OPEN, p_as_fast=0.25 * AS_FAST_LEVEL), 8, 8) is None
    assert undriven_wanted(replace(OPEN, p_as_fast=0.6), 8, 8) is None


def test_a_machine_that_turns_as_fast_undriven_gets_no_direction() -> None:
    """40 claims: four directions at 2 % are a false alarm in 1e-2; a bound at 20 % alone lets through 10."""
    time = np.linspace(0.0, 1.0, 61)
    rng = np.random.default_rng(9)
    made = 0
    for _ in range(40):
        claim, image, undriven = np.split(steady(48, 2.5, time, rng, 8), [8, 16])
        made += told(claim, undriven, -image)[0] != 0
    assert made < 4
