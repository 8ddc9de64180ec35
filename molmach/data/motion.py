"""A coordinate against time: what a run and anyone's trajectories have in common."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molmach.building import TURNS, Scale, coordinate_of
from molmach.data.run import Run
from molmach.files import write_arrays

Floats = NDArray[np.float64]

UNKNOWN = {
    "controls": "the velocity is a number, not a claim: no drive off and no mirror image beside it",
    "work_rate": "the forces of the drive are in no trajectory",
    "dissipation": "the heat given to the bath is in no trajectory",
    "temperature": "velocities and constraints are not read",
    "energy_balance": "work, heat and internal energy are not known",
}
"""What coordinates alone can't tell, and why."""


@dataclass(frozen=True, eq=False)
class Motion:
    """The motion of independent replicas, and nothing of what drives it.

    Attributes
    ----------
    time_ps
        (n_samples,) from 0.
    coordinate
        (n_replicas, n_samples) unwrapped angles in rad, or places in nm.
    scale
        How the motion is counted.
    followers
        (n_replicas, n_samples) unwrapped angles, rad, of each wheel that the rotor turns.
    moment_of_inertia
        Of the turning part about its axle in the first frame, u nm^2; nan where it is not known.
    warnings
        What a reader must know before believing the numbers.
    """

    time_ps: Floats
    coordinate: Floats
    scale: Scale = TURNS
    followers: dict[str, Floats] = field(default_factory=dict)
    moment_of_inertia: float = float("nan")
    warnings: tuple[str, ...] = ()

    @classmethod
    def of(cls, run: Run) -> Motion:
        """The motion of a run, without its controls'."""
        return cls(
            run.series.time_ps,
            run.series.coordinate,
            coordinate_of(run.assembly).scale,
            dict(zip(run.assembly.followers, run.series.followers, strict=True)),
            run.assembly.moment_of_inertia(),
        )

    @property
    def replicas(self) -> int:
        """Number of independent replicas."""
        return int(self.coordinate.shape[0])

    @property
    def moved(self) -> Floats:
        """(n_replicas, n_samples) motion since the first sample, in turns or nm."""
        return np.asarray((self.coordinate - self.coordinate[:, :1]) / self.scale.unit_size)

    def save(self, path: Path) -> None:
        """Write ``time_ps``, ``coordinate`` and ``followers`` (n_followers, ...) as an npz file."""
        arrays: dict[str, Any] = {"time_ps": self.time_ps, "coordinate": self.coordinate}
        if self.followers:
            arrays["followers"] = np.array(list(self.followers.values()))
        write_arrays(path, arrays, compressed=True)
