"""What a force field is to the rest of molmach."""

from __future__ import annotations

from enum import IntEnum
from typing import Protocol

import openmm
from rdkit import Chem

from molmach.forcefield.mmff94_tables import Tables


class Group(IntEnum):
    """OpenMM force groups: each energy term has its own, so that any system can be broken down."""

    BOND = 0
    ANGLE = 1
    STRETCH_BEND = 2
    OUT_OF_PLANE = 3
    TORSION = 4
    VAN_DER_WAALS = 5
    ELECTROSTATIC = 6
    ANCHOR = 7
    DRIVE = 8
    LOAD = 9


MACHINE_GROUPS = tuple(group for group in Group if group <= Group.ELECTROSTATIC)
"""The terms of the force field itself."""


class ForceField(Protocol):
    """A force field turns a molecule into an ``openmm.System``.

    ``create_system`` fills the groups of :data:`MACHINE_GROUPS` that it has terms for, and raises
    :class:`molmach.errors.ForceFieldError` for a molecule that it has no parameters for.
    """

    name: str

    def create_system(
        self,
        molecule: Chem.Mol,
        *,
        hydrogen_mass: float | None = None,
        constrain_hydrogens: bool = False,
        copies: int = 1,
    ) -> openmm.System:
        """The system of a molecule with explicit hydrogens (several fragments are several molecules).

        ``copies`` of it stand one after the other and do not interact.
        """
        ...

    def kernel_tables(self, molecule: Chem.Mol) -> Tables:
        """The molecule's interactions as the compiled kernel reads them.

        Raises
        ------
        ForceFieldError
            Some have forms that the kernel does not know: the ``native`` engine runs them all the same.
        """
        ...

    def energy_terms(self, molecule: Chem.Mol) -> dict[str, float]:
        """Energy of the molecule's conformer by term, kJ/mol; keys are the groups' lower-case names."""
        ...

    def shortest_period(self, molecule: Chem.Mol, system: openmm.System) -> float:
        """Period of the stiffest unconstrained bond vibration in ``system``, ps."""
        ...
