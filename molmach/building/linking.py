"""Proofs of interlocking: linking numbers, threading numbers and piercings of polygons.

Lengths are in any one unit; RDKit molecules are in angstrom. Everything but the molecular graph
questions (:func:`macrocycle`, :func:`thread_path`) is plain numpy and takes leading frame axes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from molmach.building.assembly import Floats
from molmach.errors import BuildError

Numbers = TypeVar("Numbers", NDArray[np.float64], NDArray[np.int64])

MIN_MACROCYCLE = 12
"""Fewest members of a ring that counts as a macrocycle. Below it there is no hole at all."""

MIN_THREADED = 18
"""Fewest members of a ring that something was ever threaded through: 18-crown-6 on an alkyl chain.

The hole of a smaller one is narrower than any chain, 15-crown-5's for one.
"""

_CHUNK = 2**18
"""Pairs of segments treated at once; bounds the memory to a few tens of MB."""
_APEX_SHIFT = np.array([0.577, -0.211, 0.789]) * 1e-5


def linking_number(loop_a: Floats, loop_b: Floats) -> Floats:
    """Gauss linking number of two closed polygons, exact up to rounding.

    Lk = (1/4 pi) sum_ij Omega_ij, where Omega_ij is the signed solid angle of the parallelogram of
    differences between segment i of one and segment j of the other (Klenin & Langowski, Biopolymers
    54, 307 (2000), method 1a), taken as two triangles (van Oosterom & Strackee, IEEE Trans. Biomed.
    Eng. 30, 125 (1983), eq. 8).

    Parameters
    ----------
    loop_a, loop_b
        (..., n, 3) and (..., m, 3) vertices in order; the last is joined to the first. The leading
        axes broadcast.

    Returns
    -------
    (...) linking numbers; rounding gives the integer. The sign changes when one loop's order is
    reversed and under reflection; it does not when the loops are exchanged.
    """
    return _by_frames(_linking, loop_a, loop_b)


def _by_frames(measure: Callable[[Floats, Floats], Numbers], first: Floats, second: Floats) -> Numbers:
    """Apply ``measure`` to (k, n, 3) and (k, m, 3) chunks of broadcast frames, in bounded memory."""
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    frames = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a = np.broadcast_to(a, frames + a.shape[-2:]).reshape(-1, *a.shape[-2:])
    b = np.broadcast_to(b, frames + b.shape[-2:]).reshape(-1, *b.shape[-2:])
    step = max(1, _CHUNK // (a.shape[1] * b.shape[1]))
    parts = [measure(a[k : k + step], b[k : k + step]) for k in range(0, max(1, len(a)), step)]
    whole = np.concatenate(parts)
    return whole.reshape(frames + whole.shape[1:])


def _linking(a: Floats, b: Floats) -> Floats:
    difference = b[:, None, :, :] - a[:, :, None, :]
    next_a, next_b = np.roll(difference, -1, axis=1), np.roll(difference, -1, axis=2)
    both = np.roll(next_a, -1, axis=2)
    angle = _solid_angle(difference, next_a, both) + _solid_angle(difference, both, next_b)
    return np.asarray(angle.sum(axis=(1, 2)) / (4 * math.pi))


def _solid_angle(u: Floats, v: Floats, w: Floats) -> Floats:
    """Signed solid angle of the triangle (u, v, w) seen from the origin."""
    lu, lv, lw = (np.sqrt(np.einsum("...k,...k->...", x, x)) for x in (u, v, w))
    uv, vw, wu = (np.einsum("...k,...k->...", x, y) for x, y in ((u, v), (v, w), (w, u)))
    triple = np.einsum("...k,...k->...", u, np.cross(v, w))
    return np.asarray(2 * np.arctan2(triple, lu * lv * lw + uv * lw + vw * lu + wu * lv))


def threading_number(ring_loop: Floats, thread: Floats) -> Floats:
    """How often, in sum, an open path goes through a ring.

    The path's ends are prolonged straight away from the ring's centre and joined by an arc far
    outside; the result is the linking number of that closed path with the ring. Any two closures that
    stay outside the ring's convex hull differ by a loop that links nothing, so the number does not
    depend on the closure exactly when both ends lie outside the hull. It is positive where the path
    runs along the ring's right-hand normal: +1 or -1 threaded once, 2 or -2 threaded twice in one
    sense, 0 not threaded or out and back (:func:`piercings` tells these apart).

    Parameters
    ----------
    ring_loop
        (..., n, 3) vertices of the ring in order.
    thread
        (..., m, 3) vertices of the path from end to end.

    Returns
    -------
    (...) whole numbers as floats; ``nan`` where an end lies inside the ring's convex hull, or so near
    it (about 1 % of the ring's size) that it is not proved outside, because there is then no way to say
    whether the path is in or out.
    """
    ring, path = np.asarray(ring_loop, dtype=np.float64), np.asarray(thread, dtype=np.float64)
    centre = ring.mean(axis=-2, keepdims=True)
    extent = np.max(np.linalg.norm(ring - centre, axis=-1), axis=-1)[..., None]
    ends = path[..., [0, -1], :] - centre
    outside = _outside_hull(ring[..., None, :, :], path[..., [0, -1], :]).all(axis=-1)
    lengths = np.linalg.norm(ends, axis=-1, keepdims=True)
    directions = ends / np.where(lengths > 0, lengths, 1.0)
    far = 10 * (extent[..., None] + lengths.max(axis=-2, keepdims=True))
    first, last = directions[..., 0, :], directions[..., 1, :]
    closure = np.stack([last, _between(last, first), first], axis=-2) * far + centre
    frames = np.broadcast_shapes(path.shape[:-2], closure.shape[:-2])
    closed = np.concatenate([np.broadcast_to(x, frames + x.shape[-2:]) for x in (path, closure)], axis=-2)
    number = np.round(linking_number(ring, closed))
    return np.where(outside, number + 0.0, np.nan)


def _between(u: Floats, v: Floats) -> Floats:
    """A unit vector at most 90 degrees from both unit vectors."""
    middle = u + v
    axis = np.eye(3)[np.argmin(np.abs(u), axis=-1)]
    across = np.cross(u, axis)
    middle = np.where(np.linalg.norm(middle, axis=-1, keepdims=True) > 1e-3, middle, across)
    return np.asarray(middle / np.maximum(np.linalg.norm(middle, axis=-1, keepdims=True), 1e-300))


def _outside_hull(points: Floats, x: Floats, iterations: int = 200) -> NDArray[np.bool_]:
    """Whether ``x`` (..., 3) is proved outside the convex hull of ``points`` (..., n, 3).

    Gilbert's iteration for the hull's point v nearest to x (SIAM J. Control 4, 61 (1966)): the plane
    across v separates as soon as every point lies beyond it. What is not proved counts as inside.
    """
    relative = points - x[..., None, :]
    v = relative.mean(axis=-2)
    outside = np.zeros(v.shape[:-1], dtype=np.bool_)
    for _ in range(iterations):
        along = np.einsum("...nk,...k->...n", relative, v)
        outside |= along.min(axis=-1) > 1e-9 * np.einsum("...k,...k->...", v, v)
        if outside.all():
            break
        support = np.take_along_axis(relative, along.argmin(axis=-1)[..., None, None], axis=-2)[..., 0, :]
        step = support - v
        square = np.maximum(np.einsum("...k,...k->...", step, step), 1e-300)
        weight = np.clip(-np.einsum("...k,...k->...", v, step) / square, 0.0, 1.0)
        v = np.where(outside[..., None], v, v + weight[..., None] * step)
    return outside


def piercings(ring_loop: Floats, thread: Floats) -> NDArray[np.int64]:
    """Crossings of a path with the surface that a ring spans, by sense.

    The surface is the fan of triangles from the ring's centroid (moved by 1e-5 of its size, so that a
    path through the exact centre is no special case). Their difference is the threading number where
    that is defined; their sum tells a path that goes out and back (1, 1) from one beside the ring
    (0, 0). The sum depends on the surface: a strongly folded ring can show an extra pair.

    Parameters
    ----------
    ring_loop
        (..., n, 3) vertices of the ring in order.
    thread
        (..., m, 3) vertices of the path; close it by repeating the first at the end.

    Returns
    -------
    (..., 2) number of crossings along the ring's right-hand normal, and against it.
    """
    return _by_frames(_piercings, ring_loop, thread)


def _piercings(ring_loop: Floats, thread: Floats) -> NDArray[np.int64]:
    ring, path = ring_loop[:, None], thread[:, :, None]
    size = np.abs(ring - ring.mean(axis=-2, keepdims=True)).max(axis=(-1, -2), keepdims=True)
    apex = ring.mean(axis=-2, keepdims=True) + size * _APEX_SHIFT
    following = np.roll(ring, -1, axis=-2)
    normal = np.cross(ring - apex, following - apex)
    above = np.einsum("...k,...k->...", path - apex, normal) >= 0
    upwards = ~above[..., :-1, :] & above[..., 1:, :]
    downwards = above[..., :-1, :] & ~above[..., 1:, :]
    start = path[..., :-1, :, :]
    direction = path[..., 1:, :, :] - start
    spoke = np.einsum("...k,...k->...", direction, np.cross(apex - start, ring - start)) >= 0
    next_spoke = np.roll(spoke, -1, axis=-1)
    rim = np.einsum("...k,...k->...", direction, np.cross(ring - start, following - start)) >= 0
    up = upwards & spoke & rim & ~next_spoke
    down = downwards & ~spoke & ~rim & next_spoke
    return np.stack([up.sum(axis=(-1, -2)), down.sum(axis=(-1, -2))], axis=-1).astype(np.int64)


def macrocycle(molecule: Chem.Mol) -> tuple[int, ...]:
    """Atoms around the hole of a ring molecule, in order.

    It is the one ring of at least :data:`MIN_MACROCYCLE` members in the smallest set of smallest
    rings, which goes the shorter way round every arene. Whether something fits through the hole is a
    matter of building.

    Raises
    ------
    BuildError
        No macrocycle, or more than one (a cage, or rings tied together).
    """
    rings = [tuple(ring) for ring in Chem.GetSSSR(Chem.Mol(molecule))]
    large = [ring for ring in rings if len(ring) >= MIN_MACROCYCLE]
    name = Chem.MolToSmiles(Chem.RemoveHs(molecule))
    if not large:
        largest = max((len(ring) for ring in rings), default=0)
        reason = f"its largest ring has {largest} members" if largest else "it has no ring"
        raise BuildError(
            f"ring {name}: {reason}, so nothing can go through it; expected a macrocycle of at least "
            f"{MIN_THREADED} members (a chain needs about 21, a phenyl group 24)"
        )
    if len(large) > 1:
        raise BuildError(
            f"ring {name}: {len(large)} macrocycles, so it is not clear which is to be threaded; "
            "expected a molecule with one"
        )
    return large[0]


def thread_path(molecule: Chem.Mol) -> tuple[int, ...]:
    """Heavy atoms of an axle from one end to the other: the longest of all shortest paths.

    Raises
    ------
    BuildError
        Fewer than three heavy atoms in a row.
    """
    distance = Chem.GetDistanceMatrix(molecule)
    heavy = [atom.GetIdx() for atom in molecule.GetAtoms() if atom.GetAtomicNum() > 1]
    among = distance[np.ix_(heavy, heavy)]
    among = np.where(among < 1e6, among, -1.0)
    if not heavy or among.max() < 2:
        raise BuildError(
            f"axle {Chem.MolToSmiles(Chem.RemoveHs(molecule))}: it has no two ends; "
            "expected a chain of at least three heavy atoms"
        )
    first, last = np.unravel_index(int(among.argmax()), among.shape)
    return tuple(Chem.GetShortestPath(molecule, heavy[int(first)], heavy[int(last)]))
