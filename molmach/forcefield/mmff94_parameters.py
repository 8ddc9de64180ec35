"""MMFF94 parameters of a molecule, read from RDKit and given in MD units.

Terms and constants: Halgren, J. Comput. Chem. 17, 490-519 (1996), equations 2 to 9 of part I.
Which interactions exist follows RDKit's assignment, so that both give the same energy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdmolops

from molmach.building.mmff94_types import typed
from molmach.forcefield.terms import COULOMB, Floats, Terms
from molmach.units import KCAL

_MDYNE_ANGSTROM = 143.9325 * KCAL
"""One mdyn angstrom, kJ/mol, with the digits of the MMFF94 papers."""

ELECTROSTATIC_14_SCALE = 0.75
"""Coulomb interactions between atoms three bonds apart are scaled by this."""

_LINEAR_ATOM_TYPES = (4, 53, 61)
"""Atom types whose angles are linear (MMFFPROP.PAR, column linh)."""

_TORSION_BOND = Chem.MolFromSmarts("[!$(*#*)&!D1]~[!$(*#*)&!D1]")


@dataclass(frozen=True, eq=False)
class MMFF94Parameters:
    """All interactions of a molecule, in nm, rad, kJ/mol and e.

    ``bond`` k, r0: E = k d^2 (1 - c d + 7/12 c^2 d^2), d = r - r0, c the cubic-stretch constant.
    ``angle`` k, theta0: E = k a^2 (1 + c a), a = theta - theta0, c the cubic-bend constant.
    ``linear_angle`` k: E = k (1 + cos theta).
    ``stretch_bend`` k_ij, k_kj, r0_ij, r0_kj, theta0: E = (k_ij d_ij + k_kj d_kj) a.
    ``out_of_plane`` k, atoms (i, centre, k, l), three rows a centre: E = k chi^2, chi the Wilson
    angle between the bond centre-l and the plane i-centre-k.
    ``torsion`` v1, v2, v3: E = [v1 (1 + cos w) + v2 (1 - cos 2w) + v3 (1 + cos 3w)] / 2.
    ``van_der_waals`` epsilon, r_star: buffered 14-7. ``electrostatic`` qq: E = qq / (r + buffer).
    """

    bond: Terms
    angle: Terms
    linear_angle: Terms
    stretch_bend: Terms
    out_of_plane: Terms
    torsion: Terms
    van_der_waals: Terms
    electrostatic: Terms
    charges: Floats

    @property
    def wilson_centres(self) -> Terms:
        """``out_of_plane`` with one row a centre: all three angles of its three bonds have one k."""
        rows = self.out_of_plane
        return Terms(rows.names, rows.atoms[::3], rows.values[::3])


def parameters_of(molecule: Chem.Mol, variant: str) -> MMFF94Parameters:
    """Look up every MMFF94 (or MMFF94s) parameter of a molecule with explicit hydrogens.

    Raises
    ------
    ForceFieldError
        Hydrogens are missing, or an atom has no MMFF94 type or not its charge.
    """
    properties = typed(molecule, variant)
    n_atoms = molecule.GetNumAtoms()
    types = [properties.GetMMFFAtomType(i) for i in range(n_atoms)]
    charges = np.array([properties.GetMMFFPartialCharge(i) for i in range(n_atoms)], dtype=np.float64)
    angle, linear_angle, stretch_bend = _angles(molecule, properties, types)
    van_der_waals, electrostatic = _pairs(molecule, properties, charges)
    return MMFF94Parameters(
        bond=_bonds(molecule, properties),
        angle=angle,
        linear_angle=linear_angle,
        stretch_bend=stretch_bend,
        out_of_plane=_out_of_plane(molecule, properties),
        torsion=_torsions(molecule, properties),
        van_der_waals=van_der_waals,
        electrostatic=electrostatic,
        charges=charges,
    )


def _terms(names: str, n_bodies: int, rows: list[tuple[tuple[int, ...], tuple[float, ...]]]) -> Terms:
    labels = tuple(names.split())
    atoms = np.array([atoms for atoms, _ in rows], dtype=np.int64).reshape(-1, n_bodies)
    values = np.array([values for _, values in rows], dtype=np.float64).reshape(-1, len(labels))
    return Terms(labels, atoms, values)


def _bonds(molecule: Chem.Mol, properties: Any) -> Terms:
    rows: list[tuple[tuple[int, ...], tuple[float, ...]]] = []
    for bond in molecule.GetBonds():
        i, j = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        stretch = properties.GetMMFFBondStretchParams(molecule, i, j)
        if stretch is not None:
            _, kb, r0 = stretch
            rows.append(((i, j), (0.5 * _MDYNE_ANGSTROM * kb * 100.0, r0 / 10.0)))
    return _terms("k r0", 2, rows)


def _angles(molecule: Chem.Mol, properties: Any, types: list[int]) -> tuple[Terms, Terms, Terms]:
    bent: list[tuple[tuple[int, ...], tuple[float, ...]]] = []
    linear: list[tuple[tuple[int, ...], tuple[float, ...]]] = []
    coupled: list[tuple[tuple[int, ...], tuple[float, ...]]] = []
    for centre in molecule.GetAtoms():
        j = centre.GetIdx()
        neighbours = [atom.GetIdx() for atom in centre.GetNeighbors()]
        for position, i in enumerate(neighbours):
            for k in neighbours[position + 1 :]:
                bend = properties.GetMMFFAngleBendParams(molecule, i, j, k)
                if bend is None:
                    continue
                _, ka, theta0_deg = bend
                theta0 = math.radians(theta0_deg)
                if types[j] in _LINEAR_ATOM_TYPES:
                    linear.append(((i, j, k), (_MDYNE_ANGSTROM * ka,)))
                    continue
                bent.append(((i, j, k), (0.5 * _MDYNE_ANGSTROM * ka, theta0)))
                stretch_bend = properties.GetMMFFStretchBendParams(molecule, i, j, k)
                if stretch_bend is None:
                    continue
                _, k_ij, k_kj = stretch_bend
                r0_ij = properties.GetMMFFBondStretchParams(molecule, i, j)[2] / 10.0
                r0_kj = properties.GetMMFFBondStretchParams(molecule, k, j)[2] / 10.0
                scale = _MDYNE_ANGSTROM * 10.0
                if k_ij or k_kj:
                    coupled.append(((i, j, k), (scale * k_ij, scale * k_kj, r0_ij, r0_kj, theta0)))
    return (
        _terms("k theta0", 3, bent),
        _terms("k", 3, linear),
        _terms("k_ij k_kj r0_ij r0_kj theta0", 3, coupled),
    )


def _out_of_plane(molecule: Chem.Mol, properties: Any) -> Terms:
    rows: list[tuple[tuple[int, ...], tuple[float, ...]]] = []
    for centre in molecule.GetAtoms():
        if centre.GetDegree() != 3:
            continue
        i, k, ell = (atom.GetIdx() for atom in centre.GetNeighbors())
        koop = properties.GetMMFFOopBendParams(molecule, i, centre.GetIdx(), k, ell)
        if koop:
            j = centre.GetIdx()
            for atoms in ((i, j, k, ell), (i, j, ell, k), (k, j, ell, i)):
                rows.append((atoms, (0.5 * _MDYNE_ANGSTROM * koop,)))
    return _terms("k", 4, rows)


def _torsions(molecule: Chem.Mol, properties: Any) -> Terms:
    rows: list[tuple[tuple[int, ...], tuple[float, ...]]] = []
    bendable = (Chem.HybridizationType.SP2, Chem.HybridizationType.SP3)
    for j, k in molecule.GetSubstructMatches(_TORSION_BOND, maxMatches=10**6):
        inner = molecule.GetAtomWithIdx(j), molecule.GetAtomWithIdx(k)
        if not all(atom.GetHybridization() in bendable for atom in inner):
            continue
        for i in (atom.GetIdx() for atom in inner[0].GetNeighbors() if atom.GetIdx() != k):
            for ell in (atom.GetIdx() for atom in inner[1].GetNeighbors() if atom.GetIdx() != j):
                if i == ell:
                    continue
                torsion = properties.GetMMFFTorsionParams(molecule, i, j, k, ell)
                if torsion is not None and any(torsion[1:]):
                    rows.append(((i, j, k, ell), tuple(KCAL * v for v in torsion[1:])))
    return _terms("v1 v2 v3", 4, rows)


def _pairs(molecule: Chem.Mol, properties: Any, charges: Floats) -> tuple[Terms, Terms]:
    separation = rdmolops.GetDistanceMatrix(molecule)
    far = np.triu(separation > 2.5, k=1)
    pairs = np.argwhere(far)
    wells = [properties.GetMMFFVdWParams(int(i), int(j)) for i, j in pairs]
    vdw = np.array([(KCAL * item[3], item[2] / 10.0) for item in wells], dtype=np.float64).reshape(-1, 2)
    scale = np.where(separation[far] < 3.5, ELECTROSTATIC_14_SCALE, 1.0)
    qq = COULOMB * scale * charges[pairs[:, 0]] * charges[pairs[:, 1]]
    charged = qq != 0.0
    return (
        Terms(("epsilon", "r_star"), pairs, vdw),
        Terms(("qq",), pairs[charged], qq[charged, None]),
    )
