"""The shapes of :mod:`molmach.forcefield.terms` compiled, for many replicas at once, one replica a lane.

A force field's compiled force is a sequence of these. They are arranged so that what terms share is
computed once. All bonded terms are functions of bond lengths and unit bond vectors u: an angle's cosine is
u.u', a Wilson angle follows from the triple product of a centre's three u and its cosines, a torsion's
cosine from the unit normals u x u_axis, of which each arm of a central bond has one. So :func:`stretch`
comes first, each bonded term adds to dE/dr and dE/du of its bonds, and :func:`pull_atoms` turns these into
forces on atoms.

``tables`` is the force field's own NamedTuple; a function reads the fields that it names, which
:mod:`molmach.forcefield.terms_tables` makes. ``energy`` is None or (2 n_terms, LANES), see
:class:`molmach.forcefield.compiled.CompiledForce`; ``term`` is the number of the energy's term there.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from molmach.forcefield.terms import CUBIC_BEND, CUBIC_STRETCH, ELECTROSTATIC_BUFFER
from molmach.lanes.compiler import compiled
from molmach.lanes.functions import arccosine, arcsine, cross, dot, plus_scaled
from molmach.lanes.memory import add3, add_scaled3, book, load3, store3
from molmach.lanes.types import LANES, fused, load, maximum, minimum, splat, sqrt, store

Singles = NDArray[np.float32]

_SMALLEST_SINE = 1e-4
"""Sines below this, of angles within a hundredth of a degree of a line, are taken as this."""


class Scratch(NamedTuple):
    """Room for what bonded terms derive from positions; each is (rows, LANES)."""

    unit: Singles
    length: Singles
    by_length: Singles
    by_unit: Singles
    normal: Singles
    by_normal: Singles


def scratch_for(tables: Any) -> Scratch:
    """Room for one block of lanes; reads ``bond_atoms`` and ``axis_arms``."""
    bonds = len(tables.bond_atoms)
    arms = int(np.max(np.diff(tables.axis_arms), initial=1))

    def room(rows: int) -> Singles:
        return np.zeros((rows, LANES), dtype=np.float32)

    return Scratch(room(3 * bonds), room(bonds), room(bonds), room(3 * bonds), room(4 * arms), room(3 * arms))


@compiled
def stretch(tables: Any, scratch: Scratch, high: Singles, low: Singles, energy: Any, term: int) -> None:
    """Bond lengths and unit vectors; dE/dr of k d^2 (1 - c d + 7/12 c^2 d^2). ``bond_atoms, bond_values``."""
    cubic = -3.0 * CUBIC_STRETCH
    quartic = 7.0 / 3.0 * CUBIC_STRETCH**2
    zero = splat(0.0)
    for b in range(len(tables.bond_atoms)):
        i, j = tables.bond_atoms[b, 0], tables.bond_atoms[b, 1]
        k, r0 = tables.bond_values[b, 0], tables.bond_values[b, 1]
        xi, yi, zi = load3(high, i)
        xj, yj, zj = load3(high, j)
        ui, vi, wi = load3(low, i)
        uj, vj, wj = load3(low, j)
        # The high parts' difference is exact to a bond's own precision; the low parts add the rest.
        x, y, z = (xj - xi) + (uj - ui), (yj - yi) + (vj - vi), (zj - zi) + (wj - wi)
        r = sqrt(dot(x, y, z, x, y, z))
        inverse = 1.0 / r
        d = r - r0
        store3(scratch.unit, b, x * inverse, y * inverse, z * inverse)
        store(scratch.length, b, r)
        store(scratch.by_length, b, k * d * fused(d, fused(quartic, d, cubic), 2.0))
        store3(scratch.by_unit, b, zero, zero, zero)
        if energy is not None:
            book(energy, term, k * d * d * fused(d, fused(quartic / 4.0, d, cubic / 3.0), 1.0))


@compiled
def bend(tables: Any, scratch: Scratch, energy: Any, term: int) -> None:
    """k a^2 (1 + c a), a = theta - theta0. ``angle_bonds, angle_sign, angle_values``."""
    for t in range(len(tables.angle_bonds)):
        p, q = tables.angle_bonds[t, 0], tables.angle_bonds[t, 1]
        k = tables.angle_values[t, 0]
        a, sine = _bent(tables, scratch, t)
        by_angle = k * a * fused(3.0 * CUBIC_BEND, a, 2.0)
        _turn_bonds(scratch, p, q, (-tables.angle_sign[t]) * by_angle / maximum(sine, _SMALLEST_SINE))
        if energy is not None:
            book(energy, term, k * a * a * fused(CUBIC_BEND, a, 1.0))


@compiled
def bend_coupled(tables: Any, scratch: Scratch, energy: Any, term: int, coupled_term: int) -> None:
    """As :func:`bend`, and (k_ij d_ij + k_kj d_kj) a, the two k in columns 2 and 3 of ``angle_values``."""
    for t in range(len(tables.angle_bonds)):
        p, q = tables.angle_bonds[t, 0], tables.angle_bonds[t, 1]
        k, k_p, k_q = tables.angle_values[t, 0], tables.angle_values[t, 2], tables.angle_values[t, 3]
        a, sine = _bent(tables, scratch, t)
        d_p = load(scratch.length, p) - tables.bond_values[p, 1]
        d_q = load(scratch.length, q) - tables.bond_values[q, 1]
        coupling = fused(k_p, d_p, k_q * d_q)
        by_angle = fused(k * a, fused(3.0 * CUBIC_BEND, a, 2.0), coupling)
        _turn_bonds(scratch, p, q, (-tables.angle_sign[t]) * by_angle / maximum(sine, _SMALLEST_SINE))
        store(scratch.by_length, p, fused(k_p, a, load(scratch.by_length, p)))
        store(scratch.by_length, q, fused(k_q, a, load(scratch.by_length, q)))
        if energy is not None:
            book(energy, term, k * a * a * fused(CUBIC_BEND, a, 1.0))
            book(energy, coupled_term, coupling * a)


@compiled
def _bent(tables: Any, scratch: Scratch, t: int) -> Any:
    """An angle's theta - theta0, and its sine."""
    px, py, pz = load3(scratch.unit, tables.angle_bonds[t, 0])
    qx, qy, qz = load3(scratch.unit, tables.angle_bonds[t, 1])
    cosine = maximum(minimum(tables.angle_sign[t] * dot(px, py, pz, qx, qy, qz), 1.0), -1.0)
    # The cross product keeps the sine's precision near a straight line, where 1 - cos^2 cancels.
    nx, ny, nz = cross(px, py, pz, qx, qy, qz)
    sine = sqrt(dot(nx, ny, nz, nx, ny, nz))
    return arccosine(cosine, sine) - tables.angle_values[t, 1], sine


