"""The first thing on a campaign's report: its best machine and how far it can be trusted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from html import escape
from typing import Any

from molmach.errors import SpecError
from molmach.report.campaign import plots
from molmach.report.campaign.sections import Frame, controls, values_of
from molmach.report.plots import LABELS
from molmach.report.svg import inline_figure
from molmach.report.words import duration, to_its_precision
from molmach.scoring.motion import VELOCITY
from molmach.search.record.ledger import Ledger
from molmach.search.record.trial import CONFIRMATION
from molmach.search.space.space import Space


def headline(frame: Frame, ledger: Ledger, document: Mapping[str, Any]) -> str:
    """The best machine: picture, value with interval, and the controls' verdict."""
    if not document["best"]:
        failed = document["failed"]
        why = f"all {failed:,} evaluations failed" if failed else "nothing has been measured yet"
        return f'<p class="warning">No machine has a value: {why}.</p>'
    best = document["best"][0]
    again = best["confirmed"]
    state, label, sentence = _standing(best, document)
    shown = again["objectives"] if again and again["objectives"] else best["objectives"]
    source = (
        frame.effort(CONFIRMATION)
        if again and again["objectives"]
        else f"search, {frame.effort(best['rung'])}"
    )
    found = f'<p><span class="verdict {state}">{label}</span></p>{_numbers(frame, shown)}'
    found += f'<p class="soft">{escape(source)}; found by {escape(best["agent"])}</p>'
    found += f'<p class="{"warning" if state != "good" else ""}">{escape(sentence)}</p>'
    if again:
        found += "".join(
            f'<p class="warning">{escape(text)}</p>' for text in again["controls"].get("warnings", ())
        )
        found += f"<p>{frame.link(again['run_dir'])}</p>"
    return (
        f'<div class="claim"><div>{found}{_controls(ledger, best)}</div><figure>'
        f"{frame.picture(best['smiles'], 400, 260)}"
        f"<figcaption><code>{escape(best['smiles'])}</code></figcaption>"
        f"{values_of(best['design'], frame.campaign)}</figure></div>"
    )


def _standing(best: Mapping[str, Any], document: Mapping[str, Any]) -> tuple[str, str, str]:
    """(class, label, sentence): how far the best machine can be trusted."""
    again = best["confirmed"]
    several = (
        " Of the confirmed machines it is the best in the first objective."
        if len(document["objectives"]) > 1
        else ""
    )
    if again is None:
        tried = document["confirmations"]
        failed = f" {tried} that {'was' if tried == 1 else 'were'} run again failed." if tried else ""
        return "open", "not confirmed", (
            "No machine has passed a second run with controls: this is the best of the search, a number "
            f"and no claim.{failed}"
        )  # fmt: skip
    if not again["verified"]:
        statements = [
            c["statement"] for c in again["controls"].values() if isinstance(c, dict) and not c["passed"]
        ]
        why = "; ".join(statements) or again["reason"] or "its confirmation failed"
        return "bad", "failed", f"No machine was confirmed. Of this one: {why}."
    verdict = again["controls"].get("verdict", "")
    if verdict == "unresolved":
        return "open", "confirmed, direction unresolved", (
            "Both controls agree in the second run, but no net direction can be told from chance." + several
        )  # fmt: skip
    return "good", f"confirmed: {escape(verdict)}", (
        "Run again with fresh seeds; with the drive off it does not move on, and its mirror image goes the "
        "other way, equally fast." + several
    )  # fmt: skip


def _numbers(frame: Frame, shown: list[dict[str, Any]]) -> str:
    found = ""
    for k, estimate in enumerate(shown):
        value, interval = to_its_precision(estimate["value"], *estimate["ci95"])
        interval = f"95 % interval {interval}" if interval else "no interval"
        found += (
            f'<p class="number{" less" if k else ""}">{value} <small>{escape(frame.unit(k))}</small></p>'
            f'<p class="soft">{escape(estimate["expression"])}, {interval}</p>'
        )
    return found


