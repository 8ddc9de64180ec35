"""What a campaign has come to, as plain values: the search reads it from its record, the report draws it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molmach.spec import Campaign

TEAM = ""
"""Stands for all agents together where others stand under their names."""

Floats = NDArray[np.float64]


@dataclass
class Curve:
    """The best bound so far against what was spent; only the points where it changes, and the last.

    Attributes
    ----------
    evaluations, seconds
        Spent so far: number, core seconds.
    bound
        Lower 95 % bound of the best machine, greater is better.
    """

    evaluations: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    bound: list[float] = field(default_factory=list)

    def add(self, evaluations: int, seconds: float, bound: float) -> None:
        """Append a point; parameters as the attributes."""
        self.evaluations.append(evaluations)
        self.seconds.append(seconds)
        self.bound.append(bound)


@dataclass
class Cost:
    """What one agent spent on one rung: evaluations, those of them that failed, core seconds."""

    evaluations: int = 0
    failed: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class RungCosts:
    """What was spent on one rung.

    Attributes
    ----------
    rung
        Its number, from 0; None for the confirmation.
    by_agent
        Agent -> its share.
    standing
        Machines whose longest run it was.
    """

    rung: int | None
    by_agent: Mapping[str, Cost]
    standing: int


@dataclass(frozen=True, eq=False)
class Standing:
    """Every machine by its longest run that gave all objectives, greater is better.

    Attributes
    ----------
    values, lows, highs
        (n_machines, n_objectives) values and the bounds of their 95 % intervals.
    on_front
        (n_machines,) whether its lower bounds are dominated by no other machine's.
    confirmed
        (n_machines,) whether its second run bore it out; not where that failed or left it open.
    """

    values: Floats
    lows: Floats
    highs: Floats
    on_front: NDArray[np.bool_]
    confirmed: NDArray[np.bool_]


@dataclass(frozen=True)
class Failures:
    """What went wrong: (what failed, why, how often), the most frequent first; ``more`` reasons are rarer."""

    rows: tuple[tuple[str, str, int], ...]
    more: int


@dataclass(frozen=True)
class Judgement:
    """What a machine's second run says of it.

    Attributes
    ----------
    verified
        Whether the machine has passed it.
    label
        That in a word or two.
    open
        Whether something is left open, though it has passed.
    sentence
        What that rests on; where it has not passed, why, without a full stop.
    """

    verified: bool
    label: str
    open: bool
    sentence: str


@dataclass(frozen=True, eq=False)
class CampaignSummary:
    """A campaign and what it has come to, finished or not.

    Attributes
    ----------
    campaign
        Its spec.
    document
        State, counts, best machines and agents: the JSON document ``molmach.campaign/1``.
    units, parameter_units
        Of each objective, and of each parameter of the space; '' where there is none or none is known.
    space
        The designs, counted and in words.
    curves
        For each objective, each agent's best bound against its own costs and :data:`TEAM`'s against all.
    standing
        All machines by their longest runs.
    spent, finds
        Agent -> its evaluations without confirmations, and how many of its machines came out among the best
        tenth of those before them.
    costs
        By rung, the confirmation last.
    efforts
        Rung -> what a machine gets there, in the evaluation's words; None: in the confirmation.
    judgements
        Key of a machine that was run again -> what that says of it.
    predictions
        Of each objective, agent -> (n, 5) of predicted mean and standard deviation of the true value,
        measured value and its error, and half the width of the range in which 95 % of the measurements lie
        of an honest agent.
    theory
        Of each objective the same of what theory said.
    failures
        By reason.
    explanations
        Agent -> what it said that it believes.
    driven
        Velocity (``value``, ``ci95``, ``unit``) of the best machine in its confirmation; None if it had none.
    events
        (UTC time, kind, text) of the latest starts and ends.
    sessions
        ``executor`` and ``versions`` of each start of the campaign, where they had changed.
    ledger
        Name of its record's file.
    windows
        Of each objective the window or target (both ends the same) in its unit, and whether distances are in
        decades; None where more or less is better, or the evaluation is not there any more.
    assumed
        What the evaluation's numbers rest on, a sentence each.
    """

    campaign: Campaign
    document: Mapping[str, Any]
    units: tuple[str, ...]
    parameter_units: Mapping[str, str]
    space: str
    curves: tuple[Mapping[str, Curve], ...]
    standing: Standing
    spent: Mapping[str, int]
    finds: Mapping[str, int]
    costs: tuple[RungCosts, ...]
    efforts: Mapping[int | None, str]
    judgements: Mapping[str, Judgement]
    predictions: tuple[Mapping[str, Floats], ...]
    theory: tuple[Floats, ...]
    failures: Failures
    explanations: Mapping[str, str]
    driven: Mapping[str, Any] | None
    events: tuple[tuple[str, str, str], ...]
    sessions: tuple[Mapping[str, Any], ...]
    ledger: str
    windows: tuple[tuple[float, float, bool] | None, ...] = ()
    assumed: tuple[str, ...] = ()
