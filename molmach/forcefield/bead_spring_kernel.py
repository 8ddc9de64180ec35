"""Bead springs compiled."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molmach.forcefield.bead_spring import Tables
from molmach.forcefield.compiled import CompiledForce
from molmach.forcefield.terms_kernel import Scratch, bend, pull_atoms, push_pairs, scratch_for, stretch, twist
from molmach.forcefield.terms_tables import check_tables
from molmach.lanes.compiler import compiled

Singles = NDArray[np.float32]


@compiled
def add_forces(
    tables: Tables, scratch: Scratch, high: Singles, low: Singles, force: Singles, energy: Any
) -> None:
    """See :class:`molmach.forcefield.compiled.CompiledForce`."""
    stretch(tables, scratch, high, low, energy, 0)
    bend(tables, scratch, energy, 1)
    twist(tables, scratch, energy, 2)
    pull_atoms(tables, scratch, force)
    push_pairs(tables, high, force, energy, 3, None)


FORCE = CompiledForce(
    Tables,
    scratch_for,
    add_forces,
    ("bond", "angle", "torsion", "van_der_waals"),
    partial(check_tables, angle=2, pair=2),
)
