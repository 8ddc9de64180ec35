"""Running one agent: what it was told, and what it says, made safe for the driver."""

from __future__ import annotations

import contextlib
import itertools
import math
import numbers
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from molmach.errors import PluginError
from molmach.search.agents.exploration import promised, space_filling, wanted
from molmach.search.agents.hindsight import Hindsight
from molmach.search.agents.interface import Agent, Exchange, Goal, Proposal, View
from molmach.search.agents.registry import make_agent
from molmach.search.agents.saying import Saying
from molmach.search.agents.theory import Theory
from molmach.search.record.trial import Opinion, Trial
from molmach.search.space.design import Design, Value
from molmach.search.space.space import Space
from molmach.search.strangers import OURS, described
from molmach.search.wanted import Window
from molmach.spec import Campaign
from molmach.words import unmarked

LONGEST_TALK = 20_000
"""Characters of a prompt, and of a reply of a language model, that are kept."""

_MOST_EXCHANGES = 50
"""Exchanges with a language model that are kept of one answer."""

LONGEST = 5_000
"""Characters of a design, and of what an agent believes."""


class AgentFailedError(Exception):
    """What stands for an agent's answer where it raised or said nonsense; its text says what."""


class AgentUnusableError(AgentFailedError):
    """It can't even be imported, and asking again is of no use."""


class Answered(tuple[Proposal, ...]):
    """Proposals, and beside them what the agent has asked language models meanwhile."""

    said: tuple[Exchange, ...] = ()


Answer = tuple[Proposal, ...] | AgentFailedError
"""What comes of asking an agent for proposals; an :class:`Answered` where it has talked to a model."""


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
    trials, taken
        Trials with new results, and machines proposed by anyone, since the agent's last question; all of them
        for an agent that was started anew.
    tokens, paid
        What it has used of language models, all its starts together.
    theory
        File in which what is built for theory is kept, '' to keep it in memory alone; None for no theory.
    window
        As the view has it.
    """

    batch: int
    n: int
    budget_left: float
    trials: tuple[Trial, ...] = ()
    taken: tuple[str, ...] = ()
    theory: str | None = None
    tokens: int = 0
    paid: float = 0.0
    window: Window | None = None


class Runner:
    """Runs one agent, with its own copy of the space and of what was found.

    Parameters
    ----------
    campaign
        Whose agent it is.
    index
        Of the agent in the campaign's list.
    folder
        Where relative files of agents start.
    theory
        What theory says, in place of what the campaign's estimators say.
    """

    def __init__(self, campaign: Campaign, index: int, folder: Path, theory: Theory | None = None) -> None:
        self._campaign = campaign
        self._entry = campaign.agents[index]
        self._folder = folder
        self._space = Space(campaign)
        words = np.random.SeedSequence(campaign.seed, spawn_key=(index,)).generate_state(2, np.uint32)
        self._seed = int(words[0]) << 32 | int(words[1])
        self._trials: dict[int, Trial] = {}
        self._taken: dict[str, None] = {}
        self._theory = theory
        self._hindsight = Hindsight(self._entry.label)
        self._saying = Saying(campaign, self._space, folder)

    @cached_property
    def _agent(self) -> Agent:
        return make_agent(self._entry, self._space, self._folder)

    @property
    def _explores(self) -> bool:
        """Whether the agent's own proposals explore, all of them."""
        return bool(getattr(self._agent, "explores", False))

    @property
    def _calculates(self) -> bool:
        """Whether the numbers in the agent's words are those of its own model."""
        return bool(getattr(self._agent, "calculates", False))

    def _judged(self, view: View, made: list[Proposal]) -> list[Proposal]:
        """Proposals with the numbers of their reasons held against what is known."""
        if self._calculates:
            return [replace(proposal, rationale=unmarked(proposal.rationale)) for proposal in made]
        return self._saying.proposals(view, made)

    def ask(self, question: Question) -> Answer:
        """The agent's proposals, some replaced by exploration; whatever it raises is its answer.

        Numbers in their reasons are held against what is known (:mod:`molmach.words`), and their predictions
        are as wide as its earlier ones ask for (:mod:`molmach.search.agents.hindsight`).
        """
        try:
            view = self._view(question)
            few = itertools.islice(_several(self._agent.propose(view, question.n)), question.n)
            made = [checked(proposal, len(self._campaign.objectives)) for proposal in few]
            own = self._hindsight.widened(self._judged(view, made), view.trials)
            if not self._explores:
                explored = space_filling(view, wanted(view, len(own), promised(view, own)))
                own = [*own[: len(own) - len(explored)], *explored]
            return self._with_talk(own)
        except OURS:
            raise
        except PluginError as error:
            return AgentUnusableError(describe(error))
        except BaseException as error:
            return AgentFailedError(describe(error))

    def _with_talk(self, own: list[Proposal]) -> tuple[Proposal, ...]:
        """Proposals with what the agent has asked language models meanwhile, made anew from plain values."""
        said: Sequence[Exchange] = getattr(self._agent, "said", tuple)()
        if not said:
            return tuple(own)
        answer = Answered(own)
        answer.said = tuple(_exchange(one) for one in itertools.islice(said, _MOST_EXCHANGES))
        return answer

    def explain(self, question: Question) -> str:
        """What the agent believes, in plain words; '' where it has none or fails."""
        try:
            explain = getattr(self._agent, "explain", None)
            if not callable(explain):
                return ""
            view = self._view(question)
            text = _text(explain(view), LONGEST)
            return unmarked(text) if self._calculates else self._saying.words(view, text).marked
        except OURS:
            raise
        except BaseException:
            return ""

    def _view(self, question: Question) -> View:
        """What the agent sees, after it was told the news."""
        self._trials |= {trial.number: trial for trial in question.trials}
        self._taken |= dict.fromkeys(question.taken)
        if question.trials:
            self._agent.observe(question.trials)
        trials, taken = tuple(self._trials.values()), self._taken.keys()
        if question.theory is not None and self._theory is None:
            store = Path(question.theory) if question.theory else None
            self._theory = Theory(self._campaign, self._space, self._folder, store)
        units = self._saying.units
        goals = tuple(
            Goal(objective.expression, unit, objective.sign)
            for objective, unit in zip(self._campaign.objectives, units, strict=True)
        )
        return View(
            self._space,
            trials,
            taken,
            question.budget_left,
            question.batch,
            self._seed,
            self._theory,
            goals=goals,
            tokens=question.tokens,
            paid=question.paid,
            window=question.window,
        )


