"""How a torque about the axle is spread over the rotor."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from molmach.building import Assembly
from molmach.spec import Protocol

OVERDAMPED_PER_PS = 10.0
"""Friction that damps what a rotor does in its wells: behind barriers of 20 kJ/mol a phenyl swings at
4 rad/ps, and motion is aperiodic where friction exceeds twice that."""

_MIN_RADIUS_NM = 0.03
"""Atoms closer to the axle take no share: the force for a given torque grows as 1/r."""


def torque_shares(assembly: Assembly) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Atoms that take a share of a torque, and their shares w_i = m_i r_i^2 / sum m r^2.

    The weights of the built structure would set a free rigid rotor turning without strain; they
    sum to one. The energy is -torque * sum_i w_i phi_i, phi_i the atom's angle about z, so that the
    torque about z is the stated one at every instant.
    """
    atoms = np.array(assembly.rotor)
    radius = np.linalg.norm(assembly.positions_nm[atoms, :2], axis=1)
    share = np.where(radius >= _MIN_RADIUS_NM, assembly.masses[atoms] * radius**2, 0.0)
    taking = share > 0.0
    return atoms[taking], share[taking] / share.sum()


def is_overdamped(protocol: Protocol) -> bool:
    """Whether the bath's friction leaves a rotor under a steady torque no inertia worth counting."""
    return protocol.friction >= OVERDAMPED_PER_PS