@compiled
def _turn_bonds(scratch: Scratch, p: int, q: int, by_cosine: Any) -> None:
    """Add dE/du of two bonds whose u.u' has the derivative ``by_cosine``."""
    px, py, pz = load3(scratch.unit, p)
    qx, qy, qz = load3(scratch.unit, q)
    add_scaled3(scratch.by_unit, p, by_cosine, qx, qy, qz)
    add_scaled3(scratch.by_unit, q, by_cosine, px, py, pz)


@compiled
def bend_linear(tables: Any, scratch: Scratch, energy: Any, term: int) -> None:
    """k (1 + cos theta). ``linear_bonds, linear_values``."""
    for t in range(len(tables.linear_bonds)):
        p, q = tables.linear_bonds[t, 0], tables.linear_bonds[t, 1]
        by_cosine = tables.linear_values[t, 0]
        _turn_bonds(scratch, p, q, by_cosine)
        if energy is not None:
            px, py, pz = load3(scratch.unit, p)
            qx, qy, qz = load3(scratch.unit, q)
            # 1 + cos theta from |u + u'|^2 / 2, which does not cancel near a straight line.
            sign = by_cosine / tables.linear_values[t, 1]
            sx, sy, sz = plus_scaled(px, py, pz, sign, qx, qy, qz)
            book(energy, term, 0.5 * tables.linear_values[t, 1] * dot(sx, sy, sz, sx, sy, sz))


@compiled
def _wilson(triple: Any, cosine: Any, k: float) -> Any:
    """One Wilson angle chi, sin chi = triple / sin theta: dE/d(triple), dE/d(cos theta) and k chi^2."""
    square = maximum((1.0 - cosine) * (1.0 + cosine), _SMALLEST_SINE * _SMALLEST_SINE)
    inverse = 1.0 / sqrt(square)
    sine = maximum(minimum(triple * inverse, 0.999999), -0.999999)
    cos_chi = sqrt((1.0 - sine) * (1.0 + sine))
    chi = arcsine(sine, cos_chi)
    by_sine = 2.0 * k * chi / cos_chi
    return by_sine * inverse, by_sine * sine * cosine * (inverse * inverse), k * chi * chi


