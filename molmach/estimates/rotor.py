"""A rotor as one angle: its built structure in the exact theory of a driven rigid rotor."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from molmach import drives
from molmach.building import build, kind_of
from molmach.drives import DriveTerms
from molmach.estimates.base import Estimate, Estimator, Features
from molmach.spec import Spec
from molmach.theory import inertial_rotating_field_velocity
from molmach.units import DEBYE, TURN, thermal_energy

_TURNS_PER_NS = 1e3 / TURN


class RotorEstimator(Estimator):
    """Mean velocity of what turns about an axle, from inertia and dipole of its built shapes."""

    summary = "a rotor as one angle with the built structure's inertia and dipole"
    quantities = ("velocity",)

    def refusal(self, spec: Spec) -> str:
        """It speaks of machines that a torque turns, under drives that act on every machine alike."""
        kind = kind_of(spec.machine.kind)
        if not kind.turned_by_torque or kind.track is not None:
            return f"a torque about the axle is not all that moves a {spec.machine.kind}"
        if kind.follower_names(spec.machine):
            return "what turns has followers, whose inertia and meshing one angle does not have"
        if drives.on_any_machine(spec.drive) is None:
            return f"what drive {spec.drive.kind} does depends on the machine"
        return ""

    def describe(self, spec: Spec) -> Features:
        """Inertia and dipole of every shape, and the share of each."""
        assembly = build(spec)
        shapes = assembly.shapes
        count = 1 if shapes is None else len(shapes.molecules)
        weights = np.ones(1) if shapes is None else shapes.weight
        machines = [assembly if shapes is None else shapes.assembly(assembly, k) for k in range(count)]
        return {
            "weights": [float(weight) for weight in weights],
            "inertia": [machine.moment_of_inertia() for machine in machines],
            "dipole": [[float(d) for d in machine.rotor_dipole_debye] for machine in machines],
        }

    def estimate(self, features: Features, spec: Spec) -> Mapping[str, Estimate]:
        """The velocity, where the field turns."""
        acting = drives.on_any_machine(spec.drive)
        if acting is None or not turns_evenly(acting) or acting.torque or spec.drive.load:
            return {}
        weights = np.array(features["weights"])
        velocities = np.array(
            [
                _in_rotating_field(acting, inertia, math.hypot(*dipole), spec)
                for inertia, dipole in zip(features["inertia"], features["dipole"], strict=True)
            ]
        )
        share = weights / weights.sum()
        mean = float(share @ velocities)
        sd = math.sqrt(float(share @ (velocities - mean) ** 2) + (0.05 * mean) ** 2)
        if not math.isfinite(mean):
            return {}
        return {"velocity": Estimate(mean, sd, "Klein-Kramers equation of a dipole in a rotating field")}


def turns_evenly(acting: DriveTerms) -> bool:
    """Whether a drive's field turns about the axle at a constant strength."""
    cosine, sine = np.array(acting.cosine)[:2], np.array(acting.sine)[:2]
    size = float(np.hypot(*cosine))
    return bool(
        size > 0.0 and abs(np.hypot(*sine) - size) < 1e-9 * size and abs(cosine @ sine) < 1e-9 * size**2
    )


def _in_rotating_field(acting: DriveTerms, inertia: float, dipole_debye: float, spec: Spec) -> float:
    cosine, sine = acting.cosine, acting.sine
    sense = math.copysign(1.0, cosine[0] * sine[1] - cosine[1] * sine[0])
    velocity = inertial_rotating_field_velocity(
        sense * acting.angular_frequency,
        thermal_energy(spec.protocol.temperature),
        spec.protocol.friction,
        inertia,
        dipole_debye * DEBYE * math.hypot(*cosine[:2]),
    )
    return velocity * _TURNS_PER_NS
