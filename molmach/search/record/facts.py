"""What a campaign knows, as facts that words may speak of (:mod:`molmach.words`)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from molmach.search.record.ledger import Ledger
from molmach.search.record.rows import Foretold
from molmach.search.record.trial import CONFIRMATION, Finding, State, Trial
from molmach.spec import Campaign
from molmach.spec.campaign import Objective
from molmach.words import Fact, Facts, Source, facts_of_settings

_NORMAL = 1.959963984540054
_CONTROLS = {"undriven": Source.UNDRIVEN, "mirror": Source.MIRROR}
_LEFT_OUT = frozenset({"machine", "fragments", "agents", "constraints"})
"""Sections of a campaign in which no number is that of a result or of a condition."""


def facts_of(
    trials: Sequence[Trial],
    campaign: Campaign,
    units: Sequence[str],
    foretold: Mapping[str, Foretold] | None = None,
    current: str = "",
) -> Facts:
    """Everything that may be said of a campaign's machines.

    Parameters
    ----------
    trials
        With their findings.
    campaign
        Whose they are.
    units
        Of each objective; '' where there is none.
    foretold
        Machine -> what theory says of it, greater being better.
    current
        Key of the machine that is ``it`` and ``this``.
    """
    facts: list[Fact] = [*_settings(campaign), *_counts(trials)]
    names: dict[str, tuple[str, ...]] = {}
    designs: dict[str, dict[str, str]] = {}
    seen: set[str] = set()
    for trial in trials:
        if not trial.machine:
            continue
        key = trial.machine
        names[key] = tuple(
            dict.fromkeys((*names.get(key, ()), f"#{trial.number}", *([trial.smiles] * bool(trial.smiles))))
        )
        facts += _predicted(trial, campaign, units)
        if key in seen:
            continue
        seen.add(key)
        designs[key] = {name: str(value) for name, value in trial.design.values}
        facts += facts_of_settings(dict(trial.design.values), f"trial {trial.number}", key)
        facts += _parameters(trial, campaign)
        longest = trial.finding
        for finding in (*trial.findings, *([trial.confirmation] if trial.confirmation else [])):
            superseded = longest is not None and 0 <= finding.rung < longest.rung
            facts += _measured(finding, trial, campaign, units, superseded)
    numbers = {trial.machine: trial.number for trial in reversed(trials) if trial.machine}
    for key, said in (foretold or {}).items():
        facts += _foretold(key, said, numbers.get(key, 0), campaign, units)
    return Facts(tuple(facts), names, designs, current, leaders(trials))


def facts_of_ledger(ledger: Ledger, campaign: Campaign, units: Sequence[str]) -> Facts:
    """Everything that may be said of a campaign, confirmations included.

    Parameters
    ----------
    ledger, campaign
        Of the campaign.
    units
        Of each objective; '' where there is none.
    """
    return facts_of(trials_of(ledger), campaign, units, ledger.foretold())


def trials_of(ledger: Ledger) -> list[Trial]:
    """All trials of a ledger with what was found of them."""
    findings: dict[str, list[Finding]] = {}
    for finding in ledger.findings():
        findings.setdefault(finding.machine, []).append(finding)
    trials = []
    for trial in ledger.trials():
        if trial.state is not State.INFEASIBLE:
            for finding in findings.get(trial.machine, ()):
                state = trial.state
                trial = trial.found(finding)
                trial = replace(trial, state=state) if state is State.REPEAT else trial
        trials.append(trial)
    return trials


def leaders(trials: Iterable[Trial]) -> frozenset[str]:
    """Machines that may be called the best: by their value, and by their lower bound."""
    rows = [(t, f.measured[0]) for t in trials if t.feasible and (f := t.finding) is not None and f.measured]
    if not rows:
        return frozenset()
    best = {
        max(rows, key=lambda row: row[1].value)[0].machine,
        max(rows, key=lambda row: row[1].low)[0].machine,
    }
    return frozenset(best)


def _settings(campaign: Campaign) -> Iterator[Fact]:
    content = {k: v for k, v in campaign.model_dump(mode="json").items() if k not in _LEFT_OUT}
    yield from facts_of_settings(content, "campaign")


def _parameters(trial: Trial, campaign: Campaign) -> Iterator[Fact]:
    """Numbers of a design that have the unit of their parameter's bounds."""
    units = {
        fact.name.rpartition(".")[0]: fact.unit for fact in _settings(campaign) if fact.name.endswith(".low")
    }
    for name, value in trial.design.values:
        unit = units.get(f"space.parameters.{name}")
        if unit and isinstance(value, int | float):
            number = float(value)
            reference = f"trial {trial.number}: {name}"
            yield Fact(name, number, number, number, unit, reference, Source.INPUT, trial.machine)


