"""What a force field hands the ``batched`` engine: its forces as a function that numba compiles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, eq=False)
class CompiledForce:
    """Forces and energies of :data:`~molmach.lanes.types.LANES` replicas at once, one replica a lane.

    The engine's integrator closes over ``add_forces``. Nothing here depends on a molecule: the same
    object serves all, and a worker process finds it again by the force field's name.

    Attributes
    ----------
    tables
        A NamedTuple of arrays: what :meth:`molmach.forcefield.ForceField.kernel_tables` makes of a
        molecule, and ``add_forces`` reads.
    scratch
        tables -> a NamedTuple of arrays: room to work in for one block of lanes.
    add_forces
        ``add_forces(tables, scratch, high, low, force, energy)``, compiled with
        :data:`molmach.lanes.compiler.compiled`. ``high`` and ``low`` are (3 n_atoms, LANES) single-precision
        positions, nm, whose sum is the position; forces, kJ/(mol nm), are added to ``force``,
        (3 n_atoms, LANES). ``energy`` is None, or (2 n_terms, LANES): two rows a term whose sum is the
        term's energy, kJ/mol; added to (see :func:`molmach.lanes.memory.book`).
    terms
        Names of the energy's terms in the order of their rows; those of
        :meth:`molmach.forcefield.ForceField.energy_terms`.
    check
        ``check(tables, n_atoms)`` raises a :class:`~molmach.errors.WorkError` where tables from elsewhere
        would have ``add_forces`` read beside them. Without it such tables are refused.
    """

    tables: type[Any]
    scratch: Callable[[Any], Any]
    add_forces: Any
    terms: tuple[str, ...]
    check: Callable[[Any, int], None] | None = None

    @property
    def rows(self) -> int:
        """Rows of the array that takes the energies."""
        return 2 * len(self.terms)
