"""Molecules as chemists paste them, and which machine each is: ``tests/proposals/drawn.yaml``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from rdkit import Chem

from molmach import systems as library

_LIST = Path(__file__).parent.parent / "proposals" / "drawn.yaml"


@dataclass(frozen=True)
class Drawn:
    """A molecule, or two, and what it is.

    Attributes
    ----------
    name
        Of the case.
    pasted
        SMILES.
    kind
        Of the machine; ``none`` where nothing turns.
    axles
        Keys (:func:`key_of`) of axles that are right.
    stations
        SMILES of the thread, map numbers on atoms that a station holds or is next to.
    """

    name: str
    pasted: tuple[str, ...]
    kind: str
    axles: frozenset[str] = frozenset()
    stations: tuple[str, ...] = ()


def pasted() -> list[Drawn]:
    """The list, whose answers were written down before anything was proposed."""
    rows: list[dict[str, Any]] = yaml.safe_load(_LIST.read_text(encoding="utf-8"))
    return [
        Drawn(
            row["name"],
            tuple(row["pasted"]),
            row["kind"],
            frozenset(_key_of_mapped(text) for text in row.get("axles", ())),
            tuple(row.get("stations", ())),
        )
        for row in rows
    ]


def of_the_library() -> list[Drawn]:
    """The library's rotors without their map numbers; their axles are right."""
    rows = []
    for name in library.names():
        machine = yaml.safe_load(library.path(name).read_text(encoding="utf-8"))["machine"]
        if "smiles" not in machine:
            continue
        molecule = Chem.MolFromSmiles(machine["smiles"])
        ends = [a.GetIdx() for a in molecule.GetAtoms() if a.GetAtomMapNum() in machine["axle"]]
        key = key_of(molecule, ends)
        for atom in molecule.GetAtoms():
            atom.SetAtomMapNum(0)
        rows.append(Drawn(name, (Chem.MolToSmiles(molecule),), "rotor", frozenset({key})))
    return rows


def key_of(molecule: Chem.Mol, ends: list[int] | tuple[int, ...]) -> str:
    """One text for an axle, whichever end it is counted from and whichever of equal axles it is."""
    plain = Chem.Mol(molecule)
    Chem.RemoveStereochemistry(plain)
    for atom in plain.GetAtoms():
        atom.SetAtomMapNum(int(atom.GetIdx() in ends))
    return str(Chem.MolToSmiles(plain))


def _key_of_mapped(smiles: str) -> str:
    molecule = Chem.MolFromSmiles(smiles)
    return key_of(molecule, [a.GetIdx() for a in molecule.GetAtoms() if a.GetAtomMapNum()])
