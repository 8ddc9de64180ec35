"""Curves that nowhere fall: isotonic regression, and where a monotone cubic through it crosses a level."""

from __future__ import annotations

import math

import numpy as np
import scipy
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_HALVINGS = 40


def rising(values: Floats, weights: Floats) -> Floats:
    """(n_curves, n_places) isotonic regression: the nearest curves, in weighted squares, that nowhere fall.

    By the max-min formula (Barlow, Bartholomew, Bremner & Brunk, Statistical Inference under Order
    Restrictions (1972)): f_i = max over j <= i of min over k >= i of the mean of places j to k.

    Parameters
    ----------
    values
        (n_curves, n_places).
    weights
        (n_places,) above zero.
    """
    n = values.shape[1]
    mass = np.concatenate([[0.0], np.cumsum(weights)])
    total = np.concatenate([np.zeros((len(values), 1)), np.cumsum(values * weights, axis=1)], axis=1)
    fitted = np.full(values.shape, -math.inf)
    for j in range(n):
        means = (total[:, j + 1 :] - total[:, j : j + 1]) / (mass[j + 1 :] - mass[j])
        least = np.minimum.accumulate(means[:, ::-1], axis=1)[:, ::-1]
        fitted[:, j:] = np.maximum(fitted[:, j:], least)
    return fitted


def crossing(places: Floats, curves: Floats, level: float) -> Floats:
    """(n_curves,) where curves that nowhere fall cross a level; -inf, +inf where before or after all places.

    Between places the curve is Fritsch & Carlson's monotone cubic (SIAM J. Numer. Anal. 17, 238 (1980)).

    Parameters
    ----------
    places
        (n_places,) ascending.
    curves
        (n_curves, n_places) values.
    level
        The value sought.
    """
    crossings = np.where(curves[:, 0] >= level, -math.inf, math.inf)
    inside = np.flatnonzero((curves[:, 0] < level) & (curves[:, -1] >= level))
    if not inside.size:
        return crossings
    chosen = curves[inside]
    last_below = np.sum(chosen < level, axis=1) - 1
    cubic = scipy.interpolate.PchipInterpolator(places, chosen, axis=1).c[
        :, last_below, np.arange(inside.size)
    ]
    low, high = np.zeros(inside.size), np.diff(places)[last_below]
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        value = ((cubic[0] * middle + cubic[1]) * middle + cubic[2]) * middle + cubic[3]
        below = value < level
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    crossings[inside] = places[last_below] + 0.5 * (low + high)
    return crossings
