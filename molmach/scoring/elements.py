"""Masses of a topology's atoms, where its file tells the elements, and where only their names do.

GRO files, PDB files without the element column, and MOL2 files whose types tell no element have names alone:
``CL1`` may be chlorine or a carbon, ``CA`` calcium or an alpha carbon. MDTraj takes the first letter. Here a
name is read as the convention of its residue has it, then by what is near the atom; where that leaves a
doubt, the mass is not known.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from molmach.data.statistics import Floats
from molmach.scoring.atom_types import elements_of_types
from molmach.scoring.frames import Snapshot
from molmach.scoring.images import nearest_image
from molmach.scoring.selection import Atoms
from molmach.scoring.times import ending_of, opened_text

_SURE = ("CL", "BR", "SI", "FE", "SE", "ZN", "MG", "LI", "AL", "PT", "AU", "AG", "TI", "RU", "RH", "IR", "MN")
"""Of an atom of these names in a molecule that has no naming convention; few ever name another element so."""

_ALONE = {
    "SOD": "NA",
    "CLA": "CL",
    "POT": "K",
    "CAL": "CA",
    "CES": "CS",
    "LIT": "LI",
    "RUB": "RB",
    "BAR": "BA",
}
"""CHARMM's names of ions."""

_CONVENTIONAL = {("MSE", "SE"): "SE", ("SEC", "SE"): "SE", ("CSE", "SE"): "SE", ("HEM", "FE"): "FE"}
"""(residue, atom) whose names mean two letters in residues whose other names mean one."""

_HEME = frozenset(("HEM", "HEME", "HEC", "HEA"))
_UNITED = frozenset(("BB", "SC1", "SC2", "SC3", "SC4"))
"""Names of beads that stand for several atoms (Martini)."""

_BONDED = {"H": 0.125, "C": 0.17, "N": 0.165, "O": 0.175, "S": 0.19, "P": 0.19, "F": 0.16, "B": 0.18}
"""An atom of such an element has a neighbour that is nearer than this, nm."""

_SHORTEST = {
    "NA": 0.19, "CA": 0.19, "CD": 0.17, "CS": 0.24, "CE": 0.18, "CU": 0.145, "NI": 0.145, "CO": 0.145,
    "BE": 0.13, "OS": 0.165, "SN": 0.165, "SB": 0.165, "SC": 0.165, "SR": 0.2, "SM": 0.18, "HG": 0.16,
    "HF": 0.16, "HO": 0.17, "PB": 0.17, "PD": 0.15, "IN": 0.17, "NB": 0.16, "ND": 0.18, "BI": 0.17, "BA": 0.2,
}  # fmt: skip
"""Atoms of such elements have no neighbour nearer than this, nm, with multiple bonds and hydrides; others
have none nearer than 0.155."""

_HEAVIER = 0.19
"""A metal's nearest neighbour is farther than this, nm."""

_LEAST = {"CL": 0.155, "BR": 0.17, "SI": 0.14, "FE": 0.15, "SE": 0.14}
"""Atoms of such elements have no neighbour nearer than this, nm."""


@dataclass(frozen=True)
class _Reading:
    """An element as its symbol, empty where it can't be told, and what is to be said about it."""

    symbol: str
    doubt: str = ""


def masses_of(path: Path, topology: Any, atoms: Atoms, snapshot: Snapshot) -> tuple[Floats, tuple[str, ...]]:
    """Masses of atoms, and what a reader must know about them.

    Parameters
    ----------
    path
        The topology's file.
    topology
        MDTraj's, of this file.
    atoms
        Numbers of the atoms that are asked for.
    snapshot
        All atoms at some time.

    Returns
    -------
    ndarray, tuple
        (n_atoms,) masses in u, nan where an element is not known; warnings.
    """
    from mdtraj.core.element import Element  # slow to import, and what is no file never needs it

    typed = elements_of_types(path) if path.suffix.lower() == ".mol2" else None
    named_only = _named_only(path, topology) if path.suffix.lower() != ".mol2" else lambda atom: typed is None
    masses, doubts = np.full(atoms.size, np.nan), dict[str, list[str]]()
    for place, number in enumerate(atoms):
        atom = topology.atom(int(number))
        if named_only(atom):
            reading = _read(atom, topology, snapshot)
            if reading.doubt:
                doubts.setdefault(reading.doubt, []).append(
                    f"{atom.residue.name}{atom.residue.resSeq} {atom.name}"
                )
            element = Element.getBySymbol(reading.symbol.capitalize()) if reading.symbol else None
        elif typed:
            element = Element.getBySymbol(typed[int(number)])
        else:
            element = atom.element
        if element is not None and element.mass > 0.0:
            masses[place] = element.mass
    texts = [f"{path}: {_listed(names)}: {doubt}" for doubt, names in doubts.items()]
    if np.isnan(masses).any():
        texts.append(
            "the topology does not give every atom's element, so all atoms have one weight and the moment of "
            "inertia is not known; a topology with elements (PDB, PRMTOP, PSF) gives masses"
        )
    return masses, tuple(texts)


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 4} more" if len(names) > 4 else ""
    return f"{', '.join(names[:4])}{more}"


