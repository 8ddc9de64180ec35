"""Energies and forces of many images of one molecule at once: sixteen structures, one a lane."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from rdkit import Chem

from molmach.forcefield.base import ForceField
from molmach.forcefield.terms import Floats
from molmach.lanes.compiler import kernel
from molmach.lanes.types import LANES


@cache
def make_evaluate(add_forces: Any) -> Any:
    """A compiled force as a kernel of its own."""

    @kernel
    def evaluate(tables: Any, scratch: Any, high: Any, low: Any, force: Any, energy: Any) -> None:
        """Add every lane's forces and energies, see :class:`molmach.forcefield.CompiledForce`."""
        add_forces(tables, scratch, high, low, force, energy)

    return evaluate


class Images:
    """Force-field energies and forces of whole sets of structures, to single precision.

    Parameters
    ----------
    force_field
        One that has a compiled form.
    molecule
        Whose images these are.

    Raises
    ------
    ForceFieldError
        The force field has no compiled form, or no parameters for the molecule.
    """

    def __init__(self, force_field: ForceField, molecule: Chem.Mol) -> None:
        self._force = force_field.compiled()
        self._evaluate = make_evaluate(self._force.add_forces)
        self._tables = force_field.kernel_tables(molecule)
        self._scratch = self._force.scratch(self._tables)

    def __call__(self, positions: Floats) -> tuple[Floats, Floats]:
        """Energies (n_images,), kJ/mol, and forces (n_images, n_atoms, 3), kJ/(mol nm).

        ``positions`` is (n_images, n_atoms, 3) in nm.
        """
        rows, forces = self._rows(positions)
        return np.asarray(rows.sum(axis=0)), forces

    def by_term(self, positions: Floats) -> tuple[dict[str, Floats], Floats]:
        """As a call, with the energies of each term by its name."""
        rows, forces = self._rows(positions)
        terms = rows.reshape(-1, 2, len(positions)).sum(axis=1)
        return dict(zip(self._force.terms, terms, strict=True)), forces

    def _rows(self, positions: Floats) -> tuple[Floats, Floats]:
        """Energies (n_rows, n_images), two rows a term, and forces."""
        count = len(positions)
        rows, forces = np.empty((self._force.rows, count)), np.empty(positions.shape)
        for first in range(0, count, LANES):
            some = positions[first : first + LANES]
            filled = np.concatenate([some, np.repeat(some[-1:], LANES - len(some), axis=0)])
            place = np.ascontiguousarray(filled.reshape(LANES, -1).T)
            high = place.astype(np.float32)
            low = (place - high).astype(np.float32)
            force, energy = np.zeros_like(high), np.zeros((self._force.rows, LANES), dtype=np.float32)
            self._evaluate(self._tables, self._scratch, high, low, force, energy)
            rows[:, first : first + LANES] = energy[:, : len(some)]
            forces[first : first + LANES] = force.T.reshape(filled.shape)[: len(some)]
        return rows, forces
