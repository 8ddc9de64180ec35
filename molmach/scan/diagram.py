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
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from numpy.typing import NDArray

from molmach.scan.axes import Axis
from molmach.scan.result import Point, Scan
from molmach.scan.thresholds import PUBLISHED, LawFit, Threshold
from molmach.scan.words import LEVEL_NAMES
from molmach.score.regime import BREAK_OFF_LAG, SYNCHRONOUS_LAG

Floats = NDArray[np.float64]

# Okabe & Ito's palette, which the colour-blind can tell apart, with a grey for thermal motion
REGIMES = {
    "synchronous": "#0072b2",
    "asynchronous": "#7cc4ec",
    "random driven": "#e9a13b",
    "random thermal": "#d5d8dc",
}
_ON_COLOUR = {"#0072b2": "white"}
_MARKS = {"synchronous": "o", "break_off": "s"}
_CURVE = "#111111"
_FAILED = "#ffffff"
_FONT = 9
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
    return _diagram(scan, ink) if len(scan.axes) == 2 else _curve(scan, ink, line)


def _panel(ink: str, width: float, height: float) -> tuple[Figure, Any]:
    figure = Figure(figsize=(width, height), layout="constrained")
    axis = figure.subplots()
    for spine in axis.spines.values():
        spine.set_color(ink)
    axis.tick_params(which="both", labelsize=_FONT, color=ink, labelcolor=ink)
    return figure, axis


def _is_log(axis: Axis) -> bool:
    """Whether values are spaced evenly by their ratios rather than by their differences."""
    values = np.array(axis.values)
    if values.size < 3 or values[0] <= 0.0:
        return False
    steps, ratios = np.diff(values), np.diff(np.log(values))
    return bool(np.std(ratios) / np.mean(ratios) < np.std(steps) / np.mean(steps))


def _edges(axis: Axis) -> Floats:
    """(n_values + 1,) borders of the cells: midway between values, on the axis's scale."""
    values = np.log(axis.values) if _is_log(axis) else np.array(axis.values)
    if values.size == 1:
        half = 0.5 * abs(values[0]) or 0.5
        return np.array([values[0] - half, values[0] + half])
    middle = 0.5 * (values[1:] + values[:-1])
    edges = np.concatenate([[2.0 * values[0] - middle[0]], middle, [2.0 * values[-1] - middle[-1]]])
    return np.exp(edges) if _is_log(axis) else edges


def _scale(panel: Any, axis: Axis, direction: str) -> None:
    """Scale, label and ticks of one direction of a plot."""
    getattr(panel, f"set_{direction}label")(axis.label)
    along = panel.xaxis if direction == "x" else panel.yaxis
    along.label.set_size(_FONT + 1)
    if _is_log(axis):
        getattr(panel, f"set_{direction}scale")("log")
        wide = axis.values[-1] / axis.values[0] > 300.0
        along.set_major_locator(LogLocator(subs=(1.0,) if wide else (1.0, 2.0, 5.0)))
        along.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        along.set_minor_formatter(NullFormatter())


def _diagram(scan: Scan, ink: str) -> Figure:
    """Cells coloured by regime, or by velocity where there are none, and the curves where regimes meet."""
    down, across = _orientation(scan)
    order = scan.axes.index(down)
    numbers = np.arange(len(scan.points)).reshape(scan.shape)
    cells = numbers if order == 0 else numbers.T
    figure, panel = _panel(ink, 7.4, 5.6)
    panel.xaxis.label.set_color(ink)
    panel.yaxis.label.set_color(ink)
    _scale(panel, across, "x")
    _scale(panel, down, "y")
    x, y = _edges(across).tolist(), _edges(down).tolist()
    panel.set_xlim(x[0], x[-1])
    panel.set_ylim(y[0], y[-1])
    has_regimes = bool(np.any(scan.regime != ""))
    paint = _by_regime if has_regimes else _by_velocity(scan, figure, panel, ink)
    label = "followed" if has_regimes else "velocity"
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
    _draw_thresholds(scan, panel, down.key == "drive.field")
    if down.key == "drive.field" and scan.thresholds:
        _reference_lines(scan, panel, ink)
    handles = _legend_handles(scan, has_regimes)
    if handles:
        figure.legend(
            handles=handles, loc="outside lower center", ncols=4, frameon=False, fontsize=_FONT - 0.5,
            labelcolor=ink, columnspacing=1.4, handlelength=1.8,
        )  # fmt: skip
    figure.suptitle(_title(scan, label), fontsize=_FONT + 1.5, color=ink, x=0.02, ha="left")
    return figure


