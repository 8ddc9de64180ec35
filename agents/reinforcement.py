"""Reinforcement learning: a policy that edits machines, trained on what was measured and in imagination."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molmach.agents.breeding import policy
from molmach.agents.breeding.editing import Game, RewardModel
from molmach.agents.breeding.explain import predicted, written
from molmach.agents.breeding.kinship import Relatives, hopes, relatives
from molmach.agents.breeding.pedigree import trace
from molmach.agents.breeding.screening import Screen, begun, by_hope, screen
from molmach.agents.breeding.spreading import promising_designs
from molmach.agents.feasibility import Feasibility
from molmach.agents.theory import Surveyor
from molmach.search.agents.interface import Agent, Proposal, View, distinct_new
from molmach.search.space.design import Design
from molmach.search.space.space import Space

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_ITERATIONS = 60
"""Steps of the gradient in a call. Not tuned."""

_IMAGINED = 96
"""Imagined episodes of a step. Not tuned."""

_REPLAYED = 32
"""Replayed episodes of a step, a quarter of all. Not tuned."""

_RATE = 0.03
"""Of Adam, which moves a parameter by no more in a step. Not tuned."""

_ENTROPY = 0.03
"""Nats of reward for a nat of entropy, rewards being of unit spread. Not tuned."""

_DECAY = 1e-3
"""Weight decay: nothing for weights of about 1. Not tuned."""

_MEMBERS = 8
"""Draws of the reward's posterior. Not tuned: their spread is known to a quarter."""

_LEADING = 20
"""Best machines from which episodes start. Not tuned."""

_NOTHING = -1.0
"""Return of an episode that ends with a machine that is known or fails, in spreads of what was measured."""

_RESOLVED_ENDS = 40
"""Ends of episodes in an open space, each of which must be made. Not tuned."""

_LARGEST_POOL = 300
"""Ends among which draws choose: their covariances are needed. Not tuned."""


@dataclass(frozen=True)
class Episode:
    """A played episode: where it started, what was done, where it ended."""

    start: Design
    end: Design
    actions: tuple[str, ...]


