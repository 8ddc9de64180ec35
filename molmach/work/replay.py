"""Doing work, and doing a part of it again: what a result says must come out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random, SystemRandom
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molmach.engine.batch import Watch, sample_from
from molmach.engine.batched import compile_for
from molmach.errors import DivergedError, MolmachError, WorkError
from molmach.identity import identity
from molmach.work.result import (
    SAMPLED,
    TOLERANCE,
    BatchPart,
    CodePart,
    Result,
    first_link,
    next_link,
)
from molmach.work.unit import Unit

State = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Segment:
    """A segment of a batch, both numbered from 0."""

    batch: int
    number: int

    def __str__(self) -> str:
        return f"segment {self.number + 1} of batch {self.batch + 1}"


@dataclass(frozen=True)
class Verification:
    """What replays of a result's segments showed.

    Attributes
    ----------
    replayed
        The segments that were done again.
    differing
        Those that came out otherwise, with the name of what is first seen to differ.
    total
        Segments of the result.
    """

    replayed: tuple[Segment, ...]
    differing: tuple[tuple[Segment, str], ...]
    total: int

    @property
    def same(self) -> bool:
        """Whether all came out as the result says."""
        return not self.differing

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "same": self.same,
            "replayed": [vars(segment) for segment in self.replayed],
            "differing": [{**vars(segment), "what": what} for segment, what in self.differing],
            "segments": self.total,
        }


class Player:
    """Runs segments of a unit in this process, on one core."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    @cached_property
    def _watches(self) -> list[Watch]:
        task = self._unit.task
        return [Watch(task, members, self._unit.sampled) for members in task.batches]

    def play(
        self,
        segment: Segment,
        state: Mapping[str, NDArray[Any]] | None,
        progress: Callable[[int], None] = lambda steps: None,
    ) -> tuple[State, dict[str, NDArray[Any]], float]:
        """The state at a segment's end, what was sampled in it, and seconds; from the state at its beginning.

        Raises
        ------
        DivergedError
            Coordinates became infinite.
        WorkError
            A coordinate can't be computed.
        """
        unit, ends = self._unit, self._unit.ends
        stepper = unit.start(segment.batch)
        if state is not None:
            stepper.restore(dict(state))
        first = ends[segment.number - 1] if segment.number else 0
        try:
            with np.errstate(all="ignore"):  # from forged states infinite numbers may come
                block = sample_from(
                    stepper, self._watches[segment.batch], first, ends[segment.number], progress
                )
        except MolmachError:
            raise
        except (IndexError, ValueError, ArithmeticError) as error:
            raise WorkError(f"{segment}: can't be sampled ({error})") from error
        return stepper.checkpoint(), block.arrays(stepper), block.seconds


def run_unit(unit: Unit, progress: Callable[[int, int], None] = lambda done, total: None) -> Result:
    """Do a unit's work in this process, on one core.

    Parameters
    ----------
    unit
        What is to be run; checked first.
    progress
        Called with the steps of all replicas so far, and with how many there will be.

    Raises
    ------
    WorkError, SpecError, ForceFieldError
        The unit can't be run.
    DivergedError
        Coordinates became infinite.
    """
    unit.check()
    compile_for(unit.engine_inputs)
    task, player = unit.task, Player(unit)
    batches, seconds, behind = [], 0.0, 0
    for number in range(len(task.batches)):
        before, state = first_link(unit, number), None
        links: list[str] = []
        states: list[State] = []
        sampled: list[dict[str, NDArray[Any]]] = []
        for segment in range(len(unit.ends)):
            state, samples, spent = player.play(
                Segment(number, segment),
                state,
                lambda steps, behind=behind: progress(behind + steps, task.replica_steps),  # type: ignore[misc]
            )
            before = next_link(before, state, samples)
            links.append(before)
            states.append(state)
            sampled.append(samples)
            seconds += spent
        behind += task.batch_steps(number)
        whole = {name: np.concatenate([part[name] for part in sampled]) for name in SAMPLED}
        batches.append(BatchPart(links=links, states=states, **whole))
    return Result(
        form=Result.SCHEMA,
        unit=unit,
        kernel=unit.engine_inputs.kernels.run.source,
        code=CodePart(**identity(unit.spec.entry_points).to_json()),
        seconds=seconds,
        batches=batches,
    )


def replay(result: Result, segment: Segment) -> str:
    """Do a segment again from the state before it: what comes out otherwise than the result says, or ''."""
    own = result.batches[segment.batch]
    before = own.states[segment.number - 1] if segment.number else None
    try:
        state, samples, _ = Player(result.unit).play(segment, before)
    except DivergedError:
        return "coordinates, which become infinite"
    return difference(result, segment, state, samples)


def difference(
    result: Result, segment: Segment, state: Mapping[str, NDArray[Any]], samples: Mapping[str, NDArray[Any]]
) -> str:
    """In what a result differs from a replay of one of its segments; '' where in nothing."""
    said = result.batches[segment.batch].states[segment.number]
    for name, array in sorted(state.items()):
        if array.tobytes() != said[name].tobytes():
            return f"{name} of the state at its end"
    told = result.samples(segment.batch, segment.number)
    for name in SAMPLED:
        if name == "coordinate":
            same = _same_coordinate(result.unit, told[name], samples[name])
        else:
            same = told[name].tobytes() == samples[name].tobytes()
        if not same:
            return f"{name} that it sampled"
    return ""


def _same_coordinate(unit: Unit, said: NDArray[Any], shown: NDArray[Any]) -> bool:
    """Whether values of coordinates are the same but for what NumPy rounds otherwise elsewhere."""
    if said.shape != shown.shape:
        return False
    for column, coordinate in enumerate(unit.sampled[0]):
        apart = np.abs(said[..., column] - shown[..., column])
        period = coordinate.scale.period
        if period is not None:
            apart = np.minimum(apart, np.abs(period - apart))
        if not (apart <= TOLERANCE).all():
            return False
    return True


def verify(result: Result, count: int | None = 1, random: Random | None = None) -> Verification:
    """Replay segments of a result that are drawn at random.

    Parameters
    ----------
    result
        What is doubted; its chain is checked first.
    count
        How many segments; None for all.
    random
        Draws them; default the system's, which no author of a result can foresee.

    Raises
    ------
    WorkError, SpecError, ForceFieldError
        The result is none of its unit's, or its chain doesn't follow from its states.
    """
    result.check()
    everything = [
        Segment(batch, number)
        for batch in range(len(result.batches))
        for number in range(len(result.unit.ends))
    ]
    drawn = everything
    if count is not None and count < len(everything):
        drawn = sorted((random or SystemRandom()).sample(everything, count), key=everything.index)
    shown = [(segment, replay(result, segment)) for segment in drawn]
    return Verification(
        tuple(drawn), tuple((segment, what) for segment, what in shown if what), len(everything)
    )


def chance_to_catch(total: int, faked: int, replayed: int) -> float:
    """Chance that replays of so many segments, drawn without repeats, meet one that was made up.

    1 - C(m - q, r) / C(m, r) for q of m segments and r replays; with one replay the share of those made up.

    >>> chance_to_catch(20, 2, 1)
    0.1
    >>> round(chance_to_catch(20, 2, 5), 4)
    0.4474
    """
    return 1.0 - math.comb(total - faked, replayed) / math.comb(total, replayed)


def told(parts: Sequence[tuple[Segment, str]]) -> str:
    """Segments that differ, and in what, in words."""
    return "; ".join(f"{segment} differs in {what}" for segment, what in parts)
