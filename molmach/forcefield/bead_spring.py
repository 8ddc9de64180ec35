"""Bead-spring rings: bonds, angles and torsions within a ring, soft contacts between different rings.

The parameters are our own and come with the molecule, see
:class:`molmach.building.bead_catenane.BeadCatenane`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from rdkit import Chem

from molmach.building.bead_catenane import BEADS
from molmach.errors import ForceFieldError
from molmach.forcefield import terms
from molmach.forcefield.base import Group
from molmach.forcefield.compiled import CompiledForce
from molmach.forcefield.particles import Particles, particles_of, shortest_period
from molmach.forcefield.terms import Terms
from molmach.forcefield.terms_tables import (
    Bonds,
    Ints,
    Singles,
    ints,
    pair_tables,
    singles,
    torsion_tables,
)

if TYPE_CHECKING:
    import openmm


@dataclass(frozen=True, eq=False)
class BeadSpringParameters:
    """All interactions of two rings of beads, in nm, rad and kJ/mol.

    ``bond`` k, r0; ``angle`` k, theta0; ``torsion`` v1, v2, v3; ``contact`` epsilon, r_star between
    beads of different rings. The shapes are those of :mod:`molmach.forcefield.terms`.
    """

    bond: Terms
    angle: Terms
    torsion: Terms
    contact: Terms
    n_beads: int


class Tables(NamedTuple):
    """The interactions as the compiled kernel reads them, see :mod:`molmach.forcefield.terms_tables`."""

    bond_atoms: Ints
    bond_values: Singles
    angle_bonds: Ints
    angle_sign: Singles
    angle_values: Singles
    axis_bond: Ints
    axis_arms: Ints
    arm_bond: Ints
    axis_torsions: Ints
    torsion_arms: Ints
    torsion_values: Singles
    pair_start: Ints
    pair_partner: Ints
    pair_values: Singles


class BeadSpring:
    """The force field of machines that :mod:`molmach.building.bead_catenane` makes."""

    builds_with = "bead_spring"
    kinds: tuple[str, ...] | None = ("bead_catenane",)

    def __init__(self, name: str) -> None:
        self.name = name

    def parameters(self, molecule: Chem.Mol) -> BeadSpringParameters:
        """Every interaction of two bead rings.

        Raises
        ------
        ForceFieldError
            The molecule is not made of beads.
        """
        if not molecule.HasProp(BEADS):
            raise ForceFieldError("bead_spring: the molecule is not made of beads; expected a bead_catenane")
        spec = json.loads(molecule.GetProp(BEADS))
        n, m = spec["track_beads"], spec["ring_beads"]
        track, ring = np.arange(n), n + np.arange(m)
        loops = (
            (track, spec["track_bond"], spec["track_bend"]),
            (ring, spec["ring_bond"], spec["ring_bend"]),
        )
        bonds = [(_around(a, 2), (spec["bond_stiffness"], r0)) for a, r0, _ in loops]
        angles = [(_around(a, 3), (k, math.pi * (1.0 - 2.0 / len(a)))) for a, _, k in loops]
        twists = [(_around(ring, 4), (0.0, spec["ring_twist"], 0.0))]
        pairs = np.array([(i, j) for i in track for j in ring])
        return BeadSpringParameters(
            bond=_stacked("k r0", bonds),
            angle=_stacked("k theta0", angles),
            torsion=_stacked("v1 v2 v3", twists) if spec["ring_twist"] else Terms.none("v1 v2 v3", 4),
            contact=_stacked("epsilon r_star", [(pairs, (spec["contact_energy"], spec["contact"]))]),
            n_beads=n + m,
        )

    def particles(
        self, molecule: Chem.Mol, *, hydrogen_mass: float | None = None, constrain_hydrogens: bool = False
    ) -> Particles:
        """See :meth:`molmach.forcefield.ForceField.particles`; beads are no hydrogens."""
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
            Group.ANGLE: terms.angle_bend(p.angle, x),
            Group.TORSION: terms.torsion(p.torsion, x),
            Group.VAN_DER_WAALS: terms.buffered_14_7(p.contact, x),
        }
        return {group.name.lower(): float(np.sum(energy)) for group, energy in energies.items()}

    def openmm_forces(self, molecule: Chem.Mol, copies: int = 1) -> list[openmm.Force]:
        """See :meth:`molmach.forcefield.ForceField.openmm_forces`."""
        from molmach.forcefield import openmm_terms

        p = self.parameters(molecule)
        at = range(0, copies * p.n_beads, p.n_beads)
        return openmm_terms.grouped(
            [
                (Group.TORSION, openmm_terms.torsion(p.torsion, at)),
                (Group.BOND, openmm_terms.bond_stretch(p.bond, at)),
                (Group.ANGLE, openmm_terms.angle_bend(p.angle, at)),
                (Group.VAN_DER_WAALS, openmm_terms.buffered_14_7(p.contact, at)),
            ]
        )

    def kernel_tables(self, molecule: Chem.Mol) -> Tables:
        """See :meth:`molmach.forcefield.ForceField.kernel_tables`."""
        p = self.parameters(molecule)
        bonds = Bonds(p.bond)
        angle_bonds, angle_sign = bonds.of_angles(p.angle)
        return Tables(
            ints(p.bond.atoms, 2),
            singles(p.bond.values, 2),
            angle_bonds,
            angle_sign,
            singles(p.angle.values, 2),
            *torsion_tables(p.torsion, bonds),
            *pair_tables(p.contact, p.n_beads),
        )

    def compiled(self) -> CompiledForce:
        """See :meth:`molmach.forcefield.ForceField.compiled`."""
        from molmach.forcefield.bead_spring_kernel import FORCE

        return FORCE


def _around(beads: terms.Ints, bodies: int) -> terms.Ints:
    """(n, bodies) neighbours in a row, once around a ring."""
    return np.asarray(np.stack([np.roll(beads, -shift) for shift in range(bodies)], axis=1))


def _stacked(names: str, parts: Sequence[tuple[terms.Ints, tuple[float, ...]]]) -> Terms:
    atoms = np.concatenate([rows for rows, _ in parts]).astype(np.int64)
    values = np.concatenate([np.tile(value, (len(rows), 1)) for rows, value in parts])
    return Terms(tuple(names.split()), atoms, values.astype(np.float64))
