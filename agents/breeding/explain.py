"""How agents put designs and predictions into proposals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from molmach.agents.breeding.kinship import Relatives, relatives
from molmach.search.agents.interface import Proposal, View
from molmach.search.space.design import Design


def predicted(view: View, known: Relatives | None, designs: Sequence[tuple[Design, str]]) -> list[Proposal]:
    """Designs and why they are proposed, as proposals, the one of the highest expected utility first.

    What is predicted is the first objective, as proposals are scored by it.
    """
    if known is None or not designs:
        return [Proposal(design, story) for design, story in designs]
    several = len(view.measured[0].values) > 1
    first = relatives(view, objective=0) if several else known
    if first is None:
        return [Proposal(design, story) for design, story in designs]
    mean, sd = first.forecast([design for design, _ in designs])
    merit = known.merit([design for design, _ in designs])[0] if several else mean
    order = np.argsort(-merit, kind="stable")
    return [Proposal(designs[i][0], designs[i][1], float(mean[i]), float(sd[i])) for i in order]


def written(design: Design) -> str:
    """A design in one line: every variable with its value, and what it was edited to."""
    values = [f"{name} {value}" for name, value in design.values]
    return ", ".join([*values, *(f"edited to {smiles}" for _, smiles in design.edited)])
