"""Which designs can be measured: one model for all agents, learnt from what could and what could not.

A Gaussian process behind a probit link, in Laplace's approximation (Rasmussen & Williams, Gaussian Processes
for Machine Learning (MIT Press 2006), sections 3.4 and 3.6, algorithms 3.1 and 3.2). Its kernel has a part for
each variable and one for each two: that a fragment is excluded at a site, and that two fragments are excluded
together. How strong either is the evidence says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, cholesky, solve_triangular
from scipy.special import log_ndtr, ndtr

from molmach.agents.symmetry import column_exchanges
from molmach.search.agents.interface import View
from molmach.search.record.trial import Trial
from molmach.search.space.design import Categorical, Design
from molmach.search.space.space import Space

Floats = NDArray[np.float64]

_WEIGHTS = (0.1, 0.5, 2.0, 6.0)
_PAIRS = (0.0, 1.0, 3.0)
_LEVEL = 1.0
"""What is tried: standard deviations of the latent function's part of a variable, and of a pair's as a factor of
the product of both; and the standard deviation of its mean."""

_EXPECTED = 0.5
_DOUBT = 1.2
"""Of a variable's standard deviation before anything failed: median, and standard deviation of the logarithm."""

_SWEEPS = 2

_REACH = 0.15
"""Share of a number's range over which feasibility is much the same."""

_MOST = 200
_STEPS = 30
_CLOSE = 1e-6


class Feasibility:
    """The chance that designs can be measured.

    Parameters
    ----------
    space
        The designs' space.
    designs, feasible
        What was tried, and whether it gave values.
    """

    def __init__(self, space: Space, designs: Sequence[Design], feasible: Sequence[bool]) -> None:
        self._space = space
        self._orders = column_exchanges(space)
        self._widths = [len(v.values) if isinstance(v, Categorical) else 1 for v in space.variables]
        self._named = [isinstance(v, Categorical) for v in space.variables]
        latest = slice(-_MOST, None)
        self._rows, self._edited = space.encode(designs[latest]), _edits(designs[latest])
        self._signs = np.where(np.asarray(feasible[latest], dtype=bool), 1.0, -1.0)
        self._fit = self._fitted()

    @classmethod
    def of(cls, view: View) -> Feasibility | None:
        """Of all that came to something; None while nothing has failed."""
        labels = [worked(trial) for trial in view.known]
        return None if all(labels) else cls(view.space, [trial.design for trial in view.known], labels)

    def chance(self, designs: Sequence[Design]) -> Floats:
        """(n,) chance of each design."""
        return self.of_rows(self._space.encode(designs), _edits(designs))

    def of_rows(self, rows: Floats, edited: Floats | None = None) -> Floats:
        """(n,) the same for rows of ``space.encode``, and whether each has an edited molecule (1 or 0)."""
        edited = np.zeros(len(rows)) if edited is None else edited
        scales = self._fit.scales
        across = _covariance(self._alike(rows, edited), scales)
        mean = across @ self._fit.slope
        shrunk = solve_triangular(self._fit.factor, (across * self._fit.root).T, lower=True)
        variance = np.maximum(_variance(scales) - np.square(shrunk).sum(axis=0), 0.0)
        return np.asarray(ndtr(mean / np.sqrt(1.0 + variance)))

    def _fitted(self) -> _Fit:
        """The fit of the highest posterior, by ascent of one scale at a time."""
        alike = self._alike(self._rows, self._edited)
        count = alike.shape[1]
        best = _laplace(alike, self._signs, _Scales((_EXPECTED,) * count, _PAIRS[1]))
        for _ in range(_SWEEPS):
            before = best
            for place in range(count + 1):
                for value in _PAIRS if place == count else _WEIGHTS:
                    tried = best.scales.changed(place, value)
                    if tried != best.scales:
                        best = max(best, _laplace(alike, self._signs, tried), key=lambda fit: fit.height)
            if best is before:
                break
        return best

    def _alike(self, rows: Floats, edited: Floats) -> Floats:
        """(spellings, variables, n, n_known) how alike designs are in each variable, 0 to 1."""
        return np.array([self._likeness(rows, self._rows[:, order], edited) for order in self._orders])

    def _likeness(self, rows: Floats, known: Floats, edited: Floats) -> list[Floats]:
        parts = []
        start = 0
        for width, named in zip(self._widths, self._named, strict=True):
            part = slice(start, start + width)
            if named:
                parts.append(rows[:, part] @ known[:, part].T)
            else:
                parts.append(np.exp(-0.5 * ((rows[:, part] - known[:, part].T) / _REACH) ** 2))
            start += width
        if self._space.open:
            parts.append((edited[:, None] == self._edited).astype(np.float64))
        return parts