@compiled
def bend_out_of_plane(tables: Any, scratch: Scratch, energy: Any, term: int) -> None:
    """k (chi_1^2 + chi_2^2 + chi_3^2), chi_l the Wilson angle of bond l and the plane of the others.

    ``plane_bonds, plane_values``.
    """
    for t in range(len(tables.plane_bonds)):
        p, q, s = tables.plane_bonds[t, 0], tables.plane_bonds[t, 1], tables.plane_bonds[t, 2]
        k = tables.plane_values[t, 0]
        px, py, pz = load3(scratch.unit, p)
        qx, qy, qz = load3(scratch.unit, q)
        sx, sy, sz = load3(scratch.unit, s)
        # Bonds may point to the centre: that changes the signs of triple and cosines, of which
        # the energy has only squares, consistently.
        pqx, pqy, pqz = cross(px, py, pz, qx, qy, qz)
        qsx, qsy, qsz = cross(qx, qy, qz, sx, sy, sz)
        spx, spy, spz = cross(sx, sy, sz, px, py, pz)
        triple = dot(pqx, pqy, pqz, sx, sy, sz)
        t_s, c_pq, e_s = _wilson(triple, dot(px, py, pz, qx, qy, qz), k)
        t_p, c_qs, e_p = _wilson(triple, dot(qx, qy, qz, sx, sy, sz), k)
        t_q, c_sp, e_q = _wilson(triple, dot(sx, sy, sz, px, py, pz), k)
        g = t_s + t_p + t_q
        add3(
            scratch.by_unit,
            p,
            fused(g, qsx, fused(c_pq, qx, c_sp * sx)),
            fused(g, qsy, fused(c_pq, qy, c_sp * sy)),
            fused(g, qsz, fused(c_pq, qz, c_sp * sz)),
        )
        add3(
            scratch.by_unit,
            q,
            fused(g, spx, fused(c_pq, px, c_qs * sx)),
            fused(g, spy, fused(c_pq, py, c_qs * sy)),
            fused(g, spz, fused(c_pq, pz, c_qs * sz)),
        )
        add3(
            scratch.by_unit,
            s,
            fused(g, pqx, fused(c_qs, qx, c_sp * px)),
            fused(g, pqy, fused(c_qs, qy, c_sp * py)),
            fused(g, pqz, fused(c_qs, qz, c_sp * pz)),
        )
        if energy is not None:
            book(energy, term, e_s + e_p + e_q)


@compiled
def twist(tables: Any, scratch: Scratch, energy: Any, term: int) -> None:
    """[v1 (1 + cos w) + v2 (1 - cos 2w) + v3 (1 + cos 3w)] / 2 as a polynomial in cos w.

    ``axis_bond, axis_arms, arm_bond, axis_torsions, torsion_arms, torsion_values``.
    """
    zero = splat(0.0)
    for axis in range(len(tables.axis_bond)):
        b = tables.axis_bond[axis]
        ax, ay, az = load3(scratch.unit, b)
        first = tables.axis_arms[axis]
        arms = tables.axis_arms[axis + 1] - first
        for arm in range(arms):
            ux, uy, uz = load3(scratch.unit, tables.arm_bond[first + arm])
            nx, ny, nz = cross(ux, uy, uz, ax, ay, az)
            inverse = 1.0 / sqrt(maximum(dot(nx, ny, nz, nx, ny, nz), _SMALLEST_SINE * _SMALLEST_SINE))
            store(scratch.normal, 4 * arm, nx * inverse)
            store(scratch.normal, 4 * arm + 1, ny * inverse)
            store(scratch.normal, 4 * arm + 2, nz * inverse)
            store(scratch.normal, 4 * arm + 3, inverse)
            store3(scratch.by_normal, arm, zero, zero, zero)
        for t in range(tables.axis_torsions[axis], tables.axis_torsions[axis + 1]):
            m, n = tables.torsion_arms[t, 0], tables.torsion_arms[t, 1]
            v1, v2, v3 = tables.torsion_values[t, 0], tables.torsion_values[t, 1], tables.torsion_values[t, 2]
            mx, my, mz = _normal(scratch, m)
            nx, ny, nz = _normal(scratch, n)
            c = dot(mx, my, mz, nx, ny, nz)
            slope = fused(c, fused(6.0 * v3, c, -2.0 * v2), 0.5 * (v1 - 3.0 * v3))
            add_scaled3(scratch.by_normal, m, slope, nx, ny, nz)
            add_scaled3(scratch.by_normal, n, slope, mx, my, mz)
            if energy is not None:
                level = tables.torsion_values[t, 3]
                rise = fused(c, fused(2.0 * v3, c, -v2), 0.5 * (v1 - 3.0 * v3))
                book(energy, term, fused(c, rise, level))
        for arm in range(arms):
            other = tables.arm_bond[first + arm]
            ux, uy, uz = load3(scratch.unit, other)
            nx, ny, nz = _normal(scratch, arm)
            gx, gy, gz = load3(scratch.by_normal, arm)
            inverse = load(scratch.normal, 4 * arm + 3)
            along = dot(gx, gy, gz, nx, ny, nz)
            gx, gy, gz = plus_scaled(gx, gy, gz, -along, nx, ny, nz)
            gx, gy, gz = inverse * gx, inverse * gy, inverse * gz
            dx, dy, dz = cross(ax, ay, az, gx, gy, gz)
            add3(scratch.by_unit, other, dx, dy, dz)
            dx, dy, dz = cross(gx, gy, gz, ux, uy, uz)
            add3(scratch.by_unit, b, dx, dy, dz)


