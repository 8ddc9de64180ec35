"""Which atoms turn with a wheel: by the bonds that lead to it, and by what they do in the frames."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import scipy

from molmach.building import across
from molmach.data.statistics import Floats
from molmach.errors import ScoreError
from molmach.scoring.selection import Atoms
from molmach.scoring.wheel import Wheel

_ON_AXLE = 0.05
"""Atoms nearer to the axle's line than this are on it, and hinder no turning, nm."""

_MOST_BONDS = 4
"""An atom of more neighbours is a metal, about which its ligands may turn."""

_TOGETHER = 0.6
"""Atoms that keep this share of their distance from the axle at one angle to the wheel go with it."""

_APART = 0.5
"""Atoms that keep less than this do not."""

_MOST_APART = 0.25
"""Share of a wheel's moment of inertia that may not go with it, as methyl groups on the axle."""

_BESIDE_NM = 0.5
"""A molecule that is farther from the axle than it is large by this much does not turn about it."""

_BOND_NM = 0.2
"""Atoms nearer than this are bonded where a topology says of no bond."""

_ALONG, _ALONG_NM = 0.35, 0.06
"""A wheel whose atoms move so much of their way (share, nm) along the axle turns about another line."""

_MOST_FRAMES = 1000
"""So many frames of a file tell what goes with a wheel."""

Bonds = Iterable[tuple[int, int]]


def neighbours(positions: Floats, bonds: Bonds, wheels: Sequence[Wheel]) -> list[set[int]]:
    """The atoms bonded to each: by the topology, and by what is near where that has no bonds of a wheel's.

    Parameters
    ----------
    positions
        (n_atoms, 3) nm of the whole machine.
    bonds
        Pairs of its atoms that the topology says are bonded.
    wheels
        Its wheels.
    """
    around: list[set[int]] = [set() for _ in positions]
    pairs = list(bonds)
    bonded = {atom for pair in pairs for atom in pair}
    if not bonded.issuperset(int(i) for wheel in wheels for i in wheel.rotor):
        pairs += [(int(i), int(j)) for i, j in scipy.spatial.cKDTree(positions).query_pairs(_BOND_NM)]
    for first, second in pairs:
        around[first].add(second)
        around[second].add(first)
    return around


def bonded_beside(wheel: Wheel, positions: Floats, around: Sequence[set[int]]) -> Atoms:
    """Numbers of the atoms that bonds hold to a wheel's beside the axle, and that are none of its own.

    What is reached only through an atom on the axle may turn against the wheel; what is bonded to the same
    atom there as the wheel may not.

    Parameters
    ----------
    wheel
        Its atoms.
    positions
        (n_atoms, 3) nm of the whole machine.
    around
        Of :func:`neighbours`.
    """
    on_line = _from_axle(wheel, positions) < _ON_AXLE
    closed = on_line.copy()
    closed[np.concatenate([wheel.tail, wheel.head])] = True
    left = [int(i) for i in wheel.rotor if not closed[i]]
    reached = set(left)
    while left:
        atom = left.pop()
        fresh: set[int] = set()
        for near in around[atom]:
            hub = on_line[near] and len(around[near]) <= _MOST_BONDS
            fresh |= around[near] if hub else {near}
        fresh = {i for i in fresh if not closed[i]} - reached
        reached |= fresh
        left += fresh
    return np.array(sorted(reached - set(wheel.rotor.tolist())), dtype=np.int64)


