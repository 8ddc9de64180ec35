"""Which factors a model needs, by Bayesian model reduction.

The evidence of a model with a sharper prior follows from the full model's posterior and the two
priors, without fitting anything again (Friston & Penny, NeuroImage 56, 2089 (2011); Friston, Parr &
Zeidman, arXiv 1805.07092 (2018), eqs. 6 to 9). Switching a factor off is the sharpest prior of all, and
then it is the Savage-Dickey ratio. The same expression read backwards gives the evidence for a factor
that the model does not have yet.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.special import gammaincinv, logsumexp

from molmach.agents.inference.generative_model import Factor
from molmach.agents.inference.message_passing import Beliefs, Evidence, Gamma

Floats = NDArray[np.float64]

_QUANTILES = (np.arange(24) + 0.5) / 24
"""Nodes over a precision's belief. Not tuned."""

_INTERACTION = 3.0
"""nats: odds of twenty to one, what this program calls firm."""

FIRM = 3.0
"""nats: odds of twenty to one, at which a factor counts as pruned or as held."""


def log_odds(factor: Factor) -> float:
    """Of a factor's being there before anything was measured, nats.

    Even for a variable; twenty to one for an interaction of two, since groups of one molecule seldom act on
    their own, and against one of three. With even odds the search trusts sums too early: twice as many
    evaluations at worst, and predictions twice as narrow as they should be.
    """
    return {2: _INTERACTION, 3: -_INTERACTION}.get(factor.order, 0.0)


def reduced_log_evidence(
    posterior: tuple[Floats, Floats], prior: tuple[Floats, Floats], reduced: tuple[Floats, Floats]
) -> tuple[float, Floats, Floats]:
    """Log evidence of the model with the reduced prior less that of the full one; all Gaussian.

    Parameters
    ----------
    posterior, prior, reduced
        Mean (k,) and precision (k, k) of the full model's posterior and prior and of the reduced prior.

    Returns
    -------
    difference, mean, precision
        nats, and the posterior under the reduced prior. Exact where the model is linear and Gaussian.
    """
    (m, P), (m0, P0), (mr, Pr) = posterior, prior, reduced
    precision: Floats = P + Pr - P0
    mean = np.linalg.solve(precision, P @ m + Pr @ mr - P0 @ m0)
    determinants = sum(
        sign * np.linalg.slogdet(matrix)[1] for sign, matrix in ((1, Pr), (1, P), (-1, P0), (-1, precision))
    )
    squares = m @ P @ m + mr @ Pr @ mr - m0 @ P0 @ m0 - mean @ precision @ mean
    return float(0.5 * (determinants - squares)), np.asarray(mean, dtype=np.float64), precision


def switched_off(mean: Floats, covariance: Floats, precision: float) -> float:
    """The limit of :func:`reduced_log_evidence` for a factor whose effects are zero, nats.

    ln q(w = 0) - ln p(w = 0) with the posterior N(mean, covariance) and the prior N(0, 1/precision).
    """
    factor = cho_factor(covariance, lower=True)
    quadratic = mean @ cho_solve(factor, mean)
    log_determinant = 2.0 * np.log(np.diag(factor[0])).sum() + len(mean) * math.log(precision)
    return float(-0.5 * (log_determinant + quadratic))


def evidence_for(likelihood: Floats, information: Floats, prior: Gamma) -> float:
    """Log evidence for a factor against its absence, its precision integrated over the prior.

    Parameters
    ----------
    likelihood, information
        (k, k), (k,): what the measurements say of the effects, exp(-w·Lw/2 + h·w), the other factors
        integrated out.
    prior
        Of the effects' precision α; the integral is a mean over 24 of its quantiles.

    Notes
    -----
    With α given, minus :func:`switched_off`: (k ln α - ln|L + α| + h·(L + α)⁻¹h) / 2.
    """
    values, vectors = np.linalg.eigh(likelihood)
    values = np.maximum(values, 0.0)
    squares = (vectors.T @ information) ** 2
    alphas = gammaincinv(prior.shape, _QUANTILES)[:, None] / prior.rate
    terms = -np.log1p(values / alphas) + squares / (values + alphas)
    return float(logsumexp(0.5 * terms.sum(axis=1)) - math.log(len(alphas)))


