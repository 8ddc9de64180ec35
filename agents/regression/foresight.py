"""Where theory takes part in Bayesian optimisation: whom it is asked about, and which opinions there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molmach.agents.regression.belief import Belief, Seen, feasibility, log_chance, model_of
from molmach.agents.regression.machine_kernel import MachineKernel
from molmach.agents.regression.opinions import (
    Opinion,
    Told,
    correction,
    foreseen,
    plain_opinion,
    with_theory,
)
from molmach.agents.regression.picking import Prospect
from molmach.agents.regression.points import joined
from molmach.agents.regression.pool import Pool
from molmach.agents.theory import ASKED, Survey, said, said_of
from molmach.search import Design, View

Floats = NDArray[np.float64]

_USELESS = 0.02
"""Probability below which theory is no longer asked for machines."""


@dataclass(frozen=True)
class Outlook:
    """Candidates, and all that is thought of them.

    Attributes
    ----------
    opinions
        Without theory, with it, or both.
    pool
        The candidates: those of the plain opinion, then those of which theory says something.
    told
        (2, n) what theory says of the candidates, and its standard deviation; nan where it was not asked.
    log_chance
        (n,) logarithm of the chance of being feasible.
    """

    opinions: tuple[Opinion, ...]
    pool: Pool
    told: Floats
    log_chance: Floats

    def prospects(self) -> list[Prospect]:
        """The candidates as each opinion sees them; with theory, those that it was asked about."""
        asked = np.where(np.isfinite(self.told[0]), 0.0, -np.inf)
        prospects = []
        for opinion in self.opinions:
            chance = self.log_chance + asked if opinion.with_theory else self.log_chance
            points = opinion.seen_as(self.pool.points, self.told)
            prospect = Prospect(
                opinion.model,
                points,
                chance,
                opinion.warping,
                opinion.best_known,
                opinion.error,
                opinion.weight,
            )
            if opinion.best_known == -np.inf:
                prospect.aim_at_best()
            prospects.append(prospect)
        return prospects


def outlook(
    view: View,
    kernel: MachineKernel,
    known: Seen,
    belief: Belief | None,
    pool: Pool | None,
    survey: Survey | None,
) -> Outlook:
    """The outlook on a pool of the plain opinion, on what theory was asked about, or on both.

    Parameters
    ----------
    view, kernel, known
        The campaign, the kernel of its space, and what was measured.
    belief, pool
        The plain opinion and its candidates; None while too little is measured for it.
    survey
        Of theory; None where it says nothing.
    """
    if survey is None:
        assert belief is not None
        assert pool is not None
        nothing = np.full((2, len(pool.points)), np.nan)
        return Outlook((plain_opinion(belief.model, known),), pool, nothing, belief.log_chance(pool.points))
    plain = plain_opinion(belief.model, known) if belief else None
    measured = np.array(said(view, [trial.design for trial in known.trials]))
    opinions = with_theory(kernel, known, Told(measured, survey.mean), plain, view.rng)
    designs, told = list(survey.designs), np.array([survey.mean, survey.sd])
    if belief is None or pool is None:
        pool = Pool(kernel.points(designs, view.space), tuple(designs), whole=False)
        return Outlook(opinions, pool, told, log_chance(feasibility(kernel, view), pool.points))
    if opinions[-1].weight < _USELESS:
        nothing = np.full((2, len(pool.points)), np.nan)
        return Outlook(opinions[:1], pool, nothing, belief.log_chance(pool.points))
    asked = _promising(view, kernel, belief, pool, survey)
    told = np.concatenate([np.full((2, len(pool.points)), np.nan), told, np.array(said(view, asked))], axis=1)
    designs += asked
    points = joined([pool.points, kernel.points(designs, view.space)])
    pool = Pool(points, (*pool.designs, *designs) if pool.designs else (), pool.whole)
    return Outlook(opinions, pool, told, belief.log_chance(points))


def _promising(view: View, kernel: MachineKernel, belief: Belief, pool: Pool, survey: Survey) -> list[Design]:
    """The candidates that promise most without theory, of those that theory was not asked about."""
    asked = {view.space.resolve(design).key for design in survey.designs}
    designs: list[Design] = []
    for number in np.argsort(-belief.score(pool.points), kind="stable")[: 4 * ASKED]:
        design = pool.design(int(number), kernel, view.space)
        if len(designs) < ASKED and view.is_new(design):
            key = view.space.resolve(design).key
            if key not in asked:
                asked.add(key)
                designs.append(design)
    return designs


def predictions(
    view: View,
    kernel: MachineKernel,
    known: Seen,
    survey: Survey | None,
    seen_as: Outlook,
    numbers: Sequence[int],
) -> list[tuple[Floats, Floats]]:
    """Of each objective, (n,) mean and standard deviation of the true values of candidates."""
    rows = np.array(numbers, dtype=np.int64)
    points = seen_as.pool.points[rows]
    if not known.trials or not known.several:
        return [foreseen(seen_as.opinions, points, seen_as.told[:, rows])]
    designs = [seen_as.pool.design(number, kernel, view.space) for number in numbers]
    forecasts = []
    for objective in range(view.objectives):
        one = known.objective(objective)
        plain = plain_opinion(model_of(kernel, one, view.rng), one) if len(one.values) > 3 else None
        opinions: tuple[Opinion, ...] = (plain,) if plain else ()
        told = np.full((2, len(rows)), np.nan)
        if survey is not None:
            measured = np.array(said_of(view, [trial.design for trial in one.trials], objective))
            reference = said_of(view, survey.designs, objective)[0]
            heard = Told(measured, reference[np.isfinite(reference)])
            opinions = with_theory(kernel, one, heard, plain, view.rng)
            told = np.array(said_of(view, designs, objective))
        forecasts.append(foreseen(opinions, points, told))
    return forecasts


def theory_in_words(view: View, kernel: MachineKernel, survey: Survey, opinions: Sequence[Opinion]) -> str:
    """What theory says, and how it is corrected."""
    best = int(np.argmax(survey.mean))
    words = (
        f"Theory was asked about {len(survey)} machines and says {survey.mean.min():.4g} to "
        f"{survey.mean[best]:.4g} ± {survey.sd[best]:.2g}."
    )
    opinion = next((o for o in opinions if o.with_theory), None)
    if opinion is None:
        return f"{words} What was measured speaks against it, and it is left aside."
    if opinion.best_known == -np.inf:
        return f"{words} Nothing was measured yet to correct it."
    told = np.array([survey.mean, survey.sd])
    learnt = correction(opinion, kernel.points(survey.designs, view.space), told)
    return (
        f"{words} That it helps has a probability of {opinion.weight:.0%}; then values are expected at "
        f"{learnt.scale:.2f} times what it says {learnt.offset:+.3g}, and single machines off that line by "
        f"{learnt.rest:.2g}."
    )
