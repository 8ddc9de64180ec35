"""``report.html`` of a run: one file that opens from disk with no network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from molmach.building import draw
from molmach.data import Run
from molmach.report import sections, tables
from molmach.report.coordinate_plots import film_plot
from molmach.report.film import film_of
from molmach.report.plots import angle_plot, png, velocity_plot
from molmach.report.sections import Dwelling, Movie
from molmach.report.svg import inline_molecule
from molmach.report.templates import render
from molmach.report.views import Claim, Picture
from molmach.report.words import (
    conditions,
    regime_sentence,
    shapes_sentence,
    stopped_sentence,
    verdict_sentence,
)
from molmach.scoring import Score


@dataclass(frozen=True)
class RunPage:
    """What the page of a run shows.

    Attributes
    ----------
    name, description
        The machine's.
    claim, sentence
        Its score's verdict, and in words.
    conditions
        Drive, temperature and duration.
    molecule
        Its formula, drawn.
    looks, stopped
        Of a run with added replicas: its looks, and at which it ended.
    parameters, provenance
        Names and values.
    """

    name: str
    description: str
    claim: Claim
    sentence: str
    conditions: str
    molecule: Markup
    movie: Movie
    velocities: Picture
    controls: list[tables.ControlRow]
    looks: tables.Table | None
    stopped: str
    shapes: tables.Table | None
    shapes_sentence: str
    dwelling: Dwelling
    replicas: list[Picture]
    estimates: tables.Table
    parameters: dict[str, str]
    provenance: dict[str, str]


def write_report(run: Run, result: Score, provenance: Mapping[str, Any], directory: Path) -> None:
    """Write ``report.html`` and its plots as ``angle.png`` and ``velocity.png``.

    ``directory`` holds the run's trajectories already, as in a run folder.

    Raises
    ------
    ScoreError
        The trajectory that the page shows is missing or damaged.
    """
    (directory / "angle.png").write_bytes(png(angle_plot(run)))
    (directory / "velocity.png").write_bytes(png(velocity_plot(run, result)))
    page = render("run.html", page=_page(run, result, provenance, directory))
    (directory / "report.html").write_text(page, encoding="utf-8")


def _page(run: Run, result: Score, provenance: Mapping[str, Any], directory: Path) -> RunPage:
    film = film_of(run, directory)
    return RunPage(
        name=run.spec.name,
        description=run.spec.description,
        claim=Claim.of(result),
        sentence=f"{verdict_sentence(result)} {regime_sentence(result)}",
        conditions=conditions(run.spec),
        molecule=inline_molecule(draw(run.assembly), f"Formula of {run.spec.name}"),
        movie=sections.movie(run, film, film_plot(run, film)),
        velocities=sections.velocities(run, result),
        controls=tables.controls_table(result),
        looks=tables.looks_table(run),
        stopped=stopped_sentence(run),
        shapes=tables.shapes_table(result),
        shapes_sentence=shapes_sentence(result),
        dwelling=sections.dwelling(run),
        replicas=sections.replicas(run),
        estimates=tables.estimates_table(result),
        parameters=tables.parameters(run),
        provenance=tables.flat(provenance),
    )
