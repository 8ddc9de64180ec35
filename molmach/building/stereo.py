"""Whether a text says which isomer is meant, and whether a structure is that isomer.

A machine of either hand would be built by chance otherwise: every element of stereochemistry is given, or
asked for with the texts to choose from. What no text tells apart here (two hands of an allene or of a spiro
atom between equal rings) is refused.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdDistGeom, rdMolDescriptors, rdMolTransforms

from molmach.errors import BuildError
from molmach.spec.atoms import atom_name
from molmach.spec.axes import Axis, arms, axes, canonical_smiles, mark, ranks, turn_over
from molmach.spec.marks import is_drawn_double

Bonds = set[frozenset[int]]
"""Bonds by their two atoms."""

MAX_LISTED = 8
"""Isomers that an error lists; only where there are no more is each held against three dimensions."""

MOST_OPEN = 6
"""Elements of which all isomers are listed: there are 64 of them."""

_SMALLEST_RING_WITH_AN_AXIS = 8
_TAGS = (Chem.ChiralType.CHI_TETRAHEDRAL_CW, Chem.ChiralType.CHI_TETRAHEDRAL_CCW)
_PYRAMIDS = (7, 15, 33)
"""N, P and As: with three neighbours and a lone pair they can be stereocentres."""

_DOUBLE = (Chem.BondStereo.STEREOCIS, Chem.BondStereo.STEREOTRANS)
_GIVEN = (Chem.BondStereo.STEREOE, Chem.BondStereo.STEREOZ, *_DOUBLE)
_CUMULATED = Chem.MolFromSmarts("[#6;$([#6](=*)=*)]")


@dataclass(frozen=True)
class Open:
    """An element of stereochemistry that a text leaves open.

    Attributes
    ----------
    what
        In words.
    set_to
        Gives a copy of the molecule one of the two: 0 or 1.
    """

    what: str
    set_to: Callable[[Chem.Mol, int], None]


def require_stereo(molecule: Chem.Mol, text: str, field: str, turning: Bonds) -> None:
    """Raise BuildError for an element of stereochemistry that is not given, or that can't be.

    Parameters
    ----------
    molecule
        Hydrogens explicit, behind all others.
    text
        The SMILES that it was read from, in which errors count atoms.
    field
        Where its SMILES stands in the machine file.
    turning
        Bonds about which parts of the machine turn: a twist about them does not last.
    """
    for axis in axes(molecule):
        if frozenset(axis.atoms[1:3]) in turning:
            raise BuildError(
                f"{field}: the bond of atoms {axis.atoms[1]} and {axis.atoms[2]} of {text} is marked as an "
                "axis of chirality (wU or wD), but the machine turns about it; expected no mark there"
            )
    _refuse_what_no_text_holds(molecule, text, field, ranks(molecule))
    left_open = open_elements(molecule, turning)
    if not left_open:
        return
    texts = isomers(molecule, left_open)
    if texts == [canonical_smiles(Chem.RemoveHs(molecule))]:
        raise BuildError(
            f"{field}: {left_open[0].what} of {text} has two isomers that no SMILES tells apart here; "
            "expected a molecule without it"
        )
    listed = ", ".join(f"'{text}'" for text in texts[:MAX_LISTED])
    more = "" if len(texts) <= MAX_LISTED else f", or one of {len(texts) - MAX_LISTED} or more others"
    raise BuildError(
        f"{field}: {left_open[0].what} of {text} is not specified, so the machine could be any of its "
        f"isomers; expected one of {listed}{more}"
    )


def open_elements(molecule: Chem.Mol, turning: Bonds) -> list[Open]:
    """Every element of stereochemistry that a molecule leaves open; see :func:`require_stereo`."""
    order = ranks(molecule)
    return [
        *_open_atoms_and_bonds(molecule, order),
        *(_open_axis(molecule, bond, order) for bond in stable_axes(molecule, turning)),
    ]


def isomers(molecule: Chem.Mol, left_open: Sequence[Open]) -> list[str]:
    """Canonical SMILES, map numbers kept, of the isomers that differ in what is left open.

    Those that have no structure in three dimensions, as a trans bond across a small ring, are left out where
    there are at most :data:`MAX_LISTED`.
    """
    texts: dict[str, None] = {}
    several = left_open[:MOST_OPEN]
    for choice in itertools.product((0, 1), repeat=len(several)):
        isomer = Chem.Mol(molecule)
        for element, way in zip(several, choice, strict=True):
            element.set_to(isomer, way)
        Chem.SetDoubleBondNeighborDirections(isomer)
        texts[canonical_smiles(Chem.RemoveHs(isomer))] = None
    if not 1 < len(texts) <= MAX_LISTED:
        return sorted(texts)
    exist = {text for text in texts if _exists(text)}
    return sorted(text for text in texts if text in exist or image(text) in exist) or sorted(texts)


def image(smiles: str) -> str:
    """Canonical SMILES of the mirror image, which exists wherever the molecule does."""
    image = Chem.MolFromSmiles(smiles)
    for atom in image.GetAtoms():
        atom.InvertChirality()
    turn_over(image)
    return canonical_smiles(image)


def _exists(smiles: str) -> bool:
    parameters = rdDistGeom.ETKDGv3()
    parameters.randomSeed = 7
    parameters.numThreads = 1
    parameters.maxIterations = 5
    return bool(rdDistGeom.EmbedMolecule(Chem.AddHs(Chem.MolFromSmiles(smiles)), parameters) == 0)


def _open_atoms_and_bonds(molecule: Chem.Mol, order: list[int]) -> Iterator[Open]:
    """Stereocentres and double bonds without a mark."""
    for element in Chem.FindPotentialStereo(molecule):
        if element.specified == Chem.StereoSpecified.Specified:
            continue
        if element.type == Chem.StereoType.Atom_Tetrahedral:
            atom = molecule.GetAtomWithIdx(element.centeredOn)
            if atom.GetDegree() > 2 and not is_symmetric_bridgehead(molecule, atom, order):
                yield _open_atom(atom)
        elif element.type == Chem.StereoType.Bond_Double:
            bond = molecule.GetBondWithIdx(element.centeredOn)
            if not _is_cumulated(bond) and not is_drawn_double(bond):
                yield _open_bond(molecule, bond)


def _open_atom(atom: Chem.Atom) -> Open:
    index = atom.GetIdx()

    def set_to(isomer: Chem.Mol, way: int) -> None:
        isomer.GetAtomWithIdx(index).SetChiralTag(_TAGS[way])

    return Open(f"the stereocentre {atom_name(atom)}", set_to)


def _open_bond(molecule: Chem.Mol, bond: Chem.Bond) -> Open:
    index, (first, second) = bond.GetIdx(), arms(molecule, bond)

    def set_to(isomer: Chem.Mol, way: int) -> None:
        double = isomer.GetBondWithIdx(index)
        double.SetStereoAtoms(first[0], second[0])
        double.SetStereo(_DOUBLE[way])

    return Open(f"the double bond between atoms {bond.GetBeginAtomIdx()} and {bond.GetEndAtomIdx()}", set_to)


def _open_axis(molecule: Chem.Mol, bond: Chem.Bond, order: list[int]) -> Open:
    first, second = (min(end, key=lambda i: order[i]) for end in arms(molecule, bond))
    atoms = (first, bond.GetBeginAtomIdx(), bond.GetEndAtomIdx(), second)

    def set_to(isomer: Chem.Mol, way: int) -> None:
        mark(isomer, Axis(bond.GetIdx(), atoms, (-1, 1)[way]))

    return Open(
        f"the hand of the axis between atoms {atoms[1]} and {atoms[2]}, so crowded that its twist lasts,",
        set_to,
    )


def stable_axes(molecule: Chem.Mol, turning: Bonds) -> list[Chem.Bond]:
    """Bonds between two aromatic rings whose twist lasts and has a hand, and is not marked.

    The rule is by ortho positions: of two six-membered rings at least three of the four bear something larger
    than hydrogen or fluorine (the atoms of a fused ring count), with a five-membered ring, whose neighbours
    stand farther off, all four do; about smaller rings groups pass each other. Such biaryls pass the 93
    kJ/mol at 300 K (a half-life of 1000 s) from which on Oki, Top. Stereochem. 14, 1 (1983), speaks of
    atropisomers; see Bringmann et al., Angew. Chem. Int. Ed. 44, 5384 (2005). Two large ortho groups can be
    enough; such an axis is kept where it is marked, and not asked for.
    """
    order = ranks(molecule)
    marked = {axis.bond for axis in axes(molecule)}
    rings = molecule.GetRingInfo()
    stable = []
    for bond in molecule.GetBonds():
        ends = bond.GetBeginAtom(), bond.GetEndAtom()
        if bond.GetBondType() != Chem.BondType.SINGLE or not all(end.GetIsAromatic() for end in ends):
            continue
        if bond.IsInRing() and rings.MinBondRingSize(bond.GetIdx()) < _SMALLEST_RING_WITH_AN_AXIS:
            continue
        if bond.GetIdx() in marked or frozenset(end.GetIdx() for end in ends) in turning:
            continue
        sides = arms(molecule, bond)
        if any(len(side) != 2 or order[side[0]] == order[side[1]] for side in sides):
            continue
        crowded = sum(
            _is_crowded(molecule, atom, end) for end, s in zip(ends, sides, strict=True) for atom in s
        )
        sizes = [rings.MinAtomRingSize(end.GetIdx()) for end in ends]
        if min(sizes) >= 5 and crowded >= (4 if min(sizes) == 5 else 3):
            stable.append(bond)
    return stable


def _is_crowded(molecule: Chem.Mol, ortho: int, end: Chem.Atom) -> bool:
    """Whether an ortho position bears something larger than hydrogen or fluorine."""
    ring = next(r for r in molecule.GetRingInfo().AtomRings() if ortho in r and end.GetIdx() in r)
    borne = [a for a in molecule.GetAtomWithIdx(ortho).GetNeighbors() if a.GetIdx() not in ring]
    return any(atom.GetAtomicNum() not in (1, 9) for atom in borne)


def is_symmetric_bridgehead(molecule: Chem.Mol, atom: Chem.Atom, order: list[int]) -> bool:
    """Whether an atom joins three rings with two equal arms, as in triptycene: no stereocentre by itself."""
    neighbours = [order[neighbour.GetIdx()] for neighbour in atom.GetNeighbors()]
    rings = molecule.GetRingInfo().NumAtomRings(atom.GetIdx())
    return rings >= 3 and len(set(neighbours)) < len(neighbours)


def _refuse_what_no_text_holds(molecule: Chem.Mol, text: str, field: str, order: list[int]) -> None:
    """Elements whose marks RDKit clears away as it reads a text."""
    for words, atom in _without_a_mark(molecule, order):
        raise BuildError(
            f"{field}: {words} at {atom_name(atom)} of {text} has two isomers that no SMILES tells apart "
            "here; expected a molecule without it"
        )


def _without_a_mark(molecule: Chem.Mol, order: list[int]) -> Iterator[tuple[str, Chem.Atom]]:
    for (index,) in molecule.GetSubstructMatches(_CUMULATED):
        if _ends_differ(molecule, index, order):
            yield "the row of double bonds", molecule.GetAtomWithIdx(index)
    bridgeheads: list[int] = []
    rdMolDescriptors.CalcNumBridgeheadAtoms(molecule, bridgeheads)
    held = {element.centeredOn for element in Chem.FindPotentialStereo(molecule)}
    for atom in molecule.GetAtoms():
        if atom.GetChiralTag() != Chem.ChiralType.CHI_UNSPECIFIED:
            continue
        around = {order[neighbour.GetIdx()] for neighbour in atom.GetNeighbors()}
        if atom.GetAtomicNum() == 7 and atom.GetIdx() in bridgeheads and atom.GetDegree() == len(around) == 3:
            yield "the bridge's nitrogen", atom
        if _is_lasting_pyramid(atom) and len(around) == 3 and atom.GetIdx() not in held:
            yield "the nitrogen beside another or oxygen in a ring of three", atom
        if _is_spiro_between_equal_rings(molecule, atom, order):
            yield "the spiro atom between equal rings", atom


def _is_lasting_pyramid(atom: Chem.Atom) -> bool:
    """Whether an atom is nitrogen with three neighbours in a ring of three, N or O beside it there.

    Such nitrogen (oxaziridines, diaziridines) does not turn over in a machine's time, while N-aryl aziridines
    do; where a flat group beside it has RDKit take it for flat, no SMILES has its hand.
    """
    rings = [r for r in atom.GetOwningMol().GetRingInfo().AtomRings() if len(r) == 3 and atom.GetIdx() in r]
    return (
        bool(rings)
        and atom.GetAtomicNum() == 7
        and atom.GetDegree() == 3
        and any(
            neighbour.GetAtomicNum() in (7, 8) and neighbour.GetIdx() in ring
            for ring in rings
            for neighbour in atom.GetNeighbors()
        )
    )


def _is_cumulated(bond: Chem.Bond) -> bool:
    ends = (bond.GetBeginAtom(), bond.GetEndAtom())
    return any(sum(b.GetBondType() == Chem.BondType.DOUBLE for b in end.GetBonds()) > 1 for end in ends)


def _ends_differ(molecule: Chem.Mol, index: int, order: list[int]) -> bool:
    """Whether the atoms at both ends of a row of double bonds bear two different groups each."""
    for start in molecule.GetAtomWithIdx(index).GetNeighbors():
        last, atom = index, start
        while True:
            others = [a for a in atom.GetNeighbors() if a.GetIdx() != last]
            bond = molecule.GetBondBetweenAtoms(atom.GetIdx(), others[0].GetIdx()) if others else None
            if len(others) == 1 and bond is not None and bond.GetBondType() == Chem.BondType.DOUBLE:
                last, atom = atom.GetIdx(), others[0]
                continue
            break
        if not others or (len(others) == 2 and order[others[0].GetIdx()] == order[others[1].GetIdx()]):
            return False
        if len(others) == 1 and atom.GetAtomicNum() != 7:
            return False
    return True


def _is_spiro_between_equal_rings(molecule: Chem.Mol, atom: Chem.Atom, order: list[int]) -> bool:
    """Whether two rings meet in one atom, the arms of each different, and are each other's image."""
    rings = [set(ring) for ring in molecule.GetRingInfo().AtomRings() if atom.GetIdx() in ring]
    if atom.GetDegree() != 4 or len(rings) != 2 or len(rings[0] & rings[1]) != 1:
        return False
    first, second = (
        sorted(order[a.GetIdx()] for a in atom.GetNeighbors() if a.GetIdx() in ring) for ring in rings
    )
    return first == second and len(set(first)) == 2


