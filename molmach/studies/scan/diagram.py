"""The picture of a scan: a diagram of two keys, or a curve of one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from molmach.report.words import measure_label
from molmach.studies.scan.axes import Axis
from molmach.studies.scan.curve import curve
from molmach.studies.scan.law import LawFit
from molmach.studies.scan.panels import FONT, REGIMES, edges, panel_of, scale
from molmach.studies.scan.point import Point
from molmach.studies.scan.result import Scan
from molmach.studies.scan.thresholds import PUBLISHED, Threshold
from molmach.studies.scan.words import LEVEL_NAMES

Floats = NDArray[np.float64]

_ON_COLOUR = {"#0072b2": "white"}
_MARKS = {"synchronous": "o", "break_off": "s"}
_CURVE = "#111111"
_FAILED = "#ffffff"
_MOST_LABELS = 14
"""Cells in a row or column that still have room for their numbers."""


def picture(scan: Scan, ink: str = "#1f2328", line: str = "#d8dee4") -> Figure:
    """The diagram of a scan over two keys, or the curve of one over one.

    Parameters
    ----------
    scan
        Finished.
    ink, line
        Colours of text and axes, and of thin lines.
    """
    return _diagram(scan, ink) if len(scan.axes) == 2 else curve(scan, ink, line)


def _diagram(scan: Scan, ink: str) -> Figure:
    """Cells coloured by regime, or else by what the points are about, and the curves where regimes meet."""
    down, across = _orientation(scan)
    order = scan.axes.index(down)
    numbers = np.arange(len(scan.points)).reshape(scan.shape)
    cells = numbers if order == 0 else numbers.T
    figure, panel = panel_of(ink, 7.4, 5.6)
    panel.xaxis.label.set_color(ink)
    panel.yaxis.label.set_color(ink)
    scale(panel, across, "x")
    scale(panel, down, "y")
    x, y = edges(across).tolist(), edges(down).tolist()
    panel.set_xlim(x[0], x[-1])
    panel.set_ylim(y[0], y[-1])
    has_regimes = bool(np.any(scan.regime != ""))
    paint = _by_regime if has_regimes else _by_measure(scan, figure, panel, ink)
    label = "followed" if has_regimes else scan.measure
    fits = max(cells.shape) <= _MOST_LABELS
    for i, j in np.ndindex(*cells.shape):
        point = scan.points[int(cells[i, j])]
        colour, text_colour = paint(point)
        corner, width, height = (x[j], y[i]), x[j + 1] - x[j], y[i + 1] - y[i]
        cell = Rectangle(corner, width, height, facecolor=colour, edgecolor="white", linewidth=0.8)
        if point.problem:
            cell.set_hatch("///")
            cell.set_edgecolor("#9aa3ad")
        panel.add_patch(cell)
        if fits and not point.problem:
            # in a corner, where a curve through the values leaves room
            panel.annotate(
                _cell_text(point, label), (x[j], y[i]), (4, 4), textcoords="offset points",
                ha="left", va="bottom", fontsize=7.5, color=text_colour, alpha=0.85,
            )  # fmt: skip
    _draw_thresholds(scan, panel, down.key == scan.field_key)
    if down.key == scan.field_key and scan.thresholds:
        _reference_lines(scan, panel, ink)
    handles = _legend_handles(scan, has_regimes, ink)
    if handles:
        figure.legend(
            handles=handles, loc="outside lower center", ncols=4, frameon=False, fontsize=FONT - 0.5,
            labelcolor=ink, columnspacing=1.4, handlelength=1.8,
        )  # fmt: skip
    figure.suptitle(_title(scan, label), fontsize=FONT + 1.5, color=ink, x=0.02, ha="left")
    return figure


def _orientation(scan: Scan) -> tuple[Axis, Axis]:
    """Which axis goes up and which to the right: a field goes up, a frequency to the right."""
    first, second = scan.axes
    flipped = scan.field_key == second.key or scan.frequency_key == first.key
    return (second, first) if flipped else (first, second)


def _by_regime(point: Point) -> tuple[str, str]:
    colour = REGIMES.get(point.regime, _FAILED)
    return colour, _ON_COLOUR.get(colour, "#1f2328")


def _by_measure(scan: Scan, figure: Figure, panel: Any, ink: str) -> Any:
    """A painter by what the points are about, on a diverging scale whose middle is rest."""
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable

    largest = float(np.nanmax(np.abs(scan.measured), initial=0.0)) or 1.0
    shades = ScalarMappable(TwoSlopeNorm(0.0, -largest, largest), colormaps["PuOr_r"])
    bar = figure.colorbar(shades, ax=panel, pad=0.02)
    bar.set_label(measure_label(scan.measure, scan.measure_unit), color=ink)
    bar.ax.tick_params(labelsize=FONT, color=ink, labelcolor=ink)
    bar.outline.set_edgecolor(ink)

    def paint(point: Point) -> tuple[Any, str]:
        value = point.estimate(scan.measure).value
        if not math.isfinite(value):
            return _FAILED, "#1f2328"
        return shades.to_rgba(np.array(value)), "white" if abs(value) > 0.6 * largest else "#1f2328"

    return paint


def _cell_text(point: Point, label: str) -> str:
    if label == "followed":
        return f"{point.followed.value:.2f}".replace("-0.00", "0.00")
    measured = point.estimate(label)
    text = f"{measured.value:.3g}"
    return f"({text})" if measured.ci95[0] < 0.0 < measured.ci95[1] else text


def _title(scan: Scan, label: str) -> str:
    about = f"{label.replace('_', ' ')}, in brackets where unresolved"
    what = "turns per turn of the field" if label == "followed" else about
    return f"{scan.plan.spec.name}: {what} ({scan.plan.spec.protocol.replicas} replicas a point)"


def _draw_thresholds(scan: Scan, panel: Any, upright: bool) -> None:
    """Each threshold as a mark with its interval, and its law, or a line from mark to mark."""
    halo = [withStroke(linewidth=3.2, foreground="white", alpha=0.85)]
    for name, mark in _MARKS.items():
        within = [t for t in scan.thresholds if t.name == name and t.where == "within the scan"]
        if not within:
            continue
        across = np.array([t.other for t in within], dtype=np.float64)
        fields = np.array([t.field for t in within])
        bounds = np.array([_bars(t) for t in within]).T
        law = next((law for law in scan.laws if law.name == name), None)
        x, y = _line(across, fields, law, within[0].field_unit)
        style = {"color": _CURVE, "linewidth": 1.4, "linestyle": "solid" if mark == "o" else (0, (4, 2))}
        panel.plot(*((x, y) if upright else (y, x)), path_effects=halo, zorder=4, **style)
        bars = {"yerr" if upright else "xerr": bounds}
        panel.errorbar(
            *((across, fields) if upright else (fields, across)), **bars, fmt=mark, color=_CURVE,
            markersize=5, markerfacecolor="white" if mark == "s" else _CURVE, markeredgewidth=1.2,
            elinewidth=1.2, capsize=2.5, zorder=5,
        )  # fmt: skip


def _line(across: Floats, fields: Floats, law: LawFit | None, unit: float) -> tuple[Floats, Floats]:
    if law is None or not law.holds:
        return across, fields
    spaced = np.geomspace if across[0] > 0.0 else np.linspace
    smooth = spaced(across[0], across[-1], 200)
    return smooth, law.field(smooth, unit)


def _bars(threshold: Threshold) -> tuple[float, float]:
    """Lengths of a threshold's error bar; none towards a bound outside the scan."""
    low, high = threshold.ci95
    down = threshold.field - low if math.isfinite(low) else 0.0
    up = high - threshold.field if math.isfinite(high) else 0.0
    return max(0.0, down), max(0.0, up)


