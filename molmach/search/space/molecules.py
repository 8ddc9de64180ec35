"""The molecules of a machine's section of the machine file: by their paths, plain, and as fingerprints."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator

from molmach.errors import InfeasibleError
from molmach.spec import MachineSection
from molmach.spec.axes import axes, canonical_smiles
from molmach.spec.kinds import Kinds


@lru_cache(maxsize=200_000)
def fingerprint(smiles: str) -> DataStructs.ExplicitBitVect:
    """Morgan fingerprint (radius 2, chirality included) of molecules."""
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048, includeChirality=True)
    return generator.GetFingerprint(Chem.MolFromSmiles(smiles))


def plain_smiles(machine: MachineSection) -> str:
    """SMILES of a machine's molecules without map numbers; '' where it has none."""
    if not machine.molecules:
        return ""
    molecule = Chem.Mol()
    for part in machine.parts:
        molecule = Chem.CombineMols(molecule, Chem.MolFromSmiles(part))
    for atom in molecule.GetAtoms():
        atom.SetAtomMapNum(0)
    return canonical_smiles(molecule) if axes(molecule) else str(Chem.MolToSmiles(molecule))


def molecules_of(machine: dict[str, Any]) -> list[tuple[str, str]]:
    """(path below ``machine``, SMILES) of every molecule of a machine."""
    molecules = []
    for field in Kinds(MachineSection)[machine["kind"]].molecules:
        value = machine.get(field)
        if isinstance(value, str):
            molecules.append((field, value))
        elif isinstance(value, list):
            molecules += [(f"{field}.{number}", smiles) for number, smiles in enumerate(value)]
    return molecules


def put_molecule(machine: dict[str, Any], path: str, smiles: str) -> None:
    """Put another molecule into a machine's section.

    Raises
    ------
    InfeasibleError
        The path is none of :func:`molecules_of`.
    """
    field, _, number = path.partition(".")
    if path not in dict(molecules_of(machine)):
        raise InfeasibleError(f"edited: {path!r} is no molecule of the machine")
    if number:
        machine[field] = [smiles if i == int(number) else old for i, old in enumerate(machine[field])]
    else:
        machine[field] = smiles
