"""Exact Gaussian-process regression with a noise of its own for every point.

Rasmussen & Williams, Gaussian Processes for Machine Learning (MIT Press 2006), chapters 2 and 5.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, cholesky, solve_triangular
from scipy.optimize import minimize

Floats = NDArray[np.float64]
P = TypeVar("P")
Q = TypeVar("Q", contravariant=True)

_JITTER = 1e-8
"""Keeps a matrix of equal machines positive in double precision."""

_PRIOR_POINTS = 10.0
"""Machines that a misjudged variance has to outweigh. Not tuned."""

_MEAN_VARIANCE = 1.0
"""Prior variance of the constant that is added to the process, in standardised units."""


class Kernel(Protocol[Q]):
    """A covariance function with parameters: logarithms that have a normal prior."""

    @property
    def prior(self) -> tuple[Floats, Floats]:
        """(n_parameters,) means and standard deviations of the parameters."""

    def matrix(self, parameters: Floats, first: Q, second: Q) -> Floats:
        """(n_first, n_second) covariances."""

    def diagonal(self, parameters: Floats, points: Q) -> Floats:
        """(n_points,) variances."""

    def mean(self, points: Q) -> Floats:
        """(n_points,) values to be expected before any was seen, in standardised units."""

    def with_gradient(self, parameters: Floats, points: Q) -> tuple[Floats, Callable[[Floats], Floats]]:
        """(n, n) covariances, and what turns d/d(covariances) of a number into d/d(parameters)."""


@dataclass(frozen=True)
class Regression(Generic[P]):
    """A process that has seen values.

    Attributes
    ----------
    kernel, parameters
        Of the process, in standardised units; the last parameter is the logarithm of the nugget: the
        variance that differs from point to point and is no measurement's error.
    points
        Where values were seen.
    centre, scale
        Standardised value = (value - centre) / scale.
    factor
        (n, n) lower Cholesky factor of the covariance of the standardised values.
    weights
        (n,) inverse of that covariance times the standardised values.
    inflation
        By which the predicted variances are multiplied.
    miss
        Root mean square of the leave-one-out residuals, in units of the values.
    log_density
        Logarithm of the marginal likelihood of the values times the prior of the kernel's parameters, up to a
        constant for that number of values; nats.
    """

    kernel: Kernel[P]
    parameters: Floats
    points: P
    centre: float
    scale: float
    factor: Floats
    weights: Floats
    inflation: float
    miss: float
    log_density: float

    @property
    def nugget(self) -> float:
        """Variance that differs from point to point, in units of the values."""
        return float(self.inflation * self.scale**2 * np.exp(self.parameters[-1]))

    def predict(self, points: P) -> tuple[Floats, Floats]:
        """(n_points,) mean and variance of the process, its nugget not included (equations 2.25, 2.26)."""
        mean, variance, _ = self.projected(points)
        return mean, variance

    def projected(self, points: P) -> tuple[Floats, Floats, Floats]:
        """Mean, variance, and (n, n_points) L^-1 K: what the covariance between points is computed from."""
        covariance = self.kernel.matrix(self.parameters[:-1], self.points, points) + _MEAN_VARIANCE
        half = solve_triangular(self.factor, covariance, lower=True, check_finite=False)
        prior = self.kernel.diagonal(self.parameters[:-1], points) + _MEAN_VARIANCE
        variance = np.maximum(prior - np.einsum("ij,ij->j", half, half), 1e-12)
        mean = self.centre + self.scale * (covariance.T @ self.weights + self.kernel.mean(points))
        return mean, variance * self.inflation * self.scale**2, half

    def covariance(self, point: P, half: Floats, points: P, halves: Floats) -> Floats:
        """(n_points,) covariance of the process at one point with others, given their :meth:`projected`."""
        prior = self.kernel.matrix(self.parameters[:-1], point, points)[0] + _MEAN_VARIANCE
        return np.asarray((prior - half @ halves) * self.inflation * self.scale**2)


def regression(
    kernel: Kernel[P],
    parameters: Floats,
    points: P,
    values: Floats,
    errors: Floats,
    unit: tuple[float, float] | None = None,
) -> Regression[P]:
    """Condition a process on values with known standard errors (algorithm 2.1).

    The predicted variances are multiplied by the mean square of the standardised leave-one-out residuals
    (equations 5.10 to 5.12), shrunk towards 1 as by ten points, which shows what the kernel gets wrong; and
    by n / (n - 2), as for Student's t, since a scale known from n values is uncertain itself.

    Parameters
    ----------
    kernel, parameters
        Of the process, the nugget's logarithm last.
    points, values, errors
        What was seen.
    unit
        Centre and scale of the values, where they are known otherwise than from the values.
    """
    centre, scale = unit or _standard(values)
    y = (values - centre) / scale - kernel.mean(points)
    noise = (errors / scale) ** 2
    covariance = kernel.matrix(parameters[:-1], points, points) + _MEAN_VARIANCE
    covariance[np.diag_indices_from(covariance)] += noise + np.exp(parameters[-1]) + _JITTER
    factor = cholesky(covariance, lower=True, check_finite=False)
    weights = cho_solve((factor, True), y, check_finite=False)
    inverse_factor = solve_triangular(factor, np.eye(len(y)), lower=True, check_finite=False)
    precision = np.einsum("ij,ij->j", inverse_factor, inverse_factor)
    inflation = float((_PRIOR_POINTS + (weights**2 / precision).sum()) / (_PRIOR_POINTS + len(y)))
    if unit is None:
        inflation *= len(y) / (len(y) - 2.0) if len(y) > 3 else 3.0
    miss = scale * float(np.sqrt(np.mean((weights / precision) ** 2))) if len(y) else 0.0
    density = -0.5 * float(y @ weights) - float(np.log(np.diag(factor)).sum()) - len(y) * float(np.log(scale))
    mean, sd = kernel.prior
    density -= 0.5 * float((((parameters[:-1] - mean) / sd) ** 2).sum())
    return Regression(kernel, parameters, points, centre, scale, factor, weights, inflation, miss, density)


def fit(
    kernel: Kernel[P],
    points: P,
    values: Floats,
    errors: Floats,
    nugget: tuple[float, float],
    starts: int = 1,
    rng: np.random.Generator | None = None,
    unit: tuple[float, float] | None = None,
) -> Floats:
    """Parameters of the largest posterior probability: marginal likelihood (equation 5.8) times prior.

    Parameters
    ----------
    kernel, points, values, errors
        As in :func:`regression`.
    nugget
        Mean and standard deviation of the logarithm of the nugget, in standardised units.
    starts
        Searches: the first from the prior's mean, the others from draws of the prior.
    rng
        For those draws.
    unit
        As in :func:`regression`.
    """
    centre, scale = unit or _standard(values)
    y, noise = (values - centre) / scale - kernel.mean(points), (errors / scale) ** 2
    mean, sd = (np.append(a, b) for a, b in zip(kernel.prior, nugget, strict=True))

    def loss(parameters: Floats) -> tuple[float, Floats]:
        value, slope = _negative_log_likelihood(kernel, parameters, points, y, noise)
        off = (parameters - mean) / sd
        return value + 0.5 * float(off @ off), slope + off / sd

    best: Any = None
    for number in range(starts):
        start = mean if number == 0 or rng is None else mean + sd * rng.standard_normal(len(mean))
        bounds = list(zip(mean - 4.0 * sd, mean + 4.0 * sd, strict=True))
        minimum = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 40})
        if best is None or minimum.fun < best.fun:
            best = minimum
    return np.asarray(best.x, dtype=np.float64)


def _negative_log_likelihood(
    kernel: Kernel[P], parameters: Floats, points: P, y: Floats, noise: Floats
) -> tuple[float, Floats]:
    covariance, pull_back = kernel.with_gradient(parameters[:-1], points)
    total = covariance + _MEAN_VARIANCE
    nugget = float(np.exp(parameters[-1]))
    total[np.diag_indices_from(total)] += noise + nugget + _JITTER
    factor = cholesky(total, lower=True, check_finite=False)
    weights = cho_solve((factor, True), y, check_finite=False)
    value = 0.5 * float(y @ weights) + float(np.log(np.diag(factor)).sum())
    inverse = cho_solve((factor, True), np.eye(len(y)), check_finite=False)
    slope = 0.5 * (inverse - np.outer(weights, weights))  # equation 5.9
    return value, np.append(pull_back(slope), nugget * float(np.trace(slope)))


def _standard(values: Floats) -> tuple[float, float]:
    spread = float(values.std())
    return float(values.mean()), spread if spread > 0.0 else 1.0
