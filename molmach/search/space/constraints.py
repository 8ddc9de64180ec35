"""What every machine of a space must keep to."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from rdkit import Chem, RDConfig
from rdkit.Chem import Descriptors

from molmach.building import kind_of
from molmach.errors import BuildError, MolmachError
from molmach.spec import Spec
from molmach.spec.space import Constraints


def broken_constraint(spec: Spec, limits: Constraints) -> str | None:
    """Which constraint a machine breaks, in words; None if it keeps to all."""
    machine = spec.machine
    try:
        kind_of(machine.kind).check(machine)
    except BuildError as error:
        return str(error)
    if not machine.molecules:
        return None
    molecules = [Chem.MolFromSmiles(part) for part in machine.parts]
    weight = sum(Descriptors.MolWt(molecule) for molecule in molecules)
    if limits.molecular_weight is not None and weight > limits.molecular_weight:
        return f"molecular_weight: {weight:.0f} u; at most {limits.molecular_weight:g} u is accepted"
    heavy = sum(molecule.GetNumHeavyAtoms() for molecule in molecules)
    if limits.heavy_atoms is not None and heavy > limits.heavy_atoms:
        return f"heavy_atoms: {heavy}; at most {limits.heavy_atoms} are accepted"
    for pattern in limits.forbidden:
        if any(molecule.HasSubstructMatch(_pattern(pattern)) for molecule in molecules):
            return f"forbidden: the machine has the substructure {pattern}"
    if limits.synthetic_accessibility is not None:
        worst = max(synthetic_accessibility(part) for part in machine.parts)
        if worst > limits.synthetic_accessibility:
            return (
                f"synthetic_accessibility: {worst:.1f}; "
                f"at most {limits.synthetic_accessibility:g} is accepted"
            )
    return None


_SUBSTITUENT = (50.0, 4.0)
"""Weight (u) and heavy atoms of a substituent, about: what is too much by that counts as one fault."""


def excess(spec: Spec, limits: Constraints) -> float:
    """By how much a machine breaks constraints: 0 if it keeps to all, about 1 for every part that does not.

    Weight and atoms count in substituents, forbidden patterns by how often they occur, synthetic
    accessibility by what every part has too much.
    """
    machine = spec.machine
    total = 0.0
    try:
        kind_of(machine.kind).check(machine)
    except BuildError:
        total += 1.0
    if not machine.molecules:
        return total
    molecules = [Chem.MolFromSmiles(part) for part in machine.parts]
    weight = sum(Descriptors.MolWt(molecule) for molecule in molecules)
    heavy = sum(molecule.GetNumHeavyAtoms() for molecule in molecules)
    over = ((weight, limits.molecular_weight), (float(heavy), limits.heavy_atoms))
    for (amount, limit), one in zip(over, _SUBSTITUENT, strict=True):
        total += 0.0 if limit is None else max(0.0, amount - limit) / one
    for pattern in limits.forbidden:
        total += sum(len(molecule.GetSubstructMatches(_pattern(pattern))) for molecule in molecules)
    if limits.synthetic_accessibility is not None:
        scores = (synthetic_accessibility(part) for part in machine.parts)
        total += sum(max(0.0, score - limits.synthetic_accessibility) for score in scores)
    return total


@lru_cache(maxsize=100_000)
def synthetic_accessibility(smiles: str) -> float:
    """Score of Ertl & Schuffenhauer, J. Cheminf. 1, 8 (2009), from RDKit's own script: 1 easy to 10 hard."""
    molecule = Chem.MolFromSmiles(smiles)
    for atom in molecule.GetAtoms():
        atom.SetAtomMapNum(0)
    return float(_scorer()(molecule))


@cache
def _scorer() -> Callable[[Chem.Mol], float]:
    path = Path(RDConfig.RDContribDir) / "SA_Score" / "sascorer.py"
    description = importlib.util.spec_from_file_location("sascorer", path)
    if description is None or description.loader is None or not path.is_file():
        raise MolmachError(f"synthetic_accessibility: this RDKit has no {path.name}")
    module: Any = importlib.util.module_from_spec(description)
    description.loader.exec_module(module)
    score: Callable[[Chem.Mol], float] = module.calculateScore
    return score


@cache
def _pattern(smarts: str) -> Chem.Mol:
    return Chem.MolFromSmarts(smarts)
