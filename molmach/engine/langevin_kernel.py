"""The compiled heart of the ``batched`` engine: Langevin dynamics of one block of replicas.

The scheme is that of :mod:`molmach.engine.integrator`, step for step and book for book, for
:data:`~molmach.lanes.types.LANES` replicas at once. What a lane computes depends on that lane alone:
its noise is its own stream, and iterations that have converged in a lane leave it untouched.

The integrator knows no force field and no shape of a drive's energies: it closes over the functions that
it is given, and is compiled once for each combination of them.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from molmach.drives.shapes import Shape
from molmach.engine.block_kernel import Bath, Block, Doubles, Room, Singles, State
from molmach.engine.constraints_kernel import bond_vectors, constrain_positions, constrain_velocities
from molmach.engine.surroundings_kernel import add_anchors, add_drive, anchor_energy, drive_energy
from molmach.engine.switches_kernel import make_switched_forces, switched_energy, throw_switches
from molmach.forcefield import CompiledForce
from molmach.lanes.compiler import compiled, kernel
from molmach.lanes.functions import box_muller, dot, plus_scaled
from molmach.lanes.memory import add_scaled3, load3, store3
from molmach.lanes.random import xoshiro
from molmach.lanes.types import LANES, fused, load, load_words, splat, store, store_words

HEAT, DRIVE_WORK, LOAD_WORK, KINETIC_SUM, EVENTS = range(5)
"""Rows of the books, in the order of :data:`molmach.engine.stepper.BOOKS`."""


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
        kinetic = fused(bath.half_mass[i], dot(x, y, z, x, y, z), kinetic)
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
        x, y, z = plus_scaled(width * a, width * b, width * c, decay, x, y, z)
        store3(v, i, x, y, z)
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
        total = fused(bath.half_mass[i], dot(x, y, z, x, y, z), total)
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


def _make_step(add_forces: Any, switched_forces: Any) -> Any:
    @compiled
    def step(block: Block) -> None:
        """One step: full kick, half drift, friction and noise, half drift."""
        tables, bath, around, fixed, switching, state, room = block
        v = state.velocity
        for i in range(len(bath.kick)):
            kick = bath.kick[i]
            fx, fy, fz = load3(state.force, i)
            add_scaled3(v, i, kick, fx, fy, fz)
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
            store(room.move, row, fused(half, load(v, row), load(room.move, row)))
        if constrained:
            constrain_positions(fixed, state, room, np.float32(1.0 / bath.timestep))
        _advance(state, room)
        state.clock[0] += 1
        add_forces(tables, room.scratch, state.high, state.low, state.force, None)
        add_anchors(around, state)
        work, turn = add_drive(around, state, room, state.clock[0] * bath.timestep)
        store(room.totals, HEAT, before - after)
        store(room.totals, DRIVE_WORK, fused(load(around.torque, 0), turn, work))
        store(room.totals, LOAD_WORK, load(around.torque, 1) * turn)
        store(room.totals, KINETIC_SUM, 0.5 * (before + after))
        _enter(state, room)
        if len(switching.kind) > 0:
            switched_forces(switching, state, room, state.books[DRIVE_WORK])
            time_ps = state.clock[0] * bath.timestep
            throw_switches(switching, state.thrown, state.level, state.random, time_ps, state.books[EVENTS])

    return step


def _make_start(add_forces: Any, switched_forces: Any) -> Any:
    @kernel
    def start(
        block: Block,
        thermal_speed: Singles,
    ) -> None:
        """Draw velocities (widths (n_atoms,), nm/ps) and evaluate the forces at the start."""
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
        add_anchors(around, state)
        add_drive(around, state, room, state.clock[0] * bath.timestep)
        switched_forces(switching, state, room, np.zeros(LANES))

    return start


def _make_run(step: Any) -> Any:
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
        state = block.state
        for sample in range(len(positions)):
            for _ in range(steps):
                step(block)
            for lane in range(LANES):
                for row in range(len(state.high)):
                    place = np.float64(state.high[row, lane]) + np.float64(state.low[row, lane])
                    positions[sample, lane, row // 3, row % 3] = place
                for row in range(len(state.books)):
                    books[sample, lane, row] = state.books[row, lane]

    return run


def _make_energy(add_forces: Any) -> Any:
    @kernel
    def energy(
        block: Block,
        terms: Singles,
        anchor: Doubles,
        kinetic: Singles,
    ) -> None:
        """Energy of the compiled force's terms, of the surroundings, and kinetic."""
        tables, bath, around, _, switching, state, room = block
        add_forces(tables, room.scratch, state.high, state.low, room.move, terms)
        store(kinetic, 0, _kinetic(bath, state))
        anchor_energy(around, state, anchor)
        for lane in range(LANES):
            anchor[lane] += switched_energy(switching, state.thrown, state.level, lane, True)

    return energy


def _make_context_forces(add_forces: Any, switched_forces: Any, rows: int) -> Any:
    @kernel
    def context_forces(
        block: Block,
        time_ps: float,
        positions: Doubles,
        forces: Doubles,
    ) -> float:
        """Forces (replicas, n_atoms, 3) of every replica, and their total energy with anchors and drive."""
        tables, _, around, _, switching, state, room = block
        terms = np.zeros((rows, LANES), dtype=np.float32)
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
            add_anchors(around, state)
            anchor_energy(around, state, anchor)
            add_drive(around, state, room, time_ps)
            switched_forces(switching, state, room, np.zeros(LANES))
            for lane in range(filled):
                total += anchor[lane] + drive_energy(around, state, lane)
                total += switched_energy(switching, state.thrown, state.level, lane, False)
                for row in range(len(terms)):
                    total += terms[row, lane]
                for row in range(len(state.high)):
                    forces[first + lane, row // 3, row % 3] = state.force[row, lane]
        return total

    return context_forces


class Kernels(NamedTuple):
    """The compiled functions that a stepper calls, see :func:`make_kernels`."""

    start: Any
    run: Any
    energy: Any
    context_forces: Any


@cache
def make_kernels(force: CompiledForce, shapes: tuple[type[Shape], ...]) -> Kernels:
    """The integrator around a force field's compiled force, for drives of these shapes."""
    add_forces, switched_forces = force.add_forces, make_switched_forces(shapes)
    return Kernels(
        _make_start(add_forces, switched_forces),
        _make_run(_make_step(add_forces, switched_forces)),
        _make_energy(add_forces),
        _make_context_forces(add_forces, switched_forces, force.rows),
    )
