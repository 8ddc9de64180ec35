"""Trajectories from the barrier between two stations down to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molmach import drives, engine
from molmach.building import Assembly, coordinate_of
from molmach.drives import DriveTerms
from molmach.engine import LANES
from molmach.engine.batched import BatchedStepper, Inputs
from molmach.engine.switches import switching_of
from molmach.files import write_arrays
from molmach.spec import Protocol
from molmach.spec.drive import no_drive
from molmach.theory.transition_paths import FIRST, SECOND, UNDECIDED
from molmach.units import thermal_energy

Floats = NDArray[np.float64]
Ends = NDArray[np.int64]

LONGEST_PS = 500.0
"""A trajectory that has reached neither station by then is given up as undecided."""

_SAMPLES_AT_ONCE = 20
_SHOTS_AT_ONCE = 64
_NUDGE_PS = 1e-4
"""Time over which the coordinate's rate of change is taken, by central difference."""


@dataclass(frozen=True)
class Barrier:
    """What lies between two neighbouring stations, nm along the axle.

    Attributes
    ----------
    first, second
        Places of the stations, the second farther along.
    core
        Half-width of their cores.
    top
        Where the ring is least likely to be.
    """

    first: float
    second: float
    core: float
    top: float

    def between(self, place: Floats) -> NDArray[np.bool_]:
        """Which places are in neither core and between them."""
        return np.asarray((place > self.first + self.core) & (place < self.second - self.core))

    def ends(self, place: Floats) -> Ends:
        """Which station's core each place is in, in words of :mod:`molmach.theory.transition_paths`."""
        at_first, at_second = (np.abs(place - at) <= self.core for at in (self.first, self.second))
        return np.where(at_first, FIRST, np.where(at_second, SECOND, UNDECIDED)).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Surfaces:
    """How much each place between two stations counts, in bins along the axle; others count nothing.

    Attributes
    ----------
    edges
        (n_bins + 1,) of the bins, nm.
    counts
        (n_bins,) of those between the stations' cores, 1/nm; their mean over places is one over their reach.
    barrier
        Outside of which nothing counts.
    """

    edges: Floats
    counts: Floats
    barrier: Barrier

    def __call__(self, place: Floats) -> Floats:
        """Of places, nm."""
        number = np.clip(np.digitize(place, self.edges) - 1, 0, len(self.counts) - 1)
        return np.where(self.barrier.between(place), self.counts[number], 0.0)


@dataclass(frozen=True, eq=False)
class Shots:
    """What came of pairs of trajectories that start at one place with opposite velocities.

    Attributes
    ----------
    speeds
        (n,) absolute rate of change of the ring's place at the start, nm/ps.
    forward, backward
        (n,) where the two came to.
    along
        (n,) how much all places count that both were seen at, the start once.
    """

    speeds: Floats
    forward: Ends
    backward: Ends
    along: Floats

    @classmethod
    def joined(cls, parts: Sequence[Shots]) -> Shots:
        """One after the other."""
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in _ARRAYS))


_ARRAYS = ("speeds", "forward", "backward", "along")


def held_inputs(assembly: Assembly, drive: Any, state: str, protocol: Protocol) -> Inputs:
    """The kernel's inputs of a machine whose drive is held in one state of its switch, without load.

    Parameters
    ----------
    assembly
        The machine.
    drive
        Its drive's section.
    state
        One of the drive's own, or anything for a drive that has none.
    protocol
        Temperature, friction and time step.
    """
    model = drives.model(drive)
    if state not in model.states:
        condition = engine.prepare("top", 0, assembly, no_drive(), protocol)
        return Inputs.of([condition])
    condition = engine.prepare("top", 0, assembly, drive, protocol)
    kT = thermal_energy(protocol.temperature)
    terms = drives.terms(drive, assembly, kT)
    thrown = model.states[state]
    held = DriveTerms(
        switches=terms.switches,
        switched=tuple(_held(term, term.on if thrown else term.off) for term in terms.switched),
    )
    inputs = Inputs.of([condition])
    return replace(
        inputs,
        fields=np.zeros_like(inputs.fields),
        torques=np.zeros_like(inputs.torques),
        switching=switching_of([held], kT, protocol.timestep),
    )


def _held(term: Any, amplitude: float) -> Any:
    """The term with one amplitude whatever its switch does, so that throwing it does nothing."""
    return replace(term, off=amplitude, on=amplitude)


