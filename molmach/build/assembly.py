"""The built machine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import rdForceFieldHelpers, rdMolDescriptors

from molmach import units

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Assembly:
    """A machine in the laboratory frame.

    The axle lies on the z axis, from its first atom to its second, its midpoint at the origin;
    the reference atom lies in the xz half-plane with x > 0.

    Attributes
    ----------
    name
        The machine's name.
    molecule
        RDKit molecule with explicit hydrogens and one conformer (angstrom, RDKit's unit).
    axle
        Indices of the axle's two atoms, from -> to.
    stator
        Indices of the anchored atoms.
    rotor
        Indices of the atoms that turn.
    force_field
        ``MMFF94`` or ``MMFF94s``: the partial charges and the geometry come from it.
    """

    name: str
    molecule: Chem.Mol
    axle: tuple[int, int]
    stator: tuple[int, ...]
    rotor: tuple[int, ...]
    force_field: str

    @property
    def positions_nm(self) -> Floats:
        """(n_atoms, 3) coordinates, nm."""
        return np.asarray(self.molecule.GetConformer().GetPositions(), dtype=np.float64) / 10.0

    @property
    def masses(self) -> Floats:
        """(n_atoms,) standard atomic masses, u."""
        return np.array([atom.GetMass() for atom in self.molecule.GetAtoms()])

    @property
    def charges(self) -> Floats:
        """(n_atoms,) MMFF94 partial charges, e."""
        properties = rdForceFieldHelpers.MMFFGetMoleculeProperties(
            self.molecule, mmffVariant=self.force_field
        )
        return np.array([properties.GetMMFFPartialCharge(i) for i in range(self.molecule.GetNumAtoms())])

    @property
    def formula(self) -> str:
        """Molecular formula in Hill order."""
        return str(rdMolDescriptors.CalcMolFormula(self.molecule))

    @property
    def smiles(self) -> str:
        """Canonical isomeric SMILES without map numbers."""
        plain = Chem.RemoveHs(self.molecule)
        for atom in plain.GetAtoms():
            atom.SetAtomMapNum(0)
        return str(Chem.MolToSmiles(plain))

    @property
    def chiral(self) -> bool:
        """Whether the molecule has a stereocentre that its mirror image turns over."""
        image = Chem.Mol(self.molecule)
        for atom in image.GetAtoms():
            atom.InvertChirality()
        return _canonical(image) != _canonical(self.molecule)

    def moment_of_inertia(self, masses: Floats | None = None) -> float:
        """Rotor's moment of inertia about the axle, u nm^2.

        Parameters
        ----------
        masses
            (n_atoms,) masses in u, where hydrogen masses were changed; the standard ones otherwise.
        """
        atoms = list(self.rotor)
        off_axis = self.positions_nm[atoms, :2]
        weights = (self.masses if masses is None else masses)[atoms]
        return float(np.sum(weights * np.sum(off_axis**2, axis=1)))

    @property
    def dipole_debye(self) -> Floats:
        """(3,) dipole moment of the whole molecule from its partial charges, debye, about the origin."""
        return np.asarray(self.charges @ self.positions_nm / units.DEBYE)

    @property
    def rotor_dipole_debye(self) -> Floats:
        """(2,) part of the rotor's dipole that lies across the axle (x, y), debye.

        It is taken about the axle, so that its torque in a uniform field is the rotor's even where
        the rotor alone is not neutral.
        """
        atoms = list(self.rotor)
        return np.asarray(self.charges[atoms] @ self.positions_nm[atoms, :2] / units.DEBYE)


def _canonical(molecule: Chem.Mol) -> str:
    return str(Chem.MolToSmiles(Chem.RemoveHs(molecule)))
