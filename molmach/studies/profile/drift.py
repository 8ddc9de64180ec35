"""Whether windows have forgotten where they were started: halves of each, compared."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FALSE_ALARMS = 0.01
"""Share of profiles in which chance alone makes the warning, over all windows."""

_FLIPS = 5000
_STATISTICS = 3


@dataclass(frozen=True, eq=False)
class Drift:
    """The ring's mean place in the first half of each window less that in the second.

    Attributes
    ----------
    difference
        (n_windows,) mean over replicas, nm.
    score
        (n_windows,) that over its root-mean-square error if there were no drift.
    p_value
        Of no drift in any window: Bonferroni's of three tests, by the largest score, the scores' squares and
        their sum.
    """

    difference: Floats
    score: Floats
    p_value: float

    @property
    def longer(self) -> float:
        """How many times as long windows would be in which the start is lost in the noise of the halves.

        What the start adds to a mean is a constant over the window's length, so that it falls to what two
        standard errors are now.
        """
        return max(2.0, 0.5 * float(np.max(np.abs(self.score))))


def drift_of(place: Floats) -> Drift:
    """Compare halves of (n_windows, n_replicas, n_frames) places.

    Halves of a window in equilibrium differ either way alike, for its motion looks the same backward in time;
    so the signs of the replicas' differences can be drawn anew, which gives exact p-values however few
    replicas there are and however long the memory is (Fisher's randomisation test).
    """
    half = place.shape[2] // 2
    difference = place[:, :, :half].mean(axis=2) - place[:, :, place.shape[2] - half :].mean(axis=2)
    windows, replicas = difference.shape
    error = np.sqrt(np.sum(difference**2, axis=1))
    error[error == 0.0] = math.inf
    score = difference.sum(axis=1) / error
    signs = np.random.default_rng(windows).integers(0, 2, (_FLIPS, windows, replicas), dtype=np.int8)
    flipped = np.einsum("fwr,wr->fw", 2.0 * signs - 1.0, difference) / error
    exceeded = [
        np.count_nonzero(statistic(flipped) >= statistic(score[None]) - 1e-12)
        for statistic in (_largest, _squares, _sum)
    ]
    p_value = min(1.0, _STATISTICS * (min(exceeded) + 1) / (_FLIPS + 1))
    return Drift(difference.mean(axis=1), score, p_value)


def _largest(score: Floats) -> Floats:
    return np.asarray(np.abs(score).max(axis=1))


def _squares(score: Floats) -> Floats:
    return np.asarray((score**2).sum(axis=1))


def _sum(score: Floats) -> Floats:
    return np.asarray(np.abs(score.sum(axis=1)))


def drift_warnings(place: Floats, centres: Floats, window_ps: float) -> tuple[str, ...]:
    """That windows are too short to forget their start, where halves differ beyond chance, and what would do.

    Parameters
    ----------
    place
        (n_windows, n_replicas, n_frames) of the ring, nm.
    centres
        (n_windows,) names of the windows: their mean places, nm.
    window_ps
        Measured time of a window.
    """
    drift = drift_of(place)
    if drift.p_value >= FALSE_ALARMS:
        return ()
    most = np.argsort(-np.abs(drift.score))[:3]
    named = ", ".join(f"{centres[w]:.2f} nm by {drift.difference[w]:+.3f} nm" for w in sorted(most))
    return (
        "windows are too short to forget where they were started: first and second halves differ in the "
        f"ring's mean place (most at {named}; p = {drift.p_value:.1g}, and chance alone would say so of one "
        f"profile in {1.0 / FALSE_ALARMS:.0f}), so shares and their intervals are not to be trusted; "
        f"windows of {_rounded(drift.longer * window_ps)} ps may do",
    )


def _rounded(time_ps: float) -> str:
    """A time to two digits, not in powers of ten."""
    digits = 1 - math.floor(math.log10(time_ps))
    return f"{round(time_ps, digits):g}"
