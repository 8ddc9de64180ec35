"""The points of a scan: their specs, lengths and seeds."""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from molmach import drives
from molmach.building import kind_of
from molmach.errors import Argument, SpecError
from molmach.spec import Spec
from molmach.studies import folder
from molmach.studies.scan.axes import OVER, Axis, axes_of, value_of, with_values

FEWEST_SAMPLES = 100
"""Of a point whose length is given in cycles, however quick the drive."""

MOST_POINTS = 10_000


@dataclass(frozen=True)
class PlannedPoint:
    """One point of the grid.

    Attributes
    ----------
    values
        Of the axes, in their units.
    spec
        What is simulated there.
    built
        The same with the scan's own seed, from which the machine is built: so all points that have the
        same machine have the same three-dimensional structure.
    """

    values: tuple[float, ...]
    spec: Spec
    built: Spec


@dataclass(frozen=True)
class Plan(folder.Plan):
    """A scan to be done.

    Attributes
    ----------
    spec
        The machine as it was given.
    axes
        One or two.
    points
        Every point, the last axis's value changing quickest.
    """

    spec: Spec
    axes: tuple[Axis, ...]
    points: tuple[PlannedPoint, ...]

    noun = "scan"
    document = "scan.json"
    pieces = ("points/*.json", "**/block-*.npz")

    @property
    def identity(self) -> folder.Identity:
        """The key, by which a scan's folder is known again."""
        return {"key": self.key}

    @property
    def default_place(self) -> Path:
        """``runs/<name>-<first twelve characters of the key>-scan``."""
        return Path("runs") / f"{self.spec.name}-{self.key[:12]}-scan"

    @property
    def key(self) -> str:
        """sha256 of the axes' names and the points' keys, hexadecimal."""
        parts = [axis.key for axis in self.axes] + [point.spec.key for point in self.points]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def plan_scan(spec: Spec, over: Mapping[str, str | Sequence[object]], cycles: float | None) -> Plan:
    """The points of a scan.

    A point's seed comes from its values and ``protocol.seed``, so a point has the same numbers in
    whatever grid it stands.

    Parameters
    ----------
    spec, over
        As :func:`molmach.studies.scan.axes.axes_of` takes them.
    cycles
        Periods of the drive that are measured at each point; None for ``protocol.duration``, which also
        holds where the drive has no period or ``protocol.duration`` is scanned.

    Raises
    ------
    SpecError
        A value, or a combination of two, can't be taken.
    """
    if cycles is not None and not 0.0 < cycles < math.inf:
        raise SpecError(Argument("cycles"), f" {cycles:g}: expected a number above zero")
    axes = axes_of(spec, over)
    count = math.prod(len(axis.values) for axis in axes)
    if count > MOST_POINTS:
        raise SpecError(OVER, f": {count} points; expected at most {MOST_POINTS}")
    if any(axis.key == "protocol.duration" for axis in axes):
        cycles = None
    points = []
    for chosen in itertools.product(*(range(len(axis.values)) for axis in axes)):
        texts = {axis.key: axis.texts[i] for axis, i in zip(axes, chosen, strict=True)}
        source = ", ".join(f"{key}={text}" for key, text in texts.items())
        at = with_values(spec, {key: value_of(text) for key, text in texts.items()}, source)
        values = tuple(axis.values[i] for axis, i in zip(axes, chosen, strict=True))
        points.append(_point(at, values, cycles, source))
    return Plan(spec, axes, tuple(points))


def _point(at: Spec, values: tuple[float, ...], cycles: float | None, source: str) -> PlannedPoint:
    duration = duration_of(at, cycles)
    lengths: dict[str, object] = {"protocol.duration": f"{duration:.12g} ps"}
    if kind_of(at.machine.kind).track is None:  # nothing is asked of frames but whether rings are threaded
        lengths["protocol.frames"] = f"{duration:.12g} ps"
    built = with_values(at, lengths, source)
    seed = int.from_bytes(hashlib.sha256(built.key.encode()).digest()[:8], "big") >> 1
    return PlannedPoint(values, with_values(built, {"protocol.seed": seed}, source), built)


def duration_of(spec: Spec, cycles: float | None) -> float:
    """Length of a point's measured part, ps: so many periods of the drive, rounded up to whole samples.

    ``protocol.duration`` where ``cycles`` is None or the drive has no period.
    """
    frequency = drives.model(spec.drive).frequency
    if cycles is None or frequency is None:
        return spec.protocol.duration
    sampling = spec.protocol.sampling
    samples = math.ceil(cycles * 1e3 / abs(frequency) / sampling - 1e-6)
    return max(samples, FEWEST_SAMPLES) * sampling
