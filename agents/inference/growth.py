"""Structures that have a factor more than others, or another one in its place."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from molmach.agents.inference.generative_model import Factor
from molmach.agents.inference.message_passing import BIAS, EFFECT, Beliefs, Evidence, Gamma, infer
from molmach.agents.inference.model_reduction import evidence_for_new, log_odds, without

Floats = NDArray[np.float64]

Entries = dict[frozenset[str], tuple[tuple[Factor, ...], Beliefs]]
"""Structures, by the names of their factors: the factors, and the beliefs about their effects."""

_GROWN = 3
"""Rounds in which factors are added. Not tuned."""

_NEAR = 3.0
"""nats: what an exchange may cost, odds of twenty to one."""

_EXCHANGED = 9
"""Structures that exchanges add in a round: all other pairs of five variables."""

_ROUNDS = 2
"""Of exchanges, the second from what the first has found best. Not tuned."""


def prior_of(factor: Factor) -> Gamma:
    """Of the precision of a factor's effects."""
    return EFFECT if factor.orbit else BIAS


def log_weight(factors: Sequence[Factor], beliefs: Beliefs) -> float:
    """Log evidence of a structure and its odds before anything was measured, nats, up to a constant."""
    return sum(map(log_odds, factors)) - beliefs.free_energy


def inferred(
    factors: Sequence[Factor],
    features: dict[str, Floats],
    evidence: Evidence,
    near: tuple[Sequence[Factor], Beliefs] | None = None,
) -> Beliefs:
    """Beliefs given a structure; ``near`` is one with beliefs from which to start."""
    priors = [prior_of(factor) for factor in factors]
    start = None
    if near:
        known = {f.name: g for f, g in zip(near[0], near[1].precisions, strict=True)}
        started = [
            known.get(f.name, Gamma(prior.shape + f.width / 2, (prior.shape + f.width / 2) / prior.mean))
            for f, prior in zip(factors, priors, strict=True)
        ]
        start = (started, near[1].misfit)
    expected = [factor.expected for factor in factors]
    return infer([features[factor.name] for factor in factors], evidence, priors, start, expected=expected)


def gains(
    factors: Sequence[Factor],
    beliefs: Beliefs,
    candidates: Sequence[Factor],
    features: dict[str, Floats],
    evidence: Evidence,
) -> dict[str, float]:
    """Log evidence for each factor that a structure lacks, nats, without its odds."""
    blocks = [features[factor.name] for factor in factors]
    return {
        factor.name: evidence_for_new(
            beliefs, blocks, evidence, features[factor.name], prior_of(factor), factor.expected
        )
        for factor in candidates
    }


def _best(entries: Entries) -> tuple[tuple[Factor, ...], Beliefs]:
    return max(entries.values(), key=lambda entry: log_weight(*entry))


def grow(
    entries: Entries, everything: Sequence[Factor], features: dict[str, Floats], evidence: Evidence
) -> None:
    """Add to the best structure the factor that its residuals ask for, while the evidence grows."""
    for _ in range(_GROWN):
        factors, beliefs = _best(entries)
        missing = [f for f in everything if f.name not in {factor.name for factor in factors}]
        present = {place for factor in factors if factor.order == 1 for place in factor.places}
        missing = [f for f in missing if f.order != 2 or f.places <= present]
        heights = gains(factors, beliefs, missing, features, evidence)
        heights = {factor.name: heights[factor.name] + log_odds(factor) for factor in missing}
        name = max(heights, key=lambda name: heights[name], default="")
        if not name or heights[name] < 0.0:
            return
        grown = tuple(f for f in everything if f.name == name or f in factors)
        key = frozenset(factor.name for factor in grown)
        if key in entries:
            return
        entries[key] = (grown, inferred(grown, features, evidence, (factors, beliefs)))


def exchange(
    entries: Entries, everything: Sequence[Factor], features: dict[str, Floats], evidence: Evidence
) -> None:
    """Put another interaction in the place of one of the best structure's, where the evidence is as good.

    One machine that stands out is explained alike by every pair and triple of the values that it has. What
    was added or left by chance would be believed alone, and all its values with it. So for each interaction
    the others that explain what it does, within :data:`_NEAR`, make structures of their own.
    """
    for _ in range(_ROUNDS):
        factors, beliefs = _best(entries)
        missing = [f for f in everything if f.order > 1 and f not in factors]
        options: list[tuple[float, tuple[Factor, ...]]] = []
        for place, factor in enumerate(factors):
            if factor.order < 2:
                continue
            rest = (*factors[:place], *factors[place + 1 :])
            heights = gains(rest, without(beliefs, place), [factor, *missing], features, evidence)
            own = heights[factor.name] + log_odds(factor)
            for other in missing:
                cost = own - heights[other.name] - log_odds(other)
                if cost < _NEAR:
                    options.append((cost, tuple(f for f in everything if f is other or f in rest)))
        options.sort(key=lambda option: option[0])
        for _, kept in itertools.islice(options, _EXCHANGED):
            key = frozenset(factor.name for factor in kept)
            if key not in entries:
                entries[key] = (kept, inferred(kept, features, evidence, (factors, beliefs)))
        if _best(entries)[0] == factors:
            return