def _reference_lines(scan: Scan, panel: Any, ink: str) -> None:
    """Vacek & Michl's low-frequency thresholds, and the field in units of kT/mu on the right."""
    unit = _one_unit(scan)
    if unit is None:
        return
    low, high = panel.get_ylim()
    for multiple in PUBLISHED.values():
        if low < multiple * unit < high:
            panel.axhline(multiple * unit, color=_CURVE, linewidth=0.9, linestyle=(0, (1.5, 2)), zorder=3)
    right = panel.secondary_yaxis("right", functions=(lambda e: e / unit, lambda e: e * unit))
    ticks = [t for t in (0.2, 0.5, *PUBLISHED.values(), 5.0, 10.0, 20.0, 50.0) if low < t * unit < high]
    right.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    right.minorticks_off()
    right.tick_params(labelsize=FONT, color=ink, labelcolor=ink)
    right.set_ylabel("field / (kT/μ)", color=ink, fontsize=FONT + 1)


def _one_unit(scan: Scan) -> float | None:
    """kT/mu, V/nm, where all points have the same."""
    units = {threshold.field_unit for threshold in scan.thresholds}
    return units.pop() if len(units) == 1 and all(map(math.isfinite, units)) else None


def _legend_handles(scan: Scan, has_regimes: bool, ink: str) -> list[Any]:
    handles: list[Any] = []
    if has_regimes:
        present = set(scan.regime.ravel().tolist())
        handles += [Patch(facecolor=c, label=name) for name, c in REGIMES.items() if name in present]
    names = {t.name for t in scan.thresholds if t.where == "within the scan"}
    for name, mark in _MARKS.items():
        if name in names:
            handles.append(
                Line2D(
                    [], [], color=ink, marker=mark, markersize=5, linewidth=1.4, label=LEVEL_NAMES[name],
                    markerfacecolor="white" if mark == "s" else ink,
                    linestyle="solid" if mark == "o" else (0, (4, 2)),
                )
            )  # fmt: skip
    if names and _one_unit(scan) is not None:
        label = "kT/μ and 2.3 kT/μ"
        handles.append(Line2D([], [], color=ink, linewidth=0.9, linestyle=(0, (1.5, 2)), label=label))
    if any(point.problem for point in scan.points):
        handles.append(Patch(facecolor=_FAILED, edgecolor="#9aa3ad", hatch="///", label="no result"))
    return handles
