"""A campaign's ledger as pandas frames."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from molmach.analysis.extras import require
from molmach.search.record.ledger import Ledger, reading
from molmach.search.record.summary import explanations
from molmach.spec import Campaign
from molmach.spec.campaign import load_campaign

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, eq=False)
class LedgerTables:
    """What a ledger held when it was read.

    Attributes
    ----------
    campaign
        The campaign's spec.
    proposals
        A row a proposal, in the order in which they were made: ``agent``, ``batch``, ``machine`` (key),
        ``rationale``, the agent's prediction ``mean`` and ``sd`` (greater is better), ``state``, ``reason``,
        ``made``, and the design, a column each (``design.NAME``).
    evaluations
        A row an evaluation, in the order in which they were finished: ``key``, ``machine``, ``smiles``,
        ``agent``, ``rung`` (-1: a confirmation), ``ok``, ``reason``, for each objective EXPR the columns
        ``EXPR``, ``EXPR.error``, ``EXPR.low`` and ``EXPR.high`` in the sense in which it was asked for,
        ``verdict`` of confirmations, ``seconds`` (of one core), ``steps``, ``reused``, ``finished``, and the
        design.
    events
        ``time``, ``kind``, ``who``, ``text``.
    samples
        A row a replica of every evaluation: ``evaluation`` (key), ``replica``, and a column a quantity.
    beliefs
        Agent -> what it said that it believes, when the campaign last ended; without agents that say nothing.
    """

    campaign: Campaign
    proposals: pandas.DataFrame
    evaluations: pandas.DataFrame
    events: pandas.DataFrame
    samples: pandas.DataFrame
    beliefs: dict[str, str]


def open_ledger(folder: str | Path) -> LedgerTables:
    """Read the ledger of a campaign's folder, finished or running.

    Raises
    ------
    CampaignError
        There is no ledger, or another format.
    MissingExtraError
        pandas is not installed.
    """
    pandas = require("pandas", "open_ledger")
    folder = Path(folder)
    with reading(folder) as ledger:
        campaign = load_campaign(folder / "campaign.yaml")
        return LedgerTables(
            campaign,
            _proposals(pandas, ledger),
            _evaluations(pandas, ledger, campaign),
            _events(pandas, ledger),
            _samples(pandas, ledger),
            explanations(ledger),
        )


def _proposals(pandas: Any, ledger: Ledger) -> Any:
    columns = ["agent", "batch", "machine", "rationale", "mean", "sd", "state", "reason", "made"]
    rows = ledger.query(f"SELECT id, design, {', '.join(columns)} FROM proposals ORDER BY id")
    frame = pandas.DataFrame([row[2:] for row in rows], columns=columns)
    frame["made"] = pandas.to_datetime(frame["made"], unit="s", utc=True)
    frame.index = pandas.Index([row[0] for row in rows], name="proposal")
    return frame.join(_designs(pandas, [row[1] for row in rows], frame.index))


def _evaluations(pandas: Any, ledger: Ledger, campaign: Campaign) -> Any:
    rows = ledger.query(
        "SELECT e.id, m.design, e.value, e.error, e.low, e.high, e.others, e.controls, e.key, e.machine, "
        "m.smiles, e.agent, e.rung, e.ok, e.reason, e.seconds, e.steps, e.reused, e.finished "
        "FROM evaluations e LEFT JOIN machines m ON m.key = e.machine ORDER BY e.id"
    )
    names = ("key", "machine", "smiles", "agent", "rung", "ok", "reason", "seconds", "steps", "reused")
    found = []
    for row in rows:
        numbers = [list(row[2:6]), *json.loads(row[6])]
        verdict = json.loads(row[7]).get("verdict", "")
        plain = dict(zip((*names, "finished"), row[8:], strict=True))
        found.append(plain | {"verdict": verdict} | _objectives(campaign, numbers))
    frame = pandas.DataFrame(found, columns=[*names, "finished", "verdict", *_objectives(campaign, [])])
    frame = frame.astype({"ok": bool, "reused": bool})
    frame["finished"] = pandas.to_datetime(frame["finished"], unit="s", utc=True)
    frame.index = pandas.Index([row[0] for row in rows], name="evaluation")
    return frame.join(_designs(pandas, [row[1] for row in rows], frame.index))


def _objectives(campaign: Campaign, numbers: list[list[float | None]]) -> dict[str, float | None]:
    """Value, error and bounds of each objective; the ledger's greater-is-better is turned back."""
    found: dict[str, float | None] = {}
    for number, objective in enumerate(campaign.objectives):
        value, error, low, high = numbers[number] if number < len(numbers) else [None] * 4
        if objective.sign < 0.0:
            value, low, high = (None if x is None else -x for x in (value, high, low))
        name = objective.expression
        found |= {name: value, f"{name}.error": error, f"{name}.low": low, f"{name}.high": high}
    return found


def _designs(pandas: Any, texts: list[str | None], index: Any) -> Any:
    values = [{} if text is None else dict(json.loads(text)[0]) for text in texts]
    frame = pandas.DataFrame(values, index=index)
    return frame.rename(columns=lambda name: f"design.{name}")


def _events(pandas: Any, ledger: Ledger) -> Any:
    rows = ledger.query("SELECT time, kind, who, text FROM events ORDER BY id")
    frame = pandas.DataFrame(rows, columns=["time", "kind", "who", "text"])
    frame["time"] = pandas.to_datetime(frame["time"], unit="s", utc=True)
    return frame


def _samples(pandas: Any, ledger: Ledger) -> Any:
    parts = []
    for key, text in ledger.query("SELECT key, samples FROM samples"):
        values = json.loads(text)
        if values:
            part = pandas.DataFrame(values)
            part.insert(0, "replica", range(len(part)))
            part.insert(0, "evaluation", key)
            parts.append(part)
    return (
        pandas.concat(parts, ignore_index=True)
        if parts
        else pandas.DataFrame({"evaluation": [], "replica": []})
    )
