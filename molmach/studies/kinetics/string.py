"""A path relaxed on a dearer surface, with a cheap surface's curvature as its guide.

A string (E, Ren & Vanden-Eijnden, J. Chem. Phys. 126, 164103 (2007)) whose images go down across the path by
quasi-Newton steps with the force field's Hessian at each image, and are laid out evenly again after
each step. The force field knows the stiff bonds, so a dozen iterations do what hundreds of plain ones
would. The highest image climbs along the path.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from molmach.studies.kinetics.band import improved_tangents
from molmach.studies.kinetics.forms import superposed
from molmach.studies.kinetics.frame import Frame
from molmach.studies.kinetics.level import Floats, Level

IMAGES = 11
_ITERATIONS = 30
_BEFORE_CLIMBING = 8
_CLOSE = 60.0
"""Largest gradient component of the climbing image, kJ/(mol nm), from which a saddle search takes over."""

_SOFTEST = 3000.0
_LONGEST = 0.06
_SHARE = 0.8


@dataclass(frozen=True, eq=False)
class Path:
    """A relaxed path: energies (images,), kJ/mol, positions (images, n_atoms, 3) in nm, and what is left.

    ``force`` is the largest component of the highest image's gradient; ``tangent`` the path's unit
    direction there.
    """

    energies: Floats
    positions: Floats
    force: float
    tangent: Floats

    @property
    def top(self) -> int:
        """Number of the image with the highest energy."""
        return int(np.argmax(self.energies))

    @property
    def height(self) -> float:
        """Energy of the highest image, kJ/mol."""
        return float(self.energies.max())


def relax_path(
    levels: Sequence[Level],
    path: Floats,
    hessian: Callable[[Floats], Floats],
    frame: Frame,
    workers: int,
    give_up_above: float,
) -> Path:
    """Relax a path; both ends go to their minima.

    Parameters
    ----------
    levels
        :data:`IMAGES` of them, each with its own density to start from.
    path
        (n, n_atoms, 3) guess, nm.
    hessian
        The cheap surface's (3n, 3n) Hessian.
    frame
        The molecule's; images move and are laid out along its bonds.
    workers
        Threads.
    give_up_above
        Energy, kJ/mol: a path that still lies above it when climbing starts is left as it is.
    """
    x = _evenly(path, frame, IMAGES, None)
    for i in range(1, IMAGES):
        x[i] = superposed(x[i - 1], x[i], x[i])
    with ThreadPoolExecutor(workers) as pool:
        for iteration in range(_ITERATIONS):
            evaluated = list(pool.map(lambda image: image[0](image[1]), zip(levels, x, strict=True)))
            energies = np.array([energy for energy, _ in evaluated])
            gradients = np.array([gradient for _, gradient in evaluated])
            top = int(np.argmax(energies))
            climbing = iteration >= _BEFORE_CLIMBING and 0 < top < IMAGES - 1
            tangents = improved_tangents(x, energies)
            nearest = tangents[min(max(top, 1), IMAGES - 2) - 1]
            result = Path(energies, x, float(np.abs(gradients[top]).max()), nearest)
            if climbing and (result.force < _CLOSE or energies[top] > give_up_above):
                break
            moved = x.copy()
            for i in range(IMAGES):
                force = -gradients[i]
                if 0 < i < IMAGES - 1:
                    reversed_along = 2.0 if climbing and i == top else 1.0
                    force = force - reversed_along * np.sum(force * tangents[i - 1]) * tangents[i - 1]
                moved[i] = frame.moved(x[i], _step(force, hessian(x[i])))
            for i in range(1, IMAGES):
                moved[i] = superposed(moved[i - 1], moved[i], moved[i])
            x = _evenly(moved, frame, IMAGES, top if climbing else None)
    return result


def _step(force: Floats, hessian: Floats) -> Floats:
    values, vectors = np.linalg.eigh(hessian)
    step = vectors @ ((vectors.T @ force.ravel()) / np.maximum(np.abs(values), _SOFTEST))
    return np.asarray(_SHARE * step * min(1.0, _LONGEST / np.linalg.norm(step))).reshape(force.shape)


def _evenly(x: Floats, frame: Frame, count: int, fixed: int | None) -> Floats:
    """Images at equal distances along a path; one of them, if fixed, stays where it is."""
    steps = np.linalg.norm(np.diff(x, axis=0), axis=(1, 2))
    place = np.append(0.0, np.cumsum(steps))
    if fixed is None:
        wanted = np.linspace(0.0, place[-1], count)
    else:
        wanted = np.append(
            np.linspace(0.0, place[fixed], fixed + 1), np.linspace(place[fixed], place[-1], count - fixed)[1:]
        )
    left = np.clip(np.searchsorted(place, wanted, side="right") - 1, 0, len(x) - 2)
    share = (wanted - place[left]) / (place[left + 1] - place[left])
    return np.array([frame.between(x[i], x[i + 1], float(s)) for i, s in zip(left, share, strict=True)])
