"""The compiled heart of the ``batched`` engine: Langevin dynamics of one block of replicas.

The scheme is that of :mod:`molmach.engine.integrator`, step for step and book for book, for
:data:`~molmach.lanes.types.LANES` replicas at once. What a lane computes depends on that lane alone:
its noise is its own stream, and iterations that have converged in a lane leave it untouched.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from molmach.engine.constraints_kernel import (
    Constraints,
    bond_vectors,
    constrain_positions,
    constrain_velocities,
)
from molmach.engine.switches_kernel import (
    Switching,
    switched_energy,
    switched_forces,
    throw_switches,
)
from molmach.forcefield.mmff94_kernel import Scratch, add_forces
from molmach.forcefield.mmff94_tables import Tables
from molmach.lanes.compiler import compiled, fingerprint, kernel
from molmach.lanes.functions import box_muller, dot
from molmach.lanes.memory import add3, load3, store3
from molmach.lanes.random import xoshiro
from molmach.lanes.types import (
    LANES,
    load,
    load_words,
    splat,
    store,
    store_words,
)

Singles = NDArray[np.float32]
Doubles = NDArray[np.float64]
Ints = NDArray[np.int32]

HEAT, DRIVE_WORK, LOAD_WORK, KINETIC_SUM, EVENTS = range(5)
"""Rows of the books, in the order of :data:`molmach.engine.integrator.BOOKS`."""


class Bath(NamedTuple):
    """Time step, friction and noise; the arrays are (n_atoms,).

    ``kick`` is dt/m, ``noise`` the width of the velocity's random part, ``half_mass`` m/2.
    """

    timestep: float
    decay: float
    kick: Singles
    noise: Singles
    half_mass: Singles


class Surroundings(NamedTuple):
    """Anchors, drive and load; what may differ between lanes is (rows, LANES).

    The drive is E(t) = cosine cos(wt) + sine sin(wt) on the charges; ``torque`` holds the drive's
    and the load's torque about the axle, spread over ``lever_atoms`` by ``lever_shares``. ``fielded``
    and ``twisted`` say whether any lane has a field or a torque at all.
    """

    anchor_atoms: Ints
    anchor_place: Singles
    stiffness: float
    fielded: bool
    charge: Singles
    cosine: Singles
    sine: Singles
    angular_frequency: float
    twisted: bool
    lever_atoms: Ints
    lever_shares: Singles
    torque: Singles


class State(NamedTuple):
    """All that a block's future depends on.

    Positions are the sum of ``high`` and ``low``; ``field`` and ``lever`` are the drive at these
    positions and at this time, whose averages over a step's two ends make the work; ``clock`` counts
    steps. ``thrown`` (n_switches, LANES) are the switches, ``level`` (n_terms, LANES) the shapes of
    what they switch, at these positions.
    """

    high: Singles
    low: Singles
    velocity: Singles
    force: Singles
    field: Singles
    lever: Singles
    random: NDArray[np.uint32]
    books: Doubles
    clock: NDArray[np.int64]
    thrown: Doubles
    level: Doubles


class Room(NamedTuple):
    """Room to work in."""

    scratch: Scratch
    move: Singles
    bond: Singles
    totals: Singles
    switch: Singles


class Block(NamedTuple):
    """One block of lanes: what acts, what moves, and room."""

    tables: Tables
    bath: Bath
    around: Surroundings
    fixed: Constraints
    switching: Switching
    state: State
    room: Room


@compiled
def _field_at(around: Surroundings, time_ps: float) -> Any:
    """The three components of the field at a time."""
    c = np.float32(math.cos(around.angular_frequency * time_ps))
    s = np.float32(math.sin(around.angular_frequency * time_ps))
    return (
        c * load(around.cosine, 0) + s * load(around.sine, 0),
        c * load(around.cosine, 1) + s * load(around.sine, 1),
        c * load(around.cosine, 2) + s * load(around.sine, 2),
    )


@compiled
def _anchor(around: Surroundings, state: State) -> None:
    """-k (r - r0); rows of ``anchor_place`` are the places' high parts, then their low ones."""
    count = len(around.anchor_atoms)
    k = np.float32(around.stiffness)
    for a in range(count):
        i = around.anchor_atoms[a]
        x, y, z = load3(state.high, i)
        u, v, w = load3(state.low, i)
        x0, y0, z0 = load3(around.anchor_place, a)
        u0, v0, w0 = load3(around.anchor_place, count + a)
        add3(state.force, i, k * ((x0 - x) + (u0 - u)), k * ((y0 - y) + (v0 - v)), k * ((z0 - z) + (w0 - w)))


