"""How wide an agent's predictions ought to be, by how its own earlier ones came out.

A model states its error as if it were the right model. Whether it is shows in predictions that were made
before their results were known (the prequential principle of Dawid, J. R. Stat. Soc. A 147, 278 (1984)). So
every agent's predictions are held against what came of them, and the standard deviation of the next ones
follows:

    v - m ~ (1 - w) N(0, f² s² + e²) + w N(m0 - m, s0² + e²)

m and s being predicted, v and e measured, m0 and s0 the mean and spread of all values that were known when it
was predicted. With f the agent misjudges its error everywhere; with the probability w it is wrong about a
machine altogether, and any value is as likely as it is of the machines so far. The results say how
probable values of f and w are, beside a prior of the agent's being right, and the next standard deviation is
that of this mixture about the prediction, with the mean of f² and the median of w,

    s'² = (1 - w) E[f²] s² + w ((m - m0)² + s0²):

the mean of w would be mostly that of large ones which are hardly probable, and after a hundred good
predictions still widen the next by half.

What is recorded is s'; since f and w follow from results that were known before, s is found again from it,
batch by batch, and an agent that is started anew needs no memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from molmach.search.agents.interface import Proposal
from molmach.search.record.trial import Finding, Measured, Opinion, Trial

Floats = NDArray[np.float64]

_FACTORS = np.geomspace(0.15, 7.0, 28)
"""Of f: four of the prior's standard deviations to either side, in steps of a seventh."""

_FACTOR_SD = 0.5
"""Prior standard deviation of ln f: an agent states its error to within a factor of 1.6. Not tuned: with 0.7
predictions of five searchers on nine landscapes are as well calibrated."""

_WRONG = np.geomspace(1e-5, 0.5, 24)
"""Of w."""

_WRONG_PRIOR = (0.25, 4.75)
"""Beta distribution of w: one in twenty in the mean, and of most agents less. Not tuned: with a mean of one
in ten, or twice the weight, predictions come out alike."""

_LATEST = 200
"""Predictions that are looked at."""

_LARGEST = 1e100
"""Numbers from which a prediction is nonsense: their squares leave what a float holds."""

_FEWEST = 3
"""Values that have a spread."""


@dataclass(frozen=True)
class Correction:
    """What is done to standard deviations.

    Attributes
    ----------
    scale
        (1 - w) E[f²], by which their squares are multiplied.
    wrong
        w, the chance that a prediction is wrong altogether.
    centre, spread
        m0 and s0, of the values known.
    """

    scale: float = 1.0
    wrong: float = 0.0
    centre: float = 0.0
    spread: float = 0.0

    def widened(self, mean: Floats, sd: Floats) -> Floats:
        """(n,) standard deviations s' of predictions."""
        return np.asarray(np.sqrt(self.scale * sd**2 + self._apart(mean)))

    def stated(self, mean: Floats, widened: Floats) -> Floats:
        """(n,) standard deviations s that :meth:`widened` has made these of."""
        return np.asarray(np.sqrt(np.maximum(widened**2 - self._apart(mean), 0.0) / self.scale))

    def _apart(self, mean: Floats) -> Floats:
        return np.asarray(self.wrong * ((mean - self.centre) ** 2 + self.spread**2))


def correction(
    mean: Floats, sd: Floats, value: Floats, error: Floats, levels: Floats, known: Floats
) -> Correction:
    """What earlier predictions say of the next ones.

    Parameters
    ----------
    mean, sd, value, error
        (n,) as they were stated and measured, in the order of the results.
    levels
        (n, 2) m0 and s0 when each was predicted; those of ``known`` where there was no spread.
    known
        Values of all machines measured; of fewer than three nothing is said.
    """
    if len(known) < _FEWEST or not (spread := float(known.std())) > 0.0:
        return Correction()
    factor, wrong = _FACTORS[:, None, None], _WRONG[:, None]
    first, second = _WRONG_PRIOR
    height = -0.5 * (np.log(_FACTORS[:, None]) / _FACTOR_SD) ** 2
    height = height + first * np.log(_WRONG) + (second - 1.0) * np.log1p(-_WRONG)
    mean, sd, value, error, levels = (part[-_LATEST:] for part in (mean, sd, value, error, levels))
    if len(mean):
        levels = np.where(levels[:, 1:] > 0.0, levels, (known.mean(), spread))
        least = (1e-6 * spread) ** 2
        right = _density(value - mean, np.maximum((factor * sd) ** 2 + error**2, least))
        lost = _density(value - levels[:, 0], np.maximum(levels[:, 1] ** 2 + error**2, least))
        height = height + np.log((1.0 - wrong) * right + wrong * lost + 1e-300).sum(axis=2)
    chance = np.exp(height - height.max())
    chance /= chance.sum()
    square = float(chance.sum(axis=1) @ _FACTORS**2)
    median = float(np.exp(np.interp(0.5, np.cumsum(chance.sum(axis=0)), np.log(_WRONG))))
    return Correction((1.0 - median) * square, median, float(known.mean()), spread)


