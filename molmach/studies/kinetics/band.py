"""Paths between two structures on the force field: elastic bands from many different guesses.

A band is sixteen images, one a lane of the compiled kernel, so that a whole band is relaxed in a fifth of
a second. One guess finds one mechanism, and a straight line between the ends is seldom the best one; the
other guesses bow the line along soft modes of its ends. Improved tangents and climbing image: Henkelman,
Uberuaga & Jonsson, J. Chem. Phys. 113, 9901 and 9978 (2000); FIRE: Bitzek et al., PRL 97, 170201 (2006).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from molmach.forcefield.images_kernel import Images
from molmach.studies.kinetics.forms import superposed
from molmach.studies.kinetics.level import Floats
from molmach.studies.kinetics.modes import finite_difference_hessian

IMAGES = 16
WINDOW = 40.0
"""How far above the lowest one a mechanism may lie with the force field, kJ/mol."""

_STEPS = 2000
_BEGUN = 600
_STILL_HIGH = 100.0
"""How far above the lowest one a band may lie after the first steps, kJ/mol; it comes down by less."""

_FOLLOWED = 24
_SAME_HEIGHT = 1.0
SAME_TOP = 0.02
"""Root mean square distance of two tops' atoms, nm, below which two paths are of one mechanism."""

_SPRING = 4.0e4
"""Force constant between neighbouring images, kJ/(mol nm^2)."""

_LONGEST_MOVE = 0.01
_SOFT_MODES = slice(6, 25)


@dataclass(frozen=True, eq=False)
class Band:
    """A relaxed path: positions (images, n_atoms, 3) in nm and force-field energies (images,), kJ/mol."""

    positions: Floats
    energies: Floats

    @property
    def top(self) -> int:
        """Number of the image with the highest energy."""
        return int(np.argmax(self.energies))


def bands(
    images: Images, ends: list[tuple[Floats, Floats]], count: int, seed: int, marks: Sequence[int]
) -> list[Band]:
    """Relaxed bands of different mechanisms from ``count`` guesses between the pairs of ends in turn.

    After a part of the steps most bands are on their way to what a lower one comes to as well, or too high;
    only the others are relaxed to the end.

    Parameters
    ----------
    images
        The force field.
    ends
        Pairs of structures (n_atoms, 3), nm.
    count, seed
        Of the guesses.
    marks
        Atoms by which two mechanisms are told apart.

    Returns
    -------
    Lowest first.
    """
    under_way = [_Relaxation(images, guess) for guess in _guesses(images, ends, count, seed)]
    begun = [one.run(_BEGUN) for one in under_way]
    kept = distinct(begun, marks, _STILL_HIGH)[:_FOLLOWED]
    relaxed = [under_way[k].run(_STEPS) for k in kept]
    inner = [band for band in relaxed if 0 < band.top < len(band.energies) - 1]
    return [inner[k] for k in distinct(inner, marks, WINDOW)] if inner else []


def _guesses(images: Images, ends: list[tuple[Floats, Floats]], count: int, seed: int) -> Iterator[Floats]:
    """The straight line between each pair, then others bowed by half a sine wave.

    They are bowed along a random sum of soft modes of either end, up to 1 nm in the norm over all atoms.
    """
    rng = np.random.default_rng(seed)
    share = np.linspace(0.0, 1.0, IMAGES)
    soft = [[_soft_modes(images, end) for end in pair] for pair in ends]
    for trial in range(count):
        first, last = ends[trial % len(ends)]
        guess = first + (last - first) * share[:, None, None]
        if trial >= len(ends):
            bow = np.zeros_like(first)
            for modes in soft[trial % len(ends)]:
                used = int(rng.integers(3, len(modes) + 1))
                weights = rng.normal(size=used) / np.sqrt(used) * rng.choice([0.2, 0.4, 0.7, 1.0])
                bow += np.tensordot(weights, modes[:used], axes=1)
            guess = guess + np.sin(np.pi * share)[:, None, None] * bow
        yield guess


def _soft_modes(images: Images, positions: Floats) -> Floats:
    """(n_modes, n_atoms, 3) softest displacements of a minimum, unit norm."""
    hessian = finite_difference_hessian(lambda x: -images(x)[1], positions)
    _, vectors = np.linalg.eigh(hessian)
    return np.asarray(vectors.T[_SOFT_MODES].reshape(-1, *positions.shape))


