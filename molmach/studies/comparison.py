"""Several finished runs side by side: what each claims, whether they differ, and in what they were unlike."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from molmach.building import draw
from molmach.data import Run
from molmach.data.statistics import Floats, holm, interval_of_difference, p_value_of_difference
from molmach.errors import Argument, SpecError
from molmach.report.comparison_page import Compared, ComparisonPage, write_comparison_page
from molmach.report.plots import COLOURS, PAGE, plain
from molmach.report.svg import inline_figure, inline_molecule
from molmach.report.tables import Table, numbers, parameters
from molmach.report.views import Claim, Picture
from molmach.report.words import chance, conditions, measure_label, to_its_precision
from molmach.scoring import Score, score
from molmach.scoring.bounded import measured_samples
from molmach.studies.run_folder import read_run

OUT = Argument("out")
MOST = 20
"""Runs on one page."""

_MOST_DOTS = 400
_LEFT_OUT = ("performance",)


@dataclass(frozen=True)
class Part:
    """A run of a comparison.

    Attributes
    ----------
    label
        Its folder's name, or as much of the path as tells it from the others.
    folder
        Where it is.
    run, score
        The run, and its score.
    samples
        (n_replicas,) numbers of what its verdict is about.
    """

    label: str
    folder: Path
    run: Run
    score: Score
    samples: Floats

    @property
    def measure(self) -> tuple[str, str]:
        """What the verdict is about, and its unit."""
        return self.score.measure, self.score.measured.unit


@dataclass(frozen=True)
class Difference:
    """A run against the first one that has the same measure.

    Attributes
    ----------
    label, reference
        Of both.
    value, low, high
        Its mean less the reference's, and Welch's 95 % interval.
    unit
        Of these.
    p_value
        Of Welch's test, by Holm's method for all of the comparison's differences together.
    """

    label: str
    reference: str
    value: float
    low: float
    high: float
    unit: str
    p_value: float


@dataclass(frozen=True)
class Comparison:
    """Several runs, and their differences."""

    parts: tuple[Part, ...]
    differences: tuple[Difference, ...]


def compare(folders: Sequence[Path | str]) -> Comparison:
    """Read and score finished runs again, and compare those whose verdicts are about the same.

    Raises
    ------
    SpecError
        Fewer than two folders, more than twenty, or one twice.
    ScoreError
        A folder is no finished run.
    """
    places = [Path(folder) for folder in folders]
    if not 2 <= len(places) <= MOST:
        raise SpecError(
            f"got {len(places)} run folder{'s' * (len(places) != 1)}; expected 2 to {MOST} to compare"
        )
    resolved = [place.resolve() for place in places]
    if len(set(resolved)) < len(resolved):
        twice = next(p for p in places if resolved.count(p.resolve()) > 1)
        raise SpecError(f"got {twice} twice; expected different run folders")
    parts = []
    for label, place in zip(_labels(resolved), resolved, strict=True):
        run = read_run(place)
        parts.append(Part(label, place, run, score(run), measured_samples(run)["claim"]))
    return Comparison(tuple(parts), _differences(parts))


def _labels(places: Sequence[Path]) -> list[str]:
    """The shortest ends of paths that are all different."""
    for depth in range(1, max(len(place.parts) for place in places) + 1):
        labels = ["/".join(place.parts[-depth:]) for place in places]
        if len(set(labels)) == len(labels):
            return labels
    return [str(place) for place in places]


def _differences(parts: Sequence[Part]) -> tuple[Difference, ...]:
    pairs: list[tuple[Part, Part]] = []
    first: dict[tuple[str, str], Part] = {}
    for part in parts:
        reference = first.setdefault(part.measure, part)
        if reference is not part:
            pairs.append((part, reference))
    p_values = holm([p_value_of_difference(a.samples, b.samples) for a, b in pairs])
    return tuple(
        Difference(a.label, b.label, *interval_of_difference(a.samples, b.samples), a.measure[1], p)
        for (a, b), p in zip(pairs, p_values, strict=True)
    )


def write_comparison(comparison: Comparison, path: Path) -> None:
    """Write the comparison's page, whose links lead from there to the runs' own.

    Raises
    ------
    SpecError
        The place can't be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_comparison_page(_page(comparison, path.resolve().parent), path)
    except OSError as error:
        told = f" {path}: can't be written ({error.strerror}); expected a writable folder"
        raise SpecError(OUT, told) from error


