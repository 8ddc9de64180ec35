"""What a substituent does to the ring that carries it: numbers for a kernel on sites."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem, DataStructs, rdBase
from rdkit.Chem import Crippen, rdDistGeom, rdFingerprintGenerator, rdForceFieldHelpers, rdPartialCharges

from molmach.search.space.sites import attach

Floats = NDArray[np.float64]

DESCRIPTORS = ("dipole along the bond", "dipole across the bond", "charge", "size", "mass", "reach")
"""Of the phenyl compound: MMFF94 dipole (e nm) along and across the bond to the substituent, Gasteiger charge
(e) that the substituent has drawn, Crippen's molar refractivity, mass (u), distance of the substituent's
farthest atom from the ring (nm)."""

SIMILARITIES = (*DESCRIPTORS, "structure", "identity")
"""The parts that tell two substituents apart: descriptors, Morgan fingerprint, being another one at all."""

_PHENYL = "[*:10][c:1]1[cH:2][cH:3][cH:4][cH:5][cH:6]1"


def distances(fragments: Sequence[str]) -> Floats:
    """(parts, n, n) squared distances between fragments, one table for each of :data:`SIMILARITIES`.

    Each table has mean 1 over pairs of different fragments, so that the parts can be weighed against each
    other; a part in which no two differ is zero. The fingerprints' part is 1 - Tanimoto similarity, which is
    a squared distance since the similarity is positive definite (Ralaivola et al., Neural Networks 18, 1093
    (2005)).
    """
    numbers = np.array([_descriptors(smiles) for smiles in fragments])
    middle = np.nanmean(np.where(np.isfinite(numbers).any(axis=0), numbers, 0.0), axis=0)
    numbers = np.where(np.isfinite(numbers), numbers, middle)
    tables = list((numbers.T[:, :, None] - numbers.T[:, None, :]) ** 2)
    prints = [_fingerprint(smiles) for smiles in fragments]
    tables.append(1.0 - np.array([DataStructs.BulkTanimotoSimilarity(p, prints) for p in prints]))
    tables.append(1.0 - np.eye(len(fragments)))
    return np.array([_scaled(table) for table in tables])


def _scaled(table: Floats) -> Floats:
    pairs = max(1, len(table) * (len(table) - 1))
    mean = table.sum() / pairs
    return table / mean if mean > 1e-12 else np.zeros_like(table)


@lru_cache(maxsize=10_000)
def _phenyl(fragment: str) -> Chem.Mol:
    return Chem.AddHs(Chem.MolFromSmiles(str(attach(_PHENYL, {10: fragment}))))


@lru_cache(maxsize=10_000)
def _fingerprint(fragment: str) -> DataStructs.ExplicitBitVect:
    molecule = Chem.RemoveHs(_phenyl(fragment))
    for atom in molecule.GetAtoms():
        atom.SetAtomMapNum(0)
    return rdFingerprintGenerator.GetMorganGenerator(radius=2, includeChirality=True).GetFingerprint(molecule)


@lru_cache(maxsize=10_000)
def _descriptors(fragment: str) -> tuple[float, ...]:
    molecule = Chem.Mol(_phenyl(fragment))
    ring = {a.GetAtomMapNum(): a.GetIdx() for a in molecule.GetAtoms() if a.GetAtomMapNum()}
    borne = {
        n.GetIdx() for number in range(2, 7) for n in molecule.GetAtomWithIdx(ring[number]).GetNeighbors()
    }
    own = [a.GetIdx() for a in molecule.GetAtoms() if a.GetIdx() not in borne | set(ring.values())]
    rdPartialCharges.ComputeGasteigerCharges(molecule)
    charge = sum(molecule.GetAtomWithIdx(i).GetDoubleProp("_GasteigerCharge") for i in own)
    mass = sum(molecule.GetAtomWithIdx(i).GetMass() for i in own)
    along, across, reach = _shape(molecule, ring, own)
    return along, across, charge, float(Crippen.MolMR(molecule)), mass, reach


def _shape(molecule: Chem.Mol, ring: dict[int, int], own: Sequence[int]) -> tuple[float, float, float]:
    """Dipole along and across the bond (e nm), reach (nm); nan where MMFF94 has no parameters."""
    with rdBase.BlockLogs():
        if rdDistGeom.EmbedMolecule(molecule, randomSeed=1) != 0:
            return np.nan, np.nan, np.nan
        properties = rdForceFieldHelpers.MMFFGetMoleculeProperties(molecule)
        if properties is not None:
            rdForceFieldHelpers.MMFFOptimizeMolecule(molecule)
    places = 0.1 * np.asarray(molecule.GetConformer().GetPositions())
    outward = places[ring[1]] - places[ring[4]]
    outward /= np.linalg.norm(outward)
    reach = float(max(np.linalg.norm(places[i] - places[ring[1]]) for i in own))
    if properties is None:
        return np.nan, np.nan, reach
    charges = np.array([properties.GetMMFFPartialCharge(i) for i in range(molecule.GetNumAtoms())])
    dipole = charges @ (places - places.mean(axis=0))
    along = float(dipole @ outward)
    return along, float(np.linalg.norm(dipole - along * outward)), reach