def worked(trial: Trial) -> bool:
    """Whether a trial that came to something gave values."""
    return trial.feasible and bool(trial.values)


@dataclass(frozen=True)
class _Scales:
    """Standard deviations of the variables' parts; those of pairs are ``pairs`` times the product of both."""

    alone: tuple[float, ...]
    pairs: float

    def changed(self, place: int, value: float) -> _Scales:
        """With another one; that of pairs comes after those of the variables."""
        if place == len(self.alone):
            return _Scales(self.alone, value)
        return _Scales((*self.alone[:place], value, *self.alone[place + 1 :]), self.pairs)

    @property
    def log_prior(self) -> float:
        """Up to a constant."""
        off = np.log(np.array(self.alone) / _EXPECTED) / _DOUBT
        return float(-0.5 * off @ off)


@dataclass(frozen=True)
class _Fit:
    """The posterior's mode under one kernel.

    Attributes
    ----------
    scales
        Of the kernel.
    slope
        (n,) derivative of the log likelihood at the mode.
    root, factor
        (n,) square root of minus its second derivative, W; (n, n) Cholesky factor of 1 + W^½ K W^½.
    height
        Log evidence (equation 3.32) and log prior of the scales.
    """

    scales: _Scales
    slope: Floats
    root: Floats
    factor: Floats
    height: float


def _covariance(alike: Floats, scales: _Scales) -> Floats:
    """(n, n_known) mean over spellings of the level, the variables' parts and those of pairs."""
    squared = np.square(scales.alone)
    weighted = np.einsum("v,svij->sij", squared, alike)
    squares = np.einsum("v,svij->sij", squared**2, alike**2)
    total = _LEVEL**2 + weighted + 0.5 * scales.pairs**2 * (weighted**2 - squares)
    return np.asarray(total.mean(axis=0))


def _variance(scales: _Scales) -> float:
    """Of every design, which is as alike to itself as can be."""
    return float(_covariance(np.ones((1, len(scales.alone), 1, 1)), scales)[0, 0])


def _laplace(alike: Floats, signs: Floats, scales: _Scales) -> _Fit:
    """Newton's method for the mode (algorithm 3.1)."""
    covariance = _covariance(alike, scales)
    latent = np.zeros(len(signs))
    before = -np.inf
    for _ in range(_STEPS):
        slope, curvature = _derivatives(latent, signs)
        root = np.sqrt(curvature)
        inner = np.eye(len(signs)) + root[:, None] * covariance * root
        factor = cholesky(inner, lower=True, check_finite=False)
        wanted = curvature * latent + slope
        solved = cho_solve((factor, True), root * (covariance @ wanted), check_finite=False)
        weights = wanted - root * solved
        latent = covariance @ weights
        height = float(-0.5 * weights @ latent + log_ndtr(signs * latent).sum())
        if height - before < _CLOSE:
            break
        before = height
    slope, curvature = _derivatives(latent, signs)
    root = np.sqrt(curvature)
    factor = cholesky(np.eye(len(signs)) + root[:, None] * covariance * root, lower=True, check_finite=False)
    evidence = height - float(np.log(np.diag(factor)).sum())
    return _Fit(scales, slope, root, factor, evidence + scales.log_prior)


def _derivatives(latent: Floats, signs: Floats) -> tuple[Floats, Floats]:
    """First derivative of log Phi(y f), and minus the second (equation 3.16)."""
    z = signs * latent
    ratio = np.exp(-0.5 * z**2 - 0.5 * np.log(2.0 * np.pi) - log_ndtr(z))
    return signs * ratio, ratio**2 + z * ratio


def _edits(designs: Sequence[Design]) -> Floats:
    return np.array([1.0 if design.edited else 0.0 for design in designs])
