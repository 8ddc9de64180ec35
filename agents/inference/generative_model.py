"""How a design brings about its score, as an agent believes: a sum of factors over the design's variables.

    score = bias + sum over variables i of w_i[value of i]
                 + sum over pairs i < j of w_ij[value of i, value of j] + misfit + noise of the measurement

Numbers enter through hat functions, so that their effect is piecewise linear. Where the machine has a
symmetry (:mod:`molmach.agents.symmetry`) the factors that it exchanges share their effects, so that the
score of a machine does not depend on how it is written.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import Crippen, rdMolDescriptors

from molmach.agents.symmetry import Permutation, exchanges, likenesses
from molmach.search.space.design import Categorical, Design, Value, Variable
from molmach.search.space.space import Space

Floats = NDArray[np.float64]

KNOTS = 5
"""Knots of a number before any is added. Not tuned."""

WIDEST_TABLE = 400
"""Columns: wider tables of interactions would take more measurements than a campaign has."""

EDIT = "edit"
EDIT_LABELS = (
    "edited",
    "5 heavy atoms more",
    "0.2 nm² polar surface more",
    "logP higher by 1",
    "a ring more",
)


THEORY = "theory"
THEORY_LABELS = ("what theory says", "what it says above the mean")
UNSTATED = 0.03
"""Of the scores' variance: theory misses by a sixth of their spread where it states no error of its own, as
the Gaussian process has it."""

RIGHT = (1.0, 0.0)
"""Effects of theory that is right: its scale, and what that has more above the mean of what was measured."""


@dataclass(frozen=True)
class Factor:
    """A term of the score.

    Attributes
    ----------
    name
        ``bias``, ``R10|R13``, ``R10 x R11``, ``edit``; for people and as a key.
    orbit
        Sets of variables (by place) that share its effects; one each but for symmetric machines.
    labels
        What each column stands for.
    prior_mean
        Effects to be expected before anything was measured; () for zeros.
    of_misses
        Where its effects are of what theory misses: their unit, as a share of the error that theory states; 0
        where they are of the score.
    """

    name: str
    orbit: tuple[tuple[int, ...], ...]
    labels: tuple[str, ...]
    prior_mean: tuple[float, ...] = ()
    of_misses: float = 0.0

    @property
    def width(self) -> int:
        """Number of effects in the factor, one a label."""
        return len(self.labels)

    @property
    def expected(self) -> Floats:
        """(width,) effects before anything was measured."""
        return np.array(self.prior_mean or (0.0,) * self.width)

    @property
    def places(self) -> frozenset[int]:
        """Variables that it depends on."""
        return frozenset(place for members in self.orbit for place in members)

    @property
    def order(self) -> int:
        """0 the bias, 1 an effect of one variable, 2 and 3 an interaction of so many."""
        return len(self.orbit[0]) if self.orbit else 0


@dataclass(frozen=True)
class FactorSet:
    """The factors that a score may have, given which variables share their effects.

    Attributes
    ----------
    bias
        The mean score.
    effects
        One a variable, or a set of variables that share them; of edits where the space is open.
    interactions
        One a pair of variables, or a set of pairs; tables wider than 400 are left out.
    """

    bias: Factor
    effects: tuple[Factor, ...]
    interactions: tuple[Factor, ...]

    @property
    def all(self) -> tuple[Factor, ...]:
        """Bias, effects and interactions."""
        return (self.bias, *self.effects, *self.interactions)


class GenerativeModel:
    """The factors that a space's designs may need, and the columns that they have in the sum.

    Parameters
    ----------
    space
        The designs.
    knots
        Name of a number -> shares of its range between which its effect is linear; by default five, evenly.
    """

    def __init__(self, space: Space, knots: Mapping[str, Floats] | None = None) -> None:
        self.space = space
        self.variables: tuple[Variable, ...] = space.variables
        self.symmetry: tuple[Permutation, ...] = exchanges(space)
        numbers = [v for v in self.variables if not isinstance(v, Categorical)]
        self.knots = {v.name: _knots(v) for v in numbers} if knots is None else dict(knots)

    def labels(self, place: int) -> tuple[str, ...]:
        """What the columns of a variable's basis stand for."""
        variable = self.variables[place]
        if isinstance(variable, Categorical):
            return variable.values
        unit = f" {variable.unit}" if variable.unit else ""
        shares = self.knots[variable.name]
        return tuple(f"{float(variable.at(float(share))):.4g}{unit}" for share in shares)

    @cached_property
    def factors(self) -> FactorSet:
        """Of the machine as it is: what its symmetry exchanges shares its effects."""
        return self._factors(self.symmetry)

    @cached_property
    def alike(self) -> tuple[FactorSet, ...]:
        """With more sharing: of variables that do the same, if the evidence is for it."""
        return tuple(self._factors(group) for group in likenesses(self.space, self.symmetry))

    @cached_property
    def informed(self) -> FactorSet:
        """Of the machine as it is, and what theory says of it: then all other effects are of what it misses.

        They are in units of the error that theory states of each machine, for where it says itself that it
        may be far off, groups and pairs of them tell how far, and in which sense.
        """
        theory = Factor(THEORY, ((len(self.variables) + 1,),), THEORY_LABELS, RIGHT)
        each = (len(self.factors.all) - 1) ** -0.5  # so that all together they are as large as it states
        effects = tuple(replace(factor, of_misses=each) for factor in self.factors.effects)
        interactions = tuple(replace(factor, of_misses=each) for factor in self.factors.interactions)
        return FactorSet(self.factors.bias, (*effects, theory), interactions)

    def _factors(self, group: Sequence[Permutation]) -> FactorSet:
        effects = []
        for orbit in self._orbits(group, 1):
            place = orbit[0][0]
            if len(labels := self.labels(place)) > 1:
                name = "|".join(self.variables[p].name for (p,) in sorted(orbit))
                effects.append(Factor(name, orbit, labels))
        if self.space.open:
            effects.append(Factor(EDIT, ((len(self.variables),),), EDIT_LABELS))
        return FactorSet(Factor("bias", (), ("bias",)), tuple(effects), self._tables(group, 2))

    @cached_property
    def triples(self) -> tuple[Factor, ...]:
        """Interactions of three variables, for where pairs can't explain what is seen."""
        return self._tables(self.symmetry, 3)

    def _tables(self, group: Sequence[Permutation], order: int) -> tuple[Factor, ...]:
        """Interactions of so many variables, but for tables that are too wide."""
        tables = []
        for orbit in self._orbits(group, order):
            values = [self.labels(place) for place in orbit[0]]
            if min(map(len, values)) > 1 and math.prod(map(len, values)) <= WIDEST_TABLE:
                sets = sorted({tuple(sorted(members)) for members in orbit})
                name = "|".join(" x ".join(self.variables[p].name for p in members) for members in sets)
                labels = tuple(" & ".join(chosen) for chosen in itertools.product(*values))
                tables.append(Factor(name, orbit, labels))
        return tuple(tables)

    def _orbits(self, group: Sequence[Permutation], order: int) -> list[tuple[tuple[int, ...], ...]]:
        seen: set[tuple[int, ...]] = set()
        orbits = []
        for members in itertools.combinations(range(len(self.variables)), order):
            if members not in seen:
                images = {tuple(p[place] for place in members): None for p in group}
                seen.update(tuple(sorted(image)) for image in images)
                orbits.append(tuple(images))
        return orbits

    def code(self, designs: Sequence[Design]) -> Floats:
        """(n, variables + 5): number of the value, or share of the number; last the edit's properties."""
        rows = np.zeros((len(designs), len(self.variables) + len(EDIT_LABELS)))
        for row, design in zip(rows, designs, strict=True):
            values = dict(design.values)
            row[: len(self.variables)] = [code_of(v, values[v.name]) for v in self.variables]
            if design.edited:
                row[len(self.variables) :] = self._edit_properties(design)
        return rows

    def _edit_properties(self, design: Design) -> Floats:
        after, before = (_properties(self.space.resolve(d).smiles) for d in (design, Design(design.values)))
        return np.concatenate([[1.0], after - before])

    def design(self, code: Floats) -> Design:
        """The unedited design that a row of :meth:`code` stands for."""
        values: dict[str, Value] = {}
        for variable, number in zip(self.variables, code, strict=False):
            if isinstance(variable, Categorical):
                values[variable.name] = variable.values[int(number)]
            else:
                values[variable.name] = variable.at(float(number))
        return Design.of(values)

    def canonical(self, codes: Floats) -> Floats:
        """Of each design's equivalent writings the first in lexical order: equal machines get equal rows."""
        first = codes.copy()
        for permutation in self.symmetry[1:]:
            image = codes.copy()
            image[:, : len(self.variables)] = codes[:, list(permutation)]
            differs = image != first
            place = differs.argmax(axis=1)
            rows = np.arange(len(codes))
            less = differs.any(axis=1) & (image[rows, place] < first[rows, place])
            first[less] = image[less]
        return first

    def bases(self, codes: Floats, foretold: Floats | None = None) -> list[Floats]:
        """(n, values) of each variable: which value, or how near each knot; then edits, theory, its misses.

        Parameters
        ----------
        codes
            Rows of :meth:`code`.
        foretold
            (2, n) mean and standard deviation of what theory says, standardised; nan where it says nothing.
        """
        values = [
            basis(variable, codes[:, place], self.knots.get(variable.name))
            for place, variable in enumerate(self.variables)
        ]
        mean, sd = np.zeros((2, len(codes))) if foretold is None else foretold
        said, miss = np.nan_to_num(mean), np.sqrt(UNSTATED + sd**2)
        theory = np.column_stack([said, np.maximum(said, 0.0)])
        return [*values, codes[:, len(self.variables) :], theory, np.nan_to_num(miss, nan=1.0)[:, None]]


