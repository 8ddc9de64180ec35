"""The flagship's space: a rotor in a linear field that lies in the stator's mirror plane."""

from __future__ import annotations

from pathlib import Path

import pytest
from scipy import stats

from molmach.scoring.rotation import velocities
from molmach.search import Candidate, Space, View
from molmach.search.agents.registry import agent_class
from molmach.spec import load_campaign
from molmach.studies.simulation import simulate_here

CAMPAIGN = Path(__file__).parents[2] / "examples" / "ratchet.yaml"
EFFORT = {"replicas": 16, "duration": 50.0}


def achiral_machines(space: Space, wanted: int, seed: int) -> list[Candidate]:
    """Designs of the agent that the flagship has for this control."""
    control = agent_class("achiral.py:Achiral", CAMPAIGN.parent)
    view = View(space, (), frozenset(), budget_left=1.0, batch=0, seed=seed)
    return [space.resolve(proposal.design) for proposal in control(space).propose(view, wanted)]


@pytest.mark.slow
def test_no_achiral_design_turns() -> None:
    """Fisher's combination over 30 machines, and the smallest of their p-values: a false alarm in 500."""
    p_values = []
    for candidate in achiral_machines(Space(load_campaign(CAMPAIGN)), 30, seed=4):
        protocol = candidate.spec.protocol.model_copy(update=EFFORT)
        run = simulate_here(candidate.spec.model_copy(update={"protocol": protocol}))
        velocity = velocities(run.series.coordinate, run.series.time_ps)
        p_values.append(float(stats.ttest_1samp(velocity, 0.0).pvalue))
    assert stats.combine_pvalues(p_values, method="fisher").pvalue > 1e-3
    assert min(p_values) > 1e-3 / 30