def _orientation(scan: Scan) -> tuple[Axis, Axis]:
    """Which axis goes up and which to the right: a field goes up, a frequency to the right."""
    first, second = scan.axes
    flipped = second.key == "drive.field" or (
        first.key == "drive.frequency" and second.key != "drive.frequency"
    )
    return (second, first) if flipped else (first, second)


def _by_regime(point: Point) -> tuple[str, str]:
    colour = REGIMES.get(point.regime, _FAILED)
    return colour, _ON_COLOUR.get(colour, "#1f2328")


def _by_velocity(scan: Scan, figure: Figure, panel: Any, ink: str) -> Any:
    """A painter by velocity on a diverging scale whose middle is rest."""
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable

    largest = float(np.nanmax(np.abs(scan.velocity), initial=0.0)) or 1.0
    shades = ScalarMappable(TwoSlopeNorm(0.0, -largest, largest), colormaps["PuOr_r"])
    bar = figure.colorbar(shades, ax=panel, pad=0.02)
    bar.set_label(f"velocity / ({scan.points[0].estimate('velocity').unit or 'turn/ns'})", color=ink)
    bar.ax.tick_params(labelsize=_FONT, color=ink, labelcolor=ink)
    bar.outline.set_edgecolor(ink)

    def paint(point: Point) -> tuple[Any, str]:
        value = point.estimate("velocity").value
        if not math.isfinite(value):
            return _FAILED, "#1f2328"
        return shades.to_rgba(np.array(value)), "white" if abs(value) > 0.6 * largest else "#1f2328"

    return paint


def _cell_text(point: Point, label: str) -> str:
    velocity = point.estimate("velocity")
    if label == "followed":
        return f"{velocity.value / point.frequency:.2f}".replace("-0.00", "0.00")
    text = f"{velocity.value:.3g}"
    return f"({text})" if velocity.ci95[0] < 0.0 < velocity.ci95[1] else text


def _title(scan: Scan, label: str) -> str:
    what = "turns per turn of the field" if label == "followed" else "velocity, in brackets where unresolved"
    return f"{scan.plan.spec.name}: {what} ({scan.plan.spec.protocol.replicas} replicas a point)"


def _draw_thresholds(scan: Scan, panel: Any, upright: bool) -> None:
    """Each threshold as a mark with its interval, and its law, or a line from mark to mark."""
    halo = [withStroke(linewidth=3.2, foreground="white", alpha=0.85)]
    for name, mark in _MARKS.items():
        found = [t for t in scan.thresholds if t.name == name and t.where == "within the scan"]
        if not found:
            continue
        across = np.array([t.other for t in found], dtype=np.float64)
        fields = np.array([t.field for t in found])
        bounds = np.array([_bars(t) for t in found]).T
        law = next((law for law in scan.laws if law.name == name), None)
        x, y = _line(across, fields, law, found[0].field_unit)
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
    sign = 1.0 if across[0] > 0.0 else -1.0
    low, high = sorted((abs(across[0]), abs(across[-1])))
    smooth = np.geomspace(low, high, 200)
    return sign * smooth, law.field(smooth, unit)


def _bars(threshold: Threshold) -> tuple[float, float]:
    """Lengths of a threshold's error bar; none towards a bound outside the scan."""
    low, high = threshold.ci95
    down = threshold.field - low if math.isfinite(low) else 0.0
    up = high - threshold.field if math.isfinite(high) else 0.0
    return max(0.0, down), max(0.0, up)


def _reference_lines(scan: Scan, panel: Any, ink: str) -> None:
    """Vacek & Michl's low-frequency thresholds, and the field in units of kT/mu on the right."""
    units = {threshold.field_unit for threshold in scan.thresholds}
    if len(units) != 1 or not math.isfinite(unit := units.pop()):
        return
    low, high = panel.get_ylim()
    for multiple in PUBLISHED.values():
        if low < multiple * unit < high:
            panel.axhline(multiple * unit, color=_CURVE, linewidth=0.9, linestyle=(0, (1.5, 2)), zorder=3)
    right = panel.secondary_yaxis("right", functions=(lambda e: e / unit, lambda e: e * unit))
    ticks = [t for t in (0.2, 0.5, *PUBLISHED.values(), 5.0, 10.0, 20.0, 50.0) if low < t * unit < high]
    right.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    right.minorticks_off()
    right.tick_params(labelsize=_FONT, color=ink, labelcolor=ink)
    right.set_ylabel("field / (kT/μ)", color=ink, fontsize=_FONT + 1)


