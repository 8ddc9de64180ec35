"""Strained structures, and what OpenMM says of them: references for force fields and kernels."""

from __future__ import annotations

import functools
from collections.abc import Iterable

import numpy as np
import openmm
from numpy.typing import NDArray
from rdkit import Chem, rdBase
from rdkit.Chem import rdDistGeom
from rdkit.Geometry import Point3D

from molmach import forcefield
from molmach.forcefield.system import create_system, energy_by_group


@functools.cache
def strained(smiles: str) -> Chem.Mol:
    """A conformer off its minimum, so that every term and force is far from zero."""
    with rdBase.BlockLogs():
        molecule = Chem.AddHs(Chem.MolFromSmiles(smiles))
        parameters = rdDistGeom.ETKDGv3()
        parameters.randomSeed = 7
        parameters.useRandomCoords = True
        assert rdDistGeom.EmbedMolecule(molecule, parameters) == 0, smiles
        conformer = molecule.GetConformer()
        fragments = Chem.GetMolFrags(molecule)
        shift = np.zeros((molecule.GetNumAtoms(), 3))
        for number, fragment in enumerate(fragments):
            shift[list(fragment), 0] = 4.0 * number  # side by side, in contact
        noise = np.random.default_rng(3).normal(0.0, 0.04, shift.shape)
        conformer.SetPositions(np.ascontiguousarray(conformer.GetPositions() + shift + noise))
        return molecule


TOGETHER = 12
_APART = 10.0
"""Molecules of one system, since OpenMM takes half a second to make one of whatever size; and angstroms
between them."""


def in_a_row(molecules: Iterable[Chem.Mol]) -> Chem.Mol:
    """Molecules as one, side by side."""
    row, edge = Chem.Mol(), 0.0
    for molecule in molecules:
        places = molecule.GetConformer().GetPositions()
        shift = edge - places[:, 0].min()
        row = Chem.CombineMols(row, molecule, Point3D(shift, 0.0, 0.0)) if edge else Chem.Mol(molecule)
        edge = float(places[:, 0].max() + (shift if edge else 0.0) + _APART)
    Chem.SanitizeMol(row)
    return row


def openmm_terms(molecule: Chem.Mol, variant: str) -> tuple[dict[str, float], NDArray[np.float64]]:
    """Energy of each term, kJ/mol, and forces (n_atoms, 3), kJ/(mol nm), of a variant of MMFF94 on OpenMM's Reference."""
    system = create_system(forcefield.get(variant), molecule)
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("Reference"))
    context.setPositions(np.asarray(molecule.GetConformer().GetPositions()) / 10.0)
    forces = context.getState(getForces=True).getForces(asNumpy=True)._value
    return energy_by_group(context), np.asarray(forces)
