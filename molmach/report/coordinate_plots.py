"""Plots of a run's coordinate on its page: the filmed replica, and where the machine dwells."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from molmach import drives
from molmach.building import Scale, coordinate_of
from molmach.data import Run
from molmach.data.stations import StationMap
from molmach.report.film import Film
from molmach.report.plots import COLOURS, LABELS, PAGE, field_frequency, motion_label, plain
from molmach.scoring.distribution import (
    Distribution,
    at_equilibrium,
    distribution_of,
    edges_of,
    within_a_turn,
)
from molmach.units import TURN, thermal_energy

_SIZE = (4.8, 3.5)
_FONT = 10
_MOST_OTHERS = 16
_MOST_POINTS = 400
_MOST_NAMED = 6


@dataclass(frozen=True, eq=False)
class FilmPlot:
    """Motion against time during a film.

    Attributes
    ----------
    figure
        The drawing.
    box
        Left, right, top and bottom of its axes' area, in percent from the drawing's left and top.
    limits
        Least and greatest time (ps) and motion (turns or nm) in that area.
    """

    figure: Figure
    box: tuple[float, float, float, float]
    limits: tuple[float, float, float, float]


def film_plot(run: Run, film: Film) -> FilmPlot:
    """The filmed replica's motion, with its followers', others' and the field's behind it."""
    series, unit_size = run.series, coordinate_of(run.assembly).scale.unit_size
    first, last = float(film.time_ps[0]), float(film.time_ps[-1])
    seen = np.flatnonzero((series.time_ps >= first) & (series.time_ps <= last + 1e-9))
    seen = seen[:: max(1, seen.size // _MOST_POINTS)]
    time = series.time_ps[seen]
    motion = (series.coordinate - series.coordinate[:, :1])[:, seen] / unit_size
    figure = Figure(figsize=_SIZE, layout="constrained")
    axis = figure.subplots()
    others = np.delete(motion, film.replica, axis=0)[:_MOST_OTHERS]
    for number, other in enumerate(others):
        label = "other replicas" if number == 0 else None
        axis.plot(time, other, color=COLOURS["undriven"], linewidth=0.7, alpha=0.5, label=label)
    frequency = field_frequency(run)
    if frequency is not None:
        axis.plot(
            time, frequency * (time - time[0]) * 1e-3, color=PAGE.text, linewidth=1.0, linestyle=(0, (4, 3)),
            label="field",
        )  # fmt: skip
    for wheel, angle in zip(run.assembly.followers, series.followers, strict=True):
        turned = (angle[film.replica] - angle[film.replica, 0])[seen] / unit_size
        axis.plot(time, turned, color=COLOURS["mirror"], linewidth=1.4, label=wheel)
    axis.plot(time, motion[film.replica], color=COLOURS["claim"], linewidth=1.6, label="shown")
    _shade_switched(axis, run, first, last)
    axis.set_xlim(first, last)
    axis.set_xlabel("time / ps", fontsize=_FONT)
    axis.set_ylabel(motion_label(run), fontsize=_FONT)
    plain(axis, PAGE)
    _legend_above(figure)
    figure.draw_without_rendering()
    place = axis.get_position()
    box = (100.0 * place.x0, 100.0 * place.x1, 100.0 * (1.0 - place.y1), 100.0 * (1.0 - place.y0))
    return FilmPlot(figure, box, (*axis.get_xlim(), *axis.get_ylim()))


def _shade_switched(axis: Any, run: Run, first: float, last: float) -> None:
    """Shade the times at which a clock has its switch on, where they can be told apart."""
    terms = drives.terms(run.drive, run.assembly, thermal_energy(run.spec.protocol.temperature))
    clock = next((switch.clock for switch in terms.switches if switch.clock), None)
    if clock is None or not 0.0 < last - first < 20.0 * clock.period < math.inf:
        return
    started = run.spec.protocol.equilibration_samples * run.spec.protocol.sampling
    label: str | None = "switched on"
    for cycle in range(int((first + started) / clock.period), int((last + started) / clock.period) + 1):
        end = (cycle + 1) * clock.period - started
        on = max(first, end - clock.duty * clock.period), min(last, end)
        if on[0] < on[1]:
            axis.axvspan(*on, color=COLOURS["undriven"], alpha=0.15, linewidth=0, label=label)
            label = None


def conditions(run: Run) -> dict[str, Run]:
    """What dwelling is compared: the machine, and itself with the drive off where that was run."""
    return {"claim": run} | {name: part for name, part in run.controls.items() if name == "undriven"}


def distributions(run: Run) -> dict[str, Distribution]:
    """Of each of :func:`conditions`, in the same bins."""
    shown = conditions(run)
    edges = edges_of(list(shown.values()))
    return {name: distribution_of(part, edges) for name, part in shown.items()}


def occupancy_plot(run: Run) -> Figure:
    """Where the machine dwells: a polar histogram of an angle, a plain one of a place."""
    shown = distributions(run)
    edges = shown["claim"].edges
    scale = coordinate_of(run.assembly).scale
    turning = scale.period is not None
    figure = Figure(figsize=_SIZE, layout="constrained")
    axis = figure.subplots(subplot_kw={"projection": "polar"} if turning else {})
    corners = np.repeat(edges, 2) * (1.0 if scale.period is None else TURN / scale.period)
    for name, profile in shown.items():
        share = profile.share
        height = share * (share.size if turning else 100.0)
        outline = np.repeat(height, 2)
        outline = np.r_[outline[-1], outline, outline[0]] if turning else np.r_[0.0, outline, 0.0]
        if name == "claim":
            axis.fill(corners, outline, color=COLOURS[name], alpha=0.3, linewidth=0)
        dash: Any = "solid" if name == "claim" else (0, (3, 1.5))
        axis.plot(corners, outline, color=COLOURS[name], linewidth=1.4, linestyle=dash, label=LABELS[name])
    if turning:
        _finish_polar(axis, run)
    else:
        axis.set_xlabel(scale.axis, fontsize=_FONT)
        axis.set_ylabel("share of time / %", fontsize=_FONT)
        axis.set_xlim(edges[0], edges[-1])
        axis.set_ylim(bottom=0.0)
        _mark_stations(axis, run)
        plain(axis, PAGE)
    _legend_above(figure)
    return figure


def _finish_polar(axis: Any, run: Run) -> None:
    around = np.linspace(0.0, TURN, 181)
    axis.plot(
        around, np.ones_like(around), color=PAGE.text, linewidth=0.8, linestyle=(0, (1, 2)), label="even"
    )
    stations = StationMap.of(run.assembly)
    if stations is not None and len(stations.names) <= _MOST_NAMED:
        period = stations.period or TURN
        axis.set_xticks(stations.places / period * TURN % TURN, stations.names)
    axis.set_ylim(0.0, max(1.15, axis.get_ylim()[1]))
    axis.yaxis.set_major_locator(_few_rings(axis.get_ylim()[1]))
    axis.set_rlabel_position(22.5)
    axis.tick_params(labelsize=_FONT, labelcolor=PAGE.text)
    axis.tick_params(axis="y", labelsize=8)
    axis.spines["polar"].set_color(PAGE.line)
    axis.grid(True, color=PAGE.line, linewidth=0.6)


def _few_rings(greatest: float) -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=3, integer=greatest > 3.0, min_n_ticks=2)


def energy_plot(run: Run) -> Figure:
    """-kT ln of the share of time along the coordinate: a free energy where there is no drive."""
    shown, parts = distributions(run), conditions(run)
    edges = shown["claim"].edges
    scale = coordinate_of(run.assembly).scale
    figure = Figure(figsize=_SIZE, layout="constrained")
    axis = figure.subplots()
    greatest = 0.0
    for name, profile in reversed(shown.items()):
        still = at_equilibrium(parts[name])
        greatest = max(greatest, _draw_profile(axis, profile, name, scale, still))
    kT = thermal_energy(run.spec.protocol.temperature)
    axis.axhline(kT, color=PAGE.text, linewidth=0.7, linestyle=(0, (1, 2)))
    axis.annotate(
        "kT", (1.0, kT), xycoords=("axes fraction", "data"), xytext=(-2, 2), textcoords="offset points",
        ha="right", va="bottom", fontsize=9, color=PAGE.text,
    )  # fmt: skip
    first, last = scale.on_axis(edges[[0, -1]])
    axis.set_xlim(first, last)
    axis.set_ylim(0.0, 1.15 * max(greatest, 1.5 * kT))
    if scale.period is not None:
        axis.set_xticks(np.linspace(first, last, 7))
    axis.set_xlabel(scale.axis, fontsize=_FONT)
    axis.set_ylabel("−kT ln(share) / (kJ/mol)", fontsize=_FONT)
    _mark_stations(axis, run)
    plain(axis, PAGE)
    _legend_above(figure)
    return figure


def _draw_profile(axis: Any, profile: Distribution, name: str, scale: Scale, still: bool) -> float:
    """Draw a profile, a free energy with its interval; returns the greatest energy that was visited."""
    energy = np.where(np.isfinite(profile.energy), profile.energy, np.nan)
    greatest = float(np.nanmax(energy))
    low, high = np.nan_to_num(profile.ci95, posinf=10.0 * (greatest + 1.0))
    where, colour = scale.on_axis(profile.centres), COLOURS[name]
    label = f"{LABELS[name]}: {'free energy' if still else 'mean occupancy'}"
    dash: Any = "solid" if still else (0, (4, 2))
    if still:
        axis.fill_between(where, low, high, where=~np.isnan(energy), color=colour, alpha=0.2, linewidth=0)
    axis.plot(where, energy, color=colour, linewidth=1.5, linestyle=dash, label=label)
    return greatest


def _mark_stations(axis: Any, run: Run) -> None:
    stations = StationMap.of(run.assembly)
    if stations is None or len(stations.names) > _MOST_NAMED:
        return
    places = stations.places if stations.period is None else within_a_turn(stations.places)
    for name, place in zip(stations.names, coordinate_of(run.assembly).scale.on_axis(places), strict=True):
        axis.axvline(place, color=PAGE.text, linewidth=0.7, linestyle=(0, (1, 2)))
        axis.annotate(
            name, (place, 1.0), xycoords=("data", "axes fraction"), xytext=(3, -2),
            textcoords="offset points", rotation=90, ha="left", va="top", fontsize=9, color=PAGE.text,
        )  # fmt: skip


def _legend_above(figure: Figure) -> None:
    figure.legend(
        loc="outside upper left", ncols=3, fontsize=9, frameon=False, labelcolor=PAGE.text, handlelength=1.6,
        columnspacing=1.2, borderaxespad=0.0,
    )  # fmt: skip
