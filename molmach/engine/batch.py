"""One batch of replicas: integrate, sample, checkpoint; and the reading back of what batches left.

A batch's history is a row of block files. Each holds the samples since the block before it and
the full state at its end, and appears in one piece, so a batch that was killed goes on from its
last block with the numbers that it would have had.
"""

from __future__ import annotations

import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molmach.building import Coordinate, KnownShapes, continuous
from molmach.data import Series, StartingShapes
from molmach.data.storage import Trajectories
from molmach.engine.stepper import BOOKS, Floats, Samples, Stepper
from molmach.engine.task import Member, Task, read_coordinates, read_shapes, read_task, start_batch
from molmach.errors import DivergedError, SimulationError
from molmach.files import write_arrays

BLOCK_SECONDS = 5.0
"""Wall time between checkpoints."""

_MOST_SAMPLES_AT_ONCE = 64
_STATE = "state."


@dataclass
class Block:
    """Samples gathered since the last checkpoint; in each array the second axis is the members'.

    The third axis of ``coordinate`` is the machine's own and the followers'.
    """

    first_sample: int
    coordinate: list[Floats] = field(default_factory=list)
    books: list[Floats] = field(default_factory=list)
    energy: list[Floats] = field(default_factory=list)
    frames: list[NDArray[np.float32]] = field(default_factory=list)
    broken: list[NDArray[np.bool_]] = field(default_factory=list)
    seconds: float = 0.0

    def arrays(self, stepper: Stepper) -> dict[str, NDArray[Any]]:
        """What was sampled, by name."""
        members, n_atoms = stepper.present().positions.shape[1:3]
        return {
            "coordinate": np.concatenate(self.coordinate),
            "books": np.concatenate(self.books),
            "energy": np.array(self.energy).reshape(-1, members),
            "frames": np.array(self.frames, dtype=np.float32).reshape(-1, members, n_atoms, 3),
            "broken": np.array(self.broken, dtype=np.bool_).reshape(-1, members),
        }


def batch_folder(work: Path, number: int) -> Path:
    """Where a batch's blocks are."""
    return work / "batches" / f"{number:05d}"


def run_batch(
    work: Path,
    number: int,
    progress: Callable[[int], None] = lambda steps: None,
    stopped: Callable[[], bool] = lambda: False,
) -> bool:
    """Run a batch to its end, from its last checkpoint if it has one.

    Parameters
    ----------
    work
        Folder that :func:`molmach.engine.task.write_task` wrote.
    number
        Of the batch.
    progress
        Called with the number of steps that the batch's replicas together have done.
    stopped
        Asked now and then; when true, a checkpoint is written and False returned.

    Raises
    ------
    SimulationError
        Coordinates became infinite.
    """
    task = read_task(work)
    members = task.batches[number]
    watch = Watch(task, members, [read_coordinates(work, name) for name in task.conditions])
    folder = batch_folder(work, number)
    folder.mkdir(parents=True, exist_ok=True)
    stepper = start_batch(work, task, number)
    blocks = _blocks(folder)
    if blocks:
        last = blocks[-1]
        done = int(last["first_sample"]) + len(last["coordinate"]) - 1
        stepper.restore({n.removeprefix(_STATE): v for n, v in last.items() if n.startswith(_STATE)})
        block = Block(done + 1)
    else:
        done = 0
        block = Block(0)
        watch.take(stepper, stepper.present(), 0, block)

    written = time.monotonic()
    while done < task.total_samples:
        started = time.perf_counter()
        samples = stepper.advance(watch.until_next_stop(done), task.sampling_steps)
        block.seconds += time.perf_counter() - started
        done += len(samples.books)
        watch.take(stepper, samples, done, block)
        progress(done * task.sampling_steps * len(members))
        stop = stopped()
        if done == task.total_samples or stop or time.monotonic() - written > BLOCK_SECONDS:
            write_block(folder, len(blocks), block, stepper)
            blocks.append({})
            block = Block(done + 1)
            written = time.monotonic()
        if stop:
            break
    return bool(done == task.total_samples)


