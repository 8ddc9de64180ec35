"""What a campaign's report shows, read from its ledger, whatever state the campaign is in."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from molmach.building import kind_of
from molmach.data.campaign import CampaignSummary, Failures, Floats, RungCosts, Standing
from molmach.errors import SpecError
from molmach.scoring.motion import VELOCITY
from molmach.search.loop.evaluation import CONFIRMATION
from molmach.search.loop.quantities import unit_of
from molmach.search.loop.racing import fronts
from molmach.search.record import progress, results
from molmach.search.record.ledger import Entry, Ledger
from molmach.search.space.design import Numeric
from molmach.search.space.space import Space
from molmach.spec import Campaign

_LISTED = (10, 40)
_REASON = 160
_REASONS = 15
_EVENTS = 20


def summary(ledger: Ledger, campaign: Campaign, folder: Path) -> CampaignSummary:
    """A campaign and what it has come to.

    Parameters
    ----------
    ledger, campaign, folder
        Of the campaign.
    """
    entries = list(ledger.entries())
    confirmed = {entry.machine for entry in entries if entry.rung == CONFIRMATION}
    document = results.document(ledger, campaign, folder, min(max(_LISTED[0], len(confirmed)), _LISTED[1]))
    standing = progress.standing(entries, len(campaign.objectives))
    searched = [entry for entry in entries if entry.rung != CONFIRMATION]
    units = _units(campaign)
    return CampaignSummary(
        campaign=campaign,
        document=document,
        units=units,
        parameter_units={
            name: Numeric.of(name, bounds).unit for name, bounds in campaign.space.parameters.items()
        },
        space=space_in_words(campaign),
        curves=tuple(progress.best_so_far(entries, k) for k in range(len(units))),
        standing=_standing(standing, confirmed, len(units)),
        spent=Counter(entry.agent for entry in searched),
        finds=progress.finds(entries),
        costs=_costs(entries, standing),
        predictions=predictions(ledger),
        failures=failures(ledger),
        explanations=explanations(ledger),
        driven=_driven(ledger, document["best"]),
        events=_events(ledger),
        sittings=tuple(json.loads(ledger.noted("sittings") or "[]")),
        ledger=ledger.path.name,
    )


def _units(campaign: Campaign) -> tuple[str, ...]:
    motion = kind_of(str(campaign.machine["kind"])).coordinate.scale.unit
    return tuple(unit_of(objective.expression, motion) for objective in campaign.objectives)


def _standing(entries: Sequence[Entry], confirmed: set[str], objectives: int) -> Standing:
    numbers = np.array([[(m.value, m.low, m.high) for m in entry.measured] for entry in entries])
    values, lows, highs = np.moveaxis(numbers.reshape(len(entries), objectives, 3), -1, 0)
    again = np.array([entry.machine in confirmed for entry in entries], dtype=bool)
    return Standing(values, lows, highs, np.array(fronts(lows, 1)) == 0, again)


def _costs(entries: Sequence[Entry], standing: Sequence[Entry]) -> tuple[RungCosts, ...]:
    reached = Counter(entry.rung for entry in standing)
    return tuple(
        RungCosts(None if rung == CONFIRMATION else rung, by_agent, reached[rung])
        for rung, by_agent in progress.costs(entries).items()
    )


def _driven(ledger: Ledger, best: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """The best machine's own velocity in its confirmation."""
    again = best[0]["confirmed"] if best else None
    if again is None:
        return None
    key = ledger.query("SELECT key FROM evaluations WHERE machine = ? AND rung = -1", (best[0]["machine"],))
    samples = ledger.samples(key[0][0]).get("velocity", []) if key else []
    unit = next(
        (part["velocity"]["unit"] for part in again["controls"].values() if isinstance(part, dict)), ""
    )
    if len(samples) > 1:
        return replace(VELOCITY, unit=unit).estimate({"velocity": samples}).to_json()
    first = again["objectives"][0] if again["objectives"] else None
    return {**first, "unit": unit} if first is not None and first["expression"] == "velocity" else None


def _events(ledger: Ledger) -> tuple[tuple[str, str, str], ...]:
    rows = ledger.query(
        "SELECT datetime(time, 'unixepoch'), kind, text FROM events "
        f"WHERE kind IN ('started', 'stopped', 'finished') ORDER BY id DESC LIMIT {_EVENTS}"
    )
    return tuple((str(time), str(kind), str(text)) for time, kind, text in reversed(rows))


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


def predictions(ledger: Ledger) -> dict[str, Floats]:
    """Each agent's predictions and what the first rung gave: (n, 4) of mean, sd, value, error.

    Predictions are of the first objective, so there are none to compare where there are several.
    """
    rows = ledger.query(
        "SELECT p.agent, p.mean, p.sd, e.value, e.error FROM proposals p "
        "JOIN evaluations e ON e.machine = p.machine AND e.rung = 0 WHERE p.state = 'started' "
        "AND p.mean IS NOT NULL AND p.sd IS NOT NULL AND e.ok AND e.value IS NOT NULL AND e.others = '[]' "
        "ORDER BY p.id"
    )
    found: dict[str, list[Sequence[float]]] = {}
    for agent, *numbers in rows:
        if all(x is not None and math.isfinite(x) for x in numbers):
            found.setdefault(agent, []).append(numbers)
    return {agent: np.array(numbers) for agent, numbers in found.items()}


def failures(ledger: Ledger) -> Failures:
    """What went wrong, and how often.

    Reasons that differ only after their first colon are counted as one.
    """
    counted: Counter[tuple[str, str]] = Counter()
    for what, query in (
        ("evaluation", "SELECT reason, COUNT(*) FROM evaluations WHERE NOT ok GROUP BY reason"),
        ("proposal", "SELECT reason, COUNT(*) FROM proposals WHERE state = 'infeasible' GROUP BY reason"),
        ("worker", "SELECT text, COUNT(*) FROM events WHERE kind = 'lost' GROUP BY text"),
        ("agent", "SELECT who || ': ' || text, COUNT(*) FROM events "
         "WHERE kind IN ('agent_failed', 'agent_benched') GROUP BY who, text"),
    ):  # fmt: skip
        for reason, count in ledger.query(query):
            text = str(reason) if what == "agent" else str(reason).partition(":")[0]
            counted[what, text.strip()[:_REASON] or "no reason given"] += count
    rows = [(what, reason, count) for (what, reason), count in counted.most_common()]
    return Failures(tuple(rows[:_REASONS]), max(0, len(rows) - _REASONS))


def explanations(ledger: Ledger) -> dict[str, str]:
    """What each agent said it believes, by agent."""
    rows = ledger.query("SELECT key, value FROM meta WHERE key LIKE 'explained %' ORDER BY key")
    return {key.removeprefix("explained "): value for key, value in rows if value.strip()}
