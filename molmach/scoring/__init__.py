"""Run (or anyone's trajectory) -> :class:`Score`: intervals, verdict and the judgement of controls."""

from molmach.data.copies import Copies
from molmach.data.statistics import Estimate
from molmach.scoring.controls import ControlResult
from molmach.scoring.copies import CopiesScore, score
from molmach.scoring.trajectory import read_trajectories
from molmach.scoring.verdict import Score, score_angles

__all__ = [
    "ControlResult",
    "Copies",
    "CopiesScore",
    "Estimate",
    "Score",
    "read_trajectories",
    "score",
    "score_angles",
]