def _named_only(path: Path, topology: Any) -> Callable[[Any], bool]:
    """Whether an atom's file tells no more of its element than its name does."""
    kind = ending_of(path)
    if kind in (".gro", ".arc"):
        return lambda atom: True
    if kind in (".pdb", ".pdb.gz"):
        with_elements = _pdb_elements(path)
        return lambda atom: atom.serial not in with_elements
    if kind in (".prmtop", ".parm7", ".top"):
        sure = "%FLAG ATOMIC_NUMBER" in path.read_text(encoding="utf-8", errors="replace")
        return lambda atom: not sure
    return lambda atom: False


def _pdb_elements(path: Path) -> set[int]:
    """Serial numbers of the atoms of a PDB file whose element is in its columns 77 and 78."""
    from mdtraj.core.element import Element  # slow to import, and what is no file never needs it

    known: dict[int, bool] = {}
    with opened_text(path) as stream:
        for line in stream:
            if line.startswith("ENDMDL"):
                break
            if line.startswith(("ATOM", "HETATM")) and line[6:11].strip().isdigit():
                try:
                    Element.getBySymbol(line[76:78].strip())
                    known[int(line[6:11])] = True
                except KeyError:
                    known[int(line[6:11])] = False
    return {serial for serial, sure in known.items() if sure}


def _read(atom: Any, topology: Any, snapshot: Snapshot) -> _Reading:
    """The element that an atom's name means in its residue and among its neighbours."""
    letters = re.sub(r"[^A-Za-z]", "", re.sub(r"^[0-9]+", "", atom.name))
    name, residue = letters.upper(), atom.residue
    one, two = name[:1], name[:2]
    if residue.n_atoms == 1:
        return _ion(name, residue.name.upper())
    if (residue.name.upper(), two) in _CONVENTIONAL:
        return _Reading(_CONVENTIONAL[residue.name.upper(), two])
    beads = residue.is_protein and atom.name.upper() in _UNITED
    if beads or not (_is_element(one) or _is_element(two)):
        return _Reading("")
    if len(name) < 2 or not _is_element(two) or residue.is_protein or residue.is_nucleic or residue.is_water:
        return _Reading(one if _is_element(one) else "")
    if not _is_element(one):
        return _Reading(two)
    nearest = _nearest(atom.index, snapshot)
    if two in _SURE:
        if nearest < _LEAST.get(two, 0.0):
            return _Reading(
                two, f"read as {two.capitalize()} by name, though a neighbour is nearer than its bonds are"
            )
        return _Reading(two)
    if residue.name.upper() in _HEME:
        return _Reading(one)
    return _by_neighbours(one, two, nearest)


def _by_neighbours(one: str, two: str, nearest: float) -> _Reading:
    """One of the two elements that a name may mean, by the distance to the nearest atom, nm."""
    if nearest < _SHORTEST.get(two, 0.155):
        near = nearest <= _BONDED.get(one, 0.2)
        return _Reading(one) if near else _Reading("", _undecided(one, two))
    if nearest <= _BONDED.get(one, 0.2):
        return _Reading(
            one,
            f"read as {one}, not {two.capitalize()}, of which short bonds are as long as the nearest is far",
        )
    if nearest >= _HEAVIER:
        return _Reading(
            two, f"read as {two.capitalize()}, not {one}: no atom is as near as a bond of {one} is long"
        )
    return _Reading("", _undecided(one, two))


def _undecided(one: str, two: str) -> str:
    return f"may be {one} or {two.capitalize()}, and the nearest atom does not decide it"


def _ion(name: str, residue: str) -> _Reading:
    """The element of an atom that is a residue by itself, by its name, or its residue's."""
    for text in (name, re.sub(r"[^A-Z]", "", residue)):
        if text in _ALONE:
            return _Reading(_ALONE[text].capitalize())
        if _is_element(text) and text != "":
            return _Reading(text)
    if _is_element(name[:2]) and name[:1] not in "HCNOSP":
        return _Reading(name[:2])
    return _Reading(name[:1] if _is_element(name[:1]) else "")


def _is_element(symbol: str) -> bool:
    from mdtraj.core.element import Element  # slow to import, and what is no file never needs it

    try:
        element = Element.getBySymbol(symbol.capitalize())
    except KeyError:
        return False
    return bool(0 < element.number <= 94) and symbol.capitalize() not in ("He", "Ne", "Ar", "Kr", "Xe", "D")


def _nearest(number: int, snapshot: Snapshot) -> float:
    """Distance to the nearest other atom, nm."""
    away = snapshot.positions - snapshot.positions[number]
    distances = np.linalg.norm(nearest_image(away, snapshot.cell), axis=-1)
    distances[number] = np.inf
    return float(distances.min())
