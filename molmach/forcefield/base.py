"""What a force field is to the rest of molmach."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any, Protocol

from rdkit import Chem

from molmach.forcefield.compiled import CompiledForce
from molmach.forcefield.particles import Particles

if TYPE_CHECKING:
    import openmm


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
    """A force field says how the atoms of a molecule with explicit hydrogens act on each other.

    Several fragments are several molecules. It is made from its name. Every method that takes a molecule
    raises :class:`molmach.errors.ForceFieldError` for one that it has no parameters for, and
    :func:`molmach.testing.check_force_field` holds one against what stands here.

    Attributes
    ----------
    name
        What stands in a machine file as ``protocol.force_field``.
    builds_with
        Name of the force field that machines are built with, geometry and partial charges: its own, or
        that of another which knows how to build.
    kinds
        Kinds of machines that it is for, by name; None for one that is for every machine made of molecules.
    """

    name: str
    builds_with: str
    kinds: tuple[str, ...] | None

    def particles(
        self, molecule: Chem.Mol, *, hydrogen_mass: float | None = None, constrain_hydrogens: bool = False
    ) -> Particles:
        """Masses, and bonds of fixed length; :func:`molmach.forcefield.particles.particles_of` makes them."""
        ...

    def shortest_period(self, molecule: Chem.Mol, particles: Particles) -> float:
        """Period of the stiffest bond vibration whose length is not fixed, ps; infinite if there is none."""
        ...

    def energy_terms(self, molecule: Chem.Mol) -> dict[str, float]:
        """Energy of the molecule's conformer by term, kJ/mol; keys are lower-case names of :class:`Group`."""
        ...

    def openmm_forces(self, molecule: Chem.Mol, copies: int = 1) -> list[openmm.Force]:
        """The forces for the ``native`` engine, each term in its group of :data:`MACHINE_GROUPS`.

        ``copies`` of the molecule stand one after the other and do not interact.
        """
        ...

    def kernel_tables(self, molecule: Chem.Mol) -> Any:
        """The molecule's interactions as :attr:`compiled` reads them, a NamedTuple of arrays.

        Raises
        ------
        ForceFieldError
            The force field has no compiled form for them: the ``native`` engine runs them all the same.
        """
        ...

    def compiled(self) -> CompiledForce:
        """The forces for the ``batched`` engine, always the same object.

        Raises
        ------
        ForceFieldError
            The force field has none.
        """
        ...
