"""One replica: integrate, sample, checkpoint; and the reading back of what replicas left.

A replica's history is a row of block files. Each holds the samples since the block before it and
the full state at its end, and appears in one piece, so a replica that was killed goes on from its
last block with the numbers that it would have had.
"""

from __future__ import annotations

import json
import os
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import openmm
from numpy.typing import NDArray

from molmach.build import RotorAngle, unwrap
from molmach.engine.integrator import BOOKS
from molmach.engine.platforms import platform_and_properties
from molmach.engine.run import Series
from molmach.errors import SimulationError
from molmach.forcefield import Group

BLOCK_SECONDS = 5.0
"""Wall time between checkpoints."""

_INTERNAL_GROUPS = {int(group) for group in Group if group <= Group.ANCHOR}


@dataclass
class _Block:
    """Samples gathered since the last checkpoint."""

    first_sample: int
    angle: list[float]
    books: list[list[float]]
    energy: list[float]
    frames: list[NDArray[np.float32]]
    seconds: float = 0.0


def run_replica(
    directory: Path,
    replica: int,
    progress: Callable[[int], None] = lambda steps: None,
    stopped: Callable[[], bool] = lambda: False,
) -> bool:
    """Run a replica of the condition in ``directory`` to its end, from its last checkpoint if it has one.

    Parameters
    ----------
    directory
        Folder that :func:`molmach.engine.native.write_condition` wrote.
    replica
        Its number.
    progress
        Called with the number of steps done so far.
    stopped
        Asked after every sample; when true, a checkpoint is written and False returned.

    Raises
    ------
    SimulationError
        Coordinates became infinite.
    """
    task = json.loads((directory / "task.json").read_text())
    geometry = np.load(directory / "geometry.npz")
    coordinate = RotorAngle(
        (int(geometry["axle"][0]), int(geometry["axle"][1])),
        tuple(int(i) for i in geometry["rotor"]),
        geometry["weights"],
    )
    system = openmm.XmlSerializer.deserialize((directory / "system.xml").read_text())
    integrator = openmm.XmlSerializer.deserialize((directory / "integrator.xml").read_text())
    noise_seed, velocity_seed = task["seeds"][replica]
    integrator.setRandomNumberSeed(noise_seed)
    context = openmm.Context(system, integrator, *platform_and_properties(task["platform"]))

    folder = directory / f"replica-{replica:05d}"
    folder.mkdir(exist_ok=True)
    blocks = _blocks(folder)
    total = task["equilibration_samples"] + task["samples"]
    if blocks:
        last = blocks[-1]
        done = int(last["first_sample"]) + last["angle"].size - 1
        context.loadCheckpoint(last["checkpoint"].tobytes())
        for name, value in zip(last["variables"].tolist(), last["values"].tolist(), strict=True):
            integrator.setGlobalVariableByName(name, value)
        block = _Block(done + 1, [], [], [], [])
    else:
        done = 0
        context.setPositions(geometry["positions"])
        context.setVelocitiesToTemperature(task["temperature"], velocity_seed)
        block = _Block(0, [], [], [], [])
        _sample(context, integrator, coordinate, block, task, 0)

    written = time.monotonic()
    while done < total:
        started = time.perf_counter()
        integrator.step(task["sampling_steps"])
        block.seconds += time.perf_counter() - started
        done += 1
        _sample(context, integrator, coordinate, block, task, done)
        progress(done * task["sampling_steps"])
        stop = stopped()
        if done == total or stop or time.monotonic() - written > BLOCK_SECONDS:
            _write_block(folder, len(blocks), block, context, integrator)
            blocks.append({})
            block = _Block(done + 1, [], [], [], [])
            written = time.monotonic()
        if stop:
            break
    return bool(done == total)


def _sample(
    context: openmm.Context,
    integrator: openmm.CustomIntegrator,
    coordinate: RotorAngle,
    block: _Block,
    task: dict[str, Any],
    sample: int,
) -> None:
    positions = context.getState(getPositions=True).getPositions(asNumpy=True)._value
    if not np.all(np.isfinite(positions)):
        raise SimulationError(
            f"coordinates became infinite at sample {sample}; "
            "expected a shorter protocol.timestep or a weaker drive"
        )
    block.angle.append(float(coordinate(positions)))
    block.books.append([integrator.getGlobalVariableByName(name) for name in BOOKS])
    measured = sample - task["equilibration_samples"]
    if measured in (0, task["samples"]):
        state = context.getState(getEnergy=True, groups=_INTERNAL_GROUPS)
        block.energy.append((state.getPotentialEnergy() + state.getKineticEnergy())._value)
    if measured >= 0 and measured % task["frame_samples"] == 0:
        block.frames.append(positions.astype(np.float32))


