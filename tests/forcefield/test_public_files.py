"""RDKit's own public test files, where they are at hand: each record has its energy or one reason why not."""

from __future__ import annotations

import math
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem, rdBase
from rdkit.Chem import rdForceFieldHelpers

from molmach import forcefield
from molmach.errors import SpecError
from molmach.forcefield import energies_of_file
from molmach.units import KCAL


@pytest.mark.slow
@pytest.mark.skipif(
    "MOLMACH_RDKIT_FILES" not in os.environ, reason="set it to a folder of .sdf and .mol files"
)
def test_rdkits_files_have_energies_or_reasons() -> None:
    """Those that have one equal RDKit's own energy, stand in three dimensions, and have the ion's charge."""
    files = sorted(
        p for p in Path(os.environ["MOLMACH_RDKIT_FILES"]).rglob("*") if p.suffix in (".sdf", ".mol")
    )
    assert len(files) >= 40
    seen: Counter[str] = Counter()
    for path in files:
        try:
            records = list(energies_of_file(path, forcefield.get("MMFF94")))
        except SpecError as error:
            assert str(error).startswith(str(path))
            seen["files refused"] += 1
            continue
        supplier = Chem.SDMolSupplier()
        supplier.SetData(path.read_text(encoding="utf-8"), removeHs=False, sanitize=False)
        for record in records:
            assert bool(record.problem) != math.isfinite(record.total), (path, record)
            seen["records refused" if record.problem else "energies"] += 1
            if not record.problem and not record.note:
                _require_right(supplier[record.number - 1], record.total)
    print(len(files), "files:", dict(seen))
    assert seen["energies"] > 0


def _require_right(molecule: Chem.Mol, total: float) -> None:
    with rdBase.BlockLogs():
        Chem.SanitizeMol(molecule)
        properties = rdForceFieldHelpers.MMFFGetMoleculeProperties(molecule)
        field = rdForceFieldHelpers.MMFFGetMoleculeForceField(
            molecule, properties, nonBondedThresh=1e6, ignoreInterfragInteractions=False
        )
    assert total == pytest.approx(field.CalcEnergy() * KCAL, rel=1e-5, abs=1e-3)
    charges = [properties.GetMMFFPartialCharge(i) for i in range(molecule.GetNumAtoms())]
    assert sum(charges) == pytest.approx(Chem.GetFormalCharge(molecule), abs=1e-3)
    heights = np.abs(molecule.GetConformer().GetPositions()[:, 2])
    assert heights.max() > 1e-3 or all(atom.GetDegree() < 4 for atom in molecule.GetAtoms())
