"""Times of a trajectory file's frames: those that stand in the file itself, not what a reader makes up.

MDTraj gives every trajectory times; where the file has none they are the frames' numbers. So each file is
asked itself.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from molmach.data.statistics import Floats
from molmach.errors import ScoreError
from molmach.scoring.selection import FRAME_INTERVAL, TRAJECTORIES

_UNEVEN = 0.01
"""Frames farther from even spacing than this share of it are not evenly spaced."""

_PS = {
    "ps": 1.0, "picosecond": 1.0, "picoseconds": 1.0, "fs": 1e-3, "femtosecond": 1e-3, "femtoseconds": 1e-3,
    "ns": 1e3, "nanosecond": 1e3, "nanoseconds": 1e3, "us": 1e6, "microsecond": 1e6, "microseconds": 1e6,
}  # fmt: skip
"""Units of time in NetCDF files, in ps."""

_GRO_TIME = re.compile(r"(?<![^\s,;:])t=\s*([-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)")
_MDTRAJ_GRO_TIME = re.compile(r"t= *(\d+\.\d+)")
_LARGEST_TIME = 1e30


@dataclass(frozen=True, eq=False)
class FrameTimes:
    """What a file says of when its frames are.

    Attributes
    ----------
    values
        (n_frames,) times in ps, or steps where there are no times; None where the file has neither.
    in_ps
        Whether the values are times.
    lacking
        Why there are no times, in words.
    doubts
        What speaks against the times.
    """

    values: Floats | None
    in_ps: bool
    lacking: str = ""
    doubts: tuple[str, ...] = ()

    @property
    def resolution(self) -> float:
        """How near two values must be to be one: files keep times in single precision."""
        if self.values is None or self.values.size == 0:
            return 0.0
        return 2.0 * float(np.spacing(np.float32(np.abs(self.values).max())))

    def interval(self, path: Path, numbers: NDArray[np.int64]) -> float:
        """Time or steps between frames, which must be evenly spaced.

        Parameters
        ----------
        path
            What an error names.
        numbers
            The frames of the file that are left, by their numbers; the values are theirs.

        Raises
        ------
        ScoreError
            They are not, with the first frame that is out of place.
        """
        assert self.values is not None, "asked only where there are values"
        unit = "ps" if self.in_ps else "steps"
        steps = np.diff(self.values)
        spacing = float(self.values[-1] - self.values[0]) / steps.size
        usual = float(np.median(steps))
        even = self.values[0] + spacing * np.arange(self.values.size)
        tolerance = _UNEVEN * abs(spacing) + 2.0 * self.resolution
        if spacing <= 0.0 or np.max(np.abs(self.values - even)) > tolerance:
            wrong = int(np.argmax(np.abs(steps - usual)))
            raise ScoreError(
                TRAJECTORIES,
                f" {path}: its frames are not evenly spaced in time: frame {numbers[wrong + 1]} is "
                f"{steps[wrong]:g} {unit} after frame {numbers[wrong]}, most are {usual:g} {unit} "
                "apart; expected even spacing",
            )
        return spacing


def file_times(path: Path, trajectory: Any) -> FrameTimes:
    """Times that a file has for its frames.

    Parameters
    ----------
    path
        The file.
    trajectory
        All its frames, as MDTraj has read them.

    Raises
    ------
    ScoreError
        Its times have a unit that is none, or are not numbers, or are not one a frame.
    """
    kind = ending_of(path)
    times = _READERS.get(kind, _none)(path, trajectory)
    if times.values is None:
        return times
    if times.values.size != trajectory.n_frames:
        raise ScoreError(
            TRAJECTORIES,
            f" {path}: has {times.values.size} times for {trajectory.n_frames} frames; expected one a frame",
        )
    if not np.all(np.abs(times.values) < _LARGEST_TIME):
        return FrameTimes(None, False, "its times were never written")
    if times.values.size > 1 and not np.ptp(times.values):
        return FrameTimes(None, False, f"all its frames have the time {times.values[0]:g}")
    return times


def ending_of(path: Path) -> str:
    """The ending by which MDTraj chooses a reader."""
    return "".join(path.suffixes[-2:]) if path.suffix == ".gz" else path.suffix


def _none(path: Path, trajectory: Any) -> FrameTimes:
    return FrameTimes(None, False, f"{ending_of(path) or 'such'} files have no times in ps")


def _own(trajectory: Any) -> Floats:
    return np.asarray(trajectory.time, dtype=np.float64)


def _numbered(values: Floats) -> bool:
    """Whether times are 0, 1, 2, ..., as programs write them that know of none."""
    return values.size > 2 and np.array_equal(values, np.arange(values.size))


_NUMBERS = (
    "{path}: its times are 0, 1, 2, ... ps, as a program writes them that knew of none and counted frames; "
    "if its frames are not 1 ps apart, every rate here is wrong and the time between frames must be given"
)


def _of_gromacs(path: Path, trajectory: Any) -> FrameTimes:
    """XTC and TRR: a time and a step with every frame."""
    import mdtraj  # slow to import, and what is no file never needs it

    values = _own(trajectory)
    if not _numbered(values):
        return FrameTimes(values, True)
    with mdtraj.open(str(path)) as stream:
        steps = np.asarray(stream.read(n_frames=3)[2])
    counted = np.array_equal(steps, np.arange(steps.size)) or not steps.any()
    return FrameTimes(values, True, doubts=(_NUMBERS.format(path=path),) if counted else ())


def _of_desres(path: Path, trajectory: Any) -> FrameTimes:
    """DTR: a chemical time with every frame."""
    return FrameTimes(_own(trajectory), True)


def _of_hdf5(path: Path, trajectory: Any) -> FrameTimes:
    """MDTraj's HDF5: times may be absent; MDTraj converts their unit, which must be there."""
    import mdtraj  # slow to import, and what is no file never needs it

    with mdtraj.open(str(path)) as stream:
        if "time" not in stream.root:
            return FrameTimes(None, False, "it has no 'time'")
    values = _own(trajectory)
    return FrameTimes(values, True, doubts=(_NUMBERS.format(path=path),) if _numbered(values) else ())


