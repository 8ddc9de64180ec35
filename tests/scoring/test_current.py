"""A current goes on: machines that move once, or each its own way, get no direction; machines that turn do."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from benchmarks.verdict import movers
from benchmarks.verdict.judging import direction
from benchmarks.verdict.nulls import NULLS, rattling
from molmach.data.cycles import cycles_of, halves_of, last_levels
from molmach.data.statistics import sign_flip_p
from molmach.scoring.current import Finding, judge_current

Floats = NDArray[np.float64]
TIME = np.linspace(0.0, 1.0, 121)


def finding(paths: Floats, drive_period: float | None = None) -> Finding:
    """What is said of (replicas, samples) paths in cycles."""
    return judge_current(cycles_of(paths, TIME, 1.0, drive_period)).finding


def test_levels_are_those_that_a_path_touched_last() -> None:
    paths = np.array(
        [[0.1, 0.5, 1.2, 0.8, 1.5, 2.3, 1.9, 0.7, -0.5], [0.2, 0.3, 0.2, 0.3, 0.4, 0.3, 0.2, 0.1, 0.2]]
    )
    assert last_levels(paths).tolist() == [[1, 1, 1, 1, 1, 2, 2, 1, 0], [0] * 9]


def test_a_trip_to_the_place_of_rest_completes_no_cycle_however_far_it_is() -> None:
    rng = np.random.default_rng(0)
    for far in (0.2, 0.5, 0.7):
        paths = far * (TIME > 0.3) + rattling(16, TIME, rng, 0.03)
        cycles = cycles_of(paths, TIME, 1.0)
        assert not np.any(cycles.net)
        assert abs(cycles.marker - far) < 0.05
        assert finding(paths) is Finding.TRIP


def test_sign_flips_are_counted_exactly() -> None:
    assert sign_flip_p(np.ones(8)) == pytest.approx(2.0**-8)
    assert sign_flip_p(np.array([1.0, 1.0, -1.0, 0.0])) == pytest.approx(0.5)
    assert sign_flip_p(np.array([0.3, 0.2, 0.1])) == pytest.approx(1.0 / 8.0)
    assert sign_flip_p(np.zeros(5)) == 1.0


@pytest.mark.parametrize("drive_period", [0.2, 0.5])
def test_halves_are_whole_periods_of_the_drive_and_end_with_the_run(drive_period: float) -> None:
    begin, middle = halves_of(TIME, drive_period)
    length = TIME[-1] - TIME[middle]
    assert TIME[middle] - TIME[begin] == pytest.approx(length)
    assert length / drive_period == pytest.approx(round(length / drive_period))


@pytest.mark.parametrize("samples", [20, 21, 22, 23, 120])
@pytest.mark.parametrize("drive_period", [None, 0.13, 0.31])
def test_halves_are_equally_long_so_that_a_steady_path_does_not_slow(
    samples: int, drive_period: float | None
) -> None:
    time = np.linspace(0.0, 1.0, samples)
    begin, middle = halves_of(time, drive_period)
    assert samples - 1 - middle == middle - begin > 0
    paths = 6.0 * time + np.random.default_rng(2).normal(0.0, 0.01, (16, samples))
    assert judge_current(cycles_of(paths, time, 1.0, drive_period)).finding is Finding.STEADY


def test_a_machine_that_goes_to_and_fro_has_no_current_wherever_its_run_ends() -> None:
    rng = np.random.default_rng(1)
    for period in np.linspace(0.3, 2.5, 12):
        there = 0.6 * ((TIME / period) % 1.0 >= 0.5)
        assert finding(there + rattling(16, TIME, rng, 0.03), period) is not Finding.STEADY


@pytest.mark.parametrize("replicas", [8, 16])
def test_machines_that_turn_get_their_direction(replicas: int) -> None:
    """Runs long enough for a power near 98 %, what both controls leave of it by chance; fixed seed."""
    rng = np.random.default_rng(3)
    made = {
        "synchronous": movers.synchronous(3.0, 2 * replicas, TIME.size, rng),
        "diffusing": movers.diffusing(40.0, 2 * replicas, TIME.size, rng, 0.5),
        "hopping": movers.hopping(4.0, 2 * replicas, TIME.size, rng, 1.0),
    }
    for paths in made.values():
        undriven = rattling(replicas, TIME, rng)
        assert direction(paths[::2], undriven, -paths[1::2]) == 1
        assert direction(-paths[::2], undriven, paths[1::2]) == -1


def test_controls_that_could_not_see_half_of_a_claim_leave_it_open() -> None:
    rng = np.random.default_rng(3)
    paths = movers.synchronous(3.0, 16, TIME.size, rng)
    still = rattling(8, TIME, rng)
    loose = still + TIME * rng.normal(0.0, 6.0, (8, 1))
    unlike = -paths[8:] + TIME * rng.normal(0.0, 6.0, (8, 1))
    assert direction(paths[:8], still, -paths[8:]) == 1
    assert direction(paths[:8], loose, unlike) == 0


def test_a_machine_that_goes_round_once_gets_no_direction() -> None:
    """Once each, at any time, then hops either way: six directions of 60 at 2 % are a false alarm in 2e-3.

    That a cycle each, or one more in a few replicas, is no trip would give some 20 to 55.
    """
    rng = np.random.default_rng(4)
    made = 0
    for _ in range(60):
        hops = np.cumsum(rng.poisson(0.15 * TIME[1], (2, 32, TIME.size)), axis=2)
        paths = 1.0 * (rng.uniform(0.0, 1.0, (32, 1)) <= TIME) + hops[0] - hops[1] + rattling(32, TIME, rng)
        made += finding(paths) is Finding.STEADY
    assert made < 6


def _false_directions(claims: int, replicas: tuple[int, ...]) -> dict[str, tuple[int, int]]:
    """Machine -> directions claimed and claims made, with simulated controls and without."""
    counted = {}
    for name, maker in NULLS.items():
        rng = np.random.default_rng(len(name))
        wrong = 0
        for n in replicas:
            for _ in range(claims):
                paths = maker(2 * n, TIME, rng)
                wrong += direction(paths) != 0
                wrong += direction(paths[::2], rattling(n, TIME, rng), -paths[1::2]) != 0
        counted[name] = wrong, 2 * claims * len(replicas)
    return counted


def test_machines_without_a_current_get_no_direction() -> None:
    """A class that erred in 2 % of claims would be let pass; one that errs in 20 % is not (99.9 % of times).

    24 claims of each class; false alarm at 2 % with twelve classes together 2e-3.
    """
    counted = _false_directions(6, (8, 16))
    assert all(wrong <= stats.binom.isf(1e-4, made, 0.02) for wrong, made in counted.values()), counted


@pytest.mark.slow
def test_machines_without_a_current_get_a_direction_in_fewer_than_two_claims_of_a_hundred() -> None:
    """3600 claims, 300 of each class; false alarm at 2 % below 1e-3 for all together."""
    counted = _false_directions(50, (4, 8, 32))
    assert all(wrong <= stats.binom.isf(5e-5, made, 0.02) for wrong, made in counted.values()), counted
