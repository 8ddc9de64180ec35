"""The Gaussian process of the Bayesian agent, and what the agent does with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.stats import norm

from molmach.agents.bayesian import Bayesian
from molmach.agents.random import Random
from molmach.agents.regression.belief import model_of, seen, warpings
from molmach.agents.regression.gaussian_process import fit, regression
from molmach.agents.regression.improvement import log_expected_closeness, log_expected_improvement
from molmach.agents.regression.machine_kernel import MachineKernel, matern
from molmach.agents.regression.opinions import plain_opinion
from molmach.agents.regression.substituents import SIMILARITIES, distances
from molmach.agents.regression.warping import Place, Warping
from molmach.agents.symmetry import exchanges as exchanges_of
from molmach.search import Agent, Design, Finding, Measured, Proposal, Space, State, Trial, View
from molmach.search.space.design import Numeric
from molmach.search.space.fragments import library
from molmach.search.wanted import Window
from molmach.spec.campaign import loads_campaign
from tests.helpers.planted import trial_of

FIVE = ["hydrogen", "fluoro", "chloro", "cyano", "methyl"]
FREQUENCY = {"drive.frequency": {"low": "10 GHz", "high": "400 GHz", "scale": "log"}}
EDITS = ["replace", "extend", "cyclise", "swap_heteroatom"]

Floats = NDArray[np.float64]


def space_of(sites: dict[int, list[str]], **more: object) -> Space:
    """Substituents on the ring of the phenylene rotor, held by one end more than by the other unless told."""
    machine = more.pop("machine", {"stator": [1, 2, 3]})
    assert isinstance(machine, dict)
    ring = ["[CH:1]#[C:2]c1c", "c", "c([C:3]#[CH:4])c", "c1", ""]
    text = ring[0] + "".join((f"([*:{n}])" if n in sites else "") + ring[n - 9] for n in (10, 11, 12, 13))
    content = {
        "name": "test",
        "base": "difluorophenylene-rotor",
        "machine": {"smiles": text, **machine},
        "space": {"sites": sites, **more},
        "objectives": {"maximise": "velocity"},
        "racing": {"rungs": [{"replicas": 16, "duration": "20 ps"}]},
        "agents": ["random"],
        "budget": {"evaluations": 100},
    }
    return Space(loads_campaign(content, "test", Path()))


@pytest.fixture(scope="module")
def four_sites() -> Space:
    return space_of(dict.fromkeys((10, 11, 12, 13), FIVE))


@pytest.fixture(scope="module")
def mixed() -> Space:
    return space_of(dict.fromkeys((10, 11), FIVE), parameters=FREQUENCY)


def found(space: Space, design: Design, value: float, error: float = 0.1) -> Trial:
    return trial_of(design, space.resolve(design).key, (value,), (error,))


def view_of(space: Space, trials: list[Trial], batch: int = 3, taken: frozenset[str] = frozenset()) -> View:
    return View(space, tuple(trials), taken | {trial.machine for trial in trials}, 0.5, batch, 1)


def worth(space: Space, design: Design) -> float:
    """Smooth: best with cyano at R10 and fluoro at R11 near the middle of the decades of frequency."""
    gain = {"hydrogen": 0.0, "methyl": 0.3, "chloro": 1.0, "fluoro": 1.2, "cyano": 2.0}
    frequency = space.variables[-1]
    assert isinstance(frequency, Numeric)
    share = frequency.share(design["drive.frequency"])
    both = design["R10"] == "cyano" and design["R11"] == "fluoro"
    return gain[str(design["R10"])] + 0.5 * gain[str(design["R11"])] + both - 8.0 * (share - 0.55) ** 2


@dataclass(frozen=True)
class Dot:
    """The textbook's simplest kernel, exp(parameter) x x', without a gradient."""

    prior: tuple[Floats, Floats] = field(default_factory=lambda: (np.zeros(1), np.ones(1)))

    def matrix(self, parameters: Floats, first: Floats, second: Floats) -> Floats:
        return np.asarray(np.exp(parameters[0]) * np.outer(first, second))

    def diagonal(self, parameters: Floats, points: Floats) -> Floats:
        return np.asarray(np.exp(parameters[0]) * points**2)

    def mean(self, points: Floats) -> Floats:
        return np.zeros(len(points))

    def with_gradient(self, parameters: Floats, points: Floats) -> tuple[Floats, Callable[[Floats], Floats]]:
        raise NotImplementedError


def test_posterior_is_the_exact_one_of_bayesian_linear_regression() -> None:
    """k = x x' and a constant of variance 1 is a line with standard normal slope and offset."""
    x, y, errors = np.array([-1.0, 0.5, 2.0]), np.array([1.0, 2.0, 6.0]), np.array([0.3, 0.1, 0.5])
    model = regression(Dot(), np.array([0.0, np.log(1e-12)]), x, y, errors)
    centre, scale = y.mean(), y.std()
    design = np.column_stack([np.ones(3), x])
    precision = np.eye(2) + design.T @ np.diag((scale / errors) ** 2) @ design
    line = np.linalg.solve(precision, design.T @ ((y - centre) / scale * (scale / errors) ** 2))
    new = np.array([-2.0, 0.0, 3.0])
    rows = np.column_stack([np.ones(3), new])
    mean, variance = model.predict(new)
    np.testing.assert_allclose(mean, centre + scale * rows @ line, rtol=1e-5)
    exact = np.einsum("ij,jk,ik->i", rows, np.linalg.inv(precision), rows) * scale**2
    np.testing.assert_allclose(variance, model.inflation * exact, rtol=1e-5)