def _of_amber(path: Path, trajectory: Any) -> FrameTimes:
    """AMBER NetCDF: ``time`` and its ``units`` may be absent or other than the convention has them."""
    with _netcdf(path) as dataset:
        _expect_angstrom(path, dataset)
        if "time" not in dataset.variables:
            return FrameTimes(None, False, "it has no variable 'time'")
        variable = dataset.variables["time"]
        unit = _attribute(variable, "units")
        values = np.ma.filled(np.ma.asarray(variable[:], dtype=np.float64), np.nan).reshape(-1)
        scale = float(np.asarray(getattr(variable, "scale_factor", 1.0)).item())
    doubts = []
    if unit is None:
        doubts.append(f"{path}: its times have no unit; ps are taken, as AMBER's convention has them")
        unit = "ps"
    if unit.lower() not in _PS:
        raise ScoreError(
            TRAJECTORIES,
            f" {path}: the unit of its times is {unit!r}; expected picosecond (or femtosecond, nanosecond, "
            "microsecond)",
        )
    if _numbered(values):
        doubts.append(_NUMBERS.format(path=path))
    return FrameTimes(values * scale * _PS[unit.lower()], True, doubts=tuple(doubts))


def _netcdf(path: Path) -> Any:
    """A NetCDF file, by the reader that MDTraj takes."""
    try:
        dataset = import_module("netCDF4").Dataset(str(path), "r")  # not required; MDTraj prefers it too
    except ImportError:
        from scipy.io import netcdf_file

        return netcdf_file(str(path), "r", mmap=False)
    dataset.set_auto_scale(False)
    return dataset


def _attribute(variable: Any, name: str) -> str | None:
    value = getattr(variable, name, None)
    text = value.decode("utf-8", errors="replace") if isinstance(value, bytes) else value
    return None if text is None else str(text).strip("\0 ")


