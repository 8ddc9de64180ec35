"""Theory against measurement: a plot, and the machines of which theory is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from molmach.report.campaign import plots
from molmach.report.campaign.frame import Formula, Frame, Number, number
from molmach.report.svg import inline_figure
from molmach.report.views import Picture
from molmach.report.words import to_its_precision

_SCATTERED = 1000
_COLOUR = 6


@dataclass(frozen=True)
class Surprise:
    """A machine that does something else than theory says.

    Attributes
    ----------
    key, formula, design
        Which it is.
    measured, theory
        What was measured, with its interval; what theory says, as a text with its unit.
    z
        How many standard deviations, of both together, lie between them.
    model
        Where theory has it from.
    """

    key: str
    formula: Formula
    design: dict[str, str]
    measured: Number
    theory: str
    z: str
    model: str


@dataclass(frozen=True)
class AgainstTheory:
    """Theory and measurement in one objective.

    Attributes
    ----------
    expression
        The objective.
    sentence
        How far theory was right.
    picture
        Measured against theory; None of fewer than two machines.
    surprises
        The machines of which it is most wrong.
    """

    expression: str
    sentence: str
    picture: Picture | None
    surprises: tuple[Surprise, ...]


def against_theory(frame: Frame) -> list[AgainstTheory]:
    """An entry for each objective of which theory says anything."""
    entries = frame.summary.document.get("theory") or ()
    return [_entry(frame, k, entry) for k, entry in enumerate(entries) if entry["machines"]]


def _entry(frame: Frame, k: int, entry: Mapping[str, Any]) -> AgainstTheory:
    unit, rows = frame.summary.units[k], frame.summary.theory[k]
    picture = None
    if len(rows) > 1:
        alt = f"Measured {entry['expression']} against theory's, of {len(rows)} machines."
        figure = plots.prediction_plot(rows, _COLOUR, frame.axes[k], _SCATTERED, "theory's")
        picture = Picture(inline_figure(figure, f"theory{k}", alt))
    surprises = tuple(_surprise(frame, unit, one) for one in entry["surprises"])
    return AgainstTheory(entry["expression"], sentence(entry), picture, surprises)


def sentence(entry: Mapping[str, Any]) -> str:
    """How far theory was right in an objective."""
    count = entry["machines"]
    machines = "1 machine" if count == 1 else f"{count:,} machines"
    rank = entry["rank_correlation"]
    ranked = "" if rank is None else f" with a rank correlation of {rank:.2f}"
    low, high = entry["coverage_ci95"]
    right = f"{100 * entry['coverage']:.0f} % of its 95 % ranges held ({100 * low:.0f} to {100 * high:.0f} %)"
    wrong = entry["wrong_of"]
    told = f"; {wrong} lie more than three standard deviations away" if wrong > 1 else ""
    told = "; 1 lies more than three standard deviations away" if wrong == 1 else told
    return f"Theory speaks of {machines}{ranked}; {right.replace('-', chr(0x2212))}{told}."


def _surprise(frame: Frame, unit: str, one: Mapping[str, Any]) -> Surprise:
    said, sd = one["theory"]["value"], one["theory"]["sd"]
    shown, _ = to_its_precision(said, said - sd, said + sd)
    z = "" if one["z"] is None else f"{one['z']:+.1f}"
    return Surprise(
        key=one["machine"][:12],
        formula=frame.formula(one["smiles"], 210, 140),
        design=frame.design(one["design"]),
        measured=number(one["value"], one["ci95"], unit),
        theory=f"{shown} ± {sd:.2g} {unit}".strip().replace("-", "\u2212"),
        z=z.replace("-", "\u2212"),
        model=one["theory"]["model"],
    )
