"""MMFF94 and MMFF94s."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from rdkit import Chem

from molmach.forcefield import terms
from molmach.forcefield.base import Group
from molmach.forcefield.compiled import CompiledForce
from molmach.forcefield.mmff94_parameters import MMFF94Parameters, parameters_of
from molmach.forcefield.mmff94_tables import Tables, tables_of
from molmach.forcefield.particles import Particles, particles_of, shortest_period

if TYPE_CHECKING:
    import openmm


class MMFF94:
    """The Merck molecular force field, parameters from RDKit.

    Halgren, J. Comput. Chem. 17, 490 (1996). All pairs interact, between separate molecules too; there
    is no cutoff. A field with other parameters derives from it and changes :meth:`parameters`.
    """

    builds_with = "MMFF94"
    kinds: tuple[str, ...] | None = None

    def __init__(self, name: str) -> None:
        self.name = name

    def parameters(self, molecule: Chem.Mol) -> MMFF94Parameters:
        """All interactions of a molecule; see :func:`molmach.forcefield.mmff94_parameters.parameters_of`."""
        return parameters_of(molecule, "MMFF94")

    def particles(
        self, molecule: Chem.Mol, *, hydrogen_mass: float | None = None, constrain_hydrogens: bool = False
    ) -> Particles:
        """See :meth:`molmach.forcefield.ForceField.particles`."""
        return particles_of(molecule, self.parameters(molecule).bond, hydrogen_mass, constrain_hydrogens)

    def shortest_period(self, molecule: Chem.Mol, particles: Particles) -> float:
        """See :meth:`molmach.forcefield.ForceField.shortest_period`."""
        return shortest_period(self.parameters(molecule).bond, particles)

    def energy_terms(self, molecule: Chem.Mol) -> dict[str, float]:
        """See :meth:`molmach.forcefield.ForceField.energy_terms`."""
        x = np.asarray(molecule.GetConformer().GetPositions(), dtype=np.float64) / 10.0
        p = self.parameters(molecule)
        energies = {
            Group.BOND: terms.bond_stretch(p.bond, x),
            Group.ANGLE: np.append(terms.angle_bend(p.angle, x), terms.linear_bend(p.linear_angle, x)),
            Group.STRETCH_BEND: terms.stretch_bend(p.stretch_bend, x),
            Group.OUT_OF_PLANE: terms.out_of_plane_bend(p.out_of_plane, x),
            Group.TORSION: terms.torsion(p.torsion, x),
            Group.VAN_DER_WAALS: terms.buffered_14_7(p.van_der_waals, x),
            Group.ELECTROSTATIC: terms.buffered_coulomb(p.electrostatic, x),
        }
        return {group.name.lower(): float(np.sum(energy)) for group, energy in energies.items()}

    def openmm_forces(self, molecule: Chem.Mol, copies: int = 1) -> list[openmm.Force]:
        """See :meth:`molmach.forcefield.ForceField.openmm_forces`."""
        from molmach.forcefield import openmm_terms

        p = self.parameters(molecule)
        at = range(0, copies * p.charges.size, p.charges.size)
        return openmm_terms.grouped(
            [
                (Group.TORSION, openmm_terms.torsion(p.torsion, at)),
                (Group.BOND, openmm_terms.bond_stretch(p.bond, at)),
                (Group.ANGLE, openmm_terms.angle_bend(p.angle, at)),
                (Group.ANGLE, openmm_terms.linear_bend(p.linear_angle, at)),
                (Group.STRETCH_BEND, openmm_terms.stretch_bend(p.stretch_bend, at)),
                (Group.OUT_OF_PLANE, openmm_terms.out_of_plane_bend(p.wilson_centres, at)),
                (Group.VAN_DER_WAALS, openmm_terms.buffered_14_7(p.van_der_waals, at)),
                (Group.ELECTROSTATIC, openmm_terms.buffered_coulomb(p.electrostatic, at)),
            ]
        )

    def kernel_tables(self, molecule: Chem.Mol) -> Tables:
        """See :meth:`molmach.forcefield.ForceField.kernel_tables`."""
        return tables_of(self.parameters(molecule))

    def compiled(self) -> CompiledForce:
        """See :meth:`molmach.forcefield.ForceField.compiled`."""
        from molmach.forcefield.mmff94_kernel import FORCE

        return FORCE


class MMFF94s(MMFF94):
    """The variant for planar conjugated nitrogens: Halgren, J. Comput. Chem. 20, 720 (1999)."""

    builds_with = "MMFF94s"

    def parameters(self, molecule: Chem.Mol) -> MMFF94Parameters:
        """All interactions of a molecule; see :func:`molmach.forcefield.mmff94_parameters.parameters_of`."""
        return parameters_of(molecule, "MMFF94s")
