"""Free energy of a ring along its axle by umbrella sampling: windows, their runs, and the joining of them."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molmach import drives, engine, theory
from molmach.build import Assembly, Coordinate, build, coordinate_of
from molmach.drives.base import Charged, SwitchedTerm, Well
from molmach.engine import Condition, Progress
from molmach.engine.batched import BatchedStepper, Inputs
from molmach.errors import SimulationError, SpecError
from molmach.score.stations import StationMap
from molmach.score.statistics import Estimate, finite_or_none, jackknife_estimate
from molmach.spec import Flashing, NoDrive, Protocol, Spec, StationSwitch
from molmach.units import thermal_energy

Floats = NDArray[np.float64]

WINDOW_DEPTH = 12.0
"""Depth of a window's well, k_B T."""

WINDOW_WIDTH_NM = 0.2
MARGIN_ATOMS = 2
"""Windows reach this many atoms beyond the outermost stations."""

PULL_PS = 10.0
"""Time in which the ring is pulled from one window into the next."""

BIN_NM = 0.05
FEWEST_SAMPLES = 100.0
"""With fewer effective samples a state is reported as ill sampled."""

LEAST_OVERLAP = 0.03
"""Neighbouring windows need as much (Klimovich et al., J. Comput.-Aided Mol. Des. 29, 397 (2015))."""

_NO_DRIVE = NoDrive(kind="none")


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
        """Plain mapping."""
        return {
            "place": self.place.tolist(),
            "free_energy": [estimate.to_json() for estimate in self.free_energy],
            "shares": {name: estimate.to_json() for name, estimate in self.shares.items()},
            "differences": {name: estimate.to_json() for name, estimate in self.differences.items()},
            "effective_samples": finite_or_none(self.effective_samples),
        }


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
    """

    place: Floats
    biases: Floats
    states: dict[str, Floats]


def profile(
    spec: Spec,
    window_ps: float = 50.0,
    workers: int | None = None,
    progress: Callable[[Progress], None] = lambda progress: None,
) -> Profile:
    """Umbrella sampling of a rotaxane's ring along its axle, without the drive; its states by reweighting.

    Every atom of the axle between the stations, and a few beyond, is the centre of a window: a
    Gaussian well for the ring, added to the machine. The ring is pulled from window to window; then
    the protocol's replicas run in each. MBAR (:mod:`molmach.theory.reweighting`) joins all frames,
    and intervals are the jackknife's over replicas, each left out of all windows at once.

    Parameters
    ----------
    spec
        A rotaxane with one ring; temperature, friction, time step, replicas and seed are its protocol's.
    window_ps
        Measured time of each window; a third of it more is run before.
    workers
        Worker processes; default one a core.
    progress
        Called as steps are done.

    Raises
    ------
    SpecError, BuildError
        The machine has no such coordinate or can't be built.
    SimulationError
        The dynamics went wrong, or the ring came off.
    """
    protocol = _protocol(spec.protocol, window_ps)
    assembly = build(spec)
    _require_one_ring(assembly)
    stations = StationMap.of(assembly)
    assert stations is not None, "a rotaxane has stations"
    windows = _windows(assembly)
    kT = thermal_energy(protocol.temperature)
    machines = [_biased(assembly, windows, number, kT) for number in range(len(windows))]
    conditions = _pulled(machines, windows, protocol)
    with tempfile.TemporaryDirectory(prefix="molmach-profile-") as place:
        frames = _run(conditions, Path(place), workers, progress)
    samples = _reduced(frames, assembly, windows, states_of(spec, assembly), kT)
    return _joined(samples, stations, kT)


def _protocol(protocol: Protocol, window_ps: float) -> Protocol:
    """The windows' protocol: frames about a picosecond apart, a third of the measured time before it."""
    sampling = protocol.sampling

    def whole(time_ps: float) -> float:
        return sampling * max(1, round(time_ps / sampling))

    changes = {
        "duration": f"{whole(window_ps)!r} ps",
        "equilibration": f"{whole(window_ps / 3.0)!r} ps",
        "frames": f"{whole(1.0)!r} ps",
    }
    try:
        return Protocol.model_validate(protocol.model_dump(mode="json") | changes)
    except ValueError as error:
        raise SpecError(
            f"window of {window_ps:g} ps: expected at least ten of protocol.sampling ({sampling:g} ps)"
        ) from error


def _require_one_ring(assembly: Assembly) -> None:
    if assembly.kind != "rotaxane" or len(assembly.require_track().loops) != 1:
        raise SpecError(
            f"machine.kind: a {assembly.kind} has no single ring on an axle, along which a profile could be "
            "taken; expected a rotaxane with one ring"
        )


def _windows(assembly: Assembly) -> list[int]:
    """Atoms of the axle, in order, on which windows are centred."""
    path, contour = assembly.require_track().path, _contour(assembly)
    stations = StationMap.of(assembly)
    assert stations is not None, "a rotaxane has stations"
    first = int(np.argmin(np.abs(contour - stations.places[0]))) - MARGIN_ATOMS
    last = int(np.argmin(np.abs(contour - stations.places[-1]))) + MARGIN_ATOMS
    return list(path[max(0, first) : last + 1])


