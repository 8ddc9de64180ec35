"""Plots of a campaign's report. All values are in the sense in which they were asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from molmach.data.campaign import TEAM, Cost, Curve, Standing
from molmach.report.plots import COLOURS, LABELS
from molmach.report.svg import INK, LINE

Floats = NDArray[np.float64]

# each has a contrast of 3 at least with white and with the page's dark ground
_PALETTE = ("#c9592a", "#2a86b0", "#3b965a", "#9168cf", "#c44a7a", "#a17d13", "#5577d8", "#75828c")
_DASHES: tuple[Any, ...] = ("solid", (0, (5, 2)), (0, (2, 1.5)), (0, (6, 1.5, 1.5, 1.5)))
_OUTSIDE = "#d03b34"
_SIZE = (4.7, 3.1)
_MOST_POINTS = 2500
_FONT = 9


@dataclass(frozen=True)
class Axis:
    """One objective as an axis: its label, and +1 where more is better, -1 where less is."""

    label: str
    sign: float


def colour(number: int) -> str:
    """Of the agent with a number."""
    return _PALETTE[number % len(_PALETTE)]


def dash(number: int) -> Any:
    """Line style of the agent with a number, so that colour is never alone."""
    return _DASHES[(number + number // len(_PALETTE)) % len(_DASHES)]


def _panel(height: float = _SIZE[1], width: float = _SIZE[0]) -> tuple[Figure, Any]:
    figure = Figure(figsize=(width, height), layout="constrained")
    axis = figure.subplots()
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
    for spine in axis.spines.values():
        spine.set_color(INK)
    axis.tick_params(labelsize=_FONT, color=INK, labelcolor=INK)
    axis.grid(True, color=LINE, linewidth=0.6)
    axis.set_axisbelow(True)
    return figure, axis


def _name(axis: Any, x: str = "", y: str = "") -> None:
    axis.set_xlabel(x, fontsize=_FONT, color=INK)
    axis.set_ylabel(y, fontsize=_FONT, color=INK)


def curve_plot(curves: Mapping[str, Curve], agents: Sequence[str], wanted: Axis, by: str) -> Figure:
    """The best bound so far against ``evaluations`` or core ``seconds``; steps, for nothing lies between."""
    figure, axis = _panel()
    for name, curve in curves.items():
        number = agents.index(name) if name in agents else 0
        style = (
            {"color": INK, "linewidth": 2.2, "zorder": 2.5}
            if name == TEAM
            else {"color": colour(number), "linestyle": dash(number), "linewidth": 1.5}
        )
        bounds = wanted.sign * np.array(curve.bound)
        axis.plot(getattr(curve, by), bounds, drawstyle="steps-post", **style)
    _frame_bounds(axis, wanted, curves)
    axis.set_xlim(left=0.0)
    side = "lower" if wanted.sign > 0 else "upper"
    _name(
        axis, {"evaluations": "evaluations", "seconds": "core seconds"}[by], f"{wanted.label}\n{side} bound"
    )
    return figure


def _frame_bounds(axis: Any, wanted: Axis, curves: Mapping[str, Curve]) -> None:
    """Leave out the first few bounds where they are so low that the rest would be a flat line.

    What every agent has come to in the end stays in sight.
    """
    bounds = [bound for name, curve in curves.items() if name == TEAM for bound in curve.bound]
    if len(bounds) < 4:
        return
    best, middle = max(bounds), float(np.median(bounds))
    ends = [curve.bound[-1] for curve in curves.values() if curve.bound]
    lowest = min(max(min(bounds), middle - 2.0 * (best - middle)), *ends)
    margin = 0.06 * (best - lowest) or 1.0
    axis.set_ylim(*sorted((wanted.sign * (lowest - margin), wanted.sign * (best + margin))))


def pareto_plot(standing: Standing, x: Axis, y: Axis, columns: tuple[int, int]) -> Figure:
    """Every machine by two objectives; those of the front with intervals, its cautious ends joined."""
    figure, axis = _panel(3.9, 5.6)
    values, lows, highs, on_front = standing.values, standing.lows, standing.highs, standing.on_front
    pair, signs = list(columns), np.array([x.sign, y.sign])
    rest = _thinned(np.flatnonzero(~on_front), _MOST_POINTS)
    axis.plot(
        *(values[rest][:, pair] * signs).T, "o", color=_PALETTE[-1], markersize=3, alpha=0.6, linewidth=0
    )
    best = np.flatnonzero(on_front)[np.argsort(values[on_front][:, pair[0]])]
    centre = values[best][:, pair] * signs
    below, above = (values - lows)[best][:, pair], (highs - values)[best][:, pair]
    bars = [np.where(signs > 0, below, above).T, np.where(signs > 0, above, below).T]
    axis.errorbar(
        *centre.T, xerr=[b[0] for b in bars], yerr=[b[1] for b in bars], fmt="none", ecolor=_PALETTE[0],
        elinewidth=1.0, alpha=0.6,
    )  # fmt: skip
    again = standing.confirmed[best]
    for mask, face in ((~again, "none"), (again, _PALETTE[0])):
        axis.plot(
            *centre[mask].T, "o", color=_PALETTE[0], markerfacecolor=face, markersize=6, markeredgewidth=1.5
        )
    if values.shape[1] == 2:
        axis.plot(*(_staircase(lows[best]) * signs).T, color=_PALETTE[0], linewidth=1.2)
    _name(axis, *(f"{a.label}, {'more' if a.sign > 0 else 'less'} is better" for a in (x, y)))
    return figure


def _staircase(corners: Floats) -> Floats:
    """The border of what a front of two objectives dominates, from its corners."""
    corners = corners[np.argsort(corners[:, 0])]
    steps = [corners[0]]
    for before, after in pairwise(corners):
        steps += [np.array([before[0], after[1]]), after]
    return np.array(steps)


def _thinned(numbers: NDArray[Any], most: int) -> NDArray[Any]:
    """At most so many of them, evenly."""
    stride = -(-len(numbers) // most) if len(numbers) else 1
    return numbers[::stride]


def prediction_plot(rows: Floats, number: int, wanted: Axis, most: int, whose: str = "predicted") -> Figure:
    """Measured against predicted with the prediction's 95 % range; what fell outside it stands out."""
    figure, axis = _panel(3.3, 3.6)
    rows = rows[_thinned(np.arange(len(rows)), most)]
    mean, _, value, _, half = rows.T
    mean, value = wanted.sign * mean, wanted.sign * value
    outside = np.abs(value - mean) > half
    for mask, tint, alpha in ((~outside, colour(number), 0.8), (outside, _OUTSIDE, 0.9)):
        axis.hlines(
            value[mask],
            (mean - half)[mask],
            (mean + half)[mask],
            color=tint,
            linewidth=0.6,
            alpha=0.5 * alpha,
        )
        axis.plot(
            mean[mask], value[mask], "x" if tint == _OUTSIDE else "o", color=tint, markersize=3.5, alpha=alpha
        )
    ends = np.array([min(mean.min(), value.min()), max(mean.max(), value.max())])
    margin = 0.08 * (ends[1] - ends[0]) or 1.0
    ends += np.array([-margin, margin])
    axis.plot(ends, ends, color=INK, linewidth=0.9)
    axis.set_xlim(ends)
    axis.set_ylim(ends)
    _name(axis, f"{whose} {wanted.label}", "measured")
    return figure


