"""A kernel on machines: which fragment sits where, what it does to its ring, which numbers drive it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from molmach.agents.regression.points import Floats, Integers, Points, tanimoto_similarity
from molmach.agents.regression.substituents import SIMILARITIES, distances
from molmach.search import Design, Space
from molmach.search.space.design import Categorical, Numeric

MOLECULE = "molecule"
"""Name of the variable that stands for the whole molecule, in spaces with edits."""


class MachineKernel:
    """Sum of smooth functions of each variable, of each two, and of all of them together.

    With D_v the squared distance of two designs in variable v,

        k = sum_v s_v M(D_v) + s_2 mean_(u<v) M(D_u) M(D_v) + s M(sum_v a_v D_v)

    (the first orders of Duvenaud, Nickisch & Rasmussen, Additive Gaussian processes, NeurIPS 2011), where M
    is Matern-5/2 as a function of the squared scaled distance. D_v is a weighted sum of the tables of
    :func:`~molmach.agents.regression.substituents.distances` for a site, the weights being shared between
    sites; 0 or 1 for a choice; w_v times the squared difference of shares for a number; w_v times
    1 - Tanimoto similarity of Morgan fingerprints for the edited molecule. The weights s, a and w are the
    parameters, as logarithms.

    Where exchanging sites gives the same machine, the kernel is the mean over those exchanges, and the sites
    share their s and a; so a machine has one prediction, whatever its spelling (Ginsbourger et al., Ann. Fac.
    Sci. Toulouse 21, 501 (2012)). That mean is larger for symmetric machines, which are their own exchange;
    scaled to one variance for all machines, none looks promising for its symmetry alone.
    """

    def __init__(self, space: Space, exchanges: Sequence[Sequence[int]]) -> None:
        self.categorical = [v for v in space.variables if isinstance(v, Categorical)]
        self.numeric = [v for v in space.variables if isinstance(v, Numeric)]
        self.open, self.space = space.open, space
        # named variables come before numbers, which no exchange moves
        self.exchanges = np.array(exchanges, dtype=np.int64)[:, : len(self.categorical)]
        self._tables = [_tables(space, variable) for variable in self.categorical]
        names = [v.name for v in self.categorical] + [v.name for v in self.numeric] + [MOLECULE] * self.open
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
        """Means and standard deviations of the parameters: s_v and a_v by group, s_2, s, w of parts, w_v."""
        n, groups, singles = len(self.variables), len(self.groups), len(self.numeric) + self.open
        mean = [
            *([np.log(_ADDITIVE / n)] * groups),
            *([np.log(_RELEVANCE / n)] * groups),
            np.log(_PAIRS),
            np.log(_JOINT),
            *([np.log(_STEEPNESS / len(SIMILARITIES))] * len(SIMILARITIES)),
            *([np.log(_STEEPNESS_OF_NUMBERS)] * singles),
        ]
        return np.array(mean), np.full(len(mean), _DOUBT)

    def is_site(self, v: int) -> bool:
        """Whether a named variable's values are fragments."""
        return len(self._tables[v]) > 1

    def part_weights(self, parameters: Floats) -> Floats:
        """(n_parts,) weights of the differences between substituents."""
        return _Weights.of(self, parameters).parts

    def points(self, designs: Sequence[Design], space: Space) -> Points:
        """Designs as the kernel takes them; in an open space they must be machines."""
        places = [{value: i for i, value in enumerate(v.values)} for v in self.categorical]
        rows = [dict(design.values) for design in designs]
        named = list(zip(self.categorical, places, strict=True))
        categories = [[place[str(row[v.name])] for v, place in named] for row in rows]
        numbers = [[v.share(row[v.name]) for v in self.numeric] for row in rows]
        prints = [np.array(space.fingerprint(design)) for design in designs] if self.open else []
        return Points(
            np.array(categories, dtype=np.int64).reshape(len(rows), len(self.categorical)),
            np.array(numbers, dtype=np.float64).reshape(len(rows), len(self.numeric)),
            np.array(prints, dtype=np.float32).reshape(len(rows), -1 if prints else 0),
        )

    def design(self, point: Points, space: Space) -> Design:
        """The design that one point of a closed space stands for."""
        values = {
            v.name: v.values[int(i)] for v, i in zip(self.categorical, point.categories[0], strict=True)
        }
        numbers = {v.name: v.at(float(x)) for v, x in zip(self.numeric, point.numbers[0], strict=True)}
        return Design.of({**values, **numbers})

    def matrix(self, parameters: Floats, first: Points, second: Points) -> Floats:
        """(n_first, n_second) covariances."""
        weights = _Weights.of(self, parameters)
        rows = Points(first.categories[:, None], first.numbers[:, None], first.prints)
        columns = Points(second.categories[None], second.numbers[None], second.prints)
        covariance = self._covariance(weights, rows, columns, tanimoto_similarity(first, second))
        covariance *= self._scale(weights, first)[:, None]
        covariance *= self._scale(weights, second)
        return covariance

    def diagonal(self, parameters: Floats, points: Points) -> Floats:
        """(n_points,) variances: the same for every machine."""
        return np.full(len(points), _Weights.of(self, parameters).variance)

    def mean(self, points: Points) -> Floats:
        """(n_points,) zeros."""
        return np.zeros(len(points))

    def _covariance(self, weights: _Weights, first: Points, second: Points, tanimoto: Floats) -> Floats:
        singles = [w * d for w, d in zip(weights.single, self._single(first, second, tanimoto), strict=True)]
        total = np.zeros_like(tanimoto)
        for exchange in self.exchanges:
            total += self._terms(weights, first, second, exchange, singles, tanimoto.shape).covariance(
                weights
            )
        return total / len(self.exchanges)

    def _scale(self, weights: _Weights, points: Points) -> Floats:
        """(n_points,) factor that brings each machine's standard deviation to the common one."""
        own = self._covariance(weights, points, points, np.ones(len(points)))
        return np.asarray(np.sqrt(weights.variance / own))

    def _single(self, first: Points, second: Points, tanimoto: Floats) -> list[Floats]:
        """Squared distances in what no exchange touches: numbers and the molecule."""
        numbers = range(len(self.numeric))
        squares = [(first.numbers[..., m] - second.numbers[..., m]) ** 2 for m in numbers]
        return squares + [1.0 - tanimoto] * self.open

    def _terms(
        self,
        weights: _Weights,
        first: Points,
        second: Points,
        exchange: Integers,
        singles: Sequence[Floats],
        shape: tuple[int, ...],
    ) -> _Terms:
        squared = np.zeros(shape)
        alone = []
        for v, table in enumerate(weights.tables):
            pair = first.categories[..., v] * len(table) + second.categories[..., exchange[v]]
            squared += (weights.relevance[v] * table).take(pair)
            alone.append(matern(table).take(pair))
        for v, single in enumerate(singles, len(weights.tables)):
            squared += weights.relevance[v] * single
            alone.append(matern(single))
        return _Terms(alone, squared)

    def with_gradient(self, parameters: Floats, points: Points) -> tuple[Floats, Callable[[Floats], Floats]]:
        """(n, n) covariances, and what turns d/d(covariances) of a number into d/d(parameters)."""
        weights = _Weights.of(self, parameters)
        rows = Points(points.categories[:, None], points.numbers[:, None], points.prints)
        columns = Points(points.categories[None], points.numbers[None], points.prints)
        tanimoto = tanimoto_similarity(points, points)
        plain = self._single(rows, columns, tanimoto)
        singles = [w * d for w, d in zip(weights.single, plain, strict=True)]
        terms = [self._terms(weights, rows, columns, e, singles, tanimoto.shape) for e in self.exchanges]
        one_hot = [np.eye(len(t))[points.categories[:, v]] for v, t in enumerate(weights.tables)]

        plain_total = sum((term.covariance(weights) for term in terms), np.zeros(tanimoto.shape))
        plain_total /= len(self.exchanges)
        own = plain_total.diagonal()
        scale = np.sqrt(weights.variance / own)
        scaled = plain_total * scale[:, None] * scale

        def pull_back(slope: Floats) -> Floats:
            gradient = _Gradient(self, weights)
            weighted = slope * scaled
            inward = slope * scale[:, None] * scale
            inward[np.diag_indices_from(inward)] -= 0.5 * (weighted.sum(0) + weighted.sum(1)) / own
            share = inward / len(self.exchanges)
            gradient.variance(float(weighted.sum()) / weights.variance)
            for exchange, term in zip(self.exchanges, terms, strict=True):
                inner = gradient.together(share, term)
                for v, alone in enumerate(term.alone):
                    outer = share * term.slope(weights, v)
                    gradient.additive[v] += weights.additive[v] * float(np.vdot(share, alone))
                    if v < len(one_hot):
                        left, right = one_hot[v].T, one_hot[exchange[v]]
                        gradient.site(v, left @ outer @ right, left @ inner @ right)
                    else:
                        gradient.number(v - len(one_hot), outer, inner, singles[v - len(one_hot)])
            return gradient.parameters()

        return scaled, pull_back


