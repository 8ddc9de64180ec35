"""Designs among which a model's favourites are looked for."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molmach.agents.regression.machine_kernel import MachineKernel
from molmach.agents.regression.points import Integers, Points, joined
from molmach.search import Design, Space

Floats = NDArray[np.float64]

MOST = 20_000
"""Largest number of designs of a space that is looked through as a whole."""

_RANDOM = 2000
"""Designs at random. Not tuned."""

_MUTANTS = 1000
"""Variations of the best. Not tuned, as those at random."""

PARENTS = 20
"""Best machines that are varied. Not tuned."""

_DRAWN = 500
"""Designs at random that are drawn one by one. Not tuned: each takes a twentieth of a millisecond."""

_ROUNDS = 3
_REFINED = 20
"""Candidates that are varied again. Not tuned."""

_CHILDREN = 15
"""Variations of each of those. Not tuned."""

_KEPT = 500
"""Candidates among which a batch is chosen, whose covariances are needed. Not tuned."""

_OPEN = (100, 100, 150)
"""Designs at random, mutants with children of two, and edits, in an open space: each must be made there."""

_STEPS = (0.2, 0.05, 0.01)
"""Standard deviations of the steps of numbers, as shares of their range."""


@dataclass(frozen=True)
class Pool:
    """Candidates.

    Attributes
    ----------
    points
        As the kernel takes them.
    designs
        The same, where they had to be made; else they are read off the points.
    whole
        Whether every design of the space is among them.
    """

    points: Points
    designs: tuple[Design, ...]
    whole: bool

    def design(self, number: int, kernel: MachineKernel, space: Space) -> Design:
        """The candidate of a number as a design."""
        if self.designs:
            return self.designs[number]
        return kernel.design(self.points[np.array([number])], space)


def everything(space: Space, kernel: MachineKernel) -> Points | None:
    """All designs that are not too heavy, one spelling of each machine.

    None where there are too many, or edits lead further.
    """
    if space.open or space.size is None or space.size > MOST:
        return None
    sizes = [len(v.values) for v in kernel.categorical]
    counts = [int(v.high - v.low) + 1 for v in kernel.numeric]
    rows = np.array(list(itertools.product(*(range(size) for size in sizes + counts))), dtype=np.int64)
    rows = rows.reshape(-1, len(sizes) + len(counts))
    categories, steps = rows[:, : len(sizes)], rows[:, len(sizes) :]
    # Every exchange of sites gives the same machine: the spelling that comes first in order is kept.
    place = np.cumprod([1, *sizes[::-1]])[:-1][::-1]
    ranks = np.array([categories[:, exchange] @ place for exchange in kernel.exchanges])
    kept = (ranks[0] == ranks.min(axis=0)) & space.light_enough(categories)
    return _closed(categories[kept], (steps[kept] + 0.5) / np.array(counts, dtype=np.float64))


def looked_at(
    kernel: MachineKernel,
    parents: Points,
    score: Callable[[Points], Floats],
    most: int,
    rng: np.random.Generator,
) -> Pool:
    """Candidates of a space that is too large to be looked through, around its best and at random.

    Parameters
    ----------
    kernel
        Of a closed space.
    parents
        The best known, best first.
    score
        What is looked for, larger being better: the candidates of the largest are varied again, so that
        numbers are refined.
    most
        Candidates in all.
    rng
        Random numbers.
    """
    n = min(_RANDOM, most // 3)
    mutants = _mutants(kernel, parents, min(_MUTANTS, n), rng)
    points = joined([parents, _light_at_random(kernel, n, rng), mutants])
    scores = score(points)
    for _ in range(_ROUNDS):
        top = points[np.argsort(-scores, kind="stable")[:_REFINED]]
        new = _mutants(kernel, top, _REFINED * _CHILDREN, rng)
        points, scores = joined([points, new]), np.append(scores, score(new))
    return Pool(points[np.argsort(-scores, kind="stable")[:_KEPT]], (), whole=False)


def made(space: Space, kernel: MachineKernel, parents: Sequence[Design], rng: np.random.Generator) -> Pool:
    """Candidates of an open space: at random, mutants and children of the best, and edits of those."""
    n_random, n_changed, n_edited = _OPEN
    drawn = dict.fromkeys(space.sample(rng) for _ in range(n_random))
    sources = list(parents[:PARENTS])
    for _ in range(n_changed if sources else 0):
        first, second = (sources[int(rng.integers(len(sources)))] for _ in range(2))
        drawn[space.mutate(first, rng) if rng.random() < 0.5 else space.cross(first, second, rng)] = None
    machines = [design for design in drawn if space.is_machine(design)]
    edited = []
    sources = sources or machines
    for _ in range(n_edited if sources else 0):
        changed = space.edit(sources[int(len(sources) * rng.random() ** 2)], rng)
        edited += [changed[0]] if changed else []
    designs = tuple(dict.fromkeys([*machines, *edited]))
    return Pool(kernel.points(designs, space), designs, whole=False)


def _closed(categories: Integers, numbers: Floats) -> Points:
    return Points(categories, numbers, np.zeros((len(categories), 0), dtype=np.float32))


def _at_random(kernel: MachineKernel, n: int, rng: np.random.Generator) -> Points:
    categories = np.zeros((n, len(kernel.categorical)), dtype=np.int64)
    for column, variable in enumerate(kernel.categorical):
        categories[:, column] = rng.integers(len(variable.values), size=n)
    return _closed(categories, _on_grid(kernel, rng.random((n, len(kernel.numeric)))))


def _light_at_random(kernel: MachineKernel, n: int, rng: np.random.Generator) -> Points:
    """Designs at random; fewer, none of them too heavy, where the space has limits that add up."""
    if kernel.space.drawing.within is None:
        return _at_random(kernel, n, rng)
    drawn = [kernel.space.sample(rng) for _ in range(min(n, _DRAWN))]
    return kernel.points(drawn, kernel.space)


def _mutants(kernel: MachineKernel, parents: Points, n: int, rng: np.random.Generator) -> Points:
    """Variations of parents that are not too heavy: one or two named values, or numbers by steps, or both."""
    if not len(parents):
        return _at_random(kernel, 0, rng)
    chosen = parents[rng.integers(len(parents), size=n)]
    other = _at_random(kernel, n, rng)
    n_variables = len(kernel.categorical) + len(kernel.numeric)
    change = rng.random((n, n_variables)) < 1.5 / max(1, n_variables)
    n_named = len(kernel.categorical)
    categories = np.where(change[:, :n_named], other.categories, chosen.categories)
    steps = rng.choice(_STEPS, size=(n, 1)) * rng.standard_normal((n, len(kernel.numeric)))
    numbers = chosen.numbers + np.where(change[:, n_named:], steps, 0.0)
    light = kernel.space.light_enough(categories)
    return _closed(categories[light], _on_grid(kernel, np.clip(numbers[light], 0.0, 1.0)))


def _on_grid(kernel: MachineKernel, numbers: Floats) -> Floats:
    """Shares that designs can have: whole numbers lie in the middle of their step."""
    for column, variable in enumerate(kernel.numeric):
        if variable.scale == "integer":
            count = variable.high - variable.low + 1.0
            steps = np.minimum(np.floor(numbers[:, column] * count), count - 1.0)
            numbers[:, column] = (steps + 0.5) / count
    return numbers
