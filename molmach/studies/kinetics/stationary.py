"""Minima and saddle points of an energy surface."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import OptimizeResult, brentq, minimize

from molmach.errors import KineticsError
from molmach.studies.kinetics.frame import Frame
from molmach.studies.kinetics.level import Floats, Level
from molmach.studies.kinetics.modes import DISPLACEMENT, finite_difference_hessian, internal_projector

MAX_FORCE = 20.0
"""A stationary point's largest gradient component, kJ/(mol nm) (0.02 eV/A)."""

_LEVEL = 2.0
"""A minimum's largest gradient component, kJ/(mol nm): the shoulders of a flat saddle have ten times that."""

_NEAR = 0.02
"""Largest full step from a saddle, nm in the norm over all atoms: along soft modes the gradient is small."""

_AT_IT = 0.004
"""The same from which nothing is gained; 0.01 nm off, a saddle's Gibbs energy is wrong by 0.2 kJ/mol."""

_FURTHER = 8
"""Steps towards that once a saddle is near."""

STEPS = 80
"""Of a saddle search, at most."""

_TRUST = 0.03
_SHORTEST = 1e-3
_FLAT = 50.0
"""Curvatures closer to zero, kJ/(mol nm^2), have no certain sign."""

_RENEW = 25
"""Steps after which the Hessian is computed anew."""

_SOFTEST = 2000.0
_RIGID, _SOFT = 6, 40
_ALONG = 2e-3
"""Displacement along a soft mode, nm in the norm over all atoms."""

_NEWTON = 4


@dataclass(frozen=True, eq=False)
class Stationary:
    """A stationary point: energy (kJ/mol), positions (n_atoms, 3) in nm, and whether it converged.

    Of a saddle also ``direction`` (n_atoms, 3), of unit norm, in which a search went up to it.
    """

    energy: float
    positions: Floats
    converged: bool
    direction: Floats | None = None


def relax(
    level: Level,
    positions: Floats,
    guess_hessian: Callable[[Floats], Floats],
    there: Callable[[float, Floats], Stationary | None] = lambda energy, positions: None,
) -> Stationary:
    """The minimum downhill, by BFGS from a guessed Hessian made positive.

    Parameters
    ----------
    level
        The surface.
    positions
        (n_atoms, 3), nm, to start from.
    guess_hessian
        Gives a (3n, 3n) Hessian.
    there
        Takes energy and structure on the way down; gives the minimum that this comes to in the end, or None.

    Raises
    ------
    KineticsError
        No minimum is reached.
    """
    values, vectors = np.linalg.eigh(guess_hessian(positions))
    inverse = (vectors / np.maximum(np.abs(values), _SOFTEST)) @ vectors.T

    def both(x: Floats) -> tuple[float, Floats]:
        energy, gradient = level(x.reshape(positions.shape))
        return energy, gradient.ravel()

    known: list[Stationary] = []

    def look(intermediate_result: OptimizeResult) -> None:
        x = intermediate_result.x.reshape(positions.shape)
        if (minimum := there(float(intermediate_result.fun), x)) is not None:
            known.append(minimum)
            raise StopIteration

    minimum = minimize(
        both,
        positions.ravel(),
        jac=True,
        method="BFGS",
        callback=look,
        options={"gtol": _LEVEL, "maxiter": 500, "hess_inv0": 0.5 * (inverse + inverse.T)},
    )
    if known:
        return known[0]
    force = float(np.abs(minimum.jac).max())
    if force > 5.0 * MAX_FORCE:
        raise KineticsError(f"{level.name}: no minimum found (largest gradient {force:.0f} kJ/mol/nm)")
    return Stationary(float(minimum.fun), minimum.x.reshape(positions.shape), force < 2.0 * MAX_FORCE)


def exact_hessian(level: Level, positions: Floats, guide: Callable[[Floats], Floats]) -> Floats:
    """(3n, 3n) Hessian of a level by forward differences of its gradient.

    What these lack, half of a displacement times the third derivatives, is taken from a cheap surface, on
    which central differences cost nothing. It is the stiff bonds' and much the same on both: the Gibbs energy
    of a motor's form differs by 0.04 kJ/mol from central differences of the level itself, which need twice as
    many gradients, and by 0.6 without.

    Parameters
    ----------
    level
        The surface.
    positions
        (n_atoms, 3), nm.
    guide
        The cheap surface's gradients, of (m, n_atoms, 3) structures.
    """
    directions = np.eye(positions.size)
    project = internal_projector(positions)
    hessian = curvatures(level, positions, directions, guide, DISPLACEMENT)
    return np.asarray(project @ (0.5 * (hessian + hessian.T)) @ project)


