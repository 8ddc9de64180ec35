"""A machine file drafted from a molecule: which bond or ring may turn, and against what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml
from rdkit import Chem

from molmach.errors import ServingError, shortened
from molmach.spec import loads

_PARA = Chem.MolFromSmarts("[!#1;!R:1]-&!@[c;R1:2]1[c;R1][c;R1][c;R1:3](-&!@[!#1;!R:4])[c;R1][c;R1]1")
_DOUBLE = Chem.MolFromSmarts("[#6;R:1]=&!@[#6;R:2]")
_BIARYL = Chem.MolFromSmarts("[#6;R:1]-&!@[#6;R:2]")
_LONGEST = 1000

_DRIVES: dict[str, dict[str, Any]] = {
    "field": {"kind": "rotating_field", "field": "1 V/nm", "frequency": "50 GHz"},
    "torque": {"kind": "constant_torque", "torque": "15 kJ/mol"},
    "none": {"kind": "none"},
}


@dataclass(frozen=True)
class Axle:
    """A way in which a molecule may be a rotor.

    Attributes
    ----------
    atoms
        Two atoms, 0-based in the order of the SMILES, from -> to.
    words
        What turns against what.
    drive
        The usual drive of such a rotor, a name of the drives of a draft.
    """

    atoms: tuple[int, int]
    words: str
    drive: str


def axles(smiles: str) -> list[Axle]:
    """Ways in which a molecule may be a rotor, the likeliest first.

    A ring between two straight holders turns in a field, for it has a dipole; about a C=C bond between rings
    light turns a motor; about a single bond between rings a torque does.

    Raises
    ------
    ServingError
        RDKit can't read the SMILES.
    """
    molecule = _molecule(smiles)
    ways: list[Axle] = []
    for a, b in _matches(molecule, _DOUBLE, (0, 1)):
        ways.append(
            Axle((a, b), f"about the C=C bond of atoms {a} and {b}, as light-driven motors do", "none")
        )
    for a, b in _matches(molecule, _PARA, (0, 5)):
        if _is_straight(molecule, a) and _is_straight(molecule, b):
            ways.append(Axle((a, b), f"the ring between atoms {a} and {b}, which hold it", "field"))
    for a, b in _matches(molecule, _BIARYL, (0, 1)):
        small, large = sorted((a, b), key=lambda atom: (_size(molecule, atom, a + b - atom), atom))
        words = f"about the single bond from atom {large} to atom {small}, the smaller part turning"
        ways.append(Axle((large, small), words, "torque"))
    return ways


def draft(name: str, smiles: str, axle: list[int] | None, drive: str) -> tuple[str, list[Axle]]:
    """A machine file for a molecule as a rotor, and the axles that there are.

    Parameters
    ----------
    name
        Of the machine.
    smiles
        One molecule; numbers in it are replaced.
    axle
        Two of its atoms, 0-based; None for the likeliest.
    drive
        ``field``, ``torque``, ``none``, or '' for what is usual for the axle.

    Raises
    ------
    ServingError, SpecError
        There is no axle, or the file is not taken; the message says why.
    """
    possible = axles(smiles)
    molecule = _molecule(smiles)
    if axle is None:
        if not possible:
            raise ServingError(
                f"smiles: {shortened(smiles)} has no ring between two straight holders and no bond between "
                "rings about which it could turn; expected such a molecule, or the axle's two atoms"
            )
        chosen = possible[0].atoms
    elif len(axle) == 2 and all(0 <= atom < molecule.GetNumAtoms() for atom in axle) and axle[0] != axle[1]:
        chosen = axle[0], axle[1]
    else:
        most = molecule.GetNumAtoms() - 1
        raise ServingError(f"axle: got {shortened(axle)}; expected two different atoms from 0 to {most}")
    usual = next((one.drive for one in possible if one.atoms == chosen), "torque")
    kind = drive or usual
    if kind not in _DRIVES:
        raise ServingError(f"drive: got {shortened(drive)}; expected {', '.join(_DRIVES)}, or nothing")
    for number, atom in enumerate(chosen, 1):
        molecule.GetAtomWithIdx(atom).SetAtomMapNum(number)
    content: dict[str, Any] = {
        "name": name,
        "machine": {"kind": "rotor", "smiles": Chem.MolToSmiles(molecule), "axle": [1, 2]},
        "drive": _DRIVES[kind],
        "protocol": {
            "temperature": "300 K", "friction": "2 /ps", "timestep": "2 fs", "duration": "100 ps",
            "equilibration": "20 ps", "replicas": 16, "seed": 1,
        },
    }  # fmt: skip
    text = str(yaml.safe_dump(content, sort_keys=False, allow_unicode=True))
    loads(text, f"{name}.yaml")
    return text, possible


def _molecule(smiles: str) -> Chem.Mol:
    if not isinstance(smiles, str) or len(smiles) > _LONGEST:
        raise ServingError(f"smiles: got {shortened(smiles)}; expected at most {_LONGEST} characters")
    molecule = Chem.MolFromSmiles(smiles)
    if molecule is None or not molecule.GetNumAtoms():
        raise ServingError(f"smiles: got {shortened(smiles)}; expected a SMILES that RDKit can read")
    for atom in molecule.GetAtoms():
        atom.SetAtomMapNum(0)
    return molecule


def _matches(molecule: Chem.Mol, pattern: Chem.Mol, ends: tuple[int, int]) -> list[tuple[int, int]]:
    """Pairs of atoms that match a pattern, each once, in the order of the molecule."""
    pairs = {
        tuple(sorted((match[ends[0]], match[ends[1]]))) for match in molecule.GetSubstructMatches(pattern)
    }
    return [(a, b) for a, b in sorted(pairs)]


def _is_straight(molecule: Chem.Mol, atom: int) -> bool:
    """Whether an atom leads straight on, as that of an alkyne does."""
    return bool(molecule.GetAtomWithIdx(atom).GetHybridization() == Chem.HybridizationType.SP)


def _size(molecule: Chem.Mol, start: int, without: int) -> int:
    """Atoms on one side of a bond."""
    seen, edge = {start, without}, [start]
    while edge:
        atom = molecule.GetAtomWithIdx(edge.pop())
        new = [n.GetIdx() for n in atom.GetNeighbors() if n.GetIdx() not in seen]
        seen.update(new)
        edge += new
    return len(seen) - 1
