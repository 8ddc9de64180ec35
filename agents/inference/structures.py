"""Several structures of the model, each with its beliefs, weighted by their evidence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from molmach.agents.inference.doubt import Doubt
from molmach.agents.inference.generative_model import THEORY, Factor, FactorSet, GenerativeModel, columns
from molmach.agents.inference.growth import Entries, exchange, gains, grow, inferred, log_weight, prior_of
from molmach.agents.inference.message_passing import EFFECT, Beliefs, Evidence, infer
from molmach.agents.inference.model_reduction import Removal, reduction
from molmach.agents.inference.refinement import refined
from molmach.agents.inference.residuals import Check, check

Floats = NDArray[np.float64]

_SLACK = 2.0
"""nats: Occam's window; with 4 the search takes a quarter more evaluations."""

_AVERAGED = 4
"""Structures that predictions are averaged over. Not tuned."""

_MOST_COLUMNS = 600
"""Columns of a structure, whose cube is the cost of a sweep."""

_WORK = 6e7
"""Multiplications of one sweep, which bounds the columns where measurements are many."""

_SCREENED = 3
"""Sweeps by which sets of factors are compared. Not tuned."""


@dataclass(frozen=True)
class Structure:
    """Factors that the score is believed to have, and the beliefs about their effects."""

    factors: tuple[Factor, ...]
    beliefs: Beliefs
    weight: float

    @property
    def with_theory(self) -> bool:
        """Whether what theory says is a factor of it."""
        return any(factor.name == THEORY for factor in self.factors)


@dataclass(frozen=True)
class Understanding:
    """What the measurements say, averaged over structures.

    Attributes
    ----------
    structures
        The probable ones; their weights add up to 1.
    evidence
        What they rest on.
    removals
        What was switched off on the way to the best one, with the log evidence of each step.
    considered
        All factors that were tried on that way.
    likeness
        Log evidence, nats, for the best structure that shares more effects than the machine's symmetry
        asks for, against the best that does not; minus infinity where none came near.
    theory
        Log evidence, nats, for the best structure with theory against the best without; None where theory
        says nothing.
    model
        Its factors, with numbers on the scales that the results ask for.
    check
        Whether the best structure explains what was measured; None of too few measurements.
    bases
        Of the machines measured.
    """

    structures: tuple[Structure, ...]
    evidence: Evidence
    removals: tuple[Removal, ...]
    considered: tuple[Factor, ...]
    likeness: float
    theory: float | None
    model: GenerativeModel
    check: Check | None
    bases: tuple[Floats, ...]

    @property
    def best(self) -> Structure:
        """The most probable structure."""
        return max(self.structures, key=lambda structure: structure.weight)

    @cached_property
    def doubt(self) -> Doubt:
        """What factors that the best structure lacks may yet do."""
        best = self.best
        factors = self.model.informed if best.with_theory else self.model.factors
        return Doubt(factors, best.factors, best.beliefs, self.evidence, self.bases, EFFECT)

    @property
    def trust(self) -> float:
        """Probability of the structures with theory."""
        return float(sum(s.weight for s in self.structures if s.with_theory))

    @property
    def scores(self) -> Floats:
        """(n,) expected true scores of the machines measured, standardised."""
        scores: Floats = np.sum([s.weight * s.beliefs.scores for s in self.structures], axis=0)
        return scores


@dataclass(frozen=True)
class _Family:
    """Structures found on one path of reduction."""

    factors: FactorSet
    removals: tuple[Removal, ...]
    entries: Entries

    @property
    def log_weight(self) -> float:
        return max(log_weight(*entry) for entry in self.entries.values())


def learn(
    model: GenerativeModel, codes: Floats, evidence: Evidence, foretold: Floats | None = None
) -> Understanding:
    """Infer the full model, reduce it, grow what was missed, and weigh what remains.

    The full model has every effect and interaction, or, where these are more columns than can be
    handled, the interactions with the most evidence. Reduction gives a path of ever smaller models; of
    those within 2 nats of the best up to four are inferred anew and averaged (Madigan & Raftery, J. Am.
    Stat. Assoc. 89, 1535 (1994): Occam's window). The same is done once more with the effects of other
    variables shared, where the evidence is not against it, and with theory as one more factor, where it says
    something.

    Numbers are on the scales that the results ask for (:mod:`~molmach.agents.inference.refinement`).
    Interactions of three variables are considered where the best structure without them can't explain what
    was measured (:mod:`~molmach.agents.inference.residuals`).

    Parameters
    ----------
    model, codes, evidence
        The factors, rows of :meth:`GenerativeModel.code`, and what was measured of them.
    foretold
        (2, n) mean and standard deviation of what theory says of them, standardised as the evidence is; nan
        where it says nothing, None where it says nothing of any design.
    """
    model = refined(model, codes, evidence)
    bases = model.bases(codes, foretold)
    families = [_family(model.factors, bases, evidence, model)]
    likeness = -math.inf
    if len(evidence.scores) > 2 and (alike := _most_alike(model, bases, evidence)):
        families.append(_family(alike, bases, evidence, model))
        likeness = families[1].log_weight - families[0].log_weight
    entries = [entry for family in families for entry in family.entries.values()]
    theory = None
    if foretold is not None:
        families.append(_family(model.informed, bases, evidence, model))
        entries += [entry for key, entry in families[-1].entries.items() if THEORY in key]
        theory = _for_theory(entries, families[-1].removals)
    weights = softmax([log_weight(*entry) for entry in entries])
    likely = weights > 0.01 * weights.max()
    structures = tuple(
        Structure(kept, beliefs, float(weight / weights[likely].sum()))
        for (kept, beliefs), weight, take in zip(entries, weights, likely, strict=True)
        if take
    )
    best = max(families, key=lambda family: family.log_weight)
    likeliest = max(structures, key=lambda structure: structure.weight)
    return Understanding(
        structures,
        evidence,
        best.removals,
        best.factors.all,
        likeness,
        theory,
        model,
        check([columns(factor, bases) for factor in likeliest.factors], likeliest.beliefs, evidence),
        tuple(bases),
    )


