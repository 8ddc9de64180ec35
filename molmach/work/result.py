"""What came of a work unit: a chain of digests, the state at every link of it, and what was sampled.

A link is the sha256 of the link before, of the state at its segment's end and of what was sampled on the way
that no library rounds (books, energies, frames). The coordinate is left out: it is computed with NumPy, whose
last bits depend on the processor, and is compared to :data:`TOLERANCE`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from molmach.data.sound import require_array
from molmach.engine import Collected
from molmach.engine.batch import join
from molmach.engine.stepper import BOOKS
from molmach.errors import WorkError
from molmach.identity import Identity
from molmach.work.document import Array, Arrays, Digest, Document, Part, arrays_digest
from molmach.work.unit import Unit

TOLERANCE = 1e-9
"""Difference between two computers' values of a coordinate that counts as none, in its unit."""

PORTABLE = ("books", "energy", "frames")
"""What is sampled and has the same bits everywhere."""

SAMPLED = (*PORTABLE, "coordinate", "broken")


class CodePart(Part):
    """By which code a result was computed, see :class:`molmach.identity.Identity`."""

    digest: Digest
    version: Annotated[str, Field(max_length=100)]
    sources: Annotated[str, Field(max_length=100)]
    packages: dict[Annotated[str, Field(max_length=100)], Annotated[str, Field(max_length=100)]]
    plugins: dict[Annotated[str, Field(max_length=200)], Annotated[str, Field(max_length=200)]]

    @property
    def identity(self) -> Identity:
        """The identity that this is."""
        return Identity(self.version, self.sources, self.packages, self.plugins)


class BatchPart(Part):
    """What came of a batch.

    Attributes
    ----------
    links, states
        The chain, and the state at each link: at the end of every segment.
    coordinate, books
        (n_samples + 1, members, ...) at every sample, the start's first.
    energy
        (2, members) internal energy at both ends of the measured part, kJ/mol.
    frames, broken
        (n_frames, members, n_atoms, 3), nm, and (n_frames, members) whether something came unthreaded.
    """

    links: Annotated[list[Digest], Field(min_length=1, max_length=100_000)]
    states: Annotated[list[Arrays], Field(max_length=100_000)]
    coordinate: Array
    books: Array
    energy: Array
    frames: Array
    broken: Array


class Result(Document):
    """The result of a work unit, with the unit.

    Attributes
    ----------
    unit
        What was run.
    kernel
        Digest of the sources of the compiled code that ran it.
    code
        Identity of all code.
    seconds
        Wall time of the integration, on one core.
    batches
        What came of each.
    """

    noun: ClassVar[str] = "result of a work unit"
    SCHEMA: ClassVar[str] = "molmach.work-result/1"

    unit: Unit
    kernel: Digest
    code: CodePart
    seconds: Annotated[float, Field(ge=0.0)]
    batches: Annotated[list[BatchPart], Field(max_length=1000)]

    def check(self) -> None:
        """Refuse a result that is none of its unit's, or whose chain doesn't follow from its states.

        Raises
        ------
        WorkError, SpecError, ForceFieldError
            What is wrong with it, or with its unit.
        """
        self.unit.check()
        task = self.unit.task
        if len(self.batches) != len(task.batches):
            raise WorkError(f"batches: {len(self.batches)}; expected the unit's {len(task.batches)}")
        for number, batch in enumerate(self.batches):
            self._check_arrays(number, batch)
            for segment in range(len(batch.links)):
                if batch.links[segment] != self.link(number, segment):
                    raise WorkError(
                        f"batches.{number}.links.{segment}: does not follow from states and samples"
                    )

    def _check_arrays(self, number: int, batch: BatchPart) -> None:
        unit, task = self.unit, self.unit.task
        members, atoms = len(task.batches[number]), len(unit.engine_inputs.masses)
        ends = unit.ends
        place = f"batches.{number}"
        if len(batch.links) != len(ends) or len(batch.states) != len(ends):
            raise WorkError(
                f"{place}: {len(batch.links)} links, {len(batch.states)} states; expected {len(ends)}"
            )
        template = unit.start(number).checkpoint()
        for segment, state in enumerate(batch.states):
            if set(state) != set(template):
                raise WorkError(f"{place}.states.{segment}: expected {', '.join(sorted(template))}")
            for name, array in template.items():
                require_array(f"{place}.states.{segment}.{name}", state[name], array.dtype, array.shape)
        rows, frames = task.total_samples + 1, task.samples // task.frame_samples + 1
        followed = len(unit.sampled[0])
        require_array(f"{place}.coordinate", batch.coordinate, np.float64, (rows, members, followed))
        require_array(f"{place}.books", batch.books, np.float64, (rows, members, len(BOOKS)))
        require_array(f"{place}.energy", batch.energy, np.float64, (2, members))
        require_array(f"{place}.frames", batch.frames, np.float32, (frames, members, atoms, 3))
        broken = frames if task.interlocking is not None else 0
        require_array(f"{place}.broken", batch.broken, np.bool_, (broken, members))

    def link(self, batch: int, segment: int) -> str:
        """The link at the end of a segment, from the one before it and from what the result holds."""
        own = self.batches[batch]
        before = own.links[segment - 1] if segment else first_link(self.unit, batch)
        return next_link(before, own.states[segment], self.samples(batch, segment))

    def samples(self, batch: int, segment: int) -> dict[str, NDArray[Any]]:
        """What a batch sampled in a segment."""
        own = self.batches[batch]
        return {name: getattr(own, name)[rows] for name, rows in rows_of(self.unit, segment).items()}

    def collected(self) -> list[Collected]:
        """The series and frames of each condition, as those of a run."""
        unit = self.unit
        batches = [
            [
                {
                    **{name: getattr(batch, name) for name in SAMPLED},
                    "seconds": self.seconds / len(self.batches),
                }
            ]
            for batch in self.batches
        ]
        sampling = unit.spec.protocol.sampling
        return join(unit.task, batches, unit.sampled, unit.known_shapes, sampling)


def first_link(unit: Unit, batch: int) -> str:
    """What a batch's chain begins with."""
    return hashlib.sha256(f"molmach.chain/1 {unit.digest} {batch}".encode()).hexdigest()


def next_link(before: str, state: Mapping[str, NDArray[Any]], samples: Mapping[str, NDArray[Any]]) -> str:
    """The link after another: of the state at its segment's end, and of what was sampled on the way."""
    portable = {name: samples[name] for name in PORTABLE}
    return hashlib.sha256(f"{before} {arrays_digest(state)} {arrays_digest(portable)}".encode()).hexdigest()


def rows_of(unit: Unit, segment: int) -> dict[str, slice]:
    """The rows of each sampled array that a segment has made; the start is of the first."""
    ends = unit.ends
    first, last = (ends[segment - 1] if segment else -1), ends[segment]
    task = unit.task

    def frames(done: int) -> int:
        measured = done - task.equilibration_samples
        return 0 if measured < 0 else measured // task.frame_samples + 1

    def energies(done: int) -> int:
        measured = done - task.equilibration_samples
        return int(measured >= 0) + int(measured >= task.samples)

    samples = slice(first + 1, last + 1)
    framed = slice(frames(first), frames(last))
    broken = framed if task.interlocking is not None else slice(0, 0)
    return {
        "coordinate": samples,
        "books": samples,
        "energy": slice(energies(first), energies(last)),
        "frames": framed,
        "broken": broken,
    }