@compiled
def _normal(scratch: Scratch, arm: int) -> Any:
    return load(scratch.normal, 4 * arm), load(scratch.normal, 4 * arm + 1), load(scratch.normal, 4 * arm + 2)


@compiled
def pull_atoms(tables: Any, scratch: Scratch, force: Singles) -> None:
    """Forces from dE/dr and dE/du of every bond; u changes with the bond vector as (1 - u u)/r."""
    for b in range(len(tables.bond_atoms)):
        ux, uy, uz = load3(scratch.unit, b)
        gx, gy, gz = load3(scratch.by_unit, b)
        inverse = 1.0 / load(scratch.length, b)
        along = fused(-inverse, dot(gx, gy, gz, ux, uy, uz), load(scratch.by_length, b))
        fx, fy, fz = plus_scaled(along * ux, along * uy, along * uz, inverse, gx, gy, gz)
        add3(force, tables.bond_atoms[b, 0], fx, fy, fz)
        add3(force, tables.bond_atoms[b, 1], -fx, -fy, -fz)


@compiled
def push_pairs(tables: Any, high: Singles, force: Singles, energy: Any, term: int, coulomb_term: Any) -> None:
    """Buffered 14-7 and buffered Coulomb; one square root and one division a pair.

    ``pair_start, pair_partner, pair_values``; where ``coulomb_term`` is None nothing has a charge, and
    ``pair_values`` no third column.

    With s = r/r*, A = s + 0.07, B = s^7 + 0.12, C = r + buffer: the reciprocals of A, B, r and C^2
    all come from 1/(A B r C^2).
    """
    for i in range(len(tables.pair_start) - 1):
        xi, yi, zi = load3(high, i)
        fx, fy, fz = load3(force, i)
        for t in range(tables.pair_start[i], tables.pair_start[i + 1]):
            j = tables.pair_partner[t]
            inverse_r_star, steepness = tables.pair_values[t, 0], tables.pair_values[t, 1]
            qq = np.float32(0.0)
            if coulomb_term is not None:
                qq = tables.pair_values[t, 2]
            xj, yj, zj = load3(high, j)
            x, y, z = xi - xj, yi - yj, zi - zj
            r = sqrt(dot(x, y, z, x, y, z))
            s = r * inverse_r_star
            s2 = s * s
            s6 = s2 * s2 * s2
            a, b, c = s + 0.07, fused(s6, s, 0.12), r + ELECTROSTATIC_BUFFER
            ab, cc = a * b, c * c
            rcc = r * cc
            inverse = 1.0 / (ab * rcc)
            by_rcc = inverse * ab
            by_ab = inverse * rcc
            by_a, by_b = by_ab * b, by_ab * a
            shell = 1.07 * by_a
            shell3 = shell * shell * shell
            shell7 = shell3 * shell3 * shell
            well = fused(1.12, by_b, -2.0)
            push = steepness * shell7 * fused(by_a, well, 1.12 * s6 * (by_b * by_b))
            scale = fused(push, by_rcc * cc, qq * by_rcc)
            fx, fy, fz = plus_scaled(fx, fy, fz, scale, x, y, z)
            add_scaled3(force, j, -scale, x, y, z)
            if energy is not None:
                book(energy, term, (steepness / (7.0 * inverse_r_star)) * shell7 * well)
                if coulomb_term is not None:
                    book(energy, coulomb_term, qq * (by_rcc * r * c))
        store3(force, i, fx, fy, fz)
