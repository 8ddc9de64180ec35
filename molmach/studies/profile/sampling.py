"""What joining needs of the windows' frames: places, biases, and energies in the states of a switch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from molmach import drives
from molmach.building import Assembly, Coordinate, coordinate_of
from molmach.drives.shapes import Shape, Well
from molmach.spec import Spec
from molmach.studies.profile.joining import Samples
from molmach.studies.profile.windows import WINDOW_DEPTH, WINDOW_WIDTH_NM
from molmach.units import thermal_energy

Floats = NDArray[np.float64]


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


def reduced(
    frames: Sequence[NDArray[np.float32]],
    assembly: Assembly,
    windows: Sequence[int],
    states: States,
    kT: float,
) -> Samples:
    """What joining needs of the frames, so that they need not be kept.

    Parameters
    ----------
    frames
        Of every window, (n_replicas, n_frames, n_atoms, 3), nm.
    assembly, windows
        The machine, and the atoms of its axle on which windows are centred.
    states
        As :func:`states_of` gives them.
    kT
        Of the samples, kJ/mol.
    """
    coordinate: Coordinate = coordinate_of(assembly)
    loop = assembly.require_track().loops[0]
    wells = [Well(loop, (atom,), WINDOW_WIDTH_NM) for atom in windows]
    place, biases = [], []
    energies: dict[str, list[Floats]] = {name: [] for name in states}
    shapes: dict[str, list[Floats]] = {}
    for part in frames:
        positions = part.astype(np.float64)
        place.append(coordinate(positions))
        biases.append(np.array([-WINDOW_DEPTH * well.level(positions) for well in wells]))
        for name, length in shapes_of(assembly, positions).items():
            shapes.setdefault(name, []).append(length)
        for name, terms in states.items():
            added = [amplitude / kT * shape.level(positions) for shape, amplitude in terms]
            energies[name].append(np.sum(added, axis=0) + np.zeros(positions.shape[:-2]))
    return Samples(
        np.array(place),
        np.stack(biases, axis=1),
        {name: np.array(parts) for name, parts in energies.items()},
        {name: np.array(parts) for name, parts in shapes.items()},
    )


def shapes_of(assembly: Assembly, positions: Floats) -> dict[str, Floats]:
    """Lengths that say how axle and ring are bent, which may change more slowly than the ring moves.

    Of (..., n_atoms, 3) positions, nm: the axle's length from end to end and its halves' own, and the ring's
    radius of gyration and its longest diameter, nm.
    """
    track = assembly.require_track()
    path, loop = list(track.path), list(track.loops[0])
    middle = len(path) // 2

    def apart(first: int, second: int) -> Floats:
        return np.asarray(np.linalg.norm(positions[..., first, :] - positions[..., second, :], axis=-1))

    ring = positions[..., loop, :] - positions[..., loop, :].mean(axis=-2, keepdims=True)
    opposite = np.linalg.norm(ring - np.roll(ring, len(loop) // 2, axis=-2), axis=-1)
    return {
        "the axle's length": apart(path[0], path[-1]),
        "the first half of the axle's length": apart(path[0], path[middle]),
        "the second half of the axle's length": apart(path[middle], path[-1]),
        "the ring's radius of gyration": np.sqrt(np.mean(np.sum(ring**2, axis=-1), axis=-1)),
        "the ring's longest diameter": opposite.max(axis=-1),
    }
