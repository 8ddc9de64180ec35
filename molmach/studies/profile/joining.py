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
from molmach.data.statistics import Estimate, estimate_of_left_out, finite_or_none
from molmach.studies.profile.crossing import Crossing

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
    moved
        Share of the ring that changes station when the switch is thrown, half the sum over stations of the
        difference in their shares; None without a switch.
    crossings
        Passages between neighbouring stations in every state, where they were asked for.
    """

    states: dict[str, StateProfile]
    stations: dict[str, float]
    windows: int
    replicas: int
    warnings: tuple[str, ...]
    moved: Estimate | None = None
    crossings: tuple[Crossing, ...] = ()


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


@dataclass(frozen=True, eq=False)
class Joined:
    """All windows as one ensemble.

    Attributes
    ----------
    samples
        What was joined.
    weights
        By state of the drive's switch, and by the replica that is left out (:data:`EVERYONE`: none), the
        (n_windows, n_replicas, n_frames) probability that each frame stands for; they sum to one.
    overlap
        The least one of neighbouring windows.
    """

    samples: Samples
    weights: dict[str, dict[int, Floats]]
    overlap: float

    def estimate(self, state: str, function: Callable[[Floats], float], unit: str) -> Estimate:
        """Of a function of a state's weights; the jackknife leaves one replica out of all windows."""
        weights, replicas = self.weights[state], self.samples.place.shape[1]
        partial = np.array([function(weights[replica]) for replica in range(replicas)])
        return estimate_of_left_out(function(weights[EVERYONE]), partial, unit)


EVERYONE = -1
"""No replica is left out."""


def joined(samples: Samples) -> Joined:
    """The windows' frames as one ensemble, by MBAR."""
    n_windows, replicas, frames = samples.place.shape
    everyone = np.arange(replicas)
    weights: dict[str, dict[int, Floats]] = {name: {} for name in samples.states}
    overlap = math.nan
    for left_out in (EVERYONE, *everyone.tolist()):
        chosen = everyone[everyone != left_out]
        biases = samples.biases[:, :, chosen].reshape(n_windows, -1)
        counts = np.full(n_windows, chosen.size * frames)
        energies = theory.mbar_free_energies(biases, counts)
        for name, state in samples.states.items():
            whole = np.zeros(samples.place.shape)
            target = theory.mbar_weights(biases, counts, energies, state[:, chosen].ravel())
            whole[:, chosen] = target.reshape(n_windows, -1, frames)
            weights[name][left_out] = whole
        if left_out == EVERYONE:
            overlap = float(np.diagonal(theory.mbar_overlap(biases, counts, energies), 1).min())
    return Joined(samples, weights, overlap)


def profile_of(ensemble: Joined, stations: StationMap, kT: float) -> Profile:
    """The profile of every state."""
    place = ensemble.samples.place
    states = {name: _state(ensemble, name, stations, kT) for name in ensemble.weights}
    warnings = _warnings(states, ensemble.overlap)
    along = dict(zip(stations.names, stations.places.tolist(), strict=True))
    return Profile(states, along, place.shape[0], place.shape[1], warnings, _moved(ensemble, stations))


def _moved(ensemble: Joined, stations: StationMap) -> Estimate | None:
    """Between the two states of a switch; None where there are not two."""
    if len(ensemble.weights) != 2:
        return None
    nearest = stations.nearest(ensemble.samples.place).ravel()
    first, second = ensemble.weights.values()

    def distance(left_out: int) -> float:
        shares = [
            np.bincount(nearest, weights[left_out].ravel(), len(stations.names))
            for weights in (first, second)
        ]
        return 0.5 * float(np.abs(shares[0] - shares[1]).sum())

    partial = np.array([distance(replica) for replica in range(ensemble.samples.place.shape[1])])
    return estimate_of_left_out(distance(EVERYONE), partial, "1").within((0.0, 1.0))


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


def bin_edges(place: Floats) -> Floats:
    """Edges of the profile's bins, nm, that hold all places."""
    return BIN_NM * np.arange(math.floor(place.min() / BIN_NM), math.ceil(place.max() / BIN_NM) + 1)


def _state(ensemble: Joined, name: str, stations: StationMap, kT: float) -> StateProfile:
    place, weights = ensemble.samples.place, ensemble.weights[name]
    edges = bin_edges(place)
    nearest = stations.nearest(place)

    def estimate(function: Callable[[Floats], float], unit: str) -> Estimate:
        return ensemble.estimate(name, function, unit)

    def share(station: int) -> Callable[[Floats], float]:
        return lambda w: float(w[nearest == station].sum())

    def energy(inside: NDArray[np.bool_], reference: NDArray[np.bool_]) -> Callable[[Floats], float]:
        def of(w: Floats) -> float:
            here, there = float(w[inside].sum()), float(w[reference].sum())
            return -kT * math.log(here / there) if here > 0.0 and there > 0.0 else math.nan

        return of

    bins = np.digitize(place, edges) - 1
    fullest = int(np.argmax(np.bincount(bins.ravel(), weights[EVERYONE].ravel(), len(edges) - 1)))
    shares = {name: estimate(share(s), "1") for s, name in enumerate(stations.names)}
    return StateProfile(
        place=0.5 * (edges[:-1] + edges[1:]),
        free_energy=tuple(
            estimate(energy(bins == b, bins == fullest), "kJ/mol") for b in range(len(edges) - 1)
        ),
        shares={name: part.within((0.0, 1.0)) for name, part in shares.items()},
        differences={
            name: estimate(energy(nearest == s, nearest == 0), "kJ/mol")
            for s, name in enumerate(stations.names)
        },
        effective_samples=theory.effective_samples(weights[EVERYONE]),
    )
