"""The picture of a scan over one key."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from molmach.report.words import measure_label
from molmach.scoring.regime import BREAK_OFF_LAG
from molmach.studies.scan.panels import FONT, REGIMES, panel_of, scale
from molmach.studies.scan.result import Scan
from molmach.theory import SYNCHRONOUS_LAG


def curve(scan: Scan, ink: str, line: str) -> Figure:
    """Turns per turn of the field, or what the points are about, against the one key that was scanned."""
    axis = scan.axes[0]
    figure, panel = panel_of(ink, 6.8, 4.2)
    for side in ("top", "right"):
        panel.spines[side].set_visible(False)
    panel.grid(True, color=line, linewidth=0.6)
    panel.set_axisbelow(True)
    panel.xaxis.label.set_color(ink)
    scale(panel, axis, "x")
    x = np.array(axis.values)
    has_regimes = bool(np.any(scan.regime != ""))
    shown = [point.followed if has_regimes else point.estimate(scan.measure) for point in scan.points]
    y, bounds = [part.value for part in shown], [part.ci95 for part in shown]
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
            handles=handles, loc="outside lower center", ncols=3, frameon=False, fontsize=FONT - 0.5,
            labelcolor=ink,
        )  # fmt: skip
    label = measure_label(scan.measure, scan.measure_unit)
    panel.set_ylabel("turns per turn of the field" if has_regimes else label, color=ink)
    figure.suptitle(
        f"{scan.plan.spec.name} ({scan.plan.spec.protocol.replicas} replicas a point, 95 % intervals)",
        fontsize=FONT + 1.5, color=ink, x=0.02, ha="left",
    )  # fmt: skip
    return figure
