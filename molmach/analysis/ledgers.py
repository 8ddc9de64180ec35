"""A campaign's ledger as pandas frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from molmach.analysis.extras import require
from molmach.search.record.ledger import Ledger, reading
from molmach.search.record.reader import WORDS
from molmach.search.record.trial import Measured
from molmach.search.space.design import Design
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
        ``EXPR``, ``EXPR.error``, ``EXPR.low`` and ``EXPR.high`` in the sense in which it was asked for (of a
        window also ``EXPR.utility`` and ``EXPR.probability`` that the true value is in it),
        ``verdict`` of confirmations, ``seconds`` (of one core), ``steps``, ``reused``, ``finished``, and the
        design.
    events
        ``time``, ``kind``, ``who``, ``text``.
    samples
        A row a replica of every evaluation: ``evaluation`` (key), ``replica``, and a column a quantity. One
        that is a number alone stands in the first row of its evaluation.
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
            ledger.explanations(),
        )


def _proposals(pandas: Any, ledger: Ledger) -> Any:
    columns = ["agent", "batch", "machine", "rationale", "mean", "sd", "state", "reason", "made"]
    trials = list(ledger.trials())
    rows = [
        (t.agent, t.batch, t.machine or None, t.rationale, t.mean, t.sd,
         WORDS[t.state], t.reason, t.made)
        for t in trials
    ]  # fmt: skip
    frame = pandas.DataFrame(rows, columns=columns)
    frame["made"] = pandas.to_datetime(frame["made"], unit="s", utc=True)
    frame.index = pandas.Index([t.number for t in trials], name="proposal")
    return frame.join(_designs(pandas, [t.design for t in trials], frame.index))


def _evaluations(pandas: Any, ledger: Ledger, campaign: Campaign) -> Any:
    findings, smiles, designs = list(ledger.findings()), ledger.smiles(), ledger.designs()
    names = ("key", "machine", "agent", "rung", "ok", "reason", "seconds", "steps", "reused", "finished")
    columns = [*names[:2], "smiles", *names[2:], "verdict", *_objectives(campaign, [])]
    rows = []
    for finding in findings:
        numbers = finding.measured
        plain = {name: getattr(finding, name) for name in names}
        about = {"smiles": smiles.get(finding.machine), "verdict": finding.controls.get("verdict", "")}
        rows.append(plain | about | _objectives(campaign, numbers))
    frame = pandas.DataFrame(rows, columns=columns).astype({"ok": bool, "reused": bool})
    frame["finished"] = pandas.to_datetime(frame["finished"], unit="s", utc=True)
    frame.index = pandas.RangeIndex(1, len(findings) + 1, name="evaluation")
    return frame.join(_designs(pandas, [designs.get(f.machine) for f in findings], frame.index))


def _objectives(campaign: Campaign, numbers: Sequence[Measured]) -> dict[str, float | None]:
    """Value, error and bounds of each objective; the ledger's greater-is-better is turned back."""
    columns: dict[str, float | None] = {}
    for number, objective in enumerate(campaign.objectives):
        m = numbers[number] if number < len(numbers) else None
        value, error, low, high = (None,) * 4 if m is None else m.asked(objective.sign)
        name = objective.expression
        columns |= {name: value, f"{name}.error": error, f"{name}.low": low, f"{name}.high": high}
        if objective.bounds:
            seen = None if m is None else m.seen
            columns[f"{name}.utility"] = None if m is None else m.value
            columns[f"{name}.probability"] = None if seen is None else seen.probability
    return columns


def _designs(pandas: Any, designs: Sequence[Design | None], index: Any) -> Any:
    values = [{} if design is None else dict(design.values) for design in designs]
    frame = pandas.DataFrame(values, index=index)
    return frame.rename(columns=lambda name: f"design.{name}")


def _events(pandas: Any, ledger: Ledger) -> Any:
    rows = [(event.time, event.kind, event.who, event.text) for event in ledger.events()]
    frame = pandas.DataFrame(rows, columns=["time", "kind", "who", "text"])
    frame["time"] = pandas.to_datetime(frame["time"], unit="s", utc=True)
    return frame


def _samples(pandas: Any, ledger: Ledger) -> Any:
    parts = []
    for key, values in ledger.all_samples():
        part = pandas.DataFrame({name: pandas.Series(v, dtype=float) for name, v in values.items()})
        part.insert(0, "replica", range(len(part)))
        part.insert(0, "evaluation", key)
        parts.append(part)
    return (
        pandas.concat(parts, ignore_index=True)
        if parts
        else pandas.DataFrame({"evaluation": [], "replica": []})
    )
