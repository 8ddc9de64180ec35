"""``report.html`` of a motor's kinetics: one file that opens from disk with no network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup
from matplotlib.figure import Figure

from molmach.files import write_text
from molmach.report.plots import COLOURS, PAGE, plain
from molmach.report.svg import inline_figure
from molmach.report.tables import Table
from molmach.report.templates import render
from molmach.report.views import Picture

_WIDTH = 0.32
"""Half the length of a level in a profile, in steps of the reaction."""


@dataclass(frozen=True)
class StepSummary:
    """A thermal step in short: what it is, its barrier and half-life, and what a reader must know of it."""

    name: str
    barrier: str
    half_life: str
    sound: bool
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class KineticsPage:
    """What the page of a motor's kinetics shows.

    Attributes
    ----------
    name, description
        The machine's.
    level, temperature
        Of the energies; with its unit.
    steps
        The thermal steps.
    molecule
        The machine's formula.
    profiles
        Gibbs energies along each step.
    numbers
        All that is known of the steps.
    turning
        What the cycle does at the asked light intensity, in a sentence.
    assumed
        What was stated and not computed.
    light, cycles, populations
        The cycle against light intensity, as a picture and a table; its states at the asked one.
    parameters, provenance
        Names and values.
    lamp, absorption
        The turning under a lamp, in words, and what the forms absorb; nothing where none was stated.
    """

    name: str
    description: str
    level: str
    temperature: str
    steps: tuple[StepSummary, ...]
    molecule: Markup
    profiles: tuple[Picture, ...]
    numbers: Table
    turning: str
    assumed: str
    light: Picture
    cycles: Table
    populations: Table
    parameters: Mapping[str, str]
    provenance: Mapping[str, str]
    lamp: str = ""
    absorption: Table | None = None


def write_kinetics_page(page: KineticsPage, path: Path) -> None:
    """Write the page of a motor's kinetics to ``path``."""
    write_text(path, render("kinetics.html", page=page))


def profile_picture(levels: Mapping[str, float], name: str, caption: str) -> Picture:
    """Energies along a reaction as levels joined by dotted lines.

    Parameters
    ----------
    levels
        State -> energy, kJ/mol, in the order in which they are gone through.
    name
        Unique on its page.
    caption
        What stands below it.
    """
    figure = Figure(figsize=(4.7, 3.1), layout="constrained")
    axis = figure.subplots()
    energies = list(levels.values())
    for place, energy in enumerate(energies):
        ends = [place - _WIDTH, place + _WIDTH]
        axis.plot(ends, [energy, energy], color=COLOURS["claim"], linewidth=3, solid_capstyle="butt")
        axis.annotate(
            f"{energy:.1f}", (place, energy), (0, 4), textcoords="offset points", ha="center", fontsize=9,
            color=PAGE.text,
        )  # fmt: skip
        if place:
            joined = [place - 1 + _WIDTH, ends[0]], [energies[place - 1], energy]
            axis.plot(*joined, color=PAGE.text, linewidth=0.9, linestyle=(0, (2, 2)))
    axis.set_xticks(range(len(levels)), list(levels))
    axis.set_ylabel("Gibbs energy / (kJ/mol)")
    axis.margins(y=0.12)
    _finish(axis)
    spoken = ", ".join(f"{state} {energy:.1f}" for state, energy in levels.items())
    return Picture(inline_figure(figure, name, f"Gibbs energies, kJ/mol: {spoken}."), caption)


def light_picture(rates: Sequence[float], turns: Sequence[float], caption: str) -> Picture:
    """Turns a photon against light intensity.

    Parameters
    ----------
    rates
        Photons absorbed by one motor, 1/s.
    turns
        Net turns for each photon absorbed.
    caption
        What stands below it.
    """
    figure = Figure(figsize=(4.7, 3.1), layout="constrained")
    axis = figure.subplots()
    axis.semilogx(rates, turns, "o-", color=COLOURS["claim"], markersize=4, linewidth=1.4)
    axis.axhline(0.0, color=PAGE.text, linewidth=0.8)
    axis.set_xlabel("photons absorbed a second")
    axis.set_ylabel("turns per photon")
    _finish(axis)
    alt = f"Turns per photon: {turns[0]:.3g} in the weakest light, {turns[-1]:.3g} in the strongest."
    return Picture(inline_figure(figure, "light", alt), caption)


def _finish(axis: Any) -> None:
    plain(axis, PAGE)
    axis.minorticks_off()
