"""How wide an agent's predictions ought to be, by how its own earlier ones came out.

A model states its error as if it were the right model. Whether it is shows in predictions that were made
before their results were known (the prequential principle of Dawid, J. R. Stat. Soc. A 147, 278 (1984)). So
every agent's predictions are held against what came of them, and the standard deviation of the next ones
follows:

    v - m ~ (1 - w) N(0, f² s² + e²) + w N(m0 - m, s0² + e²)

m and s being predicted, v and e measured, m0 and s0 the mean and spread of all values that were known when it
was predicted. With f the agent misjudges its error everywhere; with the probability w it is wrong about a
machine altogether, and any value is as likely as it is of the machines so far.

Before a search has come to a height, nothing tells whether its model is right there: after the first machine
that stands out, ten are expected to be as good, for one reason, and all may be wrong. So w depends on how far
out of the values known the prediction is,

    logit w = a + b h,    h = max(|m - m0| / s0 - 1, 0),

and as machines at that height become many, s0 grows and h falls. Nobody knows less of a machine than that it
is one of them: s is taken together with the error of that, L² = (m - m0)² + s0², as 1/s² + 1/L².

The results say how probable values of f, a and b are, beside a prior of the agent's being right, and the next
standard deviation is that of this mixture about the prediction,

    s'² = (1 - w) E[f²] s² + w L²,

with w at the means of a and b: the mean of w would be mostly that of large ones which are hardly probable,
and after a hundred good predictions still widen the next.

What is recorded is s'; since f, a and b follow from results that were known before, s is found again from it,
batch by batch, and an agent that is started anew needs no memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from molmach.search.agents.interface import Proposal
from molmach.search.record.trial import Finding, Measured, Opinion, Trial

Floats = NDArray[np.float64]

_FACTORS = np.geomspace(0.15, 7.0, 20)
"""Of f: four of the prior's standard deviations to either side, in steps of a fifth."""

_FACTOR_SD = 0.5
"""Prior standard deviation of ln f: an agent states its error to within a factor of 1.6. Not tuned: with 0.35
or 0.7 predictions of five searches on nine landscapes are as well calibrated."""

_WRONG = (-6.0, 1.5)
"""Prior mean and standard deviation of a: amid the values known, one prediction in 400 is wrong."""

_HEIGHT = (2.5, 0.7)
"""Of b: at three spreads from the mean a quarter of them are wrong, at four spreads four of five. With one
chance for all heights the log density of what was measured is lower by 0.3 a prediction, over the nine
landscapes by formula of seeds 1001 and 1002, and by 2 where three values are needed together; with 1.5 to 3
here, or another a within 1, it stays within 0.02."""

_ODDS, _SLOPES = (
    part.ravel() for part in np.meshgrid(np.linspace(-10.0, 0.0, 11), np.linspace(0.0, 4.5, 10))
)
"""Of a and b together."""

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
    square
        E[f²].
    odds, slope
        E[a] and E[b].
    centre, spread
        m0 and s0, of the values known; without a spread nothing is done.
    """

    square: float = 1.0
    odds: float = 0.0
    slope: float = 0.0
    centre: float = 0.0
    spread: float = 0.0

    def widened(self, mean: Floats, sd: Floats) -> Floats:
        """(n,) standard deviations s' of predictions."""
        if not self.spread:
            return sd
        wrong, lost = self._wrong(mean), _lost(mean, self.centre, self.spread)
        return np.asarray(np.sqrt((1.0 - wrong) * self.square * _together(sd, lost) ** 2 + wrong * lost**2))

    def stated(self, mean: Floats, widened: Floats) -> Floats:
        """(n,) s that :meth:`widened` has made these of, with what nobody knows less than."""
        if not self.spread:
            return widened
        wrong, lost = self._wrong(mean), _lost(mean, self.centre, self.spread)
        left = np.maximum(widened**2 - wrong * lost**2, 0.0)
        return np.asarray(np.sqrt(left / np.maximum((1.0 - wrong) * self.square, 1e-12)))

    def _wrong(self, mean: Floats) -> Floats:
        return np.asarray(expit(self.odds + self.slope * _height(mean, self.centre, self.spread)))


def _lost(mean: Floats, centre: float | Floats, spread: float | Floats) -> Floats:
    """(n,) errors L of who knows nothing of a machine but that it is one of those."""
    return np.asarray(np.hypot(mean - centre, spread))


def _together(sd: Floats, lost: Floats) -> Floats:
    """(n,) standard deviations of what is known in both ways."""
    return np.asarray(sd * lost / np.hypot(sd, lost))


def _height(mean: Floats, centre: float | Floats, spread: float | Floats) -> Floats:
    """(n,) how far out predictions are, h."""
    return np.asarray(np.maximum(np.abs(mean - centre) / spread - 1.0, 0.0))


def correction(
    mean: Floats, sd: Floats, value: Floats, error: Floats, levels: Floats, known: Floats
) -> Correction:
    """What earlier predictions say of the next ones.

    Parameters
    ----------
    mean, sd, value, error
        (n,) as they were stated (:meth:`Correction.stated`) and measured, in the order of the results.
    levels
        (n, 2) m0 and s0 when each was predicted; those of ``known`` where there was no spread.
    known
        Values of all machines measured; of fewer than three nothing is said.
    """
    if len(known) < _FEWEST or not (spread := float(known.std())) > 0.0:
        return Correction()
    mean, sd, value, error, levels = (part[-_LATEST:] for part in (mean, sd, value, error, levels))
    early = levels[:, 1] <= 0.0
    centre = np.where(early, known.mean(), levels[:, 0])
    wide = np.where(early, spread, levels[:, 1])
    sd = np.where(early, _together(sd, _lost(mean, centre, wide)), sd)
    least = (1e-6 * spread) ** 2
    right = _density(value - mean, np.maximum((_FACTORS[:, None] * sd) ** 2 + error**2, least))
    lost = _density(value - centre, np.maximum(wide**2 + error**2, least))
    wrong = expit(_ODDS[:, None] + _SLOPES[:, None] * _height(mean, centre, wide))
    each = (1.0 - wrong) * right[:, None, :] + wrong * lost
    height = np.log(each + 1e-300).sum(axis=2) + _prior(np.log(_FACTORS[:, None]), (0.0, _FACTOR_SD))
    height += _prior(_ODDS, _WRONG) + _prior(_SLOPES, _HEIGHT)
    chance = np.exp(height - height.max())
    chance /= chance.sum()
    square = float(chance.sum(axis=1) @ _FACTORS**2)
    of_wrong = chance.sum(axis=0)
    return Correction(square, float(of_wrong @ _ODDS), float(of_wrong @ _SLOPES), float(known.mean()), spread)


def _prior(values: Floats, normal: tuple[float, float]) -> Floats:
    mean, sd = normal
    return np.asarray(-0.5 * ((values - mean) / sd) ** 2)


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
    return mean, float(by.widened(np.array([mean]), np.array([sd]))[0])
