"""The first thing on a campaign's report: its best machine and how far it can be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from molmach.data.campaign import CampaignSummary
from molmach.report.campaign import plots
from molmach.report.campaign.frame import Formula, Frame, Judged, Number, controls, driven_controls
from molmach.report.plots import LABELS
from molmach.report.svg import inline_figure
from molmach.report.views import Picture
from molmach.report.words import core_seconds, duration


@dataclass(frozen=True)
class Headline:
    """The best machine.

    Attributes
    ----------
    label, quality, sentence
        How far it can be trusted: in a word, as ``good``, ``bad`` or ``open``, and in a sentence.
    numbers
        Its objectives.
    source
        Where they come from.
    agent
        Who found it.
    warnings, link
        Of its confirmation, and the address of that run's report ('' if there is none).
    velocities, controls
        Velocities beside those of the controls (None where there are none), and the controls.
    formula, design
        What it is.
    """

    label: str
    quality: str
    sentence: str
    numbers: tuple[Number, ...]
    source: str
    agent: str
    warnings: tuple[str, ...]
    link: str
    velocities: Picture | None
    controls: tuple[Judged, ...]
    formula: Formula
    design: dict[str, str]


def headline(frame: Frame) -> Headline | None:
    """The best machine; None where no machine has a value."""
    document = frame.summary.document
    if not document["best"]:
        return None
    best = document["best"][0]
    again = best["confirmed"]
    measured = bool(again and again["objectives"])
    quality, label, sentence = _standing(best, frame.summary)
    return Headline(
        label=label,
        quality=quality,
        sentence=sentence,
        numbers=frame.numbers(again["objectives"] if measured else best["objectives"]),
        source=frame.effort(None) if measured else f"search, {frame.effort(best['rung'])}",
        agent=best["agent"],
        warnings=tuple(again["controls"].get("warnings", ())) if again else (),
        link=frame.link(again["run_dir"]) if again else "",
        velocities=_velocities(frame, again["controls"] if again else {}),
        controls=controls(again["controls"]) if again else (),
        formula=frame.formula(best["smiles"], 400, 260),
        design=frame.design(best["design"]),
    )


def _standing(best: Mapping[str, Any], summary: CampaignSummary) -> tuple[str, str, str]:
    """(quality, label, sentence): how far the best machine can be trusted."""
    document = summary.document
    again = summary.judgements.get(best["machine"])
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
    if not again.verified:
        return "bad", again.label, f"No machine was confirmed. Of this one: {again.sentence}."
    if again.open:
        return "open", again.label, again.sentence
    return "good", again.label, again.sentence + several


def _velocities(frame: Frame, judged: Mapping[str, Any]) -> Picture | None:
    """The machine's velocity beside those of its controls."""
    velocities = {name: control["velocity"] for name, control in driven_controls(judged).items()}
    defined = {n: v for n, v in velocities.items() if v["value"] is not None and None not in v["ci95"]}
    if not defined:
        return None
    unit = next(iter(defined.values()))["unit"]
    if frame.summary.driven is not None:
        defined = {"claim": frame.summary.driven, **defined}
    spoken = "; ".join(f"{LABELS[name]} {v['value']:.3g} {unit}" for name, v in defined.items())
    return Picture(inline_figure(plots.control_plot(defined, unit), "controls", f"Velocities: {spoken}."))


def nothing(document: Mapping[str, Any]) -> str:
    """Why no machine has a value."""
    failed = document["failed"]
    why = f"all {failed:,} evaluations failed" if failed else "nothing has been measured yet"
    return f"No machine has a value: {why}."


def searched(frame: Frame) -> str:
    """What was searched, by whom, and what it cost, in one sentence."""
    campaign, document = frame.summary.campaign, frame.summary.document
    wanted = " and ".join(o.words for o in campaign.objectives)
    names = [agent.label for agent in campaign.agents]
    who = f"agent {names[0]}" if len(names) == 1 else f"{len(names)} agents ({', '.join(names)})"
    machines = sum(row["evaluated"] for row in document["agents"].values())
    known = f", {document['reused']:,} of them known from other campaigns" if document["reused"] else ""
    failed = f" ({document['failed']:,} failed)" if document["failed"] else ""
    seconds = document["core_seconds"]
    spelt = f" ({duration(seconds)})" if seconds >= 60.0 else ""
    return (
        f"To {wanted}, {who} searched {frame.summary.space} with {document['evaluations']:,} "
        f"evaluation{'' if document['evaluations'] == 1 else 's'}{failed} of {machines:,} machines{known}; "
        f"it cost {core_seconds(seconds)}{spelt} in {duration(document['wall_seconds'])}."
    )


def state(document: Mapping[str, Any]) -> str:
    """Whether the campaign is over, and why."""
    reason = f": {document['reason']}" if document["reason"] else ""
    if document["state"] == "finished":
        return f"Finished{reason}."
    left = f" {document['lost']:,} machines are in hand." if document["lost"] else ""
    word = "Stopped" if document["state"] == "stopped" else "Unfinished"
    return f"{word}: what follows is what was found so far.{left}"
