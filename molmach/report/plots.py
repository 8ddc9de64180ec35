"""Plots of a run, for the report and for notebooks."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from molmach.build import coordinate_of
from molmach.engine import Run
from molmach.score import Score
from molmach.score.rotation import velocities

COLOURS = {"claim": "#b3541e", "undriven": "#6b7280", "mirror": "#1f6f8b"}
LABELS = {"claim": "machine", "undriven": "drive off", "mirror": "mirror image"}
_MOST_POINTS = 500


def angle_plot(run: Run) -> Figure:
    """Motion against time for every replica, one panel a condition, on one scale; followers' means dashed."""
    runs = {"claim": run, **run.controls}
    coordinate = coordinate_of(run.assembly)
    figure = Figure(figsize=(3.1 * len(runs) + 0.8, 3.2), layout="constrained")
    axes = figure.subplots(1, len(runs), sharex=True, sharey=True, squeeze=False)[0]
    for axis, (name, part) in zip(axes, runs.items(), strict=True):
        series = part.series
        stride = max(1, series.time_ps.size // _MOST_POINTS)
        motion = (series.coordinate - series.coordinate[:, :1]) / coordinate.unit_size
        axis.plot(
            series.time_ps[::stride], motion[:, ::stride].T, color=COLOURS[name], linewidth=0.8, alpha=0.55
        )
        axis.plot(series.time_ps[::stride], motion.mean(axis=0)[::stride], color="black", linewidth=1.6)
        for wheel, angle in zip(part.assembly.followers, series.followers, strict=True):
            turned = np.mean(angle - angle[:, :1], axis=0) / coordinate.unit_size
            axis.plot(series.time_ps[::stride], turned[::stride], "k--", linewidth=1.2, label=wheel)
        if part.assembly.followers:
            axis.legend(fontsize=8, frameon=False)
        axis.set_title(f"{LABELS[name]}  (n = {part.replicas})", fontsize=10)
        axis.set_xlabel("time / ps")
        _plain(axis)
    axes[0].set_ylabel("turns" if coordinate.unit == "turn" else "ring's displacement / nm")
    return figure


def velocity_plot(run: Run, result: Score) -> Figure:
    """Mean velocity with its 95 % interval and every replica's own, the controls beside the claim."""
    runs = {"claim": run, **run.controls}
    unit_size = coordinate_of(run.assembly).unit_size
    estimates = {"claim": result.velocity} | {name: c.velocity for name, c in result.controls.items()}
    figure = Figure(figsize=(7.2, 0.9 + 0.62 * len(runs)), layout="constrained")
    axis = figure.subplots()
    for row, (name, part) in enumerate(runs.items()):
        samples = velocities(part.series.coordinate, part.series.time_ps, unit_size)
        offsets = np.linspace(-0.16, 0.16, samples.size)
        axis.plot(samples, row + offsets, "o", color=COLOURS[name], markersize=3, alpha=0.4, linewidth=0)
        estimate = estimates[name]
        low, high = estimate.ci95
        axis.plot([low, high], [row, row], color=COLOURS[name], linewidth=5, solid_capstyle="butt", alpha=0.9)
        axis.plot([estimate.value], [row], "|", color="black", markersize=16, markeredgewidth=1.8)
    frequency = _frequency(run)
    if frequency is not None:
        axis.axvline(frequency, color="#9ca3af", linewidth=1, linestyle=(0, (4, 3)))
        axis.text(frequency, -0.62, "field", ha="center", va="bottom", fontsize=8, color="#6b7280")
    axis.axvline(0.0, color="black", linewidth=0.8)
    axis.set_yticks(range(len(runs)), [LABELS[name] for name in runs])
    axis.set_ylim(len(runs) - 0.5, -0.65)
    axis.set_xlabel(f"velocity / ({result.velocity.unit}):  dots replicas, bar 95 % interval, mark mean")
    _plain(axis)
    return figure


def _frequency(run: Run) -> float | None:
    return getattr(run.drive, "frequency", None) if run.drive.kind == "rotating_field" else None


def _plain(axis: Any) -> None:
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
    axis.tick_params(labelsize=9)
    axis.grid(True, axis="both", color="#e5e7eb", linewidth=0.6)
    axis.set_axisbelow(True)


def png(figure: Figure) -> bytes:
    """A figure as PNG bytes."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=160)
    return stream.getvalue()