def assign_stereo(molecule: Chem.Mol) -> None:
    """Set the stereochemistry that a molecule's one conformer has, in place; marks of axes stay.

    RDKit's own function leaves out atoms with a lone pair and three neighbours in a pyramid that lasts, which
    it reads and writes in SMILES: phosphorus, arsenic, and nitrogen of small rings and of bridges.
    """
    Chem.AssignStereochemistryFrom3D(molecule)
    places = np.asarray(molecule.GetConformer().GetPositions())
    for element in Chem.FindPotentialStereo(molecule):
        if element.type != Chem.StereoType.Atom_Tetrahedral:
            continue
        atom = molecule.GetAtomWithIdx(element.centeredOn)
        if atom.GetAtomicNum() not in _PYRAMIDS or atom.GetDegree() != 3 or atom.GetFormalCharge():
            continue
        ends = [bond.GetOtherAtomIdx(atom.GetIdx()) for bond in atom.GetBonds()]
        atom.SetChiralTag(_TAGS[int(np.linalg.det(places[ends] - places[atom.GetIdx()]) > 0.0)])
    Chem.AssignStereochemistry(molecule, cleanIt=True, force=True)


def is_isomer(wanted: Chem.Mol, structure: Chem.Mol) -> bool:
    """Whether a structure's one conformer is the isomer that a molecule of the same atoms is marked as."""
    seen = Chem.Mol(structure)
    assign_stereo(seen)
    for atom, there in zip(wanted.GetAtoms(), seen.GetAtoms(), strict=True):
        if {atom.GetChiralTag(), there.GetChiralTag()} == set(_TAGS):
            return False
    for bond in wanted.GetBonds():
        there = seen.GetBondWithIdx(bond.GetIdx()).GetStereo()
        if bond.GetStereo() in _GIVEN and there in _GIVEN and bond.GetStereo() != there:
            return False
    return hands(structure, axes(wanted)) == [axis.sign for axis in axes(wanted)]


def hands(structure: Chem.Mol, marked: Sequence[Axis]) -> list[int]:
    """Signs of the dihedral angles of axes in a structure's conformer."""
    conformer = structure.GetConformer()
    return [int(np.sign(rdMolTransforms.GetDihedralRad(conformer, *axis.atoms))) for axis in marked]