def curvatures(
    level: Level,
    positions: Floats,
    directions: Floats,
    guide: Callable[[Floats], Floats],
    displacement: float,
) -> Floats:
    """(3n, k) products of the Hessian with (3n, k) directions of unit norm; see :func:`exact_hessian`.

    Parameters
    ----------
    level, positions, guide
        As there.
    directions
        (3n, k).
    displacement
        Along each, nm.
    """
    shifts = displacement * directions.T.reshape(-1, *positions.shape)
    here = level(positions)[1].ravel()
    there = np.array([level(x)[1].ravel() for x in positions + shifts])
    middle = guide(positions[None])[0].ravel()
    ahead, behind = (guide(positions + side * shifts).reshape(len(shifts), -1) for side in (1.0, -1.0))
    missing = (ahead - middle) / displacement - (ahead - behind) / (2.0 * displacement)
    return np.asarray(((there - here) / displacement - missing).T)


def softened_hessian(
    level: Level,
    positions: Floats,
    tangent: Floats,
    guide: Callable[[Floats], Floats],
) -> Floats:
    """(3n, 3n) Hessian of a cheap surface, made the level's own along its softest modes and a direction.

    In the stiff directions both surfaces are alike; the soft ones decide where a saddle is.

    Parameters
    ----------
    level, positions, guide
        As of :func:`exact_hessian`.
    tangent
        (n_atoms, 3) direction.
    """
    cheap = finite_difference_hessian(guide, positions)
    _, vectors = np.linalg.eigh(cheap)
    soft = vectors[:, _RIGID : _RIGID + _SOFT]
    basis, _ = np.linalg.qr(np.column_stack([tangent.ravel(), soft]))
    missing = curvatures(level, positions, basis, guide, _ALONG) - cheap @ basis
    inner = basis.T @ missing
    cross = missing @ basis.T
    changed = cheap + cross + cross.T - basis @ (0.5 * (inner + inner.T)) @ basis.T
    project = internal_projector(positions)
    return np.asarray(project @ (0.5 * (changed + changed.T)) @ project)


def polished(level: Level, start: Stationary, hessian: Floats) -> Stationary:
    """A stationary point after Newton steps with the Hessian at it, until its gradient is a minimum's.

    Parameters
    ----------
    level
        The surface.
    start
        Where it is nearly stationary.
    hessian
        (3n, 3n) there.
    """
    values, vectors = np.linalg.eigh(hessian)
    sure = np.abs(values) > _FLAT
    x = start.positions
    energy, gradient = level(x)
    best = (float(np.abs(gradient).max()), energy, x)
    for _ in range(_NEWTON):
        if best[0] < _LEVEL:
            break
        step = -vectors[:, sure] @ ((vectors[:, sure].T @ gradient.ravel()) / values[sure])
        x = x + (step * min(1.0, _TRUST / np.linalg.norm(step))).reshape(x.shape)
        energy, gradient = level(x)
        if np.abs(gradient).max() >= best[0]:
            break
        best = (float(np.abs(gradient).max()), energy, x)
    return Stationary(best[1], best[2], start.converged, start.direction)


