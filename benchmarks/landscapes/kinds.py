"""Landscapes by formula: what agents may meet, each with a known optimum, cheap and made anew by a seed.

A kind says what makes a search hard; a seed draws which fragments, sites and numbers do it, so that another
seed is another landscape of the kind and not only another noise. Values are in turn/ns and mean nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from benchmarks.landscapes.molecules import descriptors
from molmach.search.record.hypervolume import hypervolume
from molmach.search.space.design import Numeric, Value
from molmach.spec.space import Parameter

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]

REPLICAS = 16
"""Of a measurement; its value is their mean and its standard error comes from their spread."""

EIGHT = ("hydrogen", "fluoro", "cyano", "methoxy", "amino", "nitro", "trifluoromethyl", "isopropyl")
SIX = ("hydrogen", "fluoro", "chloro", "cyano", "methyl", "hydroxy")
FREQUENCY = ("drive.frequency", "20 GHz", "500 GHz", "log")
FIELD = ("drive.field", "0.2 V/nm", "2 V/nm", "linear")

_CHUNK = 65_536


@dataclass(frozen=True)
class Landscape:
    """One landscape: a space, the true values of its designs, and how well they are measured.

    Attributes
    ----------
    kind, seed
        By which :func:`landscape` makes it again.
    fragments
        Of each site, R10 first.
    formula
        (n, sites) numbers of the fragments and (n, numbers) shares -> (n, objectives), more being better.
    error
        Values -> standard error of a measurement of each.
    numbers
        Path, bounds and scale of each number.
    possible
        Numbers of the fragments -> whether such designs can be measured.
    best_numbers
        Shares of the numbers at which every design is at its best.
    goal_share
        Share of all designs that are as good as the goal, where the goal is that of a rank.
    goal_part
        Of the optimum (of the front's hypervolume with several objectives), where it is that of a value.
    """

    kind: str
    seed: int
    fragments: tuple[tuple[str, ...], ...]
    formula: Callable[[Integers, Floats], Floats]
    error: Callable[[Floats], Floats]
    numbers: tuple[tuple[str, str, str, str], ...] = ()
    possible: Callable[[Integers], Booleans] | None = None
    best_numbers: tuple[float, ...] = ()
    goal_share: float | None = None
    goal_part: float | None = None

    @property
    def sites(self) -> tuple[str, ...]:
        """Names of the sites' variables."""
        return tuple(f"R{10 + place}" for place in range(len(self.fragments)))

    @cached_property
    def variables(self) -> tuple[Numeric, ...]:
        """The numbers as the space has them."""
        return tuple(
            Numeric.of(path, Parameter(low=low, high=high, scale=scale))
            for path, low, high, scale in self.numbers
        )

    def codes(self, values: Mapping[str, Value]) -> tuple[Integers, Floats]:
        """(1, sites) and (1, numbers) of a design's values."""
        named = [f.index(str(values[s])) for s, f in zip(self.sites, self.fragments, strict=True)]
        shares = [variable.share(values[variable.name]) for variable in self.variables]
        return np.array([named]), np.array([shares], dtype=np.float64).reshape(1, -1)

    def value(self, values: Mapping[str, Value]) -> tuple[float, ...] | None:
        """True values of a design; None where it can't be measured."""
        named, shares = self.codes(values)
        if self.possible is not None and not self.possible(named)[0]:
            return None
        return tuple(float(v) for v in self.formula(named, shares)[0])

    @cached_property
    def everything(self) -> Floats:
        """(n, objectives) true values of all designs that can be measured, numbers at their best."""
        sizes = [len(fragments) for fragments in self.fragments]
        parts = []
        for start in range(0, int(np.prod(sizes)), _CHUNK):
            stop = min(start + _CHUNK, int(np.prod(sizes)))
            named = np.stack(np.unravel_index(np.arange(start, stop), sizes), axis=1)
            if self.possible is not None:
                named = named[self.possible(named)]
            parts.append(self.formula(named, np.tile(self.best_numbers, (len(named), 1))))
        return np.concatenate(parts)

    @property
    def objectives(self) -> int:
        """How many numbers are wanted of a machine."""
        return int(self.everything.shape[1])

    @cached_property
    def optimum(self) -> float:
        """The largest true value; with several objectives, the hypervolume of the true front."""
        if self.objectives > 1:
            return hypervolume(self.everything, self.typical)
        return float(self.everything.max())

    @cached_property
    def typical(self) -> Floats:
        """(objectives,) medians of the true values: of several, from where the hypervolume is counted."""
        if self.numbers:
            rng = np.random.default_rng([self.seed, 5])
            sizes = [len(fragments) for fragments in self.fragments]
            named = np.stack([rng.integers(size, size=4000) for size in sizes], axis=1)
            values = self.formula(named, rng.random((4000, len(self.numbers))))
            return np.asarray(np.median(values, axis=0))
        return np.asarray(np.median(self.everything, axis=0))

    @cached_property
    def goal(self) -> float:
        """What a search is to reach; of a true value, or of the hypervolume of the true values found."""
        if self.goal_part is not None:
            return self.goal_part * self.optimum
        assert self.goal_share is not None, "a landscape has one of the two goals"
        place = max(1, round(self.goal_share * len(self.everything)))
        least = float(np.sort(self.everything[:, 0])[-place])
        return least - 1e-9 * abs(least)  # isomers are as good as each other, but for rounding

    def reached(self, found: Sequence[tuple[float, ...] | None]) -> Floats:
        """(n,) how far a search was after each of the true values that it found; None is a failure."""
        best, course, front = -np.inf, [], np.zeros((0, self.objectives))
        for values in found:
            if values is not None and self.objectives > 1:
                front = np.vstack([front, values])
                best = hypervolume(front, self.typical)
            elif values is not None:
                best = max(best, values[0])
            course.append(best)
        return np.array(course)

    def regret(self, reached: float) -> float:
        """What a search lacks of the optimum, as a share of what a design at random lacks (0 to 1)."""
        start = 0.0 if self.objectives > 1 else float(self.typical[0])
        return float(np.clip((self.optimum - reached) / (self.optimum - start), 0.0, 1.0))

    def measured(self, true: tuple[float, ...], rng: np.random.Generator) -> list[list[float]]:
        """Of each objective one number a replica, normal around the true value."""
        errors = self.error(np.array([true]))[0]
        spread = errors * np.sqrt(REPLICAS)
        draws = np.array(true) + spread * rng.standard_normal((REPLICAS, len(true)))
        return [[float(v) for v in column] for column in draws.T]


@dataclass(frozen=True)
class _Tables:
    """Effects of fragments alone and of pairs of them, both of unit variance over the space.

    Attributes
    ----------
    alone
        (fragments,) of each site.
    pairs
        (first site, second site) -> (fragments, fragments).
    interaction
        Share of the variance that pairs make.
    """

    alone: list[Floats]
    pairs: dict[tuple[int, int], Floats] = field(default_factory=dict)
    interaction: float = 0.0

    @classmethod
    def drawn(
        cls, rng: np.random.Generator, sizes: Sequence[int], pairs: int = 0, interaction: float = 0.0
    ) -> _Tables:
        """Some sites matter more than others, and some pairs of them at all."""
        weights = np.exp(0.5 * rng.standard_normal(len(sizes)))
        alone = [w * _centred(rng.standard_normal(n)) for w, n in zip(weights, sizes, strict=True)]
        total = np.sqrt(sum(float(np.mean(table**2)) for table in alone))
        every = list(itertools.combinations(range(len(sizes)), 2))
        chosen = [every[i] for i in rng.permutation(len(every))[:pairs]]
        tables = {(i, j): _doubly_centred(rng.standard_normal((sizes[i], sizes[j]))) for i, j in chosen}
        together = np.sqrt(sum(float(np.mean(table**2)) for table in tables.values())) or 1.0
        return cls(
            [table / total for table in alone], {k: t / together for k, t in tables.items()}, interaction
        )

    def __call__(self, named: Integers) -> Floats:
        """(n,) values of unit variance over the space."""
        single = sum(table[named[:, i]] for i, table in enumerate(self.alone))
        pair = sum(table[named[:, i], named[:, j]] for (i, j), table in self.pairs.items())
        return np.asarray(np.sqrt(1.0 - self.interaction) * single + np.sqrt(self.interaction) * pair)


def _centred(table: Floats) -> Floats:
    return np.asarray(table - table.mean())


def _doubly_centred(table: Floats) -> Floats:
    rows, columns = table.mean(axis=1, keepdims=True), table.mean(axis=0)
    return np.asarray(table - columns - rows + table.mean())


def _column(values: Floats) -> Floats:
    return values[:, None]


def _even(error: float) -> Callable[[Floats], Floats]:
    return lambda values: np.full_like(values, error)


def _scale(rng: np.random.Generator) -> tuple[float, float]:
    """Where values lie and how far they are spread, turn/ns."""
    return float(rng.uniform(-20.0, 20.0)), float(np.exp(rng.uniform(np.log(2.0), np.log(20.0))))


def _additive(rng: np.random.Generator, seed: int) -> Landscape:
    """Every site adds its part, in 262 144 designs."""
    tables = _Tables.drawn(rng, [8] * 6)
    centre, spread = _scale(rng)
    return Landscape(
        "additive",
        seed,
        (EIGHT,) * 6,
        lambda named, _: _column(centre + spread * tables(named)),
        _even(0.1 * spread),
        goal_share=2e-4,
    )


def _pairwise(rng: np.random.Generator, seed: int) -> Landscape:
    """Pairs of sites make three quarters of the variance; four of the ten pairs matter."""
    tables = _Tables.drawn(rng, [6] * 5, pairs=4, interaction=0.75)
    centre, spread = _scale(rng)
    return Landscape(
        "pairwise",
        seed,
        (SIX,) * 5,
        lambda named, _: _column(centre + spread * tables(named)),
        _even(0.1 * spread),
        goal_share=1e-3,
    )


def _conjunction(rng: np.random.Generator, seed: int) -> Landscape:
    """Five spreads more where each of three sites has one of two fragments: one design in 27."""
    tables = _Tables.drawn(rng, [6] * 5)
    sites = rng.permutation(5)[:3]
    needed = np.zeros((5, 6), dtype=bool)
    for site in sites:
        needed[site, rng.permutation(6)[:2]] = True
    centre, spread = _scale(rng)

    def values(named: Integers, _: Floats) -> Floats:
        held = np.all([needed[site, named[:, site]] for site in sites], axis=0)
        return _column(centre + spread * (tables(named) + 5.0 * held))

    return Landscape("conjunction", seed, (SIX,) * 5, values, _even(0.1 * spread), goal_share=2e-3)


def _deceptive(rng: np.random.Generator, seed: int) -> Landscape:
    """Site by site it rises to a decoy; higher are only 16 designs of 1024 that have nothing of it."""
    decoy = rng.integers(4, size=5)
    target = (decoy + rng.integers(1, 4, size=5)) % 4
    tables = _Tables.drawn(rng, [4] * 5)
    centre, spread = _scale(rng)

    def values(named: Integers, _: Floats) -> Floats:
        matches = (named == decoy).sum(axis=1)
        missed = (named != target).sum(axis=1)
        slope = np.where(missed <= 1, 7.0 - 0.7 * missed, matches)
        return _column(centre + spread * (slope + 0.1 * tables(named)))

    fragments = (("hydrogen", "fluoro", "cyano", "methyl"),) * 5
    return Landscape("deceptive", seed, fragments, values, _even(0.1 * spread), goal_share=16 / 1024)


def _heavy_tailed(rng: np.random.Generator, seed: int) -> Landscape:
    """The exponential of what fragments, pairs and every machine's own part add up to; few are far out."""
    tables = _Tables.drawn(rng, [6] * 4, pairs=3, interaction=0.3)
    own = rng.standard_normal(6**4)
    spread = _scale(rng)[1]

    def values(named: Integers, _: Floats) -> Floats:
        place = np.ravel_multi_index(tuple(named.T), (6,) * 4)
        return _column(spread * np.exp(1.6 * (0.75 * tables(named) + 0.66 * own[place])))

    return Landscape(
        "heavy-tailed",
        seed,
        (SIX,) * 4,
        values,
        lambda true: 0.1 * np.abs(true) + 0.02 * spread,
        goal_share=5e-3,
    )


def _infeasible(rng: np.random.Generator, seed: int) -> Landscape:
    """Two fifths can't be measured, by two fragments and by pairs, and where they can't it looks best."""
    tables = _Tables.drawn(rng, [6] * 5, pairs=3, interaction=0.3)
    centre, spread = _scale(rng)
    first, second, third = (int(site) for site in rng.permutation(5)[:3])
    barred_first, barred_second = (int(tables.alone[site].argmax()) for site in (first, second))
    order = [(a, b) for a in range(6) for b in range(6)]
    allowed = np.ones((6, 6), dtype=bool)
    for a, b in (order[i] for i in rng.permutation(36)):
        if (1.0 - allowed.mean()) * 25 / 36 >= 0.4 - 11 / 36:
            break
        allowed[a, b] = False

    def possible(named: Integers) -> Booleans:
        alone = (named[:, first] != barred_first) & (named[:, second] != barred_second)
        return np.asarray(alone & allowed[named[:, first], named[:, third]])

    return Landscape(
        "infeasible",
        seed,
        (SIX,) * 5,
        lambda named, _: _column(centre + spread * tables(named)),
        _even(0.1 * spread),
        possible=possible,
        goal_share=1e-3,
    )


def _narrow(rng: np.random.Generator, seed: int) -> Landscape:
    """A resonance in frequency and field, a few hundredths of their ranges wide; two sites set its height."""
    tables = _Tables.drawn(rng, [5, 5])
    place, width = rng.uniform(0.15, 0.85, size=2), rng.uniform(0.03, 0.06, size=2)
    height = _scale(rng)[1] * 5.0

    def values(named: Integers, shares: Floats) -> Floats:
        off = (((shares - place) / width) ** 2).sum(axis=1)
        return _column(height * np.exp(0.2 * tables(named)) / (1.0 + off))

    return Landscape(
        "narrow",
        seed,
        (SIX[:5],) * 2,
        values,
        lambda true: 0.03 * np.abs(true) + 0.01 * height,
        numbers=(FREQUENCY, FIELD),
        best_numbers=tuple(float(share) for share in place),
        goal_part=0.85,
    )


def _property(rng: np.random.Generator, seed: int) -> Landscape:
    """How near logP, polar surface and weight of the molecule come to those of one that is not known."""
    table = descriptors((EIGHT,) * 4)
    spread = table.std(axis=0)
    target = table[int(rng.integers(len(table)))]
    sharp = rng.uniform(0.4, 0.8, size=table.shape[1])
    height = _scale(rng)[1] * 3.0

    def values(named: Integers, _: Floats) -> Floats:
        rows = table[np.ravel_multi_index(tuple(named.T), (8,) * 4)]
        off = (((rows - target) / (sharp * spread)) ** 2).sum(axis=1)
        return _column(height * np.exp(-0.5 * off / (1.0 + 0.1 * off)))

    return Landscape("property", seed, (EIGHT,) * 4, values, _even(0.03 * height), goal_share=5e-3)


def _two_objectives(rng: np.random.Generator, seed: int) -> Landscape:
    """Two sums of fragments and pairs that are against each other."""
    first = _Tables.drawn(rng, [6] * 5, pairs=3, interaction=0.3)
    other = _Tables.drawn(rng, [6] * 5, pairs=3, interaction=0.3)
    centre, spread = _scale(rng)

    def values(named: Integers, _: Floats) -> Floats:
        one = first(named)
        against = -0.6 * one + 0.8 * other(named)
        return np.stack([centre + spread * one, 30.0 * spread * against], axis=1)

    return Landscape(
        "two-objectives",
        seed,
        (SIX,) * 5,
        values,
        lambda true: np.tile([0.1 * spread, 3.0 * spread], (len(true), 1)),
        goal_part=0.9,
    )


_KINDS: dict[str, Callable[[np.random.Generator, int], Landscape]] = {
    "additive": _additive,
    "pairwise": _pairwise,
    "conjunction": _conjunction,
    "deceptive": _deceptive,
    "heavy-tailed": _heavy_tailed,
    "infeasible": _infeasible,
    "narrow": _narrow,
    "property": _property,
    "two-objectives": _two_objectives,
}

KINDS = tuple(_KINDS)
"""Names of the kinds."""


@lru_cache(maxsize=16)
def landscape(kind: str, seed: int) -> Landscape:
    """The landscape that a seed makes of a kind."""
    return _KINDS[kind](np.random.default_rng([seed, KINDS.index(kind), 41]), seed)
