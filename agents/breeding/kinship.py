"""What a design will measure, from its relatives: the animal model of quantitative genetics.

A measurement is the mean of the population, plus what the design inherits, plus what it does not. What
is inherited has a covariance in proportion to kinship: the share of genes that two designs have in
common (additive), and a kinship that fades with every gene that differs (so that genes act on each
other, epistasis). The best linear unbiased prediction (Henderson, Biometrics 31, 423 (1975)) of a
child then regresses from its parents towards the mean as far as the variances say, and these are
estimated by maximum likelihood from everything measured.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import astuple, replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, cholesky, solve_triangular
from scipy.stats import t as student

from molmach.agents.breeding.genome import Genome, Shared, Variances, genome, kinship
from molmach.agents.breeding.warp import Warp
from molmach.agents.feasibility import Feasibility
from molmach.search.agents.interface import View
from molmach.search.space.design import Design
from molmach.search.space.space import Space

Floats = NDArray[np.float64]

_GRIDS: dict[str, tuple[float, ...]] = {
    "uninherited": (0.001, 0.01, 0.05, 0.2, 0.6, 2.0),
    "inherited": (0.1, 0.3, 1.0, 3.0),
    "additive": (0.0, 0.3, 0.6, 0.9, 0.99),
    "fading": (0.7, 1.5, 3.0),
    "reach": (0.25, 0.1, 0.04),
    "width": (np.inf, 1.0, 0.4, 0.15),
}
"""What the estimate tries; the reach where there are numbers, the width in standard deviations of what was
measured."""

_SWEEPS = 2
"""Ascents over all grids. Not tuned."""

_PRIOR_WIDTH = 1.0
"""Standard deviation of the logarithm of the inherited variance: within a factor of e. Not tuned."""

_NEAR = math.log(20.0)
"""nats below the highest posterior to which others are averaged: one in twenty."""

_LARGEST_FIT = 900
"""Machines that are conditioned on: their cube is the cost."""

_LARGEST_SEARCH = 250
"""Machines by which the variances are estimated, several dozen times."""

_JITTER = 1e-8
"""Keeps a matrix of equal designs positive in double precision."""


class Relatives:
    """The measured designs of a campaign, from which others are predicted.

    Values and what is inherited are on the scale of :attr:`warp`, on which what is measured is most
    nearly normal; it keeps their order.

    Parameters
    ----------
    space
        Their space.
    designs
        At least two.
    measured, errors
        (n_designs,) what was measured, and its standard error; finite.
    warped
        Whether heavy tails may be drawn in.
    """

    def __init__(
        self,
        space: Space,
        designs: Sequence[Design],
        measured: Floats,
        errors: Floats,
        *,
        warped: bool = True,
    ) -> None:
        self.space, self.designs, self.measured, self._warped = space, designs, measured, warped
        self._measured_errors = errors
        self.genome = genome(space, self.designs)
        self._centre = float(np.median(measured)) if warped else 0.0
        likely = self._estimate()
        self._weights = [weight for _, _, weight in likely]
        self._fits = [self._fit(variances, width) for variances, width, _ in likely]
        best = self._fits[0]
        self.variances, self.warp, self.mean = best.variances, best.warp, best.mean
        self.values, self.errors = best.values, best.errors

    def _estimate(self) -> list[tuple[Variances, float, float]]:
        """Variances and widths of the warp with their probabilities, the most probable first.

        The highest posterior is found by ascent of one at a time on a grid; averaged are those that differ
        from it in one, each with its posterior, if that is not below a twentieth.
        """
        few = np.linspace(0, len(self.designs) - 1, min(len(self.designs), _LARGEST_SEARCH)).astype(np.int64)
        some, measured, errors = self.genome.of(few), self.measured[few], self._measured_errors[few]
        spread = float(np.std(measured, ddof=1)) or 1.0
        likeliest, width = Variances(0.6, 1.5, 0.05, 1.0), np.inf
        shared, best = Shared.of(self.space, some, some), -np.inf
        without = {"width": not self._warped, "reach": not len(shared.between.gaps)}
        grids = {one: grid for one, grid in _GRIDS.items() if not without.get(one)}
        heights: dict[tuple[Variances, float], float] = {}
        for _ in range(_SWEEPS):
            for one, grid in grids.items():
                for value in grid:
                    tried = likeliest if one == "width" else replace(likeliest, **{one: value})
                    tried_width = value * spread if one == "width" else width
                    if (tried, tried_width) not in heights:
                        warp = Warp(self._centre, tried_width)
                        kin = shared.kinship(tried)
                        heights[tried, tried_width] = _log_posterior(kin, warp, measured, errors, tried)
                    if heights[tried, tried_width] > best:
                        best, likeliest, width = heights[tried, tried_width], tried, tried_width
        near = [
            (tried, own, math.exp(height - best))
            for (tried, own), height in heights.items()
            if height > best - _NEAR and _apart(tried, likeliest) + (own != width) <= 1
        ]
        near.sort(key=lambda one: -one[2])
        total = sum(weight for _, _, weight in near)
        return [(self._scaled(tried, own), own, weight / total) for tried, own, weight in near]

    def _scaled(self, tried: Variances, width: float) -> Variances:
        """With the inherited variance in the unit of warped values."""
        scale = _variance(Warp(self._centre, width).forward(self.measured))
        return replace(tried, inherited=tried.inherited * scale)

    def _fit(self, variances: Variances, width: float) -> _Fit:
        warp = Warp(self._centre, width)
        errors = self._measured_errors * warp.slope(self.measured)
        return _Fit(self.space, self.genome, warp, warp.forward(self.measured), errors, variances)

    def merit(self, designs: Sequence[Design]) -> tuple[Floats, Floats]:
        """(n,) inherited value, population's mean included, and its (n, n) covariance."""
        return self._fits[0].merit(genome(self.space, designs))

    def forecast(self, designs: Sequence[Design]) -> tuple[Floats, Floats]:
        """(n,) true value to be expected of each design, and its standard deviation, in its own unit.

        Averaged over the likely variances. What is not inherited is part of the deviation, the error of a
        measurement is not.
        """
        new = genome(self.space, designs)
        parts = [fit.forecast(new) for fit in self._fits]
        pairs = list(zip(self._weights, parts, strict=True))
        mean = sum((weight * m for weight, (m, _) in pairs), np.zeros(len(designs)))
        variance = sum((w * (s**2 + (m - mean) ** 2) for w, (m, s) in pairs), np.zeros(len(designs)))
        return mean, np.sqrt(variance)


