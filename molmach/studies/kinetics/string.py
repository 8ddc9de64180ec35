"""A path relaxed on a dearer surface, with a cheap surface's curvature as its guide.

A string (E, Ren & Vanden-Eijnden, J. Chem. Phys. 126, 164103 (2007)) whose images go down across the path by
quasi-Newton steps with the force field's Hessian at each image, and are laid out evenly again after
each step. The force field knows the stiff bonds, so a dozen iterations do what hundreds of plain ones
would. The highest image climbs along the path.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from molmach.studies.kinetics.band import improved_tangents
from molmach.studies.kinetics.forms import superposed
from molmach.studies.kinetics.frame import Frame
from molmach.studies.kinetics.level import Floats, Level

IMAGES = 11
_CLOSER_IMAGES = 7
_ITERATIONS = 16
_CLOSER_ITERATIONS = 8
_FIRST_LOOK = 3
_BEFORE_CLIMBING = 8
_ROUGH = 200.0
"""Largest gradient component of the highest image, kJ/(mol nm), from which a closer look is worth it."""

_CLOSE = 60.0
"""The same, from which a saddle search takes over."""

_WORSE = 1.5
_SOFTEST = 3000.0
_LONGEST = 0.06
_SHARE = 0.8


@dataclass(frozen=True, eq=False)
class Path:
    """A relaxed path.

    Attributes
    ----------
    energies, positions
        (images,), kJ/mol, and (images, n_atoms, 3), nm.
    force
        Largest component of the highest image's gradient, kJ/(mol nm).
    tangent, summit
        (n_atoms, 3): the path's unit direction at its top, and the structure there, nm: that of the parabola
        through the highest image and its neighbours.
    coarse
        Whether the images lie too far apart for that; the summit is then the highest one.
    """

    energies: Floats
    positions: Floats
    force: float
    tangent: Floats
    summit: Floats
    coarse: bool = False

    @property
    def top(self) -> int:
        """Number of the image with the highest energy."""
        return int(np.argmax(self.energies))

    @property
    def inner(self) -> bool:
        """Whether the highest image is none of the ends."""
        return 0 < self.top < len(self.energies) - 1

    @property
    def height(self) -> float:
        """Energy of the highest image, kJ/mol."""
        return float(self.energies.max())


@dataclass(frozen=True, eq=False)
class Ground:
    """What a path is relaxed on.

    Attributes
    ----------
    levels
        :data:`IMAGES` of them, each with its own density to start from.
    hessian
        The cheap surface's (3n, 3n) Hessian.
    frame
        The molecule's; images move and are laid out along its bonds.
    workers
        Threads.
    """

    levels: Sequence[Level]
    hessian: Callable[[Floats], Floats]
    frame: Frame
    workers: int


def relax_path(ground: Ground, path: Floats, give_up_above: float) -> Path:
    """Relax a path, whose ends go to their minima, until a saddle search can take over.

    Parameters
    ----------
    ground
        The surface.
    path
        (n, n_atoms, 3) guess, nm.
    give_up_above
        Energy, kJ/mol: a path that still lies above it after the first steps is left as it is.
    """

    def over(path: Path, iteration: int) -> bool:
        ready = path.inner and path.force < _ROUGH
        return iteration >= _FIRST_LOOK and (ready or path.height > give_up_above)

    relaxed = _relaxed(ground, path, IMAGES, _ITERATIONS, _BEFORE_CLIMBING, over)
    return relaxed if relaxed.height > give_up_above else _checked(ground, relaxed)


def relax_summit(ground: Ground, path: Path) -> Path:
    """The part of a relaxed path by its top with more images, the highest of which climbs."""
    part = path.positions[max(path.top - 1, 0) : path.top + 2]
    closer = _relaxed(
        ground,
        part,
        _CLOSER_IMAGES,
        _CLOSER_ITERATIONS,
        1,
        lambda path, _: path.inner and path.force < _CLOSE,
    )
    return _checked(ground, closer if closer.inner else path)


def _checked(ground: Ground, path: Path) -> Path:
    """A path; its summit is the highest image where what lies between is worse, images being far apart."""
    _, gradient = ground.levels[path.top](path.summit)
    if float(np.abs(gradient).max()) < _WORSE * max(path.force, _CLOSE):
        return path
    return replace(path, summit=path.positions[path.top], coarse=True)


def _relaxed(
    ground: Ground,
    path: Floats,
    count: int,
    iterations: int,
    before_climbing: int,
    over: Callable[[Path, int], bool],
) -> Path:
    """A path of so many images after at most so many iterations, or when it is ``over``.

    Its ends go to their minima where the whole path is relaxed, and stay where it is a part.
    """
    x = _evenly(path, ground.frame, count, None)
    for i in range(1, count):
        x[i] = superposed(x[i - 1], x[i], x[i])
    whole = count == IMAGES
    energies, gradients = np.zeros(count), np.zeros(x.shape)
    with ThreadPoolExecutor(ground.workers) as pool:
        for iteration in range(iterations):
            moving = range(count) if whole or iteration == 0 else range(1, count - 1)
            pairs = [(ground.levels[i], x[i]) for i in moving]
            evaluated = pool.map(lambda pair: pair[0](pair[1]), pairs)
            for i, (energy, gradient) in zip(moving, evaluated, strict=True):
                energies[i], gradients[i] = energy, gradient
            top = int(np.argmax(energies))
            climbing = iteration >= before_climbing and 0 < top < count - 1
            tangents = improved_tangents(x, energies)
            nearest = tangents[min(max(top, 1), count - 2) - 1]
            force = float(np.abs(gradients[top]).max())
            result = Path(energies.copy(), x, force, nearest, _summit(x, energies, ground.frame))
            if over(result, iteration):
                break
            moved = x.copy()
            for i in range(count):
                pull = -gradients[i]
                if 0 < i < count - 1:
                    reversed_along = 2.0 if climbing and i == top else 1.0
                    pull = pull - reversed_along * np.sum(pull * tangents[i - 1]) * tangents[i - 1]
                elif not whole:
                    continue
                moved[i] = ground.frame.moved(x[i], _step(pull, ground.hessian(x[i])))
            for i in range(1, count if whole else count - 1):
                moved[i] = superposed(moved[i - 1], moved[i], moved[i])
            x = _evenly(moved, ground.frame, count, top if climbing else None)
    return result


def _summit(x: Floats, energies: Floats, frame: Frame) -> Floats:
    """The structure where the parabola through the highest image and its neighbours has its top."""
    top = int(np.argmax(energies))
    if not 0 < top < len(x) - 1:
        return np.asarray(x[top])
    before, here, after = energies[top - 1 : top + 2]
    curvature = before - 2.0 * here + after
    share = 0.5 * (before - after) / curvature if curvature < 0.0 else 0.0
    return frame.between(x[top], x[top + 1 if share > 0.0 else top - 1], abs(share))


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