def _for_theory(entries: Sequence[tuple[tuple[Factor, ...], Beliefs]], removals: Sequence[Removal]) -> float:
    """Log evidence for the best structure with theory against the best without.

    Where the reduction has left none with it, what its removal gained.
    """
    heights: dict[bool, list[float]] = {True: [], False: []}
    for kept, beliefs in entries:
        heights[any(factor.name == THEORY for factor in kept)].append(log_weight(kept, beliefs))
    if not heights[True]:
        return -next((step.evidence for step in removals if step.name == THEORY), math.inf)
    with_it, without_it = (max(heights[has], default=-math.inf) for has in (True, False))
    return with_it - without_it


def _most_alike(model: GenerativeModel, bases: Sequence[Floats], evidence: Evidence) -> FactorSet | None:
    """The set with more sharing that has the most evidence, unless the machine's own has far more.

    Judged by the free energy of the full models after few sweeps.
    """
    energies = []
    for factors in (model.factors, *model.alike):
        if sum(factor.width for factor in factors.all) > _room(evidence):
            return None
        features = [columns(factor, bases) for factor in factors.all]
        priors = [prior_of(factor) for factor in factors.all]
        energies.append(infer(features, evidence, priors, sweeps=_SCREENED).free_energy)
    if not model.alike:
        return None
    least = int(np.argmin(energies[1:]))
    return model.alike[least] if energies[1 + least] < energies[0] + _SLACK else None


def _family(
    factors: FactorSet, bases: Sequence[Floats], evidence: Evidence, model: GenerativeModel
) -> _Family:
    features = {factor.name: columns(factor, bases) for factor in factors.all}
    full = _affordable(factors, features, evidence)
    beliefs = inferred(full, features, evidence)
    steps = reduction(full, beliefs, _SLACK)
    totals = np.cumsum([0.0, *(step.gain for step in steps)])
    entries: Entries = {}
    for length in _lengths(totals):
        removed = {step.name for step in steps[:length]}
        kept = tuple(factor for factor in full if factor.name not in removed)
        again = beliefs if length == 0 else inferred(kept, features, evidence, (full, beliefs))
        entries[frozenset(f.name for f in kept)] = (kept, again)
    everything: tuple[Factor, ...] = factors.all
    grow(entries, everything, features, evidence)
    kept, beliefs = max(entries.values(), key=lambda entry: log_weight(*entry))
    doubt = check([features[factor.name] for factor in kept], beliefs, evidence)
    if doubt is not None and doubt.fails and sum(f.width for f in kept) < _room(evidence):
        features |= {factor.name: columns(factor, bases) for factor in model.triples}
        everything = (*everything, *model.triples)
        grow(entries, everything, features, evidence)
    exchange(entries, everything, features, evidence)
    return _Family(factors, tuple(steps), entries)


def _room(evidence: Evidence) -> int:
    """Columns that can be handled."""
    return min(_MOST_COLUMNS, int(math.sqrt(_WORK / max(len(evidence.scores), 1))))


def _affordable(factors: FactorSet, features: dict[str, Floats], evidence: Evidence) -> tuple[Factor, ...]:
    """All factors, or all effects and the interactions with most evidence."""
    room = _room(evidence)
    basic = (factors.bias, *factors.effects)
    room -= sum(factor.width for factor in basic)
    if sum(factor.width for factor in factors.interactions) <= room:
        return (*basic, *factors.interactions)
    beliefs = inferred(basic, features, evidence)
    heights = gains(basic, beliefs, factors.interactions, features, evidence)
    chosen = set()
    for factor in sorted(factors.interactions, key=lambda factor: -heights[factor.name]):
        if factor.width <= room:
            chosen.add(factor.name)
            room -= factor.width
    return (*basic, *(factor for factor in factors.interactions if factor.name in chosen))


def _lengths(totals: Floats) -> list[int]:
    """Which models of the reduction's path to average: the best, and others in Occam's window evenly."""
    near = np.flatnonzero(totals >= totals.max() - _SLACK)
    spread = near[np.linspace(0, len(near) - 1, min(_AVERAGED, len(near))).astype(int)]
    best = int(np.argmax(totals))
    if best not in spread:
        spread[np.argmin(np.abs(spread - best))] = best
    return [int(length) for length in spread]
