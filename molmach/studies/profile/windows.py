"""Windows of umbrella sampling: where they are, how the ring gets into them, and their runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from molmach import engine
from molmach.building import Assembly, kind_of
from molmach.data.stations import StationMap
from molmach.engine import Condition, Task
from molmach.engine.batched import BatchedStepper, Inputs
from molmach.errors import SimulationError, SpecError
from molmach.spec import Protocol
from molmach.spec.drive import no_drive
from molmach.spec.protocol import MAX_STEPS

Floats = NDArray[np.float64]

WINDOW_DEPTH = 12.0
"""Depth of a window's well, k_B T."""

WINDOW_WIDTH_NM = 0.2
MARGIN_ATOMS = 2
"""Windows reach this many atoms beyond the outermost stations."""

PULL_PS = 10.0
"""Time in which the ring is pulled from one window into the next."""


def window_protocol(protocol: Protocol, window_ps: float) -> Protocol:
    """The windows' protocol: frames about a picosecond apart, a third of the measured time before it."""
    sampling = protocol.sampling

    def whole(time_ps: float) -> float:
        return sampling * max(1, round(time_ps / sampling))

    try:
        changes = {
            "duration": f"{whole(window_ps)!r} ps",
            "equilibration": f"{whole(window_ps / 3.0)!r} ps",
            "frames": f"{whole(1.0)!r} ps",
        }
        return Protocol.model_validate(protocol.model_dump(mode="json") | changes)
    except (ValueError, OverflowError) as error:
        raise SpecError(
            f"window of {window_ps:g} ps: expected at least ten of protocol.sampling ({sampling:g} ps) and "
            f"at most {MAX_STEPS:g} steps"
        ) from error


def require_one_ring(assembly: Assembly) -> None:
    if kind_of(assembly.kind).track != "open" or len(assembly.require_track().loops) != 1:
        raise SpecError(
            f"machine.kind: a {assembly.kind} has no single ring on an axle, along which a profile could be "
            "taken; expected a rotaxane with one ring"
        )


def windows_of(assembly: Assembly) -> list[int]:
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


def biased(assembly: Assembly, windows: Sequence[int], number: int, kT: float) -> Assembly:
    """The machine with the well of one window; the others' wells have no depth."""
    track = assembly.require_track()
    names = {f"window {i}": (atom,) for i, atom in enumerate(windows)}
    wells = {
        name: (-WINDOW_DEPTH * kT if i == number else 0.0, WINDOW_WIDTH_NM) for i, name in enumerate(names)
    }
    wider = replace(track, stations=track.stations | names, affinities=track.affinities | wells)
    return replace(assembly, track=wider)


def pulled(machines: Sequence[Assembly], windows: Sequence[int], protocol: Protocol) -> list[Condition]:
    """One condition a window, which starts where the ring came to when it was pulled there."""
    built = machines[0].positions_nm
    ring = built[list(machines[0].require_track().loops[0])].mean(axis=0)
    nearest = int(np.argmin(np.linalg.norm(built[list(windows)] - ring, axis=1)))
    steps = max(1, round(PULL_PS / protocol.timestep))
    conditions: dict[int, Condition] = {}
    for way in (range(nearest, len(windows)), range(nearest, -1, -1)):
        places = built
        for number in way:
            condition = engine.prepare(f"window-{number}", number, machines[number], no_drive(), protocol)
            start = replace(condition, start=places)
            stepper = BatchedStepper(Inputs.of([start]), [0], condition.seeds()[:1])
            places = stepper.advance(1, steps).positions[-1, 0]
            conditions.setdefault(number, replace(condition, start=places))
    return [conditions[number] for number in range(len(windows))]


def run_windows(
    pull: Callable[[], list[Condition]],
    protocol: Protocol,
    work: Path,
    advance: Callable[[Path, Task], None],
) -> list[NDArray[np.float32]]:
    """Frames of every window, (n_replicas, n_frames, n_atoms, 3), nm.

    Parameters
    ----------
    pull
        Gives the windows' conditions; called only where the work folder does not have them yet.
    protocol
        Of the windows.
    work
        Where their runs are kept until they are finished.
    advance
        Runs every batch of the task in a folder.

    Raises
    ------
    SimulationError
        The dynamics went wrong, or the ring came off.
    """
    if (work / "task.json").is_file():
        task = engine.read_task(work)
    else:
        conditions = pull()
        task = engine.write_task(conditions, engine.choose(conditions, "batched", None), work)
    advance(work, task)
    collected = engine.collect(work, protocol.sampling)
    for number, part in enumerate(collected):
        if not part.series.intact.all():
            raise SimulationError(
                f"window-{number}: the ring is not threaded in every stored frame; "
                "expected bulkier stoppers or a shorter protocol.timestep"
            )
    return [part.frames for part in collected]
