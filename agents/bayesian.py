"""Bayesian optimisation: a Gaussian process on machines, and the improvement that it expects."""

from __future__ import annotations

import numpy as np

from molmach.agents.regression.belief import Belief, Seen, best_trials, feasibility, model_of, seen
from molmach.agents.regression.explanation import explanation
from molmach.agents.regression.foresight import Outlook, outlook, predictions, theory_in_words
from molmach.agents.regression.machine_kernel import MachineKernel
from molmach.agents.regression.picking import picks
from molmach.agents.regression.points import Points
from molmach.agents.regression.pool import PARENTS, Pool, everything, looked_at, made
from molmach.agents.symmetry import exchanges
from molmach.agents.theory import Survey, Surveyor
from molmach.search import Agent, Proposal, Space, View
from molmach.search.agents.interface import fresh_samples

_CELLS = 2_000_000
"""Covariances between candidates and machines that are computed at once: sixteen megabytes."""

_FEWEST = 600
"""Candidates, however many machines there are. Not tuned."""

_LEAST = 4
"""Machines before a first model: its mean and scale need a few."""


class Bayesian(Agent):
    """Asks for the machines that promise the largest improvement on the best known.

    A Gaussian process (:class:`~molmach.agents.regression.machine_kernel.MachineKernel`) is conditioned on
    all trials with their standard errors. The batch is filled one machine at a time by the largest expected
    improvement times the chance of being feasible; each one chosen is taken to be found as predicted before
    the next one is chosen (the kriging believer of Ginsbourger, Le Riche & Carraro, 2010).

    Where the only objective's values are to lie in a window or at a target, the process is of the values,
    which add up in a machine, and the improvement expected is that of their distance to the window.

    Where theory says something of the machines, a second process has it as its mean function, with a scale
    and an offset that it learns (:class:`~molmach.agents.regression.theory_kernel.TheoryKernel`), and the
    search starts from theory's best. Which of the two chooses is drawn for each machine by their
    probabilities, so that theory which is of no use is soon left aside.

    Parameters
    ----------
    space
        The designs of the campaign.
    initial
        Machines that are measured before the first model without theory; at least 4. They are drawn at
        random, or theory proposes them.
    """

    summary = "a Gaussian process on substituents, numbers and molecules; expected improvement"
    calculates = True

    def __init__(self, space: Space, initial: int = _LEAST) -> None:
        super().__init__(space)
        if initial < _LEAST:
            raise TypeError(f"initial: got {initial}; expected at least {_LEAST}")
        self._initial = initial
        self._surveyor = Surveyor(space)
        self._prepared: tuple[MachineKernel, Points | None] | None = None

    def _prepare(self) -> tuple[MachineKernel, Points | None]:
        """The kernel of this space and, if they are few enough, all designs; made when first needed."""
        if self._prepared is None:
            kernel = MachineKernel(self.space, exchanges(self.space))
            self._prepared = kernel, everything(self.space, kernel)
        return self._prepared

    def propose(self, view: View, n: int) -> list[Proposal]:
        """The machines of largest expected improvement.

        While fewer than ``initial`` are measured, by theory alone, or at random where it says nothing.
        Predictions are of true values, without a measurement's error, of each objective.
        """
        kernel, _ = self._prepare()
        survey = self._surveyor.survey(view)
        known = seen(kernel, view, placed=survey is None)
        if len(known.values) < self._initial and survey is None:
            return [Proposal(design, "at random: too little is known") for design in fresh_samples(view, n)]
        belief, candidates = self._candidates(kernel, view, known, survey)
        numbers = picks(candidates.prospects(), candidates.pool, kernel, view, n)
        proposals = self._predicted(view, known, survey, belief, candidates, numbers)
        if len(proposals) < n and not candidates.pool.whole:
            chosen = {self.space.resolve(proposal.design).key for proposal in proposals}
            rest = fresh_samples(view, n - len(proposals), chosen)
            proposals += [Proposal(design, "at random: no candidate of the model was new") for design in rest]
        return proposals

    def _candidates(
        self, kernel: MachineKernel, view: View, known: Seen, survey: Survey | None
    ) -> tuple[Belief | None, Outlook]:
        """What is believed without theory, if anything, and the outlook on the candidates."""
        if len(known.values) < self._initial:
            return None, outlook(view, kernel, known, None, None, survey)
        belief = self._belief(kernel, view, known)
        return belief, outlook(view, kernel, known, belief, self._pool(view, known, belief), survey)

    def _belief(self, kernel: MachineKernel, view: View, known: Seen) -> Belief:
        model = model_of(kernel, known, view.rng)
        best = float(known.warping.worth(model.predict(known.points)[0]).max())
        error = float(np.median(known.errors * known.warping.slope(known.values)))
        return Belief(model, feasibility(kernel, view), known.warping, best, error)

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
        self,
        view: View,
        known: Seen,
        survey: Survey | None,
        belief: Belief | None,
        candidates: Outlook,
        numbers: list[int],
    ) -> list[Proposal]:
        """Proposals with the predicted values of each objective."""
        if not numbers:
            return []
        kernel, _ = self._prepare()
        forecasts = predictions(view, kernel, known, survey, candidates, numbers)
        ground = ""
        if belief is not None:
            best = known.warping.of_worth(belief.best_known)
            ground = f"; the best known is believed to be at {best:.4g}"
        if known.trials and known.several:
            ground = " in the first objective; chosen for all of them"
        proposals = []
        for row, number in enumerate(numbers):
            (mean, sd), *others = ((float(means[row]), float(sds[row])) for means, sds in forecasts)
            said, doubt = candidates.told[:, number]
            theory = f" (theory says {said:.4g} ± {doubt:.2g})" if np.isfinite(said) else ""
            reason = f"predicted {mean:.4g}{theory}{ground}"
            proposals.append(
                Proposal(candidates.pool.design(number, kernel, self.space), reason, mean, sd, tuple(others))
            )
        return proposals

    def explain(self, view: View) -> str:
        """What theory is worth, what varies with what, what does good and harm, what is most promising."""
        kernel, _ = self._prepare()
        survey = self._surveyor.survey(view)
        known = seen(kernel, view, placed=survey is None)
        few = f"{len(known.values)} machines are measured; {self._initial} are needed for a first model."
        if len(known.values) < self._initial and survey is None:
            return few
        belief, candidates = self._candidates(kernel, view, known, survey)
        words = explanation(view, kernel, known, belief, candidates) if belief else few
        if survey is None:
            return words
        return f"{theory_in_words(view, kernel, survey, candidates.opinions)}\n{words}"
