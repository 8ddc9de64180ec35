"""Levels of theory: the energy of a structure and its gradient."""

from __future__ import annotations

import math
import os
from typing import Any, Protocol

import numpy as np
import openmm
from numpy.typing import NDArray
from rdkit import Chem

from molmach import forcefield
from molmach.errors import Argument, KineticsError, MissingExtraError, SpecError, shortened
from molmach.forcefield.system import create_system

Floats = NDArray[np.float64]

LEVELS = ("GFN2-xTB", "MMFF94", "r2SCAN-3c")

SURFACES = {"r2SCAN-3c": "GFN2-xTB"}
"""Levels that give energies alone, and the level on whose stationary points they give them."""

SOLVENTS = (
    "acetone", "acetonitrile", "aniline", "benzaldehyde", "benzene", "chloroform", "CS2", "dichloromethane",
    "dioxane", "DMF", "DMSO", "ethanol", "ether", "ethylacetate", "furan", "hexadecane", "hexane", "methanol",
    "nitromethane", "octanol", "phenol", "THF", "toluene", "water",
)  # fmt: skip
"""Solvents that ALPB has parameters of for GFN2-xTB, by the names that tblite knows them by."""

BARRIER_ERROR = {"GFN2-xTB": 4.4}
"""Standard error of a helix inversion's Gibbs energy of activation, kJ/mol, of levels that were measured.

It is the root mean square deviation from the published ones of the fluorene motors with methyl (84.6 for 85)
and tert-butyl (66.2 for 60; Vicario et al., J. Am. Chem. Soc. 128, 5127 (2006)) in ``docs/validation.md``.
"""

TORSION_ERROR = {"GFN2-xTB": 3.0, "MMFF94": 4.1, "r2SCAN-3c": 1.5}
"""Standard error of a barrier to rotation about a single bond, kJ/mol, of levels that were measured.

It is the root mean square deviation from ten published ones, of r2SCAN-3c from eight of them, without
biphenyl's: ``python -m benchmarks.torsions LEVEL``.
"""

HARTREE = 2625.4996394798254
"""One hartree, kJ/mol."""

BOHR = 0.0529177210903
"""One bohr, nm."""


class Level(Protocol):
    """A potential-energy surface of one molecule."""

    name: str

    def __call__(self, positions: Floats) -> tuple[float, Floats]:
        """Energy, kJ/mol, and gradient (n_atoms, 3), kJ/(mol nm), at positions (n_atoms, 3) in nm."""
        ...

    def forget(self) -> None:
        """Forget earlier structures, so that what comes does not depend on them in the last digits."""
        ...


class MMFF94Level:
    """MMFF94 as OpenMM forces, in double precision."""

    name = "MMFF94"

    def __init__(self, molecule: Chem.Mol) -> None:
        system = create_system(forcefield.get(self.name), molecule)
        self._context = openmm.Context(
            system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("Reference")
        )

    def __call__(self, positions: Floats) -> tuple[float, Floats]:
        """See :class:`Level`."""
        self._context.setPositions(positions)
        state = self._context.getState(getEnergy=True, getForces=True)
        return float(state.getPotentialEnergy()._value), -state.getForces(asNumpy=True)._value

    def forget(self) -> None:
        """Do nothing: an energy does not depend on earlier structures."""


class GFN2Level:
    """GFN2-xTB through tblite; Bannwarth, Ehlert & Grimme, J. Chem. Theory Comput. 15, 1652 (2019).

    A solvent is ALPB's (Ehlert, Stahn, Spicher & Grimme, J. Chem. Theory Comput. 17, 4250 (2021)), the energy
    then with the free energy of solvation. Each calculation starts from the density of the one before. It
    takes one thread, unless ``OMP_NUM_THREADS`` says otherwise: on a busy machine threads wait for each other
    (40 atoms on two busy cores take seven times as long with two).
    """

    name = "GFN2-xTB"

    def __init__(self, molecule: Chem.Mol, solvent: str | None = None) -> None:
        os.environ.setdefault("OMP_NUM_THREADS", "1")  # which OpenMP reads once, when tblite is loaded
        try:
            from tblite.interface import Calculator
        except ImportError as error:
            raise MissingExtraError(
                Argument("level_name"),
                " GFN2-xTB needs tblite, which is not installed; expected pip install 'molmach[kinetics]', "
                "or ",
                Argument("level_name"),
                " MMFF94",
            ) from error
        numbers = np.array([atom.GetAtomicNum() for atom in molecule.GetAtoms()])
        place = molecule.GetConformer().GetPositions() / 10.0 / BOHR
        charge = Chem.GetFormalCharge(molecule)
        self._calculator = Calculator("GFN2-xTB", numbers, place, charge=float(charge), uhf=0)
        self._calculator.set("verbosity", 0)
        self._calculator.set("accuracy", 0.1)
        if solvent is not None:
            self._calculator.add("alpb-solvation", solvent.lower())
        self._last: Any = None

    def __call__(self, positions: Floats) -> tuple[float, Floats]:
        """See :class:`Level`."""
        self._calculator.update(positions / BOHR)
        try:
            self._last = self._calculator.singlepoint(self._last)
        except RuntimeError:
            try:
                self._last = self._calculator.singlepoint()
            except RuntimeError as error:
                raise KineticsError(
                    f"GFN2-xTB does not converge at a structure on the path: {error}"
                ) from error
        energy = float(self._last.get("energy"))
        gradient = np.asarray(self._last.get("gradient"))
        if not math.isfinite(energy):
            raise KineticsError("GFN2-xTB gives no finite energy at a structure on the path")
        return HARTREE * energy, HARTREE / BOHR * gradient

    def forget(self) -> None:
        """See :class:`Level`."""
        self._last = None


def require_solvent(level_name: str, solvent: str | None) -> None:
    """Refuse a solvent that a level can't be in; None is none.

    Raises
    ------
    SpecError
        The level has no solvents, or not this one.
    """
    if solvent is None:
        return
    if SURFACES.get(level_name, level_name) != GFN2Level.name:
        able = ", ".join(name for name in LEVELS if SURFACES.get(name, name) == GFN2Level.name)
        raise SpecError(
            Argument("solvent"), f" {shortened(solvent)}: {level_name} has no solvents; accepted: with {able}"
        )
    if solvent.lower() not in {name.lower() for name in SOLVENTS}:
        raise SpecError(Argument("solvent"), f" {shortened(solvent)}: accepted: {', '.join(SOLVENTS)}")


def level_of(name: str, molecule: Chem.Mol, solvent: str | None = None) -> Level:
    """The surface of a level by its name, one of :data:`LEVELS`.

    Raises
    ------
    MissingExtraError
        Its package is not installed.
    KineticsError
        There is no such level.
    SpecError
        It has no such solvent.
    """
    require_solvent(name, solvent)
    if name == "MMFF94":
        return MMFF94Level(molecule)
    if SURFACES.get(name, name) == "GFN2-xTB":
        return GFN2Level(molecule, solvent)
    raise KineticsError(Argument("level_name"), f" {name}: accepted: {', '.join(LEVELS)}")