def _density(apart: Floats, variance: Floats) -> Floats:
    return np.asarray(np.exp(-0.5 * np.minimum(apart**2 / variance, 1400.0)) / np.sqrt(variance))


class Hindsight:
    """The earlier predictions of one agent, objective by objective.

    Parameters
    ----------
    agent
        Its name in the trials.
    """

    def __init__(self, agent: str) -> None:
        self._agent = agent
        self._corrections: dict[tuple[int, int], Correction] = {}

    def widened(self, proposals: Sequence[Proposal], trials: Sequence[Trial]) -> list[Proposal]:
        """Proposals with the standard deviations that the agent's earlier predictions ask for.

        Parameters
        ----------
        proposals
            As the agent has made them.
        trials
            All that came to something, of all agents.
        """
        if not proposals:
            return []
        results = [(trial, finding) for trial in trials if (finding := _first(trial))]
        several = max(1 + len(proposal.others) for proposal in proposals)
        corrections = [self._now(results, objective) for objective in range(several)]
        return [_corrected(proposal, corrections) for proposal in proposals]

    def _now(self, results: Sequence[tuple[Trial, Finding]], objective: int) -> Correction:
        """What all results say, those of the batches before found again one after the other."""
        usable = [
            (trial, finding)
            for trial, finding in results
            if len(finding.measured) > objective and _sound(finding.measured[objective])
        ]
        known = np.array([finding.measured[objective].value for _, finding in usable])
        told = np.array([finding.finished for _, finding in usable])
        own = [(t, f) for t, f in usable if t.agent == self._agent and _predicted(t, objective)]
        own.sort(key=lambda pair: (pair[1].finished, pair[0].number))
        said = np.array([t.opinions[objective] for t, _ in own], dtype=np.float64).reshape(-1, 2)
        value = np.array([f.measured[objective].value for _, f in own])
        error = np.array([f.measured[objective].error for _, f in own])
        finished = np.array([f.finished for _, f in own])
        batches = np.array([t.batch for t, _ in own])
        made = np.array([t.made for t, _ in own])
        mean, stated, levels = said[:, 0], said[:, 1].copy(), np.zeros((len(own), 2))
        for batch in np.unique(batches):
            rows = batches == batch
            at = float(made[rows].min())
            before = (finished <= at) & (batches < batch)
            one = self._corrections.get((objective, int(batch)))
            if one is None:
                one = correction(
                    mean[before], stated[before], value[before], error[before], levels[before],
                    known[told <= at],
                )  # fmt: skip
                self._corrections[objective, int(batch)] = one
            stated[rows] = one.stated(mean[rows], said[rows, 1])
            levels[rows] = one.centre, one.spread
        return correction(mean, stated, value, error, levels, known)


def _first(trial: Trial) -> Finding | None:
    """What the first rung found; None where it gave no numbers."""
    return next((one for one in trial.findings if one.rung == 0 and one.ok), None)


def _predicted(trial: Trial, objective: int) -> bool:
    return len(trial.opinions) > objective and _usable(trial.opinions[objective])


def _sound(measured: Measured) -> bool:
    return measured.defined and abs(measured.value) < _LARGEST and measured.error < _LARGEST


def _usable(opinion: Opinion) -> bool:
    mean, sd = opinion
    return mean is not None and sd is not None and abs(mean) < _LARGEST and sd < _LARGEST


def _corrected(proposal: Proposal, corrections: Sequence[Correction]) -> Proposal:
    opinions = ((proposal.mean, proposal.sd), *proposal.others)
    first, *others = (_widened(*pair) for pair in zip(opinions, corrections, strict=False))
    return replace(proposal, mean=first[0], sd=first[1], others=tuple(others))


def _widened(opinion: Opinion, by: Correction) -> Opinion:
    if not _usable(opinion):
        return opinion
    mean, sd = opinion
    return mean, float(by.widened(np.array(mean), np.array(sd)))