@compiled
def _drive(around: Surroundings, state: State, room: Room, time_ps: float) -> Any:
    """Add the drive's forces; return field work and the torque's turn of the step just made."""
    work = splat(0.0)
    turn = splat(0.0)
    if around.fielded:
        ex, ey, ez = _field_at(around, time_ps)
        ox, oy, oz = load3(state.field, 0)
        mx, my, mz = 0.5 * (ex + ox), 0.5 * (ey + oy), 0.5 * (ez + oz)
        for i in range(len(around.charge)):
            q = around.charge[i]
            add3(state.force, i, q * ex, q * ey, q * ez)
            dx, dy, dz = load3(room.move, i)
            work = work + q * dot(mx, my, mz, dx, dy, dz)
        store3(state.field, 0, ex, ey, ez)
    if around.twisted:
        torque = load(around.torque, 0) + load(around.torque, 1)
        for a in range(len(around.lever_atoms)):
            i = around.lever_atoms[a]
            x, y = load(state.high, 3 * i), load(state.high, 3 * i + 1)
            share = around.lever_shares[a] / (x * x + y * y)
            gx, gy = -(share * y), share * x
            ox, oy = load(state.lever, 2 * a), load(state.lever, 2 * a + 1)
            dx, dy = load(room.move, 3 * i), load(room.move, 3 * i + 1)
            turn = turn + 0.5 * ((gx + ox) * dx + (gy + oy) * dy)
            store(state.lever, 2 * a, gx)
            store(state.lever, 2 * a + 1, gy)
            store(state.force, 3 * i, load(state.force, 3 * i) + torque * gx)
            store(state.force, 3 * i + 1, load(state.force, 3 * i + 1) + torque * gy)
    return work, turn


@compiled
def _anchor_energy(around: Surroundings, state: State, energy: Doubles) -> None:
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
def _drive_energy(around: Surroundings, state: State, lane: int) -> float:
    """-q E.r, E as :func:`_drive` left it, and -torque w phi of one lane."""
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


@compiled
def _thermostat(bath: Bath, state: State, room: Room) -> Any:
    """Half a drift, friction and noise; the kinetic energy before them."""
    half = np.float32(0.5 * bath.timestep)
    decay = np.float32(bath.decay)
    v = state.velocity
    s0, s1, s2, s3 = (
        load_words(state.random, 0),
        load_words(state.random, 1),
        load_words(state.random, 2),
        load_words(state.random, 3),
    )
    kinetic = splat(0.0)
    spare = splat(0.0)
    for i in range(len(bath.noise)):
        x, y, z = load3(v, i)
        kinetic = kinetic + bath.half_mass[i] * dot(x, y, z, x, y, z)
        store3(room.move, i, half * x, half * y, half * z)
        first, s0, s1, s2, s3 = xoshiro(s0, s1, s2, s3)
        second, s0, s1, s2, s3 = xoshiro(s0, s1, s2, s3)
        a, b = box_muller(first, second)
        c = spare
        if i % 2 == 0:  # three numbers an atom, made in pairs: every other atom leaves one
            first, s0, s1, s2, s3 = xoshiro(s0, s1, s2, s3)
            second, s0, s1, s2, s3 = xoshiro(s0, s1, s2, s3)
            c, spare = box_muller(first, second)
        width = bath.noise[i]
        store3(v, i, decay * x + width * a, decay * y + width * b, decay * z + width * c)
    store_words(state.random, 0, s0)
    store_words(state.random, 1, s1)
    store_words(state.random, 2, s2)
    store_words(state.random, 3, s3)
    return kinetic


