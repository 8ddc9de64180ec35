"""A molecule as a person writes it: a SMILES whose atom-map numbers name atoms.

Where it has an axis of chirality, the text has RDKit's extension behind it: ``... |wU:18.19|``.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field
from rdkit import Chem, rdBase

from molmach.spec.atoms import atom_name
from molmach.spec.axes import canonical_smiles
from molmach.spec.marks import require_one_isomer

MapNumber = Annotated[int, Field(strict=True, ge=1, le=999)]
MAX_HEAVY_ATOMS = 500


def _parse_smiles(smiles: object) -> str:
    """Canonical form of a SMILES with its atom-map numbers kept, so that two spellings are one machine."""
    if not isinstance(smiles, str) or not smiles.strip():
        raise ValueError(f"got {smiles!r}; expected a SMILES text, such as 'c1ccccc1'")
    return _canonical(smiles)


@lru_cache(maxsize=20_000)
def _canonical(smiles: str) -> str:
    """The canonical form; a space's designs are few molecules under many drives, so it is kept."""
    with rdBase.BlockLogs():
        molecule = Chem.MolFromSmiles(smiles.strip())
    if molecule is None or molecule.GetNumAtoms() == 0:
        raise ValueError(
            f"got {smiles!r}, which RDKit can't read; expected a valid SMILES, such as 'c1ccccc1'"
        )
    if molecule.GetNumHeavyAtoms() > MAX_HEAVY_ATOMS:
        raise ValueError(
            f"got a molecule of {molecule.GetNumHeavyAtoms()} heavy atoms; expected at most {MAX_HEAVY_ATOMS}"
        )
    dummies = [atom.GetIdx() for atom in molecule.GetAtoms() if atom.GetAtomicNum() == 0]
    if dummies:
        raise ValueError(f"got {smiles!r} with a dummy atom '*'; expected real elements only")
    numbers = [atom.GetAtomMapNum() for atom in molecule.GetAtoms() if atom.GetAtomMapNum()]
    repeated = sorted({number for number in numbers if numbers.count(number) > 1})
    if repeated:
        raise ValueError(
            f"atom-map number {repeated[0]} stands on more than one atom; expected each number once"
        )
    _require_known_isotopes(molecule)
    require_one_isomer(smiles.strip(), molecule)
    return canonical_smiles(molecule)


def _require_known_isotopes(molecule: Chem.Mol) -> None:
    table = Chem.GetPeriodicTable()
    for atom in molecule.GetAtoms():
        isotope = atom.GetIsotope()
        if isotope and not table.GetMassForIsotope(atom.GetAtomicNum(), isotope):
            raise ValueError(
                f"got the isotope {isotope}{atom_name(atom)}, whose mass is not "
                f"known; expected a known one of {atom.GetSymbol()}, or none"
            )


def distinct(numbers: tuple[int, ...]) -> tuple[int, ...]:
    if len(set(numbers)) != len(numbers):
        raise ValueError(f"got {list(numbers)}; expected each atom-map number once")
    return numbers


def _ordered(numbers: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(distinct(numbers)))


Smiles = Annotated[str, BeforeValidator(_parse_smiles)]
AtomSet = Annotated[tuple[MapNumber, ...], Field(min_length=1), AfterValidator(_ordered)]


def map_numbers(smiles: str) -> list[int]:
    """Atom-map numbers of a SMILES, sorted."""
    return list(_map_numbers(smiles))


@lru_cache(maxsize=20_000)
def _map_numbers(smiles: str) -> tuple[int, ...]:
    atoms = Chem.MolFromSmiles(smiles).GetAtoms()
    return tuple(sorted(atom.GetAtomMapNum() for atom in atoms if atom.GetAtomMapNum()))


def require_map_numbers(field: str, numbers: Iterable[int], smiles: str) -> None:
    """Raise ValueError for the first number that no atom of the SMILES has."""
    present = map_numbers(smiles)
    for number in numbers:
        if number not in present:
            raise ValueError(
                f"{field} names atom-map number {number}, which the SMILES does not have; "
                f"it has {present if present else 'none'}"
            )
