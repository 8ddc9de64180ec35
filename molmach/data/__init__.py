"""What is known of a machine's motion: plain arrays, whoever made them."""

from molmach.data.motion import UNKNOWN, Motion
from molmach.data.run import Performance, Run, Series
from molmach.data.shapes import StartingShapes
from molmach.data.storage import Trajectories

__all__ = ["UNKNOWN", "Motion", "Performance", "Run", "Series", "StartingShapes", "Trajectories"]
