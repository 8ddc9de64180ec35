"""Which exchanges of variables leave the machine the same: then a result counts for all its spellings."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from molmach.campaign.design import Categorical, Design
from molmach.campaign.space import Space
from molmach.errors import InfeasibleError

Columns = NDArray[np.int64]

_TRIALS = 3
_LARGEST_GROUP = 24
_LARGEST_CLASS = 6
_MOST_EXCHANGES = 100

_FOUND: WeakKeyDictionary[Space, Columns] = WeakKeyDictionary()


def symmetries(space: Space) -> Columns:
    """(n_symmetries, n_columns) permutations of the columns of ``space.encode``, the identity first.

    An exchange of variables with the same values counts as a symmetry if trial designs keep their key
    under it: a phenylene rotor with four sites is the same machine when its two sides are named the
    other way round.
    """
    if space not in _FOUND:
        _FOUND[space] = _symmetries(space)
    return _FOUND[space]


def _symmetries(space: Space) -> Columns:
    exchanges = itertools.islice(_exchanges(space), _MOST_EXCHANGES)
    kept = [exchange for exchange in exchanges if _keeps_keys(space, exchange)]
    names = [variable.name for variable in space.variables]
    found: list[tuple[str, ...]] = [tuple(names)]
    for order in found:  # grows while it is walked: the closure under the exchanges
        for exchange in kept:
            image = tuple(exchange.get(name, name) for name in order)
            if image not in found:
                found.append(image)
        if len(found) > _LARGEST_GROUP:
            found = found[:1]
            break
    return np.array([_columns(space, dict(zip(names, order, strict=True))) for order in found])


def _exchanges(space: Space) -> Iterator[dict[str, str]]:
    """Every way to exchange variables that have the same values in pairs; the rest stay."""
    classes: dict[frozenset[str], list[str]] = {}
    for variable in space.variables:
        if isinstance(variable, Categorical) and len(variable.values) > 1:
            classes.setdefault(frozenset(variable.values), []).append(variable.name)
    alike = [names for names in classes.values() if 2 <= len(names) <= _LARGEST_CLASS]
    for parts in itertools.product(*(list(_pairings(names)) for names in alike)):
        exchange: dict[str, str] = {}
        for pairs in parts:
            exchange |= dict(pairs) | {b: a for a, b in pairs}
        if exchange:
            yield exchange


def _pairings(names: Sequence[str]) -> Iterator[tuple[tuple[str, str], ...]]:
    if not names:
        yield ()
        return
    first, rest = names[0], names[1:]
    yield from _pairings(rest)
    for place, other in enumerate(rest):
        for pairs in _pairings([*rest[:place], *rest[place + 1 :]]):
            yield ((first, other), *pairs)


def _keeps_keys(space: Space, exchange: dict[str, str]) -> bool:
    rng = np.random.default_rng(0)
    told = 0
    for _ in range(10 * _TRIALS):
        design = space.sample(rng)
        image = Design.of({name: design[exchange.get(name, name)] for name, _ in design.values})
        if image == design:
            continue
        try:
            if space.resolve(design).key != space.resolve(image).key:
                return False
        except InfeasibleError:
            continue
        told += 1
        if told == _TRIALS:
            return True
    return False


def _columns(space: Space, image: dict[str, str]) -> Columns:
    place = {column: number for number, column in enumerate(space.columns)}
    order = []
    for variable in space.variables:
        if isinstance(variable, Categorical):
            order += [place[f"{image[variable.name]}={value}"] for value in variable.values]
        else:
            order.append(place[variable.name])
    return np.array(order, dtype=np.int64)
