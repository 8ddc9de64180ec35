"""The shapes of switched terms as functions of stored positions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from molmach.drives.base import Charged, Well
from molmach.forcefield.mmff94_parameters import COULOMB, ELECTROSTATIC_BUFFER

Floats = NDArray[np.float64]


def level(shape: Well | Charged, positions_nm: Floats) -> Floats:
    """(...) value of a shape at (..., n_atoms, 3) positions, see :mod:`molmach.drives.base`."""
    ring, site = positions_nm[..., list(shape.ring), :], positions_nm[..., list(shape.site), :]
    if isinstance(shape, Well):
        squared = np.sum((ring.mean(axis=-2) - site.mean(axis=-2)) ** 2, axis=-1)
        return np.asarray(np.exp(-0.5 * squared / shape.width**2))
    distance = np.linalg.norm(ring[..., :, None, :] - site[..., None, :, :], axis=-1)
    pairs = np.array(shape.charges)[:, None] / (distance + ELECTROSTATIC_BUFFER)
    return np.asarray(COULOMB * np.mean(np.sum(pairs, axis=-2), axis=-1))
