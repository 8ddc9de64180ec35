"""Exchanges of sites that leave the machine the same."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from molmach.campaign import Design, Space
from molmach.campaign.design import Categorical

_PROBES = 10
_MOST_SITES = 8
_MOST_EXCHANGES = 24


def exchanges_of(space: Space, probes: int = 6) -> list[tuple[int, ...]]:
    """Permutations of the space's named variables that give the same machine, the identity first.

    Found by trial on designs at random: each self-inverse exchange of sites with the same fragments is kept
    if no probe's machine changes, and all products of those kept are added.
    """
    variables = [v for v in space.variables if isinstance(v, Categorical)]
    identity = tuple(range(len(variables)))
    sites = [
        i for i in identity if variables[i].name in space.site_fragments and len(variables[i].values) > 1
    ]
    rng = np.random.default_rng(0)
    designs = (space.sample(rng) for _ in range(_PROBES * probes))
    known = list(itertools.islice((design for design in designs if space.is_machine(design)), probes))
    if len(known) < probes or len(sites) > _MOST_SITES:
        return [identity]
    kept = {identity}
    for exchange in _involutions(identity, sites):
        same = all(variables[i].values == variables[j].values for i, j in enumerate(exchange))
        if same and all(_unchanged(space, design, variables, exchange) for design in known):
            kept.add(exchange)
    while len(kept) <= _MOST_EXCHANGES:
        products = {tuple(a[i] for i in b) for a in kept for b in kept}
        if products == kept:
            return [identity, *sorted(kept - {identity})]
        kept |= products
    return [identity]


def _involutions(start: tuple[int, ...], sites: Sequence[int]) -> list[tuple[int, ...]]:
    """Every way to exchange sites in pairs, some staying where they are; without the one that moves none."""
    found = [start]
    for i, j in itertools.combinations(sites, 2):
        for old in list(found):
            if old[i] == i and old[j] == j:
                new = list(old)
                new[i], new[j] = j, i
                found.append(tuple(new))
    return found[1:]


def _unchanged(
    space: Space, design: Design, variables: Sequence[Categorical], exchange: Sequence[int]
) -> bool:
    values = dict(design.values)
    moved = {v.name: values[variables[i].name] for v, i in zip(variables, exchange, strict=True)}
    other = Design.of({**values, **moved})
    return space.is_machine(other) and space.resolve(other).key == space.resolve(design).key
