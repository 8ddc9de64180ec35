"""What a search agent is: what it sees, what it proposes, what it is told."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from molmach.search.agents.theory import Theory
from molmach.search.record.trial import Opinions, Trial
from molmach.search.space.design import Design
from molmach.search.space.mending import mended
from molmach.search.space.space import Space
from molmach.search.wanted import Window

Floats = NDArray[np.float64]

_CHEBYSHEV_SLOPE = 0.05
"""Knowles's rho, as he has it: the small part of the sum that tells weakly dominated points apart."""


@dataclass(frozen=True)
class Proposal:
    """A machine that an agent wants simulated.

    Attributes
    ----------
    design
        The machine.
    rationale
        Why, in one line.
    mean, sd
        The agent's own prediction of the machine's *true* value of the first objective (greater is better),
        as a normal distribution: its mean and standard deviation, without the error of any measurement, which
        is added where predictions are scored (:mod:`molmach.search.record.calibration`). None where it has no
        opinion.
    others
        The same, (mean, sd), of each further objective, in their order; empty where there is one objective,
        or no opinion of the others.
    """

    design: Design
    rationale: str
    mean: float | None = None
    sd: float | None = None
    others: Opinions = ()


@dataclass(frozen=True)
class Goal:
    """An objective as it was asked for: its expression, the unit of its values, -1 where less is better."""

    expression: str
    unit: str
    sign: float


@dataclass(frozen=True)
class Exchange:
    """What an agent has asked a language model, what it answered, and what that took.

    Attributes
    ----------
    prompt, reply
        The texts, without keys.
    tokens, paid
        Read and written, and their price.
    note
        What became of it, where anything went wrong.
    """

    prompt: str
    reply: str
    tokens: int
    paid: float
    note: str = ""


@dataclass(frozen=True)
class View:
    """The campaign as an agent sees it.

    Attributes
    ----------
    space
        The designs.
    trials
        All trials that came to something, from all agents, in the order in which they first did: measured on
        whatever rung, failed, or no machine at all.
    taken
        Keys of machines that were proposed by anyone, whether measured yet or not; not to be changed.
    budget_left
        Share of the budget that is left, 0 to 1.
    batch
        How often this agent has been asked before: with its seed, what its choices depend on.
    seed
        The agent's own.
    theory
        What exact theory says of designs before anything is simulated; None where the campaign has none. It
        may be right, wrong or silent (nan), and an agent does well to find out which.
    goals
        The objectives as they were asked for; values of trials are in the sense in which greater is better.
    tokens, paid
        What this agent has used of language models so far.
    window
        Where the values of the only objective are to lie; None where it has no window or target, or where
        there are several. Utilities are distances to it, from either side; :attr:`scaled` tells the side.
    """

    space: Space
    trials: Sequence[Trial]
    taken: Set[str]
    budget_left: float
    batch: int
    seed: int
    theory: Theory | None = None
    goals: tuple[Goal, ...] = ()
    tokens: int = 0
    paid: float = 0.0
    window: Window | None = None

    @cached_property
    def rng(self) -> np.random.Generator:
        """The agent's random numbers for this call; the same after a resumed campaign."""
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(self.batch,)))

    @cached_property
    def known(self) -> tuple[Trial, ...]:
        """The trial of every machine that came to something, failed ones included.

        Of the designs that are no machine only the latest, however many there were, and none with values that
        the space does not have.
        """
        said = (trial for trial in self.trials if trial.machine or self.space.holds(trial.design))
        return tuple({trial.machine: trial for trial in said}.values())

    @cached_property
    def measured(self) -> tuple[Trial, ...]:
        """Those of :attr:`known` that have values."""
        return tuple(trial for trial in self.known if trial.feasible and trial.values)

    @cached_property
    def utilities(self) -> tuple[Floats, Floats]:
        """(n_measured,) what is to be maximised, and its standard error, of each of :attr:`measured`.

        With several objectives, the augmented Chebyshev scalar of the scaled objectives with random
        weights of this call (Knowles, IEEE Trans. Evol. Comput. 10, 50 (2006)), so that an agent
        that maximises one number spreads over the Pareto front.
        """
        values = np.array([trial.values for trial in self.measured], dtype=np.float64)
        errors = np.array([trial.errors for trial in self.measured], dtype=np.float64)
        if values.size == 0:
            return np.zeros(0), np.zeros(0)
        return self.scalar(values, errors)

    @cached_property
    def scaled(self) -> tuple[Floats, Floats]:
        """(n_measured,) values of :attr:`measured` on the window's scale, and their standard errors.

        Their utilities are ``window.utility_of_scaled``; what adds up in a machine adds up on this scale, and
        not in the utility, which has a ridge in it.
        """
        assert self.window is not None
        seen = [trial.finding.measured[0].seen for trial in self.measured if trial.finding is not None]
        values = self.window.scaled(np.array([s.value if s else np.nan for s in seen], dtype=np.float64))
        return values, self.utilities[1]

    def scalar(self, values: Floats, errors: Floats) -> tuple[Floats, Floats]:
        """(n,) utility of (n, k) values of the objectives, and its standard error, as in :attr:`utilities`.

        Parameters
        ----------
        values, errors
            Of any machines, measured or foretold.
        """
        if values.shape[1] == 1:
            return values[:, 0], errors[:, 0]
        known = np.array([trial.values for trial in self.measured] or values, dtype=np.float64)
        low, spread = known.min(axis=0), np.ptp(known, axis=0)
        spread[spread == 0.0] = 1.0
        seeds = np.random.SeedSequence(self.seed, spawn_key=(self.batch, 1))
        weights = np.random.default_rng(seeds).dirichlet(np.ones(values.shape[1]))
        short = weights * (values - low - spread) / spread
        scalar = short.min(axis=1) + _CHEBYSHEV_SLOPE * short.sum(axis=1)
        worst = np.argmin(short, axis=1)
        slope = weights[worst] / spread[worst]
        return scalar, slope * errors[np.arange(len(errors)), worst]

    @property
    def objectives(self) -> int:
        """How many objectives there are; 1 while nothing is measured."""
        return len(self.measured[0].values) if self.measured else 1

    def objective(self, number: int) -> tuple[Floats, Floats]:
        """(n_measured,) values of one objective, greater is better, and their standard errors."""
        values = np.array([trial.values[number] for trial in self.measured], dtype=np.float64)
        errors = np.array([trial.errors[number] for trial in self.measured], dtype=np.float64)
        return values, errors

    def is_new(self, design: Design) -> bool:
        """Whether a design is a machine that nobody has proposed."""
        return self.space.is_machine(design) and self.space.resolve(design).key not in self.taken


