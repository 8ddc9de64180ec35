"""Markov models of an angle: steady state, currents, the affinity of the cycle, committors.

The angle's turn is cut into cells, and a chain over cells is counted at a lag (Prinz et al., J. Chem. Phys.
134, 174105 (2011)), without detailed balance, for what is driven has none. deeptime (Hoffmann et al., Mach.
Learn.: Sci. Technol. 3, 015009 (2022)) holds the chain; intervals are the jackknife's over replicas.

It serves motion that forgets its velocity, and its place in a cell, within a lag: with diffusion D and
friction g, cells of width h see the share 1 - h^2 / (12 D lag) of the affinity, and inertia adds the share
1 / (g lag). Velocity and currents have no such error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from molmach.analysis.affinity import counted_affinity
from molmach.analysis.extras import require
from molmach.analysis.transitions import angle_of, interval_of, lag_steps, transition_counts
from molmach.data import Motion, Run
from molmach.data.statistics import jackknife_estimate
from molmach.errors import ScoreError
from molmach.scoring import Estimate
from molmach.theory.affinity import ring_currents, ring_velocity
from molmach.theory.markov import stationary_distribution
from molmach.units import TURN

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MarkovModel:
    """A chain over the cells of a turn, at one lag.

    Attributes
    ----------
    lag_ps
        Time of a step of the chain.
    centres
        (n_cells,) angles of the cells' middles, rad; cell k holds angles from k h to (k+1) h.
    counts
        (n_replicas, n_cells, n_cells) transitions i -> j seen at the lag, from every sample on.
    msm
        deeptime's ``MarkovStateModel`` of all replicas together, for all else that it can do; its times
        are in lags.
    """

    lag_ps: float
    centres: Floats
    counts: NDArray[np.int64]
    msm: Any

    @property
    def transition_matrix(self) -> Floats:
        """(n_cells, n_cells) probability that cell i is followed by cell j a lag later."""
        return np.asarray(self.msm.transition_matrix, dtype=np.float64)

    @property
    def stationary(self) -> Floats:
        """(n_cells,) probabilities of the steady state."""
        return stationary_distribution(self.transition_matrix)

    @property
    def velocity(self) -> Estimate:
        """Mean velocity of the steady state, turn/ns."""
        return self.estimate(lambda chain: ring_velocity(chain) / self.lag_ps * 1e3, "turn/ns")

    @property
    def currents(self) -> Floats:
        """(n_cells,) net flux through the boundary after each cell, 1/ns; equal in a steady state."""
        return ring_currents(self.transition_matrix) / self.lag_ps * 1e3

    @property
    def affinity(self) -> Estimate:
        """ln of forward over backward probabilities around the turn: kT that the drive pays a turn.

        Zero in equilibrium, 2 pi F / kT under a constant torque F; from transitions of all lengths
        (:func:`molmach.analysis.affinity.counted_affinity`). Infinite where a boundary was never passed
        backward.
        """
        return self._counted(counted_affinity, "kT/turn")

    @property
    def dissipation(self) -> Estimate:
        """Affinity times current: kT given to the bath per ns, as far as the angle shows it."""

        def rate(counts: NDArray[np.int64]) -> float:
            return counted_affinity(counts) * ring_velocity(_normalised(counts)) / self.lag_ps * 1e3

        return self._counted(rate, "kT/ns")

    def estimate(self, function: Callable[[Floats], float], unit: str) -> Estimate:
        """A number made from the transition matrix, with its interval over replicas.

        Parameters
        ----------
        function
            Takes (n_cells, n_cells) transition probabilities.
        unit
            Of the number.
        """

        return self._counted(lambda counts: function(_normalised(counts)), unit)

    def _counted(self, function: Callable[[NDArray[np.int64]], float], unit: str) -> Estimate:
        """A number made from the counts; nan for replicas that do not reach every cell together."""

        def value(chosen: NDArray[np.intp]) -> float:
            counts = self.counts[chosen].sum(axis=0)
            return float(function(counts)) if _connected(counts) else math.nan

        return jackknife_estimate(value, len(self.counts), unit)

    def cells_between(self, low: float, high: float) -> list[int]:
        """Cells whose middles lie from ``low`` to ``high``, rad, going forward; the turn is closed."""
        return np.flatnonzero((self.centres - low) % TURN <= (high - low) % TURN).tolist()

    def committor(self, source: Sequence[int], sink: Sequence[int]) -> Floats:
        """(n_cells,) probability to come to the sink before the source.

        Metzner, Schuette & Vanden-Eijnden, Multiscale Model. Simul. 7, 1192 (2009), without detailed
        balance.

        Parameters
        ----------
        source, sink
            Cells, as :meth:`cells_between` gives them.

        Raises
        ------
        ScoreError
            A set is empty, or a cell is in both.
        """
        self._check_sets(source, sink)
        return np.asarray(self.msm.committor_forward(list(source), list(sink)), dtype=np.float64)

    def mean_passage_ps(self, source: Sequence[int], sink: Sequence[int]) -> float:
        """Mean time from the source, in its steady state, until the sink is met at a lag, ps.

        Parameters
        ----------
        source, sink
            Cells.

        Raises
        ------
        ScoreError
            A set is empty, or a cell is in both.
        """
        self._check_sets(source, sink)
        tau = _passage_lags(self.transition_matrix, list(sink))
        weights = self.stationary[list(source)]
        return float(weights @ tau[list(source)] / weights.sum()) * self.lag_ps

    def relaxation(self, modes: int = 5) -> tuple[Floats, Floats]:
        """Decay times and turning frequencies of the slowest modes.

        An eigenvalue exp((-1/t + i w) lag) decays in t and turns with w; in equilibrium w is zero.

        Parameters
        ----------
        modes
            How many.

        Returns
        -------
        times_ps, frequencies_GHz
            (modes,), slowest first.
        """
        values = np.linalg.eigvals(self.transition_matrix)
        values = values[np.argsort(-np.abs(values), kind="stable")][1 : 1 + modes]
        with np.errstate(divide="ignore"):
            times = -self.lag_ps / np.log(np.abs(values))
        return np.asarray(times), np.asarray(np.angle(values) / self.lag_ps / TURN * 1e3)

    def _check_sets(self, source: Sequence[int], sink: Sequence[int]) -> None:
        if not len(source) or not len(sink) or set(source) & set(sink):
            raise ScoreError("got an empty set of cells, or a cell in both; expected two sets apart")


def markov_model(moving: Run | Motion, cells: int = 36, lag_ps: float | None = None) -> MarkovModel:
    """Estimate a Markov model of an angle.

    Parameters
    ----------
    moving
        A run (without its controls) or a motion.
    cells
        Cells of the turn.
    lag_ps
        Step of the chain, a whole number of samples; by default the shortest at which the angle's
        spread is three cells. :func:`chapman_kolmogorov` tells whether it is long enough.

    Raises
    ------
    ScoreError
        The coordinate is no angle, the lag does not fit, or the chain does not reach every cell.
    MissingExtraError
        deeptime is not installed.
    """
    markov = require("deeptime.markov", "markov_model")
    estimators = require("deeptime.markov.msm", "markov_model")
    motion = angle_of(moving, cells)
    steps = lag_steps(motion, cells, lag_ps)
    counts = transition_counts(motion.coordinate, cells, steps)
    total = counts.sum(axis=0)
    if not _connected(total):
        seldom = np.flatnonzero((total.sum(axis=0) == 0) | (total.sum(axis=1) == 0)).tolist()
        raise ScoreError(
            f"the chain does not go on from every cell to every other (cells {seldom[:5] or 'in parts'} of "
            f"{cells}); expected fewer cells, a longer run, or a machine that turns"
        )
    count_model = markov.TransitionCountModel(
        total.astype(np.float64), counting_mode="sliding", lagtime=steps
    )
    msm = estimators.MaximumLikelihoodMSM(reversible=False).fit(count_model).fetch_model()
    centres = (np.arange(cells) + 0.5) * TURN / cells
    return MarkovModel(steps * interval_of(motion), centres, counts, msm)


def _passage_lags(transitions: Floats, sink: list[int]) -> Floats:
    """(n_cells,) mean first passage times to the sink, in lags."""
    analysis = require("deeptime.markov.tools.analysis", "mean_passage_ps")
    return np.asarray(analysis.mfpt(transitions, sink), dtype=np.float64)


def _connected(counts: NDArray[np.int64]) -> bool:
    return bool(connected_components(counts > 0, directed=True, connection="strong")[0] == 1)


def _normalised(counts: NDArray[np.int64]) -> Floats:
    return np.asarray(counts / counts.sum(axis=1, keepdims=True), dtype=np.float64)