class _Fit:
    """Measured designs, given the variances.

    Parameters
    ----------
    space, parents
        Their space, and their genes.
    warp, values, errors
        The scale, and what was measured on it.
    variances
        The inherited one in the square of that unit.
    """

    def __init__(
        self, space: Space, parents: Genome, warp: Warp, values: Floats, errors: Floats, variances: Variances
    ) -> None:
        self._space, self._genome, self.warp, self.variances = space, parents, warp, variances
        self.values, self.errors = values, errors
        kin = kinship(space, parents, parents, variances)
        noise = errors**2 / variances.inherited + variances.uninherited + _JITTER
        self._factor = cholesky(kin + np.diag(noise), lower=True)
        self._ones = cho_solve((self._factor, True), np.ones(len(values)))
        self.mean = float(self._ones @ values / self._ones.sum())
        self._weights = cho_solve((self._factor, True), values - self.mean)

    def merit(self, new: Genome) -> tuple[Floats, Floats]:
        """(n,) inherited value, population's mean included, and its (n, n) covariance.

        The mean's own error counts as far as a design's relatives leave it open (Rasmussen & Williams,
        Gaussian Processes for Machine Learning (2006), equation 2.42 with a constant and a vague prior).
        """
        across = kinship(self._space, new, self._genome, self.variances)
        shrunk = solve_triangular(self._factor, across.T, lower=True)
        among = kinship(self._space, new, new, self.variances)
        among = 0.5 * (among + among.T) - shrunk.T @ shrunk
        mean = np.asarray(self.mean + across @ self._weights)
        left = 1.0 - across @ self._ones
        return mean, self.variances.inherited * (among + np.outer(left, left) / self._ones.sum())

    def forecast(self, new: Genome) -> tuple[Floats, Floats]:
        """(n,) true value to be expected, and its standard deviation, wider while little is known."""
        mean, covariance = self.merit(new)
        variance = (
            np.maximum(np.diag(covariance), 0.0) + self.variances.uninherited * self.variances.inherited
        )
        reach = 0.5 * float(np.ptp(self.values)) + np.sqrt(self.variances.inherited)
        low, high = float(self.values.min()) - reach, float(self.values.max()) + reach
        expected, sd = self.warp.moments(mean, np.sqrt(variance), low, high)
        wider = float(student.ppf(0.975, len(self.values) - 1)) / 1.96
        return expected, wider * sd


