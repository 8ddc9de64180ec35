"""A GAFF-style topology of a molecule, as GROMACS and LAMMPS read it.

Harmonic bonds and angles, periodic torsions, Lennard-Jones and Coulomb between pairs more than two bonds
apart, 1-4 scaled. Equilibrium values are those of a given structure and force constants are typical ones:
no force field to do chemistry with, but one that both programs compute alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdMolTransforms

from molmach.building import Assembly

_SIGMA_NM = {1: 0.25, 6: 0.34, 7: 0.325, 8: 0.30, 9: 0.31, 16: 0.36, 17: 0.35}
_EPSILON = 0.3
_BOND, _ANGLE, _TORSION = 300_000.0, 500.0, 10.0
"""Force constants: kJ/mol/nm^2 and kJ/mol/rad^2 of half-squares, and kJ/mol of 1 - cos 2 phi."""

_KCAL = 4.184


@dataclass(frozen=True)
class Topology:
    """A molecule's GAFF-style interactions; lengths nm, angles degrees, energies kJ/mol."""

    molecule: Chem.Mol
    charges: list[float]
    masses: list[float]
    bonds: list[tuple[int, int, float]]
    angles: list[tuple[int, int, int, float]]
    torsions: list[tuple[int, int, int, int]]
    pairs14: list[tuple[int, int]]


def topology_of(assembly: Assembly) -> Topology:
    """Interactions from the molecular graph, equilibrium values from the structure."""
    molecule = assembly.molecule
    conformer = molecule.GetConformer()
    bonds = [
        (b.GetBeginAtomIdx(), b.GetEndAtomIdx(), rdMolTransforms.GetBondLength(conformer, *_ends(b)) / 10.0)
        for b in molecule.GetBonds()
    ]
    neighbours = [[n.GetIdx() for n in atom.GetNeighbors()] for atom in molecule.GetAtoms()]
    angles = [
        (i, j, k, rdMolTransforms.GetAngleDeg(conformer, i, j, k))
        for j, around in enumerate(neighbours)
        for a, i in enumerate(around)
        for k in around[a + 1 :]
    ]
    bent = {(i, j, k) for i, j, k, theta in angles if theta < 170.0}
    bent |= {(k, j, i) for i, j, k in bent}
    torsions = [
        (i, j, k, ell)
        for j, k, _ in bonds
        for i in neighbours[j]
        for ell in neighbours[k]
        if i not in (k, ell) and ell != j and (i, j, k) in bent and (j, k, ell) in bent
    ]
    distance = Chem.GetDistanceMatrix(molecule)
    pairs14 = [(i, j) for i, j in np.argwhere(np.triu(np.abs(distance - 3.0) < 0.5)).tolist()]
    return Topology(
        molecule, assembly.charges.tolist(), assembly.masses.tolist(), bonds, angles, torsions, pairs14
    )


def _ends(bond: Chem.Bond) -> tuple[int, int]:
    return bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()


def elements(topology: Topology) -> list[int]:
    """Atomic numbers that occur, rising: both programs' atom types are their places in this list."""
    return sorted({atom.GetAtomicNum() for atom in topology.molecule.GetAtoms()})


def gromacs_topology(topology: Topology, restrained: Sequence[int] = (), stiffness: float = 0.0) -> str:
    """GROMACS's ``topol.top``, one residue MOL with atoms A1, A2, ...

    Parameters
    ----------
    topology
        The molecule.
    restrained, stiffness
        Atoms (0-based) in harmonic wells of so many kJ/mol/nm^2.
    """
    atoms = list(topology.molecule.GetAtoms())
    lines = ["[ defaults ]", "1 2 yes 0.5 0.8333", "[ atomtypes ]"]
    lines += [f"T{z} {z} 1.0 0.0 A {_SIGMA_NM.get(z, 0.34)} {_EPSILON}" for z in elements(topology)]
    lines += ["[ moleculetype ]", "MOL 3", "[ atoms ]"]
    lines += [
        f"{i + 1} T{atom.GetAtomicNum()} 1 MOL A{i + 1} {i + 1} {charge:.6f} {mass:.4f}"
        for i, (atom, charge, mass) in enumerate(zip(atoms, topology.charges, topology.masses, strict=True))
    ]
    lines += ["[ bonds ]"] + [f"{i + 1} {j + 1} 1 {r:.5f} {_BOND:g}" for i, j, r in topology.bonds]
    lines += ["[ angles ]"] + [
        f"{i + 1} {j + 1} {k + 1} 1 {t:.3f} {_ANGLE:g}" for i, j, k, t in topology.angles
    ]
    lines += ["[ dihedrals ]"]
    lines += [f"{i + 1} {j + 1} {k + 1} {m + 1} 9 180 {_TORSION:g} 2" for i, j, k, m in topology.torsions]
    lines += ["[ pairs ]"] + [f"{i + 1} {j + 1} 1" for i, j in topology.pairs14]
    if restrained:
        wells = [f"{i + 1} 1 {stiffness:g} {stiffness:g} {stiffness:g}" for i in restrained]
        lines += ["[ position_restraints ]", *wells]
    lines += ["[ system ]", "molecule", "[ molecules ]", "MOL 1"]
    return "\n".join(lines) + "\n"


