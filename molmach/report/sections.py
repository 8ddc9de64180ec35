"""Sections of a run's page, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from molmach.building import coordinate_of, kind_of
from molmach.data import Run
from molmach.report import coordinate_plots as plots
from molmach.report.film import Film, parts_of_atoms, to_json
from molmach.report.plots import LABELS, PAGE, angle_panels, velocity_plot
from molmach.report.svg import inline_figure
from molmach.report.views import Picture
from molmach.report.words import measure_label
from molmach.scoring import Score
from molmach.scoring.distribution import at_equilibrium


@dataclass(frozen=True)
class Movie:
    """The machine in motion beside the plot of its motion; the page's script brings both to life.

    Attributes
    ----------
    number
        Of the replica, from 1.
    frames, apart_ps, pace
        How many; how far apart and how many ps a second, '' for a single one.
    has_field
        Whether the drive's field is drawn.
    plot
        Its motion against time.
    box
        Left, top, width and height of the plot's axes, per cent of the drawing.
    parts
        What the colours of the machine mean: colour's name -> words.
    film
        What the script reads.
    """

    number: int
    frames: int
    apart_ps: str
    pace: str
    has_field: bool
    plot: Markup
    box: tuple[str, str, str, str]
    parts: dict[str, str]
    film: dict[str, Any]


def movie(run: Run, film: Film, plot: plots.FilmPlot) -> Movie:
    """The film of a run, and the plot of its motion."""
    left, right, top, bottom = plot.box
    moving = film.time_ps.size > 1
    apart_ps = film.time_ps[1] - film.time_ps[0] if moving else 0.0
    number = film.replica + 1
    return Movie(
        number=number,
        frames=film.time_ps.size,
        apart_ps=f"{apart_ps:g}" if moving else "",
        pace=f"{film.frames_a_second * apart_ps:.3g}" if moving else "",
        has_field=film.field is not None,
        plot=inline_figure(plot.figure, "film", f"Motion of replica {number} against time."),
        box=(f"{left:.3f}", f"{top:.3f}", f"{right - left:.3f}", f"{bottom - top:.3f}"),
        parts=_parts(run, film),
        film=to_json(film, run.assembly) | {"limits": plot.limits},
    )


def _parts(run: Run, film: Film) -> dict[str, str]:
    """What the colours of the machine mean."""
    present = set(parts_of_atoms(run.assembly))
    named = kind_of(run.assembly.kind).part_names
    items = {part: words for part, words in named.items() if part in present}
    return items | ({"field": "field"} if film.field is not None else {})


def velocities(run: Run, result: Score) -> Picture:
    """Velocity of the machine and its controls, or what stands for it where there is none."""
    label = measure_label(result.measure, result.measured.unit)
    spoken = [f"{LABELS['claim']} {result.measured.value:.3g}"]
    spoken += [f"{LABELS.get(n, n)} {c.measure.value:.3g}" for n, c in result.controls.items()]
    alt = f"{label[0].upper()}{label[1:]}: {', '.join(spoken)}."
    figure = velocity_plot(run, result, PAGE, 4.8)
    figure.axes[0].set_xlabel(label)
    return Picture(inline_figure(figure, "velocity", alt), "Dots: replicas. Bar: 95 % interval. Mark: mean.")


@dataclass(frozen=True)
class Dwelling:
    """Histogram and energy of the coordinate, and what may be read from them.

    Attributes
    ----------
    pictures
        Both.
    is_round
        Whether the histogram is drawn round a circle.
    has_equilibrium, driven
        Whether a condition without a drive is among them, and whether the machine itself is driven.
    statements
        What must be known of the shares, of each condition.
    """

    pictures: tuple[Picture, Picture]
    is_round: bool
    has_equilibrium: bool
    driven: bool
    statements: tuple[str, ...]


def dwelling(run: Run) -> Dwelling:
    """Where the machine dwells."""
    occupancy, energy = plots.occupancy_plot(run), plots.energy_plot(run)
    return Dwelling(
        pictures=(
            Picture(inline_figure(occupancy, "occupancy", "How often the machine is where.")),
            Picture(inline_figure(energy, "energy", "Minus kT times the logarithm of that.")),
        ),
        is_round=coordinate_of(run.assembly).scale.period is not None,
        has_equilibrium=any(map(at_equilibrium, plots.conditions(run).values())),
        driven=not at_equilibrium(run),
        statements=tuple(
            f"{LABELS[name]}: {statement}."
            for name, profile in plots.distributions(run).items()
            for statement in profile.statements
        ),
    )


def replicas(run: Run) -> list[Picture]:
    """Motion of every replica, one panel a condition."""
    runs = {"claim": run, **run.controls}
    panels = []
    for name, figure in angle_panels(run).items():
        label = LABELS.get(name, name)
        drawing = inline_figure(figure, f"motion-{name}", f"Motion of every replica: {label}.")
        panels.append(Picture(drawing, f"{label}, n = {runs[name].replicas}"))
    return panels