def _apart(first: Variances, second: Variances) -> int:
    """In how many of them two differ."""
    return sum(a != b for a, b in zip(astuple(first), astuple(second), strict=True))


def _most_informative(values: Floats, usable: NDArray[np.int64]) -> NDArray[np.int64]:
    """At most so many: the better half of them the best, the others evenly over the campaign's time."""
    if len(usable) <= _LARGEST_FIT:
        return usable
    ranked = usable[np.argsort(-values[usable], kind="stable")]
    best, others = ranked[: _LARGEST_FIT // 2], np.sort(ranked[_LARGEST_FIT // 2 :])
    evenly = np.linspace(0, len(others) - 1, _LARGEST_FIT - len(best)).astype(np.int64)
    return np.sort(np.concatenate([best, others[evenly]]))


def _variance(values: Floats) -> float:
    return float(np.var(values, ddof=1)) or 1.0


def _log_posterior(kin: Floats, warp: Warp, measured: Floats, errors: Floats, tried: Variances) -> float:
    """log of likelihood and prior, up to a constant; ``tried.inherited`` is in variances of the values.

    The mean is at its maximum. The prior keeps the inherited variance within a few times that of the
    values, without which two or three designs that happen to agree would make it zero.
    """
    values, slope = warp.forward(measured), warp.slope(measured)
    scale = tried.inherited * _variance(values)
    noise = scale * (tried.uninherited + _JITTER) + (errors * slope) ** 2
    factor = cholesky(scale * kin + np.diag(noise), lower=True)
    ones = cho_solve((factor, True), np.ones(len(values)))
    left = solve_triangular(factor, values - float(ones @ values / ones.sum()), lower=True)
    fit = -0.5 * float(left @ left) - float(np.log(np.diag(factor)).sum())
    prior = -0.5 * (math.log(tried.inherited) / _PRIOR_WIDTH) ** 2
    return fit + float(np.log(slope).sum()) + prior


def relatives(view: View, objective: int | None = None, least: int = 3) -> Relatives | None:
    """The measured designs with their utilities, or with one objective; None while they are too few."""
    values, errors = view.utilities
    if objective is not None:
        values = np.array([trial.values[objective] for trial in view.measured])
        errors = np.array([trial.errors[objective] for trial in view.measured])
    usable = np.flatnonzero(np.isfinite(values) & np.isfinite(errors))
    if len(usable) < least:
        return None
    chosen = _most_informative(values, usable)
    designs = [view.measured[i].design for i in chosen]
    return Relatives(view.space, designs, values[chosen], errors[chosen])


def hopes(view: View, known: Relatives, designs: Sequence[Design], draws: int) -> Floats:
    """(n_draws, n_designs) draws of what designs will measure (Thompson sampling).

    In each, some are minus infinity: those that can't be simulated, by another draw.
    """
    mean, covariance = known.merit(designs)
    drawn = view.rng.multivariate_normal(mean, covariance, size=draws, method="eigh")
    feasible = Feasibility.of(view)
    if feasible is not None:
        drawn[view.rng.random(drawn.shape) > feasible.chance(designs)] = -np.inf
    return np.asarray(drawn)