def _write_block(
    folder: Path, number: int, block: _Block, context: openmm.Context, integrator: openmm.CustomIntegrator
) -> None:
    names = [integrator.getGlobalVariableName(i) for i in range(integrator.getNumGlobalVariables())]
    target = folder / f"block-{number:06d}.npz"
    temporary = folder / f"{target.name}.{os.getpid()}.tmp"
    n_atoms = context.getSystem().getNumParticles()
    with temporary.open("wb") as stream:
        np.savez(
            stream,
            first_sample=block.first_sample,
            angle=np.array(block.angle),
            books=np.array(block.books).reshape(-1, len(BOOKS)),
            energy=np.array(block.energy),
            frames=np.array(block.frames, dtype=np.float32).reshape(-1, n_atoms, 3),
            seconds=block.seconds,
            checkpoint=np.frombuffer(context.createCheckpoint(), dtype=np.uint8),
            variables=np.array(names),
            values=np.array([integrator.getGlobalVariableByName(name) for name in names]),
        )
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(target)


def _blocks(folder: Path) -> list[dict[str, Any]]:
    """The replica's blocks in order, up to the first that is missing or damaged."""
    blocks: list[dict[str, Any]] = []
    expected = 0
    while True:
        path = folder / f"block-{len(blocks):06d}.npz"
        try:
            with np.load(path) as stored:
                block = {name: stored[name] for name in stored.files}
            if int(block["first_sample"]) != expected:
                return blocks
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return blocks
        expected += block["angle"].size
        blocks.append(block)


def steps_done(directory: Path, replica: int, sampling_steps: int) -> int:
    """Steps that a replica has behind it in its checkpoints."""
    samples = sum(block["angle"].size for block in _blocks(directory / f"replica-{replica:05d}"))
    return max(0, int(samples) - 1) * sampling_steps


@dataclass(frozen=True, eq=False)
class Collected:
    """A finished condition: its series, stored frames, and the wall time spent integrating.

    ``frames`` is (n_replicas, n_frames, n_atoms, 3) in nm, single precision.
    """

    series: Series
    frames: NDArray[np.float32]
    frame_time_ps: NDArray[np.float64]
    seconds: float


def collect(directory: Path, sampling_ps: float) -> Collected:
    """Join the blocks of every replica of a finished condition.

    Raises
    ------
    SimulationError
        A replica is not finished.
    """
    task = json.loads((directory / "task.json").read_text())
    skip = task["equilibration_samples"]
    samples = task["samples"]
    angles, books, energies, frames, seconds = [], [], [], [], 0.0
    for replica in range(len(task["seeds"])):
        blocks = _blocks(directory / f"replica-{replica:05d}")
        angle = np.concatenate([block["angle"] for block in blocks]) if blocks else np.empty(0)
        if angle.size != skip + samples + 1:
            raise SimulationError(
                f"{directory}: replica {replica} is not finished; run the same command again"
            )
        angles.append(unwrap(angle)[skip:])
        books.append(np.concatenate([block["books"] for block in blocks])[skip:])
        energies.append(np.concatenate([block["energy"] for block in blocks]))
        frames.append(np.concatenate([block["frames"] for block in blocks]))
        seconds += sum(float(block["seconds"]) for block in blocks)
    totals = np.array(books) - np.array(books)[:, :1]
    by_name = {name: totals[:, :, column] for column, name in enumerate(BOOKS)}
    steps = samples * task["sampling_steps"]
    energy = np.array(energies)
    series = Series(
        time_ps=np.arange(samples + 1) * sampling_ps,
        angle=np.array(angles),
        heat=by_name["heat"],
        drive_work=by_name["drive_work"],
        load_work=by_name["load_work"],
        energy_change=energy[:, -1] - energy[:, 0],
        temperature=by_name["kinetic_sum"][:, -1] / steps / task["kinetic_unit"],
    )
    frame_time = np.arange(frames[0].shape[0]) * sampling_ps * task["frame_samples"]
    return Collected(series, np.array(frames), frame_time, seconds)
