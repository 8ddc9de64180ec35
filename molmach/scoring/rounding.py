"""How exactly a file keeps coordinates."""

from __future__ import annotations

import math

import numpy as np

from molmach.data.statistics import Floats

_GRIDS = (1e-2, 1e-3, 1e-4, 1e-5)
"""Steps (nm) to which text files and XTC round coordinates."""

EXACT = 3e-7
"""Single precision leaves coordinates uncertain by this much, nm."""


def rounding(positions: Floats) -> float:
    """How far a file's coordinates may be from what they were before they were rounded, nm.

    Root mean square of half a step of the grid on which all coordinates of (n_frames, n_atoms, 3) are.
    """
    sample = positions[:: max(1, len(positions) // 50)]
    for grid in _GRIDS:
        if np.all(np.abs(sample / grid - np.round(sample / grid)) * grid < 4e-7 + 4e-7 * np.abs(sample)):
            return max(EXACT, grid / math.sqrt(12.0))
    return EXACT
