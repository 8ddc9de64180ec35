"""The coordinate whose motion counts: the rotor's angle about its axle."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molmach.build.assembly import Assembly, Floats

MAX_SAFE_JUMP = 0.5 * math.pi
"""Largest change between two samples, rad, that leaves no doubt about its direction."""


@dataclass(frozen=True, eq=False)
class RotorAngle:
    """Angle of the rotor about the z axis against the built structure.

    It is the turn that best lays the rotor's built structure, seen along the axle, on the present
    one (mass-weighted least squares in the plane): arg sum_i m_i conj(z0_i) z_i, where z = x + iy is
    taken from the axle atoms' mean. Counter-clockwise seen from the axle's head is positive.

    Attributes
    ----------
    axle, rotor
        Atom indices.
    weights
        (n_rotor,) complex conjugate built positions times mass.
    """

    axle: tuple[int, int]
    rotor: tuple[int, ...]
    weights: NDArray[np.complex128]

    @classmethod
    def of(cls, assembly: Assembly) -> RotorAngle:
        """The coordinate of an assembly."""
        rotor = list(assembly.rotor)
        plane = assembly.positions_nm[:, :2] - assembly.positions_nm[list(assembly.axle), :2].mean(axis=0)
        built = plane[rotor, 0] - 1j * plane[rotor, 1]
        return cls(assembly.axle, assembly.rotor, assembly.masses[rotor] * built)

    def __call__(self, positions_nm: Floats) -> Floats:
        """Angle in (-pi, pi], rad; ``positions_nm`` is (..., n_atoms, 3)."""
        centre = positions_nm[..., list(self.axle), :2].mean(axis=-2, keepdims=True)
        plane = positions_nm[..., list(self.rotor), :2] - centre
        return np.asarray(np.angle((plane[..., 0] + 1j * plane[..., 1]) @ self.weights))


def unwrap(angle: Floats) -> Floats:
    """Continuous angle along the last axis: every step is taken the short way round."""
    return np.asarray(np.unwrap(angle, axis=-1))


def largest_jump(unwrapped: Floats) -> float:
    """Largest change between neighbouring samples, rad; beyond :data:`MAX_SAFE_JUMP` turns may be lost."""
    steps = np.abs(np.diff(unwrapped, axis=-1))
    return float(np.max(steps)) if steps.size else 0.0