def test_leave_one_out_misses_are_those_of_models_without_that_point() -> None:
    rng = np.random.default_rng(1)
    x, errors = rng.normal(size=8), np.full(8, 0.4)
    y = 2.0 * x + 0.4 * rng.normal(size=8)
    y = (y - y.mean()) / y.std()
    parameters = np.array([0.3, np.log(1e-12)])

    def miss(left: int) -> float:
        kept = np.arange(8) != left
        gram = np.exp(0.3) * np.outer(x, x) + 1.0
        weights = np.linalg.solve(gram[np.ix_(kept, kept)] + 0.16 * np.eye(7), y[kept])
        return float(y[left] - gram[left, kept] @ weights)

    exact = np.sqrt(np.mean([miss(left) ** 2 for left in range(8)]))
    assert regression(Dot(), parameters, x, y, errors).miss == pytest.approx(exact, rel=1e-5)


@pytest.mark.parametrize(("mean", "sd", "best"), [(0.3, 0.5, 0.1), (-1.0, 0.4, 0.2), (0.0, 0.1, 1.0)])
def test_expected_improvement_is_its_integral(mean: float, sd: float, best: float) -> None:
    integral, _ = quad(
        lambda f: (f - best) * norm.pdf(f, mean, sd), best, best + 12 * sd, epsabs=0.0, epsrel=1e-10
    )
    ours = log_expected_improvement(np.array([mean]), np.array([sd]), best)[0]
    assert ours == pytest.approx(np.log(integral), rel=1e-6)


def test_hopeless_candidates_are_still_told_apart() -> None:
    z = -np.logspace(-1, 8, 200)
    logs = log_expected_improvement(z, np.ones(200), 0.0)
    assert np.all(np.isfinite(logs))
    assert np.all(np.diff(logs) < 0.0)


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1))
@pytest.mark.parametrize("name", ["four_sites", "mixed"])
def test_kernel_is_positive_semidefinite_and_its_gradient_exact(
    name: str, seed: int, request: pytest.FixtureRequest
) -> None:
    space = request.getfixturevalue(name)
    kernel = MachineKernel(space, exchanges_of(space))
    rng = np.random.default_rng(seed)
    points = kernel.points([space.sample(rng) for _ in range(25)], space)
    mean, sd = kernel.prior
    parameters = mean + sd * rng.normal(size=len(mean))
    covariance, pull_back = kernel.with_gradient(parameters, points)
    np.testing.assert_allclose(covariance, kernel.matrix(parameters, points, points), rtol=1e-12)
    np.testing.assert_allclose(np.diag(covariance), kernel.diagonal(parameters, points), rtol=1e-12)
    assert np.linalg.eigvalsh(covariance).min() > -1e-9 * np.trace(covariance)
    slope = rng.normal(size=covariance.shape)
    change = rng.normal(size=len(mean))
    ahead, behind = (kernel.matrix(parameters + s * 1e-5 * change, points, points) for s in (1, -1))
    measured = np.vdot(slope, ahead - behind) / 2e-5
    assert pull_back(slope) @ change == pytest.approx(measured, rel=1e-5, abs=1e-6 * np.abs(covariance).sum())


