"""A two-fold torsional potential about a bond."""

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
class Twist:
    """The shape E = sum_i v_i (1 - cos 2 w_i) / 2 over torsions about one bond, kJ/mol.

    Attributes
    ----------
    torsions
        Atom indices, four each.
    heights
        v_i, kJ/mol.
    """

    torsions: tuple[tuple[int, int, int, int], ...]
    heights: tuple[float, ...]

    def level(self, positions_nm: Floats) -> Floats:
        """(...) value at (..., n_atoms, 3) positions."""
        i, j, k, ell = (positions_nm[..., list(atoms), :] for atoms in np.array(self.torsions).T)
        a, b = np.cross(i - j, j - k), np.cross(ell - k, j - k)
        cosine = np.sum(a * b, axis=-1) / (np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1))
        return np.asarray(np.sum(np.array(self.heights) * (1.0 - cosine**2), axis=-1))

    def power(self, reach: float) -> float:
        """0: it has no distance."""
        return 0.0

    def openmm_force(self, amplitude: str, offset: int) -> openmm.Force:
        """See :meth:`molmach.drives.shapes.Shape.openmm_force`."""
        import openmm

        force = openmm.CustomTorsionForce(f"{amplitude}*0.5*height*(1-cos(2*theta))")
        force.addPerTorsionParameter("height")
        for atoms, height in zip(self.torsions, self.heights, strict=True):
            force.addTorsion(*(offset + i for i in atoms), [height])
        return force

    def groups(self) -> tuple[Sequence[int], ...]:
        """One, of four atoms a torsion."""
        return (tuple(atom for atoms in self.torsions for atom in atoms),)

    def numbers(self) -> tuple[float, ...]:
        """Heights v_i of the torsions, kJ/mol."""
        return self.heights

    @staticmethod
    def fits(groups: Sequence[int], numbers: int) -> bool:
        """One group of four atoms a number."""
        return len(groups) == 1 and groups[0] == 4 * numbers

    @staticmethod
    def compiled() -> Any:
        """See :meth:`molmach.drives.shapes.Shape.compiled`."""
        return _compiled()


@cache
def _compiled() -> Any:
    from molmach.lanes.compiler import compiled
    from molmach.lanes.functions import cross, dot
    from molmach.lanes.memory import add_scaled3, load3, narrow, widen
    from molmach.lanes.types import fused, splat

    @compiled
    def add_forces(
        atoms: Any, starts: Any, numbers: Any, high: Any, force: Any, amplitude: Any, level: Any, room: Any
    ) -> None:
        """E = v (1 - cos^2 w); gradients after Blondel & Karplus, J. Comput. Chem. 17, 1132 (1996)."""
        size = narrow(amplitude, room)
        total = splat(0.0)
        for t in range(len(numbers)):
            first = starts[0] + 4 * t
            i, j, k, ell = atoms[first], atoms[first + 1], atoms[first + 2], atoms[first + 3]
            v = np.float32(numbers[t])
            jx, jy, jz = load3(high, j)
            kx, ky, kz = load3(high, k)
            x, y, z = load3(high, i)
            fx, fy, fz = x - jx, y - jy, z - jz
            gx, gy, gz = jx - kx, jy - ky, jz - kz
            x, y, z = load3(high, ell)
            hx, hy, hz = x - kx, y - ky, z - kz
            ax, ay, az = cross(fx, fy, fz, gx, gy, gz)
            bx, by, bz = cross(hx, hy, hz, gx, gy, gz)
            per_a = 1.0 / dot(ax, ay, az, ax, ay, az)
            per_b = 1.0 / dot(bx, by, bz, bx, by, bz)
            gg = dot(gx, gy, gz, gx, gy, gz)
            cosine = dot(ax, ay, az, bx, by, bz)
            cx, cy, cz = cross(bx, by, bz, ax, ay, az)
            total = fused(v, fused(-cosine * cosine, per_a * per_b, 1.0), total)
            # dE/dw = 2 v sin w cos w; |G| is taken out of the sine and out of the gradients of w.
            slope = size * (2.0 * v * cosine * dot(cx, cy, cz, gx, gy, gz) * (per_a * per_b))
            along_f = dot(fx, fy, fz, gx, gy, gz) / gg
            along_h = dot(hx, hy, hz, gx, gy, gz) / gg
            pa, pb = slope * per_a, slope * per_b
            ca, cb = pa * along_f, pb * along_h
            add_scaled3(force, i, pa, ax, ay, az)
            add_scaled3(force, ell, -pb, bx, by, bz)
            add_scaled3(force, j, cb, bx, by, bz)
            add_scaled3(force, j, -(pa + ca), ax, ay, az)
            add_scaled3(force, k, pb - cb, bx, by, bz)
            add_scaled3(force, k, ca, ax, ay, az)
        widen(total, room, level)

    return add_forces
