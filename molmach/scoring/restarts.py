"""Frames that stand twice in one file, as where a run was killed and gone on with from before its end."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from molmach.data.statistics import Floats
from molmach.errors import ScoreError
from molmach.scoring.images import nearest_image
from molmach.scoring.rounding import EXACT, rounding
from molmach.scoring.selection import DROP_REPEATED, TRAJECTORIES
from molmach.scoring.times import FrameTimes

_JUMP = 2.0
"""A restart whose first frame is farther from the one before it than this many times the farthest that the
frames go anyway goes on with another run."""

_FALSE_ALARM = 1e-3
"""Frames of files in which so many come out the same by chance are not compared."""

_SINGLE = 1e-7
"""Rounding of coordinates in single precision, nm."""

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Restart:
    """Where a file goes back in time.

    Attributes
    ----------
    frame
        The first after it.
    again
        The frame that has its time already.
    """

    frame: int
    again: int


def restarts(times: FrameTimes, positions: Floats) -> list[Restart]:
    """Where a file goes back to a time that it had.

    By its times or steps where it has any; else by frames that are the same to the last bit, which a
    thermal motion never repeats.

    Parameters
    ----------
    times
        Of the file.
    positions
        (n_frames, n_atoms, 3), as they are in the file.
    """
    if times.values is None or _coarse(times):
        return _by_positions(positions)
    values, gap = times.values, max(times.resolution, 1e-6 * float(np.median(np.abs(np.diff(times.values)))))
    back = np.flatnonzero(np.diff(values) <= gap) + 1
    return [Restart(int(j), int(np.argmin(np.abs(values[:j] - values[j])))) for j in back]


def _coarse(times: FrameTimes) -> bool:
    """Whether times are so large that single precision can't tell one frame's from the next's."""
    assert times.values is not None, "asked only where there are values"
    spacing = abs(float(times.values[-1] - times.values[0])) / (times.values.size - 1)
    return spacing < 2.0 * times.resolution


def _by_positions(positions: Floats) -> list[Restart]:
    """A block of frames that repeats the frames just before it.

    What repeats for longer than it is back stands still or turns exactly periodically, and is no restart.
    Nor is anything seen where coordinates are rounded so that frames come out the same by chance.
    """
    if _chance(positions) > _FALSE_ALARM:
        return []
    last: dict[bytes, int] = {}
    repeated: list[Restart] = []
    n, frame = len(positions), 0
    keys = [position.tobytes() for position in positions]
    while frame < n:
        again, run = last.get(keys[frame]), 1
        if again is not None:
            back = frame - again
            while frame + run < n and run <= back and keys[frame + run] == keys[again + run]:
                run += 1
            if run <= back and (frame + run < n or _jumps(positions, frame)):
                repeated.append(Restart(frame, again))
        last |= {keys[k]: k for k in range(frame, frame + run)}
        frame += run
    return repeated


def _chance(positions: Floats) -> float:
    """Expected number of frames of a file that come out the same as the one before without a restart.

    Along each of their steps' principal directions that share of the steps is lost in the rounding.
    """
    steps = np.diff(positions.reshape(len(positions), -1).astype(np.float64), axis=0)
    steps = steps[:: max(1, len(steps) // 500)]
    spread = np.linalg.svd(steps, compute_uv=False) / math.sqrt(len(steps))
    lost = _SINGLE if (grid := rounding(positions)) <= EXACT else grid * math.sqrt(12.0)
    with np.errstate(divide="ignore"):
        return float(len(positions) * np.prod(np.minimum(1.0, lost / spread)))


def _jumps(positions: Floats, frame: int) -> bool:
    steps = np.linalg.norm(np.diff(positions, axis=0), axis=(1, 2))
    others = np.delete(steps, frame - 1)
    return bool(not others.size or steps[frame - 1] > _JUMP * others.max() or steps[frame - 1] == 0.0)


def refuse_restarts(path: Path, times: FrameTimes, repeated: list[Restart]) -> None:
    """Refuse a file in which times repeat.

    Raises
    ------
    ScoreError
        With the first repeated time.
    """
    if not repeated:
        return
    first = repeated[0]
    if times.values is None:
        what = f"frame {first.frame} is frame {first.again} again"
    else:
        name, unit = ("time", " ps") if times.in_ps else ("step", "")
        earlier, later = times.values[first.again], times.values[first.frame]
        what = f"frame {first.frame} has the {name} {later:g}{unit}; frame {first.again} had {earlier:g}"
    more = f", and {len(repeated) - 1} more like it" if len(repeated) > 1 else ""
    raise ScoreError(
        TRAJECTORIES,
        f" {path}: {what}{more}, as where a run was restarted; expected every time once, or ",
        DROP_REPEATED,
        ", which keeps what the restart wrote",
    )


def without_repeats(
    path: Path, times: FrameTimes, repeated: list[Restart], positions: Floats, cells: Floats | None
) -> Numbers:
    """Numbers of the frames that are left where those that a restart wrote again give way.

    Parameters
    ----------
    path
        What an error names.
    times
        Of all frames.
    repeated
        Of :func:`restarts`.
    positions
        (n_frames, n_atoms, 3) nm, as they are in the file.
    cells
        (n_frames, 3, 3) nm; None where there is none.

    Raises
    ------
    ScoreError
        What follows does not go on with what was there before: the file holds several runs.
    """
    kept = np.ones(len(positions), dtype=bool)
    for restart in repeated:
        if times.values is None or _coarse(times):
            kept[restart.again : restart.frame] = False
        else:
            later = times.values[restart.frame]
            before = times.values[: restart.frame] >= later - times.resolution
            kept[: restart.frame] &= ~before
    numbers = np.flatnonzero(kept)
    if repeated:
        _refuse_other_runs(path, repeated, numbers, positions, cells)
    return numbers


def _refuse_other_runs(
    path: Path, repeated: list[Restart], numbers: Numbers, positions: Floats, cells: Floats | None
) -> None:
    """Every restart must leave frames before it, from which its own go on as frames go."""
    steps = _moved(positions[1:], positions[:-1], None if cells is None else cells[1:])
    usual = float(np.delete(steps, [restart.frame - 1 for restart in repeated]).max(initial=0.0))
    for restart in repeated:
        place = int(np.searchsorted(numbers, restart.frame))
        if place < numbers.size and numbers[place] != restart.frame:
            continue  # a later restart went back before this one
        if place > 0:
            frame, before = restart.frame, int(numbers[place - 1])
            cell = None if cells is None else cells[frame]
            if _moved(positions[frame], positions[before], cell) <= _JUMP * usual:
                continue
        raise ScoreError(
            TRAJECTORIES,
            f" {path}: frame {restart.frame} does not go on where an earlier frame was, so these are "
            "several runs one after another; expected one file for each",
        )


def _moved(positions: Floats, before: Floats, cells: Floats | None) -> Floats:
    """(...) root-mean-square distance between (..., n_atoms, 3) frames, without their shift, nm."""
    step = nearest_image(positions - before, None if cells is None else cells[..., None, :, :])
    step = step - step.mean(axis=-2, keepdims=True)
    return np.asarray(np.sqrt((step**2).sum(axis=-1).mean(axis=-1)))
