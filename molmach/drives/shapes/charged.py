"""The Coulomb energy of a unit charge at a site with a ring's partial charges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from molmach.drives.shapes.base import Floats
from molmach.forcefield.terms import COULOMB, ELECTROSTATIC_BUFFER

if TYPE_CHECKING:
    import openmm


@dataclass(frozen=True)
class Charged:
    """The shape E = sum_ij c q_j / (r_ij + 0.005 nm) / n: a unit charge spread over a site.

    In kJ/(mol e): times a charge, its Coulomb energy with the ring's partial charges as MMFF94 has it.

    Attributes
    ----------
    ring, site
        Atom indices; the site's n atoms share the charge.
    charges
        Partial charges of the ring's atoms, e.
    """

    ring: tuple[int, ...]
    site: tuple[int, ...]
    charges: tuple[float, ...]

    def level(self, positions_nm: Floats) -> Floats:
        """(...) value at (..., n_atoms, 3) positions."""
        ring, site = positions_nm[..., list(self.ring), :], positions_nm[..., list(self.site), :]
        distance = np.linalg.norm(ring[..., :, None, :] - site[..., None, :, :], axis=-1)
        pairs = np.array(self.charges)[:, None] / (distance + ELECTROSTATIC_BUFFER)
        return np.asarray(COULOMB * np.mean(np.sum(pairs, axis=-2), axis=-1))

    def power(self, reach: float) -> float:
        """0: it has no one distance."""
        return 0.0

    def openmm_force(self, amplitude: str, offset: int) -> openmm.Force:
        """See :meth:`molmach.drives.shapes.Shape.openmm_force`."""
        import openmm

        force = openmm.CustomBondForce(f"{amplitude}*qq/(r+{ELECTROSTATIC_BUFFER})")
        force.addPerBondParameter("qq")
        for i, charge in zip(self.ring, self.charges, strict=True):
            for j in self.site:
                force.addBond(offset + i, offset + j, [COULOMB * charge / len(self.site)])
        return force

    def groups(self) -> tuple[Sequence[int], ...]:
        """Atoms of the ring, and of the site."""
        return self.ring, self.site

    def numbers(self) -> tuple[float, ...]:
        """Coulomb constant over the site's atoms, and the ring's charges."""
        return (COULOMB / len(self.site), *self.charges)

    @staticmethod
    def fits(groups: Sequence[int], numbers: int) -> bool:
        """A ring and a site, and a number more than the ring has atoms."""
        return len(groups) == 2 and min(groups) > 0 and numbers == 1 + groups[0]

    @staticmethod
    def compiled() -> Any:
        """See :meth:`molmach.drives.shapes.Shape.compiled`."""
        return _compiled()


@cache
def _compiled() -> Any:
    from molmach.lanes.compiler import compiled
    from molmach.lanes.functions import dot
    from molmach.lanes.memory import add_scaled3, load3, narrow, widen
    from molmach.lanes.types import fused, splat, sqrt

    @compiled
    def add_forces(
        atoms: Any, starts: Any, numbers: Any, high: Any, force: Any, amplitude: Any, level: Any, room: Any
    ) -> None:
        size = narrow(amplitude, room)
        total = splat(0.0)
        for a in range(starts[0], starts[1]):
            i = atoms[a]
            q = np.float32(numbers[0] * np.float32(numbers[1 + a - starts[0]]))
            x, y, z = load3(high, i)
            for b in range(starts[1], starts[2]):
                j = atoms[b]
                u, v, w = load3(high, j)
                dx, dy, dz = x - u, y - v, z - w
                r = sqrt(dot(dx, dy, dz, dx, dy, dz))
                near = 1.0 / (r + np.float32(ELECTROSTATIC_BUFFER))
                total = fused(q, near, total)
                push = size * (q * (near * near)) / r
                add_scaled3(force, i, push, dx, dy, dz)
                add_scaled3(force, j, -push, dx, dy, dz)
        widen(total, room, level)

    return add_forces