def _expect_angstrom(path: Path, dataset: Any) -> None:
    """MDTraj takes the numbers for angstrom, whatever the file says."""
    for name in ("coordinates", "cell_lengths"):
        variable = dataset.variables.get(name)
        if variable is None:
            continue
        unit = _attribute(variable, "units")
        if unit is not None and unit.lower() not in ("angstrom", "angstroms", "a"):
            raise ScoreError(TRAJECTORIES, f" {path}: the unit of its {name} is {unit!r}; expected angstrom")
        scale = float(np.asarray(getattr(variable, "scale_factor", 1.0)).item())
        if scale != 1.0:
            raise ScoreError(
                TRAJECTORIES, f" {path}: its {name} have a scale factor of {scale:g}; expected 1"
            )


def _of_gro(path: Path, trajectory: Any) -> FrameTimes:
    """GROMACS's GRO: a title with ``t=`` and a time in ps before every frame, or without."""
    values = [_GRO_TIME.findall(title) for title in _gro_titles(path)]
    if not all(values):
        lacking = values.index([])
        return FrameTimes(None, False, f"the title of its frame {lacking} has no time (t= ...)")
    return FrameTimes(np.array([float(times[-1]) for times in values]), True)


def refuse_titles(path: Path) -> None:
    """Refuse a GRO file at whose titles MDTraj stops.

    Raises
    ------
    ScoreError
        A title has ``t=`` without a decimal number.
    """
    for title in _gro_titles(path):
        if "t=" in title and not _MDTRAJ_GRO_TIME.search(title):
            raise ScoreError(
                TRAJECTORIES,
                f" {path}: MDTraj stops at the title {title.strip()!r}; expected a time with a decimal "
                "point, such as 't= 10.0', or none",
            )


def _gro_titles(path: Path) -> Iterator[str]:
    """The title of every frame of a GRO file."""
    with opened_text(path) as stream:
        while title := stream.readline():
            count = stream.readline().strip()
            for _ in range(int(count) + 1 if count.isdigit() else 0):
                stream.readline()
            yield title


def _of_lammps(path: Path, trajectory: Any) -> FrameTimes:
    """LAMMPS dumps: the number of the step, whose length is not in the file."""
    with opened_text(path) as stream:
        steps = [float(next(stream)) for line in stream if line.startswith("ITEM: TIMESTEP")]
    return FrameTimes(np.array(steps), False, "it counts steps, whose length in ps it does not tell")


def _of_hoomd(path: Path, trajectory: Any) -> FrameTimes:
    """GSD: the number of the step."""
    return FrameTimes(_own(trajectory), False, "it counts steps, whose length in ps it does not tell")


def opened_text(path: Path) -> IO[str]:
    """A text file to read, unpacked where its name ends with ``.gz``."""
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", errors="replace")
    return path.open(encoding="utf-8", errors="replace")


_READERS: dict[str, Callable[[Path, Any], FrameTimes]] = {
    **dict.fromkeys((".xtc", ".trr"), _of_gromacs),
    **dict.fromkeys((".nc", ".ncdf", ".netcdf"), _of_amber),
    **dict.fromkeys((".h5", ".hdf5"), _of_hdf5),
    **dict.fromkeys((".dtr", ".stk"), _of_desres),
    ".gro": _of_gro,
    ".lammpstrj": _of_lammps,
    ".gsd": _of_hoomd,
}
"""Who reads the times of a format; files of others have none in ps."""


def require_times(path: Path, times: FrameTimes, interval_ps: float | None) -> None:
    """Ask for the time between frames where the file has no times.

    Raises
    ------
    ScoreError
        It was not given.
    """
    if interval_ps is None and not times.in_ps:
        raise ScoreError(
            FRAME_INTERVAL,
            f": missing; {path} has no times ({times.lacking}); expected the time between its frames, "
            "such as 0.1 ps",
        )
