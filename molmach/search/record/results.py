"""What a campaign found, read from its ledger while it runs or afterwards."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from molmach.data.statistics import finite_or_none
from molmach.search.loop.bandit import Calibration
from molmach.search.loop.racing import fronts
from molmach.search.record.achiral import achiral_control
from molmach.search.record.ledger import Ledger
from molmach.spec import Campaign

SCHEMA = "molmach.campaign/1"
_LOOKED_AT = 200
_MOST_JUDGED = 20_000


def document(ledger: Ledger, campaign: Campaign, folder: Path, best: int = 10) -> dict[str, Any]:
    """The JSON document of a campaign: schema ``molmach.campaign/1``.

    Parameters
    ----------
    ledger, campaign, folder
        Of the campaign.
    best
        How many machines to list.
    """
    count, failed, seconds, steps, reused = ledger.query(
        "SELECT COUNT(*), SUM(NOT ok), SUM(seconds), SUM(steps), SUM(reused) FROM evaluations WHERE rung >= 0"
    )[0]
    confirmed = ledger.query("SELECT COUNT(*) FROM evaluations WHERE rung = -1")[0][0]
    last = ledger.query("SELECT kind, text FROM events WHERE kind != 'lost' ORDER BY id DESC LIMIT 1")
    return {
        "schema": SCHEMA,
        "name": campaign.name,
        "dir": str(folder),
        "key": campaign.key,
        "state": {"finished": "finished", "stopped": "stopped"}.get(last[0][0] if last else "", "unfinished"),
        "reason": last[0][1] if last else "",
        "evaluations": count,
        "failed": failed or 0,
        "reused": reused or 0,
        "confirmations": confirmed,
        "core_seconds": round(seconds or 0.0, 3),
        "steps": steps or 0,
        "wall_seconds": float(ledger.noted("wall_seconds") or 0.0),
        "objectives": [{"maximise" if o.sign > 0 else "minimise": o.expression} for o in campaign.objectives],
        "best": best_machines(ledger, campaign, folder, best),
        "agents": agents(ledger),
        "events": dict(ledger.query("SELECT kind, COUNT(*) FROM events GROUP BY kind")),
        "lost": lost(ledger),
        "achiral_control": _achiral(ledger, campaign, count),
    }


def _achiral(ledger: Ledger, campaign: Campaign, evaluations: int) -> dict[str, Any] | None:
    """:mod:`molmach.search.record.achiral`, or None: no such control, or far too many machines."""
    if not 0 < evaluations <= _MOST_JUDGED:
        return None
    control = achiral_control(ledger, campaign)
    return None if control is None or not control.machines else control.to_json()


def lost(ledger: Ledger) -> int:
    """Machines whose evaluation was started and has no result; none once a campaign is finished."""
    rows = ledger.query(
        "SELECT COUNT(*) FROM proposals p WHERE state = 'started' "
        "AND NOT EXISTS (SELECT 1 FROM evaluations e WHERE e.machine = p.machine AND e.rung = 0)"
    )
    return int(rows[0][0])


def best_machines(ledger: Ledger, campaign: Campaign, folder: Path, wanted: int) -> list[dict[str, Any]]:
    """The best machines, confirmed ones first; several objectives give the Pareto front first.

    Those that were run again and failed stand at the end, whatever their number.
    """
    rows = ledger.query(
        "SELECT machine, agent, rung, value, error, low, high, others, key FROM evaluations "
        "WHERE ok AND rung >= 0 AND low IS NOT NULL ORDER BY low DESC"
        + ("" if len(campaign.objectives) > 1 else f" LIMIT {_LOOKED_AT}")
    )
    highest = dict(
        ledger.query("SELECT machine, MAX(rung) FROM evaluations WHERE ok AND rung >= 0 GROUP BY machine")
    )
    rows = [row for row in rows if highest[row[0]] == row[2]]
    again = {
        row[0]: row
        for row in ledger.query(
            "SELECT machine, ok, reason, value, error, low, high, others, controls, key "
            "FROM evaluations WHERE rung = -1"
        )
    }
    depth = fronts(np.array([[row[5], *(m[2] for m in json.loads(row[7]))] for row in rows]), wanted)
    order = sorted(range(len(rows)), key=lambda i: (*_rank(again.get(rows[i][0])), depth[i], -rows[i][5]))
    chosen = order[:wanted] + [i for i in order[wanted:] if rows[i][0] in again]
    about = {}
    for machine in {rows[i][0] for i in chosen}:
        about[machine] = ledger.query("SELECT smiles, design FROM machines WHERE key = ?", (machine,))[0]
    found = []
    for i in chosen:
        machine, agent, rung, *numbers, others, key = rows[i]
        smiles, design = about[machine]
        found.append(
            {
                "machine": machine,
                "smiles": smiles,
                "design": dict(json.loads(design)[0]),
                "agent": agent,
                "rung": rung,
                "evaluation": key,
                "objectives": _values(campaign, [numbers, *json.loads(others)]),
                "on_front": depth[i] == 0,
                "confirmed": _confirmed(campaign, again.get(machine), folder),
            }
        )
    return found


def _rank(row: tuple[Any, ...] | None) -> tuple[int, float]:
    """Confirmed machines by their second result, then those not run again, then those that failed it."""
    if row is None:
        return 1, 0.0
    if not row[1] or json.loads(row[8]).get("verdict") == "failed":
        return 2, 0.0
    return 0, -float(row[5])


def _values(campaign: Campaign, numbers: list[list[float]]) -> list[dict[str, Any]]:
    """Values and intervals of each objective in the sense in which they were asked for."""
    found = []
    for objective, (value, error, low, high) in zip(campaign.objectives, numbers, strict=True):
        if objective.sign < 0:
            value, low, high = -value, -high, -low
        found.append(
            {
                "expression": objective.expression,
                "value": finite_or_none(value),
                "error": finite_or_none(error),
                "ci95": [finite_or_none(low), finite_or_none(high)],
            }
        )
    return found


def _confirmed(campaign: Campaign, row: tuple[Any, ...] | None, folder: Path) -> dict[str, Any] | None:
    if row is None:
        return None
    machine, ok, reason, *numbers, others, controls, _ = row
    judged = json.loads(controls)
    place = folder / "machines" / machine[:12]
    return {
        "verified": bool(ok) and judged.get("verdict") not in (None, "failed"),
        "reason": reason,
        "objectives": _values(campaign, [numbers, *json.loads(others)]) if ok else [],
        "controls": judged,
        "run_dir": str(place) if place.is_dir() else None,
    }


def agents(ledger: Ledger) -> dict[str, dict[str, Any]]:
    """What each agent proposed, found and predicted."""
    found: dict[str, dict[str, Any]] = {}
    for agent, state, count in ledger.query(
        "SELECT agent, state, COUNT(*) FROM proposals GROUP BY agent, state"
    ):
        found.setdefault(agent, {"proposals": 0, "infeasible": 0, "repeats": 0, "evaluated": 0})
        found[agent]["proposals"] += count
        if state in ("infeasible", "repeat"):
            found[agent]["repeats" if state == "repeat" else state] = count
    for agent, count, best, seconds in ledger.query(
        "SELECT agent, COUNT(DISTINCT machine), MAX(low), SUM(seconds) FROM evaluations "
        "WHERE rung >= 0 GROUP BY agent"
    ):
        if agent in found:
            found[agent] |= {"evaluated": count, "best_low": best, "core_seconds": round(seconds, 3)}
    for agent, calibration in _calibrations(ledger).items():
        found[agent]["predictions"] = calibration.count
        found[agent]["coverage"] = finite_or_none(calibration.coverage)
        if calibration.count:
            found[agent]["mean_squared_z"] = calibration.squares / calibration.count
            found[agent]["surprise"] = calibration.surprise / calibration.count
            found[agent]["coverage_ci95"] = calibration.coverage_interval
    return found


def _calibrations(ledger: Ledger) -> dict[str, Calibration]:
    """Predictions against first-rung results; from the ledger's latest hundred thousand.

    With several objectives agents predict their own mixture of them, which no result can be held against.
    """
    rows = ledger.query(
        "SELECT p.agent, p.mean, p.sd, e.value, e.error FROM proposals p "
        "JOIN evaluations e ON e.machine = p.machine AND e.rung = 0 "
        "WHERE p.state = 'started' AND p.mean IS NOT NULL AND p.sd IS NOT NULL AND e.ok AND e.others = '[]' "
        "ORDER BY p.id DESC LIMIT 100000"
    )
    found: dict[str, Calibration] = {}
    for agent, mean, sd, value, error in rows:
        if value is not None and math.isfinite(value):
            found.setdefault(agent, Calibration()).record(mean, sd, value, error)
    return found


def history(ledger: Ledger) -> list[tuple[int, str, int, float, float, float, float]]:
    """(number, agent, rung, value, low, high, core seconds so far) of every evaluation with a value."""
    rows = ledger.query(
        "SELECT id, agent, rung, value, low, high, SUM(seconds) OVER (ORDER BY id), ok FROM evaluations "
        "WHERE rung >= 0 ORDER BY id"
    )
    return [row[:7] for row in rows if row[7]]
