"""Bayesian optimisation: a Gaussian process on machines, and the improvement that it expects."""

from __future__ import annotations

import numpy as np

from molmach.agents.regression.belief import (
    Belief,
    Seen,
    best_trials,
    feasibility,
    model_of,
    seen,
    unwarped,
)
from molmach.agents.regression.explanation import explanation
from molmach.agents.regression.machine_kernel import MachineKernel
from molmach.agents.regression.points import Points
from molmach.agents.regression.pool import PARENTS, Pool, everything, looked_at, made
from molmach.agents.symmetry import exchanges
from molmach.search import Agent, Proposal, Space, View
from molmach.search.agents.interface import fresh_samples

_CELLS = 2_000_000
_FEWEST = 600
_LEAST = 4


class Bayesian(Agent):
    """Asks for the machines that promise the largest improvement on the best known.

    A Gaussian process (:class:`~molmach.agents.regression.machine_kernel.MachineKernel`) is conditioned on
    all trials with their standard errors. The batch is filled one machine at a time by the largest expected
    improvement times the chance of being feasible; each one chosen is taken to be found as predicted before
    the next one is chosen (the kriging believer of Ginsbourger, Le Riche & Carraro, 2010).

    Parameters
    ----------
    space
        The designs of the campaign.
    initial
        Machines that are drawn at random before the first model; at least 4.
    """

    summary = "a Gaussian process on substituents, numbers and molecules; expected improvement"

    def __init__(self, space: Space, initial: int = _LEAST) -> None:
        super().__init__(space)
        if initial < _LEAST:
            raise TypeError(f"initial: got {initial}; expected at least {_LEAST}")
        self._initial = initial
        self._prepared: tuple[MachineKernel, Points | None] | None = None

    def _prepare(self) -> tuple[MachineKernel, Points | None]:
        """The kernel of this space and, if they are few enough, all designs; made when first needed."""
        if self._prepared is None:
            kernel = MachineKernel(self.space, exchanges(self.space))
            self._prepared = kernel, everything(self.space, kernel)
        return self._prepared

    def propose(self, view: View, n: int) -> list[Proposal]:
        """The machines of largest expected improvement; at random while fewer than ``initial`` are measured.

        Predictions are of true values, without a measurement's error, of each objective.
        """
        kernel, _ = self._prepare()
        known = seen(kernel, view)
        if len(known.values) < self._initial:
            return [Proposal(design, "at random: too little is known") for design in fresh_samples(view, n)]
        belief = self._belief(kernel, view, known)
        pool = self._pool(view, known, belief)
        proposals = self._predicted(view, known, belief, pool, belief.picks(pool, kernel, view, n))
        if len(proposals) < n and not pool.whole:
            chosen = {self.space.resolve(proposal.design).key for proposal in proposals}
            rest = fresh_samples(view, n - len(proposals), chosen)
            proposals += [Proposal(design, "at random: no candidate of the model was new") for design in rest]
        return proposals

    def _belief(self, kernel: MachineKernel, view: View, known: Seen) -> Belief:
        model = model_of(kernel, known, view.rng)
        best = float(model.predict(known.points)[0].max())
        error = float(np.median(known.errors * known.warping.slope(known.values)))
        return Belief(model, feasibility(kernel, view), best, error)

    def _pool(self, view: View, known: Seen, belief: Belief) -> Pool:
        """Candidates: every design while that is quick, else some at random and some near the best."""
        kernel, whole = self._prepare()
        parents = best_trials(belief, known, PARENTS)
        if self.space.open:
            return made(self.space, kernel, [known.trials[i].design for i in parents], view.rng)
        most = max(_FEWEST, _CELLS // (len(known.values) * len(kernel.exchanges)))
        if whole is not None and len(whole) <= most:
            return Pool(whole, (), whole=True)
        return looked_at(kernel, known.points[np.array(parents)], belief.score, most, view.rng)

    def _predicted(
        self, view: View, known: Seen, belief: Belief, pool: Pool, picks: list[int]
    ) -> list[Proposal]:
        """Proposals with the predicted values of each objective."""
        if not picks:
            return []
        kernel, _ = self._prepare()
        model, best = belief.model, float(known.warping.backward(np.array(belief.best_known)))
        ground = f"; the best known is believed to be at {best:.4g}"
        points = pool.points[np.array(picks)]
        forecasts = []
        if known.several:
            ground = " in the first objective; chosen for all of them"
            for number in range(view.objectives):
                one = known.objective(number)
                forecasts.append(unwarped(model_of(kernel, one, view.rng), one, points))
        else:
            forecasts.append(unwarped(model, known, points))
        proposals = []
        for row, number in enumerate(picks):
            (mean, sd), *others = ((float(means[row]), float(sds[row])) for means, sds in forecasts)
            reason = f"predicted {mean:.4g} ± {sd:.2g}{ground}"
            proposals.append(
                Proposal(pool.design(number, kernel, self.space), reason, mean, sd, tuple(others))
            )
        return proposals

    def explain(self, view: View) -> str:
        """What varies with what, the fragments that do good and harm, and the most promising machine."""
        kernel, _ = self._prepare()
        known = seen(kernel, view)
        if len(known.values) < self._initial:
            return f"{len(known.values)} machines are measured; {self._initial} are needed for a first model."
        belief = self._belief(kernel, view, known)
        return explanation(view, kernel, known, belief, self._pool(view, known, belief))
