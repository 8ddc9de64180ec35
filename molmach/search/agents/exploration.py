"""A share of every agent's proposals that explores, whatever the agent believes.

A model that is wrong is wrong with confidence: what it expects little of is never measured, and so it never
learns. Of the machines that an agent is asked for, some are therefore the farthest from all that are known.
Their share never falls below a floor, and grows while nothing better is found and the agent itself expects
nothing better. No bandit can starve it, for
every agent of a team has it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import scipy
from numpy.typing import NDArray

from molmach.search.agents.interface import Proposal, View, distinct_new
from molmach.search.record.trial import Trial
from molmach.search.space.design import Categorical, Design
from molmach.search.space.space import Space

Floats = NDArray[np.float64]

FLOOR, CEILING = 0.05, 0.9
"""Least and largest share of proposals that explore."""

ONSET = 5.0
"""Evaluations without a find after which a design at random is given half of its chance."""

EXPLORES = "explores: far from all machines that are known"
"""Rationale of such a proposal."""

_KNOWN = 10
"""Results before which nothing is taken from an agent: its own first machines are spread already."""

_POOL = 100
_GOLDEN = 0.6180339887498949


def share(trials: Sequence[Trial], promise: float | None = None) -> float:
    """Which share of the next proposals explores: by what exploring and the agent's own may each be worth.

    Parameters
    ----------
    trials
        In the order in which they came to something.
    promise
        Chance of a find of each of the agent's own proposals, by its own prediction; None where it has none.

    Notes
    -----
    With s the number of trials after the last find, the agent's own proposals are given the chance
    p / (1 + s p): what it promises, less the more often that was in vain. Without a promise that is
    1 / (s + 2), Laplace's rule of succession. A design at random is the best of n + 1 with the chance
    1 / (n + 1), less while finds come, for then the best known is better than chance would have it. Effort is
    shared in proportion to both, within :data:`FLOOR` and :data:`CEILING`.

    A find is a machine that is better than all before it by more than the standard error of its value, or,
    with several objectives, one that none before it is as good as.
    """
    since = _since_last_find(trials)
    promise = 0.5 if promise is None else promise
    own = promise / (1.0 + since * promise)
    random = since / (since + ONSET) / (len(trials) + 1.0)
    return float(np.clip(random / max(random + own, 1e-12), FLOOR, CEILING))


def promised(view: View, proposals: Sequence[Proposal]) -> float | None:
    """Mean chance that proposals are better than the best value measured, as their agent predicts them.

    None where it predicts nothing, or where there are several objectives.
    """
    said = [(p.mean, p.sd) for p in proposals if p.mean is not None and p.sd]
    if not said or not view.measured or len(view.measured[0].values) > 1:
        return None
    best = max(trial.values[0] for trial in view.measured)
    return float(np.mean([scipy.special.ndtr((mean - best) / sd) for mean, sd in said]))


def _since_last_find(trials: Sequence[Trial]) -> int:
    """Trials after the last find; all of them where there was none."""
    usable = [
        (place, trial.values, trial.errors)
        for place, trial in enumerate(trials)
        if trial.feasible and trial.values and all(map(math.isfinite, trial.values))
    ]
    if not usable:
        return len(trials)
    places, values = np.array([u[0] for u in usable]), np.array([u[1] for u in usable])
    errors = np.nan_to_num(np.array([u[2] for u in usable]))
    finds = _records(values[:, 0], errors[:, 0]) if values.shape[1] == 1 else _undominated(values, errors)
    return len(trials) - 1 - int(places[finds][-1])


def _records(values: Floats, errors: Floats) -> NDArray[np.bool_]:
    """(n,) which of one objective's values are above all before them by more than their error."""
    before = np.concatenate([[-np.inf], np.maximum.accumulate(values)[:-1]])
    return np.asarray(values - errors > before)


def _undominated(values: Floats, errors: Floats) -> NDArray[np.bool_]:
    """(n,) which of several objectives' values none before them is as good as, in every objective."""
    finds = np.zeros(len(values), dtype=bool)
    front = np.zeros((0, values.shape[1]))
    for place, (value, error) in enumerate(zip(values, errors, strict=True)):
        finds[place] = not (front >= value - error).all(axis=1).any()
        if not (front >= value).all(axis=1).any():
            front = np.vstack([front[~(front <= value).all(axis=1)], value])
    return finds


def wanted(view: View, n: int, promise: float | None = None) -> int:
    """How many of the next ``n`` proposals explore.

    The expected number is ``n`` times :func:`share`, and over many calls the count keeps to it but for a few:
    rounding follows the golden-ratio sequence, not chance.
    """
    if len(view.known) < _KNOWN or not view.measured:
        return 0
    offset = (view.seed % 1009) / 1009.0
    return int(n * share(view.known, promise) + (offset + _GOLDEN * view.batch) % 1.0)


def space_filling(view: View, n: int) -> list[Proposal]:
    """Up to ``n`` new machines, each the farthest of a hundred at random from all known and those before it.

    Designs are as far apart as the named values in which they differ and the distances of their numbers, as
    shares of the range, sum up to.
    """
    if not n:
        return []
    rng = np.random.default_rng(np.random.SeedSequence(view.seed, spawn_key=(view.batch, 2)))
    pool = list(dict.fromkeys(view.space.sample(rng) for _ in range(_POOL * n)))
    rows = _rows(view.space, pool)
    nearest = np.full(len(pool), np.inf)
    for known in _rows(view.space, [trial.design for trial in view.known]):
        nearest = np.minimum(nearest, np.abs(rows - known).sum(axis=1))
    chosen: set[str] = set()
    kept: list[Proposal] = []
    for _ in range(len(pool)):
        farthest = int(np.argmax(nearest))
        if len(kept) == n or nearest[farthest] <= 0.0:
            break
        if distinct_new(view, [pool[farthest]], 1, chosen):
            kept.append(Proposal(pool[farthest], EXPLORES))
            nearest = np.minimum(nearest, np.abs(rows - rows[farthest]).sum(axis=1))
        nearest[farthest] = 0.0
    return kept


def _rows(space: Space, designs: Sequence[Design]) -> Floats:
    """(n, columns) whose summed differences are the distances."""
    named = [isinstance(v, Categorical) for v in space.variables for _ in range(_width(v))]
    rows = space.encode(designs)
    rows[:, named] *= 0.5  # two columns differ where one value does
    return rows


def _width(variable: object) -> int:
    return len(variable.values) if isinstance(variable, Categorical) else 1
