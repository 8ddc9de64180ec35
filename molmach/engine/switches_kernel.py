"""Potentials that depend on switches, and the throwing of the switches, for a block of lanes.

Forces are single precision like all others; what decides and what is booked is double.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from molmach.lanes.compiler import compiled
from molmach.lanes.functions import cross, dot
from molmach.lanes.memory import add3, load3
from molmach.lanes.random import xoshiro
from molmach.lanes.types import LANES, load, load_words, splat, sqrt, store, store_words

Singles = NDArray[np.float32]
Doubles = NDArray[np.float64]
Ints = NDArray[np.int32]

WELL, CHARGED, TWIST = range(3)
"""Kinds of shapes, see :mod:`molmach.drives.base`."""

_BUFFER_NM = np.float32(0.005)


class Switching(NamedTuple):
    """Terms and switches as arrays; what may differ between lanes is (rows, LANES).

    Attributes
    ----------
    kind, switch
        (n_terms,) kind of each term's shape, and its switch; -1 for static terms.
    size
        (n_terms,) 1/(2 width^2) of a well, Coulomb constant over the site's atoms of a charge.
    ring, charge, ring_start, site, site_start
        Atoms of each term's ring (with their charges) and site, one row after the other.
    torsions, heights, torsion_start
        (n, 4) atoms and (n,) heights of each term's torsions.
    off, on
        (n_terms, LANES) amplitudes, kJ/mol.
    channel_start, leading
        (n_switches + 1,) each switch's channels; (n_switches,) its first term.
    on_chance, off_chance
        (n_channels, LANES) largest chances to pass in a step.
    thermal, hindrance, power
        (n_channels,) see :class:`molmach.drives.base.Channel`; h in kT, and E = level^power.
    period, duty
        (n_switches, LANES) and (n_switches,) of clocks; period 0 for switches thrown at random.
    beta
        1/(k_B T), mol/kJ.
    """

    kind: Ints
    switch: Ints
    size: Doubles
    ring: Ints
    charge: Singles
    ring_start: Ints
    site: Ints
    site_start: Ints
    torsions: Ints
    heights: Singles
    torsion_start: Ints
    off: Doubles
    on: Doubles
    channel_start: Ints
    leading: Ints
    on_chance: Doubles
    off_chance: Doubles
    thermal: Ints
    hindrance: Doubles
    power: Doubles
    period: Doubles
    duty: Doubles
    beta: float


@compiled
def _amplitude(sw: Switching, term: int, thrown: Doubles, lane: int) -> Any:
    if sw.switch[term] < 0:
        return sw.off[term, lane]
    on = thrown[sw.switch[term], lane]
    return sw.off[term, lane] + on * (sw.on[term, lane] - sw.off[term, lane])


@compiled
def _amplitudes(sw: Switching, term: int, thrown: Doubles, room: Singles) -> Any:
    for lane in range(LANES):
        room[0, lane] = _amplitude(sw, term, thrown, lane)
    return load(room, 0)


@compiled
def _set_level(level: Doubles, term: int, total: Any, room: Singles) -> None:
    store(room, 1, total)
    for lane in range(LANES):
        level[term, lane] = room[1, lane]


@compiled
def _centroid(high: Singles, atoms: Ints, first: int, last: int) -> Any:
    x = y = z = splat(0.0)
    for a in range(first, last):
        u, v, w = load3(high, atoms[a])
        x, y, z = x + u, y + v, z + w
    share = np.float32(1.0 / (last - first))
    return share * x, share * y, share * z


@compiled
def _spread(force: Singles, atoms: Ints, first: int, last: int, x: Any, y: Any, z: Any) -> None:
    share = np.float32(1.0 / (last - first))
    for a in range(first, last):
        add3(force, atoms[a], share * x, share * y, share * z)


@compiled
def _well(
    sw: Switching, term: int, high: Singles, force: Singles, thrown: Doubles, room: Singles, level: Doubles
) -> None:
    r0, r1, s0, s1 = (
        sw.ring_start[term],
        sw.ring_start[term + 1],
        sw.site_start[term],
        sw.site_start[term + 1],
    )
    rx, ry, rz = _centroid(high, sw.ring, r0, r1)
    sx, sy, sz = _centroid(high, sw.site, s0, s1)
    dx, dy, dz = rx - sx, ry - sy, rz - sz
    store(room, 0, dot(dx, dy, dz, dx, dy, dz))
    for lane in range(LANES):
        level[term, lane] = math.exp(-sw.size[term] * room[0, lane])
        room[1, lane] = 2.0 * sw.size[term] * _amplitude(sw, term, thrown, lane) * level[term, lane]
    push = load(room, 1)
    _spread(force, sw.ring, r0, r1, push * dx, push * dy, push * dz)
    _spread(force, sw.site, s0, s1, -(push * dx), -(push * dy), -(push * dz))


@compiled
def _charged(
    sw: Switching, term: int, high: Singles, force: Singles, thrown: Doubles, room: Singles, level: Doubles
) -> None:
    amplitude = _amplitudes(sw, term, thrown, room)
    total = splat(0.0)
    for a in range(sw.ring_start[term], sw.ring_start[term + 1]):
        i = sw.ring[a]
        q = np.float32(sw.size[term] * sw.charge[a])
        x, y, z = load3(high, i)
        for b in range(sw.site_start[term], sw.site_start[term + 1]):
            j = sw.site[b]
            u, v, w = load3(high, j)
            dx, dy, dz = x - u, y - v, z - w
            r = sqrt(dot(dx, dy, dz, dx, dy, dz))
            near = 1.0 / (r + _BUFFER_NM)
            total = total + q * near
            push = amplitude * (q * (near * near)) / r
            add3(force, i, push * dx, push * dy, push * dz)
            add3(force, j, -(push * dx), -(push * dy), -(push * dz))
    _set_level(level, term, total, room)


@compiled
def _twist(
    sw: Switching, term: int, high: Singles, force: Singles, thrown: Doubles, room: Singles, level: Doubles
) -> None:
    """E = v (1 - cos^2 w); gradients after Blondel & Karplus, J. Comput. Chem. 17, 1132 (1996)."""
    amplitude = _amplitudes(sw, term, thrown, room)
    total = splat(0.0)
    for t in range(sw.torsion_start[term], sw.torsion_start[term + 1]):
        i, j, k, ell = sw.torsions[t, 0], sw.torsions[t, 1], sw.torsions[t, 2], sw.torsions[t, 3]
        v = sw.heights[t]
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
        total = total + v * (1.0 - cosine * cosine * (per_a * per_b))
        # dE/dw = 2 v sin w cos w; |G| is taken out of the sine and out of the gradients of w.
        slope = amplitude * (2.0 * v * cosine * dot(cx, cy, cz, gx, gy, gz) * (per_a * per_b))
        along_f = dot(fx, fy, fz, gx, gy, gz) / gg
        along_h = dot(hx, hy, hz, gx, gy, gz) / gg
        pa, pb = slope * per_a, slope * per_b
        add3(force, i, pa * ax, pa * ay, pa * az)
        add3(force, ell, -(pb * bx), -(pb * by), -(pb * bz))
        ca, cb = pa * along_f, pb * along_h
        add3(force, j, cb * bx - (pa + ca) * ax, cb * by - (pa + ca) * ay, cb * bz - (pa + ca) * az)
        add3(force, k, (pb - cb) * bx + ca * ax, (pb - cb) * by + ca * ay, (pb - cb) * bz + ca * az)
    _set_level(level, term, total, room)


@compiled
def switched_forces(
    sw: Switching,
    high: Singles,
    force: Singles,
    thrown: Doubles,
    level: Doubles,
    room: Singles,
    work: Doubles,
) -> None:
    """Add every term's force, set its level, and add to ``work`` (LANES,) what the terms did on the way.

    With the switches as they stand, a term's work on the machine is what its energy has lost; static
    terms are the machine's own and do none.
    """
    for term in range(len(sw.kind)):
        driven = 1.0 if sw.switch[term] >= 0 else 0.0
        for lane in range(LANES):
            work[lane] += driven * _amplitude(sw, term, thrown, lane) * level[term, lane]
        if sw.kind[term] == WELL:
            _well(sw, term, high, force, thrown, room, level)
        elif sw.kind[term] == CHARGED:
            _charged(sw, term, high, force, thrown, room, level)
        else:
            _twist(sw, term, high, force, thrown, room, level)
        for lane in range(LANES):
            work[lane] -= driven * _amplitude(sw, term, thrown, lane) * level[term, lane]


@compiled
def switched_energy(sw: Switching, thrown: Doubles, level: Doubles, lane: int, static_only: bool) -> float:
    """Energy of all terms in a lane, or the static ones, with levels as :func:`switched_forces` left them."""
    total = 0.0
    for term in range(len(sw.kind)):
        if static_only and sw.switch[term] >= 0:
            continue
        total += _amplitude(sw, term, thrown, lane) * level[term, lane]
    return total


@compiled
def _cost(sw: Switching, switch: int, level: Doubles, lane: int) -> Any:
    """Energy that throwing a switch on takes, in kT."""
    total = 0.0
    for term in range(len(sw.kind)):
        if sw.switch[term] == switch:
            total += (sw.on[term, lane] - sw.off[term, lane]) * level[term, lane]
    return total * sw.beta


@compiled
def throw_switches(
    sw: Switching,
    thrown: Doubles,
    level: Doubles,
    random: NDArray[np.uint32],
    time_ps: float,
    events: Doubles,
) -> None:
    """Let every switch be thrown or not at this step; count events (LANES,).

    A channel passes with its rate times the step; the draw is one for all channels of a switch.
    """
    s0, s1, s2, s3 = (
        load_words(random, 0),
        load_words(random, 1),
        load_words(random, 2),
        load_words(random, 3),
    )
    draws = np.empty((1, LANES), dtype=np.uint32)
    for switch in range(len(sw.leading)):
        word, s0, s1, s2, s3 = xoshiro(s0, s1, s2, s3)
        store_words(draws, 0, word)
        for lane in range(LANES):
            if sw.period[switch, lane] > 0.0:
                phase = time_ps / sw.period[switch, lane]
                now = (
                    1.0
                    if phase - math.floor(phase) >= 1.0 - sw.duty[switch] and sw.period[switch, lane] < 1e300
                    else 0.0
                )
                if now > thrown[switch, lane]:
                    events[lane] += 1.0
                thrown[switch, lane] = now
                continue
            u = (draws[0, lane] + 0.5) * 2.3283064365386963e-10
            is_on = thrown[switch, lane] > 0.0
            chances = sw.off_chance if is_on else sw.on_chance
            first, last = sw.channel_start[switch], sw.channel_start[switch + 1]
            largest = 0.0
            for c in range(first, last):
                largest += chances[c, lane]
            if u >= largest:
                continue
            cost = _cost(sw, switch, level, lane)
            uphill = math.exp(-max(0.0, -cost if is_on else cost))
            for c in range(first, last):
                chance = chances[c, lane]
                if sw.thermal[c] != 0:
                    chance *= uphill
                if sw.hindrance[c] != 0.0:
                    chance *= math.exp(-sw.hindrance[c] * level[sw.leading[switch], lane] ** sw.power[c])
                if u < chance:
                    thrown[switch, lane] = 0.0 if is_on else 1.0
                    if c == first:
                        events[lane] += -1.0 if is_on else 1.0
                    break
                u -= chance
    store_words(random, 0, s0)
    store_words(random, 1, s1)
    store_words(random, 2, s2)
    store_words(random, 3, s3)
