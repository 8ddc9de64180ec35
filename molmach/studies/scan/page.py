"""``report.html`` of a scan: one file that opens from disk with no network, in light and dark."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from molmach.building import build, draw
from molmach.report.svg import INK, LINE, inline_figure, inline_molecule
from molmach.report.tables import flat
from molmach.report.words import to_its_precision
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
    described = spec.model_dump(mode="json", exclude={"name", "description"}, exclude_none=True)
    values = {
        "title": escape(f"{spec.name}: scan"),
        "name": escape(spec.name),
        "description": escape(spec.description),
        "summary": escape(summary(scan)),
        "warnings": "".join(f'<p class="warning">{escape(text)}</p>' for text in scan.warnings),
        "diagram": inline_figure(picture(scan, INK, LINE), "scan", f"Scan of {spec.name}"),
        "caption": escape(CAPTION if scan.thresholds else ""),
        "thresholds": _thresholds(scan),
        "count": str(len(scan.points)),
        "points": _points(scan),
        "molecule": inline_molecule(draw(build(scan.plan.points[0].built)), f"{spec.name}, drawn"),
        "parameters": _pairs(flat(described)),
        "provenance": _pairs(flat(provenance)),
    }
    page = Template(files(__package__).joinpath("page.html").read_text(encoding="utf-8"))
    path.write_text(page.substitute(values), encoding="utf-8")


def _thresholds(scan: Scan) -> str:
    if not scan.thresholds:
        return ""
    others = [axis for axis in scan.axes if axis.key != scan.field_key]
    heads = [*(axis.label for axis in others), *_THRESHOLD_HEADS]
    parts = []
    for name in dict.fromkeys(threshold.name for threshold in scan.thresholds):
        rows = [threshold_cells(t, bool(others)) for t in scan.thresholds if t.name == name]
        table = f'<div class="scroll" tabindex="0"><table>{_table(heads, rows, set())}</table></div>'
        parts.append(f"<h3>{LEVEL_NAMES[name].capitalize()}</h3>{table}")
    laws = "".join(f"<p>{escape(text)}</p>" for text in law_sentences(scan))
    return f'<h2>Thresholds</h2><p class="soft">{escape(THRESHOLD_NOTE)}</p>{"".join(parts)}{laws}'


def _points(scan: Scan) -> str:
    unit = next((p.estimate("velocity").unit for p in scan.points if p.score), "")
    heads = [*(axis.label for axis in scan.axes), f"velocity / ({unit})", "95 % interval"]
    heads += ["lag per turn", "95 % interval", "regime", "μE / kT", "measured / ps"]
    return _table(heads, [_point_cells(point) for point in scan.points], {len(scan.axes) + 4})


def _point_cells(point: Point) -> list[str]:
    velocity, lag = point.estimate("velocity"), point.estimate("lag_per_turn")
    energy = point.dipole_energy
    return [
        *(f"{value:.4g}" for value in point.values),
        *to_its_precision(velocity.value, *velocity.ci95),
        *(to_its_precision(lag.value, *lag.ci95) if lag.value == lag.value else ("", "")),
        point.problem or point.regime,
        f"{energy:.3g}" if energy == energy else "",
        f"{point.spec.protocol.duration:g}",
    ]


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], words: set[int]) -> str:
    """Head and body of a table; all columns but those in ``words`` hold numbers."""

    def cells(tag: str, texts: Sequence[str]) -> str:
        kinds = ("" if i in words else ' class="n"' for i in range(len(texts)))
        return "".join(
            f"<{tag}{kind}>{escape(text)}</{tag}>" for kind, text in zip(kinds, texts, strict=True)
        )

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f"<thead><tr>{cells('th', heads)}</tr></thead><tbody>{body}</tbody>"


def _pairs(content: dict[str, str]) -> str:
    return "".join(
        f'<tr><th>{escape(name)}</th><td class="mono">{escape(value)}</td></tr>'
        for name, value in content.items()
    )