def _counts(trials: Sequence[Trial]) -> Iterator[Fact]:
    machines = {t.machine: t for t in trials if t.machine and t.findings}
    findings = [f for t in machines.values() for f in t.findings]
    counts = {
        "proposals": len(trials),
        "evaluations": len(findings),
        "machines": len({t.machine for t in trials if t.machine}),
        "measured": sum(any(f.ok for f in t.findings) for t in machines.values()),
        "failed": sum(not f.ok for f in findings),
        "failures": sum(not f.ok for f in findings),
        "confirmed": sum(t.confirmation is not None for t in machines.values()),
        "confirmations": sum(t.confirmation is not None for t in machines.values()),
    }
    for name, count in counts.items():
        yield Fact(name, count, count, count, "", f"ledger: {name}", Source.COUNT)


def _measured(
    finding: Finding, trial: Trial, campaign: Campaign, units: Sequence[str], superseded: bool
) -> Iterator[Fact]:
    again = finding.rung == CONFIRMATION
    where = f"trial {trial.number}, {'confirmation' if again else f'rung {finding.rung}'}"
    source = Source.CONFIRMED if again else Source.MEASURED
    for objective, unit, m in zip(campaign.objectives, units, finding.measured, strict=False):
        value, error, low, high = m.asked(objective.sign)
        name, key = objective.expression, finding.machine
        yield Fact(name, value, low, high, unit, where, source, key, error, True, superseded)
        if m.seen is not None:
            yield Fact("utility", m.value, m.low, m.high, "", where, source, finding.machine, m.error)
            if m.seen.probability is not None:
                p = m.seen.probability
                yield Fact("probability", p, p, p, "1", where, source, finding.machine)
    for name, control in _CONTROLS.items():
        yield from _control(finding.controls.get(name), f"{where}, {name}", control, finding.machine)


def _control(content: Any, where: str, source: Source, machine: str) -> Iterator[Fact]:
    if not isinstance(content, Mapping):
        return
    for name, said in content.items():
        if isinstance(said, Mapping) and isinstance(said.get("value"), int | float):
            value = float(said["value"])
            low, high = _bounds(said.get("ci95"), value)
            yield Fact(
                str(name), value, low, high, str(said.get("unit", "")), where, source, machine, goal=True
            )
        elif name == "p_value" and isinstance(said, int | float):
            p = float(said)
            yield Fact("p_value", p, p, p, "1", where, source, machine)


def _bounds(interval: Any, value: float) -> tuple[float, float]:
    try:
        low, high = (float(end) for end in interval)
    except (TypeError, ValueError):
        return value, value
    return low, high


def _predicted(trial: Trial, campaign: Campaign, units: Sequence[str]) -> Iterator[Fact]:
    for objective, unit, (mean, sd) in zip(campaign.objectives, units, trial.opinions, strict=False):
        if mean is not None and math.isfinite(mean):
            where = f"trial {trial.number}, prediction of {trial.agent}"
            yield forecast(objective, unit, mean, sd, where, Source.PREDICTED, trial.machine)


def forecast(
    objective: Objective, unit: str, mean: float, sd: float | None, where: str, source: Source, machine: str
) -> Fact:
    """A forecast as a fact, in the sense in which its objective was asked for.

    Parameters
    ----------
    objective, unit
        What is foretold.
    mean, sd
        Greater being better; of an objective with a window it is the utility that is foretold.
    where, source, machine
        As of every fact.
    """
    bounded = bool(objective.bounds)
    value = mean if bounded else objective.sign * mean
    error = sd if sd is not None and math.isfinite(sd) else 0.0
    low, high = value - _NORMAL * error, value + _NORMAL * error
    name, unit = ("utility", "") if bounded else (objective.expression, unit)
    return Fact(name, value, low, high, unit, where, source, machine, error, goal=True)


def _foretold(
    key: str, said: Foretold, number: int, campaign: Campaign, units: Sequence[str]
) -> Iterator[Fact]:
    for objective, unit, mean, sd in zip(campaign.objectives, units, said.means, said.sds, strict=False):
        if mean is not None and math.isfinite(mean):
            where = f"trial {number}, theory" if number else "theory"
            yield forecast(objective, unit, mean, sd, where, Source.THEORY, key)
