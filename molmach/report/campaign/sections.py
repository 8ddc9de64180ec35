"""Sections of a campaign's report as HTML. Whatever a person or an agent wrote is escaped here."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from molmach.building import kind_of
from molmach.report.campaign.data import Cost
from molmach.report.campaign.pictures import machine_svg, scaffold_of
from molmach.report.campaign.plots import Axis
from molmach.report.plots import LABELS
from molmach.report.svg import inline_molecule
from molmach.report.tables import table
from molmach.report.words import to_its_precision
from molmach.search.loop.quantities import unit_of
from molmach.search.record.trial import CONFIRMATION
from molmach.search.space.design import Numeric
from molmach.spec import Campaign

_BULLET = re.compile(r"\s*(?:[-*\u2022]|\d{1,3}[.)])\s+(.*)")
_LONGEST_EXPLANATION = 20_000


@dataclass(frozen=True)
class Frame:
    """What all sections of a page share: the campaign and where the page lies.

    Attributes
    ----------
    campaign
        Whose report it is.
    page
        The file that is written; links to runs start there.
    """

    campaign: Campaign
    page: Path

    @cached_property
    def axes(self) -> tuple[Axis, ...]:
        """The objectives as axes of plots."""
        return tuple(
            Axis(f"{o.expression} / ({unit})" if (unit := self.unit(k)) else o.expression, o.sign)
            for k, o in enumerate(self.campaign.objectives)
        )

    def unit(self, objective: int) -> str:
        """Unit of an objective; '' where it has none or none is known."""
        motion = kind_of(str(self.campaign.machine["kind"])).coordinate.scale.unit
        return unit_of(self.campaign.objectives[objective].expression, motion)

    def effort(self, rung: int) -> str:
        """What a machine gets on a rung."""
        if rung == CONFIRMATION:
            wanted = self.campaign.confirmation
            length = wanted.duration or self.campaign.racing.rungs[-1].duration
            return f"confirmation: {wanted.replicas} × {length:g} ps, controls"
        if rung >= len(self.campaign.racing.rungs):
            return f"rung {rung + 1}"
        level = self.campaign.racing.rungs[rung]
        return f"rung {rung + 1}: {level.replicas} × {level.duration:g} ps"

    @cached_property
    def scaffold(self) -> Any:
        """What the machines share, for their pictures."""
        return scaffold_of(self.campaign.machine.get("smiles"))

    def picture(self, smiles: str, width: int = 300, height: int = 210) -> str:
        """A machine's formula."""
        svg = machine_svg(smiles, self.scaffold, width, height)
        alt = f"Structural formula of {smiles}"
        return inline_molecule(svg, alt) if svg else f'<p class="mono">{escape(smiles)}</p>'

    def link(self, run_dir: str | None) -> str:
        """A link to a run's own report; '' where there is none."""
        if run_dir is None or not (report := Path(run_dir) / "report.html").is_file():
            return ""
        address = quote(os.path.relpath(report, self.page.parent))
        return f'<a href="{escape(address)}">run report</a>'


def numbers(value: float | None, interval: Sequence[float | None], unit: str) -> str:
    """A value with its unit and its interval, to the interval's precision."""
    shown, between = (text.replace("-", "\u2212") for text in to_its_precision(value, *interval))
    return (
        f'<span class="nowrap"><span class="value">{shown}</span> {escape(unit)}</span> '
        f'<span class="soft nowrap">{between}</span>'
    )


def estimates(frame: Frame, found: Sequence[Mapping[str, Any]]) -> str:
    """Values with their intervals, one line an objective."""
    lines = []
    for k, estimate in enumerate(found):
        name = f'<span class="soft">{escape(estimate["expression"])}</span> ' if len(found) > 1 else ""
        lines.append(f"<div>{name}{numbers(estimate['value'], estimate['ci95'], frame.unit(k))}</div>")
    return "".join(lines)


def values_of(design: Mapping[str, Any], campaign: Campaign) -> str:
    """A design's values as a list."""
    items = []
    for name, value in design.items():
        bounds = campaign.space.parameters.get(name)
        unit = Numeric.of(name, bounds).unit if bounds is not None else ""
        shown = f"{value:.4g} {unit}".strip() if isinstance(value, float) else str(value)
        items.append(f"<div><dt>{escape(str(name))}</dt><dd>{escape(shown)}</dd></div>")
    return f'<dl class="design">{"".join(items)}</dl>'


def controls(judged: Mapping[str, Any]) -> str:
    """Both controls of a confirmation with their numbers."""
    lines = []
    for name in ("undriven", "mirror"):
        control = judged.get(name)
        if control is None:
            continue
        velocity = control["velocity"]
        passed = control["passed"]
        lines.append(
            f'<div class="control"><span class="{"pass" if passed else "fail"} nowrap">'
            f"{'✓' if passed else '✗'} {escape(LABELS[name])} {'passed' if passed else 'failed'}</span> "
            f"{numbers(velocity['value'], velocity['ci95'], velocity['unit'])}"
            f"<div>{'' if passed else escape(control['statement'])}</div></div>"
        )
    return "".join(lines) or '<span class="soft">none</span>'