def _exchange(said: Exchange) -> Exchange:
    return Exchange(
        _text(said.prompt, LONGEST_TALK),
        _text(said.reply, LONGEST_TALK),
        max(int(said.tokens), 0),
        max(float(said.paid), 0.0),
        _text(said.note, 1000),
    )


def _several(answer: object) -> Iterable[object]:
    if not isinstance(answer, Iterable):
        raise TypeError(f"proposed {str(answer)[:100]!r}; expected a list of Proposals")
    return answer


def describe(error: BaseException) -> str:
    """An agent's error, in a line."""
    return _text(described(error), 500)


def checked(proposal: object, objectives: int = 1) -> Proposal:
    """A proposal made anew from plain values, so that nothing of an agent's own gets into the driver.

    A prediction that is not a finite number is none.

    Parameters
    ----------
    proposal
        What the agent said.
    objectives
        How many the campaign has: so many predictions there are of each machine, or of the first alone.

    Raises
    ------
    TypeError, ValueError
        It is not a proposal of a design.
    """
    if not isinstance(proposal, Proposal) or not isinstance(proposal.design, Design):
        raise TypeError(f"proposed {str(proposal)[:100]!r}; expected a Proposal of a Design")
    design = Design(
        tuple(sorted((_text(name, LONGEST), _plain(value)) for name, value in proposal.design.values)),
        tuple(sorted((_text(p, LONGEST), _text(smiles, LONGEST)) for p, smiles in proposal.design.edited)),
    )
    if len(design.to_json()) > LONGEST:
        raise ValueError(f"proposed a design of more than {LONGEST} characters; expected a machine")
    first, *others = (_opinion(one) for one in _opinions(proposal, objectives))
    return Proposal(design, _text(proposal.rationale, 500), *first, tuple(others))


def _opinions(proposal: Proposal, objectives: int) -> list[tuple[object, object]]:
    """(mean, sd) of each objective, as the agent said them; of those it is silent about, None twice."""
    said: list[tuple[object, object]] = [(proposal.mean, proposal.sd)]
    try:
        said += [(mean, sd) for mean, sd in proposal.others]
    except (TypeError, ValueError):
        raise ValueError(
            f"predicted others {str(proposal.others)[:100]!r}; expected (mean, sd) of each objective after "
            "the first"
        ) from None
    if len(said) not in (1, objectives):
        raise ValueError(
            f"predicted {len(said)} objectives; expected predictions of {objectives}, or of the first alone"
            if objectives > 1
            else f"predicted {len(said)} objectives; the campaign has one"
        )
    return said + [(None, None)] * (objectives - len(said))


def _opinion(said: tuple[object, object]) -> Opinion:
    mean, sd = _number("mean", said[0]), _number("sd", said[1])
    if sd is not None and sd < 0.0:
        raise ValueError(f"predicted with an uncertainty of {sd:g}; expected zero or more")
    return mean, sd


def _text(value: object, length: int) -> str:
    """Characters that a file can hold."""
    return str(value)[:length].encode("utf-8", "replace").decode("utf-8")


def _plain(value: object) -> Value:
    if isinstance(value, str):
        return _text(value, LONGEST)
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value)
    raise TypeError(f"proposed the value {str(value)[:100]!r}; expected a name or a number")


def _number(name: str, value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    if not isinstance(value, numbers.Real):
        raise TypeError(f"predicted {name} {str(value)[:100]!r}; expected a number or None")
    with contextlib.suppress(OverflowError):  # of a whole number that no float holds
        return number if math.isfinite(number := float(value)) else None
    return None
