"""Frames that no molecule in motion gives: empty ones, ones that stand still, and ones in another unit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import scipy

from molmach.data.statistics import Floats
from molmach.errors import ScoreError
from molmach.scoring.images import nearest_image
from molmach.scoring.selection import TRAJECTORIES, Atoms

_ONE_PLACE = 1e-6
"""Atoms that are all within this of each other are at one place, nm."""

_STILL = 20
"""Fewer equal frames one after another are a start, or a slow motion in a format that rounds."""

_FALSE_ALARM = 1e-4
"""Chance of refusing a file whose rounding makes equal frames here and there."""

_LARGE, _SMALL = 0.75, 0.03
"""Nearest atoms are nearer to each other than the one and farther than the other, nm, in any molecule."""


def refuse_empty(path: Path, positions: Floats) -> None:
    """Refuse frames in which all atoms are at one place, as where a file was written and never filled.

    Parameters
    ----------
    path
        What the error names.
    positions
        (n_frames, n_atoms, 3) nm.
    """
    empty = np.flatnonzero(np.ptp(positions, axis=1).max(axis=-1) < _ONE_PLACE)
    if empty.size and positions.shape[1] > 1:
        raise ScoreError(
            TRAJECTORIES,
            f" {path}: frame {empty[0]} is empty: all atoms are at one place ({empty.size} such frames); "
            "expected the places of all atoms in every frame",
        )


def refuse_still(path: Path, positions: Floats) -> None:
    """Refuse a file that shows one frame again and again while its time goes on.

    A file whose frames are all one shows a machine at rest. Where rounding makes frames equal by chance, a
    longer row of them is needed.

    Parameters
    ----------
    path
        What the error names.
    positions
        (n_frames, n_atoms, 3) nm, as they are in the file.
    """
    equal = (positions[1:] == positions[:-1]).all(axis=(1, 2))
    if equal.all() or not equal.any():
        return
    edges = np.flatnonzero(np.diff(np.concatenate([[False], equal, [False]]).astype(np.int64)))
    begins, ends = edges[::2], edges[1::2]
    longest = int(np.argmax(ends - begins))
    begin, end = int(begins[longest]), int(ends[longest])
    row, others = end - begin, equal.size - (end - begin)
    by_chance = (np.sum(equal) - row + 1.0) / (others + 2.0)
    if row + 1 < _STILL or equal.size * by_chance**row > _FALSE_ALARM:
        return
    raise ScoreError(
        TRAJECTORIES,
        f" {path}: frames {begin} to {end} are all the same, and others are not, as where a run or its "
        "copying stopped; expected frames of a motion, so cut the file there",
    )


def refuse_other_unit(
    path: Path,
    positions: Floats,
    cell: Floats | None,
    atoms: Atoms,
    topology_positions: Floats | None = None,
) -> None:
    """Refuse coordinates in another unit than the format's, by the distances between nearest atoms.

    Parameters
    ----------
    path
        What the error names.
    positions
        (n_atoms, 3) all atoms of a frame, nm.
    cell
        (3, 3) its vectors, nm; None where there is none.
    atoms
        Numbers of the machine's atoms.
    topology_positions
        The same in the topology's file; None where that has none. Atoms as far apart there are as they
        should be, as in beads.
    """
    nearest = _nearest(positions, atoms)
    if nearest > _LARGE and cell is not None:  # a molecule may be cut where the cell ends
        nearest = _nearest_image(positions, cell, atoms)
    if _SMALL <= nearest <= _LARGE or nearest < _ONE_PLACE:
        return
    if topology_positions is not None and 0.5 < _nearest(topology_positions, atoms) / nearest < 2.0:
        return
    if nearest < _SMALL:
        said = (
            "far less than bonds are long; they seem to be in nm; expected angstrom, as this format has them"
        )
    else:
        said = (
            "far more than bonds are long; they seem to be in angstrom; expected nm, as this format has them"
        )
    raise ScoreError(
        TRAJECTORIES, f" {path}: by its coordinates nearest atoms are {nearest:.2g} nm apart, {said}"
    )


def _nearest(positions: Floats, atoms: Atoms) -> float:
    """Median distance of some atoms to the nearest other atom, nm; zero where there is none."""
    if len(positions) < 2:
        return 0.0
    distances = np.asarray(scipy.spatial.cKDTree(positions).query(positions[atoms], k=2)[0])
    return float(np.median(distances[:, 1]))


def _nearest_image(positions: Floats, cell: Floats, atoms: Atoms) -> float:
    """The same to the nearest image of another atom."""
    distances = []
    for atom in atoms:
        others = np.delete(positions, atom, axis=0)
        distances.append(np.linalg.norm(nearest_image(others - positions[atom], cell), axis=-1).min())
    return float(np.median(distances))
