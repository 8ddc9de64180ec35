"""Thermal steps by their numbers, and motors of them under a lamp."""

from __future__ import annotations

import numpy as np

from molmach.studies.kinetics import HelixInversion
from molmach.studies.kinetics.absorption import Absorption, Lamp
from molmach.studies.kinetics.inversion import Descent, Point
from molmach.studies.kinetics.light import Illumination
from molmach.studies.kinetics.modes import Modes

VIOLET = Absorption(np.array([2.6, 3.1, 4.4]), np.array([0.001, 0.4, 0.9]))
BLUE = Absorption(np.array([2.8]), np.array([0.3]))


def step(isomer: str, barrier: float, drop: float) -> HelixInversion:
    """A thermal step of these energies."""
    modes = Modes(np.array([-50.0]), np.zeros((1, 1, 3)))
    stable, metastable, saddle = (Point(g, np.zeros((1, 3)), modes, g) for g in (0.0, drop, drop + barrier))
    ends = (Descent(0.0, -1.0), Descent(-drop, 1.0))
    return HelixInversion(
        isomer, "GFN2-xTB", 293.15, stable, metastable, saddle, (1.0, -1.0), True, ends, (barrier,)
    )


def lit(*steps: HelixInversion, intensity: float = 10.0, wavelength: float = 405.0) -> Illumination:
    """Steps whose stable forms absorb in the violet and whose metastable ones in the blue."""
    pairs = tuple((VIOLET, BLUE) for _ in steps)
    return Illumination(steps, pairs, (0.14, 0.03), Lamp(wavelength, intensity))
