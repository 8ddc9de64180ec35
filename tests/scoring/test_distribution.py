"""Distributions of a coordinate and their energies, against exact ones."""

from __future__ import annotations

import re

import numpy as np
import pytest

from molmach.building import build
from molmach.building.symmetry import rotor_fold, stator_fold
from molmach.data.statistics import CONFIDENCE
from molmach.scoring.distribution import distribution, within_a_turn
from molmach.scoring.equal_parts import EqualParts
from molmach.spec import loads

KT = 2.5
EDGES = np.linspace(-np.pi, np.pi, 37)


def _exact(height: float) -> np.ndarray:
    """Free energy of bins in the potential height (1 - cos 2x) / 2 above the lowest."""
    fine = EDGES[:-1, None] + np.diff(EDGES)[:, None] * (np.arange(200) + 0.5) / 200
    energy = -KT * np.log(np.exp(-height * (1.0 - np.cos(2.0 * fine)) / 2.0 / KT).mean(axis=1))
    return np.asarray(energy - energy.min())


def _samples(rng: np.random.Generator, height: float, replicas: int, samples: int) -> np.ndarray:
    """Angles drawn from the Boltzmann distribution in that potential, by rejection."""
    drawn = rng.uniform(-np.pi, np.pi, (replicas, 40 * samples))
    kept = rng.random(drawn.shape) < np.exp(-height * (1.0 - np.cos(2.0 * drawn)) / 2.0 / KT)
    return np.array([row[keep][:samples] for row, keep in zip(drawn, kept, strict=True)])


def test_boltzmann_samples_give_back_their_potential_within_the_interval() -> None:
    """Of 36 bins in 40 repetitions, seeds fixed, 95 % are held; 4 % are seven standard errors."""
    held = []
    for seed in range(40):
        found = distribution(_samples(np.random.default_rng(seed), 5.0, 12, 2000), EDGES, KT)
        shift = -KT * np.log(_exact_share(5.0).max()) + KT * np.log(found.share.max())  # of the two zeros
        low, high = found.ci95
        held.append(np.mean((low <= _exact(5.0) + shift) & (_exact(5.0) + shift <= high)))
        assert np.max(np.abs(found.energy - _exact(5.0))) < 2.0
    assert abs(np.mean(held) - CONFIDENCE) < 0.04


def _exact_share(height: float) -> np.ndarray:
    weights = np.exp(-_exact(height) / KT)
    return np.asarray(weights / weights.sum())


def test_shares_sum_to_one_and_the_lowest_energy_is_zero() -> None:
    found = distribution(within_a_turn(np.random.default_rng(1).normal(0.0, 20.0, (4, 500))), EDGES, KT)
    assert abs(found.share.sum() - 1.0) < 1e-12
    assert found.energy.min() == 0.0
    assert np.all((found.ci95[0] <= found.energy) & (found.energy <= found.ci95[1]))


def test_what_was_never_visited_has_no_energy_and_what_is_rare_no_upper_bound() -> None:
    values = np.zeros((4, 100))
    values[0, 0] = 2.0
    found = distribution(values, EDGES, KT)
    rare, never = np.digitize([2.0, -2.0], EDGES) - 1
    assert np.isinf(found.energy[never])
    assert np.isfinite(found.energy[rare])
    assert np.isinf(found.ci95[1, rare])


def test_an_angle_a_turn_away_is_the_same() -> None:
    angles = np.linspace(-3.0, 3.0, 50)
    np.testing.assert_allclose(within_a_turn(angles + 14.0 * np.pi), angles, atol=1e-12)


def _hops(rng: np.random.Generator, counts: list[int], samples: int = 400, part: float = np.pi) -> np.ndarray:
    """Replicas that begin at zero and hop on by a part of a turn so many times, spread over the run."""
    rows = []
    for hops in counts:
        at = np.sort(rng.integers(1, samples, hops))
        place = part * np.searchsorted(at, np.arange(samples), side="right")
        rows.append(place + rng.normal(0.0, 0.15, samples))
    return np.array(rows)


