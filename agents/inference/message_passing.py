"""Beliefs about the effects, by structured variational message passing.

The factor graph, for measurement n with known standard error s_n:

    y_n ~ N(u_n, s_n²)    u_n ~ N(sum_f x_nf · w_f, 1/τ)    w_f ~ N(0, I/α_f)    α_f, τ ~ Gamma

    q = q(w, u) q(τ) prod_f q(α_f)

The Gaussian part, effects w and true scores u, is one joint node and exact given the precisions; the
precisions are separate from it and from each other (Winn & Bishop, J. Mach. Learn. Res. 6, 661 (2005);
the structured form is their section 5). A Gamma node sends its mean to the Gaussians it scales; these
send it their expected squares. Each exchange lowers the variational free energy or leaves it.

Effects and precisions have the unit of a standardised score; :class:`Evidence` keeps the scale.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, gammaln

from molmach.agents.inference.gaussian import Posterior, covariance, posterior
from molmach.agents.inference.warp import Warp

Floats = NDArray[np.float64]

_SWEEPS = 60
"""Most sweeps, which end before by the change of the free energy."""

_CLOSE = 1e-3
"""nats; far below what decides between structures."""


@dataclass(frozen=True)
class Gamma:
    """A Gamma distribution of a precision, by shape and rate."""

    shape: float
    rate: float

    @property
    def mean(self) -> float:
        """Expected precision: the message to the Gaussians that it scales."""
        return self.shape / self.rate

    @property
    def mean_log(self) -> float:
        """Expected logarithm of the variable, digamma(shape) - ln(rate)."""
        return float(digamma(self.shape)) - math.log(self.rate)

    def divergence(self, prior: Gamma) -> float:
        """Kullback-Leibler divergence from the prior, nats."""
        return float(
            (self.shape - prior.shape) * digamma(self.shape)
            - gammaln(self.shape)
            + gammaln(prior.shape)
            + prior.shape * (math.log(self.rate) - math.log(prior.rate))
            + self.mean * prior.rate
            - self.shape
        )


BIAS = Gamma(1.0, 4.0)
"""A mean within about two of the scores' spreads of zero, to which they are standardised. Not tuned."""

EFFECT = Gamma(4.0, 2.0)
"""Effects of about 0.7 of the scores' spread, within a factor of two or so."""
MISFIT = Gamma(1.0, 0.02)
"""A misfit of about a seventh of the spread, within a factor of four or so."""


@dataclass(frozen=True)
class Evidence:
    """Measurements, standardised.

    Attributes
    ----------
    scores, errors
        (n,) and their standard errors, in units of ``scale`` from ``centre``.
    centre, scale
        In the unit of the scores.
    warp
        The scale on which they are sums of effects.
    """

    scores: Floats
    errors: Floats
    centre: float
    scale: float
    warp: Warp = field(default_factory=Warp)

    @classmethod
    def of(cls, values: Floats, errors: Floats) -> Evidence:
        """Standardise; an unknown standard error is taken to be as large as the spread.

        Few scores show too little of what there is, so the spread is taken to be larger by √(1 + 4/n).
        """
        centre = float(values.mean()) if len(values) else 0.0
        scale = float(values.std()) * math.sqrt(1.0 + 4.0 / len(values)) if len(values) > 1 else 0.0
        if scale <= 1e-12 * abs(centre):
            scale = abs(centre) or 1.0
        scaled = np.where(np.isfinite(errors), errors, scale) / scale
        return cls((values - centre) / scale, np.maximum(scaled, 1e-4), centre, scale)


@dataclass(frozen=True)
class Beliefs:
    """What is believed given one structure.

    Attributes
    ----------
    slices
        Columns of each factor.
    mean, covariance
        (p,), (p, p) of the effects.
    expected
        (p,) of the effects, before anything was measured.
    precisions
        Of each factor's effects.
    priors
        Of those precisions.
    misfit
        Precision of what the factors leave unexplained.
    scores
        (n,) expected true scores of the machines measured.
    free_energy
        nats; minus a lower bound of the log evidence.
    trace
        Of the free energy, one value a sweep.
    """

    slices: tuple[slice, ...]
    mean: Floats
    covariance: Floats
    expected: Floats
    precisions: tuple[Gamma, ...]
    priors: tuple[Gamma, ...]
    misfit: Gamma
    scores: Floats
    free_energy: float
    trace: tuple[float, ...]

    def block(self, place: int) -> tuple[Floats, Floats]:
        """Mean and covariance of one factor's effects."""
        part = self.slices[place]
        return self.mean[part], self.covariance[part, part]


@dataclass(frozen=True)
class _Joint:
    """The Gaussian node's answer to given precisions: the messages that it sends to them."""

    posterior: Posterior
    alphas: Floats
    effect_squares: Floats
    misfit_squares: float
    scores: Floats


