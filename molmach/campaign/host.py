"""The place of one agent: what it was told, and what it says, made safe for the driver."""

from __future__ import annotations

import itertools
import math
import numbers
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from molmach.campaign.agent import Finding, Proposal, View
from molmach.campaign.design import Design, Value
from molmach.campaign.registry import make_agent
from molmach.campaign.space import Space
from molmach.spec import Campaign

LONGEST = 20_000
"""Characters of a design, of an error and of what an agent believes."""


@dataclass(frozen=True)
class Answer:
    """What an agent said when it was asked for proposals; ``error`` where it failed instead."""

    agent: str
    proposals: tuple[Proposal, ...] = ()
    error: str = ""


@dataclass(frozen=True)
class Question:
    """A call for proposals, with what is new since the last one.

    Attributes
    ----------
    batch
        How often the agent has answered before.
    n
        Proposals that are wanted.
    budget_left
        Share of the budget.
    findings, taken
        Results, and machines proposed by anyone, since the agent's last question; all of them for an
        agent that was started anew.
    """

    batch: int
    n: int
    budget_left: float
    findings: tuple[Finding, ...] = ()
    taken: tuple[str, ...] = ()


class Host:
    """One agent with its own copy of the space and of what was found.

    Parameters
    ----------
    campaign
        Whose agent it is.
    index
        Of the agent in the campaign's list.
    folder
        Where relative files of agents start.
    """

    def __init__(self, campaign: Campaign, index: int, folder: Path) -> None:
        self._space = Space(campaign)
        self._agent = make_agent(campaign.agents[index], self._space, folder)
        words = np.random.SeedSequence(campaign.seed, spawn_key=(index,)).generate_state(2, np.uint32)
        self._seed = int(words[0]) << 32 | int(words[1])
        self._findings: list[Finding] = []
        self._taken: dict[str, None] = {}

    def ask(self, question: Question) -> list[Proposal]:
        """The agent's proposals."""
        proposals = self._agent.propose(self._view(question), question.n)
        return [checked(proposal) for proposal in itertools.islice(proposals, question.n)]

    def explain(self, question: Question) -> str:
        """What the agent believes, in plain words; '' where it has none."""
        view = self._view(question)
        explain = getattr(self._agent, "explain", None)
        return str(explain(view))[:LONGEST] if callable(explain) else ""

    def _view(self, question: Question) -> View:
        """What the agent sees, after it was told the news."""
        self._findings += question.findings
        self._taken |= dict.fromkeys(question.taken)
        if question.findings:
            self._agent.observe(question.findings)
        taken = self._taken.keys()
        return View(self._space, self._findings, taken, question.budget_left, question.batch, self._seed)


def checked(proposal: object) -> Proposal:
    """A proposal made anew from plain values, so that nothing of an agent's own gets into the driver.

    A prediction that is not a number is none.

    Raises
    ------
    TypeError, ValueError
        It is not a proposal of a design.
    """
    if not isinstance(proposal, Proposal) or not isinstance(proposal.design, Design):
        raise TypeError(f"proposed {str(proposal)[:100]!r}; expected a Proposal of a Design")
    design = Design(
        tuple(sorted((str(name), _plain(value)) for name, value in proposal.design.values)),
        tuple(sorted((str(path), str(smiles)) for path, smiles in proposal.design.edited)),
    )
    if len(design.to_json()) > LONGEST:
        raise ValueError(f"proposed a design of more than {LONGEST} characters; expected a machine")
    mean, sd = _number(proposal.mean), _number(proposal.sd)
    known = mean is not None and sd is not None and sd >= 0.0
    return Proposal(design, str(proposal.rationale)[:500], *((mean, sd) if known else (None, None)))


def _plain(value: object) -> Value:
    if isinstance(value, str):
        return str(value)
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value)
    raise TypeError(f"proposed the value {str(value)[:100]!r}; expected a name or a number")


def _number(value: object) -> float | None:
    number = None if value is None else float(value)  # type: ignore[arg-type]
    return number if number is not None and math.isfinite(number) else None
