"""Three-dimensional coordinates of a molecule: embedding and force-field optimisation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem import rdDistGeom, rdForceFieldHelpers

from molmach.errors import BuildError
from molmach.units import KCAL

VARIANTS = ("MMFF94", "MMFF94s")
"""Force fields that molecules are built with: those by which RDKit places atoms."""

CONFORMERS = 10
_MAX_ITERATIONS = 5000


@dataclass(frozen=True, eq=False)
class Conformer:
    """A minimum of the force field.

    Attributes
    ----------
    energy
        kJ/mol.
    molecule
        With this one conformer.
    """

    energy: float
    molecule: Chem.Mol


def embed(smiles: str, seed: int, force_field: str) -> Chem.Mol:
    """The lowest of :func:`conformers`, which has the arguments and errors."""
    return conformers(smiles, seed, force_field)[0].molecule


def conformers(smiles: str, seed: int, force_field: str) -> list[Conformer]:
    """Up to ten MMFF-optimised conformers, each from a start of its own, the lowest first.

    Parameters
    ----------
    smiles
        SMILES, map numbers kept on the atoms.
    seed
        Seed of the distance geometry; below 2**31.
    force_field
        ``MMFF94`` or ``MMFF94s``.

    Raises
    ------
    BuildError
        More than one molecule, an open stereocentre, no MMFF type, no conformer, no convergence.
    """
    with rdBase.BlockLogs():
        molecule = checked_molecule(smiles, force_field, "machine.smiles")
        numbers = _conformers(molecule, seed)
        results = rdForceFieldHelpers.MMFFOptimizeMoleculeConfs(
            molecule, maxIters=_MAX_ITERATIONS, mmffVariant=force_field
        )
        converged = sorted(
            (energy, i) for i, (status, energy) in zip(numbers, results, strict=True) if status == 0
        )
        if not converged:
            raise BuildError(
                f"machine.smiles: {force_field} did not converge for any of {len(numbers)} conformers; "
                "expected a molecule that the force field can relax"
            )
        return [Conformer(energy * KCAL, _single(molecule, i)) for energy, i in converged]


def _single(molecule: Chem.Mol, conformer: int) -> Chem.Mol:
    """The molecule with one of its conformers, and the stereochemistry that this has."""
    single = Chem.Mol(molecule, False, conformer)
    Chem.AssignStereochemistryFrom3D(single)
    return single


def conformer_seed(seed: int) -> int:
    """Seed of the distance geometry, below 2**31, from a protocol's seed."""
    return int(np.random.SeedSequence(seed, spawn_key=(0,)).generate_state(1)[0] >> 1)


def checked_molecule(smiles: str, force_field: str, field: str) -> Chem.Mol:
    """One closed-shell molecule with explicit hydrogens, all stereo given, all of it typed.

    Parameters
    ----------
    smiles
        SMILES, map numbers kept on the atoms.
    force_field
        ``MMFF94`` or ``MMFF94s``.
    field
        Where the SMILES stands in the machine file.

    Raises
    ------
    BuildError
        More than one molecule, a radical, an open stereocentre, no MMFF type; another force field.
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
    _require_stereo(molecule, field)
    check_parameters(molecule, force_field, field)
    return molecule


def check_parameters(molecule: Chem.Mol, force_field: str, field: str = "machine.smiles") -> None:
    """Raise :class:`BuildError` naming the first atom that the force field has no type for."""
    with rdBase.BlockLogs():
        if rdForceFieldHelpers.MMFFHasAllMoleculeParams(molecule):
            return
        for atom in molecule.GetAtoms():
            if atom.GetAtomicNum() not in _MMFF_ELEMENTS:
                raise BuildError(
                    f"{field}: {force_field} has no type for {atom.GetSymbol()} "
                    f"(atom {atom.GetIdx()}); expected only {', '.join(_MMFF_ELEMENTS.values())}"
                )
    raise BuildError(
        f"{field}: {force_field} has no atom type for a bonding situation in "
        f"{Chem.MolToSmiles(Chem.RemoveHs(molecule))}; expected a molecule that MMFF94 covers"
    )


_MMFF_ELEMENTS = {
    1: "H", 3: "Li+", 6: "C", 7: "N", 8: "O", 9: "F", 11: "Na+", 12: "Mg2+", 14: "Si", 15: "P", 16: "S",
    17: "Cl", 19: "K+", 20: "Ca2+", 26: "Fe", 29: "Cu", 30: "Zn2+", 35: "Br", 53: "I",
}  # fmt: skip


def _require_stereo(molecule: Chem.Mol, field: str) -> None:
    ranks = list(Chem.CanonicalRankAtoms(molecule, breakTies=False))
    for element in Chem.FindPotentialStereo(molecule):
        if element.specified != Chem.StereoSpecified.Unspecified:
            continue
        if element.type == Chem.StereoType.Atom_Tetrahedral:
            atom = molecule.GetAtomWithIdx(element.centeredOn)
            if _is_symmetric_bridgehead(molecule, atom, ranks):
                continue
            where = f"the stereocentre {atom.GetSymbol()} (atom {atom.GetIdx()})"
            accepted = "'@' or '@@'"
        elif element.type == Chem.StereoType.Bond_Double:
            bond = molecule.GetBondWithIdx(element.centeredOn)
            where = f"the double bond between atoms {bond.GetBeginAtomIdx()} and {bond.GetEndAtomIdx()}"
            accepted = "'/' and '\\' around it"
        else:
            continue
        raise BuildError(
            f"{field}: {where} of {Chem.MolToSmiles(Chem.RemoveHs(molecule))} is not specified, "
            f"so the machine could be either isomer; expected {accepted}"
        )


def _is_symmetric_bridgehead(molecule: Chem.Mol, atom: Chem.Atom, ranks: list[int]) -> bool:
    """Whether an atom joins three rings with two equal arms, as in triptycene: no stereocentre by itself."""
    arms = [ranks[neighbour.GetIdx()] for neighbour in atom.GetNeighbors()]
    rings = molecule.GetRingInfo().NumAtomRings(atom.GetIdx())
    return rings >= 3 and len(set(arms)) < len(arms)


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
