"""Active inference: a factorised generative model, beliefs by message passing, designs by expected free energy.

The agent believes that a score is a sum of factors over a design's variables and their pairs
(:mod:`~molmach.agents.generative_model`), infers their effects and precisions by variational message
passing (:mod:`~molmach.agents.message_passing`), switches off the factors that the evidence speaks
against and averages over the structures that remain (:mod:`~molmach.agents.model_reduction`,
:mod:`~molmach.agents.structures`), and tries the design of the lowest expected free energy
(:mod:`~molmach.agents.expected_free_energy`).

PYMDP_PARAGRAPH
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from molmach.agents.candidates import Candidates, candidates, enumerated
from molmach.agents.expected_free_energy import Outlook, Value, preference
from molmach.agents.generative_model import GenerativeModel, columns
from molmach.agents.message_passing import Evidence
from molmach.agents.structures import Understanding, learn
from molmach.agents.telling import tell, tell_choice
from molmach.campaign.agent import Agent, Proposal, View, fresh_samples
from molmach.campaign.design import Design
from molmach.campaign.space import Space

Floats = NDArray[np.float64]

_WEIGHED = 2000
_MOST_RESOLVED = 120
_UNKNOWN_NOISE = 0.1
"""Of the spread of the scores: standard error expected before anything was measured."""


@dataclass(frozen=True)
class Choice:
    """A design that is wanted, with what is expected of it.

    Attributes
    ----------
    code
        Its row of :meth:`GenerativeModel.code`.
    value
        What speaks for it.
    """

    design: Design
    code: Floats
    value: Value


class ActiveInference(Agent):
    """Tries what is expected to score well and to tell much, and says what it believes."""

    summary = "active inference: factorised model, message passing, structure learning, expected free energy"

    def __init__(self, space: Space) -> None:
        super().__init__(space)
        self.model = GenerativeModel(space)
        self._everything = enumerated(self.model)

    def propose(self, view: View, n: int) -> list[Proposal]:
        """Designs of the lowest expected free energy, each given that the ones before it are measured."""
        understanding = self.understanding(view)
        chosen = list(self.choices(view, understanding, n))
        first = self._first_objective(view, understanding)
        proposals = [self._proposal(choice, first) for choice in chosen]
        if len(proposals) < n:
            keys = {view.space.resolve(choice.design).key for choice in chosen}
            rest = fresh_samples(view, n - len(proposals), keys)
            proposals += [Proposal(design, "at random: nothing better was at hand") for design in rest]
        return proposals

    def explain(self, view: View) -> str:
        """What raises and lowers the score, what was pruned, what interacts, and what is tried next and why."""
        fresh = replace(view)
        understanding = self.understanding(fresh)
        choice = next(self.choices(fresh, understanding, 1), None)
        told = tell(self.model, understanding)
        if choice is None:
            return told + "\nNext: nothing is left to try."
        return f"{told}\n{tell_choice(choice.design, choice.value, *prediction(self.model, understanding, choice.code))}"

    def understanding(self, view: View) -> Understanding:
        """Beliefs about the utility, from all results."""
        return self._learned(view, *view.utilities)

    def _learned(self, view: View, values: Floats, errors: Floats) -> Understanding:
        usable = np.isfinite(values)
        designs = [finding.design for finding, use in zip(view.measured, usable, strict=True) if use]
        return learn(self.model, self.model.code(designs), Evidence.of(values[usable], errors[usable]))

    def _first_objective(self, view: View, understanding: Understanding) -> Understanding:
        """Beliefs about what predictions are asked of."""
        if not view.measured or len(view.measured[0].values) == 1:
            return understanding
        values = np.array([finding.values[0] for finding in view.measured])
        errors = np.array([finding.errors[0] for finding in view.measured])
        return self._learned(view, values, errors)

    def choices(self, view: View, understanding: Understanding, n: int) -> Iterator[Choice]:
        """Up to ``n`` designs that nobody has proposed, each the best once those before it are measured."""
        pool = self._pool(view, understanding)
        if not len(pool.codes):
            return
        outlook = Outlook(understanding, self.model.bases(pool.codes), noise_of(understanding))
        wanted = preference(understanding, view.budget_left)
        free = np.ones(len(pool.codes), dtype=bool)
        keys: set[str] = set()
        tries = _MOST_RESOLVED
        while len(keys) < n:
            pragmatic, effects, structure = outlook.values(wanted)
            order = np.argsort(-(pragmatic + effects + structure), kind="stable")
            for row in order[free[order]]:
                if not tries:
                    return
                tries -= 1
                free[row] = False
                design = pool.design(self.model, int(row))
                if view.is_new(design) and (key := view.space.resolve(design).key) not in keys:
                    keys.add(key)
                    yield Choice(design, pool.codes[row], Value(*(float(v[row]) for v in (pragmatic, effects, structure))))
                    outlook.told(int(row))
                    break
            else:
                return

    def _pool(self, view: View, understanding: Understanding) -> Candidates:
        """Candidates, at most 2000: of more, half those that are expected to score best, half at random."""
        values, _ = view.utilities
        order = np.argsort(-np.where(np.isfinite(values), values, -np.inf), kind="stable")
        best = [view.measured[k].design for k in order]
        known = self.model.code([finding.design for finding in view.known])
        pool = candidates(view, self.model, self._everything, known, best)
        plain = len(pool.codes) - len(pool.edited)
        if plain <= _WEIGHED:
            return pool
        structure = understanding.best
        mean = np.zeros(plain)
        for start in range(0, plain, _WEIGHED):
            bases = self.model.bases(pool.codes[start : min(start + _WEIGHED, plain)])
            X = np.concatenate([columns(factor, bases) for factor in structure.factors], axis=1)
            mean[start : start + len(X)] = X @ structure.beliefs.mean
        order = np.argsort(-mean, kind="stable")
        half = _WEIGHED // 2
        kept = np.concatenate([order[:half], view.rng.permutation(order[half:])[:half]])
        return Candidates(np.concatenate([pool.codes[kept], pool.codes[plain:]]), pool.edited)

    def _proposal(self, choice: Choice, beliefs: Understanding) -> Proposal:
        value = choice.value
        why = (
            f"expected free energy {-value.total:.2f} nats: pragmatic {value.pragmatic:.2f}, "
            f"information on effects {value.effects:.2f} and on structure {value.structure:.2f}"
        )
        if len(beliefs.evidence.scores) < 2:
            return Proposal(choice.design, why)
        mean, sd = prediction(self.model, beliefs, choice.code)
        return Proposal(choice.design, why, mean, sd)


def noise_of(understanding: Understanding) -> float:
    """Variance expected of the next measurement, standardised: the median of those so far."""
    errors = understanding.evidence.errors
    return float(np.median(errors) ** 2) if len(errors) else _UNKNOWN_NOISE**2


def prediction(model: GenerativeModel, understanding: Understanding, code: Floats) -> tuple[float, float]:
    """Mean and standard deviation of a design's measured score, in its own unit."""
    outlook = Outlook(understanding, model.bases(code[None]), noise_of(understanding))
    mean, sd = outlook.moments()
    evidence = understanding.evidence
    return evidence.centre + evidence.scale * float(mean[0]), evidence.scale * float(sd[0])
