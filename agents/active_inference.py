"""Active inference: a factorised model, beliefs by message passing, designs by expected free energy.

The agent believes that a score is a sum of factors over a design's variables and their pairs
(:mod:`~molmach.agents.inference.generative_model`), infers their effects and precisions by variational
message passing (:mod:`~molmach.agents.inference.message_passing`), switches off the factors that the
evidence speaks against and averages over the structures that remain
(:mod:`~molmach.agents.inference.model_reduction`, :mod:`~molmach.agents.inference.structures`), and
tries the design of the lowest expected free energy
(:mod:`~molmach.agents.inference.expected_free_energy`).

pymdp (Heins et al., J. Open Source Softw. 7, 4098 (2022)) has active inference for discrete states and
outcomes. Scores are continuous, the effects are jointly Gaussian and it has no model reduction, so the
agent does not use it; a test holds our two parts of the expected free energy against pymdp's on a
discretised problem (``pip install 'molmach[pymdp]'``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from molmach.agents.feasibility import Feasibility
from molmach.agents.inference.candidates import Candidates, candidates, enumerated
from molmach.agents.inference.expected_free_energy import Outlook, Value, preference
from molmach.agents.inference.explain import beliefs_in_words, choice_in_words
from molmach.agents.inference.foresight import Results, standardised, surveyed
from molmach.agents.inference.generative_model import GenerativeModel, columns
from molmach.agents.inference.structures import Understanding, learn
from molmach.agents.theory import Surveyor, said, said_of
from molmach.search.agents.interface import Agent, Proposal, View, fresh_samples
from molmach.search.record.trial import Opinion
from molmach.search.space.design import Design
from molmach.search.space.space import Space

Floats = NDArray[np.float64]

_WEIGHED = 2000
"""Candidates whose expected free energy is computed. Not tuned."""

_HOPELESS = 0.2
"""Chance of being measurable below which a candidate is none of the best."""

_MOST_RESOLVED = 120
"""Candidates that are made to see whether they are new, about a millisecond each. Not tuned."""

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
    foretold
        (2,) mean and standard deviation of what theory says of it, in the unit of the score; nan for nothing.
    """

    design: Design
    code: Floats
    value: Value
    foretold: Floats