def _page(comparison: Comparison, folder: Path) -> ComparisonPage:
    parts = comparison.parts
    return ComparisonPage(
        name=f"{len(parts)} runs compared",
        description=", ".join(dict.fromkeys(part.run.spec.name for part in parts)),
        runs=tuple(
            Compared(
                part.label,
                Claim.of(part.score),
                conditions(part.run.spec),
                inline_molecule(draw(part.run.assembly), f"Formula of {part.run.spec.name}"),
                Path(os.path.relpath(part.folder / "report.html", folder)).as_posix(),
            )
            for part in parts
        ),
        pictures=tuple(_pictures(parts)),
        differences=_difference_table(comparison.differences),
        difference_note=DIFFERENCE_NOTE,
        parameters=_beside({part.label: _parameters(part.run) for part in parts}, "entry", unlike=True),
        quantities=_beside({part.label: _quantities(part.score) for part in parts}, "quantity"),
    )


DIFFERENCE_NOTE = (
    "Mean of the run less that of the first run whose verdict is about the same, over replicas, with Welch's "
    "95 % interval; p by Welch's test and Holm's method for all rows together. Replicas of runs of one seed "
    "share their random numbers, which these ignore. Where verdicts are open, so are differences."
)


def _pictures(parts: Sequence[Part]) -> list[Picture]:
    pictures = []
    for number, measure in enumerate(dict.fromkeys(part.measure for part in parts)):
        alike = [part for part in parts if part.measure == measure]
        label = measure_label(*measure)
        spoken = ", ".join(f"{part.label} {part.score.measured.value:.3g}" for part in alike)
        alt = f"{label[0].upper()}{label[1:]}: {spoken}."
        drawing = inline_figure(_figure(alike, label), f"measure{number}", alt)
        pictures.append(Picture(drawing, "Dots: replicas. Bar: 95 % interval. Mark: mean."))
    return pictures


def _figure(parts: Sequence[Part], label: str) -> Figure:
    figure = Figure(figsize=(5.4, 0.9 + 0.5 * len(parts)), layout="constrained")
    axis = figure.subplots()
    for row, part in enumerate(parts):
        dots = part.samples[:: -(-part.samples.size // _MOST_DOTS)]
        offsets = np.linspace(-0.16, 0.16, dots.size)
        axis.plot(dots, row + offsets, "o", color=COLOURS["claim"], markersize=3, alpha=0.4, linewidth=0)
        axis.plot(part.score.measured.ci95, [row, row], color=COLOURS["claim"], linewidth=5, alpha=0.9)
        axis.plot(
            [part.score.measured.value], [row], "|", color=PAGE.text, markersize=16, markeredgewidth=1.8
        )
    axis.axvline(0.0, color=PAGE.text, linewidth=0.8)
    axis.set_yticks(range(len(parts)), [part.label for part in parts])
    axis.set_ylim(len(parts) - 0.5, -0.5)
    axis.set_xlabel(label)
    plain(axis, PAGE)
    return figure


def _difference_table(differences: Sequence[Difference]) -> Table | None:
    if not differences:
        return None
    rows = []
    for one in differences:
        value, between = to_its_precision(one.value, one.low, one.high)
        rows.append((one.label, one.reference, value, between, one.unit, chance(one.p_value)))
    heads = ("run", "less", "difference", "95 % interval", "unit", "p (Holm)")
    return Table("Differences", heads, rows, (2, 3, 5))


def _parameters(run: Run) -> dict[str, str]:
    return {key: value for key, value in parameters(run).items() if key not in _LEFT_OUT}


def _quantities(result: Score) -> dict[str, str]:
    rows = {}
    for name, part in result.estimates.items():
        value, between = numbers(part)
        unit = "" if part.unit == "1" else f" {part.unit}"
        rows[name.replace("_", " ")] = f"{value}{unit} ({between})"
    return rows


def _beside(columns: Mapping[str, Mapping[str, str]], head: str, *, unlike: bool = False) -> Table:
    """A row for each name and a column for each run; with ``unlike`` only where the runs differ."""
    names = list(dict.fromkeys(name for column in columns.values() for name in column))
    rows = [(name, *(column.get(name, "") for column in columns.values())) for name in names]
    if unlike:
        rows = [row for row in rows if any(a != b for a, b in pairwise(row[1:]))]
    return Table(f"By {head}", (head, *columns), rows)


def comparison_document(comparison: Comparison) -> dict[str, Any]:
    """The JSON document of a comparison: schema ``molmach.comparison/1``."""
    return {
        "schema": "molmach.comparison/1",
        "runs": [
            {
                "label": part.label,
                "run_dir": str(part.folder),
                "name": part.run.spec.name,
                "key": part.run.spec.key,
                "verdict": part.score.verdict,
                "measure": part.score.measure,
                "measured": part.score.measured.to_json(),
                "conditions": conditions(part.run.spec),
            }
            for part in comparison.parts
        ],
        "differences": [
            {
                "run": one.label,
                "less": one.reference,
                "value": one.value,
                "ci95": [one.low, one.high],
                "unit": one.unit,
                "p_value_holm": one.p_value,
            }
            for one in comparison.differences
        ],
    }
