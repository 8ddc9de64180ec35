"""What factors that were switched off may yet do: their share in the error of a prediction.

A factor is switched off because the evidence is against it, which is seldom certain: of values that were
never measured together the measurements say nothing. A prediction that takes it for absent is too sure, and
most where it is needed, at designs unlike those measured. With a probability that follows from the evidence
the factor is there, and then it moves the prediction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from molmach.agents.inference.generative_model import Factor, FactorSet, columns
from molmach.agents.inference.message_passing import Beliefs, Evidence, Gamma
from molmach.agents.inference.model_reduction import evidence_for, log_odds, told_of_new

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Absent:
    """A factor that a structure lacks.

    Attributes
    ----------
    chance
        Probability that it is there.
    answer
        (p, width) how the structure's effects would change with its own.
    root
        (width, width) R with R Rᵀ = E[w wᵀ] of its effects w, if it is there.
    """

    factor: Factor
    chance: float
    answer: Floats
    root: Floats

    def variance(self, rows: Floats, bases: Sequence[Floats]) -> Floats:
        """(n,) what it adds to the variance of predictions, ``rows`` being the structure's columns."""
        moved = (columns(self.factor, bases) - rows @ self.answer) @ self.root
        return np.asarray(self.chance * np.einsum("ij,ij->i", moved, moved))


class Doubt:
    """The factors that a structure lacks, each with its probability; others than it are taken for absent.

    Parameters
    ----------
    possible
        Factors that may be there.
    factors, beliefs
        The structure's.
    evidence, bases
        What was measured, and the bases of those machines.
    prior
        Of the precision of a factor's effects.
    """

    def __init__(
        self,
        possible: FactorSet,
        factors: Sequence[Factor],
        beliefs: Beliefs,
        evidence: Evidence,
        bases: Sequence[Floats],
        prior: Gamma,
    ) -> None:
        there = {place for factor in factors for place in factor.orbit}
        features = np.concatenate([columns(factor, bases) for factor in factors], axis=1)
        self._absent = []
        for factor in (*possible.effects, *possible.interactions):
            if not there.isdisjoint(factor.orbit):
                continue
            likelihood, information, cross = told_of_new(beliefs, features, evidence, columns(factor, bases))
            chance = float(expit(evidence_for(likelihood, information, prior) + log_odds(factor)))
            covariance = np.linalg.inv(likelihood + prior.mean * np.eye(len(information)))
            mean = covariance @ information
            root = np.asarray(np.linalg.cholesky(covariance + np.outer(mean, mean)), dtype=np.float64)
            self._absent.append(_Absent(factor, chance, beliefs.covariance @ cross, root))

    def variance(self, rows: Floats, bases: Sequence[Floats]) -> Floats:
        """(n,) variance that predictions have for them, standardised.

        Parameters
        ----------
        rows, bases
            (n, p) columns of the structure, and the bases, of the designs.
        """
        total = np.zeros(len(rows))
        for absent in self._absent:
            total += absent.variance(rows, bases)
        return total
