"""Frames of trajectory files, read by MDTraj: places of chosen atoms, made whole, and their times."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from molmach.data.statistics import Floats
from molmach.errors import MissingExtraError, ScoreError
from molmach.scoring.images import make_whole, spanning_tree
from molmach.scoring.selection import FRAME_INTERVAL, TOPOLOGY, TRAJECTORIES, Atoms

TIMED = (".xtc", ".trr", ".nc", ".ncdf", ".netcdf", ".h5", ".hdf5", ".dtr")
"""Formats from which MDTraj reads times in ps; from others it reads the frames' numbers."""

_UNEVEN = 0.25
"""Frames farther from even spacing than this share of it are not evenly spaced."""


@dataclass(frozen=True, eq=False)
class Frames:
    """One file's frames.

    Attributes
    ----------
    positions
        (n_frames, n_chosen, 3) nm, whole.
    interval_ps
        Between frames.
    """

    positions: Floats
    interval_ps: float


def read_topology(path: Path) -> Any:
    """MDTraj's topology of a file.

    Raises
    ------
    ScoreError
        There is no such file, or MDTraj can't read it.
    """
    import mdtraj  # slow to import, and what is no file never needs it

    _expect_file(path)
    try:
        return mdtraj.load_topology(str(path))
    except Exception as error:  # MDTraj's readers raise whatever their formats raise
        raise ScoreError(
            TOPOLOGY, f" {path}: MDTraj can't read a topology from it: {_short(error)}"
        ) from error


def read_frames(
    paths: Sequence[Path], topology: Any, atoms: Atoms, interval_ps: float | None, stride: int
) -> list[Frames]:
    """Frames of every file, parts cut by a periodic cell put together as in the first file's first frame.

    Parameters
    ----------
    paths
        One or more files of the topology's atoms.
    topology
        MDTraj's.
    atoms
        What to read.
    interval_ps
        Time between the files' frames; None to take their own times.
    stride
        Every how many frames one is read.

    Raises
    ------
    ScoreError
        A file is missing, can't be read, has other atoms, or lacks times.
    """
    for path in paths:
        _expect_file(path)
        if interval_ps is None and not path.name.lower().endswith(TIMED):
            raise ScoreError(
                FRAME_INTERVAL,
                f": missing; MDTraj reads no times from {path}; expected the time between its frames, "
                "such as 0.1 ps",
            )
    frames, tree = [], None
    for path in paths:
        trajectory = _load(path, topology, atoms, stride)
        positions, cells = trajectory.xyz.astype(np.float64), _cells(trajectory)
        if not np.all(np.isfinite(positions)):
            raise ScoreError(TRAJECTORIES, f" {path}: a coordinate is not a finite number")
        if tree is None:
            tree = spanning_tree(positions[0], None if cells is None else cells[0])
        own = np.asarray(trajectory.time, dtype=np.float64)
        spacing = _spacing(path, own) if interval_ps is None else interval_ps * stride
        frames.append(Frames(make_whole(positions, cells, tree), spacing))
    return frames


def _expect_file(path: Path) -> None:
    if not path.exists():
        raise ScoreError(f"{path}: no such file; expected a topology or trajectory that MDTraj reads")


def _load(path: Path, topology: Any, atoms: Atoms, stride: int) -> Any:
    import mdtraj  # slow to import, and what is no file never needs it

    if path.suffix.lower() == ".lammpstrj":
        _refuse_scaled(path)
    top = {} if path.suffix.lower() in (".h5", ".hdf5") else {"top": topology}
    try:
        with _quiet():
            count = mdtraj.load_frame(str(path), 0, **top).n_atoms
            trajectory = mdtraj.load(str(path), atom_indices=atoms, stride=stride, **top)
    except ImportError as error:
        needed = "tables" if "PyTables" in str(error) else str(error)
        raise MissingExtraError(
            TRAJECTORIES,
            f" {path}: MDTraj needs a package that is not installed to read it: pip install {needed}",
        ) from error
    except Exception as error:  # MDTraj's readers raise whatever their formats raise
        raise ScoreError(
            TRAJECTORIES, f" {path}: MDTraj can't read it as {topology.n_atoms} atoms: {_short(error)}"
        ) from error
    if count != topology.n_atoms:
        raise ScoreError(
            TRAJECTORIES, f" {path}: has {count} atoms; expected the topology's {topology.n_atoms}"
        )
    if trajectory.n_frames < 2:
        raise ScoreError(TRAJECTORIES, f" {path}: got {trajectory.n_frames} frame; expected at least 10")
    return trajectory


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keeps MDTraj's own remarks about packages off the terminal."""
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


def _refuse_scaled(path: Path) -> None:
    """LAMMPS's scaled coordinates are shares of the cell, which MDTraj takes for lengths."""
    with path.open(encoding="utf-8", errors="replace") as stream:
        head = [line for _, line in zip(range(12), stream, strict=False) if line.startswith("ITEM: ATOMS")]
    columns = set(head[0].split()) if head else set()
    if head and not ({"x", "y", "z"} <= columns or {"xu", "yu", "zu"} <= columns):
        raise ScoreError(
            TRAJECTORIES,
            f" {path}: holds no coordinates in angstrom (columns {' '.join(head[0].split()[2:])}); "
            "expected LAMMPS's 'dump ID GROUP custom N FILE id type x y z' (or xu yu zu)",
        )


def _cells(trajectory: Any) -> Floats | None:
    vectors = trajectory.unitcell_vectors
    if vectors is None or not np.all(np.isfinite(vectors)) or np.min(np.linalg.det(vectors)) <= 0.0:
        return None
    return np.asarray(vectors, dtype=np.float64)


def _spacing(path: Path, time_ps: Floats) -> float:
    """Time between frames of one file; its times must be evenly spaced within single precision."""
    spacing = float(time_ps[-1] - time_ps[0]) / (time_ps.size - 1)
    even = time_ps[0] + spacing * np.arange(time_ps.size)
    tolerance = _UNEVEN * spacing + 4.0 * float(np.spacing(np.float32(np.abs(time_ps).max())))
    if spacing <= 0.0 or np.max(np.abs(time_ps - even)) > tolerance:
        raise ScoreError(
            TRAJECTORIES,
            f" {path}: its frames are not evenly spaced in time; expected even spacing, or ",
            FRAME_INTERVAL,
            " where the times in the file are wrong",
        )
    return spacing


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
