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
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, cholesky, solve_triangular
from scipy.stats import t as student

from molmach.agents.breeding.genome import Shared, Variances, genome, kinship
from molmach.agents.breeding.warp import Warp
from molmach.agents.feasibility import Feasibility
from molmach.search.agents.interface import View
from molmach.search.space.design import Design
from molmach.search.space.space import Space

Floats = NDArray[np.float64]

_GRIDS: dict[str, tuple[float, ...]] = {
    "uninherited": (0.01, 0.05, 0.2, 0.6),
    "inherited": (0.1, 0.3, 1.0, 3.0),
    "additive": (0.0, 0.3, 0.6, 0.9),
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
        self.variances, width = self._estimate()
        self.warp = Warp(float(np.median(measured)) if warped else 0.0, width)
        self.values = self.warp.forward(measured)
        self.errors = errors * self.warp.slope(measured)
        self._condition()

    def _estimate(self) -> tuple[Variances, float]:
        """Variances and width of the warp of the highest posterior, by ascent of one at a time on a grid."""
        few = np.linspace(0, len(self.designs) - 1, min(len(self.designs), _LARGEST_SEARCH)).astype(np.int64)
        some, measured, errors = self.genome.of(few), self.measured[few], self._measured_errors[few]
        spread = float(np.std(measured, ddof=1)) or 1.0
        likeliest, width = Variances(0.6, 1.5, 0.05, 1.0), np.inf
        shared, best = Shared.of(self.space, some, some), -np.inf
        without = {"width": not self._warped, "reach": not len(shared.between.gaps)}
        grids = {one: grid for one, grid in _GRIDS.items() if not without.get(one)}
        for _ in range(_SWEEPS):
            for one, grid in grids.items():
                for value in grid:
                    tried = likeliest if one == "width" else replace(likeliest, **{one: value})
                    tried_width = value * spread if one == "width" else width
                    warp = Warp(float(np.median(self.measured)), tried_width)
                    kin = shared.kinship(tried)
                    height = _log_posterior(kin, warp, measured, errors, tried)
                    if height > best:
                        best, likeliest, width = height, tried, tried_width
        scale = _variance(Warp(float(np.median(self.measured)), width).forward(measured))
        return replace(likeliest, inherited=likeliest.inherited * scale), width

    def _condition(self) -> None:
        kin = kinship(self.space, self.genome, self.genome, self.variances)
        noise = self.errors**2 / self.variances.inherited + self.variances.uninherited + _JITTER
        self._factor = cholesky(kin + np.diag(noise), lower=True)
        ones = cho_solve((self._factor, True), np.ones(len(self.values)))
        self.mean = float(ones @ self.values / ones.sum())
        self._mean_variance = self.variances.inherited / float(ones.sum())
        self._weights = cho_solve((self._factor, True), self.values - self.mean)

    def merit(self, designs: Sequence[Design]) -> tuple[Floats, Floats]:
        """(n,) inherited value, population's mean included, and its (n, n) covariance."""
        new = genome(self.space, designs)
        across = kinship(self.space, new, self.genome, self.variances)
        shrunk = solve_triangular(self._factor, across.T, lower=True)
        among = kinship(self.space, new, new, self.variances)
        among = 0.5 * (among + among.T) - shrunk.T @ shrunk
        mean = np.asarray(self.mean + across @ self._weights)
        return mean, self.variances.inherited * among + self._mean_variance

    def forecast(self, designs: Sequence[Design]) -> tuple[Floats, Floats]:
        """(n,) true value to be expected of each design, and its standard deviation, in its own unit.

        What is not inherited is part of the deviation, the error of a measurement is not. It is wider while
        little is known, as Student's distribution is.
        """
        mean, covariance = self.merit(designs)
        variance = (
            np.maximum(np.diag(covariance), 0.0) + self.variances.uninherited * self.variances.inherited
        )
        reach = 0.5 * float(np.ptp(self.values)) + np.sqrt(self.variances.inherited)
        low, high = float(self.values.min()) - reach, float(self.values.max()) + reach
        expected, sd = self.warp.moments(mean, np.sqrt(variance), low, high)
        wider = float(student.ppf(0.975, len(self.values) - 1)) / 1.96
        return expected, wider * sd


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