@compiled
def _kinetic(bath: Bath, state: State) -> Any:
    total = splat(0.0)
    for i in range(len(bath.half_mass)):
        x, y, z = load3(state.velocity, i)
        total = total + bath.half_mass[i] * dot(x, y, z, x, y, z)
    return total


@compiled
def _advance(state: State, room: Room) -> None:
    """Add the step's moves to the positions, exactly (Knuth's sum), and clear the forces."""
    zero = splat(0.0)
    for row in range(len(state.high)):
        high = load(state.high, row)
        move = load(state.low, row) + load(room.move, row)
        new = high + move
        part = new - high
        store(state.high, row, new)
        store(state.low, row, (high - (new - part)) + (move - part))
        store(state.force, row, zero)


@compiled
def _enter(state: State, room: Room) -> None:
    """Book the totals of a step."""
    for row in range(len(room.totals)):
        for lane in range(LANES):
            state.books[row, lane] += room.totals[row, lane]


@compiled
def _step(block: Block) -> None:
    """One step: full kick, half drift, friction and noise, half drift."""
    tables, bath, around, fixed, switching, state, room = block
    v = state.velocity
    for i in range(len(bath.kick)):
        kick = bath.kick[i]
        fx, fy, fz = load3(state.force, i)
        add3(v, i, kick * fx, kick * fy, kick * fz)
    constrained = len(fixed.atoms) > 0
    if constrained:
        bond_vectors(fixed, state, room)
        constrain_velocities(fixed, state, room)
    before = _thermostat(bath, state, room)
    if constrained:
        # The noise's share along constrained bonds never reaches the motion: it is no heat.
        constrain_velocities(fixed, state, room)
    after = _kinetic(bath, state)
    half = np.float32(0.5 * bath.timestep)
    for row in range(len(v)):
        store(room.move, row, load(room.move, row) + half * load(v, row))
    if constrained:
        constrain_positions(fixed, state, room, np.float32(1.0 / bath.timestep))
    _advance(state, room)
    state.clock[0] += 1
    add_forces(tables, room.scratch, state.high, state.low, state.force, None)
    _anchor(around, state)
    work, turn = _drive(around, state, room, state.clock[0] * bath.timestep)
    store(room.totals, HEAT, before - after)
    store(room.totals, DRIVE_WORK, work + load(around.torque, 0) * turn)
    store(room.totals, LOAD_WORK, load(around.torque, 1) * turn)
    store(room.totals, KINETIC_SUM, 0.5 * (before + after))
    _enter(state, room)
    if len(switching.kind) > 0:
        work_of_switched = state.books[DRIVE_WORK]
        switched_forces(
            switching, state.high, state.force, state.thrown, state.level, room.switch, work_of_switched
        )
        time_ps = state.clock[0] * bath.timestep
        throw_switches(switching, state.thrown, state.level, state.random, time_ps, state.books[EVENTS])


