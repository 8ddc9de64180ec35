"""Random search: the yardstick for every other agent."""

from __future__ import annotations

from molmach.search.agents.interface import Agent, Proposal, View, fresh_samples


class Random(Agent):
    """Draws every variable on its own, and leaves out machines that were proposed before."""

    explores = True
    summary = "designs at random: the yardstick for the others"

    def propose(self, view: View, n: int) -> list[Proposal]:
        """Designs at random; predicts the mean and spread of what was measured so far."""
        values, _ = view.utilities
        mean, sd = (float(values.mean()), float(values.std(ddof=1))) if len(values) > 1 else (None, None)
        return [Proposal(design, "at random", mean, sd) for design in fresh_samples(view, n)]
