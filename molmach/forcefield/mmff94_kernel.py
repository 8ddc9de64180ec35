"""MMFF94 compiled: its terms in the order in which they share what they compute."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molmach.forcefield.compiled import CompiledForce
from molmach.forcefield.mmff94_tables import Tables
from molmach.forcefield.terms_kernel import (
    Scratch,
    bend_coupled,
    bend_linear,
    bend_out_of_plane,
    pull_atoms,
    push_pairs,
    scratch_for,
    stretch,
    twist,
)
from molmach.forcefield.terms_tables import check_tables
from molmach.lanes.compiler import compiled

Singles = NDArray[np.float32]

TERMS = ("bond", "angle", "stretch_bend", "out_of_plane", "torsion", "van_der_waals", "electrostatic")


@compiled
def add_forces(
    tables: Tables, scratch: Scratch, high: Singles, low: Singles, force: Singles, energy: Any
) -> None:
    """See :class:`molmach.forcefield.compiled.CompiledForce`."""
    stretch(tables, scratch, high, low, energy, 0)
    bend_coupled(tables, scratch, energy, 1, 2)
    bend_linear(tables, scratch, energy, 1)
    bend_out_of_plane(tables, scratch, energy, 3)
    twist(tables, scratch, energy, 4)
    pull_atoms(tables, scratch, force)
    push_pairs(tables, high, force, energy, 5, 6)


FORCE = CompiledForce(Tables, scratch_for, add_forces, TERMS, partial(check_tables, angle=4, pair=3))
