"""What a simulation leaves behind, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from molmach.building import Assembly
from molmach.data.looks import Look, LookPlan
from molmach.data.shapes import StartingShapes
from molmach.spec import Drive, Spec

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Series:
    """The sampled history of one condition's replicas over the measured part.

    Attributes
    ----------
    time_ps
        (n_samples + 1,) from 0 to the duration.
    coordinate
        (n_replicas, n_samples + 1) the machine's coordinate: an unwrapped angle in rad, or a
        ring's place along its axle in nm.
    heat, drive_work, load_work
        (n_replicas, n_samples + 1) running totals since the measured part's start, kJ/mol: heat
        given to the bath, work of drive and load on the machine.
    events
        (n_replicas, n_samples + 1) running number of the drive's events: photons absorbed, molecules
        of fuel used up, throws of a switch.
    energy_change
        (n_replicas,) change of the machine's internal energy (force field, anchors, kinetic)
        from the first to the last sample, kJ/mol.
    temperature
        (n_replicas,) mean kinetic temperature, K.
    intact
        (n_replicas,) whether every ring was threaded in every stored frame.
    followers
        (n_followers, n_replicas, n_samples + 1) unwrapped angles of the wheels that the rotor turns,
        rad, in the assembly's order.
    shapes
        In which shapes of the molecule the replicas started.
    """

    time_ps: Floats
    coordinate: Floats
    heat: Floats
    drive_work: Floats
    load_work: Floats
    events: Floats
    energy_change: Floats
    temperature: Floats
    intact: NDArray[np.bool_]
    followers: Floats = field(default_factory=lambda: np.zeros((0, 0, 0)))
    shapes: StartingShapes = field(default_factory=StartingShapes)

    @classmethod
    def joined(cls, parts: Sequence[Series]) -> Series:
        """The replicas of several, in that order; all have the same times."""
        first, *others = parts
        if not others:
            return first
        each = {name: [getattr(part, name) for part in parts] for name in _OF_REPLICAS}
        followers = np.concatenate([part.followers for part in parts], axis=1)
        whole = {name: np.concatenate(arrays) for name, arrays in each.items()}
        shapes = StartingShapes.joined([part.shapes for part in parts])
        return replace(first, **whole, followers=followers, shapes=shapes)


_OF_REPLICAS = (
    "coordinate", "heat", "drive_work", "load_work", "events", "energy_change", "temperature", "intact",
)  # fmt: skip
"""What a series has of each replica, in rows."""


@dataclass(frozen=True)
class Performance:
    """Measured speed: wall time per step of one replica on one core, and the whole run's throughput.

    ``compile_seconds`` is what compiling kernels took before the run, zero where they were on disk;
    it is in no other figure.
    """

    us_per_step_per_replica: float
    ns_per_day: float
    engine: str
    platform: str
    workers: int
    compile_seconds: float = 0.0


@dataclass(frozen=True, eq=False)
class Run:
    """A simulated machine: its replicas' history and, if they were run, its controls'.

    Attributes
    ----------
    spec
        As run.
    assembly, drive
        What was simulated; a control's differ from the spec's.
    series
        The measured history.
    performance
        Speed and platform.
    controls
        ``undriven`` and ``mirror`` runs by name; empty where they were not asked for.
    run_dir
        The run's folder.
    until
        When it was looked at, where replicas were added until they told; None of a run of a fixed number.
    looks
        What it amounted to at each look, the last one left out while it is made.
    """

    spec: Spec
    assembly: Assembly
    drive: Drive
    series: Series
    performance: Performance
    controls: dict[str, Run] = field(default_factory=dict)
    run_dir: Path | None = None
    until: LookPlan | None = None
    looks: tuple[Look, ...] = ()

    @property
    def level_share(self) -> float:
        """Share of the level of every test that these replicas have: of one of several looks, its part."""
        return 1.0 if self.until is None else self.until.share(self.replicas)

    @property
    def replicas(self) -> int:
        """Number of independent replicas."""
        return int(self.series.coordinate.shape[0])

    @property
    def shapes(self) -> StartingShapes:
        """In which shapes of the molecule its replicas started."""
        return self.series.shapes
