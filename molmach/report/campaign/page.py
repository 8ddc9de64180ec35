"""``report.html`` of a campaign: one file that opens from disk with no network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from molmach import report
from molmach.errors import CampaignError
from molmach.files import write_text
from molmach.report.campaign import data, plots, sections
from molmach.report.campaign.headline import headline, searched
from molmach.report.campaign.sections import Frame
from molmach.report.svg import inline_figure
from molmach.report.tables import table
from molmach.search.record import results
from molmach.search.record.ledger import Ledger
from molmach.search.record.trial import CONFIRMATION, Finding
from molmach.spec import Campaign

NAME = "report.html"
_LISTED = (10, 40)
_SCATTERED = 2000


def write_report(ledger: Ledger, campaign: Campaign, folder: Path, out: Path | None = None) -> Path:
    """Write a campaign's report, whatever state the campaign is in; returns the file.

    Parameters
    ----------
    ledger, campaign, folder
        Of the campaign.
    out
        The file; by default ``report.html`` in the campaign's folder.

    Raises
    ------
    CampaignError
        The file can't be written.
    """
    path = (out or folder / NAME).resolve()
    page = report_page(ledger, campaign, folder.resolve(), path)
    try:
        write_text(path, page)
    except OSError as error:
        raise CampaignError(f"-o {path}: can't be written ({error.strerror})") from error
    return path


def report_page(ledger: Ledger, campaign: Campaign, folder: Path, path: Path) -> str:
    """The page as a text; ``path`` is where it will stand, from which it links."""
    frame = Frame(campaign, path)
    entries = list(ledger.findings())
    confirmed = {entry.machine for entry in entries if entry.rung == CONFIRMATION}
    listed = min(max(_LISTED[0], len(confirmed)), _LISTED[1])
    document = results.document(ledger, campaign, folder, listed)
    agents = _agents(document, campaign)
    values = {
        "title": f"{escape(campaign.name)}: campaign of molmach",
        "css": report.style() + _resource("report.css"),
        "name": escape(campaign.name),
        "description": escape(campaign.description),
        "headline": headline(frame, ledger, document),
        "searched": searched(frame, document),
        "curves": _curves(frame, entries, agents),
        "finds": _finds(frame, document),
        "front": _front(frame, entries, confirmed),
        "agents": _agents_section(frame, ledger, entries, document, agents),
        "costs": _costs(frame, entries, agents),
        "failures": sections.failures_table(*data.failures(ledger)),
        "explanations": _explanations(ledger, document["state"] == "finished"),
        "file": escape(campaign.to_yaml()),
        "provenance": _provenance(ledger, campaign, document),
    }
    return Template(_resource("report.html")).substitute(values)


def _resource(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _agents(document: Mapping[str, Any], campaign: Campaign) -> list[str]:
    """Names of the agents in the campaign's order, then those that took part before and no more."""
    names = [agent.label for agent in campaign.agents]
    return names + [name for name in document["agents"] if name not in names]


def _figure(svg: str, caption: str = "") -> str:
    below = f"<figcaption>{caption}</figcaption>" if caption else ""
    return f"<figure>{svg}{below}</figure>"


def _legend(agents: Sequence[str], team: bool) -> str:
    """Agents with their line styles."""
    items = ['<li><svg class="swatch" aria-hidden="true" viewBox="0 0 28 8"><path class="team" '
             'd="M0 4H28"/></svg>whole team</li>'] if team else []  # fmt: skip
    items += [f"<li>{_swatch(number)}{escape(name)}</li>" for number, name in enumerate(agents)]
    return f'<ul class="legend">{"".join(items)}</ul>'


def _swatch(number: int) -> str:
    dash = plots.dash(number)
    pattern = "" if dash == "solid" else f' stroke-dasharray="{" ".join(str(1.6 * x) for x in dash[1])}"'
    return (
        f'<svg class="swatch" aria-hidden="true" viewBox="0 0 28 8"><path d="M0 4H28" '
        f'stroke="{plots.colour(number)}"{pattern}/></svg>'
    )


def _curves(frame: Frame, entries: Sequence[Finding], agents: Sequence[str]) -> str:
    found = ""
    for k, axis in enumerate(frame.axes):
        curves = data.best_so_far(entries, k)
        team = curves[data.TEAM]
        if not team.bound:
            continue
        if len(agents) == 1:
            curves = {data.TEAM: team}
        for by, what in (("evaluations", "evaluations"), ("seconds", "core seconds")):
            alt = (
                f"Best bound of {frame.campaign.objectives[k].expression} against {what}: from "
                f"{axis.sign * team.bound[0]:.4g} to {axis.sign * team.bound[-1]:.4g}."
            )
            figure = plots.curve_plot(curves, agents, axis, by)
            found += _figure(inline_figure(figure, f"curve{k}{by}", alt))
    if not found:
        return '<p class="soft">Nothing has been measured yet.</p>'
    legend = _legend(agents, team=True) if len(agents) > 1 else ""
    own = " Each agent is drawn against what it spent itself, the team against all." if legend else ""
    return (
        "<p>The safe side of the 95 % interval of the best machine so far, each machine counted by the "
        "longest run that it had: a curve goes back where a longer run takes back what a short one "
        f"promised.{own}</p>"
        f'{legend}<div class="panels">{found}</div>'
    )


def _finds(frame: Frame, document: Mapping[str, Any]) -> str:
    if not document["best"]:
        return '<p class="soft">No machine has a value yet.</p>'
    return (
        "<p>A search picks what looks best, so its values flatter; the confirmation, with fresh seeds and "
        "both controls, is what counts. Amber: what differs from the campaign's common skeleton.</p>"
        + sections.finds_table(frame, document["best"])
    )