@dataclass(frozen=True)
class Gun:
    """What shots have in common: the machine in one state of its drive, the barrier, and where they are kept.

    Attributes
    ----------
    inputs
        As :func:`held_inputs` gives them.
    assembly, protocol
        The machine and its protocol.
    surfaces
        How much each place between the stations counts.
    stream
        Numbers that set its random numbers apart from those of other barriers and states.
    folder
        Where what is finished is kept.
    """

    inputs: Inputs
    assembly: Assembly
    protocol: Protocol
    surfaces: Surfaces
    stream: tuple[int, ...]
    folder: Path

    def shoot(
        self,
        places: Floats,
        threads: int | None = None,
        progress: Callable[[int], None] = lambda done: None,
    ) -> Shots:
        """Pairs of trajectories from (n, n_atoms, 3) places between the stations, nm.

        Velocities are drawn from Maxwell's distribution, and each pair has its own bath. They go on until
        they reach the core of a station or :data:`LONGEST_PS`. Shots that an earlier call of the same kind
        has finished are read.

        Parameters
        ----------
        places
            Where they start.
        threads
            How many; default one a core.
        progress
            Called with the number of pairs that are done.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        parts = []
        for start in range(0, len(places), _SHOTS_AT_ONCE):
            file = self.folder / f"shots-{start:06d}.npz"
            if not file.is_file():
                shots = self._fresh(places[start : start + _SHOTS_AT_ONCE], start, threads)
                write_arrays(file, {name: getattr(shots, name) for name in _ARRAYS})
            with np.load(file) as stored:
                parts.append(Shots(*(stored[name] for name in _ARRAYS)))
            progress(min(len(places), start + _SHOTS_AT_ONCE))
        return Shots.joined(parts)

    def _fresh(self, places: Floats, first: int, threads: int | None) -> Shots:
        inputs = self.inputs.starting_from(places)
        forth = self._seeds(first, len(places), 0)
        states = [
            BatchedStepper(
                inputs, range(start, min(start + LANES, len(places))), forth[start : start + LANES]
            )
            for start in range(0, len(places), LANES)
        ]
        drawn = _columns([stepper.checkpoint() for stepper in states], len(places))
        velocity = drawn["velocity"].T.astype(np.float64).reshape(places.shape)
        coordinate = coordinate_of(self.assembly)
        nudged = [coordinate(places + sign * _NUDGE_PS * velocity) for sign in (1.0, -1.0)]
        rate = (nudged[0] - nudged[1]) / (2.0 * _NUDGE_PS)
        turned = drawn | {
            "velocity": -drawn["velocity"],
            "random": np.ascontiguousarray(self._seeds(first, len(places), 1).T),
        }
        ends, along = self._run(
            {name: np.concatenate([drawn[name], turned[name]], axis=-1) for name in drawn}, threads
        )
        both = (2, len(places))
        forward, backward = ends.reshape(both)
        counted = self.surfaces(coordinate(places)) + along.reshape(both).sum(axis=0)
        return Shots(np.abs(rate), forward, backward, counted)

    def _seeds(self, first: int, count: int, way: int) -> NDArray[np.uint32]:
        """(count, 4) random words of each shot's own."""
        return np.array(
            [
                np.random.SeedSequence(
                    self.protocol.seed, spawn_key=(3, *self.stream, number, way)
                ).generate_state(4)
                for number in range(first, first + count)
            ]
        )

    def _run(self, states: dict[str, NDArray[Any]], threads: int | None) -> tuple[Ends, Floats]:
        """(n,) where trajectories came to from (..., n) states, and how much their places count."""
        count = states["velocity"].shape[-1]
        ends, along = np.full(count, UNDECIDED), np.zeros(count)
        coordinate, steps = coordinate_of(self.assembly), self.protocol.sampling_steps
        rounds = max(1, round(LONGEST_PS / (_SAMPLES_AT_ONCE * self.protocol.sampling)))
        active = np.arange(count)

        def advance(lanes: NDArray[np.intp]) -> tuple[dict[str, NDArray[Any]], Ends, Floats]:
            padded = np.pad(lanes, (0, LANES - len(lanes)), mode="edge")
            stepper = BatchedStepper(self.inputs, [0] * len(lanes), np.ones((len(lanes), 4), dtype=np.uint32))
            own = {name: np.ascontiguousarray(part[..., padded]) for name, part in states.items()}
            stepper.restore(stepper.checkpoint() | own)
            place = coordinate(stepper.advance(_SAMPLES_AT_ONCE, steps).positions)
            visited = self.surfaces.barrier.ends(place)
            first = (visited != UNDECIDED).argmax(axis=0)
            reached = visited[first, np.arange(len(lanes))]
            before = (np.cumsum(visited != UNDECIDED, axis=0) == 0) * self.surfaces(place)
            return _columns([stepper.checkpoint()], len(lanes)), reached, before.sum(axis=0)

        with ThreadPoolExecutor(threads or engine.available_cores()) as pool:
            for _ in range(rounds):
                groups = [active[start : start + LANES] for start in range(0, len(active), LANES)]
                for lanes, (state, reached, seen) in zip(groups, pool.map(advance, groups), strict=True):
                    ends[lanes] = reached
                    along[lanes] += seen
                    for name, part in state.items():
                        states[name][..., lanes] = part
                active = active[ends[active] == UNDECIDED]
                if not active.size:
                    break
        return ends, along


def _columns(states: Sequence[dict[str, NDArray[Any]]], count: int) -> dict[str, NDArray[Any]]:
    """Checkpoints side by side, (..., count), but for the clock: a held drive knows no time."""
    return {
        name: np.concatenate([state[name] for state in states], axis=-1)[..., :count].copy()
        for name in states[0]
        if name != "clock"
    }
