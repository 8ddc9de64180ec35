"""Replicas that are not independent: copies of one trajectory, and pieces of one run.

Two replicas share frames where frames that follow one another in the first follow one another in the second
too, in any order of time and at any stride. Frames are compared as shapes, laid on each other, within the
precision that the files have. A rigid machine has like shapes by chance, so what counts is a run of frames
that is longer than chance makes one. A start in common is none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import scipy
from numpy.typing import NDArray

from molmach.data.statistics import Floats
from molmach.errors import ScoreError
from molmach.scoring.frames import Frames
from molmach.scoring.rounding import EXACT
from molmach.scoring.selection import TRAJECTORIES

Pairs = NDArray[np.int64]
"""(n_pairs, 2) numbers of frames of two replicas."""

_SLOPES = (1, -1, 2, 3, 4, 5, 10)
"""Frames of the one replica a frame of the other: a copy, one reversed in time, one thinned out."""

_START = 3
"""So many first frames may be alike: replicas start from one structure and take a while to part."""

_SHORTEST = 4
"""Runs of fewer frames prove nothing."""

_SURELY = 0.6
"""Like frames no farther apart than this share of the largest that rounding explains are surely one."""

_FALSE_ALARM = 1e-4
"""Chance of calling two replicas copies that are alike here and there, as rigid machines are."""

_BETWEEN, _BETWEEN_HINTED, _UNEVEN, _MIDWAY = 1.25, 1.5, 2.5, 0.2
"""Frames between others are no farther from both (squares, in steps' squares) than this, or than this where
their times are between too; they are about as far from the one as from the other, and no farther from the
middle than this (in squares of second differences)."""

_NEIGHBOURLY = 0.5
"""Where steps are a larger share of what independent frames are apart, nothing is between frames."""

_LAGS, _SHORTEST_BETWEEN, _SURELY_BETWEEN = 5, 20, 40
"""Frames are looked for so many frames off, and in rows of at least so many, or so many without times."""

_MOST_PAIRS = 2_000_000
_WINDOW, _WINDOWS = 64, 8
"""Of replicas with more pairs of like frames than that, so many windows of so many frames are compared."""


def refuse_shared_files(paths: Sequence[Path]) -> None:
    """Refuse a file that is given twice, by whatever name.

    Raises
    ------
    ScoreError
        With both names.
    """
    for one, other in combinations(paths, 2):
        if one.samefile(other):
            same = "is given twice" if str(one) == str(other) else f"is {one}"
            raise ScoreError(TRAJECTORIES, f" {other}: {same}; expected independent replicas, each file once")


def refuse_shared_frames(paths: Sequence[Path], replicas: Sequence[Frames]) -> None:
    """Refuse replicas that share frames, or of which one goes on where another ends.

    Parameters
    ----------
    paths
        What errors name.
    replicas
        The frames of each, whole and laid on one place.

    Raises
    ------
    ScoreError
        With the names of both files and the frames that they share.
    """
    laid = [replica.positions for replica in replicas]
    for a, b in combinations(range(len(paths)), 2):
        rounding_nm = max(replicas[a].rounding_nm, replicas[b].rounding_nm)
        shared = _shared(laid[a], laid[b], rounding_nm)
        if shared is not None:
            first, second = shared.min(axis=0)
            raise ScoreError(
                TRAJECTORIES,
                f" {paths[b]}: {len(shared)} of its frames, from frame {second} on, are frames of "
                f"{paths[a]}, from its frame {first} on; expected independent replicas, not copies or parts "
                "of one run",
            )
        for one, other in ((a, b), (b, a)):
            if _lies_between(laid[one], laid[other], replicas[one], replicas[other]):
                raise ScoreError(
                    TRAJECTORIES,
                    f" {paths[other]}: its frames lie between those of {paths[one]}, so they are of one run; "
                    "expected independent replicas; join the parts to one file",
                )
            if _goes_on(laid[one], laid[other], replicas[one], replicas[other]):
                raise ScoreError(
                    TRAJECTORIES,
                    f" {paths[other]}: goes on where {paths[one]} ends, so they are parts of one run; "
                    "expected independent replicas; join the parts to one file",
                )


def _shared(first: Floats, second: Floats, rounding_nm: float) -> Pairs | None:
    """The longest run of like frames, where neither chance nor a start in common explains it."""
    exact = EXACT * max(1.0, float(np.abs(first).max()))
    size = len(first), len(second)
    for radius in sorted({_radius(exact), _radius(max(rounding_nm, exact))}):
        moves = size[0] == size[1] and np.ptp(first, axis=0).max() > radius
        if moves and np.abs(first - second).max() <= radius:
            return np.repeat(np.arange(len(first))[:, None], 2, axis=1)
        pairs = _alike(first, second, radius)
        runs = [_longest(pairs, slope, size) for slope in _SLOPES]
        turned = [_longest(pairs[:, ::-1], slope, size[::-1]) for slope in _SLOPES if slope > 1]
        longest = max((*runs, *(run[:, ::-1] for run in turned)), key=len)
        if len(longest) and not _drift_apart(first, second, longest, radius):
            return longest
    return None


def _drift_apart(first: Floats, second: Floats, run: Pairs, radius: float) -> bool:
    """Whether two machines that turn at one rate come near each other and part again.

    What rounding makes of one frame in two files differs from frame to frame, and stays within the rounding.
    """
    apart = first[run[:, 0]] - second[run[:, 1]]
    if np.abs(apart).max() <= _SURELY * radius:
        return False
    apart = apart - apart.mean(axis=0)
    size = np.sum(apart**2)
    return bool(size > 0.0 and np.sum(apart[1:] * apart[:-1]) > 0.5 * size)


def _radius(rounding_nm: float) -> float:
    """Like frames of two files of such rounding have no coordinate farther apart than this, nm."""
    return 3.0 * math.sqrt(2.0) * rounding_nm


def _longest(pairs: Pairs, slope: int, lengths: tuple[int, int]) -> Pairs:
    """The longest run of pairs (i, j) with i = shift + slope j; none where chance makes such a one.

    Parameters
    ----------
    pairs
        (n_pairs, 2) numbers of like frames.
    slope
        Frames of the first for one of the second.
    lengths
        Number of frames of both.
    """
    if pairs.size == 0:
        return pairs
    shift = pairs[:, 0] - slope * pairs[:, 1]
    order = np.lexsort((pairs[:, 1], shift))
    pairs, shift = pairs[order], shift[order]
    breaks = np.flatnonzero((np.diff(shift) != 0) | (np.diff(pairs[:, 1]) != 1)) + 1
    begins = np.concatenate([[0], breaks])
    runs = np.diff(np.concatenate([begins, [len(pairs)]]))
    at_start = (pairs[begins] == 0).all(axis=1)
    counted = np.where(at_start & (runs <= _START), 0, runs)
    best = int(np.argmax(counted))
    run, own = int(counted[best]), shift[begins[best]]
    by_chance = int(counted[np.abs(shift[begins] - own) > 1].max(initial=0))
    if run < _SHORTEST or run <= 3 * by_chance:
        return pairs[:0]
    at = own + slope * np.arange(lengths[1])
    window = int(np.sum((at >= 0) & (at < lengths[0])))
    anywhere = 5.0 * (1 + np.sum(shift != own)) / (lengths[0] * lengths[1])
    outside = np.sum(shift == own) - run
    share = (outside + 2.0 * min(anywhere, 0.5)) / (window - run + 2.0)
    others = runs[shift[begins] != own]
    if others.size:  # where frames are alike, the next ones are too more often than others
        share = max(share, (np.sum(others - 1) + 0.5) / (np.sum(others) + 1.0))
    if sum(lengths) * window * share**run > _FALSE_ALARM:
        return pairs[:0]
    return pairs[begins[best] : begins[best] + run]


def _alike(first: Floats, second: Floats, radius: float) -> Pairs:
    """(n_pairs, 2) numbers of frames whose atoms are all within ``radius`` of each other, nm.

    Found in a few directions of the shapes' space, in which like frames are near each other too, and then
    looked at in full.
    """
    flat = [part.reshape(len(part), -1) for part in (first, second)]
    joined = np.concatenate([part[:: max(1, len(part) // 500)] for part in flat])
    _, _, directions = np.linalg.svd(joined - joined.mean(axis=0), full_matrices=False)
    directions = directions[:6].T
    seen = [part @ directions for part in flat]
    reach = radius * np.sqrt(flat[0].shape[1])
    tree = scipy.spatial.cKDTree(seen[0])
    numbers = np.arange(len(second))
    if tree.count_neighbors(scipy.spatial.cKDTree(seen[1]), reach) > _MOST_PAIRS:
        starts = np.linspace(0, max(0, len(second) - _WINDOW), _WINDOWS).astype(np.int64)
        numbers = np.unique((starts[:, None] + np.arange(_WINDOW)).ravel())
        numbers = numbers[numbers < len(second)]
    near = tree.query_ball_point(seen[1][numbers], reach)
    pairs = [
        np.stack([np.asarray(hits, dtype=np.int64), np.full(len(hits), j)], axis=1)
        for j, hits in zip(numbers, near, strict=True)
        if len(hits)
    ]
    if not pairs:
        return np.zeros((0, 2), dtype=np.int64)
    return np.concatenate([_within(flat, block, radius) for block in pairs])


def _within(flat: list[Floats], pairs: Pairs, radius: float) -> Pairs:
    apart = np.abs(flat[0][pairs[:, 0]] - flat[1][pairs[:, 1]]).max(axis=1)
    return np.asarray(pairs[apart <= radius])


def _lies_between(first: Floats, second: Floats, before: Frames, after: Frames) -> bool:
    """Whether each frame of the second is where the first was on its way between two of its own.

    For frames a of one run, and b taken between, |b_k - a_k|^2 + |a_(k+1) - b_k|^2 is on the average at most
    |a_(k+1) - a_k|^2, and |b_k - (a_k + a_(k+1)) / 2|^2 at most an eighth of what is left of second
    differences; replicas that noise parts have more. Replicas in step with one drive are near each other too,
    but at the same times, or as far from the middle as their phases are apart.

    Parameters
    ----------
    first, second
        (n_frames, n_atoms, 3) nm.
    before, after
        Their times.
    """
    step = float(np.mean(_squares(first[1:] - first[:-1])))
    if step <= 0.0 or step > _NEIGHBOURLY * 2.0 * float(np.mean(_squares(first - first.mean(axis=0)))):
        return False
    bent = float(np.mean(_squares(np.diff(first, n=2, axis=0))))
    hinted = _between_in_time(before, after)
    for lag in range(-_LAGS, _LAGS + 1):
        begin, end = max(0, -lag), min(len(second), len(first) - 1 - lag)
        if end - begin < _SHORTEST_BETWEEN:
            continue
        pieces = slice(begin, end), slice(begin + lag, end + lag), slice(begin + lag + 1, end + lag + 1)
        here = float(np.mean(_squares(second[pieces[0]] - first[pieces[1]])))
        there = float(np.mean(_squares(first[pieces[2]] - second[pieces[0]])))
        if 0.5 * (here + there) - 0.25 * step > _MIDWAY * bent:
            continue
        even = end - begin >= _SURELY_BETWEEN and max(here, there) < _UNEVEN * min(here, there)
        if here + there < (_BETWEEN_HINTED if hinted else _BETWEEN if even else 0.0) * step:
            return True
    return False


def _between_in_time(before: Frames, after: Frames) -> bool:
    """Whether the second's times are none of the first's."""
    if before.start_ps is None or after.start_ps is None:
        return False
    offset = (after.start_ps - before.start_ps) / before.interval_ps
    return abs(offset - round(offset)) > 0.05


def _squares(away: Floats) -> Floats:
    """(n_frames,) sums of squares of (n_frames, n_atoms, 3)."""
    return np.asarray(np.sum(away**2, axis=(1, 2)))


def _goes_on(first: Floats, second: Floats, before: Frames, after: Frames) -> bool:
    """Whether the second begins at the time and the place to which the first would have come next.

    Where there are no times, whether it begins with the frame with which the first ends.
    """
    if before.start_ps is None or after.start_ps is None:
        exact = _radius(EXACT * max(1.0, float(np.abs(first).max())))
        ends, starts = np.abs(second[0] - first[-1]).max(), np.abs(second[0] - first[0]).max()
        return bool(ends <= exact < starts)
    end = before.start_ps + before.interval_ps * (len(first) - 1)
    if not -0.1 <= (after.start_ps - end) / before.interval_ps <= 1.1:
        return False
    steps = np.linalg.norm(np.diff(first, axis=0), axis=(1, 2))
    return bool(np.linalg.norm(second[0] - first[-1]) <= 1.5 * steps.max())
