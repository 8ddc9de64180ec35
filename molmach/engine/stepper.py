"""What an engine is to the rest of molmach: something that moves a batch of replicas."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BOOKS = ("heat", "drive_work", "load_work", "kinetic_sum", "events")
"""An integrator's running totals, kJ/mol since the replica's start.

``heat`` given to the bath, ``drive_work`` and ``load_work`` done by drive and load on the machine,
``kinetic_sum`` the kinetic energy summed over steps; and ``events``, a number: photons absorbed, molecules of
fuel used up, or throws of a switch.
"""


class Samples(NamedTuple):
    """Positions (samples, members, n_atoms, 3), nm, and books (samples, members, 5), kJ/mol."""

    positions: Floats
    books: Floats


class Stepper(Protocol):
    """A batch of replicas in motion."""

    def present(self) -> Samples:
        """One sample, of the present positions and books."""
        ...

    def advance(self, samples: int, steps: int) -> Samples:
        """Move on by ``samples`` intervals of ``steps`` steps, with a sample at the end of each."""
        ...

    def internal_energy(self) -> Floats:
        """(members,) energy of force field, anchors and motion, kJ/mol."""
        ...

    def checkpoint(self) -> dict[str, NDArray[np.generic]]:
        """All that the future depends on."""
        ...

    def restore(self, stored: dict[str, NDArray[np.generic]]) -> None:
        """Go on from a checkpoint."""
        ...
