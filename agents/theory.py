"""What theory says of designs, as agents use it: asked for few of them, and never trusted unseen.

An estimate of a machine that is new to theory takes its building, a good part of a second, so that theory
is asked for a bounded number of designs in every call: bounded by count, since what an agent chooses must
not depend on how quick the machine is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molmach.errors import InfeasibleError
from molmach.search.agents.interface import View
from molmach.search.agents.theory import Theory
from molmach.search.space.design import Design, Numeric
from molmach.search.space.space import Space

Floats = NDArray[np.float64]

ASKED = 24
"""Designs of its own that an agent asks theory for in a call, beside the survey's."""

_FIRST, _STAGE = 32, 16
"""Designs that theory is asked for first, and in each stage after it."""

_AT_ONCE, _MOST_STAGES = 5, 24
"""Stages in the first call, 96 designs, and in all, 400."""

_PARENTS = 8
"""Best of theory's that have children. Of 351 phenylenes, 96 asked for in such stages have theory's own best
four in 8 of 8 searches; 64 at once and 32 mutants of the best have them in 2 of 8."""

_EDITED = 0.3
"""Share of children that are edits, where the space is open. Not tuned."""

_VARIED = 3
"""Other numbers at which each molecule is asked for, which takes no new structure. Not tuned."""

_STEPS = (0.2, 0.05)
"""Shares of a number's range by which it is moved: a quarter of the range and near by. Not tuned."""

_TRIES = 20
"""Children made for each that is wanted, before a stage ends with fewer. Not tuned."""


def said(view: View, designs: Sequence[Design]) -> tuple[Floats, Floats]:
    """What theory says of designs.

    Returns
    -------
    mean, sd
        (n,) of the utility in this call, of several objectives the scalar of :attr:`View.utilities`; nan
        where theory says nothing.
    """
    nothing = np.full(len(designs), np.nan)
    if view.theory is None or not designs:
        return nothing, nothing
    return _utility(view, *view.theory.objectives(designs))


def said_of(view: View, designs: Sequence[Design], objective: int) -> tuple[Floats, Floats]:
    """The same of one objective."""
    nothing = np.full(len(designs), np.nan)
    if view.theory is None or not designs:
        return nothing, nothing
    mean, sd = (part[:, objective] for part in view.theory.objectives(designs))
    return _usable(mean, sd)


def _utility(view: View, means: Floats, sds: Floats) -> tuple[Floats, Floats]:
    told = np.isfinite(means).all(axis=1)
    mean, sd = np.full(len(means), np.nan), np.full(len(means), np.nan)
    if told.any():
        mean[told], sd[told] = view.scalar(means[told], sds[told])
    return _usable(mean, sd)


def _usable(mean: Floats, sd: Floats) -> tuple[Floats, Floats]:
    usable = np.isfinite(mean) & np.isfinite(sd)
    return np.where(usable, mean, np.nan), np.where(usable, sd, np.nan)


@dataclass(frozen=True)
class Survey:
    """Designs of which theory says something, and what it says.

    Attributes
    ----------
    designs
        Machines, each once.
    mean, sd
        (n,) as :func:`said` gives them; finite.
    """

    designs: tuple[Design, ...]
    mean: Floats
    sd: Floats

    def __len__(self) -> int:
        return len(self.designs)


