"""Interactions arranged as :mod:`molmach.forcefield.terms_kernel` reads them; no compiler is loaded."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from molmach.data.sound import require_array, require_indices, require_starts
from molmach.errors import WorkError
from molmach.forcefield.terms import Floats, Terms

Ints = NDArray[np.int32]
Singles = NDArray[np.float32]


class Bonds:
    """The bonds of a molecule, numbered; their vectors point from the first atom to the second."""

    def __init__(self, terms: Terms) -> None:
        self._atoms = terms.atoms.tolist()
        self._number = {frozenset(pair): index for index, pair in enumerate(self._atoms)}

    def number(self, i: int, j: int) -> int:
        """Of the bond between two atoms."""
        return self._number[frozenset((i, j))]

    def away(self, i: int, j: int) -> float:
        """1 where the bond's vector points from i to j, else -1."""
        return 1.0 if self._atoms[self.number(i, j)][0] == i else -1.0

    def of_angles(self, terms: Terms) -> tuple[Ints, Singles]:
        """(n, 2) bonds of angles, and -1 where their vectors point the same way round, else 1.

        So cos theta = sign u.u'.
        """
        atoms = terms.atoms.tolist()
        return (
            ints([[self.number(j, i), self.number(j, k)] for i, j, k in atoms], 2),
            singles([self.away(j, i) * self.away(j, k) for i, j, k in atoms]),
        )


def ints(rows: Any, width: int = 0) -> Ints:
    """(n, width) whole numbers; (n,) where the width is 0."""
    return np.array(rows, dtype=np.int32).reshape((-1, width) if width else -1)


def singles(rows: Any, width: int = 0) -> Singles:
    """(n, width) numbers of single precision; (n,) where the width is 0."""
    return np.array(rows, dtype=np.float32).reshape((-1, width) if width else -1)


def torsion_tables(terms: Terms, bonds: Bonds) -> tuple[Ints, Ints, Ints, Ints, Ints, Singles]:
    """``axis_bond, axis_arms, arm_bond, axis_torsions, torsion_arms, torsion_values``.

    Central bonds, their ranges of arms, the arms' bonds, ranges of torsions, and the torsions.
    ``arm_bond`` lists, for every central bond, the bonds that meet it; the signs that bond directions
    give to a torsion's cosine are in its odd coefficients.
    """
    by_axis: dict[int, list[tuple[int, int, list[float]]]] = {}
    for (i, j, k, ell), (v1, v2, v3) in zip(*terms.rows(), strict=True):
        # With m = (j-i) x (k-j) and n = (k-j) x (l-k): cos w = m.n / |m||n|. The kernel's normals are
        # u_arm x u_axis, the second of which is turned round; so are bonds that point the other way.
        sign = -bonds.away(i, j) * bonds.away(k, ell)
        values = [sign * v1, v2, sign * v3, 0.5 * (v1 + v3) + v2]
        torsion = (bonds.number(i, j), bonds.number(k, ell), values)
        by_axis.setdefault(bonds.number(j, k), []).append(torsion)
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
        ints(list(by_axis)),
        ints(axis_arms),
        ints(arm_bond),
        ints(axis_torsions),
        ints(torsion_arms, 2),
        singles(torsion_values, 4),
    )


def pair_tables(van_der_waals: Terms, n_atoms: int, qq: Floats | None = None) -> tuple[Ints, Ints, Singles]:
    """``pair_start, pair_partner, pair_values``: partners of each atom with a higher number.

    Ranges of an atom's pairs, the partners, and (1/r*, 7 epsilon/r*) with qq as a third column where
    there are charges. Pairs are sorted by their first atom.
    """
    pairs = van_der_waals.atoms
    epsilon, r_star = van_der_waals.values.T
    columns = [1.0 / r_star, 7.0 * epsilon / r_star] + ([] if qq is None else [qq])
    starts = np.searchsorted(pairs[:, 0], np.arange(n_atoms + 1))
    return ints(starts), ints(pairs[:, 1]), singles(np.stack(columns, axis=1), len(columns))


def check_tables(tables: Any, n_atoms: int, *, angle: int, pair: int) -> None:
    """Refuse tables by which the compiled terms would read or write beside their arrays.

    Parameters
    ----------
    tables
        A force field's, with those of the fields of this module that it has.
    n_atoms
        Of the molecule.
    angle, pair
        Columns of ``angle_values`` and of ``pair_values``.

    Raises
    ------
    WorkError
        A table has another shape, or an index of what is not there.
    """
    bonds, angles = len(tables.bond_atoms), len(tables.angle_bonds)
    _indices(tables, "bond_atoms", (bonds, 2), n_atoms)
    _numbers(tables, "bond_values", (bonds, 2))
    _indices(tables, "angle_bonds", (angles, 2), bonds)
    _numbers(tables, "angle_sign", (angles,))
    _numbers(tables, "angle_values", (angles, angle))
    if hasattr(tables, "linear_bonds"):
        linear, planes = len(tables.linear_bonds), len(tables.plane_bonds)
        _indices(tables, "linear_bonds", (linear, 2), bonds)
        _numbers(tables, "linear_values", (linear, 2))
        _indices(tables, "plane_bonds", (planes, 3), bonds)
        _numbers(tables, "plane_values", (planes, 1))
    axes, arms, torsions = len(tables.axis_bond), len(tables.arm_bond), len(tables.torsion_arms)
    _indices(tables, "axis_bond", (axes,), bonds)
    _indices(tables, "arm_bond", (arms,), bonds)
    require_starts("tables.axis_arms", tables.axis_arms, axes, arms)
    require_starts("tables.axis_torsions", tables.axis_torsions, axes, torsions)
    _numbers(tables, "torsion_values", (torsions, 4))
    _indices(tables, "torsion_arms", (torsions, 2), max(arms, 1))
    most = np.repeat(np.diff(tables.axis_arms), np.diff(tables.axis_torsions))
    if (tables.torsion_arms >= most[:, None]).any():
        raise WorkError("tables.torsion_arms: one is beyond the arms of its bond")
    pairs = len(tables.pair_partner)
    require_starts("tables.pair_start", tables.pair_start, n_atoms, pairs)
    _indices(tables, "pair_partner", (pairs,), n_atoms)
    _numbers(tables, "pair_values", (pairs, pair))


def _indices(tables: Any, name: str, shape: tuple[int, ...], count: int) -> None:
    require_indices(f"tables.{name}", getattr(tables, name), shape, count)


def _numbers(tables: Any, name: str, shape: tuple[int, ...]) -> None:
    require_array(f"tables.{name}", getattr(tables, name), np.float32, shape)
