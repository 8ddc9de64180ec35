"""The mirror image of an assembly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdMolTransforms

from molmach.building.assembly import Assembly
from molmach.building.stereo import assign_stereo
from molmach.spec.axes import axes, mark


def mirror(assembly: Assembly) -> Assembly:
    """Reflect in the xz plane, which holds the axle: y -> -y, every stereo mark turned over.

    A turn about the axle changes sign; atom order, bonds and roles stay. Its shapes are reflected with it.
    """
    return replace(
        assembly,
        name=f"{assembly.name}-mirror",
        molecule=mirrored(assembly.molecule),
        shapes=None if assembly.shapes is None else assembly.shapes.mirrored(),
    )


def mirrored(molecule: Chem.Mol) -> Chem.Mol:
    """A molecule reflected in the xz plane, with the stereo marks that it has then."""
    image = Chem.Mol(molecule)
    rdMolTransforms.TransformConformer(image.GetConformer(), np.diag([1.0, -1.0, 1.0, 1.0]))
    for atom in image.GetAtoms():
        atom.SetChiralTag(Chem.ChiralType.CHI_UNSPECIFIED)
    assign_stereo(image)
    for axis in axes(molecule):
        mark(image, replace(axis, sign=-axis.sign))
    return image
