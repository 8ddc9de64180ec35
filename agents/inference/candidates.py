"""Designs to choose from: all of them where they are few, else samples, kin of the best, and edits."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molmach.agents.inference.generative_model import EDIT_LABELS, GenerativeModel, code_of
from molmach.errors import InfeasibleError
from molmach.search.agents.interface import View
from molmach.search.space.design import Categorical, Design, Numeric, Variable

Floats = NDArray[np.float64]

ENUMERATED = 20_000
"""Designs that are coded as a whole, as many as the Bayesian agent looks through."""

_SAMPLES = 1200
"""Designs at random. Not tuned."""

_PARENTS = 12
"""Best machines that are varied. Not tuned."""

_KIN = 60
"""Variations of each. Not tuned."""

_EDITS = 16
"""Edits of the best, each of which must be made. Not tuned."""

_STEPS = (0.1, 0.03, 0.01)
"""Standard deviations of the steps of numbers, as shares of their range."""


@dataclass(frozen=True)
class Candidates:
    """Designs as the model codes them.

    Attributes
    ----------
    codes
        (n, columns) of :meth:`GenerativeModel.code`.
    edited
        The designs of the last rows, which no code can be turned into.
    foretold
        (2, n) mean and standard deviation of what theory says of them, in the unit of the score; nan where it
        was not asked or says nothing.
    """

    codes: Floats
    edited: tuple[Design, ...]
    foretold: Floats

    def design(self, model: GenerativeModel, row: int) -> Design:
        """The design of a row."""
        first_edit = len(self.codes) - len(self.edited)
        return self.edited[row - first_edit] if row >= first_edit else model.design(self.codes[row])


def candidates(
    view: View, model: GenerativeModel, everything: Floats | None, known: Floats, best: Sequence[Design]
) -> Candidates:
    """Designs that nobody is known to have measured, equivalent writings once, in random order.

    Parameters
    ----------
    everything
        :func:`enumerated`, or None where the space is too large.
    known
        Codes of the machines with results, infeasible ones included.
    best
        Those that were measured, best first.
    """
    parents = model.code([Design(design.values) for design in best[:_PARENTS]])
    codes = everything if everything is not None else _sampled(model, view.rng, parents)
    named = [place for place, variable in enumerate(model.variables) if isinstance(variable, Categorical)]
    codes = codes[view.space.light_enough(codes[:, named].astype(np.int64))]
    plain = known[~known[:, len(model.variables) :].any(axis=1)]
    codes = _rows_without(model.canonical(codes), model.canonical(plain))
    codes = codes[view.rng.permutation(len(codes))]
    edited = _edits(view, best[:_PARENTS]) if view.space.open else ()
    if edited:
        codes = np.concatenate([codes, model.code(edited)])
    return Candidates(codes, tuple(edited), np.full((2, len(codes)), np.nan))


def enumerated(model: GenerativeModel) -> Floats | None:
    """Codes of all designs without edits; None where they are more than 20 000."""
    size = model.space.size
    if size is None or size > ENUMERATED:
        return None
    axes = [_values(variable) for variable in model.variables]
    rows = np.array(list(itertools.product(*axes)), dtype=np.float64).reshape(size, len(axes))
    return _padded(rows)


def _values(variable: Variable) -> list[float]:
    if isinstance(variable, Categorical):
        return [float(k) for k in range(len(variable.values))]
    return [code_of(variable, value) for value in range(int(variable.low), int(variable.high) + 1)]


def _padded(rows: Floats) -> Floats:
    return np.concatenate([rows, np.zeros((len(rows), len(EDIT_LABELS)))], axis=1)


def _sampled(model: GenerativeModel, rng: np.random.Generator, parents: Floats) -> Floats:
    """Samples of the space, and changes of one or two variables of the parents."""
    if model.space.drawing.within is None:
        rows = [np.column_stack([_random(v, rng, _SAMPLES) for v in model.variables])]
    else:
        drawn = model.code([model.space.sample(rng) for _ in range(_SAMPLES // 4)])
        rows = [drawn[:, : len(model.variables)]]
    for parent in parents[:, : len(model.variables)]:
        kin = np.repeat(parent[None], _KIN, axis=0)
        for _ in range(2):
            which = rng.integers(len(model.variables), size=_KIN)
            for place, variable in enumerate(model.variables):
                moved = which == place
                kin[moved, place] = _changed(variable, rng, kin[moved, place])
        rows.append(kin)
    return _padded(np.concatenate(rows))


def _random(variable: Variable, rng: np.random.Generator, n: int) -> Floats:
    if isinstance(variable, Categorical):
        return rng.integers(len(variable.values), size=n).astype(np.float64)
    return _rounded(variable, rng.random(n))


def _changed(variable: Variable, rng: np.random.Generator, codes: Floats) -> Floats:
    if isinstance(variable, Categorical):
        return rng.integers(len(variable.values), size=len(codes)).astype(np.float64)
    steps = rng.choice(_STEPS, size=len(codes))
    return _rounded(variable, codes + steps * rng.standard_normal(len(codes)))


def _rounded(variable: Numeric, shares: Floats) -> Floats:
    return np.array([code_of(variable, variable.at(float(share))) for share in shares], dtype=np.float64)


def _rows_without(rows: Floats, others: Floats) -> Floats:
    """Rows that differ from each other and from all others."""
    barred = {row.tobytes() for row in others + 0.0}
    kept = []
    for number, row in enumerate(rows + 0.0):
        if (text := row.tobytes()) not in barred:
            barred.add(text)
            kept.append(number)
    return rows[kept]


def _edits(view: View, best: Sequence[Design]) -> list[Design]:
    """Edits of the best machines, or of some at random where there are none yet."""
    parents = list(best) or [view.space.sample(view.rng) for _ in range(4)]
    designs: list[Design] = []
    for number in range(_EDITS):
        parent = parents[min(int(view.rng.exponential(2.0)), len(parents) - 1, number)]
        try:
            edit = view.space.edit(parent, view.rng)
        except InfeasibleError:
            continue
        if edit is not None and edit[0] not in designs:
            designs.append(edit[0])
    return designs