class Surveyor:
    """Looks for what theory puts highest, by evolution on theory alone.

    The designs follow from the space and the number of calls, not from what was measured: so an agent that is
    started anew has the same survey, and all agents of a team ask for the same machines, which are built
    once. Where a design has numbers that the molecules do not depend on, its machine is asked for at some
    more of them, since theory needs its structure only once.

    Parameters
    ----------
    space
        Whose designs they are.
    """

    def __init__(self, space: Space) -> None:
        self._space = space
        self._numbers = [
            v for v in space.variables if isinstance(v, Numeric) and not v.name.startswith("machine.")
        ]
        self._told: dict[str, tuple[Design, Floats, Floats]] = {}
        self._asked: set[str] = set()
        self._stages = 0

    def survey(self, view: View) -> Survey | None:
        """What theory says of the designs so far; None where it says nothing of any."""
        if view.theory is None:
            return None
        wanted = min(_AT_ONCE + view.batch, _MOST_STAGES)
        while self._stages < wanted and (self._told or not self._stages):
            self._extend(view.theory, self._stages)
            self._stages += 1
        if not self._told:
            return None
        designs, means, sds = zip(*self._told.values(), strict=True)
        mean, sd = _utility(view, np.array(means), np.array(sds))
        return Survey(designs, mean, sd)

    def _extend(self, theory: Theory, stage: int) -> None:
        rng = np.random.default_rng([0, stage])
        wanted = _STAGE if stage else _FIRST
        new: dict[str, Design] = {}
        families = 0
        for child in self._children(self._parents(), _TRIES * wanted, rng):
            if families == wanted:
                break
            before = len(new)
            for design in (child, *self._varied(child, rng)):
                if self._space.is_machine(design):
                    key = self._space.resolve(design).key
                    if key not in self._asked:
                        new.setdefault(key, design)
            families += len(new) > before
        self._asked.update(new)
        means, sds = theory.objectives(list(new.values())) if new else (np.zeros((0, 1)),) * 2
        for (key, design), mean, sd in zip(new.items(), means, sds, strict=True):
            if np.isfinite(mean).all() and np.isfinite(sd).all():
                self._told[key] = design, mean, sd

    def _parents(self) -> list[Design]:
        """Those that theory puts highest, best first; of several objectives by the mean of their ranks."""
        if not self._told:
            return []
        designs, means, _ = zip(*self._told.values(), strict=True)
        ranks = np.argsort(np.argsort(-np.array(means), axis=0, kind="stable"), axis=0).sum(axis=1)
        return [designs[i] for i in np.argsort(ranks, kind="stable")[:_PARENTS]]

    def _children(self, parents: Sequence[Design], tries: int, rng: np.random.Generator) -> Iterator[Design]:
        for _ in range(tries):
            if not parents:
                yield self._space.sample(rng)
                continue
            first = parents[int(rng.integers(len(parents), size=2).min())]
            if self._space.open and rng.random() < _EDITED:
                try:
                    edited = self._space.edit(first, rng)
                except InfeasibleError:
                    continue
                if edited is not None:
                    yield edited[0]
            elif rng.random() < 0.5:
                yield self._space.mutate(first, rng)
            else:
                yield self._space.cross(first, parents[int(rng.integers(len(parents)))], rng)

    def _varied(self, design: Design, rng: np.random.Generator) -> Iterator[Design]:
        """The same molecules at other numbers."""
        for _ in range(_VARIED if self._numbers else 0):
            step = float(rng.choice(_STEPS))
            shares = {v.name: v.share(design[v.name]) for v in self._numbers}
            moved = {v.name: v.at(shares[v.name] + step * rng.standard_normal()) for v in self._numbers}
            yield Design.of({**dict(design.values), **moved}, dict(design.edited))


def best_new(view: View, survey: Survey, n: int, chosen: set[str]) -> list[Design]:
    """Up to ``n`` machines that nobody has proposed, those first that a draw from what theory says has first.

    Drawn with theory's own uncertainty, so that near its best they differ; ``chosen`` are keys of designs
    that are proposed already, and grows.
    """
    drawn = survey.mean + survey.sd * view.rng.standard_normal(len(survey))
    kept: list[Design] = []
    for i in np.argsort(-drawn, kind="stable"):
        if len(kept) == n:
            break
        design = survey.designs[i]
        key = view.space.resolve(design).key
        if key not in chosen and view.is_new(design):
            chosen.add(key)
            kept.append(design)
    return kept
