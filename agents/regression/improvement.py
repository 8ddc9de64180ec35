"""What a candidate promises beyond the best that is known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfcx, ndtr

Floats = NDArray[np.float64]


def log_expected_improvement(mean: Floats, sd: Floats, best: float) -> Floats:
    """Logarithm of E[max(0, f - best)] for a normal f; finite also where the expectation underflows.

    Equation 9 of Ament et al., Unexpected improvements to expected improvement, NeurIPS 2023.
    """
    z = (mean - best) / sd
    return np.asarray(np.log(sd) + _log_h(z))


def log_expected_closeness(mean: Floats, sd: Floats, reach: float) -> Floats:
    """Logarithm of E[max(0, reach - |f|)] for a normal f; finite also where the expectation underflows.

    It is the second difference of E[max(0, f - x)] over x = -reach, 0 and reach; far off, where that
    cancels, the leading term of one end.
    """
    near = np.abs(mean) / sd
    edge = reach / sd
    ends = (near - edge, near, near + edge)
    first, middle, last = (np.exp(_log_h(-z)) for z in ends)  # of -f beyond each of them
    inside = first - 2.0 * middle + last
    far = _log_h(-ends[0])
    sure = inside > 1e-6 * first
    return np.asarray(np.log(sd) + np.where(sure, np.log(np.where(sure, inside, 1.0)), far), dtype=np.float64)


def _log_h(z: Floats) -> Floats:
    """log(phi(z) + z Phi(z)), phi and Phi being the standard normal density and distribution."""
    near, middle, far = np.maximum(z, -1.0), np.clip(z, -50.0, -1.0), np.minimum(z, -50.0)
    log_density = -0.5 * z**2 - 0.5 * np.log(2.0 * np.pi)
    direct = np.log(np.exp(-0.5 * near**2) / np.sqrt(2.0 * np.pi) + near * ndtr(near))
    mills = np.sqrt(0.5 * np.pi) * erfcx(-middle / np.sqrt(2.0))
    tail = np.where(z > -50.0, np.log1p(middle * mills), -2.0 * np.log(-far))
    return np.asarray(np.where(z > -1.0, direct, log_density + tail), dtype=np.float64)
