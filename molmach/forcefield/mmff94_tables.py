"""A molecule's MMFF94 interactions, arranged for the compiled kernel."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from molmach.forcefield.mmff94_parameters import MMFF94Parameters
from molmach.forcefield.terms_tables import (
    Bonds,
    Ints,
    Singles,
    ints,
    pair_tables,
    singles,
    torsion_tables,
)


class Tables(NamedTuple):
    """A molecule's interactions; see :mod:`molmach.forcefield.terms_tables`.

    ``angle_values`` are k, theta0 and the two constants of the stretch-bend coupling; ``linear_values``
    the sign of ``angle_sign`` times k, and k.
    """

    bond_atoms: Ints
    bond_values: Singles
    angle_bonds: Ints
    angle_sign: Singles
    angle_values: Singles
    linear_bonds: Ints
    linear_values: Singles
    plane_bonds: Ints
    plane_values: Singles
    axis_bond: Ints
    axis_arms: Ints
    arm_bond: Ints
    axis_torsions: Ints
    torsion_arms: Ints
    torsion_values: Singles
    pair_start: Ints
    pair_partner: Ints
    pair_values: Singles


def tables_of(parameters: MMFF94Parameters) -> Tables:
    """Arrange a molecule's parameters for the kernel."""
    bonds = Bonds(parameters.bond)
    angle_bonds, angle_sign = bonds.of_angles(parameters.angle)
    coupling = {tuple(a): v[:2] for a, v in zip(*parameters.stretch_bend.rows(), strict=True)}
    angle_values = [
        [*values, *coupling.get(tuple(atoms), (0.0, 0.0))]
        for atoms, values in zip(*parameters.angle.rows(), strict=True)
    ]
    linear_bonds, linear_sign = bonds.of_angles(parameters.linear_angle)
    stiffness = parameters.linear_angle.values[:, 0]
    planes = [
        [bonds.number(j, other) for other in (i, k, ell)]
        for i, j, k, ell in parameters.wilson_centres.atoms.tolist()
    ]
    return Tables(
        ints(parameters.bond.atoms, 2),
        singles(parameters.bond.values, 2),
        angle_bonds,
        angle_sign,
        singles(angle_values, 4),
        linear_bonds,
        singles(np.stack([linear_sign * stiffness, stiffness], axis=1), 2),
        ints(planes, 3),
        singles(parameters.wilson_centres.values, 1),
        *torsion_tables(parameters.torsion, bonds),
        *pair_tables(parameters.van_der_waals, parameters.charges.size, _products(parameters)),
    )


def _products(parameters: MMFF94Parameters) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """(n_pairs,) qq of every pair of ``van_der_waals``, 0 where the charges' product is."""
    rows = zip(parameters.electrostatic.atoms.tolist(), parameters.electrostatic.values[:, 0], strict=True)
    product = {tuple(pair): qq for pair, qq in rows}
    return np.array([product.get((i, j), 0.0) for i, j in parameters.van_der_waals.atoms.tolist()])
