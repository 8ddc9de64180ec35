"""The coordinate whose motion counts, angle or place along a track, and the angles of followers."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from molmach.building.assembly import Assembly, Floats, Follower
from molmach.building.scale import PLACES, TURNS, Scale
from molmach.units import TURN

MAX_SAFE_JUMP = 0.5 * math.pi
"""Largest change of an angle between two samples, rad, that leaves no doubt about its direction."""

_POINTS_PER_BOND = 4
_SOFTNESS_NM = 0.08
"""Width over which a ring's place on its track is averaged: half a bond."""


class Coordinate(Protocol):
    """Maps positions to the number whose motion is scored.

    Attributes
    ----------
    scale
        How its motion is counted.
    parity
        What reflection in the xz plane does to the coordinate's velocity: -1 turns it over, 1
        leaves it.
    """

    scale: ClassVar[Scale]
    parity: ClassVar[int]

    def __call__(self, positions_nm: Floats) -> Floats:
        """(...) values of (..., n_atoms, 3) positions; angles in (-pi, pi]."""
        ...


@dataclass(frozen=True, eq=False)
class RotorAngle:
    """Angle of a turning part about its axle against the built structure, rad.

    It is the turn that best lays the part's built structure, seen along the axle, on the present
    one (mass-weighted least squares in the plane): arg sum_i m_i conj(z0_i) z_i, where z = x + iy is
    taken from the axle atoms' mean. Counter-clockwise seen from the axle's head is positive.

    Attributes
    ----------
    axle, rotor
        Atom indices.
    across
        (2, 3) unit vectors of x and y, across the built axle, which points to the reader.
    weights
        (n_rotor,) complex conjugate built positions times mass.
    """

    scale: ClassVar[Scale] = TURNS
    parity: ClassVar[int] = -1

    axle: NDArray[np.int64]
    rotor: NDArray[np.int64]
    across: Floats
    weights: NDArray[np.complex128]

    @classmethod
    def of(cls, assembly: Assembly) -> RotorAngle:
        """The coordinate of a rotor, whose axle is z."""
        return cls._about(assembly, assembly.axle, assembly.rotor, np.eye(3)[:2])

    @classmethod
    def of_follower(cls, assembly: Assembly, follower: Follower) -> RotorAngle:
        """The angle of a follower about its own axle as built."""
        first, second = assembly.positions_nm[list(follower.axle)]
        return cls._about(assembly, follower.axle, follower.atoms, across(second - first))

    @classmethod
    def _about(
        cls, assembly: Assembly, axle: tuple[int, ...], atoms: tuple[int, ...], plane: Floats
    ) -> RotorAngle:
        unweighted = cls(np.array(axle), np.array(atoms), plane, np.empty(0, dtype=np.complex128))
        built = unweighted._seen(assembly.positions_nm)
        return replace(unweighted, weights=assembly.masses[list(atoms)] * built.conj())

    def __call__(self, positions_nm: Floats) -> Floats:
        """Angle in (-pi, pi], rad; ``positions_nm`` is (..., n_atoms, 3)."""
        return np.asarray(np.angle(self._seen(positions_nm) @ self.weights))

    def _seen(self, positions_nm: Floats) -> NDArray[np.complex128]:
        """(..., n_rotor) x + iy of the part's atoms, from the axle atoms' mean."""
        centre = positions_nm[..., self.axle, :].mean(axis=-2, keepdims=True)
        plane = (positions_nm[..., self.rotor, :] - centre) @ self.across.T
        return np.asarray(plane[..., 0] + 1j * plane[..., 1])


def across(axis: Floats) -> Floats:
    """(2, 3) unit vectors that make a right-handed frame with a direction of any length, (3,)."""
    z = axis / np.linalg.norm(axis)
    x = np.eye(3)[int(np.argmin(np.abs(z)))]
    x = x - (x @ z) * z
    x = x / np.linalg.norm(x)
    return np.stack([x, np.cross(z, x)])


@dataclass(frozen=True, eq=False)
class RingPosition:
    """Place of a ring along its axle, nm from the axle's first end along the axle's own contour.

    The ring's centroid is projected on the present contour, so a bent axle is as good as a straight
    one: s = sum_k s_k w_k / sum_k w_k with w_k = exp(-|R - r_k|^2 / 2 a^2) over points r_k between
    the path's atoms, s_k their distance along the built path (the path variable of Branduardi,
    Gervasio & Parrinello, J. Chem. Phys. 126, 054103 (2007)).

    Attributes
    ----------
    loop, path
        Atom indices of the ring and, in order, of the axle.
    contour
        (n_path,) distances of the path's atoms along it, nm.
    """

    scale: ClassVar[Scale] = PLACES
    parity: ClassVar[int] = 1

    loop: NDArray[np.int64]
    path: NDArray[np.int64]
    contour: Floats

    @classmethod
    def of(cls, assembly: Assembly) -> RingPosition:
        """The coordinate of a rotaxane's first ring."""
        track = assembly.require_track()
        path = np.array(track.path)
        bonds = np.linalg.norm(np.diff(assembly.positions_nm[path], axis=0), axis=1)
        return cls(np.array(track.loops[0]), path, np.concatenate([[0.0], np.cumsum(bonds)]))

    def __call__(self, positions_nm: Floats) -> Floats:
        """Place in nm; ``positions_nm`` is (..., n_atoms, 3)."""
        weights = _nearness(positions_nm, self.loop, self.path)
        return np.asarray(weights @ _between(self.contour[:, None])[:, 0])


