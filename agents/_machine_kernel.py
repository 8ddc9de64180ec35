"""A kernel on machines: which fragment sits where, what it does to its ring, which numbers drive it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molmach.agents._substituents import SIMILARITIES, distances
from molmach.campaign import Design, Space
from molmach.campaign.design import Categorical, Numeric

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

MOLECULE = "molecule"
"""Name of the variable that stands for the whole molecule, in spaces with edits."""


@dataclass(frozen=True)
class Points:
    """Designs as the kernel takes them.

    Attributes
    ----------
    categories
        (n, n_categorical) number of each named value.
    numbers
        (n, n_numeric) share of each number's range, 0 to 1.
    prints
        (n, n_bits) fingerprint of the molecules; no columns where the space is closed.
    """

    categories: Integers
    numbers: Floats
    prints: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.categories)

    def __getitem__(self, rows: Integers | slice) -> Points:
        return Points(self.categories[rows], self.numbers[rows], self.prints[rows])


def joined(parts: Sequence[Points]) -> Points:
    """All points of several, in order."""
    return Points(
        np.concatenate([part.categories for part in parts]),
        np.concatenate([part.numbers for part in parts]),
        np.concatenate([part.prints for part in parts]),
    )


class MachineKernel:
    """Sum of a smooth function of each variable and one of all of them together.

    With D_v the squared distance of two designs in variable v,

        k = sum_v s_v M(D_v) + s M(sum_v a_v D_v),

    where M is Matern-5/2 as a function of the squared scaled distance. D_v is a weighted sum of the tables of
    :func:`molmach.agents._substituents.distances` for a site, the weights being shared between sites; 0 or
    1 for a choice; w_v times the squared difference of shares for a number; w_v times 1 - Tanimoto similarity
    of Morgan fingerprints for the edited molecule. The weights s, a, w are the parameters, as logarithms.

    Where exchanging sites gives the same machine, the kernel is the mean over those exchanges, and the sites
    share their s and a; so a machine has one prediction, whatever its spelling (Ginsbourger et al., Ann. Fac.
    Sci. Toulouse 21, 501 (2012)).
    """

    def __init__(self, space: Space, exchanges: Sequence[Sequence[int]]) -> None:
        self.categorical = [v for v in space.variables if isinstance(v, Categorical)]
        self.numeric = [v for v in space.variables if isinstance(v, Numeric)]
        self.open = space.open
        self.exchanges = np.array(exchanges, dtype=np.int64).reshape(len(exchanges), len(self.categorical))
        self._tables = [_tables(space, variable) for variable in self.categorical]
        names = [v.name for v in (*self.categorical, *self.numeric)] + [MOLECULE] * self.open
        self._orbit = self._orbits(len(names))
        self.groups = [
            [name for name, orbit in zip(names, self._orbit, strict=True) if orbit == number]
            for number in range(max(self._orbit, default=-1) + 1)
        ]
        self.variables = names

    def _orbits(self, n_variables: int) -> list[int]:
        """Number of the group of exchangeable variables that each variable belongs to."""
        smallest = [*self.exchanges.min(axis=0)] if len(self.categorical) else []
        smallest += list(range(len(smallest), n_variables))
        order = sorted(set(smallest))
        return [order.index(first) for first in smallest]

    @property
    def prior(self) -> tuple[Floats, Floats]:
        """Means and standard deviations of the parameters: (s_v, a_v) by group, s, w of parts, w_v."""
        n, groups, singles = len(self.variables), len(self.groups), len(self.numeric) + self.open
        mean = [
            *([np.log(_ADDITIVE / n)] * groups),
            *([np.log(_RELEVANCE / n)] * groups),
            np.log(_JOINT),
            *([np.log(_STEEPNESS / len(SIMILARITIES))] * len(SIMILARITIES)),
            *([np.log(_STEEPNESS_OF_NUMBERS)] * singles),
        ]
        return np.array(mean), np.full(len(mean), _DOUBT)

    def points(self, designs: Sequence[Design], space: Space) -> Points:
        """Designs as the kernel takes them; in an open space they must be machines."""
        places = [{value: i for i, value in enumerate(v.values)} for v in self.categorical]
        rows = [dict(design.values) for design in designs]
        categories = [[p[str(row[v.name])] for v, p in zip(self.categorical, places, strict=True)] for row in rows]
        numbers = [[v.share(row[v.name]) for v in self.numeric] for row in rows]
        prints = [np.array(space.fingerprint(d), dtype=np.float32) if self.open else np.zeros(0) for d in designs]
        return Points(
            np.array(categories, dtype=np.int64).reshape(len(rows), len(self.categorical)),
            np.array(numbers, dtype=np.float64).reshape(len(rows), len(self.numeric)),
            np.array(prints, dtype=np.float32).reshape(len(rows), -1 if self.open and rows else 0),
        )

    def design(self, point: Points, space: Space) -> Design:
        """The design that one point of a closed space stands for."""
        values = {v.name: v.values[int(i)] for v, i in zip(self.categorical, point.categories[0], strict=True)}
        numbers = {v.name: v.at(float(x)) for v, x in zip(self.numeric, point.numbers[0], strict=True)}
        return Design.of({**values, **numbers})

    def matrix(self, parameters: Floats, first: Points, second: Points) -> Floats:
        """(n_first, n_second) covariances."""
        rows = Points(first.categories[:, None], first.numbers[:, None], first.prints)
        columns = Points(second.categories[None], second.numbers[None], second.prints)
        return self._covariance(_Weights.of(self, parameters), rows, columns, _tanimoto(first, second))

    def diagonal(self, parameters: Floats, points: Points) -> Floats:
        """(n_points,) variances."""
        return self._covariance(_Weights.of(self, parameters), points, points, np.ones(len(points)))

    def _covariance(self, weights: _Weights, first: Points, second: Points, tanimoto: Floats) -> Floats:
        fixed, apart = self._own(weights, first, second, tanimoto)
        total = np.zeros_like(apart)
        for exchange in self.exchanges:
            squared = apart.copy()
            for v, table in enumerate(weights.tables):
                pair = first.categories[..., v], second.categories[..., exchange[v]]
                squared += (weights.relevance[v] * table)[pair]
                total += (weights.additive[v] * matern(table))[pair]
            total += weights.joint * matern(squared)
        return fixed + total / len(self.exchanges)

    def _own(self, weights: _Weights, first: Points, second: Points, tanimoto: Floats) -> tuple[Floats, Floats]:
        """What numbers and the molecule contribute, which no exchange touches."""
        fixed, apart = np.zeros_like(tanimoto), np.zeros_like(tanimoto)
        for v, squared in enumerate(self._single(first, second, tanimoto), len(self.categorical)):
            scaled = weights.single[v - len(self.categorical)] * squared
            fixed += weights.additive[v] * matern(scaled)
            apart += weights.relevance[v] * scaled
        return fixed, apart

    def _single(self, first: Points, second: Points, tanimoto: Floats) -> list[Floats]:
        numbers = range(len(self.numeric))
        squares = [(first.numbers[..., m] - second.numbers[..., m]) ** 2 for m in numbers]
        return squares + [1.0 - tanimoto] * self.open

    def with_gradient(self, parameters: Floats, points: Points) -> tuple[Floats, Callable[[Floats], Floats]]:
        """(n, n) covariances, and what turns d/d(covariances) of a number into d/d(parameters)."""
        weights = _Weights.of(self, parameters)
        rows = Points(points.categories[:, None], points.numbers[:, None], points.prints)
        columns = Points(points.categories[None], points.numbers[None], points.prints)
        tanimoto = _tanimoto(points, points)
        one_hot = [np.eye(len(t))[points.categories[:, v]] for v, t in enumerate(weights.tables)]
        fixed, apart = self._own(weights, rows, columns, tanimoto)
        total, squares = fixed.copy(), []
        for exchange in self.exchanges:
            squared = apart.copy()
            for v, table in enumerate(weights.tables):
                pair = rows.categories[..., v], columns.categories[..., exchange[v]]
                squared += (weights.relevance[v] * table)[pair]
                total += (weights.additive[v] * matern(table) / len(self.exchanges))[pair]
            total += weights.joint * matern(squared) / len(self.exchanges)
            squares.append(squared)

        def pull_back(slope: Floats) -> Floats:
            gradient = _Gradient(self, weights)
            singles = self._single(rows, columns, tanimoto)
            for exchange, squared in zip(self.exchanges, squares, strict=True):
                share = slope / len(self.exchanges)
                gradient.joint += weights.joint * float(np.vdot(share, matern(squared)))
                inner = weights.joint * share * matern_slope(squared)
                for v in range(len(self.categorical)):
                    hot = one_hot[v].T, one_hot[exchange[v]]
                    gradient.site(v, hot[0] @ share @ hot[1], hot[0] @ inner @ hot[1])
                for m, single in enumerate(singles):
                    gradient.number(m, float(np.vdot(inner, single)))
            for m, single in enumerate(singles):
                gradient.number_alone(m, slope, single)
            return gradient.parameters()

        return total, pull_back


@dataclass(frozen=True)
class _Weights:
    """The kernel's parameters by what they do: per variable, and each site's own table of distances."""

    additive: Floats
    relevance: Floats
    joint: float
    parts: Floats
    single: Floats
    tables: list[Floats]

    @classmethod
    def of(cls, kernel: MachineKernel, parameters: Floats) -> _Weights:
        sizes = np.cumsum([len(kernel.groups), len(kernel.groups), 1, len(SIMILARITIES)])
        additive, relevance, joint, parts, single = np.split(np.exp(parameters), sizes)
        tables = [np.tensordot(parts, t, 1) if len(t) > 1 else t[0] for t in kernel._tables]
        orbit = np.array(kernel._orbit, dtype=np.int64)
        return cls(additive[orbit], relevance[orbit], float(joint[0]), parts, single, tables)


class _Gradient:
    """Sums of d/d(logarithm of a weight), variable by variable."""

    def __init__(self, kernel: MachineKernel, weights: _Weights) -> None:
        self.kernel, self.weights = kernel, weights
        self.additive, self.relevance = np.zeros(len(kernel.variables)), np.zeros(len(kernel.variables))
        self.joint = 0.0
        self.parts, self.single = np.zeros(len(weights.parts)), np.zeros(len(weights.single))

    def site(self, v: int, slope: Floats, inner: Floats) -> None:
        """From d/d(covariances) and d/d(squared distances), both summed over pairs of values."""
        table, tables = self.weights.tables[v], self.kernel._tables[v]
        additive, relevance = self.weights.additive[v], self.weights.relevance[v]
        self.additive[v] += additive * float(np.vdot(slope, matern(table)))
        self.relevance[v] += relevance * float(np.vdot(inner, table))
        if len(tables) > 1:
            both = relevance * inner + additive * slope * matern_slope(table)
            self.parts += self.weights.parts * np.tensordot(tables, both, 2)

    def number(self, m: int, inner: float) -> None:
        """From d/d(squared distances) times squared differences, summed over pairs of points."""
        v = m + len(self.kernel.categorical)
        change = self.weights.relevance[v] * self.weights.single[m] * inner
        self.relevance[v] += change
        self.single[m] += change

    def number_alone(self, m: int, slope: Floats, squared: Floats) -> None:
        """The same of the additive part."""
        v = m + len(self.kernel.categorical)
        scaled = self.weights.single[m] * squared
        self.additive[v] += self.weights.additive[v] * float(np.vdot(slope, matern(scaled)))
        self.single[m] += self.weights.additive[v] * float(np.vdot(slope, matern_slope(scaled) * scaled))

    def parameters(self) -> Floats:
        groups = len(self.kernel.groups)
        additive, relevance = (
            np.bincount(self.kernel._orbit, total, groups) for total in (self.additive, self.relevance)
        )
        return np.concatenate([additive, relevance, [self.joint], self.parts, self.single])


_ADDITIVE = 1.0
_RELEVANCE = 1.0
_JOINT = 0.5
_STEEPNESS = 3.0
_STEEPNESS_OF_NUMBERS = 6.0
_DOUBT = 1.0


def matern(squared: Floats) -> Floats:
    """Matern-5/2 correlation at a squared scaled distance (Rasmussen & Williams, equation 4.17)."""
    root = np.sqrt(5.0 * squared)
    return np.asarray((1.0 + root + 5.0 / 3.0 * squared) * np.exp(-root))


def matern_slope(squared: Floats) -> Floats:
    """Its derivative by the squared distance."""
    root = np.sqrt(5.0 * squared)
    return np.asarray(-5.0 / 6.0 * (1.0 + root) * np.exp(-root))


def _tables(space: Space, variable: Categorical) -> Floats:
    """(parts, n, n) squared distances between a variable's values; one part for a choice."""
    fragments = space.site_fragments.get(variable.name)
    if fragments is None:
        return np.asarray((1.0 - np.eye(len(variable.values)))[None])
    return distances([fragments[value] for value in variable.values])


def _tanimoto(first: Points, second: Points) -> Floats:
    """(n_first, n_second) similarity of fingerprints; 1 between molecules without any bit."""
    if not first.prints.shape[1]:
        return np.ones((len(first), len(second)))
    common = (first.prints @ second.prints.T).astype(np.float64)
    either = first.prints.sum(axis=1)[:, None] + second.prints.sum(axis=1)[None] - common
    return np.where(either > 0.0, common / np.maximum(either, 1.0), 1.0)


def exchanges_of(space: Space, probes: int = 6) -> list[tuple[int, ...]]:
    """Permutations of the space's named variables that give the same machine, the identity first.

    Found by trial on designs at random: each self-inverse exchange of sites with the same fragments is kept
    if no probe's machine changes, and all products of those kept are added.
    """
    variables = [v for v in space.variables if isinstance(v, Categorical)]
    identity = tuple(range(len(variables)))
    sites = [i for i in identity if variables[i].name in space.site_fragments and len(variables[i].values) > 1]
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


_PROBES = 10
_MOST_SITES = 8
_MOST_EXCHANGES = 24


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
