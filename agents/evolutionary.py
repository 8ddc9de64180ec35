"""Evolution: parents chosen by lower confidence bounds, litters of children, kinship to choose among them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molmach.agents.breeding.explain import predicted, written
from molmach.agents.breeding.kinship import Relatives, hopes, relatives
from molmach.agents.breeding.pedigree import Pedigree, genes, trace
from molmach.agents.breeding.screening import Screen, begun, by_hope, screen
from molmach.agents.breeding.spreading import promising_designs
from molmach.agents.theory import Surveyor
from molmach.errors import InfeasibleError
from molmach.search.agents.interface import Agent, Proposal, View, distinct_new
from molmach.search.space.design import Categorical, Design, Value
from molmach.search.space.space import Space

Floats = NDArray[np.float64]

_TOURNAMENT = 3
"""Parents of which the best is taken. On ``benchmarks/landscape``, without theory, 30 seeds: 19
evaluations in the median with 3, 21 with 1, 23 with 6 (quartiles 13 to 29, 17 to 37, 17 to 31)."""

_NICHE = 4
"""Designs next to a better one that come before all others. There, 26 evaluations with 1 (14 to 37)."""

_MUTATE_AGAIN = 0.3
"""How often a mutation changes one gene more. There, 25 with 0 (17 to 30), 22 with 0.6 (17 to 34)."""

_BLEND = 0.5
"""How often a number comes from between two parents rather than from one. Not tuned."""

_LEAST_SHARE = 0.05
"""Share of each way of breeding, whatever its success. There, 21 evaluations with 0.01 (13 to 33)."""

_RESOLVED_CHILDREN = 120
"""Children in all of an open space, each of which must be made. Not tuned."""

_EDITED_CHILDREN = 32
"""Children by reactions, which take longest. Not tuned."""


@dataclass(frozen=True)
class Birth:
    """A child, and how it came about."""

    design: Design
    story: str


@dataclass(frozen=True)
class Breeder:
    """What breeding needs: the view, the parents (best first) and the step of numbers."""

    view: View
    parents: Sequence[Design]
    step: float

    def chosen(self) -> Design:
        """The best of a few parents drawn at random."""
        return self.parents[int(self.view.rng.integers(len(self.parents), size=_TOURNAMENT).min())]

    def mutation(self) -> Birth | None:
        """One gene of a parent changed, and now and then more."""
        parent = child = self.chosen()
        while child == parent or self.view.rng.random() < _MUTATE_AGAIN:
            child = self._changed(child)
        return Birth(child, f"mutation: {_difference(parent, child)}")

    def crossover(self) -> Birth | None:
        """Each gene from one of two parents; numbers also from between them."""
        rng, first, second = self.view.rng, self.chosen(), self.chosen()
        child = self.view.space.cross(first, second, rng)
        for variable in self.view.space.variables:
            if not isinstance(variable, Categorical) and rng.random() < _BLEND:
                low, high = variable.share(first[variable.name]), variable.share(second[variable.name])
                child = child.replace(**{variable.name: variable.at(low + rng.random() * (high - low))})
        if child.values in (first.values, second.values):
            return self.mutation()
        return Birth(child, f"crossover: {_difference(first, child)}, as another good one has it")

    def edit(self) -> Birth | None:
        """A parent after a reaction, which later children by crossover or mutation do not inherit."""
        try:
            edited = self.view.space.edit(self.chosen(), self.view.rng)
        except InfeasibleError:
            return None
        return None if edited is None else Birth(edited[0], f"edit of a good one: {edited[1]}")

    def immigrant(self) -> Birth | None:
        """A design drawn at random, which inherits from none."""
        return Birth(self.view.space.sample(self.view.rng), "immigrant: keeps the population from inbreeding")

    def _changed(self, design: Design) -> Design:
        rng = self.view.rng
        movable = [
            v for v in self.view.space.variables if not isinstance(v, Categorical) or len(v.values) > 1
        ]
        variable = movable[int(rng.integers(len(movable)))]
        old = design[variable.name]
        new: Value
        if isinstance(variable, Categorical):
            others = [value for value in variable.values if value != old]
            new = others[int(rng.integers(len(others)))]
        else:
            new = variable.at(
                variable.share(old) + self._step_of(variable.low, variable.high, variable.scale)
            )
        return design.replace(**{variable.name: new})

    def _step_of(self, low: float, high: float, scale: str) -> float:
        """A Gaussian step; of a whole number, no less than one."""
        step = self.step * float(self.view.rng.standard_normal())
        least = 1.0 / (high - low + 1.0) if scale == "integer" else 0.0
        return float(np.copysign(max(abs(step), least), step))


_WAYS: dict[str, Callable[[Breeder], Birth | None]] = {
    "crossover": Breeder.crossover,
    "mutation": Breeder.mutation,
    "edit": Breeder.edit,
    "immigrant": Breeder.immigrant,
}


class Evolutionary(Agent):
    """Crossover, mutation and edits of the best machines known, whoever found them.

    Every proposal is one of a litter: the child with the highest draw from what the animal model
    predicts of it (:mod:`molmach.agents.breeding.kinship`). A child whose genes did well elsewhere is so
    preferred, and one of which little is known gets its chance. How often each way of breeding is
    used follows from how often it brought a machine among the best lately.

    Parameters
    ----------
    space
        The designs of the campaign.
    population
        How many machines may be parents.
    initial
        How many machines, spread over the space, are measured before anything is bred.
    litter
        Children of which one is proposed.

    Raises
    ------
    TypeError
        A number below one.
    """

    summary = "evolution: crossover, mutation and edits of the best, children chosen by their kin"
    calculates = True

    def __init__(self, space: Space, population: int = 20, initial: int = 8, litter: int = 24) -> None:
        super().__init__(space)
        for name, number in (("population", population), ("initial", initial), ("litter", litter)):
            if number < 1:
                raise TypeError(f"{name}: got {number}; expected at least 1")
        self._population, self._initial, self._litter = population, initial, litter
        self._surveyor = Surveyor(space)

    def propose(self, view: View, n: int) -> list[Proposal]:
        """Children of the best machines; while few are measured theory's best, and machines far apart."""
        known, theory = relatives(view), screen(view, self._surveyor)
        if known is None or len(known.designs) < self._initial:
            return begun(view, known, theory, n)
        births = self._bred(view, known, theory, n)
        if len(births) < n:
            chosen = {view.space.resolve(birth.design).key for birth in births}
            rest = promising_designs(view, known, n - len(births), chosen)
            births += [Birth(design, "immigrant: the parents have no new children") for design in rest]
        return predicted(view, known, [(birth.design, birth.story) for birth in births])

    def explain(self, view: View) -> str:
        """Who the parents are, what breeds well, and how much of a machine's value is inherited."""
        known, theory = relatives(view), screen(view, self._surveyor)
        words = [theory.in_words()] if theory else []
        if known is None:
            return "\n".join(
                [*words, "Too little is measured to breed from; machines are spread over the space."]
            )
        pedigree = trace(view)
        parents = self._parents(view, known, pedigree)
        parts = known.variances
        inherited = 1.0 / (1.0 + parts.uninherited)
        shares = _shares(view.space, pedigree)
        lines = [
            *words,
            f"{len(known.designs)} machines are measured; the {len(parents)} best are parents.",
            f"Of the differences between machines, {inherited:.0%} is inherited"
            f" ({parts.additive:.0%} of that gene by gene, the rest by genes together).",
            "Ways of breeding now: " + ", ".join(f"{way} {share:.0%}" for way, share in shares.items()) + ".",
        ]
        if any(not isinstance(v, Categorical) for v in view.space.variables):
            lines.append(f"Numbers mutate by {pedigree.step:.0%} of their range.")
        lines += [f"Best parent: {written(parents[0])}.", *_notable_genes(view.space, parents)]
        return "\n".join(lines)

    def _bred(self, view: View, known: Relatives, theory: Screen | None, n: int) -> list[Birth]:
        """One child of each litter: the first that is new and viable, by a draw and by theory's screen."""
        pedigree = trace(view)
        breeder = Breeder(view, self._parents(view, known, pedigree), pedigree.step)
        shares = _shares(view.space, pedigree)
        litters = [litter for _ in range(n) if (litter := self._litter_of(breeder, shares, n))]
        if not litters:
            return []
        designs = [birth.design for litter in litters for birth in litter]
        chosen: set[str] = set()
        kept: list[Birth] = []
        ends = np.cumsum([len(litter) for litter in litters])
        drawn = hopes(view, known, designs, len(litters))
        for litter, end, row in zip(litters, ends, drawn, strict=True):
            hope = row[end - len(litter) : end]
            order = by_hope(view, theory, [birth.design for birth in litter], hope, len(litters))
            ranked = [litter[i] for i in order]
            kept += next(([b] for b in ranked if distinct_new(view, [b.design], 1, chosen)), [])
        return kept

    def _litter_of(self, breeder: Breeder, shares: dict[str, float], n: int) -> list[Birth]:
        """Distinct children; fewer where every child's molecule must be looked at."""
        space, rng = breeder.view.space, breeder.view.rng
        size = min(self._litter, max(2, _RESOLVED_CHILDREN // n)) if space.open else self._litter
        edits = max(1, _EDITED_CHILDREN // n)
        known = {trial.design for trial in breeder.view.known}
        births: dict[Design, Birth] = {}
        for way in rng.choice(list(shares), size=size, p=list(shares.values())):
            edits -= way == "edit"
            if way == "edit" and edits < 0:
                continue
            birth = _WAYS[way](breeder)
            if birth is not None and birth.design not in known:
                births.setdefault(birth.design, birth)
        return list(births.values())

    def _parents(self, view: View, known: Relatives, pedigree: Pedigree) -> list[Design]:
        """Best first by the lower confidence bound of what they pass on.

        Of designs that differ in one gene from a better one only a few are taken before all others,
        and those whose latest children all were worse come last: so the population stays diverse.
        """
        mean, covariance = known.merit(known.designs)
        bound = mean - np.sqrt(np.maximum(np.diag(covariance), 0.0))
        order = np.argsort(-bound, kind="stable")[: 10 * self._population]
        table, barren = genes(view.space, known.designs), pedigree.barren()
        leaders: dict[int, int] = {}
        first: list[Design] = []
        later: list[Design] = []
        for i in order:
            near = [j for j in leaders if (table[i] != table[j]).sum() <= 1]
            leader = near[0] if near else int(i)
            leaders[leader] = leaders.get(leader, 0) + 1
            crowded = leaders[leader] > _NICHE
            design = known.designs[i]
            (later if crowded or design in barren else first).append(design)
        return (first + later)[: self._population]


def _shares(space: Space, pedigree: Pedigree) -> dict[str, float]:
    """Way of breeding -> how often it is used: in proportion to its success lately, none left out."""
    movable = any(not isinstance(v, Categorical) or len(v.values) > 1 for v in space.variables)
    possible = {"crossover": movable, "mutation": movable, "immigrant": movable, "edit": space.open}
    rates = {way: rate for way, rate in pedigree.success().items() if possible[way]}
    total = sum(rates.values())
    if not rates:
        return {"immigrant": 1.0}
    spare = 1.0 - _LEAST_SHARE * len(rates)
    return {way: _LEAST_SHARE + spare * rate / total for way, rate in rates.items()}


def _difference(parent: Design, child: Design) -> str:
    old = dict(parent.values)
    changed = [f"{name} {old[name]} -> {value}" for name, value in child.values if old[name] != value]
    return ", ".join(changed) if changed else "without its edit"


def _notable_genes(space: Space, parents: Sequence[Design]) -> list[str]:
    """What most parents have in common."""
    lines = []
    for variable in space.variables:
        if isinstance(variable, Categorical) and len(variable.values) > 1:
            values = [str(parent[variable.name]) for parent in parents]
            common = max(variable.values, key=values.count)
            share = values.count(common) / len(values)
            if share > 0.5:
                lines.append(f"{share:.0%} of the parents have {common} at {variable.name}.")
    return lines
