"""A finished scan: arrays over its grid, thresholds, and its documents."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molmach import drives
from molmach.data.statistics import finite_or_none
from molmach.studies.scan.axes import Axis
from molmach.studies.scan.law import LawFit, fit_law
from molmach.studies.scan.plan import Plan
from molmach.studies.scan.point import Point
from molmach.studies.scan.thresholds import Row, Threshold, thresholds_of_row

SCHEMA = "molmach.scan/1"

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Scan:
    """A machine over a grid of one or two values of its file. There are no controls in it.

    Attributes
    ----------
    plan
        Spec, axes and planned points.
    points
        Every point, the last axis's value changing quickest.
    folder
        Where the scan's files are; None where it was not written.
    """

    plan: Plan
    points: tuple[Point, ...]
    folder: Path | None = None

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The scanned keys with their values."""
        return self.plan.axes

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of values of each axis."""
        return tuple(len(axis.values) for axis in self.axes)

    def grid(self, of: Callable[[Point], Any]) -> NDArray[Any]:
        """A quantity of every point as an array of the scan's :attr:`shape`."""
        return np.array([of(point) for point in self.points]).reshape(self.shape)

    @property
    def measure(self) -> str:
        """Name of the estimate that the points are about: ``velocity``, or what stands for it.

        Between two ends that is ``steps_per_cycle`` where any point has whole phases of its clock.
        """
        names = [point.score.get("measure", "velocity") for point in self.points if point.score]
        return max(names, key=lambda name: name == "steps_per_cycle", default="velocity")

    @property
    def measure_unit(self) -> str:
        """Unit of :attr:`measure`."""
        units = (point.estimate(self.measure).unit for point in self.points if point.score)
        return next(units, "") or "turn/ns"

    @property
    def measured(self) -> Floats:
        """(shape) values of :attr:`measure`."""
        return self.grid(lambda point: point.estimate(self.measure).value)

    @property
    def velocity(self) -> Floats:
        """(shape) mean velocity, turn/ns; nan of machines that have none."""
        return self.grid(lambda point: point.estimate("velocity").value)

    @property
    def velocity_ci95(self) -> Floats:
        """(shape, 2) bounds of its 95 % interval."""
        bounds = np.array([point.estimate("velocity").ci95 for point in self.points])
        return bounds.reshape(*self.shape, 2)

    @property
    def followed(self) -> Floats:
        """(shape) net turns per period of the drive, one less the lag; nan for drives without a period."""
        return self.grid(lambda point: point.followed.value)

    @property
    def regime(self) -> NDArray[np.str_]:
        """(shape) names of Vacek & Michl's regimes; '' for other drives than a rotating field."""
        return self.grid(lambda point: point.regime)

    @cached_property
    def thresholds(self) -> tuple[Threshold, ...]:
        """Fields where the regimes meet, at each value of the other axis; empty without a scanned field."""
        return tuple(threshold for row in self._rows for threshold in thresholds_of_row(row))

    @cached_property
    def laws(self) -> tuple[LawFit, ...]:
        """Each threshold's law in the frequency, where there are frequencies enough."""
        if len(self.axes) != 2 or self.frequency_key not in {axis.key for axis in self.axes}:
            return ()
        names = dict.fromkeys(threshold.name for threshold in self.thresholds)
        fits = (fit_law([t for t in self.thresholds if t.name == name]) for name in names)
        return tuple(fit for fit in fits if fit is not None)

    @property
    def field_key(self) -> str | None:
        """Where the strength of the drive's field stands in the machine file; None where it has no field."""
        name = drives.model(self.plan.spec.drive).strength
        return None if name is None else f"drive.{name}"

    @property
    def frequency_key(self) -> str | None:
        """Where the drive's frequency stands in the machine file; None where it has none."""
        name = drives.model(self.plan.spec.drive).frequency_key
        return None if name is None else f"drive.{name}"

    @property
    def _rows(self) -> list[Row]:
        """Points of one line in the field, for each value of the other axis."""
        keys = [axis.key for axis in self.axes]
        if self.field_key not in keys or not drives.model(self.plan.spec.drive).has_regimes:
            return []
        along = keys.index(self.field_key)
        lines = np.moveaxis(np.arange(len(self.points)).reshape(self.shape), along, -1)
        lines = lines.reshape(-1, self.shape[along])
        rows = []
        for number, line in enumerate(lines.tolist()):
            on_line = [self.points[i] for i in line]
            chosen = [point for point in on_line if point.velocities.size and point.field > 0.0]
            other = None if len(keys) == 1 else self.points[line[0]].values[1 - along]
            if len(chosen) >= Row.FEWEST_FIELDS:
                rows.append(Row.of(chosen, other, seed=(self.plan.spec.protocol.seed, number)))
        return rows

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader must know: failed points, and what the points' own scores warn of."""
        failed = [point for point in self.points if point.problem]
        texts = [f"{self.name_of(point)}: {point.problem}" for point in failed]
        warned = [point for point in self.points if point.score.get("warnings")]
        if warned:
            first = warned[0]
            texts.append(
                f"{len(warned)} of {len(self.points)} points have warnings, as at {self.name_of(first)}: "
                f"{first.score['warnings'][0]}"
            )
        return tuple(texts)

    def name_of(self, point: Point) -> str:
        """A point's values as text."""
        parts = (
            f"{axis.key} = {value:g} {axis.unit}".strip()
            for axis, value in zip(self.axes, point.values, strict=True)
        )
        return ", ".join(parts)

    def to_json(self) -> dict[str, Any]:
        """The document: schema ``molmach.scan/1``."""
        steps = sum(p.spec.protocol.total_steps * p.spec.protocol.replicas for p in self.points)
        seconds = sum(point.seconds for point in self.points)
        return {
            "schema": SCHEMA,
            "name": self.plan.spec.name,
            "run_dir": None if self.folder is None else str(self.folder),
            "key": self.plan.key,
            "controlled": False,
            "axes": [axis.to_json() for axis in self.axes],
            "replicas": self.plan.spec.protocol.replicas,
            "points": [self._entry(point) for point in self.points],
            "thresholds": [threshold.to_json() for threshold in self.thresholds],
            "laws": [law.to_json() for law in self.laws],
            "warnings": list(self.warnings),
            "performance": {
                "seconds": seconds,
                "steps": steps,
                "us_per_step_per_replica": seconds / steps * 1e6,
            },
        }

    def _entry(self, point: Point) -> dict[str, Any]:
        return {
            "values": list(point.values),
            "key": point.spec.key,
            "seed": point.spec.protocol.seed,
            "duration": point.spec.protocol.duration,
            "velocity": point.estimate("velocity").to_json(),
            "measure": self.measure,
            "measured": point.estimate(self.measure).to_json(),
            "followed": finite_or_none(point.followed.value),
            "lag_per_turn": point.estimate("lag_per_turn").to_json(),
            "regime": point.regime or None,
            "dipole_energy": finite_or_none(point.dipole_energy),
            "temperature": point.estimate("temperature").to_json(),
            "work_rate": point.estimate("work_rate").to_json(),
            "p_value": point.score.get("p_value"),
            "verdict": point.score.get("verdict"),
            "seconds": point.seconds,
            "warnings": point.score.get("warnings", []),
            "problem": point.problem or None,
        }

    def to_csv(self) -> str:
        """The table: a line a point; units stand in the head in square brackets."""
        measure, unit = self.measure, self.measure_unit
        heads = [f"{axis.key} [{axis.unit or '1'}]" for axis in self.axes]
        heads += [f"{name} [{unit}]" for name in (measure, f"{measure}_low", f"{measure}_high")]
        heads += [f"{name} [turn/turn]" for name in ("lag_per_turn", "lag_low", "lag_high")]
        heads += ["regime", "mu E [kT]", "duration [ps]", "replicas", "p_value", "seed", "problem"]
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(heads)
        for point in self.points:
            measured, lag = point.estimate(measure), point.estimate("lag_per_turn")
            numbers = [*point.values, measured.value, *measured.ci95, lag.value, *lag.ci95]
            protocol = point.spec.protocol
            p_value = point.score.get("p_value")
            writer.writerow(
                [
                    *(_cell(x) for x in numbers),
                    point.regime,
                    _cell(point.dipole_energy),
                    _cell(protocol.duration),
                    protocol.replicas,
                    "" if p_value is None else _cell(p_value),
                    protocol.seed,
                    point.problem,
                ]
            )
        return stream.getvalue()


def _cell(value: float) -> str:
    return f"{value:.7g}" if math.isfinite(value) else ""
