"""A rotor as one angle: its built structure in the exact theory of a driven rigid rotor.

What turns about the axle is a rigid body with the built structure's moment of inertia and its dipole across
the axle, in the bath that every atom is in, so that I phi'' = -g I phi' - U'(phi) + tau(phi, t) + noise; U is
the relaxed energy along the turn, and zero where nothing beside the axle hinders it. Without U a torque
gives F / g I, and a field that turns :func:`molmach.theory.inertial_rotating_field_velocity`, both exactly;
all else takes Langevin dynamics of the one angle, :func:`molmach.theory.driven_velocities`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molmach import drives
from molmach.building import build, coordinate_of, kind_of
from molmach.drives import DriveTerms
from molmach.estimates.base import Estimate, Estimator, Features
from molmach.estimates.torsion import is_hindered, torsion_scan, turned
from molmach.spec import Spec
from molmach.theory import (
    DrivenRotors,
    driven_velocities,
    inertial_rotating_field_velocity,
)
from molmach.units import DEBYE, TURN, thermal_energy

Floats = NDArray[np.float64]

BENDING = 500.0
"""kJ/(mol rad^2): force constant of a substituent's bond that bends, in two directions.

MMFF94's constants for aromatic C-C-X are 0.7 to 1.1 mdyn angstrom/rad^2, 420 to 660 in these units (Halgren,
J. Comput. Chem. 17, 553 (1996)). <cos> of the bend is 1 - k_B T / k.
"""

MEMBERS = 16
"""Rotors that differ as the built structure's own uncertainty allows; theory's error is their spread."""

_REPLICAS = 24
"""Of each member, where it is simulated."""

_EQUILIBRATION_PS, _MEASURED_PS = 10.0, 40.0
_GRID = 72
_HARMONICS = 9

_UNEVEN = 4
"""Harmonics of the profile's error: a turn of what surrounds an axle differs in halves and quarters."""

_SEED = 1

_TURNS_PER_NS = 1e3 / TURN


class RotorEstimator(Estimator):
    """Mean velocity of what turns about an axle, from inertia, dipole and hindrance of its built shapes."""

    summary = "a rotor as one angle with the built structure's inertia, dipole and torsion profile"
    quantities = ("velocity",)
    method = "3"

    def refusal(self, spec: Spec) -> str:
        """It speaks of machines that a torque turns, under drives that act on every machine alike."""
        kind = kind_of(spec.machine.kind)
        if not kind.turned_by_torque or kind.track is not None:
            return f"more than one angle of a {spec.machine.kind} counts"
        if kind.follower_names(spec.machine):
            return "what turns has followers, whose inertia and meshing one angle does not have"
        acting = drives.on_any_machine(spec.drive)
        if acting is None:
            return f"what drive {spec.drive.kind} does depends on the machine"
        if not acting.has_field and not acting.torque and not spec.drive.load:
            return "nothing drives it"
        return ""

    def describe(self, spec: Spec) -> Features:
        """Inertia and dipole of every shape, the share of each, and a scan of what hinders it."""
        assembly = build(spec)
        shapes, coordinate = assembly.shapes, coordinate_of(assembly)
        numbers = [0] if shapes is None else [k for k, weight in enumerate(shapes.weight) if weight > 0.0]
        machines = [assembly if shapes is None else shapes.assembly(assembly, k) for k in numbers]
        angles = [float(coordinate(machine.positions_nm)) for machine in machines]
        features: dict[str, Any] = {
            "sway": 2.0
            * float(assembly.masses[list(assembly.rotor)].sum())
            / (len(assembly.stator) * spec.protocol.anchor),
            "weight": [1.0 if shapes is None else float(shapes.weight[k]) for k in numbers],
            "angle": angles,
            "inertia": [machine.moment_of_inertia() for machine in machines],
            "dipole": [
                turned(machine.rotor_dipole_debye, -angle).tolist()
                for machine, angle in zip(machines, angles, strict=True)
            ],
        }
        if is_hindered(assembly):
            scan = torsion_scan(assembly, spec.protocol.anchor)
            features["scan"] = {
                "angle": scan.angle.tolist(),
                "energy": scan.energy.tolist(),
                "inertia": scan.inertia.tolist(),
                "dipole": scan.dipole.tolist(),
                "closing": scan.closing,
            }
        return features

    def estimate(self, features: Features, spec: Spec) -> Mapping[str, Estimate]:
        """The velocity, by the theory that the drive and the hindrance ask for."""
        acting = drives.on_any_machine(spec.drive)
        assert acting is not None, "refused before"
        torque = acting.torque - spec.drive.load
        if "scan" not in features and not (torque and acting.has_field):
            if not acting.has_field:
                return _of_shapes(
                    features,
                    spec,
                    lambda inertia, dipole: torque / (spec.protocol.friction * inertia),
                    "torque over friction",
                )
            if turns_evenly(acting):
                return _of_shapes(
                    features,
                    spec,
                    partial(_in_rotating_field, acting, spec),
                    "Klein-Kramers equation of a dipole in a rotating field",
                )
        rotors = members(features, thermal_energy(spec.protocol.temperature))
        if rotors is None:
            return {}
        velocities = _simulated(rotors, acting, torque, spec) * _TURNS_PER_NS
        return _of_members(velocities, hindered="scan" in features)


