"""Energies of a level that has no surface of its own, at the stationary points of another one's."""

from __future__ import annotations

import numpy as np
from rdkit import Chem

from molmach.identity import version_of
from molmach.studies.kinetics.functional import functional_energy
from molmach.studies.kinetics.level import SURFACES, Floats, level_of
from molmach.studies.kinetics.stationary import Stationary
from molmach.studies.kinetics.store import Store


def energy_at(
    stationary: Stationary,
    molecule: Chem.Mol,
    content: bytes,
    level_name: str,
    solvent: str | None,
    store: Store,
) -> float:
    """A stationary point's energy at a level, kJ/mol; solvation is always its surface's.

    Parameters
    ----------
    stationary
        On the level's surface, in the solvent.
    molecule, content
        The molecule, and what it is known by in the store.
    level_name
        One of :data:`molmach.studies.kinetics.level.LEVELS`.
    solvent
        None for none.
    store
        Where each energy is kept as soon as it is there.

    Raises
    ------
    KineticsError
        The level does not converge.
    """
    if level_name not in SURFACES:
        return stationary.energy

    def make() -> dict[str, Floats]:
        return {"energy": np.array(functional_energy(molecule, stationary.positions))}

    made_by = tuple(version_of(package) for package in ("pyscf", "pyscf-dispersion"))
    piece = store.piece("single-point", (content, level_name, stationary.positions, made_by), make)
    energy = float(piece["energy"])
    if solvent is None:
        return energy
    bare = level_of(SURFACES[level_name], molecule)
    return energy + stationary.energy - bare(stationary.positions)[0]
