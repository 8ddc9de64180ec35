"""Machines that carry no current: paths of one coordinate, made so that their truth is known.

Every function takes a number of replicas, the (samples,) times in run lengths from 0 to 1 and a generator,
draws the parameters of one machine, and gives (replicas, samples) paths in cycles.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Maker = Callable[[int, Floats, np.random.Generator], Floats]


def rattling(replicas: int, time: Floats, rng: np.random.Generator, sd: float | None = None) -> Floats:
    """Thermal motion within a well: an Ornstein-Uhlenbeck process, its spread 0.01 to 0.12 cycles."""
    spread = _between(rng, 0.01, 0.12) if sd is None else sd
    memory = _between(rng, 0.001, 0.03)
    keep = np.exp(-(time[1] - time[0]) / memory)
    kicks = rng.normal(size=(replicas, time.size)) * np.sqrt(1.0 - keep**2)
    kicks[:, 0] = rng.normal(size=replicas)
    path = np.empty_like(kicks)
    path[:, 0] = kicks[:, 0]
    for k in range(1, time.size):
        path[:, k] = keep * path[:, k - 1] + kicks[:, k]
    return np.asarray(spread * path)


def relaxers(replicas: int, time: Floats, rng: np.random.Generator) -> Floats:
    """Each replica creeps to a new place, 0.1 to 1 cycle away, with one of 0.1 to 10 run lengths."""
    trip = rng.uniform(0.1, 1.0) * -np.expm1(-time / _between(rng, 0.1, 10.0))
    return trip + rattling(replicas, time, rng)


def loose_relaxers(replicas: int, time: Floats, rng: np.random.Generator) -> Floats:
    """Overdamped motion in a wide harmonic well, from 0.1 to 1 cycle off its bottom; spread to 0.4 cycles."""
    constant, spread = _between(rng, 0.1, 10.0), _between(rng, 0.05, 0.4)
    keep = np.exp(-(time[1] - time[0]) / constant)
    path = np.zeros((replicas, time.size))
    path[:, 0] = -rng.uniform(0.1, 1.0)
    for k in range(1, time.size):
        kick = rng.normal(size=replicas) * spread * np.sqrt(1.0 - keep**2)
        path[:, k] = keep * path[:, k - 1] + kick
    return path


def jumpers(replicas: int, time: Floats, rng: np.random.Generator) -> Floats:
    """Each replica jumps once to a new place, 0.1 to 1 cycle away, after an exponential time."""
    when = rng.exponential(_between(rng, 0.1, 10.0), replicas)
    return rng.uniform(0.1, 1.0) * (time >= when[:, None]) + rattling(replicas, time, rng)


def whole_jumpers(replicas: int, time: Floats, rng: np.random.Generator) -> Floats:
    """The same by exactly one cycle, so that the new place looks like the old one."""
    when = rng.exponential(_between(rng, 0.1, 10.0), replicas)
    return 1.0 * (time >= when[:, None]) + rattling(replicas, time, rng)


def once_round(replicas: int, time: Floats, rng: np.random.Generator) -> Floats:
    """Each replica goes round once, at any time in the run, and hops either way as often, 0.05 to 3 times.

    The hardest to tell from a machine that turns: no slowing, and a place of rest that looks like the start.
    """
    when = rng.uniform(0.0, 1.0, (replicas, 1))
    hops = _hops(replicas, time, rng, _between(rng, 0.05, 3.0))
    return np.asarray(1.0 * (time >= when) + hops + rattling(replicas, time, rng))


def once_round_and_free(replicas: int, time: Floats, rng: np.random.Generator) -> Floats:
    """The same beside free diffusion, 0.1 to 3 cycles in a run."""
    when = rng.uniform(0.0, 1.0, (replicas, 1))
    return np.asarray(1.0 * (time >= when) + free(replicas, time, rng))


def jumpers_that_hop(replicas: int, time: Floats, rng: np.random.Generator) -> Floats:
    """Jumpers that hop round either way as often, 0.1 to 3 times a run."""
    return jumpers(replicas, time, rng) + _hops(replicas, time, rng, _between(rng, 0.1, 3.0))


def wandering_relaxers(replicas: int, time: Floats, rng: np.random.Generator) -> Floats:
    """Relaxers that diffuse freely beside it, 0.1 to 3 cycles in a run."""
    return relaxers(replicas, time, rng) + free(replicas, time, rng)


def parked(replicas: int, time: Floats, rng: np.random.Generator) -> Floats:
    """The ring finds its well early and hops round from there, either way as often."""
    when = rng.exponential(_between(rng, 0.02, 0.3), replicas)
    park = rng.uniform(0.1, 1.0) * (time >= when[:, None])
    hops = _hops(replicas, time, rng, _between(rng, 0.1, 5.0))
    at = np.take_along_axis(hops, np.searchsorted(time, np.minimum(when, 1.0))[:, None], axis=1)
    return park + np.where(time >= when[:, None], hops - at, 0.0) + rattling(replicas, time, rng)


def trapped(replicas: int, time: Floats, rng: np.random.Generator) -> Floats:
    """Each replica is caught in one of two mirror shapes, which turn opposite ways."""
    shape = rng.choice([-1.0, 1.0], replicas)
    speed = _between(rng, 0.5, 60.0)
    return shape[:, None] * speed * time + rattling(replicas, time, rng)


def hopping(replicas: int, time: Floats, rng: np.random.Generator) -> Floats:
    """Rare hops round, either way as often: 0.05 to 5 a replica."""
    return _hops(replicas, time, rng, _between(rng, 0.05, 5.0)) + rattling(replicas, time, rng)


def free(replicas: int, time: Floats, rng: np.random.Generator) -> Floats:
    """Free diffusion, spread 0.1 to 3 cycles at the end."""
    step = _between(rng, 0.1, 3.0) * np.sqrt(time[1] - time[0])
    steps = rng.normal(0.0, step, (replicas, time.size))
    steps[:, 0] = 0.0
    return np.cumsum(steps, axis=1)


def reciprocal(replicas: int, time: Floats, rng: np.random.Generator) -> Floats:
    """To and fro by a clock of 0.2 to 3 run lengths, 0.1 to 0.9 cycles, from a start that is off the path."""
    period, lag = _between(rng, 0.2, 3.0), _between(rng, 0.01, 0.3)
    swing, phase = rng.uniform(0.1, 0.9), rng.uniform()
    target = swing * (((time / period + phase) % 1.0) >= 0.5)
    path = np.empty(time.size)
    path[0] = rng.uniform(-0.5, 0.5)
    keep = np.exp(-(time[1] - time[0]) / lag)
    for k in range(1, time.size):
        path[k] = target[k] + keep * (path[k - 1] - target[k])
    return path + rattling(replicas, time, rng)


def equilibrium_switch(replicas: int, time: Floats, rng: np.random.Generator) -> Floats:
    """A ring on a track of 24 places with a switch, both in touch with one bath (detailed balance).

    Two wells, 4 places apart, whose depths the switch exchanges; it starts in the first. Overdamped hops from
    place to place and throws of the switch have rates min(1, exp(-dE)); continuous-time Markov chain.
    """
    deep, shallow = rng.uniform(4.0, 8.0), rng.uniform(0.5, 3.0)
    places = np.arange(24)
    apart = np.minimum(places % 24, -places % 24)
    well = np.exp(-0.5 * (apart / 1.2) ** 2)
    energy = -np.stack([
        deep * well + shallow * np.roll(well, 4),
        shallow * well + deep * np.roll(well, 4),
    ])  # fmt: skip
    hop, throw = _between(rng, 200.0, 3000.0), _between(rng, 1.0, 300.0)
    place, state = np.zeros(replicas, dtype=np.int64), np.zeros(replicas, dtype=np.int64)
    now = np.zeros(replicas)
    path = np.zeros((replicas, time.size))
    shown = np.zeros(replicas, dtype=np.int64)
    for _ in range(400_000):
        here = energy[state, place % 24]
        rates = np.stack([
            hop * np.minimum(1.0, np.exp(here - energy[state, (place + 1) % 24])),
            hop * np.minimum(1.0, np.exp(here - energy[state, (place - 1) % 24])),
            throw * np.minimum(1.0, np.exp(here - energy[1 - state, place % 24])),
        ])  # fmt: skip
        total = rates.sum(axis=0)
        now = now + rng.exponential(1.0, replicas) / total
        until = np.minimum(np.searchsorted(time, now, side="left"), time.size)
        for replica in np.flatnonzero(until > shown):
            path[replica, shown[replica] : until[replica]] = place[replica] / 24.0
        shown = np.maximum(shown, until)
        if np.all(shown == time.size):
            break
        chosen = rng.uniform(size=replicas) * total
        place = place + (chosen < rates[0]) - ((chosen >= rates[0]) & (chosen < rates[0] + rates[1]))
        state = np.where(chosen >= rates[0] + rates[1], 1 - state, state)
    return path


def _hops(replicas: int, time: Floats, rng: np.random.Generator, rate: float) -> Floats:
    """Hops of one cycle, either way as often, so many a run in the mean."""
    step = rate * (time[1] - time[0])
    moves = rng.poisson(0.5 * step, (2, replicas, time.size)).astype(np.float64)
    moves[:, :, 0] = 0.0
    return np.asarray(np.cumsum(moves[0] - moves[1], axis=1))


def _between(rng: np.random.Generator, low: float, high: float) -> float:
    """A number whose logarithm is uniform."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


NULLS: dict[str, Maker] = {
    "relaxers, creeping": relaxers,
    "relaxers in a wide well": loose_relaxers,
    "relaxers, by one jump": jumpers,
    "jumps of one whole cycle": whole_jumpers,
    "once round, then symmetric hops": once_round,
    "once round, and free diffusion": once_round_and_free,
    "one jump, then symmetric hops": jumpers_that_hop,
    "relaxers that diffuse freely": wandering_relaxers,
    "park, then symmetric hops": parked,
    "trapped mirror shapes": trapped,
    "symmetric rare hops": hopping,
    "free diffusion": free,
    "to and fro by a clock": reciprocal,
    "equilibrium switch": equilibrium_switch,
}
