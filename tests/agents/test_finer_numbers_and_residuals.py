"""Active inference's finer scales of numbers, and its test of what it claims."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from molmach.agents.active_inference import ActiveInference, prediction
from molmach.agents.breeding.kinship import relatives
from molmach.agents.inference.generative_model import GenerativeModel, columns
from molmach.agents.inference.growth import prior_of
from molmach.agents.inference.message_passing import Evidence, infer
from molmach.agents.inference.refinement import refined
from molmach.agents.inference.residuals import FEWEST, LEVEL, Check, check
from molmach.agents.inference.structures import learn
from molmach.agents.inference.warp import Warp
from molmach.search import Design, Space, Trial
from molmach.search.space.design import Numeric
from tests.helpers.planted import NOISE, PARAMETERS, UNLIKE_ENDS, history, space_of, trial, view_of

Floats = NDArray[np.float64]
PLAIN = {10: ["hydrogen", "cyano"], 11: ["hydrogen"], 12: ["hydrogen"], 13: ["hydrogen"]}


@pytest.fixture(scope="module")
def numbers() -> Space:
    return space_of(sites=PLAIN, parameters=PARAMETERS)


@pytest.fixture(scope="module")
def space() -> Space:
    return space_of(UNLIKE_ENDS, sites={site: ["hydrogen", "fluoro", "cyano"] for site in (10, 11, 12, 13)})


def resonance(space: Space, design: Design) -> float:
    """Of a width of a twentieth of both ranges."""
    shares = [v.share(design[v.name]) for v in space.variables if isinstance(v, Numeric)]
    return 10.0 / (
        1.0 + sum(((s - place) / 0.05) ** 2 for s, place in zip(shares, (0.37, 0.61), strict=True))
    )


def near(space: Space, count: int) -> list[Trial]:
    """Some at random, and as many around the resonance, as a search has them that has found it."""
    rng = np.random.default_rng(3)
    trials = {one.machine: one for one in history(space, count, lambda d: (resonance(space, d),))}
    while len(trials) < 2 * count:
        design = space.sample(rng)
        for variable, place in zip(space.variables[-2:], (0.37, 0.61), strict=True):
            share = place + 0.08 * rng.standard_normal()
            design = design.replace(**{variable.name: variable.at(share)})  # type: ignore[union-attr]
        one = trial(space, design, resonance(space, design) + NOISE * rng.normal())
        trials[one.machine] = one
    return list(trials.values())


def test_knots_come_where_results_are_good_and_find_a_narrow_peak(numbers: Space) -> None:
    model = GenerativeModel(numbers)
    trials = near(numbers, 25)
    codes = model.code([one.design for one in trials])
    evidence = Evidence.of(np.array([one.values[0] for one in trials]), np.full(len(trials), NOISE))
    finer = refined(model, codes, evidence)
    for name, place in zip(PARAMETERS, (0.37, 0.61), strict=True):
        spacing = np.diff(finer.knots[name])
        at = np.searchsorted(finer.knots[name], place) - 1
        assert spacing[at] <= 0.125 < spacing.max()
    rng = np.random.default_rng(5)
    at_peak = Design.of({**dict(numbers.sample(rng).values), **{
        v.name: v.at(share) for v, share in zip(numbers.variables[-2:], (0.37, 0.61), strict=True)  # type: ignore[union-attr]
    }})  # fmt: skip
    understanding = learn(model, codes, evidence)
    mean, _ = prediction(model, understanding, model.code([at_peak])[0])
    away = [prediction(model, understanding, model.code([numbers.sample(rng)])[0])[0] for _ in range(30)]
    assert mean > 5.0
    assert mean > 1.5 * np.quantile(away, 0.9)


def test_nothing_is_refined_where_an_effect_is_straight(numbers: Space) -> None:
    model = GenerativeModel(numbers)
    place = [v.name for v in numbers.variables].index("drive.field")
    variable = numbers.variables[place]
    trials = history(numbers, 40, lambda d: (3.0 * variable.share(d["drive.field"]),))  # type: ignore[union-attr]
    codes = model.code([one.design for one in trials])
    evidence = Evidence.of(np.array([one.values[0] for one in trials]), np.full(40, NOISE))
    assert refined(model, codes, evidence) is model


def test_kinship_learns_over_which_distance_a_number_is_one_gene(numbers: Space) -> None:
    narrow = relatives(view_of(numbers, near(numbers, 25)))
    broad = relatives(view_of(numbers, history(numbers, 40, lambda d: (float(d["drive.field"]),))))
    assert narrow is not None
    assert broad is not None
    assert narrow.variances.reach < broad.variances.reach


def drawn(
    space: Space, value: dict[str, Floats], count: int, seed: int
) -> tuple[GenerativeModel, Floats, Evidence]:
    """Scores of designs at random: a sum of effects and one table of a pair, and noise."""
    rng = np.random.default_rng(seed)
    model = GenerativeModel(space)
    codes = model.code([space.sample(rng) for _ in range(count)])
    scores = np.zeros(count)
    for name in ("R10", "R11", "R12", "R13"):
        place = [v.name for v in space.variables].index(name)
        scores += value.get(name, rng.normal(size=3))[codes[:, place].astype(int)]
    pair = rng.normal(size=(3, 3))
    scores += pair[codes[:, 0].astype(int), codes[:, 2].astype(int)] + NOISE * rng.normal(size=count)
    return model, codes, Evidence.of(scores, np.full(count, NOISE))


def test_test_of_residuals_keeps_to_its_level_where_sums_and_pairs_are_right(space: Space) -> None:
    alarms = 0
    for seed in range(20):
        model, codes, evidence = drawn(space, {}, 40, seed)
        result = learn(model, codes, evidence).check
        assert result is not None
        alarms += result.fails
    assert alarms <= 2  # at a level of 1 % more come once in a thousand


def test_a_structure_that_lacks_a_factor_fails(space: Space) -> None:
    """The full structure passes; without the variable that matters most, the test sees it."""
    big = {"R11": np.array([-3.0, 0.0, 3.0])}
    model, codes, evidence = drawn(space, big, 40, 4)
    understanding = learn(model, codes, evidence)
    kept = [f for f in understanding.best.factors if "R11" not in f.name]
    bases = model.bases(codes)
    features = [columns(factor, bases) for factor in kept]
    lacking = check(features, infer(features, evidence, [prior_of(f) for f in kept]), evidence)
    assert lacking is not None
    assert lacking.fails
    assert understanding.check is not None
    assert not understanding.check.fails


def test_three_that_must_be_right_together_are_said_and_none_of_them_is_called_pruned(space: Space) -> None:
    def value(design: Design) -> tuple[float]:
        right = all(design[name] == "cyano" for name in ("R10", "R11", "R12"))
        return (5.0 * right,)

    trials = history(space, 60, value)
    assert any(one.values[0] > 4.0 for one in trials)
    agent = ActiveInference(space)
    view = view_of(space, trials)
    understanding = agent.understanding(view)
    said = agent.explain(view)
    held = any(factor.order == 3 for factor in understanding.best.factors)
    assert held or "can't explain" in said
    for name in ("R10", "R11", "R12"):
        assert f"{name} makes no difference and was pruned" not in said


def test_a_check_counts_as_chi_square_does() -> None:
    assert Check(20.0, 20).p_value == pytest.approx(0.458, abs=1e-3)
    assert not Check(37.56, 20).fails
    assert Check(37.57, 20).fails
    assert LEVEL == 0.01
    assert FEWEST > 2


def test_the_scale_of_a_long_tail_keeps_the_unit_at_the_mean_and_comes_back() -> None:
    rng = np.random.default_rng(1)
    values = np.exp(1.5 * rng.normal(size=80))
    warp = Warp.of(values)
    assert warp.power is not None
    centre = np.array([values.mean()])
    assert warp.slope(centre) == pytest.approx(1.0)
    assert warp.forward(centre) == pytest.approx(centre)
    mean, sd = warp.moments(warp.forward(values), np.full(80, 1e-6))
    assert mean == pytest.approx(values, rel=1e-6)
    assert Warp.of(rng.normal(size=80)).power is None
    assert sd.max() < 1e-3
