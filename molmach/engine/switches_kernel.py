"""Potentials that depend on switches, and the throwing of the switches, for a block of lanes.

Forces are single precision like all others; what decides and what is booked is double.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molmach.drives.shapes import Shape
from molmach.engine.block_kernel import Doubles, Ints, Room, Singles, State, Switching
from molmach.lanes.compiler import compiled
from molmach.lanes.elementary import exponential, power
from molmach.lanes.random import xoshiro
from molmach.lanes.types import LANES, load_words, store_words


@compiled
def _amplitude(sw: Switching, term: int, thrown: Doubles, lane: int) -> Any:
    if sw.switch[term] < 0:
        return sw.off[term, lane]
    on = thrown[sw.switch[term], lane]
    return sw.off[term, lane] + on * (sw.on[term, lane] - sw.off[term, lane])


def _ends(*arguments: Any) -> None:
    """No shape has this number."""


def _either(number: int, add_forces: Any, others: Any) -> Any:
    """``add_forces`` where the kind has this number, else the others."""

    @compiled
    def add(
        kind: int,
        atoms: Ints,
        starts: Ints,
        numbers: Doubles,
        high: Singles,
        force: Singles,
        amplitude: Doubles,
        level: Doubles,
        room: Singles,
    ) -> None:
        if kind == number:
            add_forces(atoms, starts, numbers, high, force, amplitude, level, room)
        else:
            others(kind, atoms, starts, numbers, high, force, amplitude, level, room)

    return add


@cache
def make_switched_forces(shapes: tuple[type[Shape], ...]) -> Any:
    """The function that adds the forces of terms of these shapes, numbered in their order."""
    add_shape = compiled(_ends)
    for number, shape in reversed(list(enumerate(shapes))):
        add_shape = _either(number, shape.compiled(), add_shape)

    @compiled
    def switched_forces(sw: Switching, state: State, room: Room, work: Doubles) -> None:
        """Add every term's force, set its level, and add to ``work`` (LANES,) what the terms did on the way.

        With the switches as they stand, a term's work on the machine is what its energy has lost; static
        terms are the machine's own and do none.
        """
        amplitude, level = room.amplitude, state.level
        for term in range(len(sw.kind)):
            driven = 1.0 if sw.switch[term] >= 0 else 0.0
            for lane in range(LANES):
                amplitude[lane] = _amplitude(sw, term, state.thrown, lane)
                work[lane] += driven * amplitude[lane] * level[term, lane]
            add_shape(
                sw.kind[term],
                sw.atoms,
                sw.group_start[sw.first_group[term] : sw.first_group[term + 1] + 1],
                sw.numbers[sw.first_number[term] : sw.first_number[term + 1]],
                state.high,
                state.force,
                amplitude,
                level[term],
                room.switch,
            )
            for lane in range(LANES):
                work[lane] -= driven * amplitude[lane] * level[term, lane]

    return switched_forces


@compiled
def switched_energy(sw: Switching, thrown: Doubles, level: Doubles, lane: int, static_only: bool) -> float:
    """Energy of all terms in a lane, or the static ones, with levels as the forces left them."""
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
            uphill = exponential(-max(0.0, -cost if is_on else cost))
            for c in range(first, last):
                chance = chances[c, lane]
                if sw.thermal[c] != 0:
                    chance *= uphill
                if sw.hindrance[c] != 0.0:
                    nearness = power(level[sw.leading[switch], lane], sw.power[c])
                    chance *= exponential(-sw.hindrance[c] * nearness)
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
