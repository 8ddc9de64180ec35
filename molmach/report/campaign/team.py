"""What the agents of a campaign did, what they spent and what they say."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from molmach.data.campaign import TEAM
from molmach.report.campaign import plots
from molmach.report.campaign.frame import Frame
from molmach.report.svg import inline_figure
from molmach.report.tables import Table
from molmach.report.views import Picture

_SCATTERED = 2000
_BULLET = re.compile(r"\s*(?:[-*\u2022]|\d{1,3}[.)])\s+(.*)")
_LONGEST_EXPLANATION = 20_000


@dataclass(frozen=True)
class Member:
    """An agent as the plots draw it: its name, colour and dashes ('' for a solid line)."""

    name: str
    colour: str
    dashes: str


@dataclass(frozen=True)
class Calibration:
    """How far an agent's predictions of an objective can be trusted, as texts.

    Attributes
    ----------
    objective
        Which; '' where there is one.
    coverage, interval, count
        Predictions whose 95 % range held the measured value, of how many.
    rms_z, surprise
        Root mean square of z, and mean -log density of what was measured, nat.
    best, best_z
        Coverage and root mean square of z of the tenth that came out best, each with what an honest agent's
        would be; '' of few.
    """

    objective: str
    coverage: str
    interval: str
    count: str
    rms_z: str
    surprise: str
    best: tuple[str, str]
    best_z: tuple[str, str]


@dataclass(frozen=True)
class Activity:
    """What an agent did: counts by column, and its calibration in each objective that it predicts.

    ``given_up`` says why it is not asked any more; '' where it is.
    """

    member: Member
    counts: tuple[str, ...]
    calibration: tuple[Calibration, ...]
    given_up: str = ""


COUNTS = (
    "proposals", "machines evaluated", "finds", "share of the evaluations", "core seconds",
    "repeats", "infeasible",
)  # fmt: skip
"""Columns of :attr:`Activity.counts`."""


@dataclass(frozen=True)
class Block:
    """A piece of an explanation: a ``paragraph`` of lines, a ``list`` of items, or ``columns`` of text."""

    kind: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Explanation:
    """What an agent says, and whether there was more than a page takes."""

    blocks: tuple[Block, ...]
    cut: bool


def members(frame: Frame) -> list[Member]:
    """The agents in the campaign's order, then those that took part before and no more."""
    names = [agent.label for agent in frame.summary.campaign.agents]
    names += [name for name in frame.summary.document["agents"] if name not in names]
    return [Member(name, plots.colour(k), _dashes(k)) for k, name in enumerate(names)]


def _dashes(number: int) -> str:
    dash = plots.dash(number)
    return "" if dash == "solid" else " ".join(str(1.6 * x) for x in dash[1])


def curves(frame: Frame, team: Sequence[Member]) -> list[Picture]:
    """The best bound of each objective against evaluations and against core seconds."""
    names = [member.name for member in team]
    pictures = []
    for k, axis in enumerate(frame.axes):
        drawn = dict(frame.summary.curves[k])
        best = drawn[TEAM].bound
        if not best:
            continue
        if len(team) == 1:
            drawn = {TEAM: drawn[TEAM]}
        for by, what in (("evaluations", "evaluations"), ("seconds", "core seconds")):
            alt = (
                f"Best bound of {frame.summary.campaign.objectives[k].ranked} against {what}: from "
                f"{axis.sign * best[0]:.4g} to {axis.sign * best[-1]:.4g}."
            )
            pictures.append(
                Picture(inline_figure(plots.curve_plot(drawn, names, axis, by), f"curve{k}{by}", alt))
            )
    return pictures


def activities(frame: Frame, team: Sequence[Member]) -> list[Activity]:
    """What each agent did that has proposed anything."""
    summary = frame.summary
    document = summary.document["agents"]
    working = [member for member in team if member.name in document]
    spent = {member.name: summary.spent.get(member.name, 0) for member in working}
    total = sum(spent.values())
    team_activity = []
    for member in working:
        row = document[member.name]
        counts = (
            f"{row['proposals']:,}", f"{row['evaluated']:,}", f"{summary.finds.get(member.name, 0):,}",
            f"{100 * spent[member.name] / total:.0f} %" if total else "",
            f"{row.get('core_seconds', 0.0):,.0f}", f"{row['repeats']:,}", f"{row['infeasible']:,}",
        )  # fmt: skip
        scored = [one for one in row.get("calibration", ()) if one["predictions"]]
        several = len(frame.axes) > 1
        calibrations = tuple(_calibration(one, one["expression"] if several else "") for one in scored)
        team_activity.append(Activity(member, counts, calibrations, row["given_up"] or ""))
    return team_activity


