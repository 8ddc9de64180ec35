"""How errors name an atom of a molecule."""

from __future__ import annotations

from rdkit import Chem


def atom_name(atom: Chem.Atom) -> str:
    """An atom as errors name it: ``P (atom 4, map number 1)``, atoms counted from 0."""
    number = atom.GetAtomMapNum()
    return f"{atom.GetSymbol()} (atom {atom.GetIdx()}{f', map number {number}' if number else ''})"
