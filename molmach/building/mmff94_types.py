"""MMFF94's atom types of a molecule, and whether its charges are those of the molecule."""

from __future__ import annotations

import re
from typing import Any

from rdkit import Chem, rdBase
from rdkit.Chem import rdForceFieldHelpers

from molmach.building.mmff94_charges import uncharged_atom
from molmach.errors import ForceFieldError
from molmach.spec.atoms import atom_name
from molmach.streams import caught_output

_ELEMENTS = {
    1: "H", 3: "Li+", 6: "C", 7: "N", 8: "O", 9: "F", 11: "Na+", 12: "Mg2+", 14: "Si", 15: "P", 16: "S",
    17: "Cl", 19: "K+", 20: "Ca2+", 26: "Fe", 29: "Cu", 30: "Zn2+", 35: "Br", 53: "I",
}  # fmt: skip

_OPEN_SHELLS = (26, 29)
"""Iron and copper, whose ions MMFF94 has with the unpaired electrons that belong to them."""

_TABLE = 2
"""How talkative RDKit has to be to print the table of types."""

_YLIDE = (
    "an ylide drawn with a double bond, for which MMFF94 has no charges in any drawing; "
    "expected another molecule"
)
_OTHER_DRAWINGS = {
    "[#6]=[PX4,SX4]": _YLIDE,
    "[#6]=[SX3;!$(S~[#8X1])]": _YLIDE,
    "[#7-]-[#7+]#[#7]": "an azide drawn as N-[N+]#N, for which MMFF94 has no types; expected N=[N+]=[N-]",
}
"""Drawings of what has other types or none as drawn otherwise; sulfenes and sulfines have their own."""

_PATTERNS = {Chem.MolFromSmarts(smarts): words for smarts, words in _OTHER_DRAWINGS.items()}

_UNTYPED = re.compile(r"^\S+\s+#(\d+)\s+0\s", re.MULTILINE)


def typed(molecule: Chem.Mol, variant: str) -> Any:
    """RDKit's properties of a molecule for ``MMFF94`` or ``MMFF94s``: types, charges, parameters.

    Raises
    ------
    ForceFieldError
        An atom lacks hydrogens, has an unpaired electron or no type, or MMFF94 does not give it its charge,
        or is drawn so that it has another type than in another drawing; the message names it.
    """
    for atom in molecule.GetAtoms():
        if atom.GetTotalNumHs():
            raise ForceFieldError(
                f"{atom_name(atom)} lacks hydrogens ({atom.GetTotalNumHs()}); expected every hydrogen as an "
                "atom of its own"
            )
        if atom.GetNumRadicalElectrons() and atom.GetAtomicNum() not in _OPEN_SHELLS:
            raise ForceFieldError(
                f"{atom_name(atom)} has an unpaired electron; expected a closed-shell molecule"
            )
    for pattern, words in _PATTERNS.items():
        for match in molecule.GetSubstructMatches(pattern):
            named = " and ".join(atom_name(molecule.GetAtomWithIdx(i)) for i in match[:2])
            raise ForceFieldError(f"{variant}: {named} are of {words}")
    with rdBase.BlockLogs():
        properties = rdForceFieldHelpers.MMFFGetMoleculeProperties(molecule, mmffVariant=variant)
    if properties is None:
        raise ForceFieldError(_no_type(molecule, variant))
    lost = uncharged_atom(molecule, properties)
    if lost is not None:
        atom = molecule.GetAtomWithIdx(lost.atom)
        raise ForceFieldError(
            f"{variant} has {lost.given} at {atom_name(atom)}, where the molecule has {lost.formal}, so its "
            "partial charges would be another ion's; expected charges that MMFF94 has atom types for, as "
            "those of ammoniums, pyridiniums and carboxylates"
        )
    return properties


def _no_type(molecule: Chem.Mol, variant: str) -> str:
    for atom in molecule.GetAtoms():
        if atom.GetAtomicNum() not in _ELEMENTS:
            known = ", ".join(_ELEMENTS.values())
            return f"{variant} has no atom type for {atom_name(atom)}; expected only {known}"
    with rdBase.BlockLogs(), caught_output() as caught:
        rdForceFieldHelpers.MMFFGetMoleculeProperties(molecule, mmffVariant=variant, mmffVerbosity=_TABLE)
    untyped = [molecule.GetAtomWithIdx(int(number) - 1) for number in _UNTYPED.findall(caught.text)]
    named = ", ".join(_bonded(atom) for atom in untyped[:5]) or "an atom"
    return f"{variant} has no atom type for {named}; expected bonding that MMFF94 covers"


def _bonded(atom: Chem.Atom) -> str:
    charge = atom.GetFormalCharge()
    return (
        f"{atom_name(atom)} with {atom.GetDegree()} neighbours{f' and charge {charge:+d}' if charge else ''}"
    )
