"""What the pictures of a scan share: colours, scales and frames."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from numpy.typing import NDArray

from molmach.studies.scan.axes import Axis

Floats = NDArray[np.float64]

# after Okabe & Ito's palette, which the colour-blind can tell apart, with a grey for thermal motion
REGIMES = {
    "synchronous": "#0072b2",
    "asynchronous": "#7cc4ec",
    "random driven": "#e9a13b",
    "random thermal": "#d5d8dc",
}
FONT = 9


def panel_of(ink: str, width: float, height: float) -> tuple[Figure, Any]:
    """A figure with one plot, its frame in the colour of ``ink``; inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    axis = figure.subplots()
    for spine in axis.spines.values():
        spine.set_color(ink)
    axis.tick_params(which="both", labelsize=FONT, color=ink, labelcolor=ink)
    return figure, axis


def is_log(axis: Axis) -> bool:
    """Whether values are spaced evenly by their ratios rather than by their differences."""
    values = np.array(axis.values)
    if values.size < 3 or values[0] <= 0.0:
        return False
    steps, ratios = np.diff(values), np.diff(np.log(values))
    return bool(np.std(ratios) / np.mean(ratios) < np.std(steps) / np.mean(steps))


def edges(axis: Axis) -> Floats:
    """(n_values + 1,) borders of the cells: midway between values, on the axis's scale."""
    values = np.log(axis.values) if is_log(axis) else np.array(axis.values)
    if values.size == 1:
        half = 0.5 * abs(values[0]) or 0.5
        return np.array([values[0] - half, values[0] + half])
    middle = 0.5 * (values[1:] + values[:-1])
    edges = np.concatenate([[2.0 * values[0] - middle[0]], middle, [2.0 * values[-1] - middle[-1]]])
    return np.exp(edges) if is_log(axis) else edges


def scale(panel: Any, axis: Axis, direction: str) -> None:
    """Scale, label and ticks of one direction of a plot."""
    getattr(panel, f"set_{direction}label")(axis.label)
    along = panel.xaxis if direction == "x" else panel.yaxis
    along.label.set_size(FONT + 1)
    if is_log(axis):
        getattr(panel, f"set_{direction}scale")("log")
        wide = axis.values[-1] / axis.values[0] > 300.0
        along.set_major_locator(LogLocator(subs=(1.0,) if wide else (1.0, 2.0, 5.0)))
        along.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        along.set_minor_formatter(NullFormatter())
