"""``comparison.html`` of several runs: one file that opens from disk with no network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from molmach.report.tables import Table
from molmach.report.templates import render
from molmach.report.views import Claim, Picture


@dataclass(frozen=True)
class Compared:
    """One of the runs.

    Attributes
    ----------
    label
        By which tables and pictures call it.
    claim, conditions
        Its verdict, and under which drive, how hot and how long.
    molecule
        Its formula, drawn.
    report
        Address of its own page, from where the comparison lies.
    """

    label: str
    claim: Claim
    conditions: str
    molecule: Markup
    report: str


@dataclass(frozen=True)
class ComparisonPage:
    """What the page of a comparison shows.

    Attributes
    ----------
    name, description
        Its heading, and what is compared.
    runs
        In the order in which they were given.
    pictures
        Of each measure that several runs have in common.
    differences
        Every run against the first one of the same measure.
    difference_note
        What the columns are.
    parameters
        Entries in which the runs differ, a column a run.
    quantities
        What their scores have in common, a column a run.
    """

    name: str
    description: str
    runs: tuple[Compared, ...]
    pictures: tuple[Picture, ...]
    differences: Table | None
    difference_note: str
    parameters: Table
    quantities: Table


def write_comparison_page(page: ComparisonPage, path: Path) -> None:
    """Write the page of a comparison to ``path``."""
    path.write_text(render("comparison.html", page=page), encoding="utf-8")
