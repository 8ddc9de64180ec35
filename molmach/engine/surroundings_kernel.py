"""Anchors, drive and load of one block of lanes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from molmach.engine.block_kernel import Doubles, Room, State, Surroundings
from molmach.lanes.compiler import compiled
from molmach.lanes.elementary import sine_cosine
from molmach.lanes.functions import dot, plus_scaled
from molmach.lanes.memory import add_scaled3, load3, store3
from molmach.lanes.types import LANES, fused, load, splat, store


@compiled
def _field_at(around: Surroundings, time_ps: float) -> Any:
    """The three components of the field at a time."""
    sine, cosine = sine_cosine(around.angular_frequency * time_ps)
    c, s = np.float32(cosine), np.float32(sine)
    x, y, z = load3(around.cosine, 0)
    u, v, w = load3(around.sine, 0)
    return plus_scaled(c * x, c * y, c * z, s, u, v, w)


@compiled
def add_anchors(around: Surroundings, state: State) -> None:
    """-k (r - r0); rows of ``anchor_place`` are the places' high parts, then their low ones."""
    count = len(around.anchor_atoms)
    k = np.float32(around.stiffness)
    for a in range(count):
        i = around.anchor_atoms[a]
        x, y, z = load3(state.high, i)
        u, v, w = load3(state.low, i)
        x0, y0, z0 = load3(around.anchor_place, a)
        u0, v0, w0 = load3(around.anchor_place, count + a)
        add_scaled3(state.force, i, k, (x0 - x) + (u0 - u), (y0 - y) + (v0 - v), (z0 - z) + (w0 - w))


@compiled
def add_drive(around: Surroundings, state: State, room: Room, time_ps: float) -> Any:
    """Add the drive's forces; return field work and the torque's turn of the step just made."""
    work = splat(0.0)
    turn = splat(0.0)
    if around.fielded:
        ex, ey, ez = _field_at(around, time_ps)
        ox, oy, oz = load3(state.field, 0)
        mx, my, mz = 0.5 * (ex + ox), 0.5 * (ey + oy), 0.5 * (ez + oz)
        for i in range(len(around.charge)):
            q = around.charge[i]
            add_scaled3(state.force, i, q, ex, ey, ez)
            dx, dy, dz = load3(room.move, i)
            work = fused(q, dot(mx, my, mz, dx, dy, dz), work)
        store3(state.field, 0, ex, ey, ez)
    if around.twisted:
        torque = load(around.torque, 0) + load(around.torque, 1)
        for a in range(len(around.lever_atoms)):
            i = around.lever_atoms[a]
            x, y = load(state.high, 3 * i), load(state.high, 3 * i + 1)
            share = around.lever_shares[a] / fused(y, y, x * x)
            gx, gy = -(share * y), share * x
            ox, oy = load(state.lever, 2 * a), load(state.lever, 2 * a + 1)
            dx, dy = load(room.move, 3 * i), load(room.move, 3 * i + 1)
            turn = fused(0.5, fused(gx + ox, dx, (gy + oy) * dy), turn)
            store(state.lever, 2 * a, gx)
            store(state.lever, 2 * a + 1, gy)
            store(state.force, 3 * i, fused(torque, gx, load(state.force, 3 * i)))
            store(state.force, 3 * i + 1, fused(torque, gy, load(state.force, 3 * i + 1)))
    return work, turn


@compiled
def anchor_energy(around: Surroundings, state: State, energy: Doubles) -> None:
    """Add k/2 |r - r0|^2 of every lane's anchors."""
    count = len(around.anchor_atoms)
    for a in range(count):
        for axis in range(3):
            row = 3 * around.anchor_atoms[a] + axis
            for lane in range(LANES):
                d = (
                    np.float64(state.high[row, lane])
                    - around.anchor_place[3 * a + axis, lane]
                    + state.low[row, lane]
                    - around.anchor_place[3 * (count + a) + axis, lane]
                )
                energy[lane] += 0.5 * around.stiffness * d * d


@compiled
def drive_energy(around: Surroundings, state: State, lane: int) -> float:
    """-q E.r, E as :func:`add_drive` left it, and -torque w phi of one lane."""
    total = 0.0
    if around.fielded:
        for row in range(len(state.high)):
            total -= np.float64(around.charge[row // 3]) * state.field[row % 3, lane] * state.high[row, lane]
    if around.twisted:
        torque = np.float64(around.torque[0, lane]) + around.torque[1, lane]
        for a in range(len(around.lever_atoms)):
            row = 3 * around.lever_atoms[a]
            angle = math.atan2(np.float64(state.high[row + 1, lane]), np.float64(state.high[row, lane]))
            total -= torque * around.lever_shares[a] * angle
    return total