def test_kernel_of_edited_molecules_is_positive_semidefinite_and_its_gradient_exact() -> None:
    space = space_of({10: FIVE, 13: FIVE}, parameters=FREQUENCY, edits=EDITS)
    kernel = MachineKernel(space, exchanges_of(space))
    rng = np.random.default_rng(4)
    designs = [space.sample(rng) for _ in range(12)]
    designs += [edited[0] for design in designs if (edited := space.edit(design, rng))]
    points = kernel.points(designs, space)
    parameters = kernel.prior[0]
    covariance, pull_back = kernel.with_gradient(parameters, points)
    assert np.linalg.eigvalsh(covariance).min() > -1e-10
    assert covariance[0, 12] < covariance[0, 0]
    slope = rng.normal(size=covariance.shape)
    for unit, exact in zip(np.eye(len(parameters)), pull_back(slope), strict=True):
        ahead, behind = (kernel.matrix(parameters + s * 1e-5 * unit, points, points) for s in (1, -1))
        assert exact == pytest.approx(np.vdot(slope, ahead - behind) / 2e-5, rel=1e-4, abs=1e-6)


def test_one_machine_has_one_prediction_whatever_its_spelling(four_sites: Space) -> None:
    """Turned by half a turn about its axle, the ring has R10 where R13 was, and R11 where R12 was."""
    exchanges = exchanges_of(four_sites)
    assert exchanges == ((0, 1, 2, 3), (3, 2, 1, 0))
    kernel = MachineKernel(four_sites, exchanges)
    rng = np.random.default_rng(2)
    points = kernel.points([four_sites.sample(rng) for _ in range(20)], four_sites)
    turned = type(points)(points.categories[:, ::-1], points.numbers, points.prints)
    parameters = kernel.prior[0]
    np.testing.assert_allclose(
        kernel.matrix(parameters, points, points), kernel.matrix(parameters, turned, points), rtol=1e-12
    )


def test_sites_that_differ_are_not_exchanged() -> None:
    assert exchanges_of(space_of({10: FIVE, 13: ["hydrogen", "fluoro"]})) == ((0, 1),)
    assert exchanges_of(space_of({10: FIVE, 11: FIVE})) == ((0, 1),)


def test_sites_at_two_equal_ends_are_exchanged() -> None:
    assert exchanges_of(space_of({10: FIVE, 11: FIVE}, machine={})) == ((0, 1), (1, 0))
    every = ((0, 1, 2, 3), (1, 0, 3, 2), (2, 3, 0, 1), (3, 2, 1, 0))
    assert exchanges_of(space_of(dict.fromkeys((10, 11, 12, 13), FIVE), machine={})) == every


def test_substituents_are_as_far_apart_as_chemistry_says() -> None:
    names = list(library())
    tables = distances([library()[name] for name in names])
    assert np.all(np.isfinite(tables))
    assert np.allclose(tables, tables.transpose(0, 2, 1))
    pick = {name: number for number, name in enumerate(names)}
    dipole, size = SIMILARITIES.index("dipole along the bond"), SIMILARITIES.index("size")
    assert tables[dipole, pick["cyano"], pick["nitro"]] < 0.1 * tables[dipole, pick["cyano"], pick["methyl"]]
    assert (
        tables[size, pick["hydrogen"], pick["fluoro"]] < 0.1 * tables[size, pick["hydrogen"], pick["phenyl"]]
    )
    between_mirror_images = tables[:, pick["(R)-1-cyanoethyl"], pick["(S)-1-cyanoethyl"]]
    assert between_mirror_images[-2] > 0.0
    assert between_mirror_images[-1] > 0.0
    np.testing.assert_allclose(between_mirror_images[:-2], 0.0, atol=1e-6)


def search(agent: Agent, space: Space, seed: int, goal: float, limit: int = 60) -> int:
    """Evaluations, in batches of 4 and with noise, until a design of at least this worth was evaluated."""
    rng = np.random.default_rng(seed)
    trials: list[Trial] = []
    while len(trials) < limit:
        view = View(space, tuple(trials), frozenset(f.machine for f in trials), 0.5, len(trials), seed)
        for proposal in agent.propose(view, 4):
            value = worth(space, proposal.design)
            trials.append(found(space, proposal.design, value + 0.1 * rng.normal(), 0.1))
            if value >= goal:
                return len(trials)
    return limit