def _front(frame: Frame, entries: Sequence[Finding], confirmed: set[str]) -> str:
    axes = frame.axes
    standing = data.standing(entries, len(axes)) if len(axes) > 1 else []
    if not standing:
        return ""
    found = ""
    for k in range(1, len(axes)):
        alt = f"{axes[0].label} and {axes[k].label} of {len(standing)} machines, the Pareto front marked."
        figure = plots.pareto_plot(standing, confirmed, axes[0], axes[k], (0, k))
        found += _figure(inline_figure(figure, f"front{k}", alt))
    line = " The line is the border of what the front dominates." if len(axes) == 2 else ""
    return (
        "<section><h2>Pareto front</h2><p>The front is taken on the safe ends of the 95 % intervals. Rings: "
        f"machines of the front, filled where confirmed; grey: all others.{line}</p>"
        f'<div class="panels wide">{found}</div></section>'
    )


def _agents_section(
    frame: Frame,
    ledger: Ledger,
    entries: Sequence[Finding],
    document: Mapping[str, Any],
    agents: Sequence[str],
) -> str:
    team = {name: dict(document["agents"][name]) for name in agents if name in document["agents"]}
    if not team:
        return '<p class="soft">No agent has proposed anything yet.</p>'
    spent = dict.fromkeys(team, 0)
    for entry in entries:
        if entry.rung != CONFIRMATION and entry.agent in spent:
            spent[entry.agent] += 1
    for number, name in enumerate(agents):
        if name in team:
            team[name] |= {"spent": spent[name], "swatch": _swatch(number) if len(agents) > 1 else ""}
    tabled = sections.agents_table(team, data.finds(entries), sum(spent.values()))
    found = '<p class="soft">Finds: machines that came out among the best tenth of those before them.</p>'
    return tabled + found + _scatters(frame, ledger, agents)


_CALIBRATION = (
    '<p class="soft">Right: predictions whose 95 % range held the measured value (Clopper-Pearson interval). '
    "Mean z² is 1 where an agent knows how sure it may be, and more where it is too sure. "
    "Surprise: mean -log density of what was measured.</p>"
)


def _scatters(frame: Frame, ledger: Ledger, agents: Sequence[str]) -> str:
    if len(frame.axes) > 1:
        return '<p class="soft">With several objectives predictions are not compared with results.</p>'
    predicted = data.predictions(ledger)
    found = ""
    for number, name in enumerate(agents):
        rows = predicted.get(name)
        if rows is None or len(rows) < 2:
            continue
        most = max(60, _SCATTERED // len(predicted))
        alt = f"Measured against predicted values of {len(rows)} machines of agent {name}."
        figure = plots.prediction_plot(rows, number, frame.axes[0], most)
        thinned = f", {most:,} shown" if len(rows) > most else ""
        svg = inline_figure(figure, f"predicted{number}", alt)
        found += _figure(svg, f"{escape(name)}: {len(rows):,} predictions{thinned}")
    if not found:
        return ""
    return _CALIBRATION + (
        "<h3>Predicted and measured</h3><p>Bars: 95 % range of the prediction, the measurement's error "
        "included. Crosses: results outside it. On the line both agree.</p>"
        f'<div class="panels small">{found}</div>'
    )


def _costs(frame: Frame, entries: Sequence[Finding], agents: Sequence[str]) -> str:
    spent = data.costs(entries)
    if not spent:
        return '<p class="soft">Nothing has been spent yet.</p>'
    standing: dict[int, int] = {}
    for entry in data.standing(entries, len(frame.axes)):
        standing[entry.rung] = standing.get(entry.rung, 0) + 1
    labels = {rung: frame.effort(rung).partition(":")[0] for rung in spent}
    alt = "Core seconds by rung and agent; the table below has the sums."
    svg = inline_figure(plots.cost_plot(spent, labels, agents), "costs", alt)
    legend = _legend(agents, team=False) if len(agents) > 1 else ""
    return f'{legend}<figure class="wide">{svg}</figure>{sections.costs_table(frame, spent, standing)}'


def _explanations(ledger: Ledger, finished: bool) -> str:
    found = "".join(
        f"<article><h3>{escape(agent)}</h3>{sections.explanation(text)}</article>"
        for agent, text in ledger.explanations().items()
    )
    if found:
        return found
    silent = "No agent explains itself." if finished else "The agents are asked when the search ends."
    return f'<p class="soft">{silent}</p>'


def _provenance(ledger: Ledger, campaign: Campaign, document: Mapping[str, Any]) -> str:
    rows = {
        "campaign's key": document["key"],
        "seed of the agents": str(campaign.seed),
        "seed of the simulations": str(campaign.template["protocol"].get("seed", 1)),
        "ledger": str(ledger.path.name),
    }
    turns = [event for event in ledger.events() if event.kind in ("started", "stopped", "finished")]
    for event in turns[-20:]:
        when = datetime.fromtimestamp(event.time, UTC).strftime("%Y-%m-%d %H:%M:%S")
        rows[f"{when} UTC"] = f"{event.kind}: {event.text}" if event.text else event.kind
    for number, session in enumerate(ledger.sessions(), start=1):
        listed = ", ".join(f"{name} {version}" for name, version in session["versions"].items())
        rows[f"session {number}"] = f"{session['executor']} executor; {listed}"
    cells = [(escape(name), escape(value)) for name, value in rows.items()]
    return table("Provenance", ("what", "value"), cells, kind="plain")