class Reinforcement(Agent):
    """A policy over edits of machines, learnt by policy gradient.

    An episode starts from a known machine or a random one and takes a few actions; its reward is the
    utility of the machine that it ends with. The policy learns, anew in every call, from two kinds
    of episodes: those that would have led to the measured machines, rewarded by the measurement and
    weighted by importance; and those that it imagines, rewarded by an ensemble of regressions that
    were fitted to the measurements (Dyna; Sutton, SIGART Bull. 2, 160 (1991)). Imagination prefers
    machines on which the ensemble disagrees, the more so the more of the budget is left, and gives
    nothing for those that are measured already.

    Parameters
    ----------
    space
        The designs of the campaign.
    initial
        How many machines, spread over the space, are measured before anything is learnt.
    actions
        Most actions of an episode.
    rollouts
        Episodes of the trained policy of which one is proposed.

    Raises
    ------
    TypeError
        A number below one.
    """

    summary = "reinforcement learning: a policy-gradient policy that edits known machines step by step"
    calculates = True

    def __init__(self, space: Space, initial: int = 8, actions: int = 3, rollouts: int = 24) -> None:
        super().__init__(space)
        for name, number in (("initial", initial), ("actions", actions), ("rollouts", rollouts)):
            if number < 1:
                raise TypeError(f"{name}: got {number}; expected at least 1")
        self._initial, self._length, self._rollouts = initial, actions, rollouts
        self._surveyor = Surveyor(space)

    def propose(self, view: View, n: int) -> list[Proposal]:
        """Where the trained policy leads to; while few are measured theory's best, and machines far apart."""
        known, theory = relatives(view), screen(view, self._surveyor)
        if known is None or len(known.designs) < self._initial:
            return begun(view, known, theory, n)
        trainer = Trainer(view, known, self._length)
        trainer.train()
        chosen: set[str] = set()
        kept = [(episode.end, _story(episode)) for episode in self._best(trainer, theory, n, chosen)]
        rest = promising_designs(view, known, n - len(kept), chosen)
        return predicted(
            view, known, kept + [(d, "at random: the policy leads to nothing new") for d in rest]
        )

    def _best(self, trainer: Trainer, theory: Screen | None, n: int, chosen: set[str]) -> list[Episode]:
        """Of the episodes those whose ends a draw each of what they will measure, and theory, put first."""
        view = trainer.view
        each = min(self._rollouts, max(1, _RESOLVED_ENDS // n)) if view.space.open else self._rollouts
        measured = {trial.design for trial in view.known}
        episodes = [e for e in trainer.episodes(each * n) if e.end not in measured][:_LARGEST_POOL]
        if not episodes:
            return []
        kept: list[Episode] = []
        ends = [episode.end for episode in episodes]
        for drawn in hopes(view, trainer.known, ends, n):
            ranked = [episodes[i] for i in by_hope(view, theory, ends, drawn, n)]
            kept += next(([e] for e in ranked if distinct_new(view, [e.end], 1, chosen)), [])
        return kept

    def explain(self, view: View) -> str:
        """Which actions the policy favours, from the best machine and from one at random."""
        known, theory = relatives(view), screen(view, self._surveyor)
        words = [theory.in_words()] if theory else []
        if known is None or len(known.designs) < self._initial:
            return "\n".join(
                [*words, "Too little is measured to learn from; machines are spread over the space."]
            )
        trainer = Trainer(view, known, self._length)
        trainer.train()
        best = trainer.leading[0]
        anyone = [view.space.sample(view.rng) for _ in range(200)]
        lines = [
            *words,
            f"The policy is trained on {len(known.designs)} measured machines and on"
            f" {_ITERATIONS * _IMAGINED} imagined episodes of at most {self._length} actions.",
            f"From the best machine ({written(best)}) it would: {trainer.favoured([best])}.",
            f"From the {len(trainer.leading)} best on average: {trainer.favoured(trainer.leading)}.",
            f"From machines at random: {trainer.favoured(anyone)}.",
            f"It expects {trainer.expected():.4g} of an imagined episode;"
            f" the best measured machine has {known.measured.max():.4g}.",
        ]
        return "\n".join(lines)


class Trainer:
    """A policy and what it is trained on; one call's worth.

    Parameters
    ----------
    view, known
        What was measured.
    length
        Most actions of an episode.
    """

    def __init__(self, view: View, known: Relatives, length: int) -> None:
        self.view, self.known = view, known
        self._length = length
        self._game = Game(view.space, trace(view).step)
        self._critic = RewardModel(self._game, known, _MEMBERS, view.rng)
        self._feasible = Feasibility.of(view)
        mean, covariance = known.merit(known.designs)
        bound = mean - np.sqrt(np.maximum(np.diag(covariance), 0.0))
        order = np.argsort(-bound, kind="stable")
        self.leading = [known.designs[i] for i in order[:_LEADING]]
        self._leading_rows = self._game.rows(self.leading)
        # Returns are on the warped scale: a single far outlier would drown all other differences.
        self._centre, self._scale = float(known.values.mean()), float(known.values.std()) or 1.0
        failed = [trial.design for trial in view.known if not trial.feasible]
        self._known_rows = self._game.rows([*known.designs, *failed])
        returns = (known.values - self._centre) / self._scale
        self._known_returns = np.concatenate([returns, np.full(len(failed), _NOTHING)])
        self._seen = {row.tobytes() for row in self._game.spellings([f.design for f in view.known])}
        n_features = self._game.n_columns + length + 1
        self.parameters = policy.new_parameters(n_features, len(self._game.actions), view.rng)

    def train(self) -> None:
        """Policy gradient on imagined and replayed episodes."""
        climber = policy.Adam(self.parameters, _RATE)
        for _ in range(_ITERATIONS):
            steps = policy.joined(self._imagined(), self._replayed())
            importance, advantage = policy.step_weights(self.parameters, steps)
            slope = policy.gradient(self.parameters, steps, importance * advantage, _ENTROPY, _DECAY)
            climber.climb(self.parameters, slope)

    def episodes(self, count: int) -> list[Episode]:
        """Episodes of the policy, played on real designs; those that fail are left out."""
        starts, places = self._starts(count)
        _, taken = self._rolled(starts)
        actions = self._game.actions
        episodes = []
        for row, place in enumerate(places):
            plan = [actions[step[row]] for step in taken if step[row] != self._game.stop]
            origin = self.leading[place] if place >= 0 else self._game.design(starts[row])
            end = self._game.played(origin, plan, self.view.rng)
            if end is not None:
                episodes.append(Episode(origin, end, tuple(str(action) for action in plan)))
        return list({episode.end: episode for episode in reversed(episodes)}.values())[::-1]

    def favoured(self, designs: Sequence[Design], most: int = 4) -> str:
        """The first actions that the policy favours, averaged over designs."""
        rows = self._game.rows(list(designs))
        allowed = self._game.allowed(rows, begun=False)
        chances = np.exp(policy.log_probabilities(self.parameters, self._state(rows, 0), allowed)).mean(
            axis=0
        )
        order = np.argsort(-chances, kind="stable")[:most]
        return ", ".join(f"{self._game.actions[i]} ({chances[i]:.0%})" for i in order)

    def expected(self) -> float:
        """Mean utility that the ensemble expects where the policy leads to."""
        rows, _ = self._rolled(self._starts(_IMAGINED)[0])
        return float(self.known.warp.back(self._critic.members(rows)).mean())

    def _state(self, rows: Floats, step: int) -> Floats:
        """(n, n_features): the design, how many actions were taken, and the share of the budget left."""
        clock = np.zeros((len(rows), self._length + 1))
        clock[:, step] = 1.0
        clock[:, -1] = self.view.budget_left
        return np.hstack([rows, clock])

    def _starts(self, count: int) -> tuple[Floats, Integers]:
        """Rows of leading machines, and of random ones for every fifth; place among the leading, or -1."""
        rng = self.view.rng
        places = rng.integers(len(self.leading), size=(count, 2)).min(axis=1)
        places[rng.random(count) < 0.2] = -1
        rows = self._leading_rows[places]
        random = np.flatnonzero(places < 0)
        if len(random):
            rows[random] = self._game.rows([self.view.space.sample(rng) for _ in random])
        return rows, places

    def _rolled(self, rows: Floats) -> tuple[Floats, list[Integers]]:
        ends, _, taken = self._played(rows)
        return ends, taken

    def _played(
        self, rows: Floats
    ) -> tuple[Floats, list[tuple[Floats, NDArray[np.bool_], Floats]], list[Integers]]:
        """Ends of episodes from the rows; states, allowed actions and log probabilities; actions."""
        going = np.ones(len(rows), dtype=bool)
        trace, taken = [], []
        for step in range(self._length):
            states, allowed = self._state(rows, step), self._game.allowed(rows, begun=step > 0)
            allowed[~going] = False
            allowed[~going, self._game.stop] = True
            logs = policy.log_probabilities(self.parameters, states, allowed)
            noise = self.view.rng.gumbel(size=logs.shape)
            actions = np.argmax(logs + noise, axis=1)
            trace.append((states, allowed, logs[np.arange(len(rows)), actions]))
            taken.append(actions)
            rows = self._game.after(rows, actions)
            going &= actions != self._game.stop
        return rows, trace, taken

    def _imagined(self) -> policy.Steps:
        starts, _ = self._starts(_IMAGINED)
        ends, trace, taken = self._played(starts)
        members = self._critic.members(ends)
        reward = members.mean(axis=1) + self.view.budget_left * members.std(axis=1)
        chance = np.array(
            [row.tobytes() not in self._seen for row in self._game.rounded(ends)], dtype=np.float64
        )
        if self._feasible is not None:
            chance *= self._feasible.of_rows(ends[:, :-1])
        returns = _NOTHING + chance * ((reward - self._centre) / self._scale - _NOTHING)
        parts = [
            policy.Steps(states, allowed, actions, logs, returns)
            for (states, allowed, logs), actions in zip(trace, taken, strict=True)
        ]
        return _choices(_all(parts))

    def _replayed(self) -> policy.Steps:
        """Episodes backwards from measured machines, as a policy without preferences would play them."""
        rng = self.view.rng
        chosen = rng.integers(len(self._known_rows), size=_REPLAYED)
        rows = self._known_rows[chosen]
        returns = self._known_returns[chosen]
        parts = []
        first = int(rng.integers(self._length))
        for step in range(first, -1, -1):
            rows, actions = self._game.before(rows, rng)
            allowed = self._game.allowed(rows, begun=step > 0)
            allowed[np.arange(len(rows)), actions] = True
            behaviour = -np.log(allowed.sum(axis=1))
            parts.append(policy.Steps(self._state(rows, step), allowed, actions, behaviour, returns))
        return _choices(_all(parts))


def _all(parts: Sequence[policy.Steps]) -> policy.Steps:
    steps = parts[0]
    for part in parts[1:]:
        steps = policy.joined(steps, part)
    return steps


def _choices(steps: policy.Steps) -> policy.Steps:
    """Those steps at which there was a choice."""
    kept = steps.allowed.sum(axis=1) > 1
    return policy.Steps(
        steps.states[kept],
        steps.allowed[kept],
        steps.actions[kept],
        steps.behaviour[kept],
        steps.returns[kept],
    )


def _story(episode: Episode) -> str:
    return f"the policy's episode from {written(episode.start)}: {', '.join(episode.actions) or 'stop'}"
