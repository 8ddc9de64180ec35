"""Rates of thermal steps from their barriers, by transition-state theory."""

from __future__ import annotations

import math

from molmach.studies.kinetics.modes import PLANCK
from molmach.units import BOLTZMANN


def eyring_rate(barrier: float, temperature: float) -> float:
    """k = (k_B T/h) exp(-dG/RT), 1/s; barrier in kJ/mol, temperature in K (Eyring, 1935)."""
    kT = BOLTZMANN * temperature
    return kT / PLANCK * 1e12 * math.exp(-barrier / kT)


def eyring_barrier(rate: float, temperature: float) -> float:
    """The barrier of which Eyring's equation gives a rate (1/s), kJ/mol; nan for one that is not a number."""
    kT = BOLTZMANN * temperature
    return kT * math.log(kT / PLANCK * 1e12 / rate) if rate > 0.0 else math.nan


def half_life(rate: float) -> float:
    """ln 2 / k; s for a rate in 1/s."""
    return math.log(2.0) / rate
