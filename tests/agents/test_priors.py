"""Agents that are told what theory says: they believe it while it holds, correct it, and drop it where it is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from molmach.agents.active_inference import ActiveInference
from molmach.agents.bayesian import Bayesian
from molmach.agents.breeding.screening import screen
from molmach.agents.evolutionary import Evolutionary
from molmach.agents.inference.message_passing import Evidence, Gamma, infer
from molmach.agents.inference.model_reduction import evidence_for_block, evidence_for_new
from molmach.agents.random import Random
from molmach.agents.regression.belief import seen
from molmach.agents.regression.machine_kernel import MachineKernel
from molmach.agents.regression.opinions import Correction, Opinion, correction
from molmach.agents.regression.theory_kernel import Foretold, TheoryKernel
from molmach.agents.reinforcement import Reinforcement
from molmach.agents.symmetry import exchanges
from molmach.agents.theory import Surveyor
from molmach.search import Design, Space, Trial, View
from molmach.search.agents.interface import Agent
from molmach.search.agents.theory import Theory
from tests.helpers.planted import history, view_of

Floats = NDArray[np.float64]

WITH_THEORY = (Bayesian, ActiveInference, Evolutionary, Reinforcement)


class Said(Theory):
    """Theory that says what a table has for each machine; how much it was asked is counted."""

    def __init__(self, space: Space, table: Mapping[str, float], sd: float = 0.2) -> None:
        self._space, self._table, self._spread = space, table, sd
        self.asked: set[str] = set()

    def objectives(
        self, designs: Sequence[Design], most: int | None = None, most_seconds: float = np.inf
    ) -> tuple[Floats, Floats]:
        keys = [self._space.resolve(design).key for design in designs]
        self.asked.update(keys)
        mean = np.array([[self._table[key]] for key in keys], dtype=np.float64).reshape(-1, 1)
        return mean, np.where(np.isfinite(mean), self._spread, np.nan)


def shuffled(truth: Mapping[str, float], seed: int = 0) -> dict[str, float]:
    order = np.random.default_rng(seed).permutation(len(truth))
    values = list(truth.values())
    return {key: values[i] for key, i in zip(truth, order, strict=True)}


def silent(truth: Mapping[str, float]) -> dict[str, float]:
    return dict.fromkeys(truth, np.nan)


def told(view: View, table: Mapping[str, float]) -> View:
    return replace(view, theory=Said(view.space, table))


def known(space: Space, truth: Mapping[str, float], count: int) -> list[Trial]:
    return history(space, count, lambda design: (truth[space.resolve(design).key],))


@pytest.mark.parametrize("kind", [Bayesian, ActiveInference])
def test_with_theory_that_is_right_the_first_machine_is_one_of_the_best(
    kind: Callable[[Space], Agent], space: Space, truth: dict[str, float]
) -> None:
    first = kind(space).propose(told(view_of(space, [], batch=0), truth), 1)[0]
    assert truth[space.resolve(first.design).key] >= np.quantile(list(truth.values()), 0.99)


@pytest.mark.parametrize("kind", [Evolutionary, Reinforcement])
def test_breeders_begin_with_theorys_best_as_far_as_they_trust_it(
    kind: Callable[[Space], Agent], space: Space, truth: dict[str, float]
) -> None:
    """Each of eight with a probability of two thirds: fewer than four have one of 9 %; the seed is fixed."""
    begun = kind(space).propose(told(view_of(space, [], batch=0), truth), 8)
    good = np.quantile(list(truth.values()), 0.875)
    assert sum(truth[space.resolve(proposal.design).key] >= good for proposal in begun) >= 4


@pytest.mark.parametrize("count", [0, 12])
@pytest.mark.parametrize("kind", [*WITH_THEORY, Random])
def test_theory_that_is_silent_changes_no_bit(
    kind: Callable[[Space], Agent], count: int, space: Space, truth: dict[str, float]
) -> None:
    trials = known(space, truth, count)
    without = kind(space).propose(view_of(space, trials), 2)
    assert kind(space).propose(told(view_of(space, trials), silent(truth)), 2) == without


def test_random_search_hears_no_theory(space: Space, truth: dict[str, float]) -> None:
    view = told(view_of(space, []), truth)
    assert Random(space).propose(view, 4) == Random(space).propose(view_of(space, []), 4)
    assert isinstance(view.theory, Said)
    assert not view.theory.asked


@pytest.mark.parametrize("kind", [Bayesian, ActiveInference, Evolutionary])
def test_an_agent_started_anew_chooses_the_same_and_says_what_theory_said(
    kind: Callable[[Space], Agent], space: Space, truth: dict[str, float]
) -> None:
    trials = known(space, truth, 12)
    agent = kind(space)
    agent.propose(told(view_of(space, trials[:4], 1), truth), 2)
    view = told(view_of(space, trials, 3), truth)
    proposals = agent.propose(view, 2)
    assert kind(space).propose(told(view_of(space, trials, 3), truth), 2) == proposals
    assert "theory" in agent.explain(told(view_of(space, trials, 3), truth)).lower()
    assert isinstance(view.theory, Said)
    assert (
        len(view.theory.asked) <= 150
    )  # machines to build in a call: the survey's, the agent's, those measured


def corrected(view: View) -> tuple[Opinion, Correction]:
    """The Bayesian agent's opinion with theory, and its correction over what theory was asked about."""
    agent = Bayesian(view.space)
    kernel, _ = agent._prepare()
    survey = agent._surveyor.survey(view)
    assert survey is not None
    _, candidates = agent._candidates(kernel, view, seen(kernel, view), survey)
    opinion = candidates.opinions[-1]
    points = kernel.points(survey.designs, view.space)
    return opinion, correction(opinion, points, np.array([survey.mean, survey.sd]))


