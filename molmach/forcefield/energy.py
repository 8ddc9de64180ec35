"""Force-field energies of structures, total and by term."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rdkit import Chem, rdBase

from molmach.errors import ForceFieldError, SpecError
from molmach.forcefield.base import ForceField


@dataclass(frozen=True)
class EnergyRecord:
    """Energy of one record of a file.

    ``terms`` is empty and ``problem`` says why where the energy could not be had; energies in kJ/mol.
    """

    name: str
    number: int
    total: float
    terms: dict[str, float]
    problem: str = ""


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
            yield _record(number, molecule, force_field)


def _record(number: int, molecule: Any, force_field: ForceField) -> EnergyRecord:
    name = molecule.GetProp("_Name") if molecule is not None and molecule.HasProp("_Name") else ""
    try:
        if molecule is None:
            raise ForceFieldError("not a readable structure")
        problem = _sanitize(molecule)
        if problem:
            raise ForceFieldError(problem)
        terms = force_field.energy_terms(molecule)
    except ForceFieldError as error:
        return EnergyRecord(name, number, float("nan"), {}, str(error))
    return EnergyRecord(name, number, sum(terms.values()), terms)


def _sanitize(molecule: Chem.Mol) -> str:
    """RDKit's perception as MMFF typing needs it; the reason in words if the structure has none."""
    if molecule.GetNumAtoms() == 0:
        return "a record without atoms"
    try:
        Chem.SanitizeMol(molecule)
    except (Chem.MolSanitizeException, ValueError) as error:
        return f"RDKit can't make sense of it: {error}"
    return ""
