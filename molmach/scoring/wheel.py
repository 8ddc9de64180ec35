"""Angles of turning parts in bare coordinates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from molmach.building import across, unwrap
from molmach.data.statistics import Floats
from molmach.errors import Argument, ScoreError
from molmach.scoring.selection import Atoms

STRAIGHT = 0.02
"""Atoms spread less than this (nm) about a line fix no angle about it."""


@dataclass(frozen=True, eq=False)
class Wheel:
    """A turning part: its atoms and those whose mean places are its axle's ends.

    Attributes
    ----------
    argument
        What an error names.
    tail, head, rotor
        Atom numbers.
    """

    argument: Argument
    tail: Atoms
    head: Atoms
    rotor: Atoms

    @property
    def atoms(self) -> Atoms:
        """(n_atoms,) numbers of tail, head and rotor, in this order."""
        return np.concatenate([self.tail, self.head, self.rotor])

    def among(self, atoms: Atoms) -> Wheel:
        """The same wheel in coordinates of these atoms alone, whose numbers rise."""
        return Wheel(
            self.argument, *(np.searchsorted(atoms, part) for part in (self.tail, self.head, self.rotor))
        )

    def axis(self, positions: Floats) -> Floats:
        """(..., 3) from tail to head."""
        return np.asarray(
            positions[..., self.head, :].mean(axis=-2) - positions[..., self.tail, :].mean(axis=-2)
        )

    def centred(self, positions: Floats) -> Floats:
        """(..., n_rotor, 3) the rotor's atoms from the middle of the axle's ends."""
        ends = positions[..., self.tail, :].mean(axis=-2) + positions[..., self.head, :].mean(axis=-2)
        return np.asarray(positions[..., self.rotor, :] - 0.5 * ends[..., None, :])


def laid_on(positions: Floats, reference: Floats, atoms: Atoms) -> Floats:
    """(n_frames, n_atoms, 3) positions turned and shifted so that chosen atoms lie best on a reference.

    Kabsch, Acta Cryst. A 34, 827 (1978), without weights.

    Parameters
    ----------
    positions
        (n_frames, n_atoms, 3).
    reference
        (n_atoms, 3).
    atoms
        Numbers of the atoms that are fitted.
    """
    target = reference[atoms] - reference[atoms].mean(axis=0)
    centre = positions[:, atoms].mean(axis=1, keepdims=True)
    u, _, v = np.linalg.svd(np.swapaxes(positions[:, atoms] - centre, 1, 2) @ target)
    flip = np.ones((len(positions), 1, 3))
    flip[:, 0, 2] = np.sign(np.linalg.det(u @ v))
    return np.asarray((positions - centre) @ ((u * flip) @ v) + reference[atoms].mean(axis=0))


def angles_about(wheel: Wheel, frames: list[Floats], masses: Floats) -> Floats:
    """(n_replicas, n_frames) unwrapped angles of a wheel against the first replica's first frame, rad.

    The mass-weighted least-squares turn seen along the axle, as
    :class:`molmach.building.coordinate.RotorAngle` has it.

    Parameters
    ----------
    wheel
        Its atoms.
    frames
        (n_frames, n_atoms, 3) of each replica.
    masses
        (n_atoms,), u.

    Raises
    ------
    ScoreError
        There is no axle, or nothing beside it.
    """
    axis = wheel.axis(frames[0][0])
    if np.linalg.norm(axis) < 1e-6:
        raise ScoreError(wheel.argument, ": its axle's ends are at one place; expected two places")
    plane = across(axis)

    def seen(positions: Floats) -> np.ndarray[Any, Any]:
        flat = wheel.centred(positions) @ plane.T
        return np.asarray(flat[..., 0] + 1j * flat[..., 1])

    built = seen(frames[0][0])
    if np.max(np.abs(built)) < STRAIGHT:
        raise ScoreError(wheel.argument, ": all atoms lie on the axle; expected atoms beside it")
    return unwrap(np.array([np.angle(seen(part) @ (masses[wheel.rotor] * built.conj())) for part in frames]))


def inertia_about(wheel: Wheel, positions: Floats, masses: Floats) -> float:
    """Moment of inertia about the axle, u nm^2, of (n_atoms, 3) positions."""
    axis = wheel.axis(positions)
    away = np.cross(wheel.centred(positions), axis / np.linalg.norm(axis))
    return float(masses[wheel.rotor] @ np.sum(away**2, axis=1))


def lean(wheel: Wheel, positions: Floats) -> float:
    """Largest angle between the axle and itself in the first frame, rad, of (n_frames, n_atoms, 3)."""
    axis = wheel.axis(positions)
    axis /= np.linalg.norm(axis, axis=1, keepdims=True)
    return float(np.arccos(np.clip(axis @ axis[0], -1.0, 1.0)).max())


def breadth(points: Floats) -> float:
    """Second principal root-mean-square spread of points, nm."""
    return float(np.linalg.svd(points - points.mean(axis=0), compute_uv=False)[1] / np.sqrt(len(points)))


def spread(positions: Floats) -> float:
    """Root-mean-square distance of (n_frames, n_atoms, 3) from their mean places, nm."""
    return float(np.sqrt(np.mean(np.sum((positions - positions.mean(axis=0)) ** 2, axis=-1))))
