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
