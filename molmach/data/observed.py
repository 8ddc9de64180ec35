"""What quantities are taken from: a motion and, where there is one, the run behind it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from molmach.data.motion import Motion
from molmach.data.run import Run
from molmach.data.stations import StationMap
from molmach.data.statistics import Floats


@dataclass(frozen=True, eq=False)
class Observed:
    """A motion with what is known of its origin.

    Attributes
    ----------
    motion
        Of the machine, or of anyone's trajectories.
    run
        The run behind it; None where there is none, and then neither energies nor events are known.
    stations
        Along the coordinate; None where there are none.
    """

    motion: Motion
    run: Run | None = None
    stations: StationMap | None = None

    @classmethod
    def of(cls, moving: Run | Motion) -> Observed:
        """Of a run, without its controls, or of a motion."""
        if isinstance(moving, Motion):
            return cls(moving)
        return cls(Motion.of(moving), moving, StationMap.of(moving.assembly))

    @property
    def duration_ns(self) -> float:
        """Length of the measured part."""
        return float((self.motion.time_ps[-1] - self.motion.time_ps[0]) * 1e-3)

    @cached_property
    def visits(self) -> NDArray[np.int64]:
        """(n_replicas, n_samples) station visited last; see :meth:`StationMap.visits`.

        Only where there are stations.
        """
        assert self.stations is not None, "visits are asked for where there are stations"
        return self.stations.visits(self.motion.coordinate)

    def rate(self, totals: Floats) -> Floats:
        """(n_replicas,) change per ns of (n_replicas, n_samples) running totals that begin at zero."""
        return np.asarray(totals[:, -1] / self.duration_ns)
