"""Three-dimensional coordinates of a molecule: embedding and force-field optimisation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from rdkit import Chem, rdBase

from molmach.building.conformers import Ranked, embed_conformers, ranked, search, search_turned_back
from molmach.building.mmff94_types import typed
from molmach.building.stereo import Bonds, assign_stereo, is_isomer, require_stereo
from molmach.building.strain import CONFORMERS as SEARCHED
from molmach.building.strain import MAX_STRAIN
from molmach.errors import BuildError, ForceFieldError
from molmach.spec.axes import canonical_smiles

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


@dataclass(frozen=True)
class _Wanted:
    """A molecule, and what tells it from another."""

    key: bytes
    molecule: Chem.Mol = field(compare=False)


def embed(molecule: Chem.Mol, seed: int, force_field: str) -> Chem.Mol:
    """The first of :func:`conformers_of`, which has the arguments and errors."""
    return conformers_of(molecule, seed, force_field)[0].molecule


def conformers_of(molecule: Chem.Mol, seed: int, force_field: str) -> list[Conformer]:
    """The lowest of ten MMFF-optimised conformers, amides and their like in their stable form; then others.

    Where the ten differ, thirty more are searched, and one of those is taken if it is lower by more than a
    rotor's largest strain (:data:`molmach.building.strain.MAX_STRAIN`) or has fewer bonds turned over. The
    others are the rest of the ten and the searched ones that were minimised to the end, as far as they have
    no more bonds turned over than the first, by energy.

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
    kept = _conformers_of(_Wanted(molecule.ToBinary(), molecule), seed, force_field)
    return [Conformer(conformer.energy, Chem.Mol(conformer.molecule)) for conformer in kept]


@lru_cache(maxsize=2)
def _conformers_of(wanted: _Wanted, seed: int, force_field: str) -> list[Conformer]:
    """:func:`conformers_of`, kept: one molecule is built as several machines where its axle is looked for."""
    molecule = wanted.molecule
    with rdBase.BlockLogs():
        placed = Chem.Mol(molecule)
        embed_conformers(placed, CONFORMERS, seed)
        conformers = ranked(placed, force_field)
        if not conformers:
            raise BuildError(
                f"machine.smiles: {force_field} did not converge for any of {placed.GetNumConformers()} "
                "conformers; expected a molecule that the force field can relax"
            )
        own = _of_the_isomer(molecule, placed, conformers)
        if not own:
            raise BuildError(
                f"machine.smiles: {force_field} turns {canonical_smiles(Chem.RemoveHs(molecule))} into "
                "another isomer; expected one that is stable"
            )
        candidates = _best_first(molecule, placed, own, force_field)
        fewest = candidates[0][0]
        others = sorted((c for c in candidates[1:] if c[0] <= fewest), key=lambda c: c[1])
        return [Conformer(c[1], _single(c[2], c[3])) for c in (candidates[0], *others)]


def _single(molecule: Chem.Mol, conformer: int) -> Chem.Mol:
    """The molecule with one of its conformers, and the stereochemistry that this has."""
    single = Chem.Mol(molecule, False, conformer)
    assign_stereo(single)
    return single


def _of_the_isomer(wanted: Chem.Mol, placed: Chem.Mol, conformers: Ranked) -> Ranked:
    """Those conformers of ``placed`` that are the isomer which ``wanted`` is marked as."""
    return [entry for entry in conformers if is_isomer(wanted, Chem.Mol(placed, False, entry[2]))]


_Candidate = tuple[int, float, Chem.Mol, int]
"""Bonds turned over, energy, and the conformer as a molecule that has it and its number."""


def _best_first(wanted: Chem.Mol, placed: Chem.Mol, own: Ranked, force_field: str) -> list[_Candidate]:
    """The best conformer, an own one or a searched one, and then the others."""
    candidates = [(turned, energy, placed, number) for turned, energy, number in own]
    best = candidates[0]
    if not best[0] and max(energy for _, energy, _ in own) - best[1] <= _RIGID:
        return candidates
    for look in (search, search_turned_back):
        other, looked = _looked_for(_Wanted(wanted.ToBinary(), wanted), force_field, look)
        searched = [(*entry[:2], other, entry[2]) for entry in _of_the_isomer(wanted, other, looked)]
        candidates += searched
        if searched and searched[0][:2] < (own[0][0], own[0][1] - MAX_STRAIN["rotor"]):
            best = searched[0]
        if not own[0][0]:
            break
    return [best, *(candidate for candidate in candidates if candidate is not best)]


@lru_cache(maxsize=8)
def _looked_for(
    wanted: _Wanted, force_field: str, look: Callable[[Chem.Mol, str, int], Ranked]
) -> tuple[Chem.Mol, Ranked]:
    """A search, whose outcome no seed changes; so a build for the mirror image need not repeat it."""
    molecule = Chem.Mol(wanted.molecule)
    return molecule, look(molecule, force_field, SEARCHED)


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
        require_stereo(molecule, smiles, field, turning(molecule))
    try:
        check_parameters(molecule, force_field, field)
    except BuildError as error:
        raise BuildError(f"{error} (atoms are counted from 0 in {smiles})") from error
    return molecule


def check_parameters(molecule: Chem.Mol, force_field: str, field: str = "machine.smiles") -> None:
    """Raise :class:`BuildError` naming the first atom that the force field has no type or no charge for."""
    try:
        typed(molecule, force_field)
    except ForceFieldError as error:
        raise BuildError(f"{field}: {error}") from error
