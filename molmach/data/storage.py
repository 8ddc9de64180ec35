"""Series and trajectories on disk."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from molmach.data.run import Series
from molmach.data.shapes import StartingShapes
from molmach.errors import ScoreError
from molmach.files import write_arrays


@dataclass(frozen=True, eq=False)
class Trajectories:
    """The stored frames of one condition's replicas.

    Attributes
    ----------
    frames
        (n_replicas, n_frames, n_atoms, 3) coordinates, nm, in single precision.
    time_ps
        (n_frames,) times.
    """

    frames: NDArray[np.float32]
    time_ps: NDArray[np.float64]


def save_series(series: Series, path: Path) -> None:
    """Write a condition's series as ``coordinate.npz``: arrays named as in :class:`Series`.

    Where there are several shapes, those of :class:`StartingShapes` come with the names ``shape_...``.
    """
    arrays = {name: getattr(series, name) for name in _SAMPLED}
    write_arrays(path, arrays | series.shapes.arrays(), compressed=True)


_SAMPLED = [field.name for field in fields(Series) if field.name != "shapes"]


def load_series(path: Path) -> Series:
    """Read what :func:`save_series` wrote.

    Raises
    ------
    ScoreError
        The file is missing, damaged or lacks a series.
    """
    try:
        with np.load(path) as stored:
            sampled = {name: stored[name] for name in _SAMPLED}
            return Series(**sampled, shapes=StartingShapes.of_arrays(stored))
    except (OSError, ValueError, TypeError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ScoreError(f"{path}: not a coordinate series of molmach ({error})") from error


def save_trajectories(trajectories: Trajectories, topology: Path, directory: Path) -> None:
    """Write one XTC file a replica: ``trajectory.xtc`` the first, then ``trajectory-1.xtc`` and on.

    Parameters
    ----------
    trajectories
        What to write.
    topology
        PDB file of the same atoms.
    directory
        Where to write.
    """
    import mdtraj  # slow to import, and workers never need it

    atoms = mdtraj.load_pdb(str(topology)).topology
    for replica, coordinates in enumerate(trajectories.frames):
        path = _trajectory(directory, replica)
        mdtraj.Trajectory(coordinates, atoms, time=trajectories.time_ps).save_xtc(str(path))


def load_trajectory(directory: Path, replica: int) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Read one replica's file of those that :func:`save_trajectories` wrote.

    Returns
    -------
    frames
        (n_frames, n_atoms, 3) coordinates, nm.
    time_ps
        (n_frames,) times.

    Raises
    ------
    ScoreError
        The file is missing or damaged.
    """
    from mdtraj.formats import XTCTrajectoryFile  # slow to import, and workers never need it

    path = _trajectory(directory, replica)
    try:
        with XTCTrajectoryFile(str(path)) as stored:
            frames, time_ps, _, _ = stored.read()
    except (OSError, RuntimeError) as error:
        raise ScoreError(f"{path}: not a trajectory of molmach ({error})") from error
    return np.asarray(frames), np.asarray(time_ps, dtype=np.float64)


def _trajectory(directory: Path, replica: int) -> Path:
    return directory / ("trajectory.xtc" if replica == 0 else f"trajectory-{replica}.xtc")
