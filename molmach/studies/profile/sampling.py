"""Umbrella sampling of a machine: from its spec to its profile."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from molmach import drives
from molmach.building import Assembly, Coordinate, build, coordinate_of
from molmach.data.stations import StationMap
from molmach.drives.shapes import Shape, Well
from molmach.engine import Progress
from molmach.spec import Spec
from molmach.studies.profile.joining import Profile, Samples, join
from molmach.studies.profile.windows import (
    WINDOW_DEPTH,
    WINDOW_WIDTH_NM,
    biased,
    pulled,
    require_one_ring,
    run_windows,
    window_protocol,
    windows_of,
)
from molmach.units import thermal_energy

Floats = NDArray[np.float64]


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
    protocol = window_protocol(spec.protocol, window_ps)
    assembly = build(spec)
    require_one_ring(assembly)
    stations = StationMap.of(assembly)
    assert stations is not None, "a rotaxane has stations"
    windows = windows_of(assembly)
    kT = thermal_energy(protocol.temperature)
    machines = [biased(assembly, windows, number, kT) for number in range(len(windows))]
    conditions = pulled(machines, windows, protocol)
    with tempfile.TemporaryDirectory(prefix="molmach-profile-") as place:
        frames = run_windows(conditions, Path(place), workers, progress)
    samples = _reduced(frames, assembly, windows, states_of(spec, assembly), kT)
    return join(samples, stations, kT)


States = dict[str, list[tuple[Shape, float]]]


def states_of(spec: Spec, assembly: Assembly) -> States:
    """By name of a state of the drive's switch what is added to the machine: shapes and amplitudes."""
    drive = drives.model(spec.drive)
    if not drive.states:
        return {"undriven": []}
    terms = drive.terms(assembly, thermal_energy(spec.protocol.temperature)).switched
    return {
        state: [(term.shape, term.on if on else term.off) for term in terms]
        for state, on in drive.states.items()
    }


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
        biases.append(np.array([-WINDOW_DEPTH * well.level(positions) for well in wells]))
        for name, terms in states.items():
            added = [amplitude / kT * shape.level(positions) for shape, amplitude in terms]
            energies[name].append(np.sum(added, axis=0) + np.zeros(positions.shape[:-2]))
    return Samples(
        np.array(place),
        np.stack(biases, axis=1),
        {name: np.array(parts) for name, parts in energies.items()},
    )