class ActiveInference(Agent):
    """Tries what is expected to score well and to tell much, and says what it believes."""

    summary = "active inference: factorised model, message passing, structure learning, expected free energy"
    calculates = True

    def __init__(self, space: Space) -> None:
        super().__init__(space)
        self.model = GenerativeModel(space)
        self._everything = enumerated(self.model)
        self._surveyor = Surveyor(space)

    def propose(self, view: View, n: int) -> list[Proposal]:
        """Designs of the lowest expected free energy, each given that the ones before it are measured."""
        understanding = self.understanding(view)
        chosen = list(self.choices(view, understanding, n))
        predictors = self._predictors(view, understanding)
        proposals = []
        for choice in chosen:
            opinions: list[Opinion] = [predict(choice) for predict in predictors]
            first, *others = opinions or [(None, None)]
            proposals.append(Proposal(choice.design, _reason(choice), *first, tuple(others)))
        if len(proposals) < n:
            keys = {view.space.resolve(choice.design).key for choice in chosen}
            rest = fresh_samples(view, n - len(proposals), keys)
            proposals += [Proposal(design, "at random: nothing better was at hand") for design in rest]
        return proposals

    def explain(self, view: View) -> str:
        """What raises and lowers the score, what was pruned, what interacts; what is tried next, and why."""
        fresh = replace(view)
        understanding = self.understanding(fresh)
        choice = next(self.choices(fresh, understanding, 1), None)
        beliefs = beliefs_in_words(understanding.model, understanding)
        if choice is None:
            return beliefs + "\nNext: nothing is left to try."
        expected = prediction(self.model, understanding, choice.code, choice.foretold)
        return f"{beliefs}\n{choice_in_words(choice.design, choice.value, *expected)}"

    def understanding(self, view: View) -> Understanding:
        """Beliefs about the utility, from all results."""
        return learnt(self.model, self._results(view, *view.utilities, said))

    def _results(
        self,
        view: View,
        values: Floats,
        errors: Floats,
        ask: Callable[[View, Sequence[Design]], tuple[Floats, Floats]],
    ) -> Results:
        """The machines whose value is a number, and what theory says of them, if anything of any."""
        usable = np.isfinite(values)
        designs = [trial.design for trial, use in zip(view.measured, usable, strict=True) if use]
        results = Results(self.model.code(designs), values[usable], errors[usable])
        survey = self._surveyor.survey(view)
        if survey is None:
            return results
        reference = ask(view, survey.designs)[0]
        told, usual = np.array(ask(view, designs)), reference[np.isfinite(reference)]
        return replace(results, foretold=told, survey=usual)

    def _predictors(
        self, view: View, understanding: Understanding
    ) -> list[Callable[[Choice], tuple[float, float]]]:
        """Of each objective, what predicts its true value of a choice; none before two results."""
        if len(view.measured) < 2:
            return []
        each = [self._predictor(view, understanding, k) for k in range(view.objectives)]
        known = [predict for predict in each if predict is not None]
        return known if len(known) == len(each) else []

    def _predictor(
        self, view: View, understanding: Understanding, objective: int
    ) -> Callable[[Choice], tuple[float, float]] | None:
        """Mean and standard deviation of an objective's true value; None before two results."""
        ask = partial(said_of, objective=objective)
        results = self._results(view, *view.objective(objective), ask)
        if len(results.values) < 2:
            return None
        if view.objectives > 1:
            understanding = learnt(self.model, results)

        def predict(choice: Choice) -> tuple[float, float]:
            several = view.objectives > 1
            told = np.array(ask(view, [choice.design]))[:, 0] if several else choice.foretold
            return prediction(self.model, understanding, choice.code, told)

        return predict

    def choices(self, view: View, understanding: Understanding, n: int) -> Iterator[Choice]:
        """Up to ``n`` designs that nobody has proposed, each the best once those before it are measured."""
        pool = self._pool(view, understanding)
        if not len(pool.codes):
            return
        foretold = standardised(pool.foretold, understanding.evidence)
        bases = understanding.model.bases(pool.codes, foretold)
        outlook = Outlook(understanding, bases, noise_of(understanding))
        wanted = preference(understanding, view.budget_left)
        chance, failure = self._chances(view, pool), wanted.failure(understanding)
        free = np.ones(len(pool.codes), dtype=bool)
        keys: set[str] = set()
        tries = _MOST_RESOLVED
        while len(keys) < n and free.any():
            pragmatic, effects = outlook.values(wanted)
            pragmatic, effects = chance * pragmatic + (1.0 - chance) * failure, chance * effects
            least = pragmatic + effects
            most = least + chance * outlook.most_structure
            first = np.flatnonzero(free & (most >= least[free].max()))  # one of these is the best
            structure = chance[first] * outlook.structure(first)
            for place in np.argsort(-(least[first] + structure), kind="stable"):
                if not tries:
                    return
                tries -= 1
                row = int(first[place])
                free[row] = False
                design = pool.design(self.model, row)
                if view.is_new(design) and (key := view.space.resolve(design).key) not in keys:
                    keys.add(key)
                    parts = pragmatic[row], effects[row], structure[place]
                    value = Value(*map(float, parts))
                    yield Choice(design, pool.codes[row], value, pool.foretold[:, row])
                    outlook.take_measured(row)
                    break

    def _chances(self, view: View, pool: Candidates) -> Floats:
        """(n,) chance of each candidate of being measurable."""
        feasible = Feasibility.of(view)
        if feasible is None:
            return np.ones(len(pool.codes))
        plain = len(pool.codes) - len(pool.edited)
        chances = feasible.of_codes(pool.codes[:plain])
        return np.append(chances, feasible.chance(pool.edited)) if pool.edited else chances

    def _pool(self, view: View, understanding: Understanding) -> Candidates:
        """Candidates; while theory may be of use, those of which it says something."""
        pool = self._likely(view, understanding)
        survey = self._surveyor.survey(view)
        return pool if survey is None else surveyed(view, self.model, understanding, pool, survey)

    def _likely(self, view: View, understanding: Understanding) -> Candidates:
        """Candidates, at most 2000: of more, half those that are expected to score best, half at random."""
        values, _ = view.utilities
        order = np.argsort(-np.where(np.isfinite(values), values, -np.inf), kind="stable")
        best = [view.measured[k].design for k in order]
        known = self.model.code([trial.design for trial in view.known])
        pool = candidates(view, self.model, self._everything, known, best)
        plain = len(pool.codes) - len(pool.edited)
        if plain <= _WEIGHED:
            return pool
        structure = understanding.best
        mean = np.zeros(plain)
        for start in range(0, plain, _WEIGHED):
            bases = understanding.model.bases(pool.codes[start : min(start + _WEIGHED, plain)])
            X = np.concatenate([columns(factor, bases) for factor in structure.factors], axis=1)
            mean[start : start + len(X)] = X @ structure.beliefs.mean
        chances = self._chances(view, Candidates(pool.codes[:plain], (), pool.foretold[:, :plain]))
        unlikely = chances < _HOPELESS
        order = np.argsort(-np.where(unlikely, -np.inf, mean), kind="stable")
        half = _WEIGHED // 2
        kept = np.concatenate([order[:half], view.rng.permutation(order[half:])[:half]])
        codes = np.concatenate([pool.codes[kept], pool.codes[plain:]])
        return Candidates(codes, pool.edited, np.full((2, len(codes)), np.nan))


def _reason(choice: Choice) -> str:
    value = choice.value
    words = (
        f"expected free energy {-value.total:.2f} nats: pragmatic {value.pragmatic:.2f}, "
        f"information on effects {value.effects:.2f} and on structure {value.structure:.2f}"
    )
    said, doubt = choice.foretold
    return f"{words}; theory says {said:.4g} ± {doubt:.2g}" if math.isfinite(said) else words


def learnt(model: GenerativeModel, results: Results) -> Understanding:
    """What results say."""
    evidence = results.evidence
    return learn(model, results.codes, evidence, standardised(results.foretold, evidence))


def noise_of(understanding: Understanding) -> float:
    """Variance expected of the next measurement, standardised: the median of those so far."""
    errors = understanding.evidence.errors
    return float(np.median(errors) ** 2) if len(errors) else _UNKNOWN_NOISE**2


def prediction(
    model: GenerativeModel, understanding: Understanding, code: Floats, foretold: Floats | None = None
) -> tuple[float, float]:
    """Mean and standard deviation of a design's true score, in its own unit; theory's with it."""
    evidence = understanding.evidence
    told = None if foretold is None else standardised(foretold[:, None], evidence)
    bases = understanding.model.bases(code[None], told)
    mean, sd = Outlook(understanding, bases, noise_of(understanding)).moments()
    mean, sd = evidence.warp.moments(evidence.centre + evidence.scale * mean, evidence.scale * sd)
    return float(mean[0]), float(sd[0])
