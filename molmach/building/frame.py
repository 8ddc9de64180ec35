"""Laying a molecule into the laboratory frame."""

from __future__ import annotations

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdMolTransforms

from molmach.building.assembly import Floats


def to_frame(molecule: Chem.Mol, origin: Floats, x: Floats, z: Floats) -> None:
    """Move a conformer so that ``origin`` lies at zero, ``x`` and the unit vector ``z`` on the axes.

    All in angstrom, (3,); ``x`` has any length and is at right angles to ``z``.
    """
    x = x / np.linalg.norm(x)
    frame = np.eye(4)
    frame[:3, :3] = np.stack([x, np.cross(z, x), z])
    frame[:3, 3] = -frame[:3, :3] @ origin
    rdMolTransforms.TransformConformer(molecule.GetConformer(), frame)