def test_optimum_of_a_mixed_space_is_found_much_faster_than_at_random(mixed: Space) -> None:
    """3.5 of at most 3.6 is reached by one design in about 110 at random, so random search mostly fails in 60.

    Of 50 runs on other seeds, 47 took at most 24 (random search: 15 of 100); at that rate three or more of eight
    take longer with a chance of 0.01. The seeds are fixed.
    """
    ours = [search(Bayesian(mixed), mixed, seed, 3.5) for seed in range(8)]
    random = [search(Random(mixed), mixed, seed, 3.5) for seed in range(8)]
    assert np.sort(ours)[5] <= 24, (ours, random)
    assert 2.0 * np.median(ours) <= np.median(random), (ours, random)


def history(space: Space, n: int, seed: int = 0, error: float = 0.1) -> list[Trial]:
    rng = np.random.default_rng(seed)
    designs = [space.sample(rng) for _ in range(n)]
    return [found(space, d, worth(space, d) + error * rng.normal(), error) for d in designs]


def test_same_view_gives_the_same_proposals(mixed: Space) -> None:
    """A new agent that is told everything again asks for the same."""
    trials = history(mixed, 20)
    first = Bayesian(mixed).propose(view_of(mixed, trials), 4)
    agent = Bayesian(mixed)
    agent.propose(view_of(mixed, trials[:10], batch=1), 4)
    assert agent.propose(view_of(mixed, trials), 4) == first


def keys(space: Space, proposals: list[Proposal]) -> set[str]:
    return {space.resolve(proposal.design).key for proposal in proposals}


@pytest.mark.parametrize("n", [1, 4, 32])
def test_proposals_are_new_and_differ(four_sites: Space, n: int) -> None:
    rng = np.random.default_rng(n)
    designs = [four_sites.sample(rng) for _ in range(40)]
    trials = [found(four_sites, d, float(len(str(d.values)))) for d in designs]
    asked = [four_sites.sample(rng) for _ in range(200)]
    taken = frozenset(four_sites.resolve(design).key for design in asked)
    proposals = Bayesian(four_sites).propose(view_of(four_sites, trials, taken=taken), n)
    assert len(keys(four_sites, proposals)) == n == len(proposals)
    assert not keys(four_sites, proposals) & (taken | {trial.machine for trial in trials})


def test_nothing_is_proposed_where_everything_was() -> None:
    space = space_of({10: FIVE, 13: FIVE})
    designs = list(space.enumerate())
    trials = [found(space, d, float(i)) for i, d in enumerate(designs[:-1])]
    assert Bayesian(space).propose(view_of(space, trials), 3)[0].design == designs[-1]
    trials.append(found(space, designs[-1], 0.0))
    assert Bayesian(space).propose(view_of(space, trials), 3) == []
    assert "Nothing new" in Bayesian(space).explain(view_of(space, trials))


def test_edited_molecules_are_proposed_in_an_open_space() -> None:
    space = space_of({10: FIVE}, edits=EDITS)
    trials = [found(space, d, float(i)) for i, d in enumerate(space.enumerate())]
    proposals = Bayesian(space).propose(view_of(space, trials), 4)
    assert len(keys(space, proposals)) == 4
    assert all(proposal.design.edited for proposal in proposals)


def test_noisy_measurements_of_nearly_the_same_machine_are_averaged(mixed: Space) -> None:
    """Designs a thousandth apart with contradicting values: predicted in between, no error of numerics."""
    number = mixed.variables[-1]
    assert isinstance(number, Numeric)
    spots = [
        Design.of({"R10": "fluoro", "R11": "methyl", number.name: number.at(0.5 + 1e-3 * i)})
        for i in range(12)
    ]
    trials = [found(mixed, d, 1.0 if i % 2 else -1.0, 1.0) for i, d in enumerate(spots)]
    trials += [found(mixed, spots[0], 1.0, 1.0)]
    kernel = MachineKernel(mixed, exchanges_of(mixed))
    points = kernel.points(spots, mixed)
    values = np.array([trial.values[0] for trial in trials[:12]])
    parameters = fit(kernel, points, values, np.ones(12), (np.log(1e-3), 1.5))
    mean, _ = regression(kernel, parameters, points, values, np.ones(12)).predict(points)
    assert np.all(np.abs(mean) < 0.5)
    assert len(Bayesian(mixed).propose(view_of(mixed, trials), 4)) == 4