@dataclass(frozen=True, eq=False)
class _Rotors:
    """Rotors that one built structure may be.

    Attributes
    ----------
    inertia
        (n,) u nm^2.
    dipole
        (n, 2) in the frame that turns with the rotor, e nm.
    energy
        (n, m) along a turn at m equidistant angles, kJ/mol.
    torque
        (n, m) minus its slope.
    """

    inertia: Floats
    dipole: Floats
    energy: Floats
    torque: Floats


def members(features: Features, thermal_energy: float) -> _Rotors | None:
    """The rotors that a structure's features leave possible; None where its scan is none.

    They differ by what the structure itself leaves open. Each is one of the shapes, as often as that is met.
    Its inertia is larger by what the anchors let it sway and its dipole shorter by what bonds bend; these
    means over the thermal motion are known to no better than their own size. With a scan, inertia and dipole
    are those at one of its angles, for both change as a turning rotor bends; and the profile has an error of
    k_B T / 2, what a mode holds that the turn makes stiffer or softer and a scan of energies leaves out, and
    of what the scan has not relaxed alike. That error depends on the angle: four harmonics have equal shares
    of it, for it is the profile's unevenness that decides which way a line of field turns a rotor. A scan
    that ends more than k_B T away from where it began is of no use. The friction is the bath's: vibrations
    that a barrier excites add to it, by a tenth to three quarters in two machines of the library
    (cyanoindane-ratchet, cyanobiphenyl-rotor, by the spread of their replicas), which is part of what
    :func:`_of_members` says that one angle can't tell.
    """
    from scipy.stats import norm

    rng = np.random.default_rng(_SEED)
    share = (np.arange(MEMBERS) + 0.5) / MEMBERS
    first, second = (rng.permutation(norm.ppf(share)) for _ in range(2))
    weight = np.array(features["weight"])
    shape = np.searchsorted(np.cumsum(weight) / weight.sum(), share)
    inertia, dipole = np.array(features["inertia"])[shape], np.array(features["dipole"])[shape]
    inertia = inertia + features["sway"] * thermal_energy * (1.0 + first)
    shrunk = (1.0 - thermal_energy / BENDING * (1.0 + second))[:, None] * DEBYE
    scan = features.get("scan")
    if scan is None:
        flat = np.zeros((MEMBERS, _GRID))
        return _Rotors(inertia, dipole * shrunk, flat, flat)
    if abs(scan["closing"]) > thermal_energy:
        return None
    at = rng.permutation(len(scan["angle"]))[:MEMBERS]
    inertia = inertia + np.array(scan["inertia"])[at] - scan["inertia"][0]
    dipole = dipole + np.array(scan["dipole"])[at] - np.array(scan["dipole"][0])
    energy, torque = profile(np.array(scan["angle"]), np.array(scan["energy"]))
    uneven, pull = _uneven(math.hypot(0.5 * thermal_energy, scan["closing"]), rng)
    return _Rotors(inertia, dipole * shrunk, energy + uneven, torque + pull)


