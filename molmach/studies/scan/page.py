"""A scan as its page shows it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from molmach.building import build, draw
from molmach.report.scan_page import ScanPage, write_scan_page
from molmach.report.svg import INK, LINE, inline_figure, inline_molecule
from molmach.report.tables import Table, flat
from molmach.report.views import Picture
from molmach.report.words import measure_label, to_its_precision
from molmach.studies.scan.diagram import picture
from molmach.studies.scan.point import Point
from molmach.studies.scan.result import Scan
from molmach.studies.scan.words import (
    CAPTION,
    LEVEL_NAMES,
    THRESHOLD_NOTE,
    law_sentences,
    summary,
    threshold_cells,
)

_THRESHOLD_HEADS = (
    "field / (V/nm)", "95 % interval", "field / (kT/μ)", "95 % interval", "one-dimensional / (kT/μ)"
)  # fmt: skip


def write_page(scan: Scan, provenance: dict[str, Any], path: Path) -> None:
    """Write the page of a scan."""
    spec = scan.plan.spec
    drawing = inline_figure(picture(scan, INK, LINE), "scan", f"Scan of {spec.name}")
    page = ScanPage(
        name=spec.name,
        description=spec.description,
        summary=summary(scan),
        warnings=scan.warnings,
        diagram=Picture(drawing, CAPTION if scan.thresholds else ""),
        thresholds=_thresholds(scan),
        threshold_note=THRESHOLD_NOTE,
        laws=tuple(law_sentences(scan)),
        points=_points(scan),
        molecule=inline_molecule(draw(build(scan.plan.points[0].built)), f"{spec.name}, drawn"),
        parameters=flat(spec.model_dump(mode="json", exclude={"name", "description"}, exclude_none=True)),
        provenance=flat(provenance),
    )
    write_scan_page(page, path)


def _thresholds(scan: Scan) -> tuple[Table, ...]:
    """A table for each threshold, a row for each value of the other axis."""
    others = [axis for axis in scan.axes if axis.key != scan.field_key]
    heads = [*(axis.label for axis in others), *_THRESHOLD_HEADS]
    tables = []
    for name in dict.fromkeys(threshold.name for threshold in scan.thresholds):
        rows = [threshold_cells(t, bool(others)) for t in scan.thresholds if t.name == name]
        tables.append(Table(LEVEL_NAMES[name].capitalize(), heads, rows, range(len(heads))))
    return tuple(tables)


def _points(scan: Scan) -> Table:
    label = measure_label(scan.measure, scan.measure_unit)
    heads = [*(axis.label for axis in scan.axes), label, "95 % interval"]
    heads += ["lag per turn", "95 % interval", "regime", "μE / kT", "measured / ps"]
    words = len(scan.axes) + 4
    numeric = [number for number in range(len(heads)) if number != words]
    return Table("Every point", heads, [_point_cells(point, scan.measure) for point in scan.points], numeric)


def _point_cells(point: Point, measure: str) -> list[str]:
    measured, lag = point.estimate(measure), point.estimate("lag_per_turn")
    energy = point.dipole_energy
    return [
        *(f"{value:z.4g}" for value in point.values),
        *to_its_precision(measured.value, *measured.ci95),
        *(to_its_precision(lag.value, *lag.ci95) if lag.value == lag.value else ("", "")),
        point.problem or point.regime,
        f"{energy:z.3g}" if energy == energy else "",
        f"{point.spec.protocol.duration:g}",
    ]
