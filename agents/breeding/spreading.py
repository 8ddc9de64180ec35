"""Designs that follow from nothing measured: the first of a search, and those when ideas run out."""

from __future__ import annotations

import numpy as np

from molmach.agents.breeding.kinship import Relatives, hopes
from molmach.agents.breeding.pedigree import genes
from molmach.search.agents.interface import View, distinct_new, fresh_samples
from molmach.search.space.design import Categorical, Design

_POOL, _LARGEST_POOL = 30, 400
"""Designs at random for each that is wanted, and at most, of which the farthest is taken. Not tuned."""

_REMEMBERED = 1000
"""Latest designs from which new ones keep away: distances to all of very many would fill the memory."""

_EDIT_TRIES = 4
"""Edits that are tried for each that is wanted. Not tuned."""

_CHOICE = 4
"""Designs at random of which a draw takes one. Not tuned."""


def spread_out(view: View, n: int, taken: set[str] | None = None) -> list[Design]:
    """Up to ``n`` new designs far from each other and from those known (maximin), none of ``taken`` keys."""
    if n == 0:
        return []
    samples = [view.space.sample(view.rng) for _ in range(min(_POOL * n, _LARGEST_POOL))]
    pool, known = list(dict.fromkeys(samples)), [trial.design for trial in view.known[-_REMEMBERED:]]
    table = genes(view.space, pool + known)
    gaps = np.abs(table[:, None] - table[None, : len(pool)])
    named = np.array([isinstance(v, Categorical) for v in view.space.variables] + [True])
    apart = (gaps[:, :, named] > 0).sum(axis=2) + gaps[:, :, ~named].sum(axis=2)
    nearest = apart[len(pool) :].min(axis=0) if known else np.full(len(pool), np.inf)
    chosen = set(taken or ())
    kept: list[Design] = []
    for _ in range(len(pool)):
        farthest = int(np.argmax(nearest))
        if len(kept) == n or nearest[farthest] <= 0.0:
            break
        accepted = distinct_new(view, [pool[farthest]], 1, chosen)
        if accepted:
            kept += accepted
            nearest = np.minimum(nearest, apart[farthest])
        nearest[farthest] = 0.0
    return kept + random_designs(view, n - len(kept), chosen)


def random_designs(view: View, n: int, chosen: set[str]) -> list[Design]:
    """Up to ``n`` new designs at random; where the space is open and has no more, edits of known ones.

    ``chosen`` are keys of designs that are proposed already, and grows.
    """
    kept = fresh_samples(view, n, chosen)
    if not view.space.open:
        return kept
    sources = [*kept, *(f.design for f in view.measured), view.space.sample(view.rng)]
    sources = [design for design in sources if view.space.is_machine(design)]
    for _ in range(_EDIT_TRIES * (n - len(kept))):
        if len(kept) == n or not sources:
            break
        edited = view.space.edit(sources[int(view.rng.integers(len(sources)))], view.rng)
        if edited is not None:
            kept += distinct_new(view, [edited[0]], 1, chosen)
    return kept


def promising_designs(view: View, known: Relatives, n: int, chosen: set[str]) -> list[Design]:
    """Up to ``n`` new designs: of more at random, those that a draw of what they will measure puts first."""
    if n == 0:
        return []
    pool = random_designs(view, _CHOICE * n, set(chosen))
    if not pool:
        return []
    (drawn,) = hopes(view, known, pool, 1)
    return distinct_new(view, [pool[i] for i in np.argsort(-drawn, kind="stable")], n, chosen)
