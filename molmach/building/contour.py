"""Where along a track a ring is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from molmach.building.assembly import Floats

_POINTS_PER_BOND = 4
_SOFTNESS_NM = 0.08
"""Width over which a ring's place on its track is averaged: half a bond."""


def between(knots: Floats) -> Floats:
    """(..., n, d) points with straight lines between them filled by more; the last ends the row."""
    shares = np.arange(_POINTS_PER_BOND) / _POINTS_PER_BOND
    first, second = knots[..., :-1, None, :], knots[..., 1:, None, :]
    filled = first + shares[:, None] * (second - first)
    flat = filled.reshape(*knots.shape[:-2], -1, knots.shape[-1])
    return np.concatenate([flat, knots[..., -1:, :]], axis=-2)


def nearness(positions_nm: Floats, loop: NDArray[np.int64], path: NDArray[np.int64]) -> Floats:
    """(..., n_points) weights of the path's points, which sum to one."""
    centroid = positions_nm[..., loop, :].mean(axis=-2, keepdims=True)
    squared = np.sum((between(positions_nm[..., path, :]) - centroid) ** 2, axis=-1)
    weights = np.exp((squared.min(axis=-1, keepdims=True) - squared) / (2.0 * _SOFTNESS_NM**2))
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True))
