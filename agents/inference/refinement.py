"""Numbers on finer scales: hat functions are added where the results are good, if the evidence is for it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from molmach.agents.inference.generative_model import GenerativeModel, columns
from molmach.agents.inference.message_passing import BIAS, EFFECT, Evidence, infer
from molmach.search.space.design import Categorical

Floats = NDArray[np.float64]

_LEVELS = 5
"""Halvings: from a quarter of the range to a hundredth, :data:`_FINEST`."""

_PATIENCE = 2
"""Levels that are no better before it ends: a resonance may show only when knots are as close as it is wide.
Not tuned."""

_SWEEPS = 3
"""Of message passing for a comparison: the free energy is within a nat or so of its end then. Not tuned."""

_FEWEST = 8
"""Measurements below which knots stay: as where residuals are tested."""

_FINEST = 0.01
"""Share of a range: the narrowest interval between knots. Not tuned."""

_COLUMNS = 600
"""Of all factors together, beyond which interactions of names are left out of the comparison: as many as a
structure may have."""


def refined(model: GenerativeModel, codes: Floats, evidence: Evidence) -> GenerativeModel:
    """The model with the knots that the results ask for.

    Level by level, each interval in which a number of the best machine lies is halved, and so is the one
    next to it: its hat functions become half as wide there and stay as they are elsewhere. The level with the
    least free energy after few sweeps is taken, by the evidence for all its factors together; two levels in a
    row that are no better end it.

    Parameters
    ----------
    model
        With the knots to begin with.
    codes, evidence
        Rows of :meth:`GenerativeModel.code`, and what was measured of them.
    """
    if not model.knots or len(evidence.scores) < _FEWEST:
        return model
    centre = codes[int(np.argmax(evidence.scores))]
    best, least = model, _free_energy(model, codes, evidence)
    tried, vain = model, 0
    for _ in range(_LEVELS):
        finer = _finer(tried, centre)
        if finer is None:
            break
        tried = finer
        energy = _free_energy(tried, codes, evidence)
        if energy < least:
            best, least, vain = tried, energy, 0
        else:
            vain += 1
            if vain == _PATIENCE:
                break
    return best


def _free_energy(model: GenerativeModel, codes: Floats, evidence: Evidence) -> float:
    """Of all effects and interactions; where these are too many, of interactions of numbers alone."""
    bases = model.bases(codes)
    factors = list(model.factors.all)
    if sum(factor.width for factor in factors) > _COLUMNS:
        numeric = {p for p, v in enumerate(model.variables) if not isinstance(v, Categorical)}
        factors = [factor for factor in factors if factor.order < 2 or factor.places <= numeric]
    if sum(factor.width for factor in factors) > _COLUMNS:
        return math.inf
    features = [columns(factor, bases) for factor in factors]
    priors = [EFFECT if factor.orbit else BIAS for factor in factors]
    return infer(features, evidence, priors, sweeps=_SWEEPS).free_energy


def _finer(model: GenerativeModel, centre: Floats) -> GenerativeModel | None:
    """One level more around a design; None where nothing can be halved."""
    knots = {}
    for place, variable in enumerate(model.variables):
        if isinstance(variable, Categorical):
            continue
        count = variable.count
        narrowest = _FINEST if count is None else 1.0 / count
        knots[variable.name] = _halved(model.knots[variable.name], float(centre[place]), narrowest)
    if all(len(new) == len(model.knots[name]) for name, new in knots.items()):
        return None
    return GenerativeModel(model.space, knots)


def _halved(knots: Floats, at: float, narrowest: float) -> Floats:
    """Knots with two more: amid the interval that holds a share, and amid its nearer neighbour."""
    if len(knots) < 2:
        return knots
    place = int(np.clip(np.searchsorted(knots, at, side="right") - 1, 0, len(knots) - 2))
    nearer = place - 1 if at < 0.5 * (knots[place] + knots[place + 1]) else place + 1
    middles = [
        0.5 * (knots[i] + knots[i + 1])
        for i in (place, nearer)
        if 0 <= i < len(knots) - 1 and knots[i + 1] - knots[i] > 2.0 * narrowest
    ]
    return np.sort(np.append(knots, middles))
