"""Conformers with a shape: rings held open and axles stretched out.

Distance geometry does both. The lower bounds of its distance matrix are raised, so that what comes out
has ideal bonds and angles and the wanted outline, with nothing to pull straight afterwards but amides and
their like, which the outline can twist.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
from rdkit import Chem, DistanceGeometry
from rdkit.Chem import rdDistGeom

from molmach.building.assembly import Floats
from molmach.building.planar_bonds import stable_torsions, turn_back
from molmach.errors import BuildError

RING_CONFORMERS, AXLE_CONFORMERS = 5, 2
"""How many are made; asked for by their distances, they differ little in outline."""

_OPENNESS = (0.85, 0.7, 0.5, 0.0)
"""Fractions of the ideal outline's distances that are asked for, in turn."""


def open_ring(molecule: Chem.Mol, loop: tuple[int, ...], seed: int) -> Floats:
    """Conformers of a ring molecule with its macrocycle near a circle.

    Parameters
    ----------
    molecule
        Hydrogens explicit.
    loop
        The macrocycle, in order.
    seed
        Seed of the distance geometry; below 2**31.

    Returns
    -------
    (n_conformers, n_atoms, 3) coordinates, angstrom; the loop's centroid at the origin, its mean
    normal along z, the widest first.

    Raises
    ------
    BuildError
        No conformer is found.
    """
    bounds = rdDistGeom.GetMoleculeBoundsMatrix(molecule)
    n = len(loop)
    steps = np.array([0.5 * _upper(bounds, loop[k - 1], loop[(k + 1) % n]) for k in range(n)])
    contour = np.concatenate([[0.0], np.cumsum(0.5 * (steps + np.roll(steps, -1)))])
    perimeter = contour[-1]
    wanted = {}
    for i, j in itertools.combinations(range(n), 2):
        if min(j - i, n - j + i) >= 5:
            chord = perimeter / math.pi * math.sin(math.pi * (contour[j] - contour[i]) / perimeter)
            wanted[loop[i], loop[j]] = chord
    conformers = np.stack(
        [_upright(x, loop) for x in _embed(molecule, bounds, wanted, seed, RING_CONFORMERS)]
    )
    widths = np.min(np.linalg.norm(conformers[:, list(loop), :2], axis=-1), axis=-1)
    return np.asarray(conformers[np.argsort(-widths)])


def stretched_axle(molecule: Chem.Mol, path: tuple[int, ...], seed: int) -> Floats:
    """Conformers of an axle with its thread stretched out, the longest first.

    Parameters and errors as for :func:`open_ring`; ``path`` is the thread, in order.

    Returns
    -------
    (n_conformers, n_atoms, 3) coordinates, angstrom.
    """
    bounds = rdDistGeom.GetMoleculeBoundsMatrix(molecule)
    wanted = {
        (path[i], path[j]): _upper(bounds, path[i], path[j])
        for i, j in itertools.combinations(range(len(path)), 2)
        if j - i >= 3
    }
    conformers = np.stack(_embed(molecule, bounds, wanted, seed, AXLE_CONFORMERS))
    lengths = np.linalg.norm(conformers[:, path[0]] - conformers[:, path[-1]], axis=-1)
    return np.asarray(conformers[np.argsort(-lengths)])


def _upper(bounds: Floats, i: int, j: int) -> float:
    return float(bounds[min(i, j), max(i, j)])


def _embed(
    molecule: Chem.Mol, bounds: Floats, wanted: dict[tuple[int, int], float], seed: int, count: int
) -> list[Floats]:
    """Conformers whose ``wanted`` distances are as near to the asked ones as the molecule allows."""
    molecule, torsions = Chem.Mol(molecule), stable_torsions(molecule)
    parameters = rdDistGeom.ETKDGv3()
    parameters.randomSeed = seed
    parameters.numThreads = 1
    parameters.maxIterations = 20
    for openness in _OPENNESS:
        raised = bounds.copy()
        for (i, j), distance in wanted.items():
            low, high = max(i, j), min(i, j)
            lowest = min(openness * distance, 0.97 * raised[high, low])
            raised[low, high] = max(raised[low, high], lowest)
        if not DistanceGeometry.DoTriangleSmoothing(raised, 0.05):
            continue
        parameters.SetBoundsMat(raised)
        for parameters.useRandomCoords in (False, True):
            conformers = list(rdDistGeom.EmbedMultipleConfs(molecule, count, parameters))
            if conformers:
                turn_back(molecule, torsions)
                return [np.asarray(molecule.GetConformer(k).GetPositions()) for k in conformers]
    raise BuildError(
        f"no conformer found for {Chem.MolToSmiles(Chem.RemoveHs(molecule))}; "
        "expected a molecule that exists in three dimensions"
    )


def _upright(positions: Floats, loop: tuple[int, ...]) -> Floats:
    """The loop's centroid moved to the origin and its directed area turned to +z."""
    centred = positions - positions[list(loop)].mean(axis=0)
    around = centred[list(loop)]
    area = np.cross(around, np.roll(around, -1, axis=0)).sum(axis=0)
    z = area / np.linalg.norm(area)
    x = np.cross(np.eye(3)[np.argmin(np.abs(z))], z)
    x /= np.linalg.norm(x)
    return np.asarray(centred @ np.stack([x, np.cross(z, x), z]).T)
