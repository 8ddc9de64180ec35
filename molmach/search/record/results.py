"""What a campaign found, read from its ledger while it runs or afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from molmach.data.statistics import finite_or_none
from molmach.identity import Identity
from molmach.search.record import against_theory
from molmach.search.record.achiral import achiral_control
from molmach.search.record.archive import MACHINES
from molmach.search.record.calibration import calibration_document
from molmach.search.record.fronts import fronts
from molmach.search.record.hypervolume import ranked
from molmach.search.record.judging import judgement_of
from molmach.search.record.ledger import Ledger
from molmach.search.record.reader import SAID, TOLD
from molmach.search.record.rows import Prediction
from molmach.search.record.trial import Finding, Measured
from molmach.spec import Campaign
from molmach.spec.campaign import Objective
from molmach.words import marks_in

SCHEMA = "molmach.campaign/1"
_LOOKED_AT = 200
"""Findings among which the best machines are: each has one a rung, and a list has forty at most."""

_MOST_REASONS = 5
"""Reasons that a document lists; the report has more."""

_MOST_JUDGED = 20_000
"""Machines of whose molecules the achiral control is made. Not tuned: it takes longer than it tells."""

_MOST_PREDICTIONS = 100_000
"""The latest proposals whose predictions are scored: more take seconds and change no digit that is shown."""


def document(ledger: Ledger, campaign: Campaign, folder: Path, best: int = 10) -> dict[str, Any]:
    """The JSON document of a campaign: schema ``molmach.campaign/1``.

    Parameters
    ----------
    ledger, campaign, folder
        Of the campaign.
    best
        How many machines to list.
    """
    totals = ledger.totals()
    last = ledger.last_event(but="lost")
    return {
        "schema": SCHEMA,
        "name": campaign.name,
        "dir": str(folder),
        "key": campaign.key,
        "state": last.kind if last is not None and last.kind in ("finished", "stopped") else "unfinished",
        "reason": "" if last is None or last.kind in (SAID, TOLD) else last.text,
        "evaluations": totals.evaluations,
        "failed": totals.failed,
        "failures": _failures(ledger),
        "reused": totals.reused,
        "confirmations": totals.confirmations,
        "codes": _codes(ledger),
        "core_seconds": round(totals.seconds, 3),
        "steps": totals.steps,
        "wall_seconds": float(ledger.noted("wall_seconds") or 0.0),
        "objectives": [_objective(o) for o in campaign.objectives],
        "best": best_machines(ledger, campaign, folder, best),
        "agents": agents(ledger, campaign),
        "agent_failures": ledger.agent_failures(),
        "events": ledger.event_counts(),
        "lost": ledger.lost(),
        "achiral_control": _achiral(ledger, campaign, totals.evaluations),
        "theory": against_theory.document(ledger, campaign),
    }


def _objective(objective: Objective) -> dict[str, Any]:
    """An objective as it was asked for, its expression first."""
    if objective.within is not None:
        return {"quantity": objective.expression, "within": list(objective.within)}
    if objective.target is not None:
        return {"quantity": objective.expression, "target": objective.target}
    return {"maximise" if objective.sign > 0 else "minimise": objective.expression}


def _failures(ledger: Ledger) -> list[dict[str, Any]]:
    """Why evaluations failed, the most frequent reasons first."""
    counted = [failure for failure in ledger.failures() if failure.what == "evaluation"]
    counted.sort(key=lambda failure: -failure.count)
    return [{"reason": failure.reason, "times": failure.count} for failure in counted[:_MOST_REASONS]]


def _codes(ledger: Ledger) -> list[dict[str, Any]]:
    """By which code how many evaluations were done; what a digest stands for, where that is known."""
    identities = ledger.identities()
    return [
        {"digest": digest or None, "evaluations": count, **_parts(identities.get(digest))}
        for digest, count in ledger.by_code().items()
    ]


def _parts(code: Identity | None) -> dict[str, Any]:
    return {} if code is None else {k: v for k, v in code.to_json().items() if k != "digest"}


def _achiral(ledger: Ledger, campaign: Campaign, evaluations: int) -> dict[str, Any] | None:
    """:mod:`molmach.search.record.achiral`, or None: no such control, or far too many machines."""
    if not 0 < evaluations <= _MOST_JUDGED:
        return None
    control = achiral_control(ledger, campaign)
    return None if control is None or not control.machines else control.to_json()


def best_machines(ledger: Ledger, campaign: Campaign, folder: Path, wanted: int) -> list[dict[str, Any]]:
    """The best machines, confirmed ones first; several objectives give the Pareto front first.

    On a front those come first that stand for most of it (:func:`molmach.search.record.hypervolume.ranked`).
    Those that were run again and failed stand at the end, whatever their number.
    """
    several = len(campaign.objectives) > 1
    findings = ledger.leading(None if several else _LOOKED_AT)
    again, foretold = ledger.confirmations(), ledger.foretold()
    lows = np.array([[measured.low for measured in finding.measured] for finding in findings])
    depth = fronts(lows, wanted)
    place = {i: k for k, i in enumerate(ranked(lows, wanted))} if several else {}

    def rank(i: int) -> tuple[float, ...]:
        group, second = _rank(again.get(findings[i].machine))
        own = (place.get(i, len(findings)), depth[i]) if several else (second,)
        return group, *own, -lows[i, 0]

    order = sorted(range(len(findings)), key=rank)
    chosen = order[:wanted] + [i for i in order[wanted:] if findings[i].machine in again]
    listed = [
        {
            **_machine(ledger, campaign, folder, findings[i], depth[i] == 0, again.get(findings[i].machine)),
            "theory": against_theory.said_of(foretold.get(findings[i].machine), campaign.objectives),
        }
        for i in chosen
    ]
    return [{**machine, "same_molecules": _same_molecules(machine, listed)} for machine in listed]


def _same_molecules(machine: Mapping[str, Any], listed: Sequence[Mapping[str, Any]]) -> list[str]:
    """Keys of other listed machines that are drawn alike: their parts, axles or drives differ."""
    return [
        other["machine"]
        for other in listed
        if other["smiles"] == machine["smiles"] != "" and other["machine"] != machine["machine"]
    ]


def _rank(again: Finding | None) -> tuple[int, float]:
    """Confirmed machines by their second result, then those not run again, then those that failed it."""
    if again is None:
        return 1, 0.0
    if not judgement_of(again).verified:
        return 2, 0.0
    return 0, -again.measured[0].low


def _machine(
    ledger: Ledger, campaign: Campaign, folder: Path, finding: Finding, on_front: bool, again: Finding | None
) -> dict[str, Any]:
    return {
        "machine": finding.machine,
        "smiles": ledger.smiles_of(finding.machine),
        "design": dict(ledger.design_of(finding.machine).values),
        "agent": finding.agent,
        "rung": finding.rung,
        "evaluation": finding.key,
        "objectives": _values(campaign, finding.measured),
        "on_front": on_front,
        "confirmed": None if again is None else _confirmed(campaign, again, folder),
    }


def _values(campaign: Campaign, measured: Sequence[Measured]) -> list[dict[str, Any]]:
    """Values and intervals of each objective in the sense in which they were asked for.

    Beside the value in a window or at a target stand its ``utility``, by which machines are ranked, whether
    it is ``inside`` and its interval ``reaches`` there, and the ``probability`` that the true value is.
    """
    values = []
    for objective, m in zip(campaign.objectives, measured, strict=True):
        value, error, low, high = m.asked(objective.sign)
        entry = {
            "expression": objective.expression,
            "value": finite_or_none(value),
            "error": finite_or_none(error),
            "ci95": [finite_or_none(low), finite_or_none(high)],
        }
        if m.seen is not None:
            entry |= {
                "utility": finite_or_none(m.value),
                "inside": m.seen.inside,
                "reaches": m.seen.reaches,
                "probability": m.seen.probability,
            }
        values.append(entry)
    return values


def _confirmed(campaign: Campaign, again: Finding, folder: Path) -> dict[str, Any]:
    place = folder / MACHINES / again.machine[:12]
    return {
        "verified": judgement_of(again).verified,
        "label": judgement_of(again).label,
        "reason": again.reason,
        "objectives": _values(campaign, again.measured) if again.ok else [],
        "controls": dict(again.controls),
        "run_dir": str(place) if place.is_dir() else None,
    }


def agents(ledger: Ledger, campaign: Campaign) -> dict[str, dict[str, Any]]:
    """What each agent proposed, found and predicted, and why it was given up, if it was.

    ``numbers`` are those in its words that something bears out, and those that were struck out
    (:mod:`molmach.words`). Predictions are scored by :mod:`molmach.search.record.calibration`, those of each
    objective by themselves under ``calibration``; the first objective's scores stand beside it as well.
    """
    given_up, proposed = ledger.given_up(), ledger.proposal_counts()
    rows: dict[str, dict[str, Any]] = {
        agent: {
            "proposals": counts.total(),
            "infeasible": counts["infeasible"],
            "repeats": counts["repeat"],
            "evaluated": 0,
            "numbers": {"borne_out": 0, "struck": 0},
            "given_up": given_up.get(agent),
        }
        for agent, counts in ({agent: Counter[str]() for agent in given_up} | proposed).items()
    }
    for agent, words in (*ledger.marked_reasons(), *ledger.explanations().items()):
        if agent in rows:
            borne_out, struck = marks_in(words)
            rows[agent]["numbers"]["borne_out"] += borne_out
            rows[agent]["numbers"]["struck"] += struck
    for agent, spent in ledger.spent().items():
        if agent in rows:
            rows[agent] |= {
                "evaluated": spent.machines,
                "best_low": spent.best_low,
                "core_seconds": round(spent.seconds, 3),
            }
    predictions: dict[str, list[list[Prediction]]] = {}
    for p in ledger.predictions(_MOST_PREDICTIONS):
        predictions.setdefault(p.agent, [[] for _ in campaign.objectives])[p.objective].append(p)
    for agent, each in predictions.items():
        documents = [
            {"expression": objective.ranked, **calibration_document(of_one)}
            for objective, of_one in zip(campaign.objectives, each, strict=True)
        ]
        first = {name: value for name, value in documents[0].items() if name != "expression"}
        rows[agent] |= {**first, "calibration": documents}
    return rows