def test_a_bin_that_was_never_visited_has_a_lower_bound_that_is_right() -> None:
    """Halves that are equal, of which no replica has seen the second: it may hold anything."""
    seen = distribution(_hops(np.random.default_rng(1), [0] * 8), EDGES, KT, EqualParts(2.0 * np.pi))
    never = seen.share == 0.0
    assert np.isfinite(seen.ci95[0][never]).all()
    behind = int(np.digitize(np.pi - 0.05, EDGES)) - 1
    assert seen.ci95[0][behind] <= 0.0
    (statement,) = seen.statements
    assert re.search(r"have seen -\d0 to \d0 degrees of the turn", statement), statement
    beyond = distribution(
        2.0 + _hops(np.random.default_rng(1), [0] * 8) * 4.0, EDGES, KT, EqualParts(2.0 * np.pi)
    )
    start, end = map(int, re.findall(r"-?\d+", beyond.statements[0])[:2])
    assert start < 115 < end < 360, "across half a turn the end goes on rising"
    walked = distribution(_hops(np.random.default_rng(1), [3] * 8), EDGES, KT, EqualParts(2.0 * np.pi))
    between = int(np.digitize(0.5 * np.pi, EDGES)) - 1
    assert walked.share[between] == 0.0
    assert walked.ci95[0][between] > 0.0, "what was passed and never stayed in lies higher than the wells"


def test_few_hops_leave_the_shares_of_wells_open() -> None:
    """Two of eight replicas hop once, so the equal half has 0.1 of the time: the interval holds one half."""
    few = distribution(_hops(np.random.default_rng(2), [0] * 6 + [1, 1]), EDGES, KT, EqualParts(2.0 * np.pi))
    shares = list(few.wells.values())
    assert len(shares) == 2
    for share in shares:
        assert share.ci95[0] < 0.5 < share.ci95[1]
    deepest = int(np.argmax(few.share))
    equal = (deepest + 18) % 36
    assert few.ci95[0][equal] < 0.0 < few.ci95[1][equal]


def test_wells_that_no_replica_connects_are_said_to_be_so() -> None:
    rng = np.random.default_rng(3)
    apart = np.concatenate([_hops(rng, [0] * 4), 2.0 + _hops(rng, [0] * 2)])
    result = distribution(apart, EDGES, KT, EqualParts(2.0 * np.pi))
    assert any("does not connect them" in doubt for doubt in result.doubts)
    assert [share.ci95 for share in result.wells.values()] == [(0.0, 1.0), (0.0, 1.0)]


def test_symmetry_that_the_machine_has_is_used_and_contradicted_aloud() -> None:
    rng = np.random.default_rng(4)
    one_hop = distribution(_hops(rng, [0] * 7 + [1]), EDGES, KT, EqualParts(2.0 * np.pi, 2))
    np.testing.assert_allclose(one_hop.share[:18], one_hop.share[18:])
    assert np.isclose(one_hop.share[:18].sum(), 0.5)
    assert np.all(np.isfinite(one_hop.energy[one_hop.share > 0.0]))
    assert not one_hop.doubts
    assert any("equal" in statement for statement in one_hop.statements)
    to_and_fro = np.pi * (np.arange(800) % 80 > 70) + rng.normal(0.0, 0.15, (8, 800))
    unequal = distribution(to_and_fro, EDGES, KT, EqualParts(2.0 * np.pi, 2))
    assert any("the run contradicts it" in doubt for doubt in unequal.doubts)
    honest = distribution(_hops(rng, [20] * 8, 800), EDGES, KT, EqualParts(2.0 * np.pi, 2))
    assert not honest.doubts


SHUTTLE = np.linspace(-0.1, 2.1, 45)
_HEIGHT = 4.0


def _uphill(place: np.ndarray) -> np.ndarray:
    """Energy of a ring on an axle of 2 nm with equal stations near 0.5 and 1.5 nm, kT."""
    return np.asarray(-0.5 * _HEIGHT * (1.0 - np.cos(2.0 * np.pi * place)))


def _rings(rng: np.random.Generator, left: int, right: int, samples: int) -> np.ndarray:
    """Replicas that stay at their station: Boltzmann's distribution of either half, by rejection."""
    drawn = rng.uniform(0.0, 1.0, (left + right, 20 * samples))
    kept = rng.random(drawn.shape) < np.exp(-_uphill(drawn) - _HEIGHT)
    half = np.array([row[keep][:samples] for row, keep in zip(drawn, kept, strict=True)])
    return np.concatenate([half[:left], 2.0 - half[left:]])