def _contour(assembly: Assembly) -> Floats:
    """(n_path,) distance of the axle's atoms along it, nm."""
    positions = assembly.positions_nm[list(assembly.require_track().path)]
    return np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(positions, axis=0), axis=1))])


def _biased(assembly: Assembly, windows: Sequence[int], number: int, kT: float) -> Assembly:
    """The machine with the well of one window; the others' wells have no depth."""
    track = assembly.require_track()
    names = {f"window {i}": (atom,) for i, atom in enumerate(windows)}
    wells = {
        name: (-WINDOW_DEPTH * kT if i == number else 0.0, WINDOW_WIDTH_NM) for i, name in enumerate(names)
    }
    biased = replace(track, stations=track.stations | names, affinities=track.affinities | wells)
    return replace(assembly, track=biased)


def _pulled(machines: Sequence[Assembly], windows: Sequence[int], protocol: Protocol) -> list[Condition]:
    """One condition a window, which starts where the ring came to when it was pulled there."""
    built = machines[0].positions_nm
    ring = built[list(machines[0].require_track().loops[0])].mean(axis=0)
    nearest = int(np.argmin(np.linalg.norm(built[list(windows)] - ring, axis=1)))
    steps = max(1, round(PULL_PS / protocol.timestep))
    found: dict[int, Condition] = {}
    for way in (range(nearest, len(windows)), range(nearest, -1, -1)):
        places = built
        for number in way:
            condition = engine.prepare(f"window-{number}", number, machines[number], _NO_DRIVE, protocol)
            start = replace(condition, start=places)
            stepper = BatchedStepper(Inputs.of([start]), [0], condition.seeds()[:1])
            places = stepper.advance(1, steps).positions[-1, 0]
            found.setdefault(number, replace(condition, start=places))
    return [found[number] for number in range(len(windows))]


def _run(
    conditions: list[Condition],
    work: Path,
    workers: int | None,
    progress: Callable[[Progress], None],
) -> list[NDArray[np.float32]]:
    """Frames of every window, (n_replicas, n_frames, n_atoms, 3), nm."""
    task = engine.write_task(conditions, engine.choose(conditions, "batched", None), work)
    engine.run_task(work, task, engine.worker_count(task.platform, len(task.batches), workers), progress)
    collected = engine.collect(work, conditions[0].protocol.sampling)
    for condition, part in zip(conditions, collected, strict=True):
        if not part.series.intact.all():
            raise SimulationError(
                f"{condition.name}: the ring is not threaded in every stored frame; "
                "expected bulkier stoppers or a shorter protocol.timestep"
            )
    return [part.frames for part in collected]


States = dict[str, list[tuple[Well | Charged, float]]]


def states_of(spec: Spec, assembly: Assembly) -> States:
    """By name of a state of the drive's switch what is added to the machine: shapes and amplitudes."""
    drive = spec.drive
    if not isinstance(drive, StationSwitch | Flashing):
        return {"undriven": []}
    terms = drives.model(drive).terms(assembly, thermal_energy(spec.protocol.temperature)).switched
    shaped = [(_placed(term), term) for term in terms]
    return {
        "off": [(shape, term.off) for shape, term in shaped],
        "on": [(shape, term.on) for shape, term in shaped],
    }


def _placed(term: SwitchedTerm) -> Well | Charged:
    assert isinstance(term.shape, Well | Charged), "stations have wells and charges"
    return term.shape


def _reduced(
    frames: Sequence[NDArray[np.float32]],
    assembly: Assembly,
    windows: Sequence[int],
    states: States,
    kT: float,
) -> Samples:
    """What joining needs of the frames, so that they need not be kept."""
    coordinate: Coordinate = coordinate_of(assembly)
    loop = assembly.require_track().loops[0]
    wells = [Well(loop, (atom,), WINDOW_WIDTH_NM) for atom in windows]
    place, biases = [], []
    energies: dict[str, list[Floats]] = {name: [] for name in states}
    for part in frames:
        positions = part.astype(np.float64)
        place.append(coordinate(positions))
        biases.append(np.array([-WINDOW_DEPTH * drives.level(well, positions) for well in wells]))
        for name, terms in states.items():
            added = [amplitude / kT * drives.level(shape, positions) for shape, amplitude in terms]
            energies[name].append(np.sum(added, axis=0) + np.zeros(positions.shape[:-2]))
    return Samples(
        np.array(place),
        np.stack(biases, axis=1),
        {name: np.array(parts) for name, parts in energies.items()},
    )


def _joined(samples: Samples, stations: StationMap, kT: float) -> Profile:
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
        found = {}
        for left_out, energies in solved.items():
            chosen = everyone if left_out < 0 else np.delete(everyone, left_out)
            biases = samples.biases[:, :, chosen].reshape(n_windows, -1)
            counts = np.full(n_windows, chosen.size * frames)
            target = samples.states[state][:, chosen].ravel()
            whole = np.zeros(samples.place.shape)
            whole[:, chosen] = theory.mbar_weights(biases, counts, energies, target).reshape(
                n_windows, -1, frames
            )
            found[left_out] = whole
        return found

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
