"""Steps too slow for dynamics: barriers, rates and cycles of light-driven motors from the energy surface."""

from molmach.studies.kinetics.cycle import Cycle, four_state_cycle, motor_cycle
from molmach.studies.kinetics.inversion import HelixInversion
from molmach.studies.kinetics.level import LEVELS, level_of
from molmach.studies.kinetics.rotation import HinderedRotation
from molmach.studies.kinetics.run import MotorKinetics, motor_kinetics
from molmach.studies.kinetics.search import helix_inversions
from molmach.studies.kinetics.torsion import SingleBond, hindered_rotation

__all__ = [
    "LEVELS",
    "Cycle",
    "HelixInversion",
    "HinderedRotation",
    "MotorKinetics",
    "SingleBond",
    "four_state_cycle",
    "helix_inversions",
    "hindered_rotation",
    "level_of",
    "motor_cycle",
    "motor_kinetics",
]
