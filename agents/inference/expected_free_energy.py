"""How much a design is wanted: its expected free energy, in nats.

    G(x) = - E_q(y|x)[ln P(y)] - I(y; effects, structure | x)

The first term, the pragmatic value, is how well the expected score fits what is preferred; the second,
the epistemic value, is how much the measurement is expected to tell (Friston et al., Cogn. Neurosci. 6,
187 (2015); Da Costa et al., J. Math. Psychol. 99, 102447 (2020); Parr, Pezzulo & Friston, Active
Inference (2022), eq. 2.6). The design with the lowest G is tried.

Given a structure both are Gaussian integrals in closed form. For a score of mean m and variance s²
(with z = (m - y*)/s, and Φ and φ of the normal distribution):

    E[max(y - y*, 0)] = s (z Φ(z) + φ(z))                        I = ½ ln(1 + x·Σx / (misfit + noise))

Averaged over structures a score has a mixture of Gaussians; what the measurement tells of which structure
holds is the mixture's entropy less the mean of its components', a one-dimensional integral.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr, ndtr

from molmach.agents.inference.generative_model import columns
from molmach.agents.inference.structures import Understanding

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_POINTS = 41
"""Nodes of the integral over a component."""

_REACH = 5.0
"""Standard deviations that it reaches: 6e-7 of a normal distribution lie outside."""


@dataclass(frozen=True)
class Preference:
    """Which scores are preferred: ln P(y), up to a constant, is piecewise linear with its knee at the best.

    Attributes
    ----------
    best
        Expected true score of the best machine known, standardised.
    above, below
        Slopes, nats a unit of the standardised score.
    """

    best: float
    above: float
    below: float

    def expected(self, mean: Floats, variance: Floats) -> Floats:
        """E[ln P(y)] for y ~ N(mean, variance), relative to the best known."""
        spread = np.sqrt(variance)
        z = (mean - self.best) / spread
        over = spread * (z * ndtr(z) + np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi))
        expected: Floats = self.above * over + self.below * (mean - self.best - over)
        return expected

    def failure(self, understanding: Understanding) -> float:
        """ln P of a machine that can't be measured, relative to the best known: that of the lowest score."""
        scores = understanding.scores
        return self.below * (float(scores.min()) - self.best) if len(scores) else -self.below


def preference(understanding: Understanding, budget_left: float) -> Preference:
    """Softly above the best known, the more sharply the less budget is left.

    A score above the best by 0.3 standard deviations of those measured is preferred e times at the
    start, by 0.15 at the end; below the best the slope is 0.7 of that above.
    """
    scores = understanding.scores
    slope = 1.0 / (0.15 + 0.15 * min(1.0, max(0.0, budget_left)))
    return Preference(float(scores.max()) if len(scores) else 0.0, slope, 0.7 * slope)


@dataclass(frozen=True)
class Value:
    """What speaks for a design, nats: their sum is -G.

    Attributes
    ----------
    pragmatic
        Expected log preference over that of the best machine known.
    effects, structure
        Expected information about the effects given the structure, and about the structure.
    """

    pragmatic: float
    effects: float
    structure: float

    @property
    def total(self) -> float:
        """-G, nats: all three parts, of which more is better."""
        return self.pragmatic + self.effects + self.structure


@dataclass
class _Component:
    """Moments of the candidates given one structure; shrinks as a batch is chosen."""

    weight: float
    X: Floats
    cross: Floats
    mean: Floats
    variance: Floats
    misfit: float
    measured_before: list[Floats] = field(default_factory=list)

    def take_measured(self, chosen: int, noise: float) -> None:
        """Take the chosen candidate for measured: covariances shrink, whatever its value will be."""
        column = self.cross @ self.X[chosen]
        for earlier in self.measured_before:
            column -= earlier * earlier[chosen]
        column /= math.sqrt(max(column[chosen], 0.0) + self.misfit + noise)
        self.variance = np.maximum(self.variance - column**2, 1e-12)
        self.measured_before.append(column)


