"""Who descends from whom, read from the results alone, and what that says about the ways of breeding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molmach.search.agents.interface import View
from molmach.search.space.design import Categorical, Design
from molmach.search.space.space import Space

Floats = NDArray[np.float64]

_LONGEST = 1000
"""Latest designs that are looked at: every one is held against all before it."""

_WINDOW = 40
"""Latest designs whose ways of breeding count: about ten batches. Not tuned."""

_PARTNERS = 20
"""Best designs that may have been parents, as many as :class:`Evolutionary` breeds from."""

_TOP = 0.8
"""Quantile that a child has to reach to be a success of its way of breeding. Not tuned."""

_LIFESPAN = 12
"""Children after which a parent that none of them surpasses comes last. Not tuned."""

_TRIALS_BEFORE = 4.0
"""What is expected of a way of breeding counts as so many children. Not tuned: a batch."""

_FIRST_STEP, _SMALLEST_STEP, _LARGEST_STEP = 0.2, 0.01, 0.4
"""Shares of a number's range: Gaussian steps from a hundredth of it to such as reach across. Not tuned."""

_GROWTH = 1.5
"""With its fourth root for failures, Kern et al., Natural Computing 3, 77 (2004), for one success in five."""

EXPECTED = {"crossover": 0.35, "mutation": 0.35, "edit": 0.25, "immigrant": 0.1}
"""How often each way of breeding is taken to succeed before anything was seen of it."""


@dataclass(frozen=True)
class Pedigree:
    """The measured designs in the order in which they came, and where each seems to come from.

    Attributes
    ----------
    designs, values
        Each design and its utility.
    parents
        Index of the earlier design that is nearest to each; -1 for the first.
    better
        Whether each is better than that parent.
    ways
        For the latest designs: (way of breeding, whether it came among the best fifth).
    step
        Standard deviation of mutations of numbers, as a share of their range.
    """

    designs: tuple[Design, ...]
    values: Floats
    parents: NDArray[np.int64]
    better: NDArray[np.bool_]
    ways: tuple[tuple[str, bool], ...]
    step: float

    def barren(self) -> set[Design]:
        """Designs whose latest children, a lifespan of them, all were no better than they are."""
        old: set[Design] = set()
        for parent in np.unique(self.parents[self.parents >= 0]):
            children = np.flatnonzero(self.parents == parent)[-_LIFESPAN:]
            if len(children) == _LIFESPAN and not self.better[children].any():
                old.add(self.designs[parent])
        return old

    def success(self) -> dict[str, float]:
        """Way of breeding -> how often it came among the best lately, starting from an expectation."""
        rates = {}
        for way, expected in EXPECTED.items():
            outcomes = [good for name, good in self.ways if name == way]
            rates[way] = (sum(outcomes) + _TRIALS_BEFORE * expected) / (len(outcomes) + _TRIALS_BEFORE)
        return rates


def genes(space: Space, designs: Sequence[Design]) -> Floats:
    """(n, n_variables + 1): the number of a named value, the share of a number; last, which edit."""
    table = np.zeros((len(designs), len(space.variables) + 1))
    for row, design in zip(table, designs, strict=True):
        values = dict(design.values)
        for column, variable in enumerate(space.variables):
            value = values[variable.name]
            row[column] = (
                variable.values.index(str(value))
                if isinstance(variable, Categorical)
                else variable.share(value)
            )
    editions = {design.edited: number for number, design in enumerate(designs)}
    table[:, -1] = [editions[design.edited] if design.edited else -1 for design in designs]
    return table


def trace(view: View) -> Pedigree:
    """The pedigree of the measured designs, at most the latest thousand.

    Results do not say how a design was bred, and may come from other agents. So the parent is taken to
    be the nearest earlier design, and the way of breeding the simplest that leads to the design.
    """
    values, _ = view.utilities
    designs = tuple(trial.design for trial in view.measured)[-_LONGEST:]
    values = values[-_LONGEST:]
    table = genes(view.space, designs)
    numeric = np.array([not isinstance(v, Categorical) for v in view.space.variables] + [False])
    parents = np.full(len(designs), -1)
    better = np.zeros(len(designs), dtype=bool)
    ways: list[tuple[str, bool]] = []
    step = _FIRST_STEP
    for i in range(1, len(designs)):
        gaps = np.abs(table[:i] - table[i])
        apart = (gaps[:, ~numeric] > 0).sum(axis=1) + gaps[:, numeric].sum(axis=1)
        parent = parents[i] = int(np.argmin(apart))
        better[i] = values[i] > values[parent]
        if numeric.any() and not gaps[parent, ~numeric].any():
            step = _adapted(step, float(gaps[parent].max()), bool(better[i]))
        if i >= len(designs) - _WINDOW:
            leading = np.argsort(-values[:i], kind="stable")[:_PARTNERS]
            way = _way(table[:i], table[i], numeric, leading)
            ways.append((way, bool(values[i] >= np.quantile(values[:i], _TOP))))
    return Pedigree(designs, values, parents, better, tuple(ways), step)


def _adapted(step: float, moved: float, better: bool) -> float:
    """Rule of one success in five (Rechenberg 1973), for moves that a step of this size would make."""
    if not 0.0 < moved < 3.0 * step:
        return step
    return float(np.clip(step * (_GROWTH if better else _GROWTH**-0.25), _SMALLEST_STEP, _LARGEST_STEP))


def _way(earlier: Floats, child: Floats, numeric: NDArray[np.bool_], leading: NDArray[np.int64]) -> str:
    """The simplest way of breeding that leads to a child; ``leading`` are the likely parents."""
    if child[-1] >= 0.0:
        return "edit"
    if int((earlier != child).sum(axis=1).min()) <= 1:
        return "mutation"
    likely = earlier[leading]
    above, below = likely[:, None] >= child, likely[:, None] <= child
    between = (above & below.swapaxes(0, 1)) | (below & above.swapaxes(0, 1))
    either = (likely[:, None] == child) | (likely == child)[None]
    covered = np.where(numeric, between, either)[:, :, :-1].all(axis=2)
    return "crossover" if bool(covered.any()) else "immigrant"
