"""The isomers that a drawing leaves open, with their labels after Cahn, Ingold and Prelog."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rdkit import Chem, rdBase
from rdkit.Chem import rdCIPLabeler

from molmach.building.stereo import MOST_OPEN, Bonds, image, isomers, open_elements
from molmach.spec.axes import canonical_smiles

_CODE = "_CIPCode"


@dataclass(frozen=True)
class Isomer:
    """One of the molecules that a drawing may mean.

    Attributes
    ----------
    smiles
        With a map number for each heavy atom: its number in the drawing and one.
    labels
        Such as ``C2 R``, ``C13=C14 Z``, ``C10-C11 M``; atoms as in the drawing, counted from 0.
    mirror_of
        Number of the isomer before it, from 1, whose mirror image it is; None for the others.
    """

    smiles: str
    labels: tuple[str, ...]
    mirror_of: int | None = None

    @property
    def words(self) -> str:
        """Its labels, or that it has none."""
        told = ", ".join(self.labels) or "no stereocentre"
        return told if self.mirror_of is None else f"{told} (mirror image of {self.mirror_of})"


def isomers_of(molecule: Chem.Mol, turning: Iterable[tuple[int, int]]) -> list[Isomer]:
    """Isomers of a drawn molecule that turns about some bonds; the drawing alone where it leaves none open.

    A twist about a bond that turns does not last. Elements beyond the first six that are open are each taken
    one way, so that no more than 64 isomers are listed.

    Parameters
    ----------
    molecule
        As drawn, hydrogens implicit, no map numbers.
    turning
        Its bonds about which a machine turns, each by its two atoms.
    """
    bonds: Bonds = {frozenset(bond) for bond in turning}
    with rdBase.BlockLogs():
        numbered = Chem.Mol(molecule)
        for atom in numbered.GetAtoms():
            atom.SetAtomMapNum(atom.GetIdx() + 1)
        whole = Chem.AddHs(numbered)
        left_open = open_elements(whole, bonds)
        for element in left_open[MOST_OPEN:]:
            element.set_to(whole, 0)
        texts = _different(isomers(whole, left_open))
        return [Isomer(text, labels_of(text), _mirrored(texts, number)) for number, text in enumerate(texts)]


def _different(texts: list[str]) -> list[str]:
    """Without those that are another but for the map numbers."""
    return list({_plain(text): text for text in reversed(texts)}.values())[::-1]


def _mirrored(texts: list[str], number: int) -> int | None:
    before = [_plain(text) for text in texts[:number]]
    mirrored = _plain(image(texts[number]))
    if mirrored == _plain(texts[number]) or mirrored not in before:
        return None
    return before.index(mirrored) + 1


def _plain(smiles: str) -> str:
    molecule = Chem.MolFromSmiles(smiles)
    for atom in molecule.GetAtoms():
        atom.SetAtomMapNum(0)
    return canonical_smiles(molecule)


def labels_of(smiles: str) -> tuple[str, ...]:
    """Labels of stereocentres, double bonds and axes of a molecule that :class:`Isomer` has as text."""
    molecule = Chem.MolFromSmiles(smiles)
    drawn = {}
    for atom in molecule.GetAtoms():
        drawn[atom.GetIdx()] = atom.GetAtomMapNum() - 1
        atom.SetAtomMapNum(0)
    Chem.AssignStereochemistry(molecule, cleanIt=True, force=True)
    rdCIPLabeler.AssignCIPLabels(molecule)
    labels = [
        (drawn[atom.GetIdx()], f"{atom.GetSymbol()}{drawn[atom.GetIdx()]} {atom.GetProp(_CODE)}")
        for atom in molecule.GetAtoms()
        if atom.HasProp(_CODE)
    ]
    for bond in molecule.GetBonds():
        if bond.HasProp(_CODE):
            ends = sorted(
                (drawn[a.GetIdx()], a.GetSymbol()) for a in (bond.GetBeginAtom(), bond.GetEndAtom())
            )
            (first, symbol), (second, other) = ends
            sign = "=" if bond.GetBondType() == Chem.BondType.DOUBLE else "-"
            labels.append((first, f"{symbol}{first}{sign}{other}{second} {bond.GetProp(_CODE)}"))
    return tuple(text for _, text in sorted(labels))
