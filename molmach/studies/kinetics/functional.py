"""Energies of r2SCAN-3c at given structures, through pyscf.

Grimme, Hansen, Ehlert & Mewes, J. Chem. Phys. 154, 064103 (2021): the functional r2SCAN as it is, the basis
def2-mTZVPP, D4 with parameters of its own, and a geometrical counterpoise correction. pyscf 2.14 has the
parts and refuses the whole; they are put together here.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from rdkit import Chem

from molmach.engine import available_cores
from molmach.errors import Argument, KineticsError, MissingExtraError
from molmach.studies.kinetics.level import BOHR, HARTREE, Floats

NAME = "r2SCAN-3c"
BASIS = "def2-mtzvpp"
FITTING_BASIS = "def2-universal-jkfit"

D4_CHARGE_SCALING = {"ga": 2.0, "gc": 1.0}
D4_DAMPING = {"s8": 0.0, "a1": 0.42, "a2": 5.65, "s9": 2.0}
"""The paper's table I; its charge scaling is below equation 5."""

_LAST_WITH_ALL_ELECTRONS = 36
"""Krypton's number: def2 bases of heavier elements go with core potentials."""

_THREADS = os.environ.get("OMP_NUM_THREADS", "")
"""Threads that were asked for, before tblite's level asks for one."""

_GRID = 3
_CONVERGED = 1e-8
"""Change of energy in the last cycle, hartree."""


def require_functional(argument: str = "level_name", what: str = NAME) -> None:
    """Refuse what needs pyscf where that is missing: the level, or what another argument asks for.

    Raises
    ------
    MissingExtraError
        pyscf or pyscf-dispersion is not installed.
    """
    try:
        import pyscf.dispersion.dftd4
        import pyscf.dispersion.gcp  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(
            Argument(argument),
            f" {what} needs pyscf and pyscf-dispersion, which are not installed; expected pip install "
            "'molmach[functional]', or none of it",
        ) from error


def electrons(molecule: Chem.Mol, positions: Floats, basis: str) -> Any:
    """pyscf's closed-shell molecule at positions (n_atoms, 3) in nm, with def2's core potentials."""
    from pyscf import gto, lib

    lib.num_threads(int(_THREADS) if _THREADS.isdigit() else available_cores())
    atoms = [
        (atom.GetSymbol(), place) for atom, place in zip(molecule.GetAtoms(), positions / BOHR, strict=True)
    ]
    heavy = {
        atom.GetSymbol() for atom in molecule.GetAtoms() if atom.GetAtomicNum() > _LAST_WITH_ALL_ELECTRONS
    }
    return gto.M(
        atom=atoms, unit="Bohr", basis=basis, ecp=dict.fromkeys(heavy, "def2-tzvpp"),
        charge=Chem.GetFormalCharge(molecule), verbose=0,
    )  # fmt: skip


def functional_energy(molecule: Chem.Mol, positions: Floats) -> float:
    """Energy of a closed-shell molecule at positions (n_atoms, 3) in nm, kJ/mol; Coulomb by density fitting.

    Raises
    ------
    KineticsError
        It does not converge, or an element has no basis.
    """
    field = _ground_state(molecule, positions)
    return HARTREE * (float(field.e_tot) + corrections(field.mol))


def functional_dipole(molecule: Chem.Mol, positions: Floats) -> float:
    """Size of a closed-shell molecule's dipole at positions (n_atoms, 3) in nm, D; a charged one has none.

    Raises
    ------
    KineticsError
        It does not converge, or an element has no basis.
    """
    field = _ground_state(molecule, positions)
    return float(np.linalg.norm(field.dip_moment(unit="Debye", verbose=0)))


def _ground_state(molecule: Chem.Mol, positions: Floats) -> Any:
    """The functional's converged ground state, a pyscf object; without its corrections."""
    from pyscf import dft

    try:
        mol = electrons(molecule, positions, BASIS)
    except (KeyError, RuntimeError) as error:
        raise KineticsError(
            f"{NAME}: {error}; expected a closed-shell molecule of elements up to radon"
        ) from error
    field = dft.RKS(mol, xc="r2scan").density_fit(auxbasis=FITTING_BASIS)
    field.grids.level, field.conv_tol, field.chkfile = _GRID, _CONVERGED, None
    field.kernel()
    if not field.converged:
        field = field.newton()
        field.kernel()
    if not field.converged or not np.isfinite(field.e_tot):
        raise KineticsError(f"{NAME} does not converge at a stationary point")
    return field


def corrections(mol: Any) -> float:
    """D4 and the counterpoise correction of a pyscf molecule, hartree."""
    from pyscf.dispersion.dftd4 import DFTD4Dispersion
    from pyscf.dispersion.gcp import GCP

    dispersion = DFTD4Dispersion(mol, xc="r2scan-3c", atm=True, **D4_CHARGE_SCALING)
    dispersion.set_param(**D4_DAMPING)
    counterpoise = GCP(mol, method="r2scan3c")
    return float(dispersion.get_dispersion()["energy"]) + float(counterpoise.get_counterpoise()["energy"])