@pytest.mark.parametrize(("scale", "offset"), [(1.0, 0.0), (2.0, -3.0), (0.6, 4.0)])
def test_the_process_learns_theorys_scale_and_offset(
    scale: float, offset: float, space: Space, truth: dict[str, float]
) -> None:
    """24 machines with an error of 0.1 on a spread of 1.7 give the scale to 2 %, the offset to 0.03."""
    table = {key: (value - offset) / scale for key, value in truth.items()}
    opinion, found = corrected(told(view_of(space, known(space, truth, 24)), table))
    assert opinion.with_theory
    assert opinion.weight > 0.95
    assert found.scale == pytest.approx(scale, rel=0.1)
    assert found.offset == pytest.approx(offset, abs=0.25)
    assert found.rest < 0.2


def test_theory_that_is_shuffled_is_dropped(space: Space, truth: dict[str, float]) -> None:
    trials = known(space, truth, 30)
    view = told(view_of(space, trials), shuffled(truth))
    opinion, found = corrected(view)
    assert not opinion.with_theory or opinion.weight < 0.5
    assert abs(found.scale) < 0.25
    inference = ActiveInference(space)
    understanding = inference.understanding(view)
    assert understanding.trust < 0.1
    assert understanding.theory is not None
    assert understanding.theory < -1.0
    assert re.search("Theory (was pruned|is probably of no use)", inference.explain(view))
    for agent in (Evolutionary(space), Reinforcement(space)):
        screened = screen(view, agent._surveyor)
        assert screened is not None
        assert screened.trust < 0.35


def test_active_inference_holds_theory_that_is_right_and_says_so(
    space: Space, truth: dict[str, float]
) -> None:
    view = told(view_of(space, known(space, truth, 16)), truth)
    agent = ActiveInference(space)
    understanding = agent.understanding(view)
    assert understanding.trust > 0.99
    assert "Theory holds: scale" in agent.explain(view)


def test_trust_follows_what_was_measured(space: Space, truth: dict[str, float]) -> None:
    """From two thirds towards the rank correlation, nearer to it the more machines there are."""
    surveyor = Surveyor(space)
    none, few, many = (
        screen(told(view_of(space, known(space, truth, count), 0), truth), surveyor) for count in (0, 8, 60)
    )
    assert none is not None
    assert few is not None
    assert many is not None
    assert none.trust == pytest.approx(np.tanh(0.8))
    assert none.trust < few.trust < many.trust <= many.correlation
    against = {key: -value for key, value in truth.items()}
    wrong = screen(told(view_of(space, known(space, truth, 60), 0), against), Surveyor(space))
    assert wrong is not None
    assert wrong.trust == 0.0


