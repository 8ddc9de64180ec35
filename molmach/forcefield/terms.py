"""Shapes of interactions, of which force fields are composed: each as its equation.

Here they are NumPy functions of positions, which need no OpenMM context, whose making takes far longer
than the energy of a small molecule. :mod:`molmach.forcefield.openmm_terms` has the same shapes as OpenMM
forces and :mod:`molmach.forcefield.terms_kernel` compiled, for many replicas at once. They are those of
Halgren, J. Comput. Chem. 17, 490-519 (1996), equations 2 to 9, with his constants.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molmach.units import KCAL

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

COULOMB = 332.0716 * KCAL / 10.0
"""Coulomb constant, kJ nm/(mol e^2), with the digits of the MMFF94 papers."""

ELECTROSTATIC_BUFFER = 0.005
"""Buffering distance of the Coulomb term, nm."""

CUBIC_STRETCH = 20.0
"""Magnitude of the cubic-stretch constant, 1/nm."""

CUBIC_BEND = -0.006981317 * 180.0 / math.pi
"""Cubic-bend constant, 1/rad."""


@dataclass(frozen=True, eq=False)
class Terms:
    """One kind of interaction.

    Attributes
    ----------
    atoms
        (n_terms, n_bodies) atom indices.
    values
        (n_terms, n_parameters) parameters, in the order that ``names`` gives.
    names
        Names of the parameters.
    """

    names: tuple[str, ...]
    atoms: Ints
    values: Floats

    def rows(self, offset: int = 0) -> tuple[list[list[int]], list[list[float]]]:
        """Atoms (their numbers raised by ``offset``) and parameters of every term, as plain lists."""
        return (self.atoms + offset).tolist(), self.values.tolist()

    @classmethod
    def none(cls, names: str, bodies: int) -> Terms:
        """No interaction of that kind; ``names`` are separated by blanks."""
        labels = tuple(names.split())
        return cls(labels, np.zeros((0, bodies), dtype=np.int64), np.zeros((0, len(labels))))


def bond_stretch(terms: Terms, x: Floats) -> Floats:
    """k d^2 (1 - c d + 7/12 c^2 d^2), (n_terms,)."""
    k, r0 = terms.values.T
    d = _distance(terms.atoms, x) - r0
    return np.asarray(k * d**2 * (1.0 - CUBIC_STRETCH * d + 7.0 / 12.0 * CUBIC_STRETCH**2 * d**2))


def angle_bend(terms: Terms, x: Floats) -> Floats:
    """k a^2 (1 + c a), (n_terms,)."""
    k, theta0 = terms.values.T
    a = np.arccos(_cosine(terms.atoms, x)) - theta0
    return np.asarray(k * a**2 * (1.0 + CUBIC_BEND * a))


def linear_bend(terms: Terms, x: Floats) -> Floats:
    """k (1 + cos theta), (n_terms,)."""
    return np.asarray(terms.values[:, 0] * (1.0 + _cosine(terms.atoms, x)))


def stretch_bend(terms: Terms, x: Floats) -> Floats:
    """(k_ij d_ij + k_kj d_kj) a, (n_terms,)."""
    k_ij, k_kj, r0_ij, r0_kj, theta0 = terms.values.T
    d_ij = _distance(terms.atoms[:, :2], x) - r0_ij
    d_kj = _distance(terms.atoms[:, 1:], x) - r0_kj
    return np.asarray((k_ij * d_ij + k_kj * d_kj) * (np.arccos(_cosine(terms.atoms, x)) - theta0))


def out_of_plane_bend(terms: Terms, x: Floats) -> Floats:
    """k chi^2, chi the Wilson angle, (n_terms,)."""
    i, j, k, ell = terms.atoms.T
    normal = np.cross(x[i] - x[j], x[k] - x[j])
    bond = x[ell] - x[j]
    sine = np.sum(normal * bond, axis=1) / (np.linalg.norm(normal, axis=1) * np.linalg.norm(bond, axis=1))
    return np.asarray(terms.values[:, 0] * np.arcsin(np.clip(sine, -1.0, 1.0)) ** 2)


def torsion(terms: Terms, x: Floats) -> Floats:
    """[v1 (1 + cos w) + v2 (1 - cos 2w) + v3 (1 + cos 3w)] / 2, (n_terms,)."""
    i, j, k, ell = terms.atoms.T
    m = np.cross(x[i] - x[j], x[k] - x[j])
    n = np.cross(x[j] - x[k], x[ell] - x[k])
    c = np.sum(m * n, axis=1) / (np.linalg.norm(m, axis=1) * np.linalg.norm(n, axis=1))
    v1, v2, v3 = terms.values.T
    return np.asarray(0.5 * (v1 * (1.0 + c) + v2 * (2.0 - 2.0 * c**2) + v3 * (1.0 + 4.0 * c**3 - 3.0 * c)))


def buffered_14_7(terms: Terms, x: Floats) -> Floats:
    """epsilon (1.07 / (s + 0.07))^7 (1.12 / (s^7 + 0.12) - 2), s = r / r_star, (n_terms,)."""
    epsilon, r_star = terms.values.T
    s = _distance(terms.atoms, x) / r_star
    return np.asarray(epsilon * (1.07 / (s + 0.07)) ** 7 * (1.12 / (s**7 + 0.12) - 2.0))


def buffered_coulomb(terms: Terms, x: Floats) -> Floats:
    """qq / (r + 0.005 nm), (n_terms,)."""
    return np.asarray(terms.values[:, 0] / (_distance(terms.atoms, x) + ELECTROSTATIC_BUFFER))


def _distance(pairs: Ints, x: Floats) -> Floats:
    return np.asarray(np.linalg.norm(x[pairs[:, 1]] - x[pairs[:, 0]], axis=1))


def _cosine(triples: Ints, x: Floats) -> Floats:
    a = x[triples[:, 0]] - x[triples[:, 1]]
    b = x[triples[:, 2]] - x[triples[:, 1]]
    cosine = np.sum(a * b, axis=1) / (np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1))
    return np.asarray(np.clip(cosine, -1.0, 1.0))
