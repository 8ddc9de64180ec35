"""Steps too slow for dynamics: barriers, rates and cycles of light-driven motors from the energy surface."""

from molmach.kinetics.cycle import Cycle, four_state_cycle
from molmach.kinetics.inversion import HelixInversion, helix_inversion
from molmach.kinetics.level import LEVELS, level_of

__all__ = ["LEVELS", "Cycle", "HelixInversion", "four_state_cycle", "helix_inversion", "level_of"]