def find_saddle(
    level: Level,
    positions: Floats,
    tangent: Floats,
    hessian: Callable[[Floats], Floats],
    guess_hessian: Callable[[Floats], Floats],
    frame: Frame,
    steps: int = STEPS,
) -> Stationary:
    """The saddle point uphill along one mode and downhill along all others.

    Eigenvector following (Cerjan & Miller, J. Chem. Phys. 75, 2800 (1981)): a Newton step with every
    curvature's magnitude, kept within the trust radius by adding to all of them, so that soft modes give way
    first (a step that is cut as a whole would be nothing but the softest one); Hessian updates after Bofill,
    J. Comput. Chem. 15, 1 (1994). The mode followed is at first the one most like ``tangent``, then the one
    most like itself, among those of negative curvature where there are any. Steps bend with the bonds, and
    between updates the Hessian changes as a cheap surface's does, for a group that turns takes its stiff
    directions with it.

    Parameters
    ----------
    level
        The surface.
    positions, tangent
        (n_atoms, 3) start, nm, and the direction of the path through it, unit norm.
    hessian
        Gives the (3n, 3n) Hessian, to start from and to go on from now and then.
    guess_hessian
        The cheap surface's, in what way its curvatures change.
    frame
        The molecule's.
    steps
        After so many it is given up.
    """
    x = positions.copy()
    curvature = hessian(x)
    energy, gradient = level(x)
    mode = tangent.ravel()
    guide = guess_hessian(x)
    trust = _TRUST
    near: list[tuple[float, Stationary]] = []
    for count in range(1, steps + 1):
        step, mode, expected, distance = _step(x, gradient.ravel(), curvature, mode, trust)
        if np.abs(gradient).max() < MAX_FORCE and distance < _NEAR:
            near.append((distance, Stationary(energy, x, True, mode.reshape(x.shape))))
            if distance < _AT_IT or len(near) > _FURTHER:
                break
        moved = frame.moved(x, step)
        there, slope = level(moved)
        turned = guess_hessian(moved)
        curvature = _bofill(curvature + turned - guide, (moved - x).ravel(), (slope - gradient).ravel())
        ratio = (there - energy) / expected if abs(expected) > 0.05 else 1.0
        length = float(np.linalg.norm(step))
        if not 0.25 < ratio < 1.75:
            trust = 0.5 * length
        elif 0.75 < ratio < 1.25 and length > 0.8 * trust:
            trust = min(2.0 * trust, 2.0 * _TRUST)
        if not -1.0 < ratio < 3.0 and length > _SHORTEST:
            curvature += guide - turned
            continue  # the model is wrong here: a shorter step, with what was learnt
        x, energy, gradient, guide = moved, there, slope, turned
        if count % _RENEW == 0 and not near:
            curvature = hessian(x)
    return min(near, key=lambda one: one[0])[1] if near else Stationary(energy, x, False)


def _step(
    x: Floats, gradient: Floats, curvature: Floats, mode: Floats, trust: float
) -> tuple[Floats, Floats, float, float]:
    """A step up the followed mode and down all others, the mode, the change of energy, the uncut length."""
    project = internal_projector(x)
    values, vectors = np.linalg.eigh(project @ curvature @ project)
    keep = np.linalg.norm(project @ vectors, axis=0) > 0.5
    values, vectors = values[keep], vectors[:, keep]
    slopes = vectors.T @ gradient
    likeness = np.abs(vectors.T @ mode)
    downward = values < -_FLAT
    followed = int(np.argmax(np.where(downward, likeness, 0.0) if downward.any() else likeness))
    way = np.where(np.arange(values.size) == followed, 1.0, -1.0) * slopes
    stiff = np.maximum(np.abs(values), _FLAT)
    length = float(np.linalg.norm(way / stiff))
    parts = way / (stiff + _shift(way, stiff, trust))
    expected = float(slopes @ parts + 0.5 * np.sum(values * parts**2))
    return vectors @ parts, vectors[:, followed], expected, length


def _shift(way: Floats, stiff: Floats, trust: float) -> float:
    """What is added to the curvatures for a step within the trust radius; 0 where it is within."""

    def longer(shift: float) -> float:
        return float(np.linalg.norm(way / (stiff + shift))) - trust

    if longer(0.0) <= 0.0:
        return 0.0
    return float(brentq(longer, 0.0, float(np.linalg.norm(way)) / trust))


def _bofill(curvature: Floats, step: Floats, change: Floats) -> Floats:
    """Bofill's mix of the symmetric rank-one and the Powell update."""
    missing = change - curvature @ step
    along, length = float(step @ missing), float(step @ step)
    size = float(missing @ missing)
    if size == 0.0 or length == 0.0:
        return curvature
    rank_one = np.outer(missing, missing) / along if abs(along) > 1e-8 * size else 0.0
    powell = (np.outer(missing, step) + np.outer(step, missing)) / length - along * np.outer(
        step, step
    ) / length**2
    share = along**2 / (size * length)
    return np.asarray(curvature + share * rank_one + (1.0 - share) * powell)
