"""Axes of chirality: single bonds about which a molecule has a lasting twist, as in binaphthyls.

RDKit reads their marks from a SMILES with an extension (``|wU:18.19|``: from atom 18 bond 19 comes up),
places atoms by them, and keeps them through its edits; its own writer gives one molecule several texts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rdkit import Chem

_SIGNS = {Chem.BondStereo.STEREOATROPCW: 1, Chem.BondStereo.STEREOATROPCCW: -1}
_STEREO = {sign: stereo for stereo, sign in _SIGNS.items()}

_LABEL = 10_000
"""Isotope numbers from here on are no element's: they make RDKit's canonical order see the axes."""


@dataclass(frozen=True)
class Axis:
    """A bond with a lasting twist, and its hand.

    Attributes
    ----------
    bond
        Index of the bond.
    atoms
        (arm, end, end, arm) indices: the bond's ends, and at each the neighbour that ranks lowest.
    sign
        +1 where the dihedral angle over ``atoms`` is positive, -1 where it is negative.
    """

    bond: int
    atoms: tuple[int, int, int, int]
    sign: int


def ranks(molecule: Chem.Mol) -> list[int]:
    """A number for each atom, the same for equal ones; map numbers and marks of axes are left out."""
    plain = without_axes(molecule)
    return list(Chem.CanonicalRankAtoms(plain, breakTies=False, includeAtomMaps=False))


def arms(molecule: Chem.Mol, bond: Chem.Bond) -> tuple[list[int], list[int]]:
    """Indices of the other neighbours of a bond's two ends, the lowest first."""
    first, second = bond.GetBeginAtom(), bond.GetEndAtom()
    return (
        sorted(a.GetIdx() for a in first.GetNeighbors() if a.GetIdx() != second.GetIdx()),
        sorted(a.GetIdx() for a in second.GetNeighbors() if a.GetIdx() != first.GetIdx()),
    )


def axes(molecule: Chem.Mol) -> list[Axis]:
    """The marked axes of a molecule without those whose mark says nothing, two arms of an end being equal."""
    marked = [bond for bond in molecule.GetBonds() if bond.GetStereo() in _SIGNS]
    order = ranks(molecule) if marked else []
    result = []
    for bond in marked:
        sign, lowest = _SIGNS[bond.GetStereo()], []
        for end in arms(molecule, bond):
            if len({order[i] for i in end}) < len(end):
                break
            lowest.append(min(end, key=lambda i: order[i]))
            sign *= 1 if lowest[-1] == end[0] else -1  # RDKit's mark refers to the lowest index
        else:
            atoms = (lowest[0], bond.GetBeginAtomIdx(), bond.GetEndAtomIdx(), lowest[1])
            result.append(Axis(bond.GetIdx(), atoms, sign))
    return result


def has_axes(molecule: Chem.Mol) -> bool:
    """Whether any bond has the mark of an axis, be it one that says nothing."""
    return any(bond.GetStereo() in _SIGNS for bond in molecule.GetBonds())


def mark(molecule: Chem.Mol, axis: Axis) -> None:
    """Give a bond the hand of an axis, in place; the axis must be of this molecule's atoms."""
    bond = molecule.GetBondBetweenAtoms(*axis.atoms[1:3])
    sign = axis.sign
    named = {axis.atoms[1]: axis.atoms[0], axis.atoms[2]: axis.atoms[3]}
    for end, others in zip((bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()), arms(molecule, bond), strict=True):
        sign *= 1 if named[end] == others[0] else -1
    bond.SetStereo(_STEREO[sign])


def renumbered(molecule: Chem.Mol, order: list[int]) -> Chem.Mol:
    """The molecule with its atoms in another order, where RDKit alone would lose the hand of its axes."""
    result = Chem.RenumberAtoms(without_axes(molecule), order)
    place = {atom: new for new, atom in enumerate(order)}
    for axis in axes(molecule):
        arm, end, other_end, other_arm = (place[atom] for atom in axis.atoms)
        mark(result, Axis(axis.bond, (arm, end, other_end, other_arm), axis.sign))
    return result