def finds_table(frame: Frame, best: Sequence[Mapping[str, Any]]) -> str:
    """The best machines with all that is known of them."""
    rows = []
    for found in best:
        again = found["confirmed"]
        if again is None:
            second, judged = '<span class="soft">not run again</span>', ""
        elif not again["objectives"]:
            second, judged = f'<span class="fail">failed</span> {escape(again["reason"])}', ""
        else:
            second, judged = estimates(frame, again["objectives"]), controls(again["controls"])
        link = frame.link(again["run_dir"]) if again else ""
        front = ' <span class="soft">on the front</span>' if len(frame.axes) > 1 and found["on_front"] else ""
        rows.append(
            (
                f"{frame.picture(found['smiles'], 210, 140)}<code>{found['machine'][:12]}</code>{front}",
                values_of(found["design"], frame.campaign),
                estimates(frame, found["objectives"])
                + f'<div class="soft nowrap">{escape(frame.effort(found["rung"]))}</div>',
                second + (f"<div>{link}</div>" if link else ""),
                judged,
                escape(found["agent"]),
            )
        )
    columns = ("machine", "design", "search", "confirmation", "controls", "agent")
    return table("The best machines, with 95 % intervals", columns, rows, kind="cards finds")


def agents_table(team: Mapping[str, Mapping[str, Any]], won: Mapping[str, int], total: int) -> str:
    """What each agent did, and how far its predictions can be trusted."""
    predicted = any(row.get("predictions") for row in team.values())
    rows: list[tuple[str, ...]] = []
    for name, row in team.items():
        share = f"{100 * row['spent'] / total:.0f} %" if total else ""
        rows.append(
            (
                f'<span class="nowrap">{row["swatch"]}{escape(name)}</span>', f'{row["proposals"]:,}',
                f'{row["evaluated"]:,}', f"{won.get(name, 0):,}", share,
                f'{row.get("core_seconds", 0.0):,.0f}', f'{row["repeats"]:,}', f'{row["infeasible"]:,}',
                *(_calibration(row) if predicted else ()),
            )
        )  # fmt: skip
    columns = (
        "agent", "proposals", "machines evaluated", "finds", "share of the evaluations", "core seconds",
        "repeats", "infeasible",
        *(("95 % predictions right", "mean z²", "surprise / nat") if predicted else ()),
    )  # fmt: skip
    return table("Agents", columns, rows, numeric=range(1, len(columns)))


def _calibration(row: Mapping[str, Any]) -> tuple[str, str, str]:
    """Coverage with its interval, mean squared z, surprise; '' where there are no predictions."""
    if not row.get("predictions"):
        return "", "", ""
    low, high = row["coverage_ci95"]
    coverage = (
        f'{100 * row["coverage"]:.0f} % <span class="soft nowrap">{100 * low:.0f} to {100 * high:.0f} % '
        f"of {row['predictions']:,}</span>"
    )
    return coverage, f"{row['mean_squared_z']:.2f}", f"{row['surprise']:.2f}"


def costs_table(frame: Frame, spent: Mapping[int, Mapping[str, Cost]], standing: Mapping[int, int]) -> str:
    """Evaluations, machines and core seconds of each rung."""
    whole = sum(cost.seconds for costs in spent.values() for cost in costs.values())
    rows = []
    for rung, costs in spent.items():
        seconds = sum(cost.seconds for cost in costs.values())
        rows.append(
            (
                escape(frame.effort(rung)),
                f"{sum(cost.evaluations for cost in costs.values()):,}",
                f"{sum(cost.failed for cost in costs.values()):,}",
                "" if rung == CONFIRMATION else f"{standing.get(rung, 0):,}",
                f"{seconds:,.1f}",
                f"{100 * seconds / whole:.0f} %" if whole else "",
            )
        )
    columns = ("effort", "evaluations", "failed", "machines that got no further", "core seconds", "share")
    return table("Effort by rung", columns, rows, numeric=range(1, 6))


def failures_table(rows: Sequence[tuple[str, str, int]], more: int) -> str:
    """What went wrong, and how often."""
    if not rows:
        return '<p class="soft">Nothing failed.</p>'
    cells = [(escape(reason), what, f"{count:,}") for what, reason, count in rows]
    rest = f'<p class="soft">And {more:,} rarer reasons.</p>' if more else ""
    return table("Failures by reason", ("reason", "of", "how often"), cells, numeric=(2,)) + rest


def explanation(text: str) -> str:
    """An agent's plain text as paragraphs and lists; columns that it aligned with blanks stay aligned."""
    cut = text[:_LONGEST_EXPLANATION]
    blocks = [_block(block.splitlines()) for block in re.split(r"\n\s*\n", cut.strip("\n")) if block.strip()]
    return "".join(blocks) + ('<p class="soft">(cut)</p>' if len(text) > len(cut) else "")


def _block(lines: Sequence[str]) -> str:
    if sum(bool(re.search(r"\S {2,}\S", line)) for line in lines) >= 2:
        return f"<pre>{escape(chr(10).join(lines))}</pre>"
    found: list[str] = []
    items: list[str] = []
    plain: list[str] = []
    for line in (*lines, ""):
        bullet = _BULLET.fullmatch(line)
        if bullet:
            found += _paragraph(plain)
            items.append(escape(bullet[1]))
        elif items and line.startswith((" ", "\t")):
            items[-1] += f" {escape(line.strip())}"
        else:
            found += [f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>"] if items else []
            items.clear()
            plain += [escape(line.strip().lstrip("# "))] if line.strip() else []
    return "".join(found + _paragraph(plain))


def _paragraph(lines: list[str]) -> list[str]:
    """The lines as a paragraph, if there are any, and no lines any more."""
    found = [f"<p>{'<br>'.join(lines)}</p>"] if lines else []
    lines.clear()
    return found
