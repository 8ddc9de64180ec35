"""Run (or anyone's trajectory) -> :class:`Score`: intervals, verdict and the judgement of controls."""

from molmach.callable_package import make_callable
from molmach.score.controls import ControlResult
from molmach.score.motion import Motion
from molmach.score.scoring import Score, score, score_angles
from molmach.score.statistics import Estimate
from molmach.score.trajectory import read_trajectories

__all__ = ["ControlResult", "Estimate", "Motion", "Score", "read_trajectories", "score", "score_angles"]

make_callable(__name__)
