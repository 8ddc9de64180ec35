"""What theory says where active inference needs it: of the machines measured, and of candidates."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from molmach.agents.inference.candidates import Candidates
from molmach.agents.inference.generative_model import GenerativeModel, columns
from molmach.agents.inference.message_passing import Evidence
from molmach.agents.inference.structures import Understanding
from molmach.agents.inference.warp import Warp
from molmach.agents.theory import ASKED, Survey, said
from molmach.search.agents.interface import View
from molmach.search.space.design import Design

Floats = NDArray[np.float64]

FEWEST = 4
"""Values from which their own spread is taken for the unit, and not that of what theory says."""

USELESS = 0.02
"""Probability of the structures with theory below which it is no longer asked."""


@dataclass(frozen=True)
class Results:
    """Machines that were measured.

    Attributes
    ----------
    codes
        (n, columns) as the model has them.
    values, errors
        (n,) scores and their standard errors.
    foretold
        (2, n) mean and standard deviation of what theory says of them; nan for nothing. None where it says
        nothing of any design.
    survey
        Means of a survey of the space by theory.
    """

    codes: Floats
    values: Floats
    errors: Floats
    foretold: Floats | None = None
    survey: Floats | None = None

    def __getitem__(self, rows: slice) -> Results:
        told = None if self.foretold is None else self.foretold[:, rows]
        return replace(
            self, codes=self.codes[rows], values=self.values[rows], errors=self.errors[rows], foretold=told
        )

    @property
    def evidence(self) -> Evidence:
        """The scores, standardised; in theory's unit while they are too few to have one of their own."""
        if self.survey is None or len(self.values) >= FEWEST:
            warp = Warp.of(self.values)
            errors = self.errors * warp.slope(self.values)
            return replace(Evidence.of(warp.forward(self.values), errors), warp=warp)
        centre = float(self.values.mean() if len(self.values) else self.survey.mean())
        scale = float(self.survey.std()) or abs(centre) or 1.0
        errors = np.where(np.isfinite(self.errors), self.errors, scale) / scale
        return Evidence((self.values - centre) / scale, np.maximum(errors, 1e-4), centre, scale)


def standardised(foretold: Floats | None, evidence: Evidence) -> Floats | None:
    """(2, n) what theory says, mean and standard deviation, in the unit of the evidence."""
    if foretold is None:
        return None
    mean, sd = foretold
    centred = evidence.warp.forward(mean) - evidence.centre
    return np.array([centred, sd * evidence.warp.slope(mean)]) / evidence.scale


def surveyed(
    view: View, model: GenerativeModel, understanding: Understanding, pool: Candidates, survey: Survey
) -> Candidates:
    """The candidates of which theory says something: those of its survey, and the pool's best without theory.

    Where the structures with theory are improbable, the pool as it is.
    """
    if understanding.trust < USELESS:
        return pool
    structure = understanding.best
    X = np.concatenate(
        [columns(factor, understanding.model.bases(pool.codes)) for factor in structure.factors], axis=1
    )
    order = np.argsort(-(X @ structure.beliefs.mean), kind="stable")
    keys = {view.space.resolve(design).key for design in survey.designs}
    asked: list[Design] = []
    for row in order[: 4 * ASKED]:
        design = pool.design(model, int(row))
        if len(asked) < ASKED and view.is_new(design):
            key = view.space.resolve(design).key
            if key not in keys:
                keys.add(key)
                asked.append(design)
    told = np.concatenate([[survey.mean, survey.sd], said(view, asked)], axis=1)
    designs = [*survey.designs, *asked]
    new = [i for i, design in enumerate(designs) if view.is_new(design)]
    plain = [i for i in new if not designs[i].edited]
    edited = [i for i in new if designs[i].edited]
    order = np.array([*view.rng.permutation(plain), *edited], dtype=np.int64)
    codes = model.code([designs[i] for i in order])
    return Candidates(codes, tuple(designs[i] for i in edited), told[:, order])