def _controls(ledger: Ledger, best: Mapping[str, Any]) -> str:
    """The machine's velocity beside those of its controls."""
    again = best["confirmed"]
    judged = again["controls"] if again else {}
    velocities = {name: judged[name]["velocity"] for name in ("undriven", "mirror") if name in judged}
    defined = {n: v for n, v in velocities.items() if v["value"] is not None and None not in v["ci95"]}
    if not defined:
        return ""
    unit = next(iter(defined.values()))["unit"]
    claim = _driven(ledger, best, again, unit)
    if claim is not None:
        defined = {"claim": claim, **defined}
    spoken = "; ".join(f"{LABELS[name]} {v['value']:.3g} {unit}" for name, v in defined.items())
    svg = inline_figure(plots.control_plot(defined, unit), "controls", f"Velocities: {spoken}.")
    return f'<div class="beside"><figure>{svg}</figure><div>{controls(judged)}</div></div>'


def _driven(
    ledger: Ledger, best: Mapping[str, Any], again: Mapping[str, Any], unit: str
) -> dict[str, Any] | None:
    """The machine's own velocity in its confirmation."""
    finding = ledger.confirmation(best["machine"])
    samples = [] if finding is None else ledger.samples(finding.key).get("velocity", [])
    if len(samples) > 1:
        return replace(VELOCITY, unit=unit).estimate({"velocity": samples}).to_json()
    first = again["objectives"][0] if again["objectives"] else None
    return first if first is not None and first["expression"] == "velocity" else None


def searched(frame: Frame, document: Mapping[str, Any]) -> str:
    """What was searched, by whom, and what it cost, in one sentence; then whether it is over."""
    campaign = frame.campaign
    wanted = " and ".join(
        f"{'maximise' if o.sign > 0 else 'minimise'} {escape(o.expression)}" for o in campaign.objectives
    )
    names = [agent.label for agent in campaign.agents]
    who = f"agent {names[0]}" if len(names) == 1 else f"{len(names)} agents ({', '.join(names)})"
    machines = sum(row["evaluated"] for row in document["agents"].values())
    known = f", {document['reused']:,} of them known from other campaigns" if document["reused"] else ""
    failed = f" ({document['failed']:,} failed)" if document["failed"] else ""
    seconds = document["core_seconds"]
    spelt = f" ({duration(seconds)})" if seconds >= 60.0 else ""
    return (
        f"<p>To {wanted}, {escape(who)} searched {_space(frame)} with {document['evaluations']:,} "
        f"evaluation{'' if document['evaluations'] == 1 else 's'}{failed} of {machines:,} machines{known}; "
        f"it cost {seconds:,.0f} core seconds{spelt} in {duration(document['wall_seconds'])}.</p>"
        f"{_state(document)}"
    )


def _space(frame: Frame) -> str:
    """The designs, counted and in words."""
    space = frame.campaign.space
    counts = (
        (len(space.sites), "site"),
        (len(space.choices), "choice"),
        (len(space.parameters), "parameter"),
    )
    parts = [f"{n} {word}{'' if n == 1 else 's'}" for n, word in counts if n]
    parts += ["edits of the molecule"] if space.edits else []
    try:
        variables = Space(frame.campaign).variables
    except SpecError:
        return " and ".join(parts)
    combinations = math.prod(v.count for v in variables if v.count is not None)
    continuous = sum(v.count is None for v in variables)
    plural = "" if continuous == 1 else "s"
    times = f", times {continuous} continuous parameter{plural}" if continuous else ""
    return f"{combinations:,} combination{'' if combinations == 1 else 's'}{times} ({', '.join(parts)})"


def _state(document: Mapping[str, Any]) -> str:
    reason = f": {escape(document['reason'])}" if document["reason"] else ""
    if document["state"] == "finished":
        return f'<p class="soft">Finished{reason}.</p>'
    left = f" {document['lost']:,} machines are in hand." if document["lost"] else ""
    word = "Stopped" if document["state"] == "stopped" else "Unfinished"
    return f'<p class="warning">{word}: what follows is what was found so far.{left}</p>'