class Agent(ABC):
    """A search strategy.

    An agent lives in its own process, is asked for proposals while simulations run, and may be
    started anew at any time: then it is told everything again. So its choices should depend on
    what it was told and on ``view.rng``, on nothing else.

    Parameters
    ----------
    space
        The designs of the campaign.
    options
        From the campaign file; an agent names and documents its own.
    """

    summary: str = ""
    """One line for ``molmach agents``."""

    explores: bool = False
    """Whether all that it proposes explores; of any other agent's proposals a share is replaced by machines
    far from all that are known (:mod:`molmach.search.agents.exploration`)."""

    calculates: bool = False
    """Whether its words are put together by its own code from a model of what it was told. Numbers of such a
    model are shown as the agent's own; in the words of any other agent every number has to be that of a
    result, of theory, of a prediction or of an input, and is struck out if it is not
    (:mod:`molmach.words`)."""

    def __init__(self, space: Space) -> None:
        self.space = space

    @abstractmethod
    def propose(self, view: View, n: int) -> list[Proposal]:
        """Up to ``n`` designs, best first. Fewer, or none, when the agent has no more ideas."""

    def observe(self, trials: Sequence[Trial]) -> None:  # noqa: B027 an agent may read the view alone
        """Be told which trials have new results, of all agents, before the next call of :meth:`propose`."""

    def said(self) -> Sequence[Exchange]:
        """What it has asked language models since the last call, and their answers; kept in the ledger."""
        return ()

    def explain(self, view: View) -> str:
        """What the agent believes and why it wants what it wants, in plain words; '' if it has none."""
        return ""


def distinct_new(
    view: View, designs: Iterable[Design], n: int, chosen: set[str] | None = None
) -> list[Design]:
    """The first ``n`` designs that are machines, differ from each other, and were not proposed by anyone."""
    chosen = set() if chosen is None else chosen
    kept: list[Design] = []
    for design in designs if n > 0 else ():
        if view.is_new(design) and (key := view.space.resolve(design).key) not in chosen:
            chosen.add(key)
            kept.append(design)
            if len(kept) == n:
                break
    return kept


_WHOLE = 20_000
"""Designs of which all are looked at before it is said that nothing is left: seconds, and once."""

_LOOKED_AT = 1000
"""Of more designs, so many in either way: a second or two of making them."""

_START = 200
"""Looks after which changes of one design are given up for those of another: most end within 100."""


def fresh_samples(view: View, n: int, chosen: set[str] | None = None, tries: int = 50) -> list[Design]:
    """Up to ``n`` designs at random that nobody has proposed.

    First at random. Where that finds too few, for nearly all are taken or break a constraint: of up to 20 000
    designs every one is looked at, in random order, so that what is left is found; of more, those next to
    known machines or to designs at random that come nearer to the constraints by single changes, and the next
    thousand of a fixed random order. None of this takes memory for what it does not return. Fewer than ``n``
    say that all of this has found no more.

    Parameters
    ----------
    view
        The campaign.
    n
        How many are wanted.
    chosen
        Keys of machines that are not wanted either; those found are added.
    tries
        Draws for each that is wanted.
    """
    chosen = set() if chosen is None else chosen
    drawing, rng = view.space.drawing, view.rng
    kept: list[Design] = []
    for _ in range(tries * n):
        if len(kept) == n:
            return kept
        kept += distinct_new(view, [view.space.sample(rng)], 1, chosen)
    if drawing.count is not None and drawing.count <= _WHOLE:
        return kept + distinct_new(view, drawing.in_random_order(rng), n - len(kept), chosen)
    kept += distinct_new(view, _mended(view, kept), n - len(kept), chosen)
    if drawing.count is not None:
        fixed = np.random.default_rng(np.random.SeedSequence(view.seed, spawn_key=(0, 2)))
        some = drawing.in_random_order(fixed, (view.batch * _LOOKED_AT) % drawing.count)
        kept += distinct_new(view, itertools.islice(some, _LOOKED_AT), n - len(kept), chosen)
    return kept


def _mended(view: View, drawn: Sequence[Design]) -> Iterator[Design]:
    """Machines near known ones and near designs at random, whatever breaks a constraint changed."""
    rng, looks = view.rng, 0
    machines = [*drawn, *(Design(trial.design.values) for trial in view.known if trial.machine)]
    while looks < _LOOKED_AT:
        design = view.space.sample(rng)
        if machines and rng.random() < 0.5:
            design = machines[int(rng.integers(len(machines)))]
            for _ in range(1 + int(rng.integers(3))):
                design = view.space.mutate(design, rng)
        machine, looked = mended(view.space, design, rng, min(_START, _LOOKED_AT - looks))
        looks += looked
        if machine is not None:
            machines.append(machine)
            yield machine
