"""Evolutionary search and the kinship that it predicts with."""

from __future__ import annotations

import numpy as np
import pytest

from molmach.agents.breeding.genome import Variances, genome, kinship
from molmach.agents.breeding.kinship import Relatives
from molmach.agents.breeding.pedigree import trace
from molmach.agents.breeding.spreading import spread_out
from molmach.agents.breeding.warp import Warp
from molmach.agents.evolutionary import Evolutionary
from molmach.agents.symmetry import column_exchanges
from molmach.search import Design, Space
from molmach.search.space.design import Categorical, Numeric
from tests.helpers.planted import (
    NO_SITES,
    PARAMETERS,
    history,
    space_of,
    trial,
    view_of,
)


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


def test_explains_parents_and_ways_of_breeding(space: Space, truth: dict[str, float]) -> None:
    agent = Evolutionary(space)
    assert "spread" in agent.explain(view_of(space, []))
    found = history(space, 40, lambda design: (truth[space.resolve(design).key],))
    text = agent.explain(view_of(space, found))
    assert "crossover" in text
    assert "Best parent: R10" in text


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
    merit, covariance = known.merit(children)
    np.testing.assert_allclose(merit, mean + across @ full @ (values - mean), rtol=1e-5)
    # the mean as one more effect with a vague prior: its error counts once, and not where relatives tell it
    vague = 1e4
    own = kinship(space, genome(space, children), genome(space, children), parts)
    broad = np.linalg.inv(kin + np.diag(noise) + vague)
    left = own + vague - (across + vague) @ broad @ (across + vague).T
    np.testing.assert_allclose(covariance / parts.inherited, left, atol=2e-3)


def test_sums_of_genes_are_foretold_as_well_as_they_are_known(space: Space) -> None:
    """With no epistasis and little noise: of 60 machines z-scores whose rms has a standard error of 0.09."""
    rng = np.random.default_rng(4)
    alone = {column: rng.normal() for column in space.columns}

    def value(design: Design) -> tuple[float, ...]:
        return (sum(alone[f"{v.name}={design[v.name]}"] for v in space.variables),)

    machines = history(space, 130, value, seed=3)
    seen, unseen = machines[:70], machines[70:]
    known = Relatives(
        space, [f.design for f in seen], np.array([f.values[0] for f in seen]), np.full(70, 0.1)
    )
    mean, sd = known.forecast([f.design for f in unseen])
    z = (np.array([f.values[0] for f in unseen]) - mean) / np.hypot(sd, 0.1)
    assert 0.6 < np.sqrt(np.mean(z**2)) < 1.4


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