@dataclass(frozen=True, eq=False)
class Circumrotation:
    """Angle of a ring around the ring that it is linked with, rad.

    The place of its centroid along the track's contour as in :class:`RingPosition`, on the circle
    whose circumference is the contour's length. Counter-clockwise seen from +z is positive.

    Attributes
    ----------
    loop, path
        Atom indices of the moving ring and, in order and closed by repeating the first, of the track.
    phase
        (n_path,) angles of the track's atoms, rad, monotonic.
    """

    scale: ClassVar[Scale] = TURNS
    parity: ClassVar[int] = -1

    loop: NDArray[np.int64]
    path: NDArray[np.int64]
    phase: Floats

    @classmethod
    def of(cls, assembly: Assembly) -> Circumrotation:
        """The coordinate of a catenane's second ring."""
        track = assembly.require_track()
        path = np.array([*track.path, track.path[0]])
        places = assembly.positions_nm[path]
        lengths = np.linalg.norm(np.diff(places, axis=0), axis=1)
        along = np.concatenate([[0.0], np.cumsum(lengths)]) / lengths.sum()
        area = np.sum(places[:-1, 0] * places[1:, 1] - places[1:, 0] * places[:-1, 1])
        return cls(np.array(track.loops[0]), path, math.copysign(TURN, area) * along)

    def __call__(self, positions_nm: Floats) -> Floats:
        """Angle in (-pi, pi], rad; ``positions_nm`` is (..., n_atoms, 3)."""
        weights = _nearness(positions_nm, self.loop, self.path)
        return np.asarray(np.angle(weights @ np.exp(1j * _between(self.phase[:, None])[:, 0])))


def _between(knots: Floats) -> Floats:
    """(..., n, d) points with straight lines between them filled by more; the last ends the row."""
    shares = np.arange(_POINTS_PER_BOND) / _POINTS_PER_BOND
    first, second = knots[..., :-1, None, :], knots[..., 1:, None, :]
    filled = first + shares[:, None] * (second - first)
    flat = filled.reshape(*knots.shape[:-2], -1, knots.shape[-1])
    return np.concatenate([flat, knots[..., -1:, :]], axis=-2)


def _nearness(positions_nm: Floats, loop: NDArray[np.int64], path: NDArray[np.int64]) -> Floats:
    """(..., n_points) weights of the path's points, which sum to one."""
    centroid = positions_nm[..., loop, :].mean(axis=-2, keepdims=True)
    squared = np.sum((_between(positions_nm[..., path, :]) - centroid) ** 2, axis=-1)
    weights = np.exp((squared.min(axis=-1, keepdims=True) - squared) / (2.0 * _SOFTNESS_NM**2))
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True))


_KINDS: dict[str, type[Any]] = {
    "rotor": RotorAngle,
    "rotaxane": RingPosition,
    "catenane": Circumrotation,
    "bead_catenane": Circumrotation,
}

_TYPES = {kind.__name__: kind for kind in _KINDS.values()}


def coordinate_of(assembly: Assembly) -> Coordinate:
    """The coordinate of a machine."""
    coordinate: Coordinate = _KINDS[assembly.kind].of(assembly)
    return coordinate


def coordinates_of(assembly: Assembly) -> list[Coordinate]:
    """All that is sampled: the machine's coordinate, and the angle of each follower."""
    followers = assembly.followers.values()
    return [coordinate_of(assembly), *(RotorAngle.of_follower(assembly, wheel) for wheel in followers)]


def save_coordinates(assembly: Assembly, path: Path) -> None:
    """Write what is sampled of a machine, exactly, as an npz file."""
    arrays: dict[str, Any] = {}
    for number, coordinate in enumerate(coordinates_of(assembly)):
        kind = type(coordinate)
        arrays[f"{number}.kind"] = kind.__name__
        arrays |= {f"{number}.{f.name}": getattr(coordinate, f.name) for f in fields(_TYPES[kind.__name__])}
    np.savez(path, **arrays)


def load_coordinates(path: Path) -> list[Coordinate]:
    """Read what :func:`save_coordinates` wrote."""
    found: list[Coordinate] = []
    with np.load(path) as stored:
        while (name := f"{len(found)}.kind") in stored:
            kind = _TYPES[str(stored[name])]
            found.append(kind(**{f.name: stored[f"{len(found)}.{f.name}"] for f in fields(kind)}))
    return found


def unwrap(angle: Floats) -> Floats:
    """Continuous angle along the last axis: every step is taken the short way round."""
    return np.asarray(np.unwrap(angle, axis=-1))


def continuous(coordinate: Coordinate, values: Floats) -> Floats:
    """Continuous series of a coordinate's sampled values along the last axis."""
    period = coordinate.scale.period
    return values if period is None else np.asarray(np.unwrap(values, axis=-1, period=period))


def largest_jump(unwrapped: Floats) -> float:
    """Largest change between neighbouring samples; beyond :data:`MAX_SAFE_JUMP` turns may be lost."""
    steps = np.abs(np.diff(unwrapped, axis=-1))
    return float(np.max(steps)) if steps.size else 0.0
