"""An understanding in plain words."""

from __future__ import annotations


import numpy as np
from numpy.typing import NDArray

from molmach.agents.expected_free_energy import Value
from molmach.agents.generative_model import EDIT, Factor, GenerativeModel
from molmach.agents.model_reduction import FIRM
from molmach.agents.structures import Understanding
from molmach.campaign.design import Design

Floats = NDArray[np.float64]

_TOLD = 3
_HELD = 0.95


def tell(model: GenerativeModel, understanding: Understanding) -> str:
    """What raises and lowers the score, what was pruned and what interacts."""
    return ""
def tell_choice(design: Design, value: Value, mean: float, sd: float) -> str:
    return ""
