"""Evolutionary search and the kinship that it predicts with."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from molmach.agents.breeding.genome import Variances, genome, kinship
from molmach.agents.breeding.kinship import Relatives
from molmach.agents.breeding.pedigree import trace
from molmach.agents.breeding.spreading import spread_out
from molmach.agents.breeding.warp import Warp
from molmach.agents.evolutionary import Evolutionary
from molmach.agents.random import Random
from molmach.agents.symmetry import column_exchanges
from molmach.search import Design, Space
from molmach.search.space.design import Categorical, Numeric
from tests.helpers.planted import (
    EDITS,
    NO_SITES,
    PARAMETERS,
    history,
    new_and_distinct,
    planted,
    replay,
    shares,
    space_of,
    trial,
    view_of,
)


@pytest.fixture(scope="module")
def space() -> Space:
    return space_of()


@pytest.fixture(scope="module")
def truth(space: Space) -> dict[str, float]:
    return planted(space, 2)


def test_finds_the_best_machines_in_far_fewer_evaluations_than_random(
    space: Space, truth: dict[str, float]
) -> None:
    # Seeds are fixed. An agent no better than random would pass with probability 0.001 (rank test).
    ours = [replay(Evolutionary(space), truth, seed)[0] for seed in range(20)]
    random = [replay(Random(space), truth, seed)[0] for seed in range(40)]
    assert stats.mannwhitneyu(ours, random, alternative="less").pvalue < 0.001
    assert np.median(ours) <= 0.7 * np.median(random)


def test_predictions_are_calibrated(space: Space, truth: dict[str, float]) -> None:
    # About 200 z-scores: their spread has a standard error of 5 %; the band is three of them and 15 %.
    told = [t for seed in range(8) for t in replay(Evolutionary(space), truth, seed, limit=32, top=0.0)[1]]
    z = np.array([(measured - mean) / sd for measured, mean, sd in told])
    assert len(z) > 100
    assert 0.7 < z.std() < 1.3
    assert abs(z.mean()) < 0.5
    assert 0.85 < np.mean(np.abs(z) < 1.96) < 1.0


def test_same_view_gives_the_same_proposals_even_after_a_restart(
    space: Space, truth: dict[str, float]
) -> None:
    found = history(space, 30, lambda design: (truth[space.resolve(design).key],))
    first = Evolutionary(space).propose(view_of(space, found), 4)
    assert Evolutionary(space_of()).propose(view_of(space_of(), found), 4) == first
    assert Evolutionary(space).propose(view_of(space, found, batch=4), 4) != first


@pytest.mark.parametrize("count", [0, 1, 2, 9, 40])
@pytest.mark.parametrize("n", [1, 4, 32])
def test_proposals_are_new_machines_whatever_is_known(
    space: Space, truth: dict[str, float], count: int, n: int
) -> None:
    view = view_of(space, history(space, count, lambda design: (truth[space.resolve(design).key],)))
    proposals = Evolutionary(space).propose(view, n)
    assert len(proposals) == n
    assert new_and_distinct(view, [proposal.design for proposal in proposals])


def test_an_exhausted_space_gives_what_is_left_and_then_nothing() -> None:
    space = space_of(
        sites={
            10: ["hydrogen", "fluoro", "chloro"],
            11: ["hydrogen", "cyano"],
            12: ["hydrogen"],
            13: ["hydrogen"],
        }
    )
    everything = [trial(space, design, float(i)) for i, design in enumerate(space.enumerate())]
    keys = {f.machine for f in everything}
    view = view_of(space, everything[:-1])
    assert len(Evolutionary(space, initial=3).propose(view, 4)) == len(keys - view.taken)
    assert Evolutionary(space, initial=3).propose(view_of(space, everything), 4) == []


def test_values_that_could_not_be_simulated_are_left_alone(space: Space, truth: dict[str, float]) -> None:
    def bad(design: Design) -> bool:
        return design["R11"] == "chloro" or design["R12"] == "chloro"

    found = history(space, 80, lambda design: (truth[space.resolve(design).key],))
    found = [trial(space, f.design, feasible=False) if bad(f.design) else f for f in found]
    agent = Evolutionary(space)
    designs = [p.design for batch in range(4) for p in agent.propose(view_of(space, found, batch), 8)]
    assert np.mean([bad(design) for design in designs]) < 0.12  # 0.36 at random


def test_numbers_climb_to_a_peak_between_the_bounds() -> None:
    space = space_of(NO_SITES, parameters=PARAMETERS)

    def height(design: Design) -> float:
        return -float(np.sum((np.array(list(shares(space, design).values())) - [0.62, 0.27]) ** 2))

    found = history(space, 8, lambda design: (height(design),))
    for batch in range(8):
        view = view_of(space, found, batch)
        found += [trial(space, p.design, height(p.design)) for p in Evolutionary(space).propose(view, 4)]
    assert max(height(f.design) for f in found) > -0.003


def test_steps_of_numbers_grow_after_successes_and_shrink_after_failures() -> None:
    space = space_of(NO_SITES, parameters={"drive.frequency": PARAMETERS["drive.frequency"]})
    variable = space.variables[0]
    assert isinstance(variable, Numeric)
    walk = [Design.of({variable.name: variable.at(0.1 + 0.08 * i)}) for i in range(8)]
    rising = trace(view_of(space, [trial(space, d, float(i)) for i, d in enumerate(walk)]))
    falling = trace(view_of(space, [trial(space, d, -float(i)) for i, d in enumerate(walk)]))
    assert falling.step < 0.2 < rising.step


def test_the_way_of_breeding_that_brought_the_best_is_used_more() -> None:
    space = space_of()
    base = Design.of({"R10": "hydrogen", "R11": "fluoro", "R12": "chloro", "R13": "cyano"})
    found = [trial(space, base, 0.0), *history(space, 10, lambda _: (-5.0,), seed=4)]
    children = [base.replace(R10=v) for v in ("fluoro", "chloro", "cyano", "methyl")]
    good = trace(view_of(space, found + [trial(space, d, 1.0 + i) for i, d in enumerate(children)])).success()
    bad = trace(view_of(space, found + [trial(space, d, -9.0 - i) for i, d in enumerate(children)])).success()
    assert good["mutation"] > bad["mutation"]


@pytest.mark.parametrize("smiles", [None, NO_SITES])
def test_open_spaces_are_left_by_edits(smiles: str | None) -> None:
    space = space_of(smiles, edits=EDITS)
    found = history(space, 24, lambda design: (1.0 if design.edited else 0.0,))
    view = view_of(space, found)
    proposals = Evolutionary(space).propose(view, 6)
    assert len(proposals) == 6
    assert new_and_distinct(view, [p.design for p in proposals])
    assert any(p.design.edited for p in proposals)


def test_of_several_objectives_the_first_is_predicted(space: Space, truth: dict[str, float]) -> None:
    def both(design: Design) -> tuple[float, ...]:
        value = truth[space.resolve(design).key]
        return 100.0 + value, -value

    proposals = Evolutionary(space).propose(view_of(space, history(space, 40, both)), 4)
    assert all(p.mean is not None and 90.0 < p.mean < 110.0 for p in proposals)


def test_explains_parents_and_ways_of_breeding(space: Space, truth: dict[str, float]) -> None:
    agent = Evolutionary(space)
    assert "spread" in agent.explain(view_of(space, []))
    found = history(space, 40, lambda design: (truth[space.resolve(design).key],))
    text = agent.explain(view_of(space, found))
    assert "crossover" in text
    assert "Best parent: R10" in text


@pytest.mark.parametrize("option", ["population", "initial", "litter"])
def test_options_below_one_are_refused(space: Space, option: str) -> None:
    with pytest.raises(TypeError, match=f"{option}: got 0; expected at least 1"):
        Evolutionary(space, **{option: 0})


def test_the_first_machines_are_farther_apart_than_at_random(space: Space) -> None:
    def nearest(designs: list[Design]) -> float:
        rows = space.encode(designs)
        shared = rows @ rows.T - 10.0 * np.eye(len(rows))
        return 4.0 - float(shared.max())

    assert nearest(spread_out(view_of(space, []), 5)) >= 3.0
    assert (
        np.mean(
            [nearest([space.sample(np.random.default_rng(s + 50 * i)) for i in range(5)]) for s in range(50)]
        )
        < 2.0
    )


def test_both_ways_round_of_the_ring_are_the_same_individual(space: Space) -> None:
    design = Design.of({"R10": "fluoro", "R11": "cyano", "R12": "methyl", "R13": "chloro"})
    other = Design.of({"R10": "chloro", "R11": "methyl", "R12": "cyano", "R13": "fluoro"})
    assert space.resolve(design).key == space.resolve(other).key
    assert len(column_exchanges(space)) == 2
    kin = kinship(
        space, genome(space, [design]), genome(space, [design, other]), Variances(0.5, 1.5, 0.1, 1.0)
    )
    np.testing.assert_allclose(kin, 1.0)


def test_sites_that_are_not_alike_are_not_exchanged() -> None:
    space = space_of(
        "[CH:1]#[C:2]c1nc([*:11])c([C:3]#[CH:4])c([*:12])c1([*:13])",
        sites={s: ["hydrogen", "fluoro", "methyl"] for s in (11, 12, 13)},
    )
    assert len(column_exchanges(space)) == 1


def test_kinship_is_a_covariance(space: Space) -> None:
    rng = np.random.default_rng(1)
    designs = [space.sample(rng) for _ in range(60)]
    kin = kinship(space, genome(space, designs), genome(space, designs), Variances(0.3, 1.5, 0.1, 1.0))
    np.testing.assert_allclose(kin, kin.T)
    assert np.linalg.eigvalsh(kin).min() > -1e-9


def test_predictions_regress_from_parents_to_the_mean(space: Space, truth: dict[str, float]) -> None:
    found = history(space, 60, lambda design: (truth[space.resolve(design).key],))
    designs, values = [f.design for f in found], np.array([f.values[0] for f in found])
    known = Relatives(space, designs, values, np.full(len(values), 0.1))
    best = designs[int(np.argmax(values))]
    site = space.variables[1]
    assert isinstance(site, Categorical)
    children = [best.replace(R11=value) for value in site.values if value != best["R11"]]
    mean, _ = known.forecast(children)
    assert values.mean() < float(np.mean(mean)) < values.max()


def test_prediction_is_the_best_linear_unbiased_one(space: Space, truth: dict[str, float]) -> None:
    found = history(space, 20, lambda design: (truth[space.resolve(design).key],))
    designs, measured = [f.design for f in found], np.array([f.values[0] for f in found])
    known = Relatives(space, designs, measured, np.full(20, 0.1))
    parts, values = known.variances, known.warp.forward(measured)
    kin = kinship(space, known.genome, known.genome, parts)
    noise = (0.1 * known.warp.slope(measured)) ** 2 / parts.inherited + parts.uninherited
    full = np.linalg.inv(kin + np.diag(noise))
    mean = float(np.ones(20) @ full @ values / (np.ones(20) @ full @ np.ones(20)))
    rng = np.random.default_rng(8)
    children = [space.sample(rng) for _ in range(5)]
    across = kinship(space, genome(space, children), known.genome, parts)
    np.testing.assert_allclose(known.merit(children)[0], mean + across @ full @ (values - mean), rtol=1e-5)


def test_heavy_tails_are_warped_and_foretold_in_their_own_unit(space: Space, truth: dict[str, float]) -> None:
    found = history(space, 80, lambda design: (truth[space.resolve(design).key],))
    designs, plain = [f.design for f in found], np.array([f.values[0] for f in found])
    skewed = 100.0 * np.sinh(2.0 * plain)
    known = Relatives(space, designs, skewed, np.full(80, 1.0))
    assert known.warp.width < 0.5 * skewed.std()
    assert np.isinf(Relatives(space, designs, plain, np.full(80, 0.1)).warp.width)
    mean, _ = known.forecast(designs)
    assert np.corrcoef(np.sign(mean) * np.log1p(np.abs(mean)), plain)[0, 1] > 0.9


@pytest.mark.parametrize("width", [0.6, 2.0, np.inf])
def test_a_warp_is_undone_and_its_moments_are_those_of_draws(width: float) -> None:
    warp, rng = Warp(1.5, width), np.random.default_rng(3)
    values = rng.normal(size=50)
    np.testing.assert_allclose(warp.back(warp.forward(values)), values)
    np.testing.assert_allclose(
        warp.slope(values), (warp.forward(values + 1e-6) - warp.forward(values - 1e-6)) / 2e-6, rtol=1e-6
    )
    draws = warp.back(0.2 + 0.4 * rng.normal(size=400_000))
    mean, sd = warp.moments(np.array([0.2]), np.array([0.4]), -50.0, 50.0)
    assert mean[0] == pytest.approx(draws.mean(), abs=0.01 * draws.std())  # 6 standard errors
    assert sd[0] == pytest.approx(draws.std(), rel=0.02)
