"""Three-dimensional coordinates of a molecule: embedding and force-field optimisation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem import rdForceFieldHelpers

from molmach.building.conformers import Ranked, embed_conformers, ranked, search, search_turned_back
from molmach.building.strain import CONFORMERS as SEARCHED
from molmach.building.strain import MAX_STRAIN
from molmach.errors import BuildError

VARIANTS = ("MMFF94", "MMFF94s")
"""Force fields that molecules are built with: those by which RDKit places atoms."""

CONFORMERS = 10
"""Conformers of which a rotor gets the lowest."""

_RIGID = 0.5
"""Conformers that differ by no more are one shape, kJ/mol, and nothing is left to search."""


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
    """The first of :func:`conformers_of`, which has the arguments and errors."""
    return conformers_of(smiles, seed, force_field)[0].molecule


def conformers_of(smiles: str, seed: int, force_field: str) -> list[Conformer]:
    """The lowest of ten MMFF-optimised conformers, amides and their like in their stable form; then others.

    Where the ten differ, thirty more are searched, and one of those is taken if it is lower by more than a
    rotor's largest strain (:data:`molmach.building.strain.MAX_STRAIN`) or has fewer bonds turned over. The
    others are the rest of the ten and the searched ones that were minimised to the end, as far as they have
    no more bonds turned over than the first, by energy.

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
        embed_conformers(molecule, CONFORMERS, seed)
        own = ranked(molecule, force_field)
        if not own:
            raise BuildError(
                f"machine.smiles: {force_field} did not converge for any of {molecule.GetNumConformers()} "
                "conformers; expected a molecule that the force field can relax"
            )
        candidates = _candidates(smiles, molecule, own, force_field)
        fewest = candidates[0][0]
        kept = [candidates[0], *sorted((c for c in candidates[1:] if c[0] <= fewest), key=lambda c: c[1])]
        return [Conformer(energy, _single(of, number)) for _, energy, of, number in kept]


def _single(molecule: Chem.Mol, conformer: int) -> Chem.Mol:
    """The molecule with one of its conformers, and the stereochemistry that this has."""
    single = Chem.Mol(molecule, False, conformer)
    Chem.AssignStereochemistryFrom3D(single)
    return single


_Candidate = tuple[int, float, Chem.Mol, int]
"""Bonds turned over, energy, and the conformer as a number of a molecule."""


def _candidates(smiles: str, molecule: Chem.Mol, own: Ranked, force_field: str) -> list[_Candidate]:
    """All conformers, the best first: an own one, or one that was searched."""
    candidates = [(turned, energy, molecule, number) for turned, energy, number in own]
    best = candidates[0]
    if not best[0] and max(energy for _, energy, _ in own) - best[1] <= _RIGID:
        return candidates
    for look in (search, search_turned_back):
        other = Chem.Mol(molecule)
        searched = [
            (turned, energy, other, number) for turned, energy, number in look(other, force_field, SEARCHED)
        ]
        candidates += searched
        if searched and searched[0][:2] < (best[0], best[1] - MAX_STRAIN["rotor"]):
            best = searched[0]
        if not best[0]:
            break
    return [best, *(candidate for candidate in candidates if candidate is not best)]


@lru_cache(maxsize=8)
def _looked_for(
    smiles: str, force_field: str, look: Callable[[Chem.Mol, str, int], Ranked]
) -> tuple[Chem.Mol, Ranked]:
    """A search, whose outcome no seed changes; so a build for the mirror image need not repeat it."""
    molecule = checked_molecule(smiles, force_field, "machine.smiles")
    return molecule, look(molecule, force_field, SEARCHED)


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
            if is_symmetric_bridgehead(molecule, atom, ranks):
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


def is_symmetric_bridgehead(molecule: Chem.Mol, atom: Chem.Atom, ranks: list[int]) -> bool:
    """Whether an atom joins three rings with two equal arms, as in triptycene: no stereocentre by itself."""
    arms = [ranks[neighbour.GetIdx()] for neighbour in atom.GetNeighbors()]
    rings = molecule.GetRingInfo().NumAtomRings(atom.GetIdx())
    return rings >= 3 and len(set(arms)) < len(arms)
