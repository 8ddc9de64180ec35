"""The machines that a campaign found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from molmach.report.campaign import plots
from molmach.report.campaign.frame import Formula, Frame, Judged, Number, controls
from molmach.report.svg import inline_figure
from molmach.report.views import Picture
from molmach.report.words import same_molecules

_SHOWN = 15
"""Machines in the picture of a window."""


@dataclass(frozen=True)
class Confirmation:
    """What a second run of a machine, with fresh seeds and controls, gave.

    Attributes
    ----------
    numbers
        Its objectives; none where it failed.
    reason
        Why it failed.
    controls
        As far as they were run.
    link
        Address of the run's report; '' where there is none.
    """

    numbers: tuple[Number, ...]
    reason: str
    controls: tuple[Judged, ...]
    link: str


@dataclass(frozen=True)
class Machine:
    """One of the best machines with all that is known of it.

    ``effort`` is what its numbers rest on, ``alike`` in words which others are drawn like it.
    """

    key: str
    formula: Formula
    design: dict[str, str]
    numbers: tuple[Number, ...]
    effort: str
    confirmation: Confirmation | None
    agent: str
    on_front: bool
    alike: str


def machines(frame: Frame) -> list[Machine]:
    """The campaign's best machines, best first, as its page shows them."""
    return [
        Machine(
            key=best["machine"][:12],
            formula=frame.formula(best["smiles"], 210, 140),
            design=frame.design(best["design"]),
            numbers=frame.numbers(best["objectives"]),
            effort=frame.effort(best["rung"]),
            confirmation=_confirmation(frame, best["confirmed"]),
            agent=best["agent"],
            on_front=len(frame.axes) > 1 and best["on_front"],
            alike=same_molecules(best),
        )
        for best in frame.summary.document["best"]
    ]


def _confirmation(frame: Frame, again: Mapping[str, Any] | None) -> Confirmation | None:
    if again is None:
        return None
    measured = bool(again["objectives"])
    return Confirmation(
        frame.numbers(again["objectives"]),
        again["reason"],
        controls(again["controls"]) if measured else (),
        frame.link(again["run_dir"]),
    )


def windows(frame: Frame) -> list[Picture]:
    """Of each objective with a window the best machines' values beside it; none before there are any."""
    summary = frame.summary
    best = summary.document["best"][:_SHOWN]
    pictures = []
    for k, window in enumerate(summary.windows if best else ()):
        if window is None:
            continue
        rows = {}
        for machine in best:
            again = machine["confirmed"]
            estimates = again["objectives"] if again and again["objectives"] else machine["objectives"]
            rows[machine["machine"][:12]] = (estimates[k], bool(again and again["verified"]))
        label = f"{best[0]['objectives'][k]['expression']} / ({summary.units[k]})".removesuffix(" / ()")
        low, high, decades = window
        spoken = "; ".join(f"{key} {estimate['value']:.3g}" for key, (estimate, _) in rows.items())
        figure = plots.window_plot(rows, (low, high), decades, label)
        pictures.append(Picture(inline_figure(figure, f"window{k}", f"{label} of machines: {spoken}.")))
    return pictures


def front(frame: Frame) -> list[Picture]:
    """The Pareto front: the first objective against each other one; none where there is one objective."""
    axes, standing = frame.axes, frame.summary.standing
    pictures = []
    for k in range(1, len(axes) if len(standing.values) else 0):
        figure = plots.pareto_plot(standing, axes[0], axes[k], (0, k))
        pair = f"{axes[0].label} and {axes[k].label}"
        alt = f"{pair} of {len(standing.values)} machines, the Pareto front marked."
        pictures.append(Picture(inline_figure(figure, f"front{k}", alt)))
    return pictures
