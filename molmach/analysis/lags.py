"""Whether a Markov model's lag is long enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from molmach.analysis.markov import MarkovModel, markov_model
from molmach.analysis.transitions import interval_of, transition_counts
from molmach.data import Motion, Run
from molmach.data.statistics import jackknife_estimate
from molmach.scoring import Estimate

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ChapmanKolmogorov:
    """The chain's prediction for longer times beside what was seen.

    Attributes
    ----------
    times_ps
        (n_times,) multiples of the lag.
    predicted, seen
        For each time the probability to be in the cell of the start: by the chain's power, and counted.
    difference
        Predicted less seen, with its interval over replicas.
    p_values
        (n_times,) of no difference.
    """

    times_ps: Floats
    predicted: Floats
    seen: Floats
    difference: list[Estimate]
    p_values: Floats

    @property
    def passed(self) -> bool:
        """Whether chance explains every difference, at one false alarm in a hundred over all times."""
        return bool(np.min(self.p_values) * self.p_values.size >= 0.01)


def chapman_kolmogorov(
    moving: Run | Motion, model: MarkovModel, multiples: Sequence[int] = (2, 3, 4, 5)
) -> ChapmanKolmogorov:
    """Test T(k lag) = T(lag)^k by the probability to be found in the cell of the start.

    Prinz et al., J. Chem. Phys. 134, 174105 (2011). A lag that is too short predicts too much: what
    the chain has forgotten, the machine has not.

    Parameters
    ----------
    moving
        What the model was made from.
    model
        The model.
    multiples
        k, each above one.
    """
    motion = Motion.of(moving) if isinstance(moving, Run) else moving
    steps = round(model.lag_ps / interval_of(motion))
    cells = len(model.centres)
    predicted, seen, differences, p_values = [], [], [], []
    for k in multiples:
        longer = transition_counts(motion.coordinate, cells, k * steps)

        def missing(chosen: NDArray[np.intp], k: int = k, longer: NDArray[np.int64] = longer) -> float:
            return float(np.subtract(*_returns(model.counts[chosen], longer[chosen], k)))

        first, second = _returns(model.counts, longer, k)
        estimate = jackknife_estimate(missing, motion.replicas, "1")
        half = 0.5 * (estimate.ci95[1] - estimate.ci95[0])
        freedom = motion.replicas - 1
        score = abs(estimate.value) / half * float(scipy.stats.t.ppf(0.975, freedom)) if half > 0.0 else 0.0
        predicted.append(first)
        seen.append(second)
        differences.append(estimate)
        p_values.append(2.0 * float(scipy.stats.t.sf(score, freedom)))
    times = model.lag_ps * np.array(multiples, dtype=np.float64)
    return ChapmanKolmogorov(times, np.array(predicted), np.array(seen), differences, np.array(p_values))


def _returns(counts: NDArray[np.int64], longer: NDArray[np.int64], k: int) -> tuple[float, float]:
    """Probability to be in the cell of the start after k lags, predicted and seen."""
    once, later = counts.sum(axis=0), longer.sum(axis=0)
    chain = once / np.maximum(once.sum(axis=1, keepdims=True), 1)
    start = once.sum(axis=1) / once.sum()
    seen = np.diag(later) / np.maximum(later.sum(axis=1), 1)
    return float(start @ np.diag(np.linalg.matrix_power(chain, k))), float(start @ seen)


def implied_timescales(
    moving: Run | Motion, lags_ps: Sequence[float], cells: int = 36, modes: int = 3
) -> Floats:
    """(n_lags, modes) decay times of the slowest modes, ps; a long enough lag changes them no more.

    Parameters
    ----------
    moving
        A run or motion of an angle.
    lags_ps
        Lags.
    cells, modes
        Cells of the turn, and how many modes.
    """
    return np.array([markov_model(moving, cells, lag).relaxation(modes)[0] for lag in lags_ps])
