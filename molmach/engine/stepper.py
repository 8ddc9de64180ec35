"""What an engine is to the rest of molmach: something that moves a batch of replicas."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Samples(NamedTuple):
    """Positions (samples, members, n_atoms, 3), nm, and books (samples, members, 5), kJ/mol."""

    positions: Floats
    books: Floats


class Stepper(Protocol):
    """A batch of replicas in motion."""

    def present(self) -> Samples:
        """One sample, of now."""
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
