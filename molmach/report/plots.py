"""Plots of a run, for the report and for notebooks."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from molmach import drives
from molmach.building import coordinate_of
from molmach.data import Run
from molmach.report.svg import INK, LINE
from molmach.report.words import measure_label
from molmach.scoring import Score
from molmach.scoring.bounded import measured_samples

COLOURS = {"claim": "#b3541e", "undriven": "#6b7280", "mirror": "#1f6f8b"}
LABELS = {"claim": "machine", "undriven": "drive off", "mirror": "mirror image"}
_MOST_POINTS = 500
_MOST_DOTS = 1000
_MOST_NUMBERS = 8000
"""Points of all replicas together that a drawing on a page may have."""


@dataclass(frozen=True)
class Ink:
    """Colours of text and axes, and of thin lines."""

    text: str
    line: str


PAPER = Ink("black", "#e5e7eb")
PAGE = Ink(INK, LINE)


def angle_plot(run: Run) -> Figure:
    """Motion against time for every replica, one panel a condition, on one scale; followers' means dashed."""
    runs = {"claim": run, **run.controls}
    figure = Figure(figsize=(3.1 * len(runs) + 0.8, 3.2), layout="constrained")
    axes = figure.subplots(1, len(runs), sharex=True, sharey=True, squeeze=False)[0]
    for axis, (name, part) in zip(axes, runs.items(), strict=True):
        _draw_motion(axis, part, COLOURS[name], _MOST_POINTS, part.replicas, PAPER)
        axis.set_title(f"{LABELS[name]}  (n = {part.replicas})", fontsize=10)
        axis.set_xlabel("time / ps")
        plain(axis, PAPER)
    axes[0].set_ylabel(motion_label(run))
    return figure


def angle_panels(run: Run) -> dict[str, Figure]:
    """The same for a page: a figure a condition, of at most forty replicas."""
    runs = {"claim": run, **run.controls}
    shown = {name: min(part.replicas, 40) for name, part in runs.items()}
    panels = {}
    for name, part in runs.items():
        figure = Figure(figsize=(3.6, 2.9), layout="constrained")
        axis = figure.subplots()
        _draw_motion(axis, part, COLOURS[name], max(50, _MOST_NUMBERS // shown[name]), shown[name], PAGE)
        axis.set_xlabel("time / ps")
        axis.set_ylabel(motion_label(run))
        panels[name] = figure
    limits = [figure.axes[0].get_ylim() for figure in panels.values()]
    for figure in panels.values():
        figure.axes[0].set_ylim(min(low for low, _ in limits), max(high for _, high in limits))
        plain(figure.axes[0], PAGE)
    return panels


def motion_label(run: Run) -> str:
    """Of the axis of a machine's motion."""
    return coordinate_of(run.assembly).scale.label


def _draw_motion(axis: Any, run: Run, colour: str, points: int, replicas: int, ink: Ink) -> None:
    series, unit_size = run.series, coordinate_of(run.assembly).scale.unit_size
    every = slice(None, None, max(1, series.time_ps.size // min(points, _MOST_POINTS)))
    motion = (series.coordinate - series.coordinate[:, :1]) / unit_size
    axis.plot(series.time_ps[every], motion[:replicas, every].T, color=colour, linewidth=0.8, alpha=0.55)
    axis.plot(series.time_ps[every], motion.mean(axis=0)[every], color=ink.text, linewidth=1.6)
    for wheel, angle in zip(run.assembly.followers, series.followers, strict=True):
        turned = np.mean(angle - angle[:, :1], axis=0) / unit_size
        axis.plot(series.time_ps[every], turned[every], "--", color=ink.text, linewidth=1.2, label=wheel)
    if run.assembly.followers:
        axis.legend(fontsize=8, frameon=False, labelcolor=ink.text)


def velocity_plot(run: Run, result: Score, ink: Ink = PAPER, width: float = 7.2) -> Figure:
    """Mean velocity with its 95 % interval and the replicas' own, the controls beside the claim.

    Of a machine that can have none, what its verdict is about in its place. Of very many replicas a thousand
    are drawn. ``width`` is in inches.
    """
    runs = {"claim": run, **run.controls}
    estimates = {"claim": result.measured} | {name: c.measure for name, c in result.controls.items()}
    taken = measured_samples(run)
    figure = Figure(figsize=(width, 0.9 + 0.62 * len(runs)), layout="constrained")
    axis = figure.subplots()
    for row, name in enumerate(runs):
        samples = taken[name]
        samples = samples[:: -(-samples.size // _MOST_DOTS)]
        offsets = np.linspace(-0.16, 0.16, samples.size)
        axis.plot(samples, row + offsets, "o", color=COLOURS[name], markersize=3, alpha=0.4, linewidth=0)
        estimate = estimates[name]
        low, high = estimate.ci95
        axis.plot([low, high], [row, row], color=COLOURS[name], linewidth=5, solid_capstyle="butt", alpha=0.9)
        axis.plot([estimate.value], [row], "|", color=ink.text, markersize=16, markeredgewidth=1.8)
    frequency = field_frequency(run)
    if frequency is not None:
        axis.axvline(frequency, color="#9ca3af", linewidth=1, linestyle=(0, (4, 3)))
        axis.text(frequency, -0.62, "field", ha="center", va="bottom", fontsize=8, color="#7c8591")
    axis.axvline(0.0, color=ink.text, linewidth=0.8)
    axis.set_yticks(range(len(runs)), [LABELS[name] for name in runs])
    axis.set_ylim(len(runs) - 0.5, -0.65)
    label = measure_label(result.measure, result.measured.unit)
    axis.set_xlabel(f"{label}:  dots replicas, bar 95 % interval, mark mean")
    plain(axis, ink)
    return figure


def field_frequency(run: Run) -> float | None:
    """Turns per ns of a drive that has a sense of rotation; None for other drives."""
    model = drives.model(run.drive)
    return model.frequency if model.turns_with else None


def plain(axis: Any, ink: Ink) -> None:
    """Two spines, a thin grid, and all that is written in the ink."""
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
    for spine in axis.spines.values():
        spine.set_color(ink.text)
    axis.tick_params(labelsize=9, color=ink.text, labelcolor=ink.text)
    for label in (axis.xaxis.label, axis.yaxis.label, axis.title):
        label.set_color(ink.text)
    axis.grid(True, axis="both", color=ink.line, linewidth=0.6)
    axis.set_axisbelow(True)


def png(figure: Figure) -> bytes:
    """A figure as PNG bytes."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=160)
    return stream.getvalue()
