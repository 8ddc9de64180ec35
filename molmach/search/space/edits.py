"""Open-ended edits of a molecule by reactions, which may lead out of the enumerated space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem import rdChemReactions
from rdkit.Chem.EnumerateStereoisomers import EnumerateStereoisomers, StereoEnumerationOptions

from molmach.errors import SpecError
from molmach.spec.axes import Axis, axes, canonical_smiles, mark
from molmach.spec.space import EDITS

_TERMINAL = "[F,Cl,Br,I,$([OX2H1]),$([NX3H2]),$([CX4H3]),$([CX2]#N)]"

_NAMED: dict[str, tuple[str, ...]] = {
    "replace": tuple(
        f"[#6:1]-{_TERMINAL}>>[#6:1]-{new}" for new in ("F", "Cl", "C", "O", "OC", "N", "C#N", "C(F)(F)F")
    ),
    "extend": tuple(
        f"[#6;!H0:1]>>[#6:1]-{new}" for new in ("C", "F", "Cl", "O", "OC", "N", "C#N", "CC", "C(F)(F)F")
    ),
    "cyclise": (
        "[c;H1:1]:[c;H1:2]>>[c:1]1:[c:2]CCC1",
        "[c;H1:1]:[c;H1:2]>>[c:1]1:[c:2]CCCC1",
        "[c;H1:1]:[c;H1:2]>>[c:1]1:[c:2]OCO1",
        "[c;H1:1]:[c;H1:2]>>[c:1]1:[c:2]C=CC=C1",
        "[CH3:1]-[c:2]:[c:3]-[CH3:4]>>[CH2:1]1-[c:2]:[c:3]-[CH2:4]-C-1",
    ),
    "swap_heteroatom": (
        "[c;H1:1]>>[n:1]",
        "[n;H0;X2:1]>>[cH:1]",
        "[CH2;R:1]>>[O:1]",
        "[CH2;R:1]>>[S:1]",
        "[O;R;X2:1]>>[CH2:1]",
        "[O;R;X2:1]>>[S:1]",
        "[S;R;X2:1]>>[O:1]",
    ),
}
assert set(_NAMED) == set(EDITS)


@dataclass(frozen=True)
class Reaction:
    """A named change of a molecule, as reaction SMARTS."""

    name: str
    smarts: str


def reactions_of(edits: Sequence[str]) -> tuple[Reaction, ...]:
    """The reactions that a space's edits stand for.

    Raises
    ------
    SpecError
        Neither a name nor reaction SMARTS of one reactant and one product.
    """
    reactions = []
    for edit in edits:
        if edit in _NAMED:
            reactions += [Reaction(edit, smarts) for smarts in _NAMED[edit]]
            continue
        try:
            with rdBase.BlockLogs():
                reaction = rdChemReactions.ReactionFromSmarts(edit)
                single = reaction.GetNumReactantTemplates() == 1 == reaction.GetNumProductTemplates()
        except ValueError:
            single = False
        if not single:
            raise SpecError(
                f"space.edits: got {edit!r}; expected {', '.join(EDITS)}, "
                "or reaction SMARTS of one reactant and one product"
            )
        reactions.append(Reaction(edit, edit))
    return tuple(reactions)


def edit_molecule(smiles: str, reaction: Reaction, rng: np.random.Generator) -> str | None:
    """One product of a reaction at random, map numbers kept; None where it does not apply.

    Named atoms (those with a map number) stay: products that lost one are left out. A stereocentre
    that the reaction makes gets a configuration at random; a product without an axis of chirality that the
    molecule has is left out.
    """
    with rdBase.BlockLogs():
        molecule = Chem.MolFromSmiles(smiles)
        numbers = [atom.GetAtomMapNum() for atom in molecule.GetAtoms()]
        products = [_named_again(p[0], numbers) for p in _compiled(reaction.smarts).RunReactants((molecule,))]
        wanted = sorted(number for number in numbers if number)
        texts = {_valid(product, wanted, axes(molecule)) for product in products}
        valid = sorted(text for text in texts if text is not None and text != smiles)
        if not valid:
            return None
        chosen = Chem.MolFromSmiles(valid[int(rng.integers(len(valid)))])
        options = StereoEnumerationOptions(onlyUnassigned=True, unique=True, maxIsomers=16)
        isomers = sorted(_written(isomer) for isomer in EnumerateStereoisomers(chosen, options))
        return str(isomers[int(rng.integers(len(isomers)))])


@cache
def _compiled(smarts: str) -> rdChemReactions.ChemicalReaction:
    return rdChemReactions.ReactionFromSmarts(smarts)


def _named_again(product: Chem.Mol, numbers: Sequence[int]) -> Chem.Mol:
    for atom in product.GetAtoms():
        atom.SetAtomMapNum(0)
        if atom.HasProp("react_atom_idx"):
            atom.SetAtomMapNum(numbers[atom.GetIntProp("react_atom_idx")])
    return product


def _mark_again(product: Chem.Mol, marked: Sequence[Axis]) -> None:
    """Give a product the axes of its reactant whose four atoms it has, which RDKit's reactions leave out."""
    place = {
        a.GetIntProp("react_atom_idx"): a.GetIdx() for a in product.GetAtoms() if a.HasProp("react_atom_idx")
    }
    for axis in marked:
        if all(atom in place for atom in axis.atoms):
            arm, end, other_end, other_arm = (place[atom] for atom in axis.atoms)
            if product.GetBondBetweenAtoms(end, other_end) is not None:
                mark(product, Axis(axis.bond, (arm, end, other_end, other_arm), axis.sign))


def _written(molecule: Chem.Mol) -> str:
    return canonical_smiles(molecule) if axes(molecule) else str(Chem.MolToSmiles(molecule))


def _valid(product: Chem.Mol, wanted: Sequence[int], marked: Sequence[Axis]) -> str | None:
    """SMILES of a product that keeps the ``wanted`` map numbers and its reactant's axes of chirality."""
    try:
        Chem.SanitizeMol(product)
    except (Chem.MolSanitizeException, ValueError):
        return None
    if sorted(a.GetAtomMapNum() for a in product.GetAtoms() if a.GetAtomMapNum()) != list(wanted):
        return None
    if len(Chem.GetMolFrags(product)) != 1:
        return None
    _mark_again(product, marked)
    if len(axes(product)) != len(marked):
        return None
    smiles = _written(product)
    return smiles if Chem.MolFromSmiles(smiles) is not None else None
