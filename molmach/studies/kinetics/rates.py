"""Rates of thermal steps from their barriers, by transition-state theory."""

from __future__ import annotations

import math

from molmach.studies.kinetics.modes import PLANCK
from molmach.units import BOLTZMANN


def eyring_rate(barrier: float, temperature: float) -> float:
    """k = (k_B T/h) exp(-dG/RT), 1/s; barrier in kJ/mol, temperature in K (Eyring, 1935)."""
    kT = BOLTZMANN * temperature
    return kT / PLANCK * 1e12 * math.exp(-barrier / kT)


def half_life(rate: float) -> float:
    """ln 2 / k; s for a rate in 1/s."""
    return math.log(2.0) / rate
