"""What the shape of a switched energy is to the rest of molmach."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import openmm

Floats = NDArray[np.float64]


class Shape(Protocol):
    """A function of positions that is multiplied by an amplitude: a frozen dataclass, compared by value.

    A module that holds one knows it in every form: its value in NumPy, its force in OpenMM, and compiled.
    It loads OpenMM and numba only where these are asked for.
    """

    def level(self, positions_nm: Floats) -> Floats:
        """(...) value of the shape at (..., n_atoms, 3) positions."""
        ...

    def power(self, reach: float) -> float:
        """The p for which level^p is exp(-d^2 / 2 reach^2), d the shape's distance, ``reach`` in nm.

        0 for a shape that has no distance.
        """
        ...

    def openmm_force(self, amplitude: str, offset: int) -> openmm.Force:
        """The energy ``amplitude`` (the name of a global parameter, to be added) times shape.

        ``offset`` is added to the atoms' numbers.
        """
        ...

    def groups(self) -> tuple[Sequence[int], ...]:
        """Atoms, in the groups that :meth:`compiled` reads."""
        ...

    def numbers(self) -> tuple[float, ...]:
        """The numbers that :meth:`compiled` reads."""
        ...

    @staticmethod
    def fits(groups: Sequence[int], numbers: int) -> bool:
        """Whether groups of these sizes, and so many numbers, are what :meth:`compiled` reads.

        Asked of arrays that came from elsewhere; a shape without it is refused there.
        """
        ...

    @staticmethod
    def compiled() -> Any:
        """The forces for a block of lanes, compiled; always the same function.

        ``add_forces(atoms, starts, numbers, high, force, amplitude, level, room)``: group g is
        ``atoms[starts[g]:starts[g + 1]]``, ``numbers`` are the shape's own, ``high`` (3 n_atoms, LANES) the
        positions, nm. It adds amplitude times minus the shape's gradient to ``force`` (3 n_atoms, LANES),
        and writes the shape's value to ``level``; ``amplitude`` and ``level`` are (LANES,) of double
        precision. ``room`` is (2, LANES), to work in.
        """
        ...
