"""What a ledger answers with, where it is no trial and no finding."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Event:
    """Something that happened: seconds since the epoch, what, to whom, and in words."""

    number: int
    time: float
    kind: str
    who: str
    text: str

    @property
    def words(self) -> str:
        """To whom, and in words."""
        return ": ".join(part for part in (self.who, self.text) if part)


@dataclass(frozen=True)
class Totals:
    """Sums over all evaluations but confirmations, which are counted beside them.

    ``seconds`` are core seconds; ``reused`` those that another campaign had done.
    """

    evaluations: int
    failed: int
    seconds: float
    steps: int
    reused: int
    confirmations: int


@dataclass(frozen=True)
class Spent:
    """What one agent's machines have cost: their number, their best lower bound, core seconds."""

    machines: int
    best_low: float | None
    seconds: float


@dataclass(frozen=True)
class Prediction:
    """What an agent had predicted of a machine's true value, and what the first rung gave.

    ``objective`` is the number of the objective, from 0; ``error`` the standard error of the measured
    ``value``, and ``low`` and ``high`` its 95 % interval.
    """

    agent: str
    mean: float
    sd: float
    value: float
    error: float
    low: float
    high: float
    objective: int = 0


@dataclass(frozen=True)
class Foretold:
    """What theory says of a machine.

    Attributes
    ----------
    means, sds
        Of each objective, greater is better; None where theory says nothing.
    model
        Where that comes from, in a line.
    """

    means: tuple[float | None, ...]
    sds: tuple[float | None, ...]
    model: str


@dataclass(frozen=True)
class Failure:
    """A reason for which something failed, and how often it did.

    ``what`` is ``evaluation``, ``proposal``, ``worker``, ``agent`` or ``estimator``.
    """

    what: str
    reason: str
    count: int
