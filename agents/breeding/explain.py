"""How agents put designs and predictions into proposals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from molmach.agents.breeding.kinship import Relatives, relatives
from molmach.search.agents.interface import Proposal, View
from molmach.search.space.design import Design


def predicted(view: View, known: Relatives | None, designs: Sequence[tuple[Design, str]]) -> list[Proposal]:
    """Designs and why they are proposed, as proposals, the one of the highest expected utility first.

    What is predicted is the true value of each objective, as proposals are scored by it.
    """
    if known is None or not designs:
        return [Proposal(design, story) for design, story in designs]
    several = view.objectives > 1
    each = [relatives(view, objective=k) for k in range(view.objectives)] if several else [known]
    made = [design for design, _ in designs]
    forecasts = [family.forecast(made) for family in each if family is not None]
    if len(forecasts) < len(each):
        return [Proposal(design, story) for design, story in designs]
    merit = known.merit(made)[0] if several else forecasts[0][0]
    proposals = []
    for i in np.argsort(-merit, kind="stable"):
        (mean, sd), *others = ((float(means[i]), float(sds[i])) for means, sds in forecasts)
        design, story = designs[i]
        proposals.append(Proposal(design, story, mean, sd, tuple(others)))
    return proposals


def written(design: Design) -> str:
    """A design in one line: every variable with its value, and what it was edited to."""
    values = [f"{name} {value}" for name, value in design.values]
    return ", ".join([*values, *(f"edited to {smiles}" for _, smiles in design.edited)])
