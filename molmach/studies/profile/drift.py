"""Whether windows have forgotten where they were started: halves of each, compared."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FALSE_ALARMS = 0.01
"""Share of profiles in which chance alone makes the warning, over all windows and all that is compared."""

_FLIPS = 5000
_STATISTICS = 3


@dataclass(frozen=True, eq=False)
class Drift:
    """Means in the first half of each window less those in the second.

    Attributes
    ----------
    difference
        (n_windows, n_observables) mean over replicas.
    score
        (n_windows, n_observables) that over its root-mean-square error if there were no drift.
    p_value
        Of no drift in any window: Bonferroni's of three tests, by the largest score, the scores' squares, and
        the largest sum over windows of an observable's scores, for windows are started one from the other.
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
        together = np.abs(self.score.sum(axis=0)) / math.sqrt(len(self.score))
        return max(2.0, 0.5 * float(np.max(np.abs(self.score))), 0.5 * float(np.max(together)))


def drift_of(samples: Floats) -> Drift:
    """Compare halves of (n_windows, n_replicas, n_frames, n_observables) samples.

    Halves of a window in equilibrium differ either way alike, for its motion looks the same backward in time;
    so the signs of the replicas' differences can be drawn anew, which gives exact p-values however few
    replicas there are and however long the memory is (Fisher's randomisation test).
    """
    half = samples.shape[2] // 2
    difference = samples[:, :, :half].mean(axis=2) - samples[:, :, samples.shape[2] - half :].mean(axis=2)
    error = np.sqrt(np.sum(difference**2, axis=1))
    error[error == 0.0] = math.inf
    score = difference.sum(axis=1) / error
    windows, replicas = difference.shape[:2]
    signs = np.random.default_rng(windows).integers(0, 2, (windows, _FLIPS, replicas), dtype=np.int8)
    flipped = np.swapaxes((2.0 * signs - 1.0) @ difference, 0, 1) / error
    exceeded = [
        np.count_nonzero(statistic(flipped) >= statistic(score[None]) - 1e-12)
        for statistic in (_largest, _squares, _together)
    ]
    p_value = min(1.0, _STATISTICS * (min(exceeded) + 1) / (_FLIPS + 1))
    return Drift(difference.mean(axis=1), score, p_value)


def _largest(score: Floats) -> Floats:
    return np.asarray(np.abs(score).max(axis=(1, 2)))


def _squares(score: Floats) -> Floats:
    return np.asarray((score**2).sum(axis=(1, 2)))


def _together(score: Floats) -> Floats:
    return np.asarray(np.abs(score.sum(axis=1)).max(axis=1))


def drift_warnings(samples: Mapping[str, Floats], window_ps: float) -> tuple[str, ...]:
    """That windows are too short to forget their start, where halves differ beyond chance, and what would do.

    Parameters
    ----------
    samples
        By name (n_windows, n_replicas, n_frames) of what is compared, nm.
    window_ps
        Measured time of a window.
    """
    drift = drift_of(np.stack(list(samples.values()), axis=-1))
    if drift.p_value >= FALSE_ALARMS:
        return ()
    together = np.abs(drift.score.sum(axis=0)) / math.sqrt(len(drift.score))
    most = int(np.argmax(np.maximum(np.abs(drift.score).max(axis=0), together)))
    window = int(np.argmax(np.abs(drift.score[:, most])))
    return (
        "windows are too short to forget how they were started: their first and second halves differ, most "
        f"in {list(samples)[most]}, by {1e3 * drift.difference[:, most].mean():+.2g} pm on average and "
        f"{1e3 * drift.difference[window, most]:+.2g} pm in window {window} (p = {drift.p_value:.1g}; chance "
        f"alone says so of one profile in {1.0 / FALSE_ALARMS:.0f}); shares and their intervals are not to "
        f"be trusted, and windows of {_rounded(drift.longer * window_ps)} ps may do",
    )


def _rounded(time_ps: float) -> str:
    """A time to two digits, not in powers of ten."""
    digits = 1 - math.floor(math.log10(time_ps))
    return f"{round(time_ps, digits):g}"
