"""Rates of rare passages, from equilibrium between two states: the reactive flux."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FIRST, UNDECIDED, SECOND = -1, 0, 1
"""Where a trajectory came to: the first of two states, neither yet, the second."""


def reactive_flux(densities: Floats, speeds: Floats, up: NDArray[np.int64], down: NDArray[np.int64]) -> float:
    """Passages from the first of two states to the second, and as many back, per time of the whole system.

    A path from one state to the other crosses every surface between them once more than it crosses it back.
    So the speed through a surface, averaged over its points at equilibrium and counted where the point's path
    came from the first state and goes to the second, is the rate of passages, whichever the surface is; and
    so is any mean over surfaces. Motion at equilibrium looks the same backward in time: the path that led to
    a point is one that starts there with its velocity reversed. (Chandler, J. Chem. Phys. 68, 2959 (1978);
    Hummer, J. Chem. Phys. 120, 516 (2004); Vanden-Eijnden & Tal, J. Chem. Phys. 123, 184103 (2005).)

    Parameters
    ----------
    densities
        (n,) probability per unit of the coordinate that each point stands for: their sum is the mean over
        surfaces of the density on them, where the whole system has probability 1.
    speeds
        (n,) absolute rate of change of the coordinate at the point.
    up, down
        (n,) where the path comes to that starts there with the coordinate rising, and with the same velocity
        reversed: :data:`FIRST`, :data:`SECOND` or :data:`UNDECIDED`.

    Returns
    -------
    passages
        Per unit of time of ``speeds``.
    """
    along = (up == SECOND) & (down == FIRST)
    against = (up == FIRST) & (down == SECOND)
    # Half of the points on a surface have the coordinate rising; each stands for one where it falls.
    return 0.5 * float(densities @ (speeds * (along.astype(np.float64) - against)))
