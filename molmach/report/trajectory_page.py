"""``report.html`` of trajectories that were made elsewhere: one file that opens from disk with no network."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template

from matplotlib.figure import Figure

from molmach.data import Motion
from molmach.data.motion import UNKNOWN
from molmach.report.motion_plots import plot_angles, plot_polar, plot_velocity
from molmach.report.plots import png
from molmach.report.words import to_its_precision, verdict_sentence
from molmach.scoring import Estimate, Score


def write_trajectory_report(
    motion: Motion, result: Score, name: str, source: Mapping[str, str], directory: Path
) -> None:
    """Write ``report.html`` and its plots as ``angle.png`` and ``velocity.png``.

    Parameters
    ----------
    motion, result
        What was read, and its score.
    name
        Heading.
    source
        Files, atoms, times and versions, as they are to be shown.
    directory
        Where to write.
    """
    motion_png, velocity_png = png(_motion_figure(motion)), png(_velocity_figure(motion, result))
    (directory / "angle.png").write_bytes(motion_png)
    (directory / "velocity.png").write_bytes(velocity_png)
    value, interval = _shown(result.velocity)
    values = {
        "title": f"{escape(name)}: {result.verdict}, uncontrolled",
        "name": escape(name),
        "velocity": f"{value} {escape(result.velocity.unit)}",
        "interval": interval,
        "replicas": str(result.replicas),
        "p_value": f"{result.p_value:.2g}",
        "sentence": escape(verdict_sentence(result)),
        "warnings": "".join(f'<p class="warning">{escape(text)}</p>' for text in result.warnings),
        "motion_png": base64.b64encode(motion_png).decode(),
        "velocity_png": base64.b64encode(velocity_png).decode(),
        "estimates": "".join(_row(quantity, part) for quantity, part in result.estimates.items()),
        "unknown": _rows({key.replace("_", " "): why for key, why in UNKNOWN.items()}),
        "source": _rows(source, "mono"),
    }
    page = Template(files(__package__).joinpath("trajectory_page.html").read_text(encoding="utf-8"))
    (directory / "report.html").write_text(page.substitute(values), encoding="utf-8")


def _motion_figure(motion: Motion) -> Figure:
    figure = Figure(figsize=(8.4, 3.6), layout="constrained")
    grid = figure.add_gridspec(1, 2, width_ratios=(5.0, 3.4))
    plot_angles(motion, figure.add_subplot(grid[0]))
    plot_polar(motion, figure.add_subplot(grid[1], projection="polar"))
    return figure


def _velocity_figure(motion: Motion, result: Score) -> Figure:
    figure = Figure(figsize=(7.2, 1.5), layout="constrained")
    plot_velocity(motion, result, figure.subplots())
    return figure


def _shown(estimate: Estimate) -> tuple[str, str]:
    return to_its_precision(estimate.value, *estimate.ci95)


def _row(quantity: str, estimate: Estimate) -> str:
    value, interval = _shown(estimate)
    return (
        f'<tr><td>{escape(quantity.replace("_", " "))}</td><td class="n">{value}</td>'
        f'<td class="n">{interval}</td><td>{escape(estimate.unit)}</td></tr>'
    )


def _rows(content: Mapping[str, str], style: str = "") -> str:
    cell = f'<td class="{style}">' if style else "<td>"
    return "".join(
        f"<tr><th>{escape(key)}</th>{cell}{escape(value)}</td></tr>" for key, value in content.items()
    )
