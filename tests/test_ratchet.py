"""The flagship's space: a rotor in a linear field that lies in the stator's mirror plane."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem
from scipy import stats

from molmach.build import is_achiral
from molmach.campaign import Candidate, Design, Space
from molmach.errors import InfeasibleError
from molmach.experiment import simulate_here
from molmach.score.rotation import velocities
from molmach.spec import load_campaign

CAMPAIGN = Path(__file__).parent.parent / "examples" / "ratchet.yaml"
EFFORT = {"replicas": 16, "duration": 50.0}


def achiral_machines(space: Space, wanted: int, seed: int) -> list[Candidate]:
    """Designs at random whose substituents are the same on both faces of the ring."""
    rng = np.random.default_rng(seed)
    found: dict[str, Candidate] = {}
    while len(found) < wanted:
        values = dict(space.sample(rng).values)
        values |= {"R11": values["R10"], "R13": values["R12"], "R15": values["R14"]}
        try:
            candidate = space.resolve(Design.of(values))
        except InfeasibleError:
            continue
        if is_achiral(Chem.MolFromSmiles(candidate.smiles)):
            found[candidate.key] = candidate
    return list(found.values())


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
