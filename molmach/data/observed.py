"""What quantities are taken from: a motion and, where there is one, the run behind it; or a run to come."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from molmach.building import Assembly, Scale, build, kind_of
from molmach.data.motion import Motion
from molmach.data.run import Run
from molmach.data.stations import StationMap
from molmach.data.statistics import Floats
from molmach.spec import Drive, Spec


class Known(Protocol):
    """What decides which quantities there are."""

    @property
    def scale(self) -> Scale:
        """How motion along the coordinate is counted."""
        ...

    @property
    def station_names(self) -> tuple[str, ...]:
        """Of the stations along the coordinate."""
        ...

    @property
    def follower_names(self) -> tuple[str, ...]:
        """Of the wheels that the rotor turns."""
        ...

    @property
    def drive(self) -> Drive | None:
        """Under which it runs; None of a motion without a run."""
        ...


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
    def scale(self) -> Scale:
        """How the motion is counted."""
        return self.motion.scale

    @property
    def station_names(self) -> tuple[str, ...]:
        """Of the stations, in the order of their places."""
        return () if self.stations is None else self.stations.names

    @property
    def follower_names(self) -> tuple[str, ...]:
        """Of the wheels that the rotor turns."""
        return tuple(self.motion.followers)

    @property
    def drive(self) -> Drive | None:
        """The run's; None where there is no run."""
        return None if self.run is None else self.run.drive

    @property
    def level_share(self) -> float:
        """Share of the level of every test that these replicas have: of one of several looks, its part."""
        return 1.0 if self.run is None else self.run.level_share

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


class Planned:
    """A machine that is not simulated yet, from its spec.

    It is built only where its section does not say what its stations and followers are, and only when these
    are asked for; :class:`molmach.errors.BuildError` says that it can't be.

    Parameters
    ----------
    spec
        Of the machine, its drive and its protocol.
    """

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._kind = kind_of(spec.machine.kind)

    @property
    def scale(self) -> Scale:
        """How motion along the kind's coordinate is counted."""
        return self._kind.coordinate.scale

    @property
    def drive(self) -> Drive:
        """The spec's."""
        return self._spec.drive

    @property
    def station_names(self) -> tuple[str, ...]:
        """Those of its section, or else of the built machine."""
        names = self._kind.station_names(self._spec.machine)
        return tuple(self._kind.stations(self._assembly)) if names is None else names

    @property
    def follower_names(self) -> tuple[str, ...]:
        """Those of its section, or else of the built machine."""
        names = self._kind.follower_names(self._spec.machine)
        return tuple(self._assembly.followers) if names is None else names

    @cached_property
    def _assembly(self) -> Assembly:
        return build(self._spec)
