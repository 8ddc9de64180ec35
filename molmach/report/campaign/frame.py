"""What all sections of a campaign's page share."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from molmach.data.campaign import CampaignSummary
from molmach.report.campaign.pictures import machine_svg, scaffold_of
from molmach.report.campaign.plots import Axis
from molmach.report.plots import LABELS
from molmach.report.svg import inline_molecule
from molmach.report.words import place_in_words, to_its_precision


@dataclass(frozen=True)
class Number:
    """A value with its unit and its interval, as texts.

    Attributes
    ----------
    value, unit, interval
        The texts.
    name
        Of what, where that is to be said.
    place
        Where it lies to the window in which it is wanted; '' where there is none.
    """

    value: str
    unit: str
    interval: str
    name: str = ""
    place: str = ""


@dataclass(frozen=True)
class Judged:
    """A control of a confirmation, with what it was judged by: a velocity, or what stands for it."""

    label: str
    passed: bool
    measured: Number
    statement: str


@dataclass(frozen=True)
class Formula:
    """A machine's formula, drawn where its SMILES can be read."""

    smiles: str
    drawing: Markup | None


def number(value: float | None, interval: Sequence[float | None], unit: str, name: str = "") -> Number:
    """A value and its interval to the interval's precision, with the typographer's minus."""
    shown, between = (text.replace("-", "\u2212") for text in to_its_precision(value, *interval))
    return Number(shown, unit, between, name)


def driven_controls(judged: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Those of a confirmation's controls that have a velocity and were judged by it, by name."""
    named = {name: judged.get(name) for name in ("undriven", "mirror")}
    return {
        name: control
        for name, control in named.items()
        if isinstance(control, Mapping) and control.keys() >= {"velocity", "passed", "statement"}
    }


def controls(judged: Mapping[str, Any]) -> tuple[Judged, ...]:
    """Both controls of a confirmation with their numbers, as far as they were run."""
    return tuple(
        Judged(LABELS[name], control["passed"], _measured(control), control["statement"])
        for name, control in driven_controls(judged).items()
    )


def _measured(control: Mapping[str, Any]) -> Number:
    estimate = control.get("measured", control["velocity"])
    return number(estimate["value"], estimate["ci95"], estimate["unit"])


@dataclass(frozen=True)
class Frame:
    """A campaign and where its page lies.

    Attributes
    ----------
    summary
        Whose page it is.
    page
        The file that is written; links to runs start there.
    """

    summary: CampaignSummary
    page: Path

    @cached_property
    def axes(self) -> tuple[Axis, ...]:
        """The objectives as axes of plots."""
        objectives = zip(self.summary.campaign.objectives, self.summary.units, strict=True)
        return tuple(
            Axis(o.ranked, o.sign)
            if o.bounds
            else Axis(f"{o.expression} / ({unit})" if unit else o.expression, o.sign)
            for o, unit in objectives
        )

    def effort(self, rung: int | None) -> str:
        """What a machine gets on a rung; None: in the confirmation."""
        level = "confirmation" if rung is None else f"rung {rung + 1}"
        words = self.summary.efforts.get(rung, "")
        return f"{level}: {words}" if words else level

    def numbers(self, measured: Sequence[Mapping[str, Any]]) -> tuple[Number, ...]:
        """Values of the objectives with their intervals."""
        return tuple(
            replace(
                number(estimate["value"], estimate["ci95"], unit, estimate["expression"]),
                place=place_in_words(estimate),
            )
            for estimate, unit in zip(measured, self.summary.units, strict=False)
        )

    def design(self, design: Mapping[str, Any]) -> dict[str, str]:
        """A design's values in words."""
        units = self.summary.parameter_units
        return {
            str(name): f"{value:.4g} {units.get(name, '')}".strip()
            if isinstance(value, float)
            else str(value)
            for name, value in design.items()
        }

    @cached_property
    def scaffold(self) -> Any:
        """What the machines share, for their pictures."""
        return scaffold_of(self.summary.campaign.machine.get("smiles"))

    def formula(self, smiles: str, width: int = 300, height: int = 210) -> Formula:
        """A machine's formula, in pixels."""
        svg = machine_svg(smiles, self.scaffold, width, height)
        return Formula(smiles, inline_molecule(svg, f"Structural formula of {smiles}") if svg else None)

    def link(self, run_dir: str | None) -> str:
        """Address of a run's own report; '' where there is none."""
        if run_dir is None or not (report := Path(run_dir) / "report.html").is_file():
            return ""
        return quote(os.path.relpath(report, self.page.parent))
