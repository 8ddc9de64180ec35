"""Three-dimensional coordinates of a molecule: embedding and force-field optimisation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from rdkit import Chem, rdBase

from molmach.building.conformers import Ranked, embed_conformers, ranked, search, search_turned_back
from molmach.building.mmff94_types import typed
from molmach.building.stereo import Bonds, is_isomer, require_stereo
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


def embed(molecule: Chem.Mol, seed: int, force_field: str) -> Chem.Mol:
    """The lowest of ten MMFF-optimised conformers, amides and their like in their stable form.

    Where the ten differ, thirty more are searched, and one of those is taken if it is lower by more than a
    rotor's largest strain (:data:`molmach.building.strain.MAX_STRAIN`) or has fewer bonds turned over.

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
        placed, best = _better(molecule, placed, own, force_field)
        single = Chem.Mol(placed, False, best)
        Chem.AssignStereochemistryFrom3D(single)
        return single


def _of_the_isomer(wanted: Chem.Mol, placed: Chem.Mol, conformers: Ranked) -> Ranked:
    """Those conformers of ``placed`` that are the isomer which ``wanted`` is marked as."""
    return [entry for entry in conformers if is_isomer(wanted, Chem.Mol(placed, False, entry[2]))]


def _better(wanted: Chem.Mol, placed: Chem.Mol, own: Ranked, force_field: str) -> tuple[Chem.Mol, int]:
    """The best conformer, as a molecule that has it and its number: of the own ones, or a searched one."""
    turned, energy, best = own[0]
    if not turned and max(other for _, other, _ in own) - energy <= _RIGID:
        return placed, best
    for look in (search, search_turned_back):
        other = Chem.Mol(wanted)
        searched = _of_the_isomer(wanted, other, look(other, force_field, SEARCHED))
        if searched and searched[0][:2] < (turned, energy - MAX_STRAIN["rotor"]):
            placed, (turned, energy, best) = other, searched[0]
        if not turned:
            break
    return placed, best


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
