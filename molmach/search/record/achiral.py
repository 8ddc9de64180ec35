"""A control that a whole campaign gives for nothing: achiral machines under a drive without handedness.

Where the drive is its own mirror image, a machine that is its own mirror image can turn neither way (the law
of mirror images). Whatever such machines a search has simulated are one large undriven-like control: their
mean velocities must scatter about zero as their errors say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from rdkit import Chem

from molmach import drives
from molmach.building import is_achiral
from molmach.data.statistics import finite_or_none, p_value_of_zero
from molmach.errors import InfeasibleError
from molmach.search.record.ledger import Ledger
from molmach.search.space.space import Space
from molmach.spec import Campaign


@dataclass(frozen=True)
class AchiralControl:
    """What the achiral machines of a campaign did.

    Attributes
    ----------
    machines
        How many were simulated.
    p_value
        That all of them have no mean velocity: Fisher's combination of Student's tests; nan without any.
    smallest_p
        Of the single tests.
    """

    machines: int
    p_value: float
    smallest_p: float

    @property
    def passed(self) -> bool:
        """Whether chance explains what was seen, at the level of one in a thousand."""
        return not self.p_value < 1e-3

    def to_json(self) -> dict[str, Any]:
        """What a campaign's results say of its achiral machines."""
        return {
            "machines": self.machines,
            "p_value": finite_or_none(self.p_value),
            "smallest_p": finite_or_none(self.smallest_p),
            "passed": self.passed,
        }


def achiral_control(ledger: Ledger, campaign: Campaign) -> AchiralControl | None:
    """The control of a campaign; None where its drive has a handedness of its own."""
    space = Space(campaign)
    designs = ledger.designs()
    p_values = []
    for machine, key in ledger.longest():
        try:
            candidate = space.resolve(designs[machine])
        except InfeasibleError:
            continue
        if drives.mirror(candidate.spec.drive) != candidate.spec.drive:
            return None
        if is_achiral(Chem.MolFromSmiles(candidate.smiles)):
            velocity = ledger.samples(key).get("velocity", [])
            if len(velocity) > 1:
                p_values.append(p_value_of_zero(np.array(velocity)))
    if not p_values:
        return AchiralControl(0, float("nan"), float("nan"))
    combined = float(scipy.stats.combine_pvalues(p_values, method="fisher").pvalue)
    return AchiralControl(len(p_values), combined, min(p_values))
