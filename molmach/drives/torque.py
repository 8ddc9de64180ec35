"""A torque about the axle on the rotor's atoms."""

from __future__ import annotations

import numpy as np
import openmm

from molmach.build import Assembly
from molmach.forcefield import Group

_MIN_RADIUS_NM = 0.03
"""Atoms closer to the axle take no share: the force for a given torque grows as 1/r."""


def torque_force(assembly: Assembly, torque: float, group: Group) -> openmm.Force:
    """Energy -torque * sum_i w_i phi_i over the rotor's atoms, phi_i the atom's angle about z.

    The weights w_i = m_i r_i^2 / sum m r^2 of the built structure would set a free rigid rotor
    turning without strain; they sum to one, so the torque about z is ``torque`` (kJ/mol) at every
    instant. The energy is many-valued in whole turns; its force is not.
    """
    parameter = f"{group.name.lower()}_torque"
    force = openmm.CustomExternalForce(f"-{parameter}*w*atan2(y,x)")
    force.addGlobalParameter(parameter, torque)
    force.addPerParticleParameter("w")
    atoms = np.array(assembly.rotor)
    radius = np.linalg.norm(assembly.positions_nm[atoms, :2], axis=1)
    share = np.where(radius >= _MIN_RADIUS_NM, assembly.masses[atoms] * radius**2, 0.0)
    for atom, weight in zip(atoms, share / share.sum(), strict=True):
        if weight > 0.0:
            force.addParticle(int(atom), [float(weight)])
    force.setForceGroup(group)
    return force