def without_axes(molecule: Chem.Mol) -> Chem.Mol:
    """A copy without marks of axes."""
    plain = Chem.Mol(molecule)
    for bond in plain.GetBonds():
        if bond.GetStereo() in _SIGNS:
            bond.SetStereo(Chem.BondStereo.STEREONONE)
    return plain


def turn_over(molecule: Chem.Mol) -> None:
    """The mirror image's marks of axes, in place."""
    for bond in molecule.GetBonds():
        if bond.GetStereo() in _SIGNS:
            bond.SetStereo(_STEREO[-_SIGNS[bond.GetStereo()]])


def canonical_smiles(molecule: Chem.Mol) -> str:
    """One text for one molecule: RDKit's canonical SMILES and, where it has marked axes, their marks.

    Writing once orders the atoms; writing what was read back settles the order of ring bonds and
    stereo marks, which can take more than one pass.

        >>> canonical_smiles(Chem.MolFromSmiles("OCC"))
        'CCO'
    """
    smiles = _written(molecule)
    for _ in range(5):
        again = _written(Chem.MolFromSmiles(smiles))
        if again == smiles:
            break
        smiles = again
    return smiles


def _written(molecule: Chem.Mol) -> str:
    present = axes(molecule)
    if not present:
        return str(Chem.MolToSmiles(without_axes(molecule)))
    labelled = without_axes(molecule)
    for axis in present:
        for end in axis.atoms[1:3]:
            atom = labelled.GetAtomWithIdx(end)
            atom.SetIsotope(atom.GetIsotope() + (3 + axis.sign) * _LABEL)
    Chem.MolToSmiles(labelled)
    order = _order(labelled, "_smilesAtomOutputOrder")
    plain = Chem.RenumberAtoms(
        without_axes(molecule), order
    )  # marks would keep their letter and lose their hand
    base = str(Chem.MolToSmiles(plain, canonical=False))
    written = {atom: place for place, atom in enumerate(_order(plain, "_smilesAtomOutputOrder"))}
    at = {atom: written[place] for place, atom in enumerate(order)}
    read = Chem.MolFromSmiles(base)
    for axis in present:
        arm, end, other_end, other_arm = (at[atom] for atom in axis.atoms)
        mark(read, Axis(axis.bond, (arm, end, other_end, other_arm), axis.sign))
    bonds = []
    for index in _order(plain, "_smilesBondOutputOrder"):
        bond = plain.GetBondWithIdx(index)
        ends = (written[end] for end in (bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()))
        bonds.append(read.GetBondBetweenAtoms(*ends).GetIdx())
    return f"{base} |{_extension(read, base, bonds)}|"


def _order(molecule: Any, name: str) -> list[int]:
    """The order in which atoms or bonds were written last."""
    return [int(i) for i in molecule.GetProp(name).strip("[],").split(",") if i]


def _extension(wanted: Chem.Mol, base: str, bonds: list[int]) -> str:
    """The wedges that give the axes of ``wanted``, which was read from ``base``.

    Without coordinates a wedge means what RDKit takes it for, so that each is tried up and down. A wedge
    names its bond by the place in which the text has it; ``bonds`` are the bonds in that order.
    """
    marks: dict[str, list[str]] = {"wU": [], "wD": []}
    for axis in axes(wanted):
        arm, end = axis.atoms[:2]
        place = f"{end}.{bonds.index(wanted.GetBondBetweenAtoms(arm, end).GetIdx())}"
        read = Chem.MolFromSmiles(f"{base} |wU:{place}|")
        up = read.GetBondWithIdx(axis.bond).GetStereo() == wanted.GetBondWithIdx(axis.bond).GetStereo()
        marks["wU" if up else "wD"].append(place)
    extension = ",".join(f"{kind}:{','.join(places)}" for kind, places in marks.items() if places)
    if axes(Chem.MolFromSmiles(f"{base} |{extension}|")) != axes(wanted):
        raise ValueError(f"{base}: the hand of its axis can't be written; expected one that RDKit can mark")
    return extension
