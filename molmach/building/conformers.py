"""Free conformers of a molecule: distance geometry, then minimisation with MMFF94."""

from __future__ import annotations

from rdkit import Chem, rdBase
from rdkit.Chem import rdDistGeom, rdForceFieldHelpers

from molmach.building.planar_bonds import stable_torsions, turn_back, turned
from molmach.errors import BuildError
from molmach.units import KCAL

MAX_STEPS = 5000
"""Of a minimisation that is to converge."""

_SEED = 1
"""Of a search: the best shape of a molecule does not depend on the seed of a machine."""

_SHORT, _KEPT = 100, 5
"""Steps of a search's first minimisation, and how many conformers go on from there."""

Ranked = list[tuple[int, float, int]]
"""(amides and their like turned over, energy in kJ/mol, conformer's number), the best first."""


def embed_conformers(molecule: Chem.Mol, count: int, seed: int) -> list[int]:
    """Put conformers into a molecule in place of those that it has; their numbers.

    Raises
    ------
    BuildError
        None can be made.
    """
    parameters = rdDistGeom.ETKDGv3()
    parameters.randomSeed = seed
    parameters.numThreads = 1
    for random_coordinates in (False, True):
        parameters.useRandomCoords = random_coordinates
        parameters.maxIterations = 50
        conformers = list(rdDistGeom.EmbedMultipleConfs(molecule, count, parameters))
        if conformers:
            return conformers
    raise BuildError(
        f"machine.smiles: no conformer found for {Chem.MolToSmiles(Chem.RemoveHs(molecule))}; "
        "expected a molecule that exists in three dimensions"
    )


def minimise(molecule: Chem.Mol, force_field: str, steps: int = MAX_STEPS) -> list[tuple[bool, float, int]]:
    """Minimise every conformer in place: whether it converged, its energy (kJ/mol) and its number."""
    results = rdForceFieldHelpers.MMFFOptimizeMoleculeConfs(
        molecule, maxIters=steps, mmffVariant=force_field, ignoreInterfragInteractions=False
    )
    numbers = [conformer.GetId() for conformer in molecule.GetConformers()]
    return [
        (status == 0, KCAL * energy, number)
        for (status, energy), number in zip(results, numbers, strict=True)
    ]


def ranked(molecule: Chem.Mol, force_field: str) -> Ranked:
    """The conformers that converge: first by turned bonds, then by energy; minimised in place."""
    torsions = stable_torsions(molecule)
    return sorted(
        (turned(molecule, torsions, number), energy, number)
        for converged, energy, number in minimise(molecule, force_field)
        if converged
    )


def search(molecule: Chem.Mol, force_field: str, count: int) -> Ranked:
    """The best of ``count`` free conformers, minimised to the end; they replace those in ``molecule``.

    All are minimised for a while, the lowest few to the end. Empty where none converges.

    Raises
    ------
    BuildError
        None can be embedded.
    """
    with rdBase.BlockLogs():
        embed_conformers(molecule, count, _SEED)
        first = sorted((energy, number) for _, energy, number in minimise(molecule, force_field, _SHORT))
        for _, number in first[_KEPT:]:
            molecule.RemoveConformer(number)
        return ranked(molecule, force_field)


def search_turned_back(molecule: Chem.Mol, force_field: str, count: int) -> Ranked:
    """As :func:`search`, from conformers whose amides and their like are all turned to their stable form."""
    with rdBase.BlockLogs():
        embed_conformers(molecule, count, _SEED)
        turn_back(molecule, stable_torsions(molecule))
        return ranked(molecule, force_field)
