"""A Gaussian of the distance between two groups of atoms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from molmach.drives.shapes.base import Floats

if TYPE_CHECKING:
    import openmm


@dataclass(frozen=True)
class Well:
    """The shape E = exp(-d^2 / 2 width^2), d the distance of two groups' centroids, nm.

    Attributes
    ----------
    ring, site
        Atom indices of the two groups.
    width
        nm.
    """

    ring: tuple[int, ...]
    site: tuple[int, ...]
    width: float

    def level(self, positions_nm: Floats) -> Floats:
        """(...) value at (..., n_atoms, 3) positions."""
        ring, site = (positions_nm[..., list(group), :].mean(axis=-2) for group in (self.ring, self.site))
        squared = np.sum((ring - site) ** 2, axis=-1)
        return np.asarray(np.exp(-0.5 * squared / self.width**2))

    def power(self, reach: float) -> float:
        """See :meth:`molmach.drives.shapes.Shape.power`."""
        return (self.width / reach) ** 2

    def openmm_force(self, amplitude: str, offset: int) -> openmm.Force:
        """See :meth:`molmach.drives.shapes.Shape.openmm_force`."""
        import openmm

        expression = f"{amplitude}*exp(-distance(g1,g2)^2*{0.5 / self.width**2!r})"
        force = openmm.CustomCentroidBondForce(2, expression)
        for group in (self.ring, self.site):
            force.addGroup([offset + i for i in group], [1.0] * len(group))
        force.addBond([0, 1], [])
        return force

    def groups(self) -> tuple[Sequence[int], ...]:
        """Atoms of the ring, and of the site."""
        return self.ring, self.site

    def numbers(self) -> tuple[float, ...]:
        """1 / (2 width^2), nm^-2, by which the squared distance is multiplied."""
        return (0.5 / self.width**2,)

    @staticmethod
    def fits(groups: Sequence[int], numbers: int) -> bool:
        """Two groups with atoms in them, and one number."""
        return len(groups) == 2 and min(groups) > 0 and numbers == 1

    @staticmethod
    def compiled() -> Any:
        """See :meth:`molmach.drives.shapes.Shape.compiled`."""
        return _compiled()


@cache
def _compiled() -> Any:
    from molmach.lanes.compiler import compiled
    from molmach.lanes.elementary import exponential
    from molmach.lanes.functions import dot
    from molmach.lanes.memory import add_scaled3, load3
    from molmach.lanes.types import LANES, load, splat, store

    @compiled
    def centroid(high: Any, atoms: Any, first: int, last: int) -> Any:
        x = y = z = splat(0.0)
        for a in range(first, last):
            u, v, w = load3(high, atoms[a])
            x, y, z = x + u, y + v, z + w
        share = np.float32(1.0 / (last - first))
        return share * x, share * y, share * z

    @compiled
    def spread(force: Any, atoms: Any, first: int, last: int, x: Any, y: Any, z: Any) -> None:
        share = np.float32(1.0 / (last - first))
        for a in range(first, last):
            add_scaled3(force, atoms[a], share, x, y, z)

    @compiled
    def add_forces(
        atoms: Any, starts: Any, numbers: Any, high: Any, force: Any, amplitude: Any, level: Any, room: Any
    ) -> None:
        rx, ry, rz = centroid(high, atoms, starts[0], starts[1])
        sx, sy, sz = centroid(high, atoms, starts[1], starts[2])
        dx, dy, dz = rx - sx, ry - sy, rz - sz
        store(room, 0, dot(dx, dy, dz, dx, dy, dz))
        for lane in range(LANES):
            level[lane] = exponential(-numbers[0] * room[0, lane])
            room[1, lane] = 2.0 * numbers[0] * amplitude[lane] * level[lane]
        push = load(room, 1)
        spread(force, atoms, starts[0], starts[1], push * dx, push * dy, push * dz)
        spread(force, atoms, starts[1], starts[2], -(push * dx), -(push * dy), -(push * dz))

    return add_forces
