"""Run (or anyone's trajectory) -> :class:`Score`: intervals, verdict and the judgement of controls."""

from molmach.data.statistics import Estimate
from molmach.scoring.controls import ControlResult
from molmach.scoring.trajectory import read_trajectories
from molmach.scoring.verdict import Score, score, score_angles

__all__ = ["ControlResult", "Estimate", "Score", "read_trajectories", "score", "score_angles"]