def sample_from(
    stepper: Stepper,
    watch: Watch,
    first: int,
    end: int,
    progress: Callable[[int], None] = lambda steps: None,
) -> Block:
    """Move a batch that has ``first`` samples behind it on to sample ``end``; keep what is sampled meanwhile.

    The sample at the start is kept where ``first`` is 0. ``progress`` hears of the batch's steps so far.

    Raises
    ------
    DivergedError
        Coordinates became infinite.
    """
    block = Block(first + 1 if first else 0)
    if not first:
        watch.take(stepper, stepper.present(), 0, block)
    done = first
    while done < end:
        started = time.perf_counter()
        samples = stepper.advance(min(watch.until_next_stop(done), end - done), watch.task.sampling_steps)
        block.seconds += time.perf_counter() - started
        done += len(samples.books)
        watch.take(stepper, samples, done, block)
        progress(done * watch.task.sampling_steps * samples.books.shape[1])
    return block


class Watch:
    """Turns samples into what is kept of them; ``coordinates`` are what is sampled of each condition."""

    def __init__(
        self, task: Task, members: list[Member], coordinates: Sequence[Sequence[Coordinate]]
    ) -> None:
        self.task = task
        self._members = members
        condition = np.array([c for c, _ in members])
        self._coordinates: list[tuple[NDArray[np.intp], Sequence[Coordinate]]] = [
            (np.flatnonzero(condition == c), coordinates[c]) for c in np.unique(condition).tolist()
        ]

    def until_next_stop(self, done: int) -> int:
        """Samples until the next one at which energies or a frame are due, or the end."""
        task = self.task
        measured = done - task.equilibration_samples
        if measured < 0:
            return min(-measured, _MOST_SAMPLES_AT_ONCE)
        frame = task.frame_samples - measured % task.frame_samples
        return min(frame, task.samples - measured, _MOST_SAMPLES_AT_ONCE)

    def take(self, stepper: Stepper, samples: Samples, done: int, block: Block) -> None:
        """Keep coordinate and books of all samples, and of the last one what is due at ``done``."""
        finite = np.isfinite(samples.positions).all(axis=(0, 2, 3))
        if not finite.all():
            condition, replica = self._members[int(np.argmin(finite))]
            raise DivergedError(
                f"{self.task.conditions[condition]}, replica {replica}: coordinates became infinite "
                f"before sample {done}; expected a shorter protocol.timestep or a weaker drive"
            )
        values = np.empty((*samples.books.shape[:2], len(self._coordinates[0][1])))
        for members, coordinates in self._coordinates:
            for column, coordinate in enumerate(coordinates):
                values[:, members, column] = coordinate(samples.positions[:, members])
        block.coordinate.append(values)
        block.books.append(samples.books)
        measured = done - self.task.equilibration_samples
        if measured in (0, self.task.samples):
            block.energy.append(stepper.internal_energy())
        if measured >= 0 and measured % self.task.frame_samples == 0:
            block.frames.append(samples.positions[-1].astype(np.float32))
            if self.task.interlocking is not None:
                block.broken.append(self.task.interlocking.broken(samples.positions[-1]))


def write_block(folder: Path, number: int, block: Block, stepper: Stepper) -> None:
    """Write what was sampled, and the state at its end, as a batch's file of that number."""
    arrays: dict[str, Any] = {"first_sample": block.first_sample, "seconds": block.seconds}
    arrays |= block.arrays(stepper)
    arrays |= {_STATE + name: part for name, part in stepper.checkpoint().items()}
    write_arrays(folder / f"block-{number:06d}.npz", arrays)


def _blocks(folder: Path) -> list[dict[str, Any]]:
    """The batch's blocks in order, up to the first that is missing or damaged."""
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
        expected += len(block["coordinate"])
        blocks.append(block)


def steps_done(work: Path, task: Task, number: int) -> int:
    """Steps that a batch's replicas together have behind them in its checkpoints."""
    samples = sum(len(block["coordinate"]) for block in _blocks(batch_folder(work, number)))
    return max(0, samples - 1) * task.sampling_steps * len(task.batches[number])


@dataclass(frozen=True, eq=False)
class Collected:
    """A finished condition: its series, stored frames, and the wall time spent integrating.

    ``frames`` is (n_replicas, n_frames, n_atoms, 3) in nm, single precision.
    """

    series: Series
    frames: NDArray[np.float32]
    frame_time_ps: NDArray[np.float64]
    seconds: float

    @property
    def trajectories(self) -> Trajectories:
        """The stored frames with their times."""
        return Trajectories(self.frames, self.frame_time_ps)

    @classmethod
    def joined(cls, parts: Sequence[Collected]) -> Collected:
        """The replicas of one condition that were run in several tasks, in that order."""
        return cls(
            Series.joined([part.series for part in parts]),
            np.concatenate([part.frames for part in parts]),
            parts[0].frame_time_ps,
            sum(part.seconds for part in parts),
        )


