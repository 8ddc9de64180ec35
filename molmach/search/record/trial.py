"""A trial: one proposal on its whole way, from what an agent said to what its evaluations found.

Trials are frozen: whoever changes one has another one, and what was handed out stays what it was.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from molmach.search.space.design import Design

CONFIRMATION = -1
"""The rung of a confirmation, which stands beside the ladder."""

Opinion = tuple[float | None, float | None]
"""Predicted mean and standard deviation of an objective's true value; None where there is no opinion."""

Opinions = tuple[Opinion, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """The value behind a utility, of an objective with a window or a target: it is what people read.

    Attributes
    ----------
    value, error, low, high
        The value, its standard error and 95 % interval, in the quantity's unit.
    inside
        Whether the value lies in the window; of a target whether the interval holds it.
    reaches
        Whether the interval reaches the window.
    probability
        That the true value lies in the window, by the value's own error; None of a target.
    """

    value: float
    error: float
    low: float
    high: float
    inside: bool
    reaches: bool
    probability: float | None


@dataclass(frozen=True, slots=True)
class Measured:
    """A value with its standard error and 95 % interval; ``seen`` where it is the utility of another one."""

    value: float
    error: float
    low: float
    high: float
    seen: Seen | None = None

    def asked(self, sign: float) -> tuple[float, float, float, float]:
        """Value, error and interval in the sense in which they were asked for.

        Parameters
        ----------
        sign
            -1 of an objective that is minimised.
        """
        if self.seen is not None:
            return self.seen.value, self.seen.error, self.seen.low, self.seen.high
        if sign > 0.0:
            return self.value, self.error, self.low, self.high
        return -self.value, self.error, -self.high, -self.low

    @property
    def defined(self) -> bool:
        """Whether value and error are numbers."""
        return math.isfinite(self.value) and math.isfinite(self.error)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one evaluation of a machine found.

    Attributes
    ----------
    key
        sha256 of all that its numbers depend on.
    machine, agent
        Key of the machine in the space, and who proposed it.
    rung
        How much effort went into it, from 0; :data:`CONFIRMATION` for the winners' second run.
    reason
        Why it failed; '' where it did not.
    measured
        Each objective in a sense in which greater is better; empty where it failed.
    seconds
        Core seconds; 0 where it was reused.
    steps
        Integration steps of all replicas together.
    reused
        Whether another campaign had done it.
    finished
        Seconds since the epoch.
    seed
        Of its random numbers.
    controls
        Of a confirmation: verdict, and whether each control passed.
    code
        Digest of the code that computed it; '' where that is not known.
    """

    key: str
    machine: str
    agent: str
    rung: int
    reason: str
    measured: tuple[Measured, ...]
    seconds: float
    steps: int
    reused: bool
    finished: float
    seed: int = 0
    controls: Mapping[str, Any] = field(default_factory=dict)
    code: str = ""

    @property
    def ok(self) -> bool:
        """Whether it gave numbers."""
        return not self.reason


class State(StrEnum):
    """Where a trial stands."""

    PROPOSED = "proposed"
    """An agent has named the design, and nobody has looked at it."""
    QUEUED = "queued"
    """A machine that nobody had proposed; it waits to be started."""
    RUNNING = "running"
    """Its first evaluation is under way."""
    COMPLETE = "complete"
    """Its last evaluation gave numbers; a longer one may follow on a higher rung."""
    FAILED = "failed"
    """Its last evaluation gave none."""
    INFEASIBLE = "infeasible"
    """The design is no machine of the space."""
    REPEAT = "repeat"
    """The design is a machine that was proposed before."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One proposal and all that came of it.

    Attributes
    ----------
    number
        From 1, in the order in which proposals were made; 0 before it is in the ledger.
    agent, batch
        Who proposed it, and how often that agent had answered before.
    design, rationale
        What was proposed, and why.
    mean, sd
        The agent's prediction of the true value of the first objective and its standard deviation; None where
        it had no opinion.
    state
        Where it stands.
    reason
        Why it is infeasible or has failed; '' otherwise.
    machine, smiles
        Key of the machine in the space, and its molecules without map numbers; '' where the design is none.
    made
        Seconds since the epoch.
    findings
        What its evaluations found, in the order in which they came, one a rung.
    confirmation
        What its second run with controls found; None where there was none.
    others
        Predictions of the further objectives, as ``mean`` and ``sd`` of the first; one an objective.
    """

    number: int
    agent: str
    batch: int
    design: Design
    rationale: str = ""
    mean: float | None = None
    sd: float | None = None
    state: State = State.PROPOSED
    reason: str = ""
    machine: str = ""
    smiles: str = ""
    made: float = 0.0
    findings: tuple[Finding, ...] = ()
    confirmation: Finding | None = None
    others: Opinions = ()

    @property
    def opinions(self) -> Opinions:
        """(mean, sd) predicted of each objective, the first included."""
        return ((self.mean, self.sd), *self.others)

    @property
    def finding(self) -> Finding | None:
        """What the longest evaluation found: that of the highest rung; None before the first."""
        return max(self.findings, key=lambda finding: finding.rung, default=None)

    @property
    def rung(self) -> int:
        """The highest rung that was measured; 0 before the first."""
        return 0 if (finding := self.finding) is None else finding.rung

    @property
    def values(self) -> tuple[float, ...]:
        """Of each objective on the highest rung, greater is better; empty where nothing could be measured."""
        return () if (finding := self.finding) is None else tuple(m.value for m in finding.measured)

    @property
    def errors(self) -> tuple[float, ...]:
        """Standard errors of :attr:`values`."""
        return () if (finding := self.finding) is None else tuple(m.error for m in finding.measured)

    @property
    def feasible(self) -> bool:
        """Whether it is a machine that could be built and measured, as far as is known."""
        return self.state not in (State.INFEASIBLE, State.FAILED)

    def queued(self, machine: str, smiles: str) -> Trial:
        """The trial of a machine that nobody had proposed."""
        return replace(self, state=State.QUEUED, machine=machine, smiles=smiles)

    def refused(self, state: State, reason: str = "", machine: str = "") -> Trial:
        """The trial of a design that is no machine, or one that was proposed before."""
        return replace(self, state=state, reason=reason, machine=machine)

    def started(self) -> Trial:
        """The trial, its first evaluation under way."""
        return replace(self, state=State.RUNNING)

    def found(self, finding: Finding) -> Trial:
        """The trial after one more evaluation; a confirmation changes no state."""
        if finding.rung == CONFIRMATION:
            return replace(self, confirmation=finding)
        findings = (*self.findings, finding)
        longest = max(findings, key=lambda one: one.rung)
        state = State.COMPLETE if longest.ok else State.FAILED
        return replace(self, findings=findings, state=state, reason=longest.reason)
