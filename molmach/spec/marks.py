"""What the text of a molecule says of its stereochemistry beyond what is read, built and kept."""

from __future__ import annotations

import re

from rdkit import Chem

from molmach.spec.axes import axes

_TETRAHEDRAL = (
    Chem.ChiralType.CHI_UNSPECIFIED,
    Chem.ChiralType.CHI_TETRAHEDRAL_CW,
    Chem.ChiralType.CHI_TETRAHEDRAL_CCW,
)
_MIXTURES = {
    Chem.StereoGroupType.STEREO_AND: "a mixture of two isomers",
    Chem.StereoGroupType.STEREO_OR: "one of two isomers, not known which",
}
_SHAPES = {
    Chem.ChiralType.CHI_SQUAREPLANAR: "square planar",
    Chem.ChiralType.CHI_TRIGONALBIPYRAMIDAL: "trigonal bipyramidal",
    Chem.ChiralType.CHI_OCTAHEDRAL: "octahedral",
}
_WEDGES = re.compile(r"w[UD]:([0-9.,]+)")


def require_one_isomer(smiles: str, molecule: Chem.Mol) -> None:
    """Raise ValueError for stereochemistry of a text that means no single isomer, or that is lost in reading.

    Parameters
    ----------
    smiles
        As a person wrote it, its extension (``|...|``) included.
    molecule
        As RDKit read it.
    """
    for group in molecule.GetStereoGroups():
        if group.GetGroupType() in _MIXTURES:
            raise ValueError(
                f"got {smiles!r}, whose stereo group ('&' or 'o' in the extension) means "
                f"{_MIXTURES[group.GetGroupType()]}; expected one isomer, without such a group"
            )
    for atom in molecule.GetAtoms():
        if atom.GetChiralTag() not in _TETRAHEDRAL:
            raise ValueError(
                f"got {smiles!r} with the mark for {_SHAPES.get(atom.GetChiralTag(), 'rarer')} atoms on "
                f"{atom.GetSymbol()} (atom {atom.GetIdx()}), a shape that no force field here has; "
                "expected '@' or '@@', on tetrahedral atoms alone"
            )
    _require_wedges_kept(smiles, molecule)


def _require_wedges_kept(smiles: str, molecule: Chem.Mol) -> None:
    """A wedge of the extension that makes no axis is lost; with coordinates it may make a stereocentre."""
    if molecule.GetNumConformers():
        return
    ends = {end for axis in axes(molecule) for end in axis.atoms[1:3]}
    for places in _WEDGES.findall(smiles.partition("|")[2]):
        for place in filter(None, places.split(",")):
            atom = int(place.partition(".")[0])
            if atom not in ends:
                raise ValueError(
                    f"got {smiles!r} with the mark {place!r}, but atom {atom} is no end of an axis of "
                    "chirality (a single bond between two flat atoms, neither with two equal neighbours "
                    "beside it); expected the mark on one that is, or none"
                )
