"""Frames of trajectory files, read by MDTraj: places of chosen atoms, and their times."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from molmach.data.statistics import Floats
from molmach.errors import MissingExtraError, ScoreError
from molmach.scoring.atom_types import mdtraj_reads
from molmach.scoring.plausible import refuse_empty, refuse_other_unit, refuse_still
from molmach.scoring.restarts import refuse_restarts, restarts, without_repeats
from molmach.scoring.rounding import rounding
from molmach.scoring.selection import TOPOLOGY, TRAJECTORIES, Atoms
from molmach.scoring.times import FrameTimes, file_times, refuse_titles, require_times
from molmach.streams import Caught, caught_output

LEAST_FRAMES = 10
"""Fewer frames show no motion."""


@dataclass(frozen=True, eq=False)
class Frames:
    """One file's frames.

    Attributes
    ----------
    positions
        (n_frames, n_chosen, 3) nm, as they are in the file.
    cells
        (n_frames, 3, 3) rows are the cells' vectors, nm; None where there is none.
    interval_ps
        Between frames.
    start_ps
        Time of the first in the file; None where the file has no times.
    rounding_nm
        How far coordinates may be from what they were before the file's format rounded them.
    doubts
        What a reader must know before believing them.
    """

    positions: Floats
    cells: Floats | None
    interval_ps: float
    start_ps: float | None = None
    rounding_nm: float = 0.0
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Snapshot:
    """All atoms of one frame.

    Attributes
    ----------
    positions
        (n_atoms, 3) nm, as they are in the file.
    cell
        (3, 3) rows are the cell's vectors, nm; None where there is none.
    """

    positions: Floats
    cell: Floats | None


def read_topology(path: Path) -> Any:
    """MDTraj's topology of a file.

    Raises
    ------
    ScoreError
        There is no such file, or MDTraj can't read it.
    """
    import mdtraj  # slow to import, and what is no file never needs it

    _expect_file(path)
    with _quiet() as caught:
        try:
            if path.suffix.lower() == ".mol2":
                with mdtraj_reads(path) as plain:
                    return mdtraj.load_topology(str(plain))
            return mdtraj.load_topology(str(path))
        except Exception as error:  # MDTraj's readers raise whatever their formats raise
            failed = error
    raise ScoreError(
        TOPOLOGY, f" {path}: MDTraj can't read a topology from it: {_reason(failed, caught)}"
    ) from failed


def topology_positions(path: Path, topology: Any) -> Floats | None:
    """(n_atoms, 3) places of all atoms in a topology's file, nm; None where it has none."""
    if path.suffix.lower() not in (".pdb", ".gro", ".mol2", ".cif"):
        return None
    try:
        return read_snapshot(path, topology).positions
    except ScoreError:
        return None


def read_snapshot(path: Path, topology: Any) -> Snapshot:
    """All atoms of a trajectory's first frame.

    Raises
    ------
    ScoreError
        The file is missing, can't be read, or has other atoms than the topology.
    """
    import mdtraj  # slow to import, and what is no file never needs it

    _expect_file(path)
    if path.suffix.lower() == ".lammpstrj":
        _refuse_scaled(path)
    if path.suffix == ".gro":
        refuse_titles(path)
    given = _topology_of(path, topology)

    def first() -> Any:
        try:
            return mdtraj.load_frame(str(path), 0, **given)
        except (NotImplementedError, TypeError):  # MDTraj can't go to a frame of GRO, MOL2 or restart files
            if path.suffix.lower() == ".mol2":
                with mdtraj_reads(path) as plain:
                    return mdtraj.load(str(plain))[0]
            return mdtraj.load(str(path), **given)[0]

    frame = _attempt(path, topology, first)
    if frame.n_atoms != topology.n_atoms:
        raise ScoreError(
            TRAJECTORIES, f" {path}: has {frame.n_atoms} atoms; expected the topology's {topology.n_atoms}"
        )
    cells = _cells(frame)
    return Snapshot(frame.xyz[0].astype(np.float64), None if cells is None else cells[0])


