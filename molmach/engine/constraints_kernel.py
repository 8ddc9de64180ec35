"""Bonds of fixed length, for one block of lanes.

Iterations go on until every lane has converged, but touch only the lanes that have not, so that a
lane's numbers do not depend on its neighbours.
"""

from __future__ import annotations

from molmach.engine.block_kernel import Constraints, Room, State
from molmach.lanes.compiler import compiled
from molmach.lanes.functions import dot, plus_scaled
from molmach.lanes.memory import add_scaled3, load3, store3
from molmach.lanes.types import any_lane, less, magnitude, select, splat

_SLOWEST = 2e-6
"""Relative velocity along a constrained bond that counts as none, nm/ps."""

_LENGTH_TOLERANCE = 1e-6
"""Relative error of a constrained bond's squared length that counts as none."""

_MOST_SWEEPS = 60


@compiled
def bond_vectors(fixed: Constraints, state: State, room: Room) -> None:
    """Vectors of the constrained bonds at the present positions."""
    for c in range(len(fixed.atoms)):
        i, j = fixed.atoms[c, 0], fixed.atoms[c, 1]
        xi, yi, zi = load3(state.high, i)
        xj, yj, zj = load3(state.high, j)
        ui, vi, wi = load3(state.low, i)
        uj, vj, wj = load3(state.low, j)
        store3(room.bond, c, (xj - xi) + (uj - ui), (yj - yi) + (vj - vi), (zj - zi) + (wj - wi))


@compiled
def constrain_velocities(fixed: Constraints, state: State, room: Room) -> None:
    """Remove relative velocities along constrained bonds (RATTLE: Andersen, J. Comput. Phys. 52, 24 (1983)).

    The bonds are those at the step's start throughout the step, as in OpenMM's custom integrators.
    """
    v = state.velocity
    for cluster in range(len(fixed.clusters) - 1):
        for _ in range(_MOST_SWEEPS):
            worst = splat(0.0)
            for c in range(fixed.clusters[cluster], fixed.clusters[cluster + 1]):
                i, j = fixed.atoms[c, 0], fixed.atoms[c, 1]
                per_i, per_j, reduced = fixed.values[c, 1], fixed.values[c, 2], fixed.values[c, 3]
                bx, by, bz = load3(room.bond, c)
                ix, iy, iz = load3(v, i)
                jx, jy, jz = load3(v, j)
                inverse = 1.0 / dot(bx, by, bz, bx, by, bz)
                along = dot(jx - ix, jy - iy, jz - iz, bx, by, bz) * inverse
                size = magnitude(along)
                needed = less(_SLOWEST * _SLOWEST, along * along * fixed.values[c, 0])
                worst = select(needed, size, worst)
                push = select(needed, reduced * along, 0.0)
                ix, iy, iz = plus_scaled(ix, iy, iz, per_i * push, bx, by, bz)
                jx, jy, jz = plus_scaled(jx, jy, jz, -per_j * push, bx, by, bz)
                store3(v, i, ix, iy, iz)
                store3(v, j, jx, jy, jz)
            if not any_lane(less(0.0, worst)):
                break


@compiled
def constrain_positions(fixed: Constraints, state: State, room: Room, per_time: float) -> None:
    """Bring constrained bonds back to length (SHAKE: Ryckaert et al., J. Comput. Phys. 23, 327 (1977)).

    Corrections go along the bonds as they were at the step's start, into moves and velocities.
    """
    v, move = state.velocity, room.move
    for cluster in range(len(fixed.clusters) - 1):
        for _ in range(_MOST_SWEEPS):
            worst = splat(0.0)
            for c in range(fixed.clusters[cluster], fixed.clusters[cluster + 1]):
                i, j = fixed.atoms[c, 0], fixed.atoms[c, 1]
                square, per_i, per_j, reduced = (
                    fixed.values[c, 0],
                    fixed.values[c, 1],
                    fixed.values[c, 2],
                    fixed.values[c, 3],
                )
                bx, by, bz = load3(room.bond, c)
                ix, iy, iz = load3(move, i)
                jx, jy, jz = load3(move, j)
                sx, sy, sz = bx + (jx - ix), by + (jy - iy), bz + (jz - iz)
                excess = dot(sx, sy, sz, sx, sy, sz) - square
                size = magnitude(excess)
                needed = less(_LENGTH_TOLERANCE * square, size)
                worst = select(needed, size, worst)
                push = select(needed, 0.5 * reduced * excess / dot(sx, sy, sz, bx, by, bz), 0.0)
                to_i, to_j = per_i * push, -per_j * push
                ix, iy, iz = plus_scaled(ix, iy, iz, to_i, bx, by, bz)
                jx, jy, jz = plus_scaled(jx, jy, jz, to_j, bx, by, bz)
                store3(move, i, ix, iy, iz)
                store3(move, j, jx, jy, jz)
                add_scaled3(v, i, per_time * to_i, bx, by, bz)
                add_scaled3(v, j, per_time * to_j, bx, by, bz)
            if not any_lane(less(0.0, worst)):
                break