def test_what_fails_is_avoided(mixed: Space) -> None:
    """All with cyano fail, though values would rise towards it."""
    rng = np.random.default_rng(3)
    trials = []
    for _ in range(30):
        design = mixed.sample(rng)
        if "cyano" in (design["R10"], design["R11"]):
            key = mixed.resolve(design).key
            trials.append(trial_of(design, key, (), (), "it blew up"))
        else:
            trials.append(found(mixed, design, worth(mixed, design)))
    proposals = Bayesian(mixed).propose(view_of(mixed, trials), 8)
    assert sum("cyano" in (p.design["R10"], p.design["R11"]) for p in proposals) <= 1


def test_nineteen_of_twenty_predictions_hold(mixed: Space) -> None:
    """Coverage of 95 % intervals on 400 fresh measurements after 40, over 8 histories: within 88 to 99.5 %.

    The histories share their model's errors, so the band is wider than the binomial one.
    """
    kernel = MachineKernel(mixed, exchanges_of(mixed))
    z = []
    for seed in range(8):
        seen, fresh = history(mixed, 40, seed), history(mixed, 50, 100 + seed)
        values = np.array([trial.values[0] for trial in seen])
        points = kernel.points([trial.design for trial in seen], mixed)
        errors = np.full(40, 0.1)
        parameters = fit(kernel, points, values, errors, (np.log(1e-3), 1.5))
        model = regression(kernel, parameters, points, values, errors)
        mean, variance = model.predict(kernel.points([trial.design for trial in fresh], mixed))
        measured = np.array([trial.values[0] for trial in fresh])
        z += [*((measured - mean) / np.sqrt(variance + model.nugget + 0.01))]
    assert 0.88 <= np.mean(np.abs(z) < 1.96) <= 0.995


def test_explanation_names_what_matters(mixed: Space) -> None:
    text = Bayesian(mixed).explain(view_of(mixed, history(mixed, 60)))
    assert "R10: best with cyano" in text
    assert "R11: best with" in text
    assert "drive.frequency" in text
    assert "needed" in Bayesian(mixed).explain(view_of(mixed, []))


def test_matern_is_one_at_no_distance_and_falls() -> None:
    r2 = np.linspace(0.0, 9.0, 50)
    values = matern(r2)
    assert values[0] == 1.0
    assert np.all(np.diff(values) < 0.0)
    assert matern(np.array([1.0]))[0] == pytest.approx((1 + 5**0.5 + 5 / 3) * np.exp(-(5**0.5)))


def test_several_objectives_predict_the_first(mixed: Space) -> None:
    rng = np.random.default_rng(5)
    trials = []
    for _ in range(25):
        design = mixed.sample(rng)
        value = worth(mixed, design)
        key = mixed.resolve(design).key
        trials.append(trial_of(design, key, (100.0 + value, -value), (0.1, 0.1)))
    proposals = Bayesian(mixed).propose(view_of(mixed, trials), 3)
    assert all(
        95.0 < p.mean < 106.0 and p.sd < 5.0 for p in proposals if p.mean is not None and p.sd is not None
    )
    assert len(proposals) == 3


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0, 1.7, 2.0])
def test_warping_is_undone_and_its_slope_is_exact(power: float) -> None:
    warping = Warping(3.0, 2.0, power)
    values = np.linspace(-9.0, 15.0, 41)
    np.testing.assert_allclose(warping.backward(warping.forward(values)), values, atol=1e-5)
    step = (warping.forward(values + 1e-5) - warping.forward(values - 1e-5)) / 2e-5
    np.testing.assert_allclose(warping.slope(values), step, rtol=1e-6)


def test_moments_behind_a_warping_are_those_of_the_lognormal() -> None:
    """At power 0, 1 + value is lognormal as far as the normal lies above zero."""
    mean, variance = Warping(0.0, 1.0, 0.0).moments(np.array([2.0]), np.array([0.09]))
    assert mean[0] == pytest.approx(np.exp(2.045) - 1.0, rel=1e-6)
    assert variance[0] == pytest.approx(np.expm1(0.09) * np.exp(4.09), rel=1e-5)


def test_long_tails_are_drawn_in_and_normal_values_left() -> None:
    rng = np.random.default_rng(0)
    assert Warping.of(np.exp(2.0 * rng.normal(size=60))).power < 0.3
    assert Warping.of(rng.normal(size=200)).power == pytest.approx(1.0, abs=0.25)


