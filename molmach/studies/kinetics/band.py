"""Paths between two structures on the force field: elastic bands from many different guesses.

A band is sixteen images, one a lane of the compiled kernel, so that a whole band is relaxed in a fifth of
a second. One guess finds one mechanism, and a straight line between the ends is seldom the best one; the
other guesses bow the line along soft modes of its ends. Improved tangents and climbing image: Henkelman,
Uberuaga & Jonsson, J. Chem. Phys. 113, 9901 and 9978 (2000); FIRE: Bitzek et al., PRL 97, 170201 (2006).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from molmach.forcefield.images_kernel import Images
from molmach.studies.kinetics.level import Floats
from molmach.studies.kinetics.modes import finite_difference_hessian

IMAGES = 16
_STEPS = 2000
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


def bands(images: Images, ends: list[tuple[Floats, Floats]], count: int, seed: int) -> Iterator[Band]:
    """Relaxed bands from ``count`` guesses between the pairs of ends in turn.

    The first guess of each pair is the straight line; each other one is bowed by half a sine wave along
    a random sum of soft modes of either end, up to 1 nm in the norm over all atoms.
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
        yield relax(images, guess)


def _soft_modes(images: Images, positions: Floats) -> Floats:
    """(n_modes, n_atoms, 3) softest displacements of a minimum, unit norm."""
    hessian = finite_difference_hessian(lambda x: -images(x)[1], positions)
    _, vectors = np.linalg.eigh(hessian)
    return np.asarray(vectors.T[_SOFT_MODES].reshape(-1, *positions.shape))


def relax(images: Images, guess: Floats) -> Band:
    """Relax a band; its highest image climbs in the second half of the steps."""
    x, v = guess.copy(), np.zeros_like(guess)
    step, mixing, downhill = 2e-3, 0.1, 0
    for iteration in range(_STEPS):
        energies, forces = images(x)
        pull = _band_force(x, energies, forces, climb=2 * iteration > _STEPS)
        power = float(np.sum(pull * v))
        if power > 0.0:
            v = (1.0 - mixing) * v + mixing * np.linalg.norm(v) / np.linalg.norm(pull) * pull
            downhill += 1
            if downhill > 5:
                step, mixing = min(1.1 * step, 0.02), 0.99 * mixing
        else:
            v[:] = 0.0
            step, mixing, downhill = 0.5 * step, 0.1, 0
        v += step * 0.1 * pull
        move = step * 0.1 * v
        longest = float(np.abs(move).max())
        x += move * min(1.0, _LONGEST_MOVE / longest) if longest > 0.0 else 0.0
    return Band(x, images(x)[0])


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
