"""Ensembles sampled under known biases, joined into one: the multistate Bennett acceptance ratio.

Shirts & Chodera, J. Chem. Phys. 129, 124105 (2008). Biases are in units of k_B T throughout.
"""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def mbar_free_energies(biases: Floats, counts: NDArray[np.int64]) -> Floats:
    """(n_states,) free energies of the biased states over k_B T, the first one's being zero.

    The minimum of the convex function sum_n ln sum_k N_k exp(f_k - u_kn) - sum_k N_k f_k, whose
    gradient is Shirts & Chodera's equation 11.

    Parameters
    ----------
    biases
        (n_states, n_samples) energy u_kn that each state's bias has at each sample, whichever
        state the sample is from.
    counts
        (n_states,) samples N_k from each state, above zero.
    """
    share = counts / counts.sum()

    def objective(later: Floats) -> tuple[float, Floats]:
        energies = np.concatenate([[0.0], later])
        terms = np.log(share)[:, None] + energies[:, None] - biases
        mixed = scipy.special.logsumexp(terms, axis=0)
        slope = np.mean(np.exp(terms - mixed), axis=1) - share
        return float(np.mean(mixed) - share @ energies), slope[1:]

    start = _first_guess(biases, counts)
    minimum = scipy.optimize.minimize(
        objective, start[1:] - start[0], jac=True, method="BFGS", options={"gtol": 1e-10}
    )
    return np.concatenate([[0.0], minimum.x])


def _first_guess(biases: Floats, counts: NDArray[np.int64]) -> Floats:
    """(n_states,) by a few of MBAR's self-consistent iterations."""
    energies = np.zeros(len(counts))
    for _ in range(20):
        energies = -scipy.special.logsumexp(-biases - _log_mixture(biases, counts, energies), axis=1)
    return energies


def _log_mixture(biases: Floats, counts: NDArray[np.int64], energies: Floats) -> Floats:
    """(n_samples,) ln sum_k N_k exp(f_k - u_kn)."""
    return np.asarray(scipy.special.logsumexp((np.log(counts) + energies)[:, None] - biases, axis=0))


def mbar_weights(biases: Floats, counts: NDArray[np.int64], energies: Floats, target: Floats) -> Floats:
    """(n_samples,) weights, of sum one, with which all samples together represent another state.

    Parameters
    ----------
    biases, counts, energies
        As :func:`mbar_free_energies` takes and gives them.
    target
        (n_samples,) energy of that state beyond what all have in common, over k_B T; zero for the
        ensemble without bias.
    """
    logarithms = -target - _log_mixture(biases, counts, energies)
    return np.asarray(np.exp(logarithms - scipy.special.logsumexp(logarithms)))


def mbar_overlap(biases: Floats, counts: NDArray[np.int64], energies: Floats) -> Floats:
    """(n_states, n_states) probability that a sample of state i could as well be from state j.

    Klimovich, Shirts & Mobley, J. Comput.-Aided Mol. Des. 29, 397 (2015).
    """
    logarithms = energies[:, None] - biases - _log_mixture(biases, counts, energies)
    shares = np.exp(logarithms)
    return np.asarray(shares @ shares.T * counts)


def effective_samples(weights: Floats) -> float:
    """Kish's number of equally weighted samples that would give means as sure, 1 / sum w^2.

    >>> effective_samples(np.array([0.5, 0.5, 0.0, 0.0]))
    2.0
    """
    return float(1.0 / np.sum(weights**2))
