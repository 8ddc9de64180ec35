"""``report.html`` of a scan: one file that opens from disk with no network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from molmach.report.tables import Table
from molmach.report.templates import render
from molmach.report.views import Picture


@dataclass(frozen=True)
class ScanPage:
    """What the page of a scan shows.

    Attributes
    ----------
    name, description
        The machine's.
    summary, warnings
        How large the scan is, and what a reader must know.
    diagram
        Its picture.
    thresholds, threshold_note, laws
        Where the regimes meet, by threshold; what the columns are; the fitted laws.
    points
        Every point.
    molecule
        The machine's formula.
    parameters, provenance
        Names and values.
    """

    name: str
    description: str
    summary: str
    warnings: tuple[str, ...]
    diagram: Picture
    thresholds: tuple[Table, ...]
    threshold_note: str
    laws: tuple[str, ...]
    points: Table
    molecule: Markup
    parameters: Mapping[str, str]
    provenance: Mapping[str, str]


def write_scan_page(page: ScanPage, path: Path) -> None:
    """Write the page of a scan to ``path``."""
    path.write_text(render("scan.html", page=page), encoding="utf-8")
