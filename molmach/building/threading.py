"""Whether an interlocked machine is still interlocked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molmach.building.assembly import Assembly, Floats
from molmach.building.kinds import kind_of
from molmach.building.linking import linking_number, threading_number


@dataclass(frozen=True)
class Interlocking:
    """The rings of a machine and what they are threaded on, by atom indices.

    Attributes
    ----------
    path
        The track's atoms in order.
    closed
        Whether the track is a ring itself.
    loops
        Each threaded ring's atoms in order.
    """

    path: list[int]
    closed: bool
    loops: list[list[int]]

    @classmethod
    def of(cls, assembly: Assembly) -> Interlocking | None:
        """That of an assembly; None where nothing is threaded."""
        if assembly.track is None:
            return None
        track = assembly.track
        return cls(
            list(track.path), kind_of(assembly.kind).track == "closed", [list(loop) for loop in track.loops]
        )

    def numbers(self, positions_nm: Floats) -> Floats:
        """(..., n_loops) linking or threading numbers of (..., n_atoms, 3) positions.

        nan where an axle's end lies within a ring's hull, so that in or out can't be said.
        """
        path = positions_nm[..., self.path, :]
        number = linking_number if self.closed else threading_number
        return np.stack([number(positions_nm[..., loop, :], path) for loop in self.loops], axis=-1)

    def broken(self, positions_nm: Floats) -> NDArray[np.bool_]:
        """(...) whether some ring is surely not threaded exactly once."""
        numbers = np.abs(np.round(self.numbers(positions_nm)))
        return np.asarray(np.any((numbers != 1.0) & ~np.isnan(numbers), axis=-1))
