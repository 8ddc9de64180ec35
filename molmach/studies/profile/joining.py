"""The windows' samples joined into the ring's distribution along its axle, with intervals over replicas."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molmach import theory
from molmach.data.stations import StationMap
from molmach.data.statistics import Estimate, finite_or_none, jackknife_estimate

Floats = NDArray[np.float64]

BIN_NM = 0.05
FEWEST_SAMPLES = 100.0
"""With fewer effective samples a state is reported as ill sampled."""

LEAST_OVERLAP = 0.03
"""Neighbouring windows need as much (Klimovich et al., J. Comput.-Aided Mol. Des. 29, 397 (2015))."""


@dataclass(frozen=True)
class StateProfile:
    """The ring's distribution along the axle in one state of the drive's switch, at equilibrium.

    Attributes
    ----------
    place
        (n_bins,) middles of the bins, nm along the axle.
    free_energy
        (n_bins,) -kT ln of the density, kJ/mol above its lowest; nan where no sample fell.
    shares
        By station the probability that it is the one nearest to the ring.
    differences
        By station its free energy above the first station's, -kT ln of the shares' ratio, kJ/mol.
    effective_samples
        Number of equally weighted samples that would be as good.
    """

    place: Floats
    free_energy: tuple[Estimate, ...]
    shares: dict[str, Estimate]
    differences: dict[str, Estimate]
    effective_samples: float

    def to_json(self) -> dict[str, Any]:
        """What the document says of the state; None for what no sample determines."""
        return {
            "place": self.place.tolist(),
            "free_energy": [estimate.to_json() for estimate in self.free_energy],
            "shares": {name: estimate.to_json() for name, estimate in self.shares.items()},
            "differences": {name: estimate.to_json() for name, estimate in self.differences.items()},
            "effective_samples": finite_or_none(self.effective_samples),
        }

    @classmethod
    def of_json(cls, content: Mapping[str, Any]) -> StateProfile:
        """Read back what :meth:`to_json` gave."""
        samples = content["effective_samples"]
        return cls(
            place=np.array(content["place"], dtype=np.float64),
            free_energy=tuple(Estimate.of_json(part) for part in content["free_energy"]),
            shares={name: Estimate.of_json(part) for name, part in content["shares"].items()},
            differences={name: Estimate.of_json(part) for name, part in content["differences"].items()},
            effective_samples=math.nan if samples is None else samples,
        )


@dataclass(frozen=True)
class Profile:
    """Free energy along an axle in every state of the drive's switch.

    Attributes
    ----------
    states
        ``undriven``, or ``off`` and ``on`` where the drive switches potentials.
    stations
        Places of the stations, nm.
    windows, replicas
        How many there were.
    warnings
        What a reader must know before believing the numbers.
    """

    states: dict[str, StateProfile]
    stations: dict[str, float]
    windows: int
    replicas: int
    warnings: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Samples:
    """What is kept of the windows' frames; arrays are (n_windows, n_replicas, n_frames) and more.

    Attributes
    ----------
    place
        Of the ring, nm.
    biases
        (n_windows, ...) the energy that every window's bias has there, kT.
    states
        By name the energy of a state of the drive's switch there, kT.
    shapes
        By name lengths that say how the axle and the ring are bent there, nm.
    """

    place: Floats
    biases: Floats
    states: dict[str, Floats]
    shapes: dict[str, Floats] = field(default_factory=dict)


def join(samples: Samples, stations: StationMap, kT: float) -> Profile:
    """The profile of every state; the jackknife leaves one replica out of all windows."""
    n_windows, replicas, frames = samples.place.shape
    everyone = np.arange(replicas)

    def free_energies(chosen: NDArray[np.intp]) -> Floats:
        biases = samples.biases[:, :, chosen].reshape(n_windows, -1)
        return theory.mbar_free_energies(biases, np.full(n_windows, chosen.size * frames))

    solved = {r: free_energies(np.delete(everyone, r)) for r in everyone.tolist()}
    solved[-1] = free_energies(everyone)

    def weights(state: str) -> Weights:
        """(n_windows, n_replicas, n_frames), zero for the replica left out; -1 leaves none out."""
        by_left_out = {}
        for left_out, energies in solved.items():
            chosen = everyone if left_out < 0 else np.delete(everyone, left_out)
            biases = samples.biases[:, :, chosen].reshape(n_windows, -1)
            counts = np.full(n_windows, chosen.size * frames)
            target = samples.states[state][:, chosen].ravel()
            whole = np.zeros(samples.place.shape)
            whole[:, chosen] = theory.mbar_weights(biases, counts, energies, target).reshape(
                n_windows, -1, frames
            )
            by_left_out[left_out] = whole
        return by_left_out

    states = {name: _state(samples.place, weights(name), stations, kT) for name in samples.states}
    biases, counts = samples.biases.reshape(n_windows, -1), np.full(n_windows, replicas * frames)
    overlap = theory.mbar_overlap(biases, counts, solved[-1])
    warnings = _warnings(states, float(np.diagonal(overlap, 1).min()))
    along = dict(zip(stations.names, stations.places.tolist(), strict=True))
    return Profile(states, along, n_windows, replicas, warnings)


Weights = dict[int, Floats]
"""Of all samples, by the replica that is left out; -1 where none is."""


def _warnings(states: dict[str, StateProfile], overlap: float) -> tuple[str, ...]:
    warnings = [
        f"{name}: its wells or charges lie so far from what the windows sampled that "
        f"{state.effective_samples:.0f} samples carry all the weight; weaker ones, or longer windows, "
        "make it surer"
        for name, state in states.items()
        if state.effective_samples < FEWEST_SAMPLES
    ]
    if overlap < LEAST_OVERLAP:
        warnings.append(
            f"neighbouring windows overlap by no more than {overlap:.2g} (at least {LEAST_OVERLAP:g} is "
            "sure), so the parts of the profile may not join; longer windows may help"
        )
    return tuple(warnings)


def _state(place: Floats, weights: Weights, stations: StationMap, kT: float) -> StateProfile:
    replicas = place.shape[1]
    edges = BIN_NM * np.arange(math.floor(place.min() / BIN_NM), math.ceil(place.max() / BIN_NM) + 1)
    nearest = stations.nearest(place)

    def estimate(function: Callable[[Floats], float], unit: str) -> Estimate:
        """Of a function of the weights."""

        def of(chosen: NDArray[np.intp]) -> float:
            left_out = np.setdiff1d(np.arange(replicas), chosen)
            return function(weights[int(left_out[0]) if left_out.size else -1])

        return jackknife_estimate(of, replicas, unit)

    def share(station: int) -> Callable[[Floats], float]:
        return lambda w: float(w[nearest == station].sum())

    def energy(inside: NDArray[np.bool_], reference: NDArray[np.bool_]) -> Callable[[Floats], float]:
        def of(w: Floats) -> float:
            here, there = float(w[inside].sum()), float(w[reference].sum())
            return -kT * math.log(here / there) if here > 0.0 and there > 0.0 else math.nan

        return of

    bins = np.digitize(place, edges) - 1
    fullest = int(np.argmax(np.bincount(bins.ravel(), weights[-1].ravel(), len(edges) - 1)))
    shares = {name: estimate(share(s), "1") for s, name in enumerate(stations.names)}
    return StateProfile(
        place=0.5 * (edges[:-1] + edges[1:]),
        free_energy=tuple(
            estimate(energy(bins == b, bins == fullest), "kJ/mol") for b in range(len(edges) - 1)
        ),
        shares={
            name: Estimate(part.value, (max(0.0, part.ci95[0]), min(1.0, part.ci95[1])), part.unit)
            for name, part in shares.items()
        },
        differences={
            name: estimate(energy(nearest == s, nearest == 0), "kJ/mol")
            for s, name in enumerate(stations.names)
        },
        effective_samples=theory.effective_samples(weights[-1]),
    )