class _Relaxation:
    """A band on its way: FIRE, the highest image climbing in the second half of the steps."""

    def __init__(self, images: Images, guess: Floats) -> None:
        self._images = images
        self._x, self._v = guess.copy(), np.zeros_like(guess)
        self._step, self._mixing, self._downhill, self._iteration = 2e-3, 0.1, 0, 0

    def run(self, until: int) -> Band:
        """Go on to a number of steps; the band as it is then."""
        x, v = self._x, self._v
        for iteration in range(self._iteration, until):
            energies, forces = self._images(x)
            pull = _band_force(x, energies, forces, climb=2 * iteration > _STEPS)
            power = float(np.sum(pull * v))
            if power > 0.0:
                v *= 1.0 - self._mixing
                v += self._mixing * np.linalg.norm(v) / (1.0 - self._mixing) / np.linalg.norm(pull) * pull
                self._downhill += 1
                if self._downhill > 5:
                    self._step, self._mixing = min(1.1 * self._step, 0.02), 0.99 * self._mixing
            else:
                v[:] = 0.0
                self._step, self._mixing, self._downhill = 0.5 * self._step, 0.1, 0
            v += self._step * 0.1 * pull
            move = self._step * 0.1 * v
            longest = float(np.abs(move).max())
            x += move * min(1.0, _LONGEST_MOVE / longest) if longest > 0.0 else 0.0
        self._iteration = until
        return Band(x.copy(), self._images(x)[0])


def distinct(bands: Sequence[Band], marks: Sequence[int], above: float) -> list[int]:
    """Numbers of the bands of different mechanisms, lowest first.

    Two have the same one where their highest images agree within 0.02 nm (root mean square) or their heights
    within 1 kJ/mol.

    Parameters
    ----------
    bands
        All of them.
    marks
        Atoms that are compared.
    above
        How far above the lowest one may lie, kJ/mol.
    """
    heights = [float(band.energies.max()) for band in bands]
    tops = [band.positions[band.top][list(marks)] for band in bands]
    chosen: list[int] = []
    for k in np.argsort(heights, kind="stable"):
        if heights[k] > min(heights) + above:
            break
        if not any(
            abs(heights[k] - heights[other]) < _SAME_HEIGHT or mean_distance(tops[k], tops[other]) < SAME_TOP
            for other in chosen
        ):
            chosen.append(int(k))
    return chosen


def mean_distance(one: Floats, other: Floats) -> float:
    """Root mean square distance of the atoms of two structures (n_atoms, 3), nm, one laid on the other."""
    return float(np.sqrt(np.mean(np.sum((superposed(other, one, one) - other) ** 2, axis=1))))


def improved_tangents(x: Floats, energies: Floats) -> Floats:
    """(n - 2, n_atoms, 3) unit tangents at the inner images of a path of n, after Henkelman & Jonsson."""
    onward, backward = x[2:] - x[1:-1], x[1:-1] - x[:-2]
    before, here, after = energies[:-2], energies[1:-1], energies[2:]
    rise, fall = np.abs(after - here), np.abs(before - here)
    larger, smaller = np.maximum(rise, fall), np.minimum(rise, fall)
    uphill, downhill = (after > here) & (here > before), (after < here) & (here < before)
    forth = np.where(uphill, 1.0, np.where(downhill, 0.0, np.where(after > before, larger, smaller)))
    back = np.where(uphill, 0.0, np.where(downhill, 1.0, np.where(after > before, smaller, larger)))
    tangents = forth[:, None, None] * onward + back[:, None, None] * backward
    return np.asarray(tangents / np.linalg.norm(tangents, axis=(1, 2), keepdims=True))


def _band_force(x: Floats, energies: Floats, forces: Floats, climb: bool) -> Floats:
    """Force across the path, springs along it; on the climbing image the force along it reversed."""
    onward, backward = x[2:] - x[1:-1], x[1:-1] - x[:-2]
    tangent = improved_tangents(x, energies)
    along = np.sum(forces[1:-1] * tangent, axis=(1, 2), keepdims=True)
    stretch = np.linalg.norm(onward, axis=(1, 2)) - np.linalg.norm(backward, axis=(1, 2))
    pull = np.zeros_like(x)
    pull[1:-1] = forces[1:-1] - along * tangent + _SPRING * stretch[:, None, None] * tangent
    if climb:
        top = int(np.argmax(energies[1:-1]))
        pull[1 + top] = forces[1 + top] - 2.0 * along[top] * tangent[top]
    return pull
