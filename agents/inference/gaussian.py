"""The exact posterior of linear Gaussian effects, solved in whichever space is smaller."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve, solve_triangular

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Posterior:
    """Of w in y ~ N(Xw, 1/weights), w ~ N(0, 1/alphas).

    Attributes
    ----------
    mean, variances
        (p,) of the effects.
    residual, spread
        (n,) y - X mean, and the variances of Xw.
    log_evidence
        ln N(y; 0, 1/weights + X alphas⁻¹ Xᵀ), nats.
    root
        (p, p) or (n, p), from which :func:`covariance` makes the whole matrix.
    """

    mean: Floats
    variances: Floats
    residual: Floats
    spread: Floats
    log_evidence: float
    root: Floats


def posterior(X: Floats, alphas: Floats, weights: Floats, y: Floats) -> Posterior:
    """Effects given measurements: by p x p matrices, or by n x n where there are fewer measurements."""
    return (
        _by_measurements(X, alphas, weights, y) if len(X) < X.shape[1] else _by_effects(X, alphas, weights, y)
    )


def covariance(effects: Posterior, alphas: Floats) -> Floats:
    """(p, p) of the effects."""
    if effects.root.shape[0] == effects.root.shape[1] == len(effects.mean):
        return effects.root
    full: Floats = np.diag(1.0 / alphas) - effects.root.T @ effects.root
    return full


def _by_effects(X: Floats, alphas: Floats, weights: Floats, y: Floats) -> Posterior:
    """A = alphas + Xᵀ weights X; covariance A⁻¹, mean A⁻¹ Xᵀ weights y."""
    weighted = X * weights[:, None]
    A = weighted.T @ X
    A[np.diag_indices_from(A)] += alphas
    factor = cho_factor(A, lower=True, check_finite=False)
    inverse: Floats = cho_solve(factor, np.eye(len(A)), check_finite=False)
    mean = inverse @ (weighted.T @ y)
    residual = y - X @ mean
    log_determinant = 2.0 * np.log(np.diag(factor[0])).sum() - np.log(alphas).sum() - np.log(weights).sum()
    quadratic = weights @ residual**2 + alphas @ mean**2  # yᵀC⁻¹y as a sum of squares, which does not cancel
    spread = np.einsum("np,np->n", X @ inverse, X)
    return Posterior(
        mean,
        np.diag(inverse),
        residual,
        spread,
        _log_normal(len(y), log_determinant, float(quadratic)),
        inverse,
    )


def _by_measurements(X: Floats, alphas: Floats, weights: Floats, y: Floats) -> Posterior:
    """C = 1/weights + X alphas⁻¹ Xᵀ = LLᵀ; root L⁻¹ X alphas⁻¹, covariance alphas⁻¹ - rootᵀ root."""
    scaled = X / alphas
    C = scaled @ X.T
    prior_spread = np.diag(C).copy()
    C[np.diag_indices_from(C)] += 1.0 / weights
    lower = np.linalg.cholesky(C)
    root: Floats = solve_triangular(lower, scaled, lower=True, check_finite=False)
    white = solve_triangular(lower, y, lower=True, check_finite=False)
    mean = root.T @ white
    spread = prior_spread - np.square(root @ X.T).sum(axis=0)
    variances = 1.0 / alphas - np.square(root).sum(axis=0)
    log_determinant = 2.0 * np.log(np.diag(lower)).sum()
    log_evidence = _log_normal(len(y), log_determinant, float(white @ white))
    return Posterior(
        mean, np.maximum(variances, 0.0), y - X @ mean, np.maximum(spread, 0.0), log_evidence, root
    )


def _log_normal(count: int, log_determinant: float, quadratic: float) -> float:
    return float(-0.5 * (count * math.log(2.0 * math.pi) + log_determinant + quadratic))