def test_predictions_are_averaged_over_what_the_tail_may_be(mixed: Space) -> None:
    """Few values leave the power open: probabilities add up, and predictions lie between those of the powers."""
    rng, agent = np.random.default_rng(2), MachineKernel(mixed, exchanges_of(mixed))
    trials = []
    for _ in range(14):
        design = mixed.sample(rng)
        trials.append(trial_of(design, mixed.resolve(design).key, (worth(mixed, design),), (0.1,)))
    known = seen(agent, view_of(mixed, trials))
    family = warpings(model_of(agent, known, rng), known)
    assert sum(weight for weight, _, _ in family) == pytest.approx(1.0, abs=0.01)
    assert len({warping.power for _, _, warping in family}) == len(family) > 2
    opinion = plain_opinion(model_of(agent, known, rng), known)
    mean, variance = opinion.moments(known.points, np.full((2, len(trials)), np.nan))
    each = [warping.moments(*model.predict(known.points))[0] for _, model, warping in opinion.family]
    assert np.all(mean >= np.min(each, axis=0) - 1e-6)
    assert np.all(mean <= np.max(each, axis=0) + 1e-6)
    assert np.all(variance > 0.0)


@pytest.mark.parametrize(("mean", "sd", "reach"), [(0.0, 1.0, 0.5), (2.0, 1.0, 0.5), (-1.0, 0.2, 0.9)])
def test_expected_closeness_is_the_integral(mean: float, sd: float, reach: float) -> None:
    def part(x: float) -> float:
        return max(0.0, reach - abs(x)) * float(norm.pdf(x, mean, sd))

    exact, _ = quad(part, -reach, reach, points=[0.0])
    value = log_expected_closeness(np.array([mean]), np.array([sd]), reach)
    assert np.exp(value[0]) == pytest.approx(exact, rel=1e-5)


def test_expected_closeness_is_finite_and_falls_far_off() -> None:
    far = log_expected_closeness(np.linspace(1.0, 300.0, 600), np.ones(600), 0.3)
    assert np.all(np.isfinite(far))
    assert np.all(np.diff(far) < 0.0)


def test_what_is_told_of_a_place_is_the_distance_to_it() -> None:
    values = np.array([-4.0, -1.0, 0.5, 2.0, 7.0])
    place = Place.at(values, 0.0, 1.0)
    told = np.minimum(values, 1.0 - values)
    np.testing.assert_allclose(place.backward(place.forward(values)), told, atol=1e-12)
    mean, variance = place.moments(place.forward(np.array([7.0])), np.array([1e-6]))
    assert mean[0] == pytest.approx(-6.0, abs=1e-3)
    assert variance[0] == pytest.approx(1e-6 * place.scale**2, rel=1e-3)


def test_a_window_is_approached_from_both_sides() -> None:
    """Effects add up in the value. A model of the distance to the window has a ridge to learn instead.

    Half of the machines are known, by nearly exact values on both sides of the window, and most of those
    that are asked for lie in it: a sixth of the others do.
    """
    space, rng = space_of(dict.fromkeys((10, 11, 12), FIVE)), np.random.default_rng(4)
    effects = {(f"R{site}", part): rng.normal() for site in (10, 11, 12) for part in FIVE}
    truth = {
        space.resolve(design).key: sum(effects[f"R{site}", str(design[f"R{site}"])] for site in (10, 11, 12))
        for design in space.enumerate()
    }
    window = Window(*np.quantile(list(truth.values()), [0.7, 0.85]))
    trials = []
    for design in list(space.enumerate())[::2]:
        key = space.resolve(design).key
        x = truth[key]
        measured = window.measured(Measured(x, 0.02, x - 0.04, x + 0.04))
        begun = Trial(0, "other", 0, design, machine=key, state=State.RUNNING)
        trials.append(begun.found(Finding(key, key, "other", 0, "", (measured,), 1.0, 1, False, 0.0)))
    view = View(space, tuple(trials), frozenset(t.machine for t in trials), 0.5, 3, 1, window=window)
    proposals = Bayesian(space).propose(view, 6)
    inside = [window.low <= truth[space.resolve(p.design).key] <= window.high for p in proposals]
    assert sum(inside) >= 5
    means = [p.mean for p in proposals if p.mean is not None]
    assert len(means) == 6
    assert np.median(means) > 0.0


def test_too_small_a_start_is_refused(mixed: Space) -> None:
    with pytest.raises(TypeError, match="initial: got 1; expected at least 4"):
        Bayesian(mixed, initial=1)
