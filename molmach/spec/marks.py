"""What the text of a molecule says of its stereochemistry beyond what is read, built and kept."""

from __future__ import annotations

import re

from rdkit import Chem, rdBase

from molmach.spec.atoms import atom_name
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
_MOST_FLAT = 2
"""Neighbours of P, S, As or Se in a double bond about which nothing turns, as in phosphaalkenes."""

_WEDGES = re.compile(r"(w[UD]):([0-9.,]+)")


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
    for bond in molecule.GetBonds():
        if bond.GetStereo() > Chem.BondStereo.STEREOANY and is_drawn_double(bond):
            raise ValueError(
                f"got {smiles!r} with '/' or '\\' at the bond of {atom_name(bond.GetBeginAtom())} and "
                f"{atom_name(bond.GetEndAtom())}, about which groups turn: it is double in the drawing "
                "alone; expected no mark there"
            )
    for atom in molecule.GetAtoms():
        if atom.GetChiralTag() not in _TETRAHEDRAL:
            raise ValueError(
                f"got {smiles!r} with the mark for {_SHAPES.get(atom.GetChiralTag(), 'rarer')} atoms on "
                f"{atom_name(atom)}, a shape that no force field here has; "
                "expected '@' or '@@', on tetrahedral atoms alone"
            )
    _require_hands_kept(smiles)
    _require_wedges_kept(smiles, molecule)


def is_drawn_double(bond: Chem.Bond) -> bool:
    """Whether an end of a double bond has too many neighbours to be flat: S of sulfilimines, P of ylides."""
    ends = bond.GetBeginAtom(), bond.GetEndAtom()
    return bond.GetBondType() == Chem.BondType.DOUBLE and any(
        end.GetAtomicNum() in (15, 16, 33, 34) and end.GetTotalDegree() > _MOST_FLAT for end in ends
    )


def _require_hands_kept(smiles: str) -> None:
    """A '@' that RDKit takes away in reading is not built; what is open then is asked for later."""
    if "@" not in smiles:
        return
    parameters = Chem.SmilesParserParams()
    parameters.removeHs = False
    with rdBase.BlockLogs():
        kept = Chem.MolFromSmiles(smiles, parameters)
        parameters.sanitize = False
        given = Chem.MolFromSmiles(smiles, parameters)
    potential = {(element.type, element.centeredOn) for element in Chem.FindPotentialStereo(kept)}
    for atom, read in zip(given.GetAtoms(), kept.GetAtoms(), strict=True):
        lost = atom.GetChiralTag() in _TETRAHEDRAL[1:] and read.GetChiralTag() not in _TETRAHEDRAL[1:]
        asked_for = (Chem.StereoType.Atom_Tetrahedral, atom.GetIdx()) in potential
        if lost and not asked_for and not _is_cumulated(read):
            raise ValueError(
                f"got {smiles!r} with the mark '@' on {atom_name(atom)}, which is no stereocentre that a "
                f"SMILES holds: {_why_none(read)}; expected no mark there"
            )


def _is_cumulated(atom: Chem.Atom) -> bool:
    return bool(sum(bond.GetBondType() == Chem.BondType.DOUBLE for bond in atom.GetBonds()) > 1)


def _why_none(atom: Chem.Atom) -> str:
    if atom.GetAtomicNum() != 7 or atom.GetFormalCharge():
        return "it has two equal neighbours, or is flat"
    if atom.GetOwningMol().GetRingInfo().IsAtomInRingOfSize(atom.GetIdx(), 3):
        return (
            "nitrogen of a ring of three is one for RDKit only without a double bond or flat ring beside it"
        )
    return "nitrogen turns over by itself, except in rings of three and at the head of a bridge"


def _require_wedges_kept(smiles: str, molecule: Chem.Mol) -> None:
    """A wedge of the extension that makes no axis is lost; with coordinates it may make a stereocentre."""
    if molecule.GetNumConformers():
        return
    base = smiles.partition("|")[0].strip()
    together = axes(molecule)
    for way, places in _WEDGES.findall(smiles.partition("|")[2]):
        for place in filter(None, places.split(",")):
            with rdBase.BlockLogs():
                alone = axes(Chem.MolFromSmiles(f"{base} |{way}:{place}|"))
            if not alone:
                raise ValueError(
                    f"got {smiles!r} with the mark {place!r}, but atom {place.partition('.')[0]} is no end "
                    "of an axis of chirality (a single bond between two flat atoms, neither with two equal "
                    "neighbours beside it), or the bond is the axis itself; expected the mark on another "
                    "bond of one that is, or none"
                )
            if not set(alone) <= set(together):
                raise ValueError(
                    f"got {smiles!r}, where the mark {place!r} and another mean two hands of one axis of "
                    "chirality; expected one mark for each axis"
                )