def _make_start(source: str) -> Any:
    @kernel
    def start(
        block: Block,
        thermal_speed: Singles,
    ) -> None:
        """Draw velocities (widths (n_atoms,), nm/ps) and evaluate the forces at the start."""
        source  # noqa: B018  part of the cache's key, see molmach.lanes.compiler
        tables, bath, around, fixed, switching, state, room = block
        still = splat(0.0)
        for row in range(len(state.velocity)):
            store(state.velocity, row, still)
        _thermostat(Bath(0.0, 0.0, bath.kick, thermal_speed, bath.half_mass), state, room)
        if len(fixed.atoms) > 0:
            bond_vectors(fixed, state, room)
            constrain_velocities(fixed, state, room)
        for row in range(len(state.high)):
            store(state.force, row, still)
            store(room.move, row, still)
        add_forces(tables, room.scratch, state.high, state.low, state.force, None)
        _anchor(around, state)
        _drive(around, state, room, state.clock[0] * bath.timestep)
        switched_forces(
            switching, state.high, state.force, state.thrown, state.level, room.switch, np.zeros(LANES)
        )

    return start


def _make_run(source: str) -> Any:
    @kernel
    def run(
        block: Block,
        steps: int,
        positions: Doubles,
        books: Doubles,
    ) -> None:
        """Advance by samples of ``steps`` steps.

        ``positions`` (samples, LANES, n_atoms, 3) and ``books`` (samples, LANES, 5) take the samples.
        """
        source  # noqa: B018
        state = block.state
        for sample in range(len(positions)):
            for _ in range(steps):
                _step(block)
            for lane in range(LANES):
                for row in range(len(state.high)):
                    place = np.float64(state.high[row, lane]) + np.float64(state.low[row, lane])
                    positions[sample, lane, row // 3, row % 3] = place
                for row in range(len(state.books)):
                    books[sample, lane, row] = state.books[row, lane]

    return run


def _make_energy(source: str) -> Any:
    @kernel
    def energy(
        block: Block,
        terms: Singles,
        anchor: Doubles,
        kinetic: Singles,
    ) -> None:
        """Force-field energy by term (as :func:`add_forces` has it), of the surroundings, and kinetic."""
        source  # noqa: B018
        tables, bath, around, _, switching, state, room = block
        add_forces(tables, room.scratch, state.high, state.low, room.move, terms)
        store(kinetic, 0, _kinetic(bath, state))
        _anchor_energy(around, state, anchor)
        for lane in range(LANES):
            anchor[lane] += switched_energy(switching, state.thrown, state.level, lane, True)

    return energy


def _make_context_forces(source: str) -> Any:
    @kernel
    def context_forces(
        block: Block,
        time_ps: float,
        positions: Doubles,
        forces: Doubles,
    ) -> float:
        """Forces (replicas, n_atoms, 3) of every replica, and their total energy with anchors and drive."""
        source  # noqa: B018
        tables, _, around, _, switching, state, room = block
        terms = np.zeros((14, LANES), dtype=np.float32)
        anchor = np.zeros(LANES)
        total = 0.0
        for first in range(0, len(positions), LANES):
            filled = min(LANES, len(positions) - first)
            for lane in range(LANES):
                replica = first + min(lane, filled - 1)
                for row in range(len(state.high)):
                    place = positions[replica, row // 3, row % 3]
                    state.high[row, lane] = np.float32(place)
                    state.low[row, lane] = np.float32(place - np.float64(state.high[row, lane]))
            state.force[:] = 0.0
            terms[:] = 0.0
            anchor[:] = 0.0
            add_forces(tables, room.scratch, state.high, state.low, state.force, terms)
            _anchor(around, state)
            _anchor_energy(around, state, anchor)
            _drive(around, state, room, time_ps)
            switched_forces(
                switching, state.high, state.force, state.thrown, state.level, room.switch, np.zeros(LANES)
            )
            for lane in range(filled):
                total += anchor[lane] + _drive_energy(around, state, lane)
                total += switched_energy(switching, state.thrown, state.level, lane, False)
                for row in range(len(terms)):
                    total += terms[row, lane]
                for row in range(len(state.high)):
                    forces[first + lane, row // 3, row % 3] = state.force[row, lane]
        return total

    return context_forces


start = _make_start(fingerprint())
run = _make_run(fingerprint())
energy = _make_energy(fingerprint())
context_forces = _make_context_forces(fingerprint())