@dataclass(frozen=True)
class _Terms:
    """Of pairs of points under one exchange: each variable's correlation, and the joint squared distance."""

    alone: list[Floats]
    squared: Floats

    @property
    def pairs(self) -> Floats:
        """Mean product of two different variables' correlations."""
        total, squares = np.zeros_like(self.squared), np.zeros_like(self.squared)
        for correlation in self.alone:
            total += correlation
            squares += correlation**2
        return (total**2 - squares) / self._n_pairs

    @property
    def _n_pairs(self) -> int:
        return max(1, len(self.alone) * (len(self.alone) - 1))

    def covariance(self, weights: _Weights) -> Floats:
        total = weights.pairs * self.pairs + weights.joint * matern(self.squared)
        for weight, correlation in zip(weights.additive, self.alone, strict=True):
            total += weight * correlation
        return np.asarray(total)

    def slope(self, weights: _Weights, v: int) -> Floats:
        """d(covariance)/d(a variable's own correlation)."""
        others = sum((c for w, c in enumerate(self.alone) if w != v), np.zeros_like(self.squared))
        return np.asarray(weights.additive[v] + 2.0 * weights.pairs / self._n_pairs * others)


@dataclass(frozen=True)
class _Weights:
    """The kernel's parameters by what they do: per variable, and each site's own table of distances."""

    additive: Floats
    relevance: Floats
    pairs: float
    joint: float
    parts: Floats
    single: Floats
    tables: list[Floats]

    @property
    def variance(self) -> float:
        """Of every machine: what all terms have at distance zero."""
        return float(self.additive.sum()) + self.pairs * (len(self.additive) > 1) + self.joint

    @classmethod
    def of(cls, kernel: MachineKernel, parameters: Floats) -> _Weights:
        sizes = np.cumsum([len(kernel.groups), len(kernel.groups), 1, 1, len(SIMILARITIES)])
        additive, relevance, pairs, joint, parts, single = np.split(np.exp(parameters), sizes)
        tables = [np.tensordot(parts, t, 1) if len(t) > 1 else t[0] for t in kernel._tables]
        orbit = np.array(kernel._orbit, dtype=np.int64)
        return cls(additive[orbit], relevance[orbit], float(pairs[0]), float(joint[0]), parts, single, tables)