def collect(work: Path, sampling_ps: float) -> list[Collected]:
    """Join the blocks of every batch of a finished run; one result a condition.

    Raises
    ------
    SimulationError
        A replica is not finished.
    """
    task = read_task(work)
    batches = [_blocks(batch_folder(work, number)) for number in range(len(task.batches))]
    for blocks, members in zip(batches, task.batches, strict=True):
        if sum(len(block["coordinate"]) for block in blocks) != task.total_samples + 1:
            condition, replica = members[0]
            raise SimulationError(
                f"{work}: {task.conditions[condition]}, replica {replica} is not finished; "
                "run the same command again"
            )
    shapes = [read_shapes(work, condition) for condition in range(max(task.part_of) + 1)]
    return join(
        task, batches, [read_coordinates(work, part) for part in task.conditions], shapes, sampling_ps
    )


def join(
    task: Task,
    batches: Sequence[Sequence[Mapping[str, Any]]],
    coordinates_of: Sequence[Sequence[Coordinate]],
    shapes_of: Sequence[KnownShapes | None],
    sampling_ps: float,
) -> list[Collected]:
    """Join the blocks of every batch of a run; one result a condition.

    Parameters
    ----------
    task
        What was run.
    batches
        The blocks of each batch, as :meth:`Block.arrays` has them and with the ``seconds`` that they took.
    coordinates_of, shapes_of
        What was sampled of each part of a condition; the shapes of each condition.
    sampling_ps
        Between samples.
    """
    skip, samples = task.equilibration_samples, task.samples
    by_member: dict[Member, dict[str, NDArray[Any]]] = {}
    seconds = [0.0] * (max(task.part_of) + 1)
    for blocks, members in zip(batches, task.batches, strict=True):
        joined = {
            name: np.concatenate([block[name] for block in blocks])
            for name in ("coordinate", "books", "energy", "frames", "broken")
        }
        spent = sum(float(block["seconds"]) for block in blocks)
        for place, member in enumerate(members):
            by_member[member] = {name: part[:, place] for name, part in joined.items()}
            seconds[task.part_of[member[0]]] += spent / len(members)
    steps = samples * task.sampling_steps
    results = []
    for condition in range(len(seconds)):
        parts = [number for number, whole in enumerate(task.part_of) if whole == condition]
        coordinates = coordinates_of[parts[0]]
        members = [member for member in sorted(by_member) if member[0] in parts]
        own = [by_member[member] for member in members]
        frames = np.array([part["frames"] for part in own])
        totals = np.array([part["books"][skip:] - part["books"][skip] for part in own])
        by_name = {name: totals[:, :, column] for column, name in enumerate(BOOKS)}
        sampled = [
            np.array([continuous(coordinate, part["coordinate"][:, column])[skip:] for part in own])
            for column, coordinate in enumerate(coordinates)
        ]
        series = Series(
            time_ps=np.arange(samples + 1, dtype=np.float64) * sampling_ps,
            coordinate=sampled[0],
            heat=by_name["heat"],
            drive_work=by_name["drive_work"],
            load_work=by_name["load_work"],
            events=by_name["events"],
            energy_change=np.array([part["energy"][-1] - part["energy"][0] for part in own]),
            temperature=by_name["kinetic_sum"][:, -1] / steps / task.kinetic_units[parts[0]],
            intact=np.array([not part["broken"].any() for part in own]),
            followers=np.array(sampled[1:]).reshape(-1, *sampled[0].shape),
            shapes=_shapes(shapes_of[condition], [task.shapes[part] for part, _ in members], frames),
        )
        frame_time = np.arange(frames.shape[1], dtype=np.float64) * sampling_ps * task.frame_samples
        results.append(Collected(series, frames, frame_time, seconds[condition]))
    return results


def _shapes(known: KnownShapes | None, start: list[int], frames: NDArray[np.float32]) -> StartingShapes:
    """In which shapes (n_replicas,) replicas started, and which their stored frames show."""
    if known is None:
        return StartingShapes()
    return StartingShapes(
        energy=known.energy - known.energy.min(),
        weight=known.weight,
        start=np.array(start, dtype=np.int64),
        visited=np.array([known.nearest(replica.astype(np.float64)) for replica in frames]),
    )
