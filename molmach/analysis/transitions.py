"""Transitions between the cells of a turn, counted at a lag."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from molmach.data import Motion, Run
from molmach.errors import ScoreError
from molmach.units import TURN

Floats = NDArray[np.float64]

_CELLS_PER_LAG = 3.0
"""Root-mean-square motion in a lag, in cells, that leaves 2 % of the affinity unseen."""

_LONG_HOPS = 0.01
"""More hops of over half a turn than this share leave the way round in doubt."""


def transition_counts(angle: Floats, cells: int, steps: int) -> NDArray[np.int64]:
    """(n_replicas, cells, cells) transitions i -> j over so many samples, from every sample on.

    Parameters
    ----------
    angle
        (n_replicas, n_samples), rad.
    cells, steps
        Cells of the turn, samples of the lag.
    """
    cell = np.floor(angle * cells / TURN).astype(np.int64) % cells
    pairs = cell[:, :-steps] * cells + cell[:, steps:]
    counts = [np.bincount(row, minlength=cells * cells).reshape(cells, cells) for row in pairs]
    return np.array(counts, dtype=np.int64)


def angle_of(moving: Run | Motion, cells: int) -> Motion:
    """The motion of a run or itself; raises :class:`ScoreError` where a turn has no cycle of cells."""
    motion = Motion.of(moving) if isinstance(moving, Run) else moving
    if motion.scale.period != TURN:
        raise ScoreError("got places along an axle; expected an angle, whose turn has a cycle")
    if cells < 3:
        raise ScoreError(f"got {cells} cells; expected at least 3, for fewer have no sense of turning")
    return motion


def interval_of(motion: Motion) -> float:
    """Time between samples, ps."""
    return float(motion.time_ps[1] - motion.time_ps[0])


def lag_steps(motion: Motion, cells: int, lag_ps: float | None) -> int:
    """Samples of a lag, checked, or of the shortest that suits."""
    interval, longest = interval_of(motion), motion.time_ps.size // 4
    if lag_ps is not None:
        steps = round(lag_ps / interval)
        if not 1 <= steps <= longest or abs(steps * interval - lag_ps) > 1e-3 * interval:
            raise ScoreError(
                f"got a lag of {lag_ps:g} ps; expected a multiple of the {interval:g} ps between samples, "
                f"up to a quarter of the series ({longest * interval:g} ps)"
            )
    else:
        wanted = _CELLS_PER_LAG * TURN / cells
        steps = next((s for s in range(1, longest + 1) if _spread(motion.coordinate, s) >= wanted), 0)
        if not steps:
            raise ScoreError(
                f"in a quarter of the series the angle spreads over less than {_CELLS_PER_LAG:g} cells; "
                "expected a longer run, more cells, or a lag_ps of your own"
            )
    hops = np.abs(motion.coordinate[:, steps:] - motion.coordinate[:, :-steps])
    share = float(np.mean(hops > 0.5 * TURN))
    if share > _LONG_HOPS:
        raise ScoreError(
            f"in a lag of {steps * interval:g} ps the angle changes by over half a turn in "
            f"{100 * share:.0f} % of cases; expected a shorter lag or more frequent samples"
        )
    return steps


def _spread(angle: Floats, steps: int) -> float:
    return float(np.std(angle[:, steps:] - angle[:, :-steps]))