def evidence_for_block(beliefs: Beliefs, place: int) -> float:
    """Log evidence for a factor of the model, from its posterior alone."""
    mean, covariance = beliefs.block(place)
    expected = beliefs.expected[beliefs.slices[place]]
    inverse = np.linalg.inv(covariance)
    likelihood = inverse - beliefs.precisions[place].mean * np.eye(len(mean))
    likelihood, information = 0.5 * (likelihood + likelihood.T), inverse @ (mean - expected)
    against_none = expected @ (0.5 * likelihood @ expected + information)
    return evidence_for(likelihood, information, beliefs.priors[place]) + float(against_none)


def evidence_for_new(
    beliefs: Beliefs,
    features: Sequence[Floats],
    evidence: Evidence,
    column: Floats,
    prior: Gamma,
    expected: Floats | None = None,
) -> float:
    """Log evidence for a factor that the model does not have, from what it leaves unexplained.

    Parameters
    ----------
    features
        (n, width) of each factor of the model.
    column
        (n, width) of the new one.
    prior, expected
        Of the precision of its effects, and (width,) their prior means; by default zeros.
    """
    likelihood, information, _ = told_of_new(beliefs, np.concatenate(features, axis=1), evidence, column)
    if expected is None:
        return evidence_for(likelihood, information, prior)
    pull = likelihood @ expected
    return evidence_for(likelihood, information - pull, prior) + float(expected @ (information - 0.5 * pull))


def told_of_new(
    beliefs: Beliefs, features: Floats, evidence: Evidence, column: Floats
) -> tuple[Floats, Floats, Floats]:
    """What the measurements say of the effects of a factor that the model does not have.

    Parameters
    ----------
    features, column
        (n, p) of the model and (n, width) of the factor.

    Returns
    -------
    likelihood, information, cross
        (width, width) and (width,) as in :func:`evidence_for`; (p, width) weighted products of the columns:
        for each unit of the new effects the model's move by minus their covariance times these.
    """
    weighted = column / (evidence.errors**2 + 1.0 / beliefs.misfit.mean)[:, None]
    cross = features.T @ weighted
    likelihood = column.T @ weighted - cross.T @ beliefs.covariance @ cross
    information = weighted.T @ (evidence.scores - features @ beliefs.mean)
    return 0.5 * (likelihood + likelihood.T), information, cross


def without(beliefs: Beliefs, place: int) -> Beliefs:
    """Beliefs once a factor's effects are known to be zero: the others' conditional distribution.

    Exact given the precisions; the free energy is that of before and is left to the caller.
    """
    part = beliefs.slices[place]
    mean, covariance = beliefs.block(place)
    kept = np.ones(len(beliefs.mean), dtype=bool)
    kept[part] = False
    cross = beliefs.covariance[kept][:, part]
    factor = cho_factor(covariance, lower=True, check_finite=False)
    gain = cho_solve(factor, cross.T, check_finite=False).T
    widths = [p.stop - p.start for k, p in enumerate(beliefs.slices) if k != place]
    ends = np.cumsum([0, *widths])
    keep = [k for k in range(len(beliefs.slices)) if k != place]
    return replace(
        beliefs,
        slices=tuple(slice(int(a), int(b)) for a, b in itertools.pairwise(ends)),
        mean=beliefs.mean[kept] - gain @ mean,
        covariance=beliefs.covariance[kept][:, kept] - gain @ cross.T,
        expected=beliefs.expected[kept],
        precisions=tuple(beliefs.precisions[k] for k in keep),
        priors=tuple(beliefs.priors[k] for k in keep),
    )


@dataclass(frozen=True)
class Removal:
    """One step of a reduction.

    Attributes
    ----------
    name
        Factor that is switched off.
    evidence
        Log evidence against the factor, nats; below zero where it was needed.
    gain
        The same less the factor's log odds at the start.
    """

    name: str
    evidence: float
    gain: float


def reduction(factors: Sequence[Factor], beliefs: Beliefs, slack: float) -> list[Removal]:
    """Switch factors off, the least needed first, until that has cost more than ``slack`` nats in all.

    The bias stays, and so does the effect of a variable
    that an interaction still has: a table can mimic it, which says nothing against it.
    """
    left = list(factors)
    steps: list[Removal] = []
    total = best = 0.0
    while True:
        needed = {place for factor in left if factor.order > 1 for place in factor.places}
        options = []
        for k, factor in enumerate(left):
            if factor.order > 1 or (factor.order == 1 and not needed & factor.places):
                evidence = -evidence_for_block(beliefs, k)
                options.append((evidence - log_odds(factor), evidence, k))
        if not options:
            return steps
        gain, evidence, k = max(options)
        total += gain
        best = max(best, total)
        if total < best - slack:
            return steps
        steps.append(Removal(left[k].name, evidence, gain))
        beliefs = without(beliefs, k)
        del left[k]