class _Gradient:
    """Sums of d/d(logarithm of a weight), variable by variable."""

    def __init__(self, kernel: MachineKernel, weights: _Weights) -> None:
        self.kernel, self.weights = kernel, weights
        self.additive, self.relevance = np.zeros(len(kernel.variables)), np.zeros(len(kernel.variables))
        self.pairs, self.joint = 0.0, 0.0
        self.parts, self.single = np.zeros(len(weights.parts)), np.zeros(len(weights.single))

    def variance(self, slope: float) -> None:
        """From d/d(variance of every machine)."""
        self.additive += slope * self.weights.additive
        self.pairs += slope * self.weights.pairs * (len(self.weights.additive) > 1)
        self.joint += slope * self.weights.joint

    def together(self, slope: Floats, term: _Terms) -> Floats:
        """From d/d(covariances) of pairs of points; gives d/d(joint squared distances)."""
        self.pairs += self.weights.pairs * float(np.vdot(slope, term.pairs))
        self.joint += self.weights.joint * float(np.vdot(slope, matern(term.squared)))
        return np.asarray(self.weights.joint * slope * matern_slope(term.squared))

    def site(self, v: int, outer: Floats, inner: Floats) -> None:
        """From d/d(own correlations) and d/d(joint squared distances), summed over pairs of values."""
        table, tables, relevance = self.weights.tables[v], self.kernel._tables[v], self.weights.relevance[v]
        self.relevance[v] += relevance * float(np.vdot(inner, table))
        if len(tables) > 1:
            both = relevance * inner + outer * matern_slope(table)
            self.parts += self.weights.parts * np.tensordot(tables, both, 2)

    def number(self, m: int, outer: Floats, inner: Floats, scaled: Floats) -> None:
        """The same of a number or the molecule, from pairs of points and their scaled squared distances."""
        v = m + len(self.kernel.categorical)
        change = self.weights.relevance[v] * float(np.vdot(inner, scaled))
        self.relevance[v] += change
        self.single[m] += change + float(np.vdot(outer, matern_slope(scaled) * scaled))

    def parameters(self) -> Floats:
        """(n_parameters,) derivatives of the number with respect to the kernel's parameters."""
        groups = len(self.kernel.groups)
        additive, relevance = (
            np.bincount(self.kernel._orbit, total, groups) for total in (self.additive, self.relevance)
        )
        return np.concatenate([additive, relevance, [self.pairs, self.joint], self.parts, self.single])


# The prior, for values of variance 1. None of it is tuned: each is right within a factor of e or so, and what
# is measured moves it.

_ADDITIVE, _PAIRS, _JOINT = 1.0, 0.5, 0.3
"""Medians of the variances of all single variables, of all pairs and of the joint function: substituents are
expected to act on their own first (as in Hammett's and Free and Wilson's sums), and on each other less."""

_RELEVANCE = 1.0
"""Median of the sum of a_v: the joint function changes over the mean distance of two designs."""

_STEEPNESS, _STEEPNESS_OF_NUMBERS = 3.0, 6.0
"""Medians of a site's mean D_v and of a number's from bound to bound: the correlation of two substituents is
0.2, that of a number's two ends 0.07."""

_DOUBT = 1.0
"""Standard deviation of the logarithm of each."""

VARIANCE = _ADDITIVE + _PAIRS + _JOINT
"""Median prior variance of a machine, in units of the variance of the values."""


def matern(squared: Floats) -> Floats:
    """Matern-5/2 correlation at a squared scaled distance (Rasmussen & Williams, equation 4.17)."""
    root = np.sqrt(5.0 * squared)
    correlation = np.exp(-root)
    root += 1.0 + 5.0 / 3.0 * squared
    correlation *= root
    return np.asarray(correlation)


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
