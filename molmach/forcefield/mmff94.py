"""MMFF94 and MMFF94s as OpenMM forces, one force group a term."""

from __future__ import annotations

import math

import numpy as np
import openmm
from rdkit import Chem

from molmach.building.assembly import mass_of
from molmach.errors import ForceFieldError
from molmach.forcefield.base import Group
from molmach.forcefield.mmff94_energy import energy_by_term
from molmach.forcefield.mmff94_parameters import (
    CUBIC_BEND,
    CUBIC_STRETCH,
    ELECTROSTATIC_BUFFER,
    MMFF94Parameters,
    Terms,
    parameters_of,
)
from molmach.forcefield.mmff94_tables import Tables, tables_of


class MMFF94:
    """The Merck molecular force field, parameters from RDKit.

    Halgren, J. Comput. Chem. 17, 490 (1996); MMFF94s: J. Comput. Chem. 20, 720 (1999).
    All pairs interact, between separate molecules too; there is no cutoff.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def parameters(self, molecule: Chem.Mol) -> MMFF94Parameters:
        """All interactions of a molecule; see :func:`molmach.forcefield.mmff94_parameters.parameters_of`."""
        return parameters_of(molecule, self.name)

    def create_system(
        self,
        molecule: Chem.Mol,
        *,
        hydrogen_mass: float | None = None,
        constrain_hydrogens: bool = False,
        copies: int = 1,
    ) -> openmm.System:
        """See :meth:`molmach.forcefield.ForceField.create_system`."""
        parameters = self.parameters(molecule)
        system = openmm.System()
        masses = _masses(molecule, hydrogen_mass)
        for mass in masses * copies:
            system.addParticle(mass)
        if constrain_hydrogens:
            hydrogen = {atom.GetIdx() for atom in molecule.GetAtoms() if atom.GetAtomicNum() == 1}
            for offset in range(0, copies * len(masses), len(masses)):
                for (i, j), (_, r0) in zip(*parameters.bond.rows(), strict=True):
                    if i in hydrogen or j in hydrogen:
                        system.addConstraint(offset + i, offset + j, r0)
        for force in _forces(parameters, copies):
            system.addForce(force)
        return system

    def kernel_tables(self, molecule: Chem.Mol) -> Tables:
        """See :meth:`molmach.forcefield.ForceField.kernel_tables`."""
        return tables_of(self.parameters(molecule))

    def energy_terms(self, molecule: Chem.Mol) -> dict[str, float]:
        """See :meth:`molmach.forcefield.ForceField.energy_terms`."""
        positions_nm = np.asarray(molecule.GetConformer().GetPositions(), dtype=np.float64) / 10.0
        return energy_by_term(self.parameters(molecule), positions_nm)

    def shortest_period(self, molecule: Chem.Mol, system: openmm.System) -> float:
        """See :meth:`molmach.forcefield.ForceField.shortest_period`."""
        bonds = self.parameters(molecule).bond
        fixed = {
            tuple(sorted(system.getConstraintParameters(c)[:2])) for c in range(system.getNumConstraints())
        }
        mass = [system.getParticleMass(i)._value for i in range(system.getNumParticles())]
        fastest = 0.0
        for (i, j), (k, _) in zip(bonds.atoms, bonds.values, strict=True):
            if tuple(sorted((int(i), int(j)))) not in fixed:
                fastest = max(fastest, 2.0 * k * (1.0 / mass[i] + 1.0 / mass[j]))
        return 2.0 * math.pi / math.sqrt(fastest) if fastest else math.inf


def _masses(molecule: Chem.Mol, hydrogen_mass: float | None) -> list[float]:
    masses = [mass_of(atom) for atom in molecule.GetAtoms()]
    if hydrogen_mass is None:
        return masses
    for atom in molecule.GetAtoms():
        if atom.GetAtomicNum() != 1:
            continue
        for neighbour in atom.GetNeighbors():
            if neighbour.GetAtomicNum() != 1:
                masses[neighbour.GetIdx()] -= hydrogen_mass - atom.GetMass()
                masses[atom.GetIdx()] = hydrogen_mass
    lightest = min(masses)
    if lightest <= 0.5:
        raise ForceFieldError(
            f"protocol.hydrogen_mass: {hydrogen_mass:g} u would leave an atom with {lightest:.2f} u; "
            "expected a smaller mass"
        )
    return masses


def _forces(parameters: MMFF94Parameters, copies: int) -> list[openmm.Force]:
    bond = openmm.CustomBondForce(f"k*d^2*(1-{CUBIC_STRETCH}*d+{7 / 12 * CUBIC_STRETCH**2}*d^2); d=r-r0")
    angle = openmm.CustomAngleForce(f"k*a^2*(1+({CUBIC_BEND!r})*a); a=theta-theta0")
    linear = openmm.CustomAngleForce("k*(1+cos(theta))")
    stretch_bend = openmm.CustomCompoundBondForce(3, _STRETCH_BEND)
    out_of_plane = openmm.CustomCompoundBondForce(4, _WILSON_ANGLES)
    van_der_waals = openmm.CustomBondForce("epsilon*(1.07/(s+0.07))^7*(1.12/(s^7+0.12)-2); s=r/r_star")
    electrostatic = openmm.CustomBondForce(f"qq/(r+{ELECTROSTATIC_BUFFER})")
    filled: list[tuple[Group, openmm.Force, Terms]] = [
        (Group.BOND, bond, parameters.bond),
        (Group.ANGLE, angle, parameters.angle),
        (Group.ANGLE, linear, parameters.linear_angle),
        (Group.STRETCH_BEND, stretch_bend, parameters.stretch_bend),
        (Group.OUT_OF_PLANE, out_of_plane, parameters.wilson_centres),
        (Group.VAN_DER_WAALS, van_der_waals, parameters.van_der_waals),
        (Group.ELECTROSTATIC, electrostatic, parameters.electrostatic),
    ]
    n_atoms = parameters.charges.size
    offsets = range(0, copies * n_atoms, n_atoms)
    forces = [_torsion_force(parameters.torsion, offsets)]
    for group, force, terms in filled:
        _fill(force, terms, offsets)
        force.setForceGroup(group)
        forces.append(force)
    return [force for force in forces if _size(force)]


# Written in Cartesian components, and the three Wilson angles of a centre as one: they share the triple
# product, and |a x b|^2 is a^2 b^2 - (a.b)^2. benchmarks/native_terms.py shows what that saves on the
# Reference platform against the same terms written with OpenMM's angle() and dihedral().
_STRETCH_BEND = (
    "(k_ij*(ra-r0_ij)+k_kj*(rb-r0_kj))*(acos((ax*bx+ay*by+az*bz)/(ra*rb))-theta0);"
    "ra=sqrt(ax*ax+ay*ay+az*az); rb=sqrt(bx*bx+by*by+bz*bz);"
    "ax=x1-x2; ay=y1-y2; az=z1-z2; bx=x3-x2; by=y3-y2; bz=z3-z2"
)
_WILSON_ANGLES = (
    "k*(asin(d/sqrt((aa*bb-ab*ab)*cc))^2+asin(d/sqrt((bb*cc-bc*bc)*aa))^2+asin(d/sqrt((aa*cc-ac*ac)*bb))^2);"
    "d=(ay*bz-az*by)*cx+(az*bx-ax*bz)*cy+(ax*by-ay*bx)*cz;"
    "ab=ax*bx+ay*by+az*bz; bc=bx*cx+by*cy+bz*cz; ac=ax*cx+ay*cy+az*cz;"
    "aa=ax*ax+ay*ay+az*az; bb=bx*bx+by*by+bz*bz; cc=cx*cx+cy*cy+cz*cz;"
    "ax=x1-x2; ay=y1-y2; az=z1-z2; bx=x3-x2; by=y3-y2; bz=z3-z2; cx=x4-x2; cy=y4-y2; cz=z4-z2"
)


def _fill(force: openmm.Force, terms: Terms, offsets: range) -> None:
    per_term = "addPerAngleParameter" if isinstance(force, openmm.CustomAngleForce) else "addPerBondParameter"
    for name in terms.names:
        getattr(force, per_term)(name)
    for offset in offsets:
        for atoms, values in zip(*terms.rows(offset), strict=True):
            if isinstance(force, openmm.CustomCompoundBondForce):
                force.addBond(atoms, values)
            elif isinstance(force, openmm.CustomAngleForce):
                force.addAngle(*atoms, values)
            else:
                force.addBond(*atoms, values)


def _torsion_force(torsion: Terms, offsets: range) -> openmm.Force:
    """The three-fold cosine series as a polynomial in cos(w - 180 degrees), OpenMM's fastest torsion."""
    force = openmm.RBTorsionForce()
    for offset in offsets:
        for atoms, (v1, v2, v3) in zip(*torsion.rows(offset), strict=True):
            force.addTorsion(*atoms, 0.5 * (v1 + v3) + v2, -0.5 * v1 + 1.5 * v3, -v2, -2.0 * v3, 0.0, 0.0)
    force.setForceGroup(Group.TORSION)
    return force


def _size(force: openmm.Force) -> int:
    counters = ("getNumBonds", "getNumAngles", "getNumTorsions")
    return next(int(getattr(force, counter)()) for counter in counters if hasattr(force, counter))
