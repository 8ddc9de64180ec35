"""Machines that a simulation's unit cell has cut, put together again."""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import NDArray

from molmach.data.statistics import Floats
from molmach.errors import ScoreError
from molmach.scoring.selection import STATOR, TRAJECTORIES

_BONDED_NM = 0.4
"""Neighbours that come nearer than this are taken to be of one molecule."""

_TORN_NM = 0.5
"""Such neighbours farther apart than this have been cut."""

_TOUCHING_NM = 0.2
"""Atoms of two molecules come no nearer than this."""


def spanning_tree(positions: Floats, cell: Floats | None) -> NDArray[np.int64]:
    """(n_atoms - 1, 2) pairs (known, next) that reach every atom from the first by the shortest links.

    Prim's minimum spanning tree over the distances between nearest images: within a molecule its links
    are bonds, so no list of bonds is needed.

    Parameters
    ----------
    positions
        (n_atoms, 3), nm.
    cell
        (3, 3) rows are the cell's vectors, nm; None where there is none.

    Raises
    ------
    ScoreError
        A link is longer than half the cell, so that the nearest image need not be the right one, or the
        machine is as near to its own images as bonded atoms are.
    """
    n = len(positions)
    tree = np.zeros((n - 1, 2), dtype=np.int64)
    distance, link = np.full(n, np.inf), np.zeros(n, dtype=np.int64)
    inside = np.zeros(n, dtype=bool)
    latest = 0
    for step in range(n - 1):
        inside[latest] = True
        away = np.linalg.norm(nearest_image(positions - positions[latest], cell), axis=-1)
        closer = away < distance
        distance[closer], link[closer] = away[closer], latest
        latest = int(np.argmin(np.where(inside, np.inf, distance)))
        tree[step] = link[latest], latest
        if cell is not None and distance[latest] >= 0.5 * _height(cell):
            raise ScoreError(
                TRAJECTORIES,
                f": parts of the machine are {distance[latest]:.2f} nm apart, "
                f"more than half the unit cell ({0.5 * _height(cell):.2f} nm), so which "
                "image belongs to it can't be told; expected a larger cell, or fewer atoms by ",
                STATOR,
            )
    if cell is not None:
        _refuse_own_images(positions, cell, tree)
    return tree


def _refuse_own_images(positions: Floats, cell: Floats, tree: NDArray[np.int64]) -> None:
    """Refuse a machine that is bonded to its own images: which of them belong together can't be told."""
    whole = make_whole(positions[None], cell[None], tree)[0]
    shifts = np.stack(np.meshgrid(*3 * [[-1, 0, 1]], indexing="ij"), axis=-1).reshape(-1, 3)
    shifts = shifts[np.any(shifts != 0, axis=1)]
    images = (whole[None] + (shifts @ cell)[:, None]).reshape(-1, 3)
    nearest = float(np.min(scipy.spatial.cKDTree(images).query(whole)[0]))
    if nearest < _TOUCHING_NM:
        raise ScoreError(
            TRAJECTORIES,
            f": the unit cell ({_height(cell):.2f} nm at its narrowest) is smaller than the machine, which "
            f"comes within {nearest:.2f} nm of its own image, so which atoms belong together can't be told; "
            "expected a larger cell, or fewer atoms by ",
            STATOR,
        )


def make_whole(positions: Floats, cells: Floats | None, tree: NDArray[np.int64]) -> Floats:
    """(n_frames, n_atoms, 3) positions in which every link of the tree joins nearest images.

    Parameters
    ----------
    positions
        (n_frames, n_atoms, 3), nm.
    cells
        (n_frames, 3, 3), nm; None where there is none.
    tree
        Of :func:`spanning_tree`.

    Raises
    ------
    ScoreError
        A bonded pair is cut and there is no cell by which to mend it.
    """
    if cells is None:
        _refuse_torn(positions, tree)
        return positions
    whole = positions.copy()
    for known, following in tree:
        step = positions[:, following] - whole[:, known]
        whole[:, following] = whole[:, known] + nearest_image(step, cells)
    return whole


def nearest_image(difference: Floats, cell: Floats | None) -> Floats:
    """(..., 3) differences less the lattice vector that leaves fractional parts within a half.

    For differences shorter than half the cell's smallest height it is the shortest image, whatever
    the cell's angles.
    """
    if cell is None:
        return difference
    fractional = difference[..., None, :] @ np.linalg.inv(cell)
    return np.asarray((difference[..., None, :] - np.round(fractional) @ cell)[..., 0, :])


def _height(cell: Floats) -> float:
    """Smallest distance between opposite faces of a cell, nm."""
    return float(1.0 / np.linalg.norm(np.linalg.inv(cell), axis=0).max())


def _refuse_torn(positions: Floats, tree: NDArray[np.int64]) -> None:
    lengths = np.linalg.norm(positions[:, tree[:, 1]] - positions[:, tree[:, 0]], axis=-1)
    torn = np.argwhere((lengths.min(axis=0) < _BONDED_NM) & (lengths > _TORN_NM))
    if torn.size:
        frame, link = torn[0]
        raise ScoreError(
            TRAJECTORIES,
            f": in frame {frame} neighbours are {lengths[frame, link]:.2f} nm apart: cut at the "
            "boundary of a unit cell that is not in the file; expected whole molecules, or the cell",
        )
