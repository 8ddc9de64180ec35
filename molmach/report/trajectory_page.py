"""``report.html`` of trajectories that were made elsewhere: one file that opens from disk with no network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from molmach.data import Motion
from molmach.data.motion import UNKNOWN
from molmach.report.motion_plots import plot_angles, plot_polar, plot_velocity
from molmach.report.plots import png
from molmach.report.tables import Table, estimates_table
from molmach.report.templates import render
from molmach.report.views import Claim, Raster
from molmach.report.words import verdict_sentence
from molmach.scoring import Score


@dataclass(frozen=True)
class TrajectoryPage:
    """What the page of trajectories that were made elsewhere shows.

    Attributes
    ----------
    name
        Heading.
    claim, sentence
        The score's verdict, and in words.
    motion, velocity
        Plots.
    unknown
        What coordinates alone can't tell, and why.
    source
        Files, atoms, times and versions.
    """

    name: str
    claim: Claim
    sentence: str
    motion: Raster
    velocity: Raster
    estimates: Table
    unknown: dict[str, str]
    source: Mapping[str, str]
    description: str = ""


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
    page = TrajectoryPage(
        name=name,
        claim=Claim.of(result),
        sentence=verdict_sentence(result),
        motion=Raster(
            png(_motion_figure(motion)),
            "Turns against time for every replica, and a rose of the share of the time at each angle",
            "Left: replicas coloured, their mean black. Right: share of the time at each angle as areas; "
            "dashed, a uniform one.",
        ),
        velocity=Raster(
            png(_velocity_figure(motion, result)),
            "Velocity of every replica, with the mean and its interval",
            "Dots: replicas. Bar: 95 % interval. Mark: mean.",
        ),
        estimates=estimates_table(result),
        unknown={key.replace("_", " "): why for key, why in UNKNOWN.items()},
        source=source,
    )
    (directory / "angle.png").write_bytes(page.motion.png)
    (directory / "velocity.png").write_bytes(page.velocity.png)
    (directory / "report.html").write_text(render("trajectory.html", page=page), encoding="utf-8")


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
