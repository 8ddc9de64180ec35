"""A run as its workers see it: conditions, and batches of replicas, in one folder.

Everything that a worker needs is written before the first step, so that a run that was killed goes
on from its files alone, with the same engine and the same batches.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from molmach.building import Coordinate, Interlocking, KnownShapes, load_coordinates, save_coordinates
from molmach.engine.batched import LANES, BatchedStepper, Inputs
from molmach.engine.choice import Choice
from molmach.engine.condition import Condition
from molmach.engine.native import NativeStepper, write_native
from molmach.engine.starting import parts_of
from molmach.engine.stepper import Stepper
from molmach.errors import SimulationError
from molmach.files import write_text
from molmach.units import BOLTZMANN

SCHEMA = "molmach.task/3"
"""Changes whenever a file that workers read is written otherwise, or one would give other numbers."""

Member = tuple[int, int]
"""Number of the condition and of the replica."""


@dataclass(frozen=True)
class Task:
    """What is to be run, how, and in which batches.

    Attributes
    ----------
    engine, platform
        As :class:`molmach.engine.choice.Choice` has them.
    conditions
        Names of the conditions' parts, which are the names of their folders.
    part_of
        Number of the condition that each of them is a part of.
    shapes
        Number of the shape in which the replicas of each of them start.
    seeds
        Of every replica of every condition: four random words.
    batches
        Members of every batch.
    temperature
        K.
    sampling_steps, frame_samples
        Steps between samples, samples between stored frames.
    equilibration_samples, samples
        Length of the part that is not measured and of the one that is.
    kinetic_units
        Kinetic energy of each condition at 1 K, kJ/mol.
    interlocking
        What must stay threaded; None where nothing is.
    """

    engine: str
    platform: str
    conditions: list[str]
    part_of: list[int]
    shapes: list[int]
    seeds: list[list[list[int]]]
    batches: list[list[Member]]
    temperature: float
    sampling_steps: int
    frame_samples: int
    equilibration_samples: int
    samples: int
    kinetic_units: list[float]
    interlocking: Interlocking | None

    @property
    def total_samples(self) -> int:
        """Samples of one replica, the one at its start not counted."""
        return self.equilibration_samples + self.samples

    @property
    def replica_steps(self) -> int:
        """Steps of all replicas together."""
        return sum(self.batch_steps(number) for number in range(len(self.batches)))

    def batch_steps(self, number: int) -> int:
        """Steps of the replicas of one batch together."""
        return self.total_samples * self.sampling_steps * len(self.batches[number])


def write_task(conditions: Sequence[Condition], choice: Choice, work: Path) -> Task:
    """Write all that workers need; ``task.json`` comes last and in one piece, and stays as it is."""
    if (work / "task.json").is_file():
        return read_task(work)
    protocol = conditions[0].protocol
    parts = [(number, part) for number, condition in enumerate(conditions) for part in parts_of(condition)]
    shapes = [condition.assembly.shapes for condition in conditions]
    part_of, conditions = [number for number, _ in parts], [part for _, part in parts]
    for condition in conditions:
        directory = work / condition.name
        directory.mkdir(parents=True, exist_ok=True)
        np.savez(directory / "positions.npz", positions=condition.places)
        save_coordinates(condition.measured_by or condition.assembly, directory / "coordinates.npz")
    for number, known in enumerate(shapes):
        if known is not None and len(known.weight) > 1:
            known.save(_shapes_file(work, number))
    members = [(c, r) for c, part in enumerate(conditions) for r in range(part.protocol.replicas)]
    if choice.engine == "batched":
        Inputs.of(conditions).save(work / "kernel.npz")
        batches = [members[i : i + LANES] for i in range(0, len(members), LANES)]
    else:
        of_each = [[m for m in members if m[0] == c] for c in range(len(conditions))]
        batches = [own[i : i + choice.copies] for own in of_each for i in range(0, len(own), choice.copies)]
        for copies, c in {(len(batch), batch[0][0]) for batch in batches}:
            write_native(conditions[c], copies, work / conditions[c].name)
    task = Task(
        engine=choice.engine,
        platform=choice.platform,
        conditions=[condition.name for condition in conditions],
        part_of=part_of,
        shapes=[condition.shape for condition in conditions],
        seeds=[condition.seeds().tolist() for condition in conditions],
        batches=batches,
        temperature=protocol.temperature,
        sampling_steps=protocol.sampling_steps,
        frame_samples=protocol.frame_samples,
        equilibration_samples=protocol.equilibration_samples,
        samples=protocol.samples,
        kinetic_units=[0.5 * condition.degrees_of_freedom * BOLTZMANN for condition in conditions],
        interlocking=Interlocking.of(conditions[0].assembly),
    )
    write_text(work / "task.json", json.dumps({"schema": SCHEMA, **asdict(task)}))
    return task


def read_task(work: Path) -> Task:
    """Read what :func:`write_task` wrote.

    Raises
    ------
    SimulationError
        Another version of molmach wrote it, or other files beside it.
    """
    content = json.loads((work / "task.json").read_text(encoding="utf-8"))
    if content.pop("schema", None) != SCHEMA:
        raise SimulationError(
            f"{work}: was begun by another version of molmach; remove it and run the command again"
        )
    content["batches"] = [[(int(c), int(r)) for c, r in batch] for batch in content["batches"]]
    if content["interlocking"] is not None:
        content["interlocking"] = Interlocking(**content["interlocking"])
    return Task(**content)


def read_coordinates(work: Path, condition: str) -> list[Coordinate]:
    """What is sampled of a condition: the machine's coordinate, and the angle of each follower."""
    return load_coordinates(work / condition / "coordinates.npz")


def read_shapes(work: Path, condition: int) -> KnownShapes | None:
    """The shapes of a condition; None where it has one."""
    path = _shapes_file(work, condition)
    return KnownShapes.read(path) if path.is_file() else None


def _shapes_file(work: Path, condition: int) -> Path:
    return work / f"shapes-{condition}.npz"


def start_batch(work: Path, task: Task, number: int) -> Stepper:
    """The replicas of a batch at their start."""
    batch = task.batches[number]
    seeds = [task.seeds[c][r] for c, r in batch]
    if task.engine == "batched":
        return BatchedStepper(
            Inputs.read(work / "kernel.npz"), [c for c, _ in batch], np.array(seeds, dtype=np.uint32)
        )
    directory = work / task.conditions[batch[0][0]]
    with np.load(directory / "positions.npz") as stored:
        positions = stored["positions"]
    return NativeStepper(directory, task.platform, positions, task.temperature, seeds)
