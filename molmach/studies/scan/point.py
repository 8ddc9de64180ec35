"""One finished point of a scan."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molmach import drives
from molmach.building import kind_of
from molmach.scoring import Estimate
from molmach.scoring.regime import FOLLOWED_SHARE, lags, turn_of
from molmach.spec import Spec
from molmach.studies.scan.plan import PlannedPoint
from molmach.units import thermal_energy

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Point:
    """What came of one point.

    Attributes
    ----------
    values
        Of the axes, in their units.
    spec
        As run.
    velocities
        (n_replicas,) each replica's own, in the coordinate's unit per ns; empty where the point failed.
    score
        As :meth:`molmach.scoring.Score.to_json` has it, without controls; empty where the point failed.
    rotor_dipole
        Across the axle, D.
    moment_of_inertia
        About the axle, u nm^2.
    seconds
        Wall time of the workers that integrated.
    problem
        Why there is no result; '' where there is one.
    """

    values: tuple[float, ...]
    spec: Spec
    velocities: Floats
    score: dict[str, Any]
    rotor_dipole: float
    moment_of_inertia: float
    seconds: float
    problem: str = ""

    @property
    def regime(self) -> str:
        """Vacek & Michl's; '' for other drives than a rotating field and where the point failed."""
        return self.score.get("regime") or ""

    @property
    def frequency(self) -> float:
        """Of the drive, GHz; nan where it has none."""
        frequency = drives.model(self.spec.drive).frequency
        return math.nan if frequency is None else frequency

    @property
    def dipole_energy(self) -> float:
        """mu E over k_B T; nan where the drive has no field."""
        energy = drives.model(self.spec.drive).dipole_energy(self.rotor_dipole)
        return math.nan if energy is None else energy / thermal_energy(self.spec.protocol.temperature)

    @property
    def field(self) -> float:
        """Strength of the drive's field, V/nm; nan where it has none."""
        field = drives.model(self.spec.drive).field_strength
        return math.nan if field is None else field

    def estimate(self, name: str) -> Estimate:
        """One of the score's estimates; nan where there is none."""
        document = self.score.get(name)
        if not isinstance(document, dict):
            return Estimate(math.nan, (math.nan, math.nan), "")
        return Estimate.of_json(document)

    @property
    def followed(self) -> Estimate:
        """Net turns to a period of the drive, as in objectives; nan for drives without a period."""
        shares = self.shares_followed
        if not shares.size:
            return Estimate(math.nan, (math.nan, math.nan), "")
        return FOLLOWED_SHARE.estimate({FOLLOWED_SHARE.name: shares})

    @property
    def shares_followed(self) -> Floats:
        """(n_replicas,) each replica's net turns to a period of the drive.

        Empty where :func:`molmach.scoring.regime.turn_of` knows no turn, and where the point failed.
        """
        scale = kind_of(self.spec.machine.kind).coordinate.scale
        model = drives.model(self.spec.drive)
        turn = turn_of(scale, model)
        if turn is None or not self.velocities.size:
            return np.zeros(0)
        taken = lags(self.velocities * (scale.unit_size / turn), model)
        return taken.get(FOLLOWED_SHARE.name, np.zeros(0))

    def record(self) -> dict[str, Any]:
        """What is kept on disk of a finished point."""
        return {
            "key": self.spec.key,
            "velocities": self.velocities.tolist(),
            "score": self.score,
            "rotor_dipole": self.rotor_dipole,
            "moment_of_inertia": self.moment_of_inertia,
            "seconds": self.seconds,
            "problem": self.problem,
        }

    @classmethod
    def of_record(cls, planned: PlannedPoint, record: dict[str, Any]) -> Point:
        """Read back what :meth:`record` gave."""
        return cls(
            planned.values,
            planned.spec,
            np.array(record["velocities"], dtype=np.float64),
            record["score"],
            record["rotor_dipole"],
            record["moment_of_inertia"],
            record["seconds"],
            record["problem"],
        )
