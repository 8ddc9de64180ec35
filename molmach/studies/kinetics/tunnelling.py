"""Transmission through a barrier beyond what classical transition-state theory lets over it."""

from __future__ import annotations

import math

import numpy as np
from scipy.integrate import trapezoid

from molmach.studies.kinetics.level import Floats
from molmach.studies.kinetics.modes import wavenumber_energy
from molmach.units import BOLTZMANN

_FARTHEST = 60.0
"""Energies above the barrier, in kT, that still count."""

_POINTS = 20_001


def wigner(wavenumber: float, temperature: float) -> float:
    """1 + (h nu/kT)^2/24: the first correction in Planck's constant (Wigner, Z. Phys. Chem. B19, 203 (1932)).

    Parameters
    ----------
    wavenumber
        Of the imaginary mode, cm^-1, positive.
    temperature
        K.
    """
    return 1.0 + (wavenumber_energy(wavenumber) / (BOLTZMANN * temperature)) ** 2 / 24.0


def eckart(forward: float, backward: float, wavenumber: float, temperature: float) -> float:
    """Rate through Eckart's barrier over the classical rate over it (Johnston & Heicklen 1962, equation 6).

    Parameters
    ----------
    forward, backward
        Heights of the barrier seen from both sides, zero-point energies included, kJ/mol, above zero.
    wavenumber
        Of the imaginary mode, cm^-1, positive.
    temperature
        K.
    """
    kT = BOLTZMANN * temperature
    lowest = max(0.0, forward - backward)
    energies = np.linspace(lowest, forward + _FARTHEST * kT, _POINTS)
    through = eckart_transmission(energies, forward, backward, wavenumber)
    return float(trapezoid(through * np.exp((forward - energies) / kT), energies) / kT)


def eckart_transmission(energies: Floats, forward: float, backward: float, wavenumber: float) -> Floats:
    """Exact probability of passing Eckart's barrier, at energies (n,) above the start, kJ/mol.

    Eckart, Phys. Rev. 35, 1303 (1930), in the form of Johnston & Heicklen, J. Phys. Chem. 66, 532 (1962).
    """
    quantum = wavenumber_energy(wavenumber)
    near, far = (2.0 * math.pi * height / quantum for height in (forward, backward))
    width = 2.0 / (1.0 / math.sqrt(near) + 1.0 / math.sqrt(far))
    start = width * np.sqrt(near * energies / forward)
    end = width * np.sqrt(np.maximum(far + near * (energies / forward - 1.0), 0.0))
    inside = 4.0 * near * far - math.pi**2
    if inside >= 0.0:
        depth = math.sqrt(inside)
        top = depth + math.log1p(math.exp(-2.0 * depth)) - math.log(2.0)
        below = np.logaddexp(_log_cosh(start + end), top)
        return np.asarray(-np.expm1(np.logaddexp(_log_cosh(start - end), top) - below))
    cosine = math.cos(math.sqrt(-inside))
    return np.asarray(1.0 - (np.cosh(start - end) + cosine) / (np.cosh(start + end) + cosine))


def _log_cosh(x: Floats) -> Floats:
    return np.asarray(np.logaddexp(x, -x) - math.log(2.0))
