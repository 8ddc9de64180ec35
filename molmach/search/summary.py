"""What a campaign's report shows, from its record, whatever state the campaign is in."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from molmach.building import kind_of
from molmach.data.campaign import CampaignSummary, Failures, Floats, RungCosts, Standing
from molmach.errors import MissingExtraError, SpecError
from molmach.scoring.motion import VELOCITY
from molmach.search import progress
from molmach.search.loop.evaluations import Evaluation, evaluation_of
from molmach.search.loop.quantities import unit_of
from molmach.search.record import results
from molmach.search.record.against_theory import comparisons
from molmach.search.record.calibration import scores_of
from molmach.search.record.fronts import fronts
from molmach.search.record.judging import judgement_of
from molmach.search.record.ledger import Ledger
from molmach.search.record.rows import Prediction
from molmach.search.record.trial import CONFIRMATION, Finding
from molmach.search.space.design import Numeric
from molmach.search.space.space import Space
from molmach.search.wanted import Window, wanted_by
from molmach.spec import Campaign

_LISTED = (10, 40)
"""Fewest and most machines on a page."""

_REASON, _REASONS, _EVENTS = 160, 15, 20
"""Characters of a reason, reasons and events on a page."""


def summary(ledger: Ledger, campaign: Campaign, folder: Path) -> CampaignSummary:
    """A campaign and what it has come to.

    Parameters
    ----------
    ledger, campaign, folder
        Of the campaign.
    """
    findings = list(ledger.findings())
    judgements = {machine: judgement_of(again) for machine, again in ledger.confirmations().items()}
    confirmed = {machine for machine, said in judgements.items() if said.verified and not said.open}
    again = {finding.machine for finding in findings if finding.rung == CONFIRMATION}
    document = results.document(ledger, campaign, folder, min(max(_LISTED[0], len(again)), _LISTED[1]))
    standing = progress.standing(findings, len(campaign.objectives))
    searched = [finding for finding in findings if finding.rung != CONFIRMATION]
    evaluation = _evaluation(ledger, campaign)
    units = _units(evaluation, campaign)
    return CampaignSummary(
        campaign=campaign,
        document=document,
        units=units,
        parameter_units={
            name: Numeric.of(name, bounds).unit for name, bounds in campaign.space.parameters.items()
        },
        space=space_in_words(campaign),
        curves=tuple(progress.best_so_far(findings, k) for k in range(len(units))),
        standing=_standing(standing, confirmed, len(units)),
        spent=Counter(finding.agent for finding in searched),
        finds=progress.finds(findings),
        costs=_costs(findings, standing),
        efforts=_efforts(evaluation),
        judgements=judgements,
        predictions=_predictions(ledger, len(campaign.objectives)),
        theory=tuple(compared.rows for compared in comparisons(ledger, campaign)),
        failures=_failures(ledger),
        explanations=ledger.explanations(),
        driven=_driven(ledger, document["best"]),
        events=_events(ledger),
        sessions=tuple(ledger.sessions()),
        ledger=ledger.path.name,
        windows=_windows(evaluation, campaign),
        assumed=_assumed(evaluation),
    )


def _evaluation(ledger: Ledger, campaign: Campaign) -> Evaluation | None:
    """The campaign's evaluation; None where it is not there any more."""
    try:
        return evaluation_of(campaign, Path(ledger.noted("source") or "."))
    except (SpecError, MissingExtraError):
        return None


def _units(evaluation: Evaluation | None, campaign: Campaign) -> tuple[str, ...]:
    """Unit of each objective; '' where the evaluation that knows it is not there any more."""
    if evaluation is None:
        return ("",) * len(campaign.objectives)
    scale = kind_of(str(campaign.machine["kind"])).coordinate.scale
    return tuple(unit_of(o.expression, scale, evaluation.quantity) for o in campaign.objectives)


def _windows(
    evaluation: Evaluation | None, campaign: Campaign
) -> tuple[tuple[float, float, bool] | None, ...]:
    """Of each objective its window in numbers."""
    if evaluation is None:
        return (None,) * len(campaign.objectives)
    return tuple(
        (wanted.low, wanted.high, wanted.decades) if isinstance(wanted, Window) else None
        for wanted in wanted_by(campaign.objectives, evaluation.quantity, campaign.machine)
    )


def _assumed(evaluation: Evaluation | None) -> tuple[str, ...]:
    """What the numbers rest on; nothing where the evaluation fails to say so."""
    try:
        return () if evaluation is None else tuple(str(sentence) for sentence in evaluation.assumed)
    except Exception:
        return ()


def _efforts(evaluation: Evaluation | None) -> dict[int | None, str]:
    """What a machine gets on each rung and in the confirmation, as the evaluation says it."""
    if evaluation is None:
        return {}
    words: dict[int | None, str] = {rung: _effort(evaluation, rung) for rung in range(evaluation.rungs)}
    words[None] = _effort(evaluation, CONFIRMATION)
    return words