class Outlook:
    """Candidates as the understanding sees them.

    Parameters
    ----------
    understanding
        Beliefs over structures.
    bases
        Of the candidates, from :meth:`GenerativeModel.bases`.
    noise
        Variance of the measurement to come, standardised.
    """

    def __init__(self, understanding: Understanding, bases: Sequence[Floats], noise: float) -> None:
        self._noise, self._understanding, self._bases = noise, understanding, bases
        self._components = []
        for structure in understanding.structures:
            blocks = [columns(factor, bases) for factor in structure.factors]
            if not len(understanding.evidence.scores):
                blocks = [
                    block if factor.prior_mean else _level(block)
                    for block, factor in zip(blocks, structure.factors, strict=True)
                ]
            X = np.concatenate(blocks, axis=1)
            beliefs = structure.beliefs
            cross = X @ beliefs.covariance
            variance = np.maximum(np.einsum("np,np->n", cross, X), 1e-12)
            misfit = 1.0 / beliefs.misfit.mean
            self._components.append(
                _Component(structure.weight, X, cross, X @ beliefs.mean, variance, misfit)
            )

    def moments(self) -> tuple[Floats, Floats]:
        """Mean and standard deviation of each candidate's true score, without a measurement's noise.

        With the share of factors that were switched off (:mod:`~molmach.agents.inference.doubt`).
        """
        mean = self._average(c.mean for c in self._components)
        variance = self._average(c.variance + c.misfit + (c.mean - mean) ** 2 for c in self._components)
        best = max(self._components, key=lambda component: component.weight)
        variance += self._understanding.doubt.variance(best.X, self._bases)
        return mean, np.sqrt(variance)

    def values(self, wanted: Preference) -> tuple[Floats, Floats]:
        """Pragmatic value and information about the effects of each candidate."""
        pragmatic = self._average(wanted.expected(c.mean, c.variance + c.misfit) for c in self._components)
        effects = self._average(
            0.5 * np.log1p(c.variance / (c.misfit + self._noise)) for c in self._components
        )
        return pragmatic, effects

    @property
    def most_structure(self) -> float:
        """Most that a measurement can tell about the structure, nats: the entropy of their weights."""
        weights = np.array([c.weight for c in self._components])
        return float(entr(weights).sum())

    def structure(self, rows: Integers) -> Floats:
        """(n_rows,) information about the structure of some candidates; the dearest of the three."""
        if len(self._components) == 1:
            return np.zeros(len(rows))
        weights = np.array([c.weight for c in self._components])
        means = np.array([c.mean[rows] for c in self._components])
        variances = [c.variance[rows] + c.misfit + self._noise for c in self._components]
        spreads = np.sqrt(variances)
        return mixture_information(weights, means, spreads)

    def take_measured(self, chosen: int) -> None:
        """Take a candidate for measured."""
        for component in self._components:
            component.take_measured(chosen, self._noise)

    def _average(self, terms: Iterable[Floats]) -> Floats:
        weighted = [c.weight * term for c, term in zip(self._components, terms, strict=True)]
        total: Floats = np.sum(weighted, axis=0)
        return total


def _level(block: Floats) -> Floats:
    """Rows of equal length, so that before the first measurement every design is equally uncertain.

    Else designs with the same value at exchangeable variables, whose shared effect counts twice, would
    come first and alone.
    """
    level: Floats = block / np.maximum(np.linalg.norm(block, axis=1, keepdims=True), 1e-12)
    return level


def mixture_information(weights: Floats, means: Floats, spreads: Floats) -> Floats:
    """I(y; component), nats, of one-dimensional Gaussian mixtures.

    The divergence of each component from the mixture, by the trapezium rule over ± 5 of the component's
    standard deviations, averaged.

    Parameters
    ----------
    weights, means, spreads
        (components,), (components, n), (components, n).
    """
    nodes = np.linspace(-_REACH, _REACH, _POINTS)
    density = np.exp(-0.5 * nodes**2)
    density /= density.sum()
    total = np.zeros(means.shape[1])
    for k in range(len(weights)):
        own = -0.5 * nodes**2 - np.log(spreads[k])[:, None]
        y = means[k][:, None] + spreads[k][:, None] * nodes
        mixed = np.zeros_like(y)
        for weight, mean, spread in zip(weights, means, spreads, strict=True):
            mixed += weight * np.exp(-0.5 * ((y - mean[:, None]) / spread[:, None]) ** 2) / spread[:, None]
        total += weights[k] * ((own - np.log(np.maximum(mixed, 1e-300))) @ density)
    return np.maximum(total, 0.0)
