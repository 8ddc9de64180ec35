"""The mirror image of an assembly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdMolTransforms

from molmach.building.assembly import Assembly
from molmach.spec.axes import axes, mark


def mirror(assembly: Assembly) -> Assembly:
    """Reflect in the xz plane, which holds the axle: y -> -y, every stereo mark turned over.

    A turn about the axle changes sign; atom order, bonds and roles stay.
    """
    molecule = Chem.Mol(assembly.molecule)
    rdMolTransforms.TransformConformer(molecule.GetConformer(), np.diag([1.0, -1.0, 1.0, 1.0]))
    for atom in molecule.GetAtoms():
        atom.SetChiralTag(Chem.ChiralType.CHI_UNSPECIFIED)
    Chem.AssignStereochemistryFrom3D(molecule, replaceExistingTags=True)
    for axis in axes(assembly.molecule):
        mark(molecule, replace(axis, sign=-axis.sign))
    return replace(assembly, name=f"{assembly.name}-mirror", molecule=molecule)
