"""A scan on disk: a record of every finished point, and the documents of the whole."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from molmach.files import write_json, write_text
from molmach.studies.scan.plan import Plan, PlannedPoint
from molmach.studies.scan.point import Point
from molmach.studies.scan.result import Scan

POINTS = "points"
"""Folder of the points' records, below the scan's."""


def has_point(folder: Path, planned: PlannedPoint) -> bool:
    """Whether a point's record is there."""
    return _record_of(folder, planned).is_file()


def write_point(point: Point, folder: Path) -> None:
    """Keep a finished point below a scan's folder."""
    path = _record_of(folder, point)
    path.parent.mkdir(exist_ok=True)
    write_text(path, json.dumps(point.record(), allow_nan=False))


def read_points(plan: Plan, folder: Path) -> tuple[Point, ...]:
    """Every point of a finished scan."""

    def read(planned: PlannedPoint) -> dict[str, Any]:
        return dict(json.loads(_record_of(folder, planned).read_text(encoding="utf-8")))

    return tuple(Point.of_record(planned, read(planned)) for planned in plan.points)


def write_scan(scan: Scan, origin: Mapping[str, Any], directory: Path) -> None:
    """Write ``machine.yaml``, ``scan.csv`` and ``scan.json``, which has the provenance ``origin`` too."""
    write_text(directory / "machine.yaml", scan.plan.spec.to_yaml())
    write_text(directory / "scan.csv", scan.to_csv())
    write_json(directory / scan.plan.document, {**scan.to_json(), "provenance": dict(origin)})


def read_document(folder: Path) -> dict[str, Any]:
    """``scan.json`` of a finished scan, its ``run_dir`` where the folder is now."""
    document = json.loads((folder / Plan.document).read_text(encoding="utf-8"))
    return {**document, "run_dir": str(folder.resolve())}


def _record_of(folder: Path, point: PlannedPoint | Point) -> Path:
    return folder / POINTS / f"{point.spec.key}.json"