def _legend_handles(scan: Scan, has_regimes: bool) -> list[Any]:
    handles: list[Any] = []
    if has_regimes:
        present = set(scan.regime.ravel().tolist())
        handles += [Patch(facecolor=c, label=name) for name, c in REGIMES.items() if name in present]
    names = {t.name for t in scan.thresholds if t.where == "within the scan"}
    for name, mark in _MARKS.items():
        if name in names:
            handles.append(
                Line2D(
                    [], [], color=_CURVE if has_regimes else "black", marker=mark, markersize=5,
                    markerfacecolor="white" if mark == "s" else _CURVE, linewidth=1.4,
                    linestyle="solid" if mark == "o" else (0, (4, 2)), label=LEVEL_NAMES[name],
                )
            )  # fmt: skip
    if names:
        label = "kT/μ and 2.3 kT/μ"
        handles.append(Line2D([], [], color=_CURVE, linewidth=0.9, linestyle=(0, (1.5, 2)), label=label))
    if any(point.problem for point in scan.points):
        handles.append(Patch(facecolor=_FAILED, edgecolor="#9aa3ad", hatch="///", label="no result"))
    return handles


def _curve(scan: Scan, ink: str, line: str) -> Figure:
    """Turns per turn of the field, or velocity, against the one key that was scanned."""
    axis = scan.axes[0]
    figure, panel = _panel(ink, 6.8, 4.2)
    for side in ("top", "right"):
        panel.spines[side].set_visible(False)
    panel.grid(True, color=line, linewidth=0.6)
    panel.set_axisbelow(True)
    panel.xaxis.label.set_color(ink)
    _scale(panel, axis, "x")
    x = np.array(axis.values)
    has_regimes = bool(np.any(scan.regime != ""))
    scales = np.array([point.frequency if has_regimes else 1.0 for point in scan.points])
    y, bounds = scan.velocity / scales, np.sort(scan.velocity_ci95 / scales[:, None], axis=1)
    panel.plot(x, y, color=ink, linewidth=1.0, alpha=0.5)
    for place, value, (low, high), point in zip(x, y, bounds, scan.points, strict=True):
        colour = REGIMES.get(point.regime, "#c9592a")
        panel.plot([place, place], [low, high], color=ink, linewidth=1.2)
        panel.plot([place], [value], "o", color=colour, markeredgecolor=ink, markersize=6.5)
    if has_regimes:
        for level in (1.0 - SYNCHRONOUS_LAG, 1.0 - BREAK_OFF_LAG):
            panel.axhline(level, color=ink, linewidth=0.9, linestyle=(0, (1.5, 2)))
        for threshold in scan.thresholds:
            low, high = threshold.ci95
            if threshold.where == "within the scan":
                ends = (low if low == low else x[0], high if high == high else x[-1])
                panel.axvspan(*ends, color=ink, alpha=0.12, linewidth=0)
        present = set(scan.regime.tolist())
        handles: list[Any] = [
            Line2D([], [], marker="o", linewidth=0, color=c, markeredgecolor=ink, label=name)
            for name, c in REGIMES.items()
            if name in present
        ]
        if scan.thresholds:
            handles.append(Patch(color=ink, alpha=0.12, label="threshold, 95 % interval"))
        figure.legend(
            handles=handles, loc="outside lower center", ncols=3, frameon=False, fontsize=_FONT - 0.5,
            labelcolor=ink,
        )  # fmt: skip
    unit = scan.points[0].estimate("velocity").unit or "turn/ns"
    panel.set_ylabel("turns per turn of the field" if has_regimes else f"velocity / ({unit})", color=ink)
    figure.suptitle(
        f"{scan.plan.spec.name} ({scan.plan.spec.protocol.replicas} replicas a point, 95 % intervals)",
        fontsize=_FONT + 1.5, color=ink, x=0.02, ha="left",
    )  # fmt: skip
    return figure
