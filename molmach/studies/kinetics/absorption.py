"""What light a form absorbs: vertical excitations, the band that they make, photons absorbed under a lamp.

Excitations are the linear response of the functional PBE0 (Adamo & Barone, J. Chem. Phys. 110, 6158 (1999))
in def2-SVP, through pyscf; the Tamm-Dancoff approximation to it puts bright states of pi electrons half an eV
too high. Each makes a Gaussian band of one width, whose area its oscillator strength gives.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from rdkit import Chem
from scipy import constants

from molmach.errors import KineticsError
from molmach.studies.kinetics.functional import electrons
from molmach.studies.kinetics.level import Floats

METHOD = "TDDFT-PBE0/def2-SVP"
ROOTS = 3
"""Excitations that are computed, the lowest ones."""

BAND_WIDTH = 0.4
"""Full width of a band at half its height, eV: what solution spectra of such molecules have, to a third."""

EXCITATION_ERROR = 0.3
"""Standard error of an excitation energy, eV: stated, not measured here.

PBE0 with larger bases and solvents is within 0.2 on the mean over hundreds of dyes (Jacquemin et al., J.
Chem. Theory Comput. 5, 2420 (2009)); ours is in vacuum and a small basis.
"""

_CONVERGED = 1e-4
"""Change of an excitation energy in the last cycle, hartree."""

_ALLOWED = 0.1
"""Share of the strongest computed excitation's oscillator strength from which one counts as allowed."""

_EV_NM = constants.h * constants.c / constants.e * 1e9
"""Energy in eV times wavelength in nm of light."""

_EV_WAVES = constants.e / (constants.h * constants.c) * 1e-2
"""cm^-1 of one eV."""

_STRENGTH = (
    4.0 * constants.epsilon_0 * constants.m_e * constants.c**2 * math.log(10.0)
    / (constants.N_A * constants.e**2) * 10.0
)  # fmt: skip
"""Oscillator strength of a band whose molar absorption has unit area, L mol^-1 cm^-2: 4.32e-9."""

_CROSS_SECTION = math.log(10.0) * 1e3 / constants.N_A
"""cm^2 of a molecule of molar absorption 1 L/(mol cm)."""


@dataclass(frozen=True, eq=False)
class Absorption:
    """Vertical excitations of a structure, lowest first: energies (n,), eV, oscillator strengths (n,)."""

    energies: Floats
    strengths: Floats

    @property
    def wavelength(self) -> float:
        """Of the lowest allowed excitation, nm: a tenth of the strongest's oscillator strength allows one."""
        return wavelength_of(float(self.energies[self._allowed]))

    @property
    def strength(self) -> float:
        """Oscillator strength of the lowest allowed excitation."""
        return float(self.strengths[self._allowed])

    @property
    def _allowed(self) -> int:
        return int(np.argmax(self.strengths >= _ALLOWED * self.strengths.max()))

    def molar(self, wavelength: float) -> float:
        """Molar decadic absorption at a wavelength in nm, L/(mol cm)."""
        sigma = BAND_WIDTH / (2.0 * math.sqrt(2.0 * math.log(2.0)))
        away = (_EV_NM / wavelength - self.energies) / sigma
        heights = self.strengths / (_STRENGTH * sigma * _EV_WAVES * math.sqrt(2.0 * math.pi))
        return float(np.sum(heights * np.exp(-0.5 * away**2)))

    def excitation_rate(self, lamp: Lamp) -> float:
        """Photons that one molecule absorbs in a second under a lamp, thin solution."""
        return _CROSS_SECTION * self.molar(lamp.wavelength) * lamp.flux

    def to_json(self) -> dict[str, Any]:
        """What the document says of it: nm, oscillator strengths."""
        return {
            "absorption_wavelength": self.wavelength,
            "oscillator_strength": self.strength,
            "excitations": [
                {"wavelength": wavelength_of(float(e)), "oscillator_strength": float(f)}
                for e, f in zip(self.energies, self.strengths, strict=True)
            ],
        }


@dataclass(frozen=True)
class Lamp:
    """Light of one wavelength, nm, and intensity, mW/cm^2."""

    wavelength: float
    intensity: float

    @property
    def flux(self) -> float:
        """Photons through 1 cm^2 in a second."""
        return self.intensity * 1e-3 * self.wavelength * 1e-9 / (constants.h * constants.c)


def wavelength_of(energy: float) -> float:
    """Of light, nm, whose photons have an energy in eV.

    >>> round(wavelength_of(3.0), 1)
    413.3
    """
    return _EV_NM / energy


def wavelength_error(wavelength: float) -> float:
    """Standard error of a computed wavelength in nm that the excitation energy's leaves, nm."""
    return wavelength**2 * EXCITATION_ERROR / _EV_NM


def excitations(molecule: Chem.Mol, positions: Floats) -> Absorption:
    """The lowest excitations of a closed-shell molecule at positions (n_atoms, 3) in nm.

    Raises
    ------
    KineticsError
        Its ground state or an excitation does not converge.
    """
    from pyscf import dft

    field = dft.RKS(electrons(molecule, positions, "def2-svp"), xc="pbe0").density_fit()
    field.grids.level, field.chkfile = 1, None
    field.kernel()
    if not field.converged:
        raise KineticsError(f"{METHOD}: the ground state does not converge")
    field.grids.level = 0  # the response on a coarser grid: 0.003 eV of butadiene's, at a quarter of the cost
    field.grids.build()
    excited = field.TDDFT()
    excited.nstates, excited.conv_tol = ROOTS, _CONVERGED
    excited.kernel()
    if not np.all(excited.converged):
        raise KineticsError(f"{METHOD}: an excitation does not converge")
    energies = np.asarray(excited.e) * constants.physical_constants["Hartree energy in eV"][0]
    return Absorption(energies, np.asarray(excited.oscillator_strength()))


def photostationary_share(forth: float, back: float) -> float:
    """Share of the second of two forms that light turns into each other with rates ``forth`` and ``back``.

    >>> photostationary_share(3.0, 1.0)
    0.75
    """
    return forth / (forth + back)