def _uneven(error: float, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """(n, m) energies of standard deviation ``error`` at each angle, in the first harmonics, and torques."""
    order = np.arange(1, _UNEVEN + 1)
    phase = np.outer(order, np.linspace(0.0, TURN, _GRID, endpoint=False))
    even, odd = error / math.sqrt(_UNEVEN) * rng.standard_normal((2, MEMBERS, _UNEVEN))
    energy = even @ np.cos(phase) + odd @ np.sin(phase)
    return energy, (order * even) @ np.sin(phase) - (order * odd) @ np.cos(phase)


def profile(angle: Floats, energy: Floats) -> tuple[Floats, Floats]:
    """Energy and torque at equidistant angles from zero, by the Fourier series that fits a scan best.

    Parameters
    ----------
    angle, energy
        (n,) of the scan, rad and kJ/mol.
    """
    order = np.arange(1, _HARMONICS + 1)

    def terms(x: Floats) -> tuple[Floats, Floats]:
        phase = x[:, None] * order
        return np.cos(phase), np.sin(phase)

    design = np.hstack([np.ones((angle.size, 1)), *terms(angle)])
    fitted = np.linalg.lstsq(design, energy, rcond=None)[0]
    even, odd = fitted[1 : _HARMONICS + 1], fitted[_HARMONICS + 1 :]
    cosine, sine = terms(np.linspace(0.0, TURN, _GRID, endpoint=False))
    series = cosine @ even + sine @ odd
    return series - series.min(), sine @ (order * even) - cosine @ (order * odd)


def turns_evenly(acting: DriveTerms) -> bool:
    """Whether a drive's field turns about the axle at a constant strength."""
    cosine, sine = np.array(acting.cosine)[:2], np.array(acting.sine)[:2]
    square = float(cosine @ cosine)
    off = max(abs(float(sine @ sine) - square), abs(float(cosine @ sine)))
    return bool(square > 0.0 and off < 1e-9 * square)


def _in_rotating_field(acting: DriveTerms, spec: Spec, inertia: float, dipole: float) -> float:
    """Velocity, rad/ps, of a dipole, e nm."""
    cosine, sine = acting.cosine, acting.sine
    sense = math.copysign(1.0, cosine[0] * sine[1] - cosine[1] * sine[0])
    return inertial_rotating_field_velocity(
        sense * acting.angular_frequency,
        thermal_energy(spec.protocol.temperature),
        spec.protocol.friction,
        inertia,
        dipole * math.hypot(*cosine[:2]),
    )


def _of_shapes(
    features: Features, spec: Spec, velocity: Callable[[float, float], float], model: str
) -> dict[str, Estimate]:
    """Mean over shapes of an exact velocity, rad/ps, of inertia and dipole's length (e nm).

    Its error is the shapes' spread, and what thermal motion does to inertia and dipole: they are corrected
    for it as in :func:`members`, and each correction has an error of its own size.
    """
    kT = thermal_energy(spec.protocol.temperature)
    weight = np.array(features["weight"])
    sway, shrunk = features["sway"] * kT, 1.0 - kT / BENDING
    rows = []
    for inertia, dipole in zip(features["inertia"], features["dipole"], strict=True):
        length = math.hypot(*dipole) * DEBYE
        value = velocity(inertia + sway, length * shrunk)
        rows.append(
            (value, velocity(inertia, length * shrunk) - value, velocity(inertia + sway, length) - value)
        )
    values, of_inertia, of_dipole = _TURNS_PER_NS * np.array(rows).T
    if not np.isfinite(values).all():
        return {}
    share = weight / weight.sum()
    mean = float(share @ values)
    variance = float(share @ ((values - mean) ** 2 + of_inertia**2 + of_dipole**2))
    return {"velocity": Estimate(mean, math.sqrt(variance), model)}


def _simulated(rotors: _Rotors, acting: DriveTerms, torque: float, spec: Spec) -> Floats:
    """(n, replicas) velocities, rad/ps, from starts that are Boltzmann's in the profile."""
    kT = thermal_energy(spec.protocol.temperature)
    lowest = rotors.energy.min(axis=1, keepdims=True)
    population = np.cumsum(np.exp(-(rotors.energy - lowest) / kT), axis=1)
    shares = (np.arange(_REPLICAS) + 0.5) / _REPLICAS
    start = [np.searchsorted(row / row[-1], shares) * (TURN / _GRID) for row in population]
    driven = DrivenRotors(
        rotors.inertia,
        rotors.dipole,
        rotors.torque,
        np.array(start),
        np.array(acting.cosine[:2]),
        np.array(acting.sine[:2]),
        acting.angular_frequency,
        torque,
        np.full(len(rotors.inertia), spec.protocol.friction),
        kT,
    )
    return driven_velocities(driven, _REPLICAS, _EQUILIBRATION_PS, _MEASURED_PS, _SEED)


def _of_members(velocities: Floats, *, hindered: bool) -> dict[str, Estimate]:
    """The members' mean; their spread beyond the replicas' noise, the noise of the mean, and one turn missed.

    Where a rotor is hindered, other motion goes along when it passes a barrier, takes energy up and gives it
    back, and what it does to the balance of a turn one angle can't tell: a work of k_B T a turn either way.
    By Einstein's relation that makes a drift of D k_B T / k_B T = D a turn, D being the diffusion of the
    angle as the replicas have it. So theory knows no velocity whose Peclet number is below one.

    Parameters
    ----------
    velocities
        (n, replicas), turn/ns.
    hindered
        Whether there are barriers.
    """
    means = velocities.mean(axis=1)
    variance = float(velocities.var(axis=1, ddof=1).mean())
    noise = variance / velocities.shape[1]
    between = max(float(means.var(ddof=1)) - noise, 0.0)
    missed = 1e3 / (_MEASURED_PS * velocities.size)
    diffusion = 0.5 * variance * 1e-3 * _MEASURED_PS
    sd = math.sqrt(between + noise / means.size + missed**2 + (diffusion * hindered) ** 2)
    model = "Langevin equation of one angle in the torsion profile and the drive"
    return {"velocity": Estimate(float(means.mean()), sd, model)}