def _effort(evaluation: Evaluation, rung: int) -> str:
    """An evaluation's words for a rung; '' where it has none, for a report is worth more than they are."""
    try:
        return str(evaluation.effort(rung))
    except Exception:
        return ""


def _standing(findings: Sequence[Finding], confirmed: set[str], objectives: int) -> Standing:
    numbers = np.array([[(m.value, m.low, m.high) for m in finding.measured] for finding in findings])
    values, lows, highs = np.moveaxis(numbers.reshape(len(findings), objectives, 3), -1, 0)
    again = np.array([finding.machine in confirmed for finding in findings], dtype=bool)
    return Standing(values, lows, highs, np.array(fronts(lows, 1)) == 0, again)


def _costs(findings: Sequence[Finding], standing: Sequence[Finding]) -> tuple[RungCosts, ...]:
    reached = Counter(finding.rung for finding in standing)
    return tuple(
        RungCosts(None if rung == CONFIRMATION else rung, by_agent, reached[rung])
        for rung, by_agent in progress.costs(findings).items()
    )


def _driven(ledger: Ledger, best: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """The best machine's own velocity in its confirmation."""
    again = best[0]["confirmed"] if best else None
    if again is None:
        return None
    finding = ledger.confirmation(best[0]["machine"])
    samples = [] if finding is None else ledger.samples(finding.key).get("velocity", [])
    controls = (again["controls"].get(name) for name in ("undriven", "mirror"))
    velocities = (c["velocity"] for c in controls if isinstance(c, Mapping) and "velocity" in c)
    unit = next((velocity["unit"] for velocity in velocities), "")
    if len(samples) > 1:
        return replace(VELOCITY, unit=unit).estimate({"velocity": samples}).to_json()
    first = again["objectives"][0] if again["objectives"] else None
    return {**first, "unit": unit} if first is not None and first["expression"] == "velocity" else None


def _events(ledger: Ledger) -> tuple[tuple[str, str, str], ...]:
    """(UTC time, kind, text) of the latest starts and ends."""
    turns = [event for event in ledger.events() if event.kind in ("started", "stopped", "finished")]
    return tuple(
        (datetime.fromtimestamp(event.time, UTC).strftime("%Y-%m-%d %H:%M:%S"), event.kind, event.text)
        for event in turns[-_EVENTS:]
    )


def space_in_words(campaign: Campaign) -> str:
    """The designs of a campaign, counted and in words."""
    space = campaign.space
    counts = (
        (len(space.sites), "site"),
        (len(space.choices), "choice"),
        (len(space.parameters), "parameter"),
    )
    parts = [f"{n} {word}{'' if n == 1 else 's'}" for n, word in counts if n]
    parts += ["edits of the molecule"] if space.edits else []
    try:
        variables = Space(campaign).variables
    except SpecError:
        return " and ".join(parts)
    combinations = math.prod(v.count for v in variables if v.count is not None)
    continuous = sum(v.count is None for v in variables)
    plural = "" if continuous == 1 else "s"
    times = f", times {continuous} continuous parameter{plural}" if continuous else ""
    return f"{combinations:,} combination{'' if combinations == 1 else 's'}{times} ({', '.join(parts)})"


def _predictions(ledger: Ledger, objectives: int) -> tuple[dict[str, Floats], ...]:
    """Each agent's predictions of each objective, and what the first rung gave.

    Rows of mean, sd, value, error and half the width of the range predicted of the measurement.
    """
    rows: tuple[dict[str, list[Prediction]], ...] = tuple({} for _ in range(objectives))
    for p in ledger.predictions():
        if all(math.isfinite(x) for x in (p.mean, p.sd, p.value, p.error)) and p.sd + p.error > 0.0:
            rows[p.objective].setdefault(p.agent, []).append(p)
    return tuple({agent: _rows(said) for agent, said in of_one.items()} for of_one in rows)


def _rows(said: Sequence[Prediction]) -> Floats:
    numbers = np.array([(p.mean, p.sd, p.value, p.error) for p in said])
    return np.column_stack([numbers, scores_of(said).half_widths])


def _failures(ledger: Ledger) -> Failures:
    """What went wrong, and how often.

    Reasons that differ only after their first ": " are counted as one; a SMILES has colons without a space.
    """
    counted: Counter[tuple[str, str]] = Counter()
    for failure in ledger.failures():
        whole = failure.what in ("agent", "estimator")
        text = failure.reason if whole else failure.reason.partition(": ")[0]
        counted[failure.what, text.strip()[:_REASON] or "no reason given"] += failure.count
    rows = [(what, reason, count) for (what, reason), count in counted.most_common()]
    return Failures(tuple(rows[:_REASONS]), max(0, len(rows) - _REASONS))