def _calibration(scored: Mapping[str, Any], objective: str) -> Calibration:
    low, high = scored["coverage_ci95"]
    best = scored["best_tenth"]
    ours, honest = ({}, {}) if best is None else (best, best["honest"])
    return Calibration(
        objective,
        f"{100 * scored['coverage']:.0f} %",
        f"{100 * low:.0f} to {100 * high:.0f} %",
        f"{scored['predictions']:,}",
        f"{scored['rms_z']:.2f}",
        f"{scored['surprise']:.2f}",
        (f"{100 * ours['coverage']:.0f} %", f"{100 * honest['coverage']:.0f} %") if best else ("", ""),
        (f"{ours['rms_z']:.2f}", f"{honest['rms_z']:.2f}") if best else ("", ""),
    )


def scatters(frame: Frame, team: Sequence[Member]) -> list[Picture]:
    """Measured against predicted values of each agent, objective by objective."""
    pictures = []
    drawn = sum(len(predicted) for predicted in frame.summary.predictions)
    for k, (axis, predicted) in enumerate(zip(frame.axes, frame.summary.predictions, strict=True)):
        of_which = f" of {frame.summary.campaign.objectives[k].ranked}" if len(frame.axes) > 1 else ""
        for number, member in enumerate(team):
            rows = predicted.get(member.name)
            if rows is None or len(rows) < 2:
                continue
            most = max(60, _SCATTERED // drawn)
            alt = f"Measured against predicted values{of_which}: {len(rows)} machines of agent {member.name}."
            figure = plots.prediction_plot(rows, number, axis, most)
            thinned = f", {most:,} shown" if len(rows) > most else ""
            pictures.append(
                Picture(
                    inline_figure(figure, f"predicted{k}{number}", alt),
                    f"{member.name}: {len(rows):,} predictions{of_which}{thinned}",
                )
            )
    return pictures


def cost_picture(frame: Frame, team: Sequence[Member]) -> Picture:
    """Core seconds by rung and agent."""
    costs = {frame.effort(part.rung).partition(":")[0]: part.by_agent for part in frame.summary.costs}
    figure = plots.cost_plot(costs, [member.name for member in team])
    return Picture(
        inline_figure(figure, "costs", "Core seconds by rung and agent; the table below has the sums.")
    )


def cost_table(frame: Frame) -> Table:
    """Evaluations, machines and core seconds of each rung."""
    costs = frame.summary.costs
    whole = sum(cost.seconds for part in costs for cost in part.by_agent.values())
    rows = []
    for part in costs:
        spent = part.by_agent.values()
        seconds = sum(cost.seconds for cost in spent)
        rows.append(
            (
                frame.effort(part.rung),
                f"{sum(cost.evaluations for cost in spent):,}",
                f"{sum(cost.failed for cost in spent):,}",
                "" if part.rung is None else f"{part.standing:,}",
                f"{seconds:,.1f}",
                f"{100 * seconds / whole:.0f} %" if whole else "",
            )
        )
    columns = ("effort", "evaluations", "failed", "machines that got no further", "core seconds", "share")
    return Table("Effort by rung", columns, rows, range(1, 6))


def explanation(text: str) -> Explanation:
    """An agent's plain text in paragraphs and lists; columns that it aligned with blanks stay aligned."""
    cut = text[:_LONGEST_EXPLANATION]
    pieces = [piece for piece in re.split(r"\n\s*\n", cut.strip("\n")) if piece.strip()]
    blocks = [block for piece in pieces for block in _blocks(piece.splitlines())]
    return Explanation(tuple(blocks), len(text) > len(cut))


def _blocks(lines: Sequence[str]) -> list[Block]:
    if sum(bool(re.search(r"\S {2,}\S", line)) for line in lines) >= 2:
        return [Block("columns", tuple(lines))]
    blocks: list[tuple[str, list[str]]] = []

    def add(kind: str, text: str) -> None:
        if not blocks or blocks[-1][0] != kind:
            blocks.append((kind, []))
        blocks[-1][1].append(text)

    for line in filter(str.strip, lines):
        bullet = _BULLET.fullmatch(line)
        if bullet:
            add("list", bullet[1])
        elif blocks and blocks[-1][0] == "list" and line.startswith((" ", "\t")):
            blocks[-1][1][-1] += f" {line.strip()}"
        else:
            add("paragraph", line.strip().lstrip("# "))
    return [Block(kind, tuple(content)) for kind, content in blocks]
