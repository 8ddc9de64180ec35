"""Run (or anyone's trajectory) -> :class:`Score`: intervals, verdict and the judgement of controls."""

from molmach.scoring.controls import ControlResult
from molmach.scoring.scoring import Score, score, score_angles
from molmach.scoring.statistics import Estimate
from molmach.scoring.trajectory import read_trajectories

__all__ = ["ControlResult", "Estimate", "Score", "read_trajectories", "score", "score_angles"]
