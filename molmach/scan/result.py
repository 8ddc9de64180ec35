"""A finished scan: its points, arrays over the grid, and thresholds."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molmach import drives
from molmach.scan.axes import Axis
from molmach.scan.plan import Plan, PlannedPoint
from molmach.scan.thresholds import LawFit, Row, Threshold, fit_law, thresholds_of_row
from molmach.score import Estimate
from molmach.score.statistics import finite_or_none
from molmach.spec import RotatingField, Spec
from molmach.units import DEBYE, VOLT_PER_NM, thermal_energy

SCHEMA = "molmach.scan/1"

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Point:
    """What came of one point.

    Attributes
    ----------
    values
        Of the axes, in their units.
    spec
        As run.
    velocities
        (n_replicas,) each replica's own, turn/ns or nm/ns; empty where the point failed.
    score
        As :meth:`molmach.score.Score.to_json` has it, without controls; empty where the point failed.
    rotor_dipole
        Across the axle, D.
    moment_of_inertia
        About the axle, u nm^2.
    seconds
        Wall time of the workers that integrated.
    problem
        Why there is no result; '' where there is one.
    """

    values: tuple[float, ...]
    spec: Spec
    velocities: Floats
    score: dict[str, Any]
    rotor_dipole: float
    moment_of_inertia: float
    seconds: float
    problem: str = ""

    @property
    def regime(self) -> str:
        """Vacek & Michl's; '' for other drives than a rotating field and where the point failed."""
        return self.score.get("regime") or ""

    @property
    def frequency(self) -> float:
        """Of the drive, GHz; nan where it has none."""
        frequency = drives.model(self.spec.drive).frequency
        return math.nan if frequency is None else frequency

    @property
    def dipole_energy(self) -> float:
        """mu E over k_B T; nan where the drive has no field."""
        field = getattr(self.spec.drive, "field", math.nan)
        kT = thermal_energy(self.spec.protocol.temperature)
        return self.rotor_dipole * DEBYE * VOLT_PER_NM * field / kT

    def estimate(self, name: str) -> Estimate:
        """One of the score's estimates; nan where there is none."""
        found = self.score.get(name)
        if not isinstance(found, dict):
            return Estimate(math.nan, (math.nan, math.nan), "")
        value, low, high = (math.nan if x is None else float(x) for x in (found["value"], *found["ci95"]))
        return Estimate(value, (low, high), str(found["unit"]))

    def record(self) -> dict[str, Any]:
        """What is kept on disk of a finished point."""
        return {
            "key": self.spec.key,
            "velocities": self.velocities.tolist(),
            "score": self.score,
            "rotor_dipole": self.rotor_dipole,
            "moment_of_inertia": self.moment_of_inertia,
            "seconds": self.seconds,
            "problem": self.problem,
        }

    @classmethod
    def of_record(cls, planned: PlannedPoint, record: dict[str, Any]) -> Point:
        """Read back what :meth:`record` gave."""
        return cls(
            planned.values,
            planned.spec,
            np.array(record["velocities"], dtype=np.float64),
            record["score"],
            record["rotor_dipole"],
            record["moment_of_inertia"],
            record["seconds"],
            record["problem"],
        )


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
    def velocity(self) -> Floats:
        """(shape) mean velocity, turn/ns or nm/ns."""
        return self.grid(lambda point: point.estimate("velocity").value)

    @property
    def velocity_ci95(self) -> Floats:
        """(shape, 2) bounds of its 95 % interval."""
        bounds = np.array([point.estimate("velocity").ci95 for point in self.points])
        return bounds.reshape(*self.shape, 2)

    @property
    def followed(self) -> Floats:
        """(shape) net turns per period of the drive, one less the lag; nan for drives without a period."""
        return self.grid(lambda point: point.estimate("velocity").value / point.frequency)

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
        if len(self.axes) != 2 or "drive.frequency" not in {axis.key for axis in self.axes}:
            return ()
        names = dict.fromkeys(threshold.name for threshold in self.thresholds)
        fits = (fit_law([t for t in self.thresholds if t.name == name]) for name in names)
        return tuple(fit for fit in fits if fit is not None)

    @property
    def _rows(self) -> list[Row]:
        """Points of one line in the field, for each value of the other axis."""
        keys = [axis.key for axis in self.axes]
        if "drive.field" not in keys or not isinstance(self.points[0].spec.drive, RotatingField):
            return []
        along = keys.index("drive.field")
        lines = np.moveaxis(np.arange(len(self.points)).reshape(self.shape), along, -1)
        lines = lines.reshape(-1, self.shape[along])
        rows = []
        for number, line in enumerate(lines.tolist()):
            chosen = [self.points[i] for i in line if self.points[i].velocities.size and self._field(i) > 0]
            other = None if len(keys) == 1 else self.points[line[0]].values[1 - along]
            if len(chosen) >= Row.FEWEST_FIELDS:
                rows.append(Row.of(chosen, other, seed=(self.plan.spec.protocol.seed, number)))
        return rows

    def _field(self, number: int) -> float:
        return float(getattr(self.points[number].spec.drive, "field", 0.0))

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader must know: failed points, and what the points' own scores warn of."""
        failed = [point for point in self.points if point.problem]
        found = [f"{self.name_of(point)}: {point.problem}" for point in failed]
        warned = [point for point in self.points if point.score.get("warnings")]
        if warned:
            first = warned[0]
            found.append(
                f"{len(warned)} of {len(self.points)} points have warnings, as at {self.name_of(first)}: "
                f"{first.score['warnings'][0]}"
            )
        return tuple(found)

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
            "followed": finite_or_none(point.estimate("velocity").value / point.frequency),
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
        velocity_unit = next((p.estimate("velocity").unit for p in self.points if p.score), "turn/ns")
        heads = [f"{axis.key} [{axis.unit or '1'}]" for axis in self.axes]
        heads += [f"{name} [{velocity_unit}]" for name in ("velocity", "velocity_low", "velocity_high")]
        heads += [f"{name} [turn/turn]" for name in ("lag_per_turn", "lag_low", "lag_high")]
        heads += ["regime", "mu E [kT]", "duration [ps]", "replicas", "p_value", "seed", "problem"]
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(heads)
        for point in self.points:
            velocity, lag = point.estimate("velocity"), point.estimate("lag_per_turn")
            numbers = [*point.values, velocity.value, *velocity.ci95, lag.value, *lag.ci95]
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


def document_text(scan: Scan, provenance: dict[str, Any]) -> str:
    """``scan.json``."""
    content = {**scan.to_json(), "provenance": provenance}
    return json.dumps(content, indent=2, allow_nan=False) + "\n"