def read_frames(
    paths: Sequence[Path],
    topology: Any,
    atoms: Atoms,
    interval_ps: float | None,
    stride: int,
    drop_repeated: bool,
    placed: Floats | None = None,
) -> list[Frames]:
    """Chosen atoms in the frames of every file, as they are there.

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
        Every how many frames one is kept.
    drop_repeated
        Whether frames that a restart wrote again give way; they are refused otherwise.
    placed
        (n_atoms, 3) nm in the topology's file; None where that has none.

    Raises
    ------
    ScoreError
        A file is missing, can't be read, has other atoms, lacks times, its times repeat or are uneven,
        it is in another unit, or shows no motion.
    """
    for path in paths:
        _expect_file(path)
    frames = []
    for path in paths:
        first = read_snapshot(path, topology)
        refuse_other_unit(path, first.positions, first.cell, atoms, placed)
        trajectory = _load(path, topology, atoms)
        times = file_times(path, trajectory)
        require_times(path, times, interval_ps)
        if not np.all(np.isfinite(trajectory.xyz)):
            raise ScoreError(TRAJECTORIES, f" {path}: a coordinate is not a finite number")
        refuse_empty(path, trajectory.xyz)
        refuse_still(path, trajectory.xyz)
        repeated = restarts(times, trajectory.xyz)
        if not drop_repeated:
            refuse_restarts(path, times, repeated)
        positions, cells = trajectory.xyz.astype(np.float64), _cells(trajectory)
        numbers = without_repeats(path, times, repeated, positions, cells)
        interval, start, doubts = _spacing(path, times, numbers, len(positions), interval_ps)
        kept = numbers[::stride]
        if kept.size < LEAST_FRAMES:
            raise ScoreError(
                TRAJECTORIES,
                f" {path}: {kept.size} of its {len(positions)} frames are left, taking one in {stride}; "
                f"expected at least {LEAST_FRAMES}",
            )
        frames.append(
            Frames(
                positions[kept], None if cells is None else cells[kept], interval * stride,
                start, rounding(positions), doubts,
            )
        )  # fmt: skip
    return frames


def _spacing(
    path: Path, times: FrameTimes, numbers: Atoms, count: int, interval_ps: float | None
) -> tuple[float, float | None, tuple[str, ...]]:
    """Time between the frames of these numbers of so many, the first one's if it is known, and doubts."""
    doubts = list(times.doubts) if interval_ps is None else []
    if left_out := count - numbers.size:
        doubts.append(f"{path}: frames left out that a restart wrote again: {left_out}")
    spacing, start = interval_ps, None
    if times.values is not None:
        kept = times.values[numbers]
        own = replace(times, values=kept).interval(path, numbers)
        if times.in_ps:
            start = float(kept[0])
            spacing = own if interval_ps is None else interval_ps
            if abs(spacing - own) > 0.01 * own:
                doubts.append(f"{path}: its own times are {own:g} ps apart; the given {spacing:g} ps count")
    assert spacing is not None, "it was asked for where the file has none"
    return spacing, start, tuple(doubts)


def _expect_file(path: Path) -> None:
    if not path.exists():
        raise ScoreError(f"{path}: no such file; expected a topology or trajectory that MDTraj reads")


def _topology_of(path: Path, topology: Any) -> dict[str, Any]:
    """What MDTraj's readers take beside a file; HDF5 has a topology of its own."""
    return {} if path.suffix.lower() in (".h5", ".hdf5") else {"top": topology}


def _load(path: Path, topology: Any, atoms: Atoms) -> Any:
    """All frames of a file, of the chosen atoms."""
    import mdtraj  # slow to import, and what is no file never needs it

    given = _topology_of(path, topology)

    def chosen() -> Any:
        try:
            return mdtraj.load(str(path), atom_indices=atoms, **given)
        except TypeError:  # MDTraj can't choose atoms of MOL2 files
            return mdtraj.load(str(path), **given).atom_slice(atoms)

    trajectory = _attempt(path, topology, chosen)
    if trajectory.n_frames < 2:
        raise ScoreError(TRAJECTORIES, f" {path}: got {trajectory.n_frames} frame; expected at least 10")
    return trajectory


def _attempt(path: Path, topology: Any, read: Callable[[], Any]) -> Any:
    """What MDTraj reads, or why it can't; its remarks and its C libraries' are kept off the terminal."""
    with _quiet() as caught:
        try:
            return read()
        except Exception as error:  # MDTraj's readers raise whatever their formats raise
            failed = error
    if isinstance(failed, ImportError):
        needed = "tables" if "PyTables" in str(failed) else str(failed)
        raise MissingExtraError(
            TRAJECTORIES,
            f" {path}: MDTraj needs a package that is not installed to read it: pip install {needed}",
        ) from failed
    raise ScoreError(
        TRAJECTORIES,
        f" {path}: MDTraj can't read it as {topology.n_atoms} atoms: {_reason(failed, caught)}",
    ) from failed


@contextmanager
def _quiet() -> Iterator[Caught]:
    """Keeps what MDTraj and its C libraries say off the terminal."""
    with caught_output() as caught, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield caught


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


def _reason(error: Exception, caught: Caught) -> str:
    """An error's text, or what a C library said where it has none, in one line."""
    text = " ".join(str(error).split())[:200] or type(error).__name__
    said = caught.brief()
    return f"{text} ({said})" if said else text
