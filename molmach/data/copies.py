"""Copies of one machine that move in the same trajectories: a crystal, a grid of rotors on a surface."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from molmach.data.motion import Motion
from molmach.files import write_arrays


@dataclass(frozen=True, eq=False)
class Copies:
    """The motion of every copy.

    Attributes
    ----------
    each
        What a copy is: ``residue``, ``chain`` or ``molecule``.
    motions
        Of every copy by its name; all have the same replicas and times.
    """

    each: str
    motions: Mapping[str, Motion]

    @property
    def mean(self) -> Motion:
        """The mean angle of the copies in each replica.

        Copies in one trajectory feel each other, so they are no independent samples; replicas are.
        """
        motions = list(self.motions.values())
        warnings = dict.fromkeys(text for motion in motions for text in motion.warnings)
        return Motion(
            motions[0].time_ps,
            np.mean([motion.coordinate for motion in motions], axis=0),
            motions[0].scale,
            moment_of_inertia=float(np.mean([motion.moment_of_inertia for motion in motions])),
            warnings=tuple(warnings),
        )

    def save(self, path: Path) -> None:
        """Write ``time_ps``, ``coordinate`` (n_copies, n_replicas, n_samples) and ``copies``, their names."""
        motions = self.motions.values()
        arrays = {
            "time_ps": self.mean.time_ps,
            "coordinate": np.array([motion.coordinate for motion in motions]),
            "copies": np.array(list(self.motions)),
        }
        write_arrays(path, arrays, compressed=True)