def gromacs_structure(positions_nm: Any, box_nm: float) -> str:
    """GROMACS's ``conf.gro`` with five decimals."""
    rows = [
        f"{1:5d}{'MOL':<5s}{f'A{i + 1}'[:5]:>5s}{i + 1:5d}" + "".join(f"{v:10.5f}" for v in place)
        for i, place in enumerate(positions_nm)
    ]
    box = f"{box_nm:10.5f}" * 3
    return "\n".join(["molecule", str(len(rows)), *rows, box]) + "\n"


def lammps_data(topology: Topology, positions_nm: Any, box_nm: float) -> str:
    """LAMMPS's data file in real units; atoms outside the box carry their image flags."""
    numbers = [atom.GetAtomicNum() for atom in topology.molecule.GetAtoms()]
    kinds = elements(topology)
    mass = {z: topology.masses[numbers.index(z)] for z in kinds}
    images = np.floor(np.asarray(positions_nm) / box_nm).astype(int)
    inside = 10.0 * (np.asarray(positions_nm) - images * box_nm)
    sections = {
        "Masses": [f"{k + 1} {mass[z]:.4f}" for k, z in enumerate(kinds)],
        "Atoms # full": [
            f"{i + 1} 1 {kinds.index(numbers[i]) + 1} {q:.6f} "
            + " ".join([*(f"{v:.5f}" for v in place), *map(str, image)])
            for i, (q, place, image) in enumerate(zip(topology.charges, inside, images, strict=True))
        ],
        "Bond Coeffs": [
            f"{b + 1} {_BOND / 200 / _KCAL:.6f} {10 * r:.5f}" for b, (_, _, r) in enumerate(topology.bonds)
        ],
        "Angle Coeffs": [
            f"{a + 1} {_ANGLE / 2 / _KCAL:.6f} {t:.3f}" for a, (*_, t) in enumerate(topology.angles)
        ],
        "Dihedral Coeffs": [f"1 {_TORSION / _KCAL:.6f} -1 2"],
        "Bonds": [f"{b + 1} {b + 1} {i + 1} {j + 1}" for b, (i, j, _) in enumerate(topology.bonds)],
        "Angles": [
            f"{a + 1} {a + 1} {i + 1} {j + 1} {k + 1}" for a, (i, j, k, _) in enumerate(topology.angles)
        ],
        "Dihedrals": [
            f"{d + 1} 1 {i + 1} {j + 1} {k + 1} {m + 1}" for d, (i, j, k, m) in enumerate(topology.torsions)
        ],
    }
    counts = {"atoms": numbers, "bonds": topology.bonds, "angles": topology.angles}
    head = ["molecule", "", *(f"{len(rows)} {name}" for name, rows in counts.items())]
    head += [f"{len(topology.torsions)} dihedrals", f"{len(kinds)} atom types"]
    head += [f"{len(topology.bonds)} bond types", f"{len(topology.angles)} angle types", "1 dihedral types"]
    head += [f"0 {10 * box_nm:g} {axis}lo {axis}hi" for axis in "xyz"]
    body = [line for name, rows in sections.items() for line in ("", name, "", *rows)]
    return "\n".join(head + body) + "\n"


def lammps_head(topology: Topology, boundary: str, cutoff_nm: float, data: str) -> list[str]:
    """Commands up to ``read_data`` and the pair coefficients."""
    pairs = [
        f"pair_coeff {k + 1} {k + 1} {_EPSILON / _KCAL:.4f} {10 * _SIGMA_NM.get(z, 0.34):.3f}"
        for k, z in enumerate(elements(topology))
    ]
    return [
        "units real", "atom_style full", f"boundary {boundary}",
        "bond_style harmonic", "angle_style harmonic", "dihedral_style harmonic",
        f"pair_style lj/cut/coul/cut {10 * cutoff_nm:g}", "pair_modify mix arithmetic", "special_bonds amber",
        f"read_data {data}", *pairs,
    ]  # fmt: skip


def hydrogen_bond_types(topology: Topology) -> list[str]:
    """Numbers of LAMMPS's bond types (one a bond) that hold a hydrogen."""
    atoms = topology.molecule
    return [
        str(b + 1)
        for b, (i, j, _) in enumerate(topology.bonds)
        if 1 in (atoms.GetAtomWithIdx(i).GetAtomicNum(), atoms.GetAtomWithIdx(j).GetAtomicNum())
    ]
