"""A molecule's MMFF94 interactions, arranged for the compiled kernel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from molmach.forcefield.mmff94_parameters import MMFF94Parameters, Terms

Ints = NDArray[np.int32]
Singles = NDArray[np.float32]


class Tables(NamedTuple):
    """A molecule's interactions as the kernel reads them.

    Bonds are numbered; their vectors point from the first atom to the second. ``angle_sign`` is -1
    where the two bond vectors of an angle point the same way round, so that cos theta = sign u.u'.
    ``arm_bond`` lists, for every central bond of torsions, the bonds that meet it; the signs that
    bond directions give to a torsion's cosine are in its odd coefficients.
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
    bonds = parameters.bond.atoms.tolist()
    number = {frozenset(pair): index for index, pair in enumerate(bonds)}

    def bond(i: int, j: int) -> int:
        return number[frozenset((i, j))]

    def away(i: int, j: int) -> float:
        """1 where the bond's vector points from i to j, else -1."""
        return 1.0 if bonds[bond(i, j)][0] == i else -1.0

    def angle_bonds(terms: Terms) -> tuple[list[list[int]], list[float]]:
        atoms = terms.atoms.tolist()
        return (
            [[bond(j, i), bond(j, k)] for i, j, k in atoms],
            [away(j, i) * away(j, k) for i, j, k in atoms],
        )

    bent, sign = angle_bonds(parameters.angle)
    coupling = {tuple(a): v[:2] for a, v in zip(*parameters.stretch_bend.rows(), strict=True)}
    angle_values = [
        [*values, *coupling.get(tuple(atoms), (0.0, 0.0))]
        for atoms, values in zip(*parameters.angle.rows(), strict=True)
    ]
    straight, straight_sign = angle_bonds(parameters.linear_angle)
    linear_values = [
        [s * k, k] for s, k in zip(straight_sign, parameters.linear_angle.values[:, 0].tolist(), strict=True)
    ]
    planes = [
        ([bond(j, i), bond(j, k), bond(j, ell)], values)
        for (i, j, k, ell), values in zip(*parameters.wilson_centres.rows(), strict=True)
    ]
    starts, partners, pair_values = _pair_lists(parameters)
    return Tables(
        _ints(bonds, 2),
        _singles(parameters.bond.values, 2),
        _ints(bent, 2),
        _singles(sign),
        _singles(angle_values, 4),
        _ints(straight, 2),
        _singles(linear_values, 2),
        _ints([row for row, _ in planes], 3),
        _singles([k for _, k in planes], 1),
        *_torsion_tables(parameters.torsion, bond, away),
        starts,
        partners,
        pair_values,
    )


def _ints(rows: Any, width: int = 0) -> Ints:
    return np.array(rows, dtype=np.int32).reshape((-1, width) if width else -1)


def _singles(rows: Any, width: int = 0) -> Singles:
    return np.array(rows, dtype=np.float32).reshape((-1, width) if width else -1)


def _torsion_tables(
    terms: Terms, bond: Callable[[int, int], int], away: Callable[[int, int], float]
) -> tuple[Ints, Ints, Ints, Ints, Ints, Singles]:
    """Central bonds, their ranges of arms, the arms' bonds, ranges of torsions, and the torsions."""
    by_axis: dict[int, list[tuple[int, int, list[float]]]] = {}
    for (i, j, k, ell), (v1, v2, v3) in zip(*terms.rows(), strict=True):
        # With m = (j-i) x (k-j) and n = (k-j) x (l-k): cos w = m.n / |m||n|. The kernel's normals are
        # u_arm x u_axis, the second of which is turned round; so are bonds that point the other way.
        sign = -away(i, j) * away(k, ell)
        values = [sign * v1, v2, sign * v3, 0.5 * (v1 + v3) + v2]
        by_axis.setdefault(bond(j, k), []).append((bond(i, j), bond(k, ell), values))
    axis_arms, arm_bond, axis_torsions, torsion_arms, torsion_values = [0], [], [0], [], []
    for torsions in by_axis.values():
        arms = sorted({arm for first, second, _ in torsions for arm in (first, second)})
        place = {arm: index for index, arm in enumerate(arms)}
        arm_bond += arms
        axis_arms.append(len(arm_bond))
        torsion_arms += [[place[first], place[second]] for first, second, _ in torsions]
        torsion_values += [values for _, _, values in torsions]
        axis_torsions.append(len(torsion_arms))
    return (
        _ints(list(by_axis)),
        _ints(axis_arms),
        _ints(arm_bond),
        _ints(axis_torsions),
        _ints(torsion_arms, 2),
        _singles(torsion_values, 4),
    )


def _pair_lists(parameters: MMFF94Parameters) -> tuple[Ints, Ints, Singles]:
    """Partners of each atom with a higher number: range starts, partners, (1/r*, 7 epsilon/r*, qq)."""
    pairs = parameters.van_der_waals.atoms
    epsilon, r_star = parameters.van_der_waals.values.T
    coulomb = dict(
        zip(
            map(tuple, parameters.electrostatic.atoms.tolist()),
            parameters.electrostatic.values[:, 0].tolist(),
            strict=True,
        )
    )
    qq = np.array([coulomb.get((i, j), 0.0) for i, j in pairs.tolist()])
    n_atoms = parameters.charges.size
    starts = np.searchsorted(pairs[:, 0], np.arange(n_atoms + 1))
    values = np.stack([1.0 / r_star, 7.0 * epsilon / r_star, qq], axis=1)
    return _ints(starts), _ints(pairs[:, 1]), _singles(values, 3)
