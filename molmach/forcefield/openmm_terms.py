"""The shapes of :mod:`molmach.forcefield.terms` as OpenMM forces.

``offsets`` are the numbers of the first atoms of the copies that stand one after the other in a system.
"""

from __future__ import annotations

from collections.abc import Iterable

import openmm

from molmach.forcefield.base import Group
from molmach.forcefield.terms import CUBIC_BEND, CUBIC_STRETCH, ELECTROSTATIC_BUFFER, Terms


def grouped(forces: Iterable[tuple[Group, openmm.Force]]) -> list[openmm.Force]:
    """The forces, each in its group; those without an interaction are left out."""
    filled = []
    for group, force in forces:
        force.setForceGroup(group)
        if _size(force):
            filled.append(force)
    return filled


def bond_stretch(terms: Terms, offsets: range) -> openmm.Force:
    """k d^2 (1 - c d + 7/12 c^2 d^2)."""
    expression = f"k*d^2*(1-{CUBIC_STRETCH}*d+{7 / 12 * CUBIC_STRETCH**2}*d^2); d=r-r0"
    return _filled(openmm.CustomBondForce(expression), terms, offsets)


def angle_bend(terms: Terms, offsets: range) -> openmm.Force:
    """k a^2 (1 + c a)."""
    expression = f"k*a^2*(1+({CUBIC_BEND!r})*a); a=theta-theta0"
    return _filled(openmm.CustomAngleForce(expression), terms, offsets)


def linear_bend(terms: Terms, offsets: range) -> openmm.Force:
    """k (1 + cos theta)."""
    return _filled(openmm.CustomAngleForce("k*(1+cos(theta))"), terms, offsets)


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


def stretch_bend(terms: Terms, offsets: range) -> openmm.Force:
    """(k_ij d_ij + k_kj d_kj) a."""
    return _filled(openmm.CustomCompoundBondForce(3, _STRETCH_BEND), terms, offsets)


def out_of_plane_bend(centres: Terms, offsets: range) -> openmm.Force:
    """k (chi_1^2 + chi_2^2 + chi_3^2), one row a centre: atoms (i, centre, k, l)."""
    return _filled(openmm.CustomCompoundBondForce(4, _WILSON_ANGLES), centres, offsets)


def torsion(terms: Terms, offsets: range) -> openmm.Force:
    """The three-fold cosine series as a polynomial in cos(w - 180 degrees), OpenMM's fastest torsion."""
    force = openmm.RBTorsionForce()
    for offset in offsets:
        for atoms, (v1, v2, v3) in zip(*terms.rows(offset), strict=True):
            force.addTorsion(*atoms, 0.5 * (v1 + v3) + v2, -0.5 * v1 + 1.5 * v3, -v2, -2.0 * v3, 0.0, 0.0)
    return force


def buffered_14_7(terms: Terms, offsets: range) -> openmm.Force:
    """epsilon (1.07 / (s + 0.07))^7 (1.12 / (s^7 + 0.12) - 2), s = r / r_star."""
    expression = "epsilon*(1.07/(s+0.07))^7*(1.12/(s^7+0.12)-2); s=r/r_star"
    return _filled(openmm.CustomBondForce(expression), terms, offsets)


def buffered_coulomb(terms: Terms, offsets: range) -> openmm.Force:
    """qq / (r + buffer)."""
    return _filled(openmm.CustomBondForce(f"qq/(r+{ELECTROSTATIC_BUFFER})"), terms, offsets)


def _filled(force: openmm.Force, terms: Terms, offsets: range) -> openmm.Force:
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
    return force


def _size(force: openmm.Force) -> int:
    counters = ("getNumBonds", "getNumAngles", "getNumTorsions")
    return next(int(getattr(force, counter)()) for counter in counters if hasattr(force, counter))
