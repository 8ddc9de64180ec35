"""Force-field energies of structures, total and by term."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rdkit import Chem, rdBase

from molmach.errors import ForceFieldError, SpecError
from molmach.forcefield.base import ForceField
from molmach.forcefield.structures import not_a_structure, too_much_energy
from molmach.spec.atoms import atom_name

_TWICE_DRAWN = Chem.MolFromSmarts("[#16;+2;D3;$(*=[O,N])]")


@dataclass(frozen=True)
class EnergyRecord:
    """Energy of one record of a file.

    ``terms`` is empty and ``problem`` says why where the energy could not be had; ``note`` says where the
    structure was not taken as the file has it. Energies in kJ/mol.
    """

    name: str
    number: int
    total: float
    terms: dict[str, float]
    problem: str = ""
    note: str = ""


def energies_of_file(path: Path, force_field: ForceField) -> Iterator[EnergyRecord]:
    """Energies of every record of an SDF file, in its order.

    Raises
    ------
    SpecError
        The file can't be read or holds no record. A record that fails is yielded with its problem.
    """
    if not path.is_file():
        raise SpecError(f"{path}: no such file; expected an SDF file of structures with hydrogens")
    try:
        content = path.read_text(encoding="utf-8", errors="strict")
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{path}: can't be read as text; expected an SDF file") from error
    if "M  END" not in content:
        raise SpecError(f"{path}: holds no SDF record; expected an SDF file of structures with hydrogens")
    with rdBase.BlockLogs():
        supplier = Chem.SDMolSupplier()
        supplier.SetData(content, sanitize=False, removeHs=False)
        for number, molecule in enumerate(supplier, start=1):
            yield _record(number, supplier.GetItemText(number - 1), molecule, force_field)


def _record(number: int, text: str, molecule: Any, force_field: ForceField) -> EnergyRecord:
    note = ""
    name = molecule.GetProp("_Name") if molecule is not None and molecule.HasProp("_Name") else ""
    try:
        if molecule is None:
            raise ForceFieldError("not a readable structure")
        drawn = [b.GetIdx() for b in molecule.GetBonds() if b.GetBondType() == Chem.BondType.AROMATIC]
        problem = _sanitize(molecule)
        if problem:
            raise ForceFieldError(problem)
        _require_aromatic(molecule, drawn)
        note = _sulfoxides_as_such(molecule)
        _require_structure(text, molecule)
        terms = force_field.energy_terms(molecule)
        _require_three_dimensions(too_much_energy(terms, molecule.GetNumAtoms()))
    except ForceFieldError as error:
        return EnergyRecord(name, number, float("nan"), {}, str(error))
    return EnergyRecord(name, number, sum(terms.values()), terms, note=note)


def _require_structure(text: str, molecule: Chem.Mol) -> None:
    """Raise ForceFieldError for a drawing, and for a record whose hydrogens are not all there."""
    for atom in molecule.GetAtoms():
        if atom.GetTotalNumHs():
            raise ForceFieldError(
                f"{atom_name(atom)} lacks hydrogens ({atom.GetTotalNumHs()}); expected every hydrogen as an "
                "atom of its own"
            )
    _require_three_dimensions(not_a_structure((text.splitlines()[1:2] or [""])[0], molecule))


def _require_aromatic(molecule: Chem.Mol, drawn: Sequence[int]) -> None:
    """Raise ForceFieldError for a bond of type 4 that is in no aromatic ring: its order is not known."""
    for index in drawn:
        bond = molecule.GetBondWithIdx(index)
        ends = bond.GetBeginAtom(), bond.GetEndAtom()
        if not bond.IsInRing() or not all(end.GetIsAromatic() for end in ends):
            raise ForceFieldError(
                f"the bond between {atom_name(ends[0])} and {atom_name(ends[1])} has type 4 (aromatic) and "
                "is in no aromatic ring; expected single, double and triple bonds"
            )


def _require_three_dimensions(reason: str) -> None:
    if reason:
        raise ForceFieldError(f"no structure in three dimensions: {reason}; expected coordinates in angstrom")


def _sulfoxides_as_such(molecule: Chem.Mol) -> str:
    """Take the charge of +2 from sulfur that has a double bond to oxygen or nitrogen and two neighbours more.

    RDKit's files of Halgren's molecules write sulfoxides so, where the charges belong to single bonds.
    Returns which atoms these were, in words; '' where there are none.
    """
    changed = []
    for (index,) in molecule.GetSubstructMatches(_TWICE_DRAWN):
        atom = molecule.GetAtomWithIdx(index)
        atom.SetFormalCharge(0)
        changed.append(atom_name(atom))
    if not changed:
        return ""
    problem = _sanitize(molecule)
    if problem:
        raise ForceFieldError(problem)
    return f"{', '.join(changed)}: charge +2 beside a double bond, read as the sulfur of a sulfoxide"


def _sanitize(molecule: Chem.Mol) -> str:
    """RDKit's perception as MMFF typing needs it; the reason in words if the structure has none."""
    if molecule.GetNumAtoms() == 0:
        return "a record without atoms"
    try:
        Chem.SanitizeMol(molecule)
    except (Chem.MolSanitizeException, ValueError) as error:
        return f"RDKit can't make sense of it: {error}"
    return ""
