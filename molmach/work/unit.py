"""A work unit: a machine's replicas, and every number that their motion depends on, in one file."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from molmach.building import Interlocking, KnownShapes
from molmach.building.coordinate import Coordinate, arrays_of, known_coordinates, place_of
from molmach.building.fingerprint import Fingerprint
from molmach.data.sound import require_array
from molmach.engine import COMPILED, LANES, Choice, Condition, Task, read_task, write_task
from molmach.engine.batched import BatchedStepper, Inputs
from molmach.engine.sound import require_own_shapes, require_sound
from molmach.engine.task import read_coordinates, read_shapes
from molmach.errors import MolmachError, SpecError, WorkError, shortened
from molmach.spec import Spec, loads
from molmach.spec.protocol import MAX_SAMPLES, MAX_STEPS
from molmach.studies.simulation import Plan
from molmach.work.document import Array, Arrays, Count, Digest, Document, Name, Part

SEGMENTS = 20
"""Segments of each batch, where nothing else is asked for."""

MOST_REPLICAS = 4096
MOST_CONDITIONS = 64

Word = Annotated[str, Field(min_length=1, max_length=120, pattern=r"^[\w.:-]+$")]
"""A name that shows as it is."""

Indices = Annotated[list[Count], Field(max_length=100_000)]


class CoordinatePart(Part):
    """What is sampled: a class that an installed machine kind has, and the arrays that it is made of."""

    made_by: Name
    arrays: Arrays


class StartingPart(Part):
    """The shapes in which replicas of a condition start, see :class:`molmach.building.KnownShapes`."""

    atoms: Array
    first: Array
    prints: Array
    energy: Array
    weight: Array


class InterlockingPart(Part):
    """What must stay threaded."""

    path: Indices
    closed: bool
    loops: Annotated[list[Indices], Field(max_length=100)]


class Unit(Document):
    """Replicas to be run, and all that their numbers depend on.

    Attributes
    ----------
    name, key, machine
        Of the machine, its spec's key, and the spec as YAML.
    kernel
        Digest of the compiled code's sources, where the unit was made.
    segment_samples
        Samples between two links of a result's chain.
    conditions, part_of, shapes, kinetic_units
        As :class:`molmach.engine.Task` has them.
    replicas
        Condition and replica of every member; sixteen in a row are a batch.
    seeds
        (n_members, 4) random words.
    temperature, sampling_steps, frame_samples, equilibration_samples, samples
        As :class:`molmach.engine.Task` has them.
    interlocking
        What must stay threaded, or None.
    force_field, terms, inputs
        Force field, shapes of switched energies, and arrays of :class:`molmach.engine.batched.Inputs`.
    coordinates, starting
        What is sampled of each condition's part; the shapes of each condition, or None.
    """

    noun: ClassVar[str] = "work unit"
    SCHEMA: ClassVar[str] = "molmach.work-unit/1"

    name: Word
    key: Digest
    machine: Annotated[str, Field(max_length=10**6)]
    kernel: Digest
    segment_samples: Annotated[int, Field(ge=1, le=MAX_SAMPLES)]
    conditions: Annotated[list[Word], Field(min_length=1, max_length=MOST_CONDITIONS)]
    part_of: Annotated[list[Count], Field(max_length=MOST_CONDITIONS)]
    shapes: Annotated[list[Count], Field(max_length=MOST_CONDITIONS)]
    kinetic_units: Annotated[list[float], Field(max_length=MOST_CONDITIONS)]
    replicas: Annotated[list[list[Count]], Field(min_length=1, max_length=MOST_REPLICAS)]
    seeds: Array
    temperature: Annotated[float, Field(gt=0.0)]
    sampling_steps: Annotated[int, Field(ge=1, le=MAX_STEPS)]
    frame_samples: Annotated[int, Field(ge=1, le=MAX_SAMPLES)]
    equilibration_samples: Annotated[int, Field(ge=0, le=MAX_SAMPLES)]
    samples: Annotated[int, Field(ge=1, le=MAX_SAMPLES)]
    interlocking: InterlockingPart | None
    force_field: Word
    terms: Annotated[list[Name], Field(max_length=100)]
    inputs: Arrays
    coordinates: Annotated[list[list[CoordinatePart]], Field(max_length=MOST_CONDITIONS)]
    starting: Annotated[list[StartingPart | None], Field(max_length=MOST_CONDITIONS)]

    @cached_property
    def task(self) -> Task:
        """What is run, as the engine has it.

        Raises
        ------
        WorkError
            Its parts don't fit each other.
        """
        parts = len(self.conditions)
        lists = (self.part_of, self.shapes, self.kinetic_units, self.coordinates)
        if any(len(own) != parts for own in lists) or sorted(set(self.part_of)) != list(
            range(len(self.starting))
        ):
            raise WorkError(f"conditions: {parts}; expected part_of, shapes and the others to be as many")
        if any(len(member) != 2 or member[0] >= parts for member in self.replicas):
            raise WorkError(f"replicas: expected pairs of a condition below {parts} and a replica")
        require_array("seeds", self.seeds, np.uint32, (len(self.replicas), 4))
        members = [(c, r) for c, r in self.replicas]
        if len(set(members)) != len(members):
            raise WorkError("replicas: one is there twice")
        total = self.equilibration_samples + self.samples
        if total > MAX_SAMPLES or total * self.sampling_steps > MAX_STEPS:
            raise WorkError(f"samples: expected at most {MAX_SAMPLES}, and {MAX_STEPS} steps")
        by_condition: list[dict[int, list[int]]] = [{} for _ in self.conditions]
        for (c, r), words in zip(members, self.seeds.tolist(), strict=True):
            by_condition[c][r] = words
        return Task(
            engine="batched",
            platform=COMPILED,
            conditions=self.conditions,
            part_of=self.part_of,
            shapes=self.shapes,
            seeds=[[own[r] for r in sorted(own)] for own in by_condition],
            batches=[members[i : i + LANES] for i in range(0, len(members), LANES)],
            temperature=self.temperature,
            sampling_steps=self.sampling_steps,
            frame_samples=self.frame_samples,
            equilibration_samples=self.equilibration_samples,
            samples=self.samples,
            kinetic_units=self.kinetic_units,
            interlocking=None
            if self.interlocking is None
            else Interlocking(**self.interlocking.model_dump()),
        )

    @cached_property
    def engine_inputs(self) -> Inputs:
        """What the kernel reads, checked.

        Raises
        ------
        WorkError, SpecError, ForceFieldError
            It isn't what a kernel may be given.
        """
        require_own_shapes(self.terms)
        try:
            inputs = Inputs.of_arrays(self.force_field, tuple(self.terms), self.inputs)
        except KeyError as error:
            raise WorkError(f"inputs: lacks {error}") from error
        if set(self.inputs) != set(inputs.arrays):
            raise WorkError("inputs: has arrays that no kernel reads")
        require_sound(inputs)
        if len(inputs.places) != len(self.conditions):
            raise WorkError(f"inputs.places: expected those of {len(self.conditions)} conditions")
        return inputs

    @cached_property
    def sampled(self) -> list[list[Coordinate]]:
        """What is sampled of each part of a condition.

        Raises
        ------
        WorkError
            A class is none that an installed machine kind has.
        """
        known = known_coordinates()
        made = []
        for parts in self.coordinates:
            for part in parts:
                if part.made_by not in known:
                    raise WorkError(
                        f"coordinates: {shortened(part.made_by)}; expected one of {', '.join(sorted(known))}"
                    )
            try:
                made.append([known[part.made_by](**part.arrays) for part in parts])
            except TypeError as error:
                raise WorkError("coordinates: one has not the arrays that it is made of") from error
        if len({len(own) for own in made}) != 1 or not made[0]:
            raise WorkError("coordinates: expected one or more, as many for each condition")
        return made

    @cached_property
    def known_shapes(self) -> list[KnownShapes | None]:
        """The shapes in which replicas start, of each condition."""
        return [
            None
            if part is None
            else KnownShapes(Fingerprint(part.atoms, part.first), part.prints, part.energy, part.weight)
            for part in self.starting
        ]

    @property
    def spec(self) -> Spec:
        """The machine's spec.

        Raises
        ------
        WorkError
            It can't be read, or is none of the unit's key.
        """
        try:
            spec = loads(self.machine, "machine")
        except SpecError as error:
            raise WorkError(f"machine: {error}") from error
        if spec.key != self.key:
            raise WorkError(f"machine: its key is {spec.key[:12]}, and the unit's {self.key[:12]}")
        return spec

    @property
    def ends(self) -> list[int]:
        """The sample at the end of each segment."""
        return segment_ends(self.task.total_samples, self.segment_samples)

    @property
    def segments(self) -> int:
        """Segments of all batches."""
        return len(self.task.batches) * len(self.ends)

    def start(self, batch: int) -> BatchedStepper:
        """The replicas of a batch at their start; what errors of the engine say is said of the unit."""
        first = batch * LANES
        members = self.task.batches[batch]
        return BatchedStepper(
            self.engine_inputs, [c for c, _ in members], self.seeds[first : first + len(members)]
        )

    def check(self) -> None:
        """Refuse a unit that can't be run.

        Raises
        ------
        WorkError, SpecError, ForceFieldError
            What is wrong with it.
        """
        _ = self.task
        atoms = len(self.engine_inputs.masses)
        places = self.engine_inputs.places
        for part, coordinates in enumerate(self.sampled):
            try:
                values = [np.asarray(coordinate(places[part : part + 1])) for coordinate in coordinates]
                known = self.known_shapes[self.part_of[part]]
                shapes = () if known is None else known.nearest(places[part : part + 1])
            except MolmachError:
                raise
            except Exception as error:  # arrays of a stranger's, in code that expects our own
                raise WorkError(f"coordinates: one can't be computed ({type(error).__name__})") from error
            if any(value.shape != (1,) or value.dtype != np.float64 for value in values) or len(shapes) > 1:
                raise WorkError("coordinates: one is no number for a structure")
        if self.interlocking is not None:
            path = [*self.interlocking.path, *(i for loop in self.interlocking.loops for i in loop)]
            if not self.interlocking.loops or max(path, default=atoms) >= atoms:
                raise WorkError(f"interlocking: expected loops of {atoms} atoms")
            try:
                self.task.interlocking and self.task.interlocking.broken(places[:1])
            except Exception as error:
                raise WorkError(f"interlocking: can't be computed ({type(error).__name__})") from error


def segment_ends(total_samples: int, segment_samples: int) -> list[int]:
    """The sample at the end of each segment; the last segment may be shorter.

    >>> segment_ends(10, 4)
    [4, 8, 10]
    """
    return [*range(segment_samples, total_samples, segment_samples), total_samples]


def make_unit(plan: Plan, segments: int = SEGMENTS) -> Unit:
    """The unit of a machine and its controls.

    Parameters
    ----------
    plan
        The machine; of replicas that are added until they tell those of the spec.
    segments
        Links of each batch's chain, at most.

    Raises
    ------
    SpecError, BuildError, ForceFieldError
        The machine can't be built or simulated.
    """
    return unit_of(plan.spec, [plan.conditions()], segments)


def unit_of(spec: Spec, stages: Sequence[Sequence[Condition]], segments: int) -> Unit:
    """The unit of conditions, in stages where replicas were added to them.

    It goes by way of the files that workers read, so that it has the numbers of any run.
    """
    names = [condition.name for condition in stages[0]]
    stages_of, conditions = [], []
    for number, stage in enumerate(stages):
        for condition in stage:
            stages_of.append(names.index(condition.name))
            later = f"{condition.name}-look-{number + 1}"
            conditions.append(replace(condition, name=later) if number else condition)
    with tempfile.TemporaryDirectory(prefix="molmach-") as folder:
        write_task(conditions, Choice("batched", COMPILED, LANES), Path(folder))
        return _of_files(spec, Path(folder), stages_of, len(names), segments)


def _of_files(spec: Spec, work: Path, stages_of: Sequence[int], count: int, segments: int) -> Unit:
    task, inputs = read_task(work), Inputs.read(work / "kernel.npz")
    members = [member for batch in task.batches for member in batch]
    known = [read_shapes(work, number) for number in range(count)]
    return Unit(
        form=Unit.SCHEMA,
        name=spec.name,
        key=spec.key,
        machine=spec.to_yaml(),
        kernel=inputs.kernels.run.source,
        segment_samples=max(1, math.ceil(task.total_samples / segments)),
        conditions=task.conditions,
        part_of=[stages_of[number] for number in task.part_of],
        shapes=task.shapes,
        kinetic_units=task.kinetic_units,
        replicas=[list(member) for member in members],
        seeds=np.array([task.seeds[c][r] for c, r in members], dtype=np.uint32),
        temperature=task.temperature,
        sampling_steps=task.sampling_steps,
        frame_samples=task.frame_samples,
        equilibration_samples=task.equilibration_samples,
        samples=task.samples,
        interlocking=None if task.interlocking is None else InterlockingPart(**asdict(task.interlocking)),
        force_field=inputs.force_field,
        terms=list(inputs.shapes),
        inputs=inputs.arrays,
        coordinates=[
            [
                CoordinatePart(made_by=place_of(type(coordinate)), arrays=arrays_of(coordinate))
                for coordinate in read_coordinates(work, name)
            ]
            for name in task.conditions
        ],
        starting=[None if shapes is None else _starting(shapes) for shapes in known],
    )


def _starting(known: KnownShapes) -> StartingPart:
    return StartingPart(
        atoms=known.fingerprint.atoms,
        first=known.fingerprint.first,
        prints=known.prints,
        energy=known.energy,
        weight=known.weight,
    )
