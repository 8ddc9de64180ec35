"""Three-dimensional coordinates of a molecule: embedding and force-field optimisation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem import rdDistGeom, rdForceFieldHelpers

from molmach.building.mmff94_types import typed
from molmach.building.stereo import Bonds, is_isomer, require_stereo
from molmach.errors import BuildError, ForceFieldError
from molmach.spec.axes import canonical_smiles

VARIANTS = ("MMFF94", "MMFF94s")
"""Force fields that molecules are built with: those by which RDKit places atoms."""

CONFORMERS = 10
_MAX_ITERATIONS = 5000


def embed(molecule: Chem.Mol, seed: int, force_field: str) -> Chem.Mol:
    """The lowest of ten MMFF-optimised conformers.

    Parameters
    ----------
    molecule
        As :func:`checked_molecule` gives it.
    seed
        Seed of the distance geometry; below 2**31.
    force_field
        ``MMFF94`` or ``MMFF94s``.

    Raises
    ------
    BuildError
        No conformer, no convergence, or none that is the isomer that was asked for.
    """
    with rdBase.BlockLogs():
        placed = Chem.Mol(molecule)
        conformers = _conformers(placed, seed)
        results = rdForceFieldHelpers.MMFFOptimizeMoleculeConfs(
            placed, maxIters=_MAX_ITERATIONS, mmffVariant=force_field
        )
        converged = [
            (energy, i) for i, (status, energy) in zip(conformers, results, strict=True) if status == 0
        ]
        if not converged:
            raise BuildError(
                f"machine.smiles: {force_field} did not converge for any of {len(conformers)} conformers; "
                "expected a molecule that the force field can relax"
            )
        for _, i in sorted(converged):
            single = Chem.Mol(placed, False, i)
            if is_isomer(molecule, single):
                Chem.AssignStereochemistryFrom3D(single)
                return single
        raise BuildError(
            f"machine.smiles: {force_field} turns {canonical_smiles(Chem.RemoveHs(molecule))} into another "
            "isomer; expected one that is stable"
        )


def conformer_seed(seed: int) -> int:
    """Seed of the distance geometry, below 2**31, from a protocol's seed."""
    return int(np.random.SeedSequence(seed, spawn_key=(0,)).generate_state(1)[0] >> 1)


def _nothing(molecule: Chem.Mol) -> Bonds:
    return set()


def checked_molecule(
    smiles: str, force_field: str, field: str, turning: Callable[[Chem.Mol], Bonds] = _nothing
) -> Chem.Mol:
    """One closed-shell molecule with explicit hydrogens, all stereo given, all of it typed.

    Parameters
    ----------
    smiles
        SMILES, map numbers kept on the atoms.
    force_field
        ``MMFF94`` or ``MMFF94s``.
    field
        Where the SMILES stands in the machine file.
    turning
        Bonds of the molecule about which parts of the machine turn; none by default.

    Raises
    ------
    BuildError
        More than one molecule, a radical, stereochemistry left open, no MMFF type or charge; another force
        field.
    """
    if force_field not in VARIANTS:
        raise BuildError(
            f"protocol.force_field: its machines are built with {force_field!r}, which places no molecules; "
            f"expected one that builds with {' or '.join(VARIANTS)}"
        )
    with rdBase.BlockLogs():
        molecule = Chem.AddHs(Chem.MolFromSmiles(smiles))
    if len(Chem.GetMolFrags(molecule)) > 1:
        raise BuildError(f"{field}: got several molecules; expected one molecule")
    if sum(atom.GetNumRadicalElectrons() for atom in molecule.GetAtoms()):
        raise BuildError(f"{field}: got a radical; expected a closed-shell molecule")
    with rdBase.BlockLogs():
        require_stereo(molecule, field, turning(molecule))
    check_parameters(molecule, force_field, field)
    return molecule


def check_parameters(molecule: Chem.Mol, force_field: str, field: str = "machine.smiles") -> None:
    """Raise :class:`BuildError` naming the first atom that the force field has no type or no charge for."""
    try:
        typed(molecule, force_field)
    except ForceFieldError as error:
        raise BuildError(f"{field}: {error}") from error


def _conformers(molecule: Chem.Mol, seed: int) -> list[int]:
    parameters = rdDistGeom.ETKDGv3()
    parameters.randomSeed = seed
    parameters.numThreads = 1
    for random_coordinates in (False, True):
        parameters.useRandomCoords = random_coordinates
        parameters.maxIterations = 50
        conformers = list(rdDistGeom.EmbedMultipleConfs(molecule, CONFORMERS, parameters))
        if conformers:
            return conformers
    raise BuildError(
        f"machine.smiles: no conformer found for {Chem.MolToSmiles(Chem.RemoveHs(molecule))}; "
        "expected a molecule that exists in three dimensions"
    )