def cost_plot(costs: Mapping[str, Mapping[str, Cost]], agents: Sequence[str]) -> Figure:
    """Core seconds of each rung, by its label, stacked by agent."""
    figure, axis = _panel(0.75 + 0.42 * len(costs), 6.4)
    for row, spent in enumerate(costs.values()):
        left = 0.0
        for number, agent in enumerate(agents):
            seconds = spent[agent].seconds if agent in spent else 0.0
            axis.barh(row, seconds, left=left, height=0.6, color=colour(number))
            left += seconds
    axis.set_yticks(range(len(costs)), list(costs))
    axis.set_ylim(len(costs) - 0.5, -0.5)
    axis.grid(visible=False, axis="y")
    axis.set_xlim(left=0.0)
    _name(axis, "core seconds")
    return figure


def window_plot(
    rows: Mapping[str, tuple[Mapping[str, Any], bool]], window: tuple[float, float], decades: bool, label: str
) -> Figure:
    """Values of machines with 95 % intervals, and the window as a band.

    Parameters
    ----------
    rows
        Machine -> its {"value", "ci95"}, and whether it was confirmed.
    window
        Its ends; a target has the same one twice.
    decades
        Whether the axis is logarithmic.
    label
        Of the axis.
    """
    figure, axis = _panel(0.9 + 0.3 * len(rows), 6.4)
    if window[0] < window[1]:
        axis.axvspan(*window, color=_PALETTE[2], alpha=0.25, linewidth=0)
    else:
        axis.axvline(window[0], color=_PALETTE[2], linewidth=1.5)
    for row, (estimate, again) in enumerate(rows.values()):
        if None in (estimate["value"], *estimate["ci95"]):
            continue
        axis.plot(estimate["ci95"], [row, row], color=_PALETTE[1], linewidth=1.6)
        face = _PALETTE[1] if again else "none"
        axis.plot([estimate["value"]], [row], "o", color=_PALETTE[1], markerfacecolor=face, markersize=7)
    if decades:
        axis.set_xscale("log")
    axis.set_yticks(range(len(rows)), list(rows))
    axis.set_ylim(len(rows) - 0.5, -0.5)
    axis.grid(visible=False, axis="y")
    _name(axis, label)
    return figure


def control_plot(velocities: Mapping[str, Mapping[str, Any]], unit: str) -> Figure:
    """Velocity of a machine and of its controls, with 95 % intervals; each {"value", "ci95"}."""
    figure, axis = _panel(0.75 + 0.36 * len(velocities), 4.7)
    for row, (name, estimate) in enumerate(velocities.items()):
        low, high = estimate["ci95"]
        axis.plot([low, high], [row, row], color=COLOURS[name], linewidth=6, solid_capstyle="butt")
        axis.plot([estimate["value"]], [row], "|", color=INK, markersize=15, markeredgewidth=1.8)
    axis.axvline(0.0, color=INK, linewidth=0.8)
    axis.set_yticks(range(len(velocities)), [LABELS[name] for name in velocities])
    axis.set_ylim(len(velocities) - 0.5, -0.5)
    axis.grid(visible=False, axis="y")
    _name(axis, f"velocity / ({unit})")
    return figure