def keep_their_angle(wheel: Wheel, files: Sequence[Floats], atoms: Atoms, weights: Floats) -> Floats:
    """(n_chosen,) from 0 to 1: how much of an atom's distance from the axle stays at one angle to the wheel.

    With z an atom's place seen along the axle and a the wheel's angle, |mean(z exp(-i a))|^2 / mean(|z|^2)
    over a file's frames, and the mean of all files. 1 for what goes rigidly with the wheel, 0 for what
    stands still while it turns round.

    Parameters
    ----------
    wheel
        Its atoms.
    files
        (n_frames, n_atoms, 3) of each file, whole.
    atoms
        Numbers of the atoms that are asked about.
    weights
        (n_atoms,) masses, or ones.
    """
    built = _seen(wheel, files[0][:1], wheel.rotor)[0]
    kept = []
    for part in files:
        frames = part[:: -(-len(part) // _MOST_FRAMES)]
        angle = np.angle(_seen(wheel, frames, wheel.rotor) @ (weights[wheel.rotor] * built.conj()))
        z = _seen(wheel, frames, atoms)
        size = np.maximum(np.mean(np.abs(z) ** 2, axis=0), 1e-12)
        kept.append(np.abs(np.mean(z * np.exp(-1j * angle)[:, None], axis=0)) ** 2 / size)
    return np.asarray(np.mean(kept, axis=0))


def carried(
    wheels: Sequence[Wheel], files: Sequence[Floats], bonds: Bonds, weights: Floats, among: Atoms
) -> Atoms:
    """Those that go with a wheel: bonds hold them to it beside its axle, and they keep their angle to it.

    Parameters
    ----------
    wheels
        What turns.
    files
        (n_frames, n_atoms, 3) of each file, whole.
    bonds
        Pairs of atoms that the topology says are bonded.
    weights
        (n_atoms,) masses, or ones.
    among
        Numbers of the atoms that are asked about.
    """
    around = neighbours(files[0][0], bonds, wheels)
    going: list[Atoms] = []
    for wheel in wheels:
        held = np.intersect1d(bonded_beside(wheel, files[0][0], around), among)
        if held.size:
            going.append(held[keep_their_angle(wheel, files, held, weights) >= _TOGETHER])
    return np.unique(np.concatenate(going)) if going else np.zeros(0, dtype=np.int64)


def refuse_scattered(
    wheel: Wheel, files: Sequence[Floats], weights: Floats, parts: Sequence[Atoms], numbers: Atoms
) -> None:
    """Refuse a wheel that is not one part turning about its axle.

    Parameters
    ----------
    wheel
        Its atoms.
    files
        (n_frames, n_atoms, 3) of each file, whole.
    weights
        (n_atoms,) masses, or ones.
    parts
        Atoms of the machine's molecules; each must turn with the rest.
    numbers
        (n_atoms,) what the topology calls them.

    Raises
    ------
    ScoreError
        Its atoms do not turn together about the axle, or are of a molecule that lies beside the axle.
    """
    ends = np.concatenate([wheel.tail, wheel.head])
    first, kept = files[0][0], keep_their_angle(wheel, files, wheel.rotor, weights)
    away = _from_axle(wheel, first)
    inertia = weights[wheel.rotor] * away[wheel.rotor] ** 2
    for part in parts:
        inside = np.isin(wheel.rotor, part)
        if not inside.any() or inertia[inside].sum() < 1e-12:
            continue
        if not np.isin(ends, part).any() and _beside(wheel, first, part):
            raise ScoreError(
                wheel.argument,
                f": atom {numbers[wheel.rotor[inside][0]]} is of a molecule beside the axle, "
                f"{away[wheel.rotor[inside]].min():.2f} nm from it; expected atoms that turn about it",
            )
        loose = inside & (kept < _APART)
        if inertia[loose].sum() > _MOST_APART * inertia[inside].sum():
            worst = wheel.rotor[np.argmax(np.where(loose, inertia, -1.0))]
            raise ScoreError(
                wheel.argument,
                f": its atoms do not turn together about this axle (atom {numbers[worst]} turns otherwise "
                "than most); expected an axle and the atoms of one part that turns about it",
            )


def turns_about_another(wheel: Wheel, files: Sequence[Floats]) -> bool:
    """Whether a wheel's atoms move along its axle against each other, as those that turn about another do."""
    along, across_it = 0.0, 0.0
    for part in files:
        frames = part[:: -(-len(part) // _MOST_FRAMES)]
        axis = wheel.axis(frames)
        axis /= np.maximum(np.linalg.norm(axis, axis=1, keepdims=True), 1e-12)
        places = np.einsum("fac,fc->fa", wheel.centred(frames), axis)
        along += float(np.mean(np.var(places - places.mean(axis=1, keepdims=True), axis=0))) / len(files)
        across_it += float(np.mean(np.var(_seen(wheel, frames, wheel.rotor), axis=0))) / len(files)
    return along > _ALONG_NM**2 and along > _ALONG * (along + across_it)


def _beside(wheel: Wheel, positions: Floats, part: Atoms) -> bool:
    """Whether the axle passes a molecule by."""
    axis = wheel.axis(positions)
    places = positions[part] - 0.5 * (positions[wheel.tail].mean(axis=0) + positions[wheel.head].mean(axis=0))
    flat = places @ across(axis).T
    middle = flat.mean(axis=0)
    extent = np.linalg.norm(flat - middle, axis=1).max()
    return bool(np.linalg.norm(middle) > extent + _BESIDE_NM)


def _from_axle(wheel: Wheel, positions: Floats) -> Floats:
    """(n_atoms,) distances from the axle's line, nm."""
    axis = wheel.axis(positions)
    middle = 0.5 * (positions[wheel.tail].mean(axis=0) + positions[wheel.head].mean(axis=0))
    size = max(float(np.linalg.norm(axis)), 1e-12)
    return np.asarray(np.linalg.norm(np.cross(positions - middle, axis / size), axis=1))


def _seen(wheel: Wheel, frames: Floats, atoms: Atoms) -> np.ndarray[tuple[int, int], np.dtype[np.complex128]]:
    """(n_frames, n_chosen) places seen along the axle of the frame, x + iy, in nm.

    The directions across the axle are the first frame's, turned as little as lays its axle on the frame's.
    """
    axis = wheel.axis(frames)
    axis /= np.maximum(np.linalg.norm(axis, axis=1, keepdims=True), 1e-12)
    turn, cosine = np.cross(axis[0], axis), np.maximum(axis @ axis[0], -0.999999)
    middle = 0.5 * (frames[:, wheel.tail].mean(axis=1) + frames[:, wheel.head].mean(axis=1))
    places = frames[:, atoms] - middle[:, None]
    flat = []
    for direction in across(axis[0]):
        once = np.cross(turn, direction)
        laid = direction + once + np.cross(turn, once) / (1.0 + cosine)[:, None]
        flat.append(np.einsum("fac,fc->fa", places, laid))
    return np.asarray(flat[0] + 1j * flat[1])
