"""Whether a structure explains what was measured: a test that claims about its factors must pass first.

Evidence compares structures with each other. It says nothing of whether any of them is right: where three
variables act together, sums and pairs may all be improbable alike, and the best of them prunes a variable
that matters. So the measurements are held against what the structure itself predicts of them (the prior
predictive check of Box, J. R. Stat. Soc. A 143, 383 (1980)), with no more left unexplained than errors and a
small part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular
from scipy.stats import chi2

from molmach.agents.inference.message_passing import Beliefs, Evidence

Floats = NDArray[np.float64]

LEVEL = 0.01
"""False alarms of the test, where the structure is right."""

UNEXPLAINED = 0.1
"""Of the scores' spread: what a structure may leave unexplained and yet be right."""

FEWEST = 8
"""Measurements below which nothing is tested."""


@dataclass(frozen=True)
class Check:
    """A chi-square test of a structure.

    Attributes
    ----------
    statistic, count
        Sum of squares of the whitened measurements, and how many there are: its degrees of freedom.
    """

    statistic: float
    count: int

    @property
    def p_value(self) -> float:
        """Probability of as large a statistic, if the structure is right."""
        return float(chi2.sf(self.statistic, self.count))

    @property
    def fails(self) -> bool:
        """Whether the structure can't explain what was measured, at :data:`LEVEL`."""
        return self.p_value < LEVEL


def check(features: Sequence[Floats], beliefs: Beliefs, evidence: Evidence) -> Check | None:
    """Hold the measurements against a structure: y ~ N(X m, errors² + UNEXPLAINED² + X α⁻¹ Xᵀ).

    The precisions α of the effects are those that were inferred, which makes the test a little too mild.

    Parameters
    ----------
    features
        (n, width) of each factor.
    beliefs, evidence
        Given the structure, and the measurements.

    Returns
    -------
    check
        None of fewer than :data:`FEWEST` measurements.
    """
    count = len(evidence.scores)
    if count < FEWEST:
        return None
    X = np.concatenate(features, axis=1)
    widths = [block.shape[1] for block in features]
    variances = np.repeat([1.0 / precision.mean for precision in beliefs.precisions], widths)
    covariance = (X * variances) @ X.T
    covariance[np.diag_indices_from(covariance)] += evidence.errors**2 + UNEXPLAINED**2
    lower = np.linalg.cholesky(covariance)
    white = solve_triangular(lower, evidence.scores - X @ beliefs.expected, lower=True)
    return Check(float(white @ white), count)
