"""The angle of a part that turns about an axle."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from molmach.building.assembly import Assembly, Floats, Follower
from molmach.building.scale import TURNS, Scale


@dataclass(frozen=True, eq=False)
class RotorAngle:
    """Angle of a turning part about its axle against the built structure, rad.

    It is the turn that best lays the part's built structure, seen along the axle, on the present
    one (mass-weighted least squares in the plane): arg sum_i m_i conj(z0_i) z_i, where z = x + iy is
    taken from the axle atoms' mean. Counter-clockwise seen from the axle's head is positive.

    Attributes
    ----------
    axle, rotor
        Atom indices.
    across
        (2, 3) unit vectors of x and y, across the built axle, which points to the reader.
    weights
        (n_rotor,) complex conjugate built positions times mass.
    """

    scale: ClassVar[Scale] = TURNS
    parity: ClassVar[int] = -1

    axle: NDArray[np.int64]
    rotor: NDArray[np.int64]
    across: Floats
    weights: NDArray[np.complex128]

    @classmethod
    def of(cls, assembly: Assembly) -> RotorAngle:
        """The coordinate of a rotor, whose axle is z."""
        return cls._about(assembly, assembly.axle, assembly.rotor, np.eye(3)[:2])

    @classmethod
    def of_follower(cls, assembly: Assembly, follower: Follower) -> RotorAngle:
        """The angle of a follower about its own axle as built."""
        first, second = assembly.positions_nm[list(follower.axle)]
        return cls._about(assembly, follower.axle, follower.atoms, across(second - first))

    @classmethod
    def _about(
        cls, assembly: Assembly, axle: tuple[int, ...], atoms: tuple[int, ...], plane: Floats
    ) -> RotorAngle:
        unweighted = cls(np.array(axle), np.array(atoms), plane, np.empty(0, dtype=np.complex128))
        built = unweighted._seen(assembly.positions_nm)
        return replace(unweighted, weights=assembly.masses[list(atoms)] * built.conj())

    def __call__(self, positions_nm: Floats) -> Floats:
        """Angle in (-pi, pi], rad; ``positions_nm`` is (..., n_atoms, 3)."""
        return np.asarray(np.angle(self._seen(positions_nm) @ self.weights))

    def _seen(self, positions_nm: Floats) -> NDArray[np.complex128]:
        """(..., n_rotor) x + iy of the part's atoms, from the axle atoms' mean."""
        centre = positions_nm[..., self.axle, :].mean(axis=-2, keepdims=True)
        plane = (positions_nm[..., self.rotor, :] - centre) @ self.across.T
        return np.asarray(plane[..., 0] + 1j * plane[..., 1])


def across(axis: Floats) -> Floats:
    """(2, 3) unit vectors that make a right-handed frame with a direction of any length, (3,)."""
    z = axis / np.linalg.norm(axis)
    x = np.eye(3)[int(np.argmin(np.abs(z)))]
    x = x - (x @ z) * z
    x = x / np.linalg.norm(x)
    return np.stack([x, np.cross(z, x)])