def test_kernel_about_theory_is_positive_semidefinite_and_its_gradient_exact(space: Space) -> None:
    machines = MachineKernel(space, exchanges(space))
    kernel = TheoryKernel(machines)
    rng = np.random.default_rng(3)
    points = machines.points([space.sample(rng) for _ in range(20)], space)
    known = rng.random(20) < 0.8
    foretold = Foretold(points, known * rng.normal(size=20), known * rng.random(20), known)
    mean, sd = kernel.prior
    parameters = mean + sd * rng.normal(size=len(mean))
    covariance, pull_back = kernel.with_gradient(parameters, foretold)
    np.testing.assert_allclose(covariance, kernel.matrix(parameters, foretold, foretold), rtol=1e-12)
    np.testing.assert_allclose(np.diag(covariance), kernel.diagonal(parameters, foretold), rtol=1e-12)
    assert np.linalg.eigvalsh(covariance).min() > -1e-9 * np.trace(covariance)
    slope = rng.normal(size=covariance.shape)
    for unit, exact in zip(np.eye(len(parameters)), pull_back(slope), strict=True):
        ahead, behind = (kernel.matrix(parameters + s * 1e-5 * unit, foretold, foretold) for s in (1, -1))
        assert exact == pytest.approx(np.vdot(slope, ahead - behind) / 2e-5, rel=1e-4, abs=1e-6)


def test_evidence_for_a_factor_with_a_prior_mean_is_the_ratio_of_marginal_likelihoods() -> None:
    rng = np.random.default_rng(5)
    n, expected = 12, np.array([1.0, 0.0])
    bias, column = np.ones((n, 1)), rng.normal(size=(n, 2))
    evidence = Evidence(column @ [0.8, 0.1] + 0.3 * rng.normal(size=n), np.full(n, 0.3), 0.0, 1.0)
    sharp = Gamma(4e6, 2e6)  # precision 2, known
    without = infer([bias], evidence, [sharp])
    gain = evidence_for_new(without, [bias], evidence, column, sharp, expected)
    noise = np.diag(evidence.errors**2 + 1.0 / without.misfit.mean) + 0.5 * bias @ bias.T
    more = noise + 0.5 * column @ column.T
    exact = stats.multivariate_normal(column @ expected, more).logpdf(evidence.scores)
    exact -= stats.multivariate_normal(np.zeros(n), noise).logpdf(evidence.scores)
    assert gain == pytest.approx(float(exact), rel=1e-4)
    both = infer([bias, column], evidence, [sharp, sharp], expected=[np.zeros(1), expected])
    noise += (1.0 / both.misfit.mean - 1.0 / without.misfit.mean) * np.eye(n)
    exact = stats.multivariate_normal(column @ expected, noise + 0.5 * column @ column.T).logpdf(
        evidence.scores
    )
    exact -= stats.multivariate_normal(np.zeros(n), noise).logpdf(evidence.scores)
    assert evidence_for_block(both, 1) == pytest.approx(float(exact), rel=1e-4)


class SaidOfBoth(Said):
    """Theory of two objectives, of which the second is the first's negative."""

    def objectives(
        self, designs: Sequence[Design], most: int | None = None, most_seconds: float = np.inf
    ) -> tuple[Floats, Floats]:
        mean, sd = super().objectives(designs)
        return np.hstack([mean, -mean]), np.hstack([sd, sd])


@pytest.mark.parametrize("kind", [Bayesian, ActiveInference, Evolutionary])
@pytest.mark.parametrize("count", [0, 12])
def test_of_several_objectives_theory_says_each(
    kind: Callable[[Space], Agent], count: int, space: Space, truth: dict[str, float]
) -> None:
    def both(design: Design) -> tuple[float, ...]:
        value = truth[space.resolve(design).key]
        return value, -value

    view = replace(view_of(space, history(space, count, both)), theory=SaidOfBoth(space, truth))
    for proposal in kind(space).propose(view, 3):
        assert space.is_machine(proposal.design)
        assert len(proposal.others) == (1 if count else 0)
        if count:
            assert proposal.mean is not None
            assert proposal.others[0][0] == pytest.approx(-proposal.mean, abs=1.0)