def code_of(variable: Variable, value: Value) -> float:
    """Number of a value among the variable's, or its share between the bounds."""
    if isinstance(variable, Categorical):
        return float(variable.values.index(str(value)))
    return variable.share(value)


def _knots(variable: Variable) -> Floats:
    assert not isinstance(variable, Categorical)
    count = int(variable.high - variable.low) + 1 if variable.scale == "integer" else KNOTS
    return np.linspace(variable.share(variable.low), variable.share(variable.high), min(count, KNOTS))


def basis(variable: Variable, codes: Floats, knots: Floats | None = None) -> Floats:
    """(n, values): one column a value; of a number, hat functions of its knots, which add up to 1."""
    if isinstance(variable, Categorical):
        return np.eye(len(variable.values))[codes.astype(np.intp)]
    knots = _knots(variable) if knots is None else knots
    place = np.interp(codes, knots, np.arange(len(knots)))
    return np.maximum(0.0, 1.0 - np.abs(place[:, None] - np.arange(len(knots))))


def columns(factor: Factor, bases: Sequence[Floats]) -> Floats:
    """(n, width) of a factor: what its effects are multiplied with.

    A table that a symmetry maps on its own transpose counts every pair of values twice, in both
    orders; the root of two keeps its prior variance that of any other table.
    """
    if not factor.orbit:
        return np.ones((len(bases[0]), 1))
    total = np.zeros((len(bases[0]), factor.width))
    for members in factor.orbit:
        term = bases[members[0]]
        for place in members[1:]:
            product = term[:, :, None] * bases[place][:, None, :]
            term = product.reshape(len(term), product.shape[1] * product.shape[2])
        total += term
    sets = len({tuple(sorted(members)) for members in factor.orbit})
    total /= math.sqrt(len(factor.orbit) / sets)
    return total * (factor.of_misses * bases[-1]) if factor.of_misses else total


def _properties(smiles: str) -> Floats:
    """Heavy atoms / 5, polar surface / 0.2 nm², logP, rings of a machine's molecules."""
    molecule = Chem.MolFromSmiles(smiles)
    return np.array(
        [
            molecule.GetNumHeavyAtoms() / 5.0,
            rdMolDescriptors.CalcTPSA(molecule) / 20.0,
            Crippen.MolLogP(molecule),
            rdMolDescriptors.CalcNumRings(molecule),
        ]
    )
