"""Rates of a ring's passages from station to station: barriers, and trajectories from between."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from molmach.data.stations import StationMap
from molmach.data.statistics import Estimate
from molmach.studies.kinetics.rates import eyring_barrier
from molmach.studies.profile.crossing import Crossing
from molmach.studies.profile.joining import EVERYONE, Joined, StateProfile, bin_edges
from molmach.studies.profile.shooting import Barrier, Shots, Surfaces
from molmach.theory.transition_paths import UNDECIDED, passages
from molmach.units import thermal_energy

Floats = NDArray[np.float64]

PER_SECOND = 1e12
"""Picoseconds in a second."""


@dataclass(frozen=True, eq=False)
class Shooting:
    """Frames between two stations from which to shoot.

    How much a place counts is free (:mod:`molmach.theory.transition_paths`); it is the inverse square of the
    density, and shots start on places as often as its inverse: most where the ring is least often, and
    wherever the profile is nearly as high.

    Attributes
    ----------
    surfaces
        How much each place counts.
    frames
        (n, 3) window, replica and frame of every shot.
    """

    surfaces: Surfaces
    frames: NDArray[np.intp]


def barriers(profile: StateProfile, stations: StationMap) -> tuple[list[Barrier | None], list[str]]:
    """What lies between neighbouring stations.

    Returns
    -------
    barriers
        None where there is no top between two of them.
    reasons
        Why there is none, a sentence's part each.
    """
    energy = np.array([estimate.value for estimate in profile.free_energy])
    between: list[Barrier | None] = []
    reasons = []
    for number, (first, second) in enumerate(pairwise(stations.places.tolist())):
        names = f"{stations.names[number]} and {stations.names[number + 1]}"
        inside = np.flatnonzero(
            (profile.place > first + stations.core) & (profile.place < second - stations.core)
        )
        if not inside.size:
            reasons.append(f"{names} lie so near to each other that no barrier can be told between them")
            between.append(None)
        elif not np.isfinite(energy[inside]).all():
            reasons.append(f"no sample fell on some places between {names}, so that no rate is known")
            between.append(None)
        else:
            top = float(profile.place[inside[np.argmax(energy[inside])]])
            between.append(Barrier(first, second, stations.core, top))
    return between, reasons


def aimed(ensemble: Joined, state: str, barrier: Barrier, shots: int, seed: tuple[int, ...]) -> Shooting:
    """Frames between two stations to shoot from, as many of every replica that has some there.

    Parameters
    ----------
    ensemble
        The windows' frames.
    state
        Of the drive's switch, whose weights count.
    barrier
        Between the stations.
    shots
        How many at least, over all replicas.
    seed
        Of the drawing.
    """
    place, weights = ensemble.samples.place, ensemble.weights[state][EVERYONE]
    edges = bin_edges(place)
    number = np.digitize(place, edges) - 1
    inside = barrier.between(place)
    probability = np.bincount(number[inside], weights[inside], len(edges) - 1)
    width = np.clip(edges[1:], *_reach(barrier)) - np.clip(edges[:-1], *_reach(barrier))
    reached = (probability > 0.0) & (width > 0.0)
    density = np.where(reached, probability, np.inf) / np.where(reached, width, 1.0)
    # Relative to the lowest, for densities of high barriers have squares that no number holds.
    square = (density.min() / density) ** 2
    surfaces = Surfaces(edges, square / (square @ width), barrier)
    counts = surfaces(place)
    rng = np.random.default_rng(np.random.SeedSequence(seed[0], spawn_key=(4, *seed[1:])))
    each = math.ceil(shots / place.shape[1])
    drawn = [np.empty((0, 3), dtype=np.intp)]
    for replica in range(place.shape[1]):
        chances = (weights * counts)[:, replica]
        window, frame = np.nonzero(chances > 0.0)
        if window.size:
            cumulative = np.cumsum(chances[window, frame])
            # One of every stratum of equal weight, so that the drawing adds little noise of its own.
            marks = (np.arange(each) + rng.random(each)) / each * cumulative[-1]
            taken = np.minimum(np.searchsorted(cumulative, marks), window.size - 1)
            drawn.append(np.column_stack([window[taken], np.full(each, replica), frame[taken]]))
    return Shooting(surfaces, np.concatenate(drawn))


def _reach(barrier: Barrier) -> tuple[float, float]:
    return barrier.first + barrier.core, barrier.second - barrier.core


def crossing_of(
    ensemble: Joined,
    state: str,
    stations: tuple[str, str],
    sides: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    shooting: Shooting,
    shots: Shots,
    temperature: float,
    interval: float,
) -> Crossing:
    """Rates from what the shots came to, with the jackknife's intervals over replicas.

    Parameters
    ----------
    ensemble, state
        The windows' frames, and which weights count.
    stations
        Names of the two.
    sides
        Frames that belong to each of them, (n_windows, n_replicas, n_frames).
    shooting, shots
        Where shots started, and where they came to.
    temperature
        K.
    interval
        Between the looks at a trajectory, ps.
    """
    everyone, starts = ensemble.weights[state][EVERYONE], tuple(shooting.frames.T)
    replica_of = shooting.frames[:, 1]
    each = np.bincount(replica_of)[replica_of]
    counted = (everyone * shooting.surfaces(ensemble.samples.place)).sum(axis=(0, 2))
    drawn_for = counted[replica_of] / each

    def standing_for(weights: Floats) -> Floats:
        """What each shot stands for: its replica's probability, as it counts, shared among its shots.

        They were drawn by the weights of all replicas; by others each stands for as much more as its frame.
        """
        return np.asarray(drawn_for * weights[starts] / everyone[starts])

    def often(weights: Floats) -> float:
        return passages(standing_for(weights), shots.forward, shots.backward, shots.along, interval)

    def log_rate(side: NDArray[np.bool_]) -> Callable[[Floats], float]:
        def of(weights: Floats) -> float:
            number, share = often(weights), float(weights[side].sum())
            return math.log(PER_SECOND * number / share) if number > 0.0 and share > 0.0 else math.nan

        return of

    def transmission(weights: Floats) -> float:
        crossed = 0.5 * float(standing_for(weights) @ shots.speeds)
        return often(weights) / crossed if crossed > 0.0 else math.nan

    whole = standing_for(everyone)
    lost = (shots.forward == UNDECIDED).astype(np.float64) + (shots.backward == UNDECIDED)
    logarithms = [ensemble.estimate(state, log_rate(side), "1") for side in sides]
    return Crossing(
        state,
        stations,
        shooting.surfaces.barrier.top,
        len(shots.speeds),
        float(whole @ lost / (2.0 * whole.sum())),
        ensemble.estimate(state, transmission, "1"),
        dict(zip(stations, map(_rate, logarithms), strict=True)),
        {
            name: _activation(logarithm, temperature)
            for name, logarithm in zip(stations, logarithms, strict=True)
        },
    )


def _rate(logarithm: Estimate) -> Estimate:
    """1/s, from an estimate of its logarithm."""
    low, high = (math.exp(bound) for bound in logarithm.ci95)
    rate = math.exp(logarithm.value)
    return Estimate(rate, (low, high), "1/s", rate * logarithm.error)


def _activation(logarithm: Estimate, temperature: float) -> Estimate:
    """kJ/mol, from an estimate of the rate's logarithm (1/s)."""
    high, low = (eyring_barrier(math.exp(bound), temperature) for bound in logarithm.ci95)
    value = eyring_barrier(math.exp(logarithm.value), temperature)
    return Estimate(value, (low, high), "kJ/mol", thermal_energy(temperature) * logarithm.error)


def sides_of(place: Floats, tops: list[float | None]) -> list[NDArray[np.bool_]]:
    """Frames on each station's side of the barriers between them.

    Parameters
    ----------
    place
        Of the ring, nm.
    tops
        (n_stations - 1,) tops of the barriers; None where two stations are not separated, which
        then share their frames.
    """
    edges = [-math.inf, *tops, math.inf]
    sides = []
    for station in range(len(tops) + 1):
        low = next(edge for edge in reversed(edges[: station + 1]) if edge is not None)
        high = next(edge for edge in edges[station + 1 :] if edge is not None)
        sides.append((place >= low) & (place < high))
    return sides
