"""Energies and forces of many images of one molecule at once: sixteen structures, one a lane."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from molmach.forcefield.mmff94_kernel import Scratch, add_forces, scratch_for
from molmach.forcefield.mmff94_tables import Tables
from molmach.lanes.compiler import fingerprint, kernel
from molmach.lanes.types import LANES

Floats = NDArray[np.float64]


def _make_evaluate(source: str) -> Any:
    @kernel
    def evaluate(tables: Tables, scratch: Scratch, high: Any, low: Any, force: Any, energy: Any) -> None:
        """Add every lane's forces and energies, see :func:`add_forces`."""
        source  # noqa: B018  part of the cache's key, see molmach.lanes.compiler
        add_forces(tables, scratch, high, low, force, energy)

    return evaluate


_evaluate = _make_evaluate(fingerprint())


class Images:
    """Force-field energies and forces of whole sets of structures, to single precision.

    Parameters
    ----------
    tables
        The molecule, from :meth:`molmach.forcefield.ForceField.kernel_tables`.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._scratch = scratch_for(tables)

    def __call__(self, positions: Floats) -> tuple[Floats, Floats]:
        """Energies (n_images,), kJ/mol, and forces (n_images, n_atoms, 3), kJ/(mol nm).

        ``positions`` is (n_images, n_atoms, 3) in nm.
        """
        count = len(positions)
        energies, forces = np.empty(count), np.empty(positions.shape)
        for first in range(0, count, LANES):
            some = positions[first : first + LANES]
            filled = np.concatenate([some, np.repeat(some[-1:], LANES - len(some), axis=0)])
            place = np.ascontiguousarray(filled.reshape(LANES, -1).T)
            high = place.astype(np.float32)
            low = (place - high).astype(np.float32)
            force, energy = np.zeros_like(high), np.zeros((14, LANES), dtype=np.float32)
            _evaluate(self._tables, self._scratch, high, low, force, energy)
            energies[first : first + LANES] = energy.astype(np.float64).sum(axis=0)[: len(some)]
            forces[first : first + LANES] = force.T.reshape(filled.shape)[: len(some)]
        return energies, forces