def test_equal_stations_have_the_exact_free_energy_however_rings_are_shared_out() -> None:
    """Six replicas at one station and two at the other, which none leaves: by halves of the axle this is the
    exact energy, of 36 bins in 40 repetitions, seeds fixed, 95 % within their intervals (4 % are seven standard
    errors); without the symmetry it is wrong by kT ln 3, and said to be unknown."""
    fine = SHUTTLE[:-1, None] + np.diff(SHUTTLE)[:, None] * (np.arange(200) + 0.5) / 200
    weights = np.where((fine >= 0.0) & (fine <= 2.0), np.exp(-_uphill(fine)), 0.0).mean(axis=1)
    exact = weights / weights.sum()
    inside = exact > 0.0
    held = []
    for seed in range(40):
        rings = _rings(np.random.default_rng(seed), 6, 2, 1500)
        seen = distribution(rings, SHUTTLE, KT, EqualParts(middle=1.0))
        np.testing.assert_allclose(seen.share, seen.share[::-1], atol=1e-12)
        low, high = seen.share_ci95
        held.append(np.mean((low <= exact)[inside] & (exact <= high)[inside]))
        assert np.max(np.abs(seen.share - exact)) < 0.02
    assert abs(np.mean(held) - CONFIDENCE) < 0.04
    assert not seen.doubts
    assert seen.statements[0].startswith("the machine's symmetry makes both halves of the way along the axle")
    apart = distribution(rings, SHUTTLE, KT)
    assert any("does not connect" in doubt for doubt in apart.doubts)
    bins = np.digitize([0.5, 1.5], SHUTTLE) - 1
    assert np.diff(apart.energy[bins])[0] == pytest.approx(KT * np.log(3.0), abs=0.3)


def test_a_shuttle_that_prefers_one_of_two_equal_stations_contradicts_its_symmetry() -> None:
    rng = np.random.default_rng(5)
    unequal = np.where(np.arange(800) % 80 > 70, 1.5, 0.5) + rng.normal(0.0, 0.08, (8, 800))
    assert any(
        "contradicts it" in d for d in distribution(unequal, SHUTTLE, KT, EqualParts(middle=1.0)).doubts
    )
    honest = np.where(rng.exponential(1.0, (8, 800)).cumsum(axis=1) % 80 > 40, 1.5, 0.5)
    equal = distribution(honest + rng.normal(0.0, 0.08, honest.shape), SHUTTLE, KT, EqualParts(middle=1.0))
    assert not equal.doubts
    central = distribution(rng.normal(1.03, 0.1, (8, 800)), SHUTTLE, KT, EqualParts(middle=1.0))
    assert not central.doubts, "a well in the middle is its own reflection"


@pytest.mark.parametrize(
    ("fold", "middle", "part"),
    [(1, None, 1.0), (2, None, 0.5), (1, 0.3, 0.5), (2, 0.3, 0.25), (3, -1.0, 1.0 / 6.0)],
)
def test_equal_parts_of_a_turn_hold_as_much_each(fold: int, middle: float | None, part: float) -> None:
    """Any distribution over a turn, folded: shares repeat and mirror as the symmetry says, and sum to one."""
    rng = np.random.default_rng(6)
    seen = distribution(rng.normal(0.0, 0.7, (4, 3000)), EDGES, KT, EqualParts(2.0 * np.pi, fold, middle))
    assert seen.share.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(seen.share, np.roll(seen.share, 36 // fold), atol=1e-12)
    assert EqualParts(2.0 * np.pi, fold, middle).count == round(1.0 / part)
    if middle is not None:
        places = EqualParts(2.0 * np.pi, fold, middle).reduced(np.linspace(-9.0, 9.0, 50))
        assert np.all((places <= middle) & (places >= middle - np.pi / fold))


@pytest.mark.parametrize(
    ("smiles", "axle", "rotor", "stator"),
    [
        ("c1c[cH:3][c:1](cc1)-[c:2]1cc(C#N)ccc1", (1, 2), 1, 2),
        ("[CH3:1][C:2](Cl)(Cl)Cl", (2, 1), 3, 3),
        ("[CH3:1][C@:2](F)(Cl)Br", (2, 1), 3, 1),
        ("c1cc(F)c[c:1](c1)[CH3:2]", (1, 2), 3, 1),
    ],
)
def test_turns_that_exchange_what_is_alike_are_symmetries(
    smiles: str, axle: tuple[int, int], rotor: int, stator: int
) -> None:
    text = f"name: m\nmachine: {{kind: rotor, smiles: '{smiles}', axle: [{axle[0]}, {axle[1]}]}}\n"
    machine = build(loads(text + "drive: {kind: none}\n"))
    assert (rotor_fold(machine), stator_fold(machine)) == (rotor, stator)
