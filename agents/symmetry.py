"""Variables that may be exchanged without changing the machine, found from the machines' keys."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from molmach.errors import InfeasibleError
from molmach.search.space.design import Categorical, Design
from molmach.search.space.space import Space

Permutation = tuple[int, ...]

_ALL_ORDERS = 4
"""Variables of which every order is tried: 24 of four, 120 of five."""

_MOST_TRIED = 120
"""Permutations that are tried, each on three designs, which must be made."""

_PROBES = 3
"""Designs that a symmetry must leave what they are: one alone may be its own image by chance."""

_LIKENESSES = 10
"""Larger groups that a model is compared under. Not tuned: each costs another fit."""

_LARGEST = 48
"""Exchanges in a group: two rings of four sites that are alike have 32."""

_PROBE_TRIES = 40
"""Designs at random of which three should be machines."""


_FOUND: WeakKeyDictionary[Space, tuple[Permutation, ...]] = WeakKeyDictionary()


def exchanges(space: Space) -> tuple[Permutation, ...]:
    """Permutations of the variables that leave every machine what it is; the identity comes first.

    A 2,3,5,6-substituted phenylene is the same machine after half a turn about its axle: what is
    written at R10 may as well be written at R13, if R11 and R12 are exchanged with them. A
    permutation is taken for such a symmetry if it leaves the keys of three probing designs
    unchanged, the first of which has as many different values as there are.

    Of up to four variables with the same values every order is tried, of more only those that
    exchange pairs, and no more than 120 in all: what is missed is only learned more slowly.

    Returns
    -------
    tuple of permutations
        ``design[variables[p[i]]]`` may be written at variable ``i``. They form a group.
    """
    if space not in _FOUND:
        _FOUND[space] = _exchanges(space)
    return _FOUND[space]


def column_exchanges(space: Space) -> NDArray[np.int64]:
    """(n_exchanges, n_columns) what :func:`exchanges` does to the columns of ``space.encode``."""
    starts = np.cumsum([0, *(len(v.values) if isinstance(v, Categorical) else 1 for v in space.variables)])
    ranges = [np.arange(a, b) for a, b in itertools.pairwise(starts)]
    rows = []
    for permutation in exchanges(space):
        orders = []
        for variable, source in zip(space.variables, permutation, strict=True):
            if isinstance(variable, Categorical):
                other = space.variables[source]
                assert isinstance(other, Categorical), "variables with the same values are exchanged"
                orders.append(ranges[source][[other.values.index(value) for value in variable.values]])
            else:
                orders.append(ranges[source])
        rows.append(np.concatenate([*orders, np.zeros(0, dtype=np.int64)]))
    return np.array(rows, dtype=np.int64)


def _exchanges(space: Space) -> tuple[Permutation, ...]:
    identity = tuple(range(len(space.variables)))
    probes = _probes(space)
    if not probes:
        return (identity,)
    keys = [_key(space, probe) for probe in probes]
    exact = {identity}
    for permutation in itertools.islice(_candidates(space), _MOST_TRIED):
        if permutation not in exact and all(
            _key(space, permuted(space, probe, permutation)) == key
            for probe, key in zip(probes, keys, strict=True)
        ):
            exact = _closure(exact | {permutation})
    return (identity, *sorted(exact - {identity}))


def likenesses(space: Space, exact: Sequence[Permutation]) -> tuple[tuple[Permutation, ...], ...]:
    """Larger groups of exchanges that might nearly hold, to be judged by their evidence.

    Each is the smallest group that has the exact exchanges and one more of variables with the same
    values: that two sites of a ring do the same, though the machine tells them apart. At most ten, those
    that move the most variables first; none where the group would have more than 48 exchanges.
    """
    tried = itertools.islice(_candidates(space), _MOST_TRIED)
    identity = exact[0]
    moved = sorted(tried, key=lambda p: -sum(a != b for a, b in zip(p, identity, strict=True)))
    groups: dict[frozenset[Permutation], None] = {}
    for permutation in moved:
        if permutation not in exact and len(groups) < _LIKENESSES:
            group = _closure({*exact, permutation})
            if len(group) <= _LARGEST:
                groups[frozenset(group)] = None
    return tuple((identity, *sorted(group - {identity})) for group in groups)


def permuted(space: Space, design: Design, permutation: Permutation) -> Design:
    """The design with its values exchanged."""
    names = [variable.name for variable in space.variables]
    return Design.of({names[i]: design[names[j]] for i, j in enumerate(permutation)})


def _candidates(space: Space) -> Iterator[Permutation]:
    classes: dict[tuple[str, ...], list[int]] = {}
    for place, variable in enumerate(space.variables):
        if isinstance(variable, Categorical) and len(variable.values) > 1:
            classes.setdefault(variable.values, []).append(place)
    movable = [members for members in classes.values() if len(members) > 1]
    every = sum(len(members) for members in movable) <= _ALL_ORDERS
    # Of sixteen variables there are 46 million involutions: no more are listed than are tried.
    orders = [
        list(itertools.islice(itertools.permutations(m) if every else _involutions(m), _MOST_TRIED))
        for m in movable
    ]
    for images in itertools.product(*orders):
        permutation = list(range(len(space.variables)))
        for members, image in zip(movable, images, strict=True):
            for place, source in zip(members, image, strict=True):
                permutation[place] = source
        yield tuple(permutation)


def _involutions(members: list[int]) -> Iterator[tuple[int, ...]]:
    """Orders that exchange none or some pairs."""
    if len(members) < 2:
        yield tuple(members)
        return
    first, rest = members[0], members[1:]
    for image in _involutions(rest):
        yield (first, *image)
    for k, partner in enumerate(rest):
        for image in _involutions(rest[:k] + rest[k + 1 :]):
            yield (partner, *image[:k], first, *image[k:])


def _probes(space: Space) -> list[Design]:
    rng = np.random.default_rng(0)
    spread = {}
    for place, variable in enumerate(space.variables):
        values = variable.values if isinstance(variable, Categorical) else None
        spread[variable.name] = values[place % len(values)] if values else variable.sample(rng)
    tried = [Design.of(spread), *(space.sample(rng) for _ in range(_PROBE_TRIES))]
    return list(itertools.islice((design for design in tried if space.is_machine(design)), _PROBES))


def _key(space: Space, design: Design) -> str:
    try:
        return space.resolve(design).key
    except InfeasibleError:
        return ""


def _closure(permutations: set[Permutation]) -> set[Permutation]:
    while True:
        products = {tuple(a[i] for i in b) for a in permutations for b in permutations}
        if products <= permutations or len(permutations) > _LARGEST:
            return permutations
        permutations = permutations | products