def infer(
    features: Sequence[Floats],
    evidence: Evidence,
    priors: Sequence[Gamma],
    start: tuple[Sequence[Gamma], Gamma] | None = None,
    sweeps: int = _SWEEPS,
    expected: Sequence[Floats] | None = None,
) -> Beliefs:
    """Pass messages until the free energy stays.

    Parameters
    ----------
    features
        (n, width) of each factor.
    evidence
        The measurements.
    priors
        Of each factor's precision.
    start
        Precisions of the factors and of the misfit to start from; by default their priors.
    sweeps
        At most so many.
    expected
        (width,) of each factor: means of the effects' priors; by default zeros.
    """
    widths = [block.shape[1] for block in features]
    ends = np.cumsum([0, *widths])
    slices = tuple(slice(int(a), int(b)) for a, b in itertools.pairwise(ends))
    X = np.concatenate(features, axis=1)
    before = np.zeros(X.shape[1]) if expected is None else np.concatenate(expected)
    foreseen = X @ before
    evidence = replace(evidence, scores=evidence.scores - foreseen)
    precisions, misfit = (list(start[0]), start[1]) if start else (list(priors), MISFIT)
    shapes = np.array([prior.shape + 0.5 * width for prior, width in zip(priors, widths, strict=True)])
    shape = MISFIT.shape + 0.5 * len(X)
    joint = _joint(X, slices, evidence, precisions, misfit)
    energy = _free_energy(joint, widths, len(X), precisions, priors, misfit)
    trace = [energy]
    stride = 1.0
    for _ in range(sweeps):
        rates = [
            prior.rate + 0.5 * square for prior, square in zip(priors, joint.effect_squares, strict=True)
        ]
        updated = [Gamma(a, b) for a, b in zip(shapes, rates, strict=True)]
        updated_misfit = Gamma(shape, MISFIT.rate + 0.5 * joint.misfit_squares)
        further = [_beyond(old, new, stride) for old, new in zip(precisions, updated, strict=True)]
        tried, tried_misfit = further, _beyond(misfit, updated_misfit, stride)
        new = _joint(X, slices, evidence, tried, tried_misfit)
        lower = _free_energy(new, widths, len(X), tried, priors, tried_misfit)
        if lower > energy and stride > 1.0:
            stride, tried, tried_misfit = 1.0, updated, updated_misfit
            new = _joint(X, slices, evidence, tried, tried_misfit)
            lower = _free_energy(new, widths, len(X), tried, priors, tried_misfit)
        else:
            stride = min(1.6 * stride, 20.0)
        gained = energy - lower
        joint, precisions, misfit, energy = new, tried, tried_misfit, lower
        trace.append(energy)
        if gained < _CLOSE and len(trace) > 3:
            break
    return Beliefs(
        slices,
        before + joint.posterior.mean,
        covariance(joint.posterior, joint.alphas),
        before,
        tuple(precisions),
        tuple(priors),
        misfit,
        foreseen + joint.scores,
        energy,
        tuple(trace),
    )


def _beyond(old: Gamma, new: Gamma, stride: float) -> Gamma:
    """A step of ``stride`` times the message's on the logarithm of the mean.

    Adaptive over-relaxation (Salakhutdinov & Roweis, ICML 20, 664 (2003)); plain message passing
    creeps where a wide factor has few measurements.
    """
    mean = old.mean * (new.mean / old.mean) ** stride
    return Gamma(new.shape, new.shape / min(max(mean, 1e-4), 1e8))


def _joint(
    X: Floats, slices: Sequence[slice], evidence: Evidence, precisions: Sequence[Gamma], misfit: Gamma
) -> _Joint:
    """Exact Gaussian posterior of effects and true scores given the expected precisions.

    With r_n = 1/(s_n² + 1/<τ>) the effects have precision A = <α> + Xᵀ r X and mean A⁻¹ Xᵀ r y; the log
    evidence is that of y ~ N(0, 1/r + X <α>⁻¹ Xᵀ).
    """
    noise: Floats = evidence.errors**2
    free = 1.0 / misfit.mean
    weights = 1.0 / (noise + free)
    alphas = np.concatenate(
        [np.full(part.stop - part.start, g.mean) for part, g in zip(slices, precisions, strict=True)]
    )
    effects = posterior(X, alphas, weights, evidence.scores)
    squares = np.array(
        [float(effects.mean[p] @ effects.mean[p] + effects.variances[p].sum()) for p in slices]
    )
    share = free * weights
    misfits = share**2 * (effects.residual**2 + effects.spread) + (1.0 - share) * free
    scores = evidence.scores - (1.0 - share) * effects.residual
    return _Joint(effects, alphas, squares, float(misfits.sum()), scores)


def _free_energy(
    joint: _Joint,
    widths: Sequence[int],
    count: int,
    precisions: Sequence[Gamma],
    priors: Sequence[Gamma],
    misfit: Gamma,
) -> float:
    """F = -log evidence at the expected precisions + what their uncertainty costs; Winn & Bishop, eq. 4."""
    energy = -joint.posterior.log_evidence + misfit.divergence(MISFIT)
    energy -= 0.5 * count * (misfit.mean_log - math.log(misfit.mean))
    for width, precision, prior in zip(widths, precisions, priors, strict=True):
        energy += precision.divergence(prior) - 0.5 * width * (precision.mean_log - math.log(precision.mean))
    return energy
