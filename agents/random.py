"""Random search: the yardstick for every other agent."""

from __future__ import annotations

import math

from molmach.search.agents.interface import Agent, Proposal, View, fresh_samples
from molmach.search.record.trial import Opinion


class Random(Agent):
    """Draws machines evenly from the space, and leaves out those that were proposed before."""

    explores = True
    summary = "designs at random: the yardstick for the others"
    calculates = True

    def propose(self, view: View, n: int) -> list[Proposal]:
        """Designs at random; predicts the mean and spread of the true values of those so far."""
        opinions = [_prior(view, k) for k in range(view.objectives)]
        (mean, sd), *others = opinions
        return [Proposal(design, "at random", mean, sd, tuple(others)) for design in fresh_samples(view, n)]


def _prior(view: View, objective: int) -> Opinion:
    """Mean and spread of the true values of an objective, the mean's own uncertainty included.

    What measurements scatter by their errors is no spread of the machines.
    """
    n = len(view.measured)
    if n < 2:
        return None, None
    values, errors = view.objective(objective)
    scatter = float(values.var(ddof=1))
    true = max(0.0, scatter - float((errors**2).mean()))
    return float(values.mean()), math.sqrt(true + scatter / n)
