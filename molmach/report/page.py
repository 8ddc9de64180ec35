"""``report.html`` of a run: one file that opens from disk with no network."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from molmach.building import draw
from molmach.data import Run
from molmach.report import sections, tables
from molmach.report.coordinate_plots import film_plot
from molmach.report.film import film_of, to_json
from molmach.report.plots import angle_plot, png, velocity_plot
from molmach.report.sections import resource
from molmach.report.svg import inline_molecule
from molmach.report.words import regime_sentence, to_its_precision, verdict_sentence
from molmach.scoring import Score

_QUALITY = {"forward": "good", "backward": "good", "failed": "bad"}


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
    velocity, between = to_its_precision(result.velocity.value, *result.velocity.ci95)
    film = film_of(run, directory)
    plot = film_plot(run, film)
    values = {
        "title": f"{escape(run.spec.name)}: {result.verdict}",
        "css": style() + resource("page.css"),
        "name": escape(run.spec.name),
        "description": escape(run.spec.description),
        "verdict": result.verdict,
        "quality": _QUALITY.get(result.verdict, "open"),
        "controlled": "" if result.controlled else "<strong>uncontrolled: the controls were not run</strong>",
        "velocity": f"{velocity} {escape(result.velocity.unit)}",
        "interval": between or "not defined",
        "replicas": str(result.replicas),
        "p_value": f"{result.p_value:.2g}",
        "sentence": escape(f"{verdict_sentence(result)} {regime_sentence(result)}"),
        "warnings": "".join(f'<p class="warning">{escape(text)}</p>' for text in result.warnings),
        "molecule": inline_molecule(draw(run.assembly), f"Formula of {run.spec.name}"),
        "movie": sections.movie(run, film, plot),
        "velocities": sections.velocities(run, result),
        "controls": tables.controls_table(result),
        "dwelling": sections.dwelling(run),
        "replica_panels": sections.replicas(run),
        "estimates": tables.estimates_table(result),
        "parameters": tables.plain_table("Machine and protocol", tables.parameters(run)),
        "provenance": tables.plain_table("Provenance", tables.flat(provenance)),
        "licences": sections.licences(),
        "film": _script(json.dumps(to_json(film, run.assembly) | {"limits": plot.limits})),
        "viewer": resource("vendor/3Dmol-min.js"),
        "script": resource("viewer.js"),
    }
    page = Template(resource("page.html")).substitute(values)
    (directory / "report.html").write_text(page, encoding="utf-8")


def style() -> str:
    """CSS that the pages of runs and campaigns have in common."""
    return resource("style.css")


def _script(text: str) -> str:
    """Text that ends no script element."""
    return text.replace("</", "<\\/")
