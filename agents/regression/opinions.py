"""What is thought of machines with and without theory: two processes, weighed by how well they foretold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from molmach.agents.regression.belief import NUGGET, Seen, learned, warpings, wider_by_hindsight
from molmach.agents.regression.gaussian_process import Regression, regression
from molmach.agents.regression.machine_kernel import MachineKernel
from molmach.agents.regression.points import Points
from molmach.agents.regression.theory_kernel import Foretold, TheoryKernel
from molmach.agents.regression.warping import Warping

Floats = NDArray[np.float64]

_FEWEST = 4
"""Machines before parameters are fitted: as many as for a first model without theory."""

_LOG_ODDS = 1.0
"""That theory is of use before anything was measured, nats: about three to one. Not tuned."""


@dataclass(frozen=True)
class Told:
    """What theory says of machines, nan where it says nothing or was not asked.

    Attributes
    ----------
    measured
        (2, n_measured) mean and standard deviation.
    survey
        (n_survey,) means of a survey of the space, which tell its unit.
    """

    measured: Floats
    survey: Floats


@dataclass(frozen=True)
class Opinion:
    """A process, on the scale that it has its values on.

    Attributes
    ----------
    model
        Of warped values.
    warping
        What warped them.
    weight
        Its probability.
    best_known
        Largest worth of a measured machine's predicted warped value; minus infinity before there is one.
    error
        Standard error to be expected of a warped measurement.
    with_theory
        Whether the process is one about what theory says.
    family
        Probability, process and warping of those over which its predictions are averaged; () for itself.
    """

    model: Regression[Any]
    warping: Warping
    weight: float
    best_known: float
    error: float
    with_theory: bool
    family: tuple[tuple[float, Regression[Points], Warping], ...] = ()

    def seen_as(self, points: Points, told: Floats) -> Any:
        """Designs as the model takes them; ``told`` as :attr:`Told.measured`."""
        if not self.with_theory:
            return points
        return _foretold(points, told, self.warping, (self.model.centre, self.model.scale))

    def moments(self, points: Points, told: Floats) -> tuple[Floats, Floats]:
        """(n,) mean and variance of the true values; without theory averaged over :attr:`family`."""
        if self.family:
            parts = []
            for weight, model, warping in self.family:
                mean, variance = model.predict(points)
                parts.append((weight, *warping.moments(mean, variance + model.nugget)))
            return mixed(parts)
        mean, variance = self.model.predict(self.seen_as(points, told))
        return self.warping.moments(mean, variance + self.model.nugget)


def plain_opinion(model: Regression[Points], known: Seen) -> Opinion:
    """Of a process that has not heard of theory."""
    opinion = _opinion(model, known, known.warping, with_theory=False)
    return replace(opinion, family=warpings(model, known))


def _opinion(model: Regression[Any], known: Seen, warping: Warping, *, with_theory: bool) -> Opinion:
    errors = known.errors * warping.slope(known.values)
    best = float(warping.worth(model.predict(model.points)[0]).max()) if len(errors) else -np.inf
    error = float(np.median(errors)) if len(errors) else 0.0
    return Opinion(model, warping, 1.0, best, error, with_theory)


def with_theory(
    kernel: MachineKernel, known: Seen, told: Told, plain: Opinion | None, rng: np.random.Generator
) -> tuple[Opinion, ...]:
    """The opinion that theory is to be corrected, and the plain one if there is one, by their probabilities.

    Theory that is of no use makes its process unlikely: what it foretold did not come. The probabilities
    follow from the marginal likelihoods of the values, each process having its parameters at their most
    probable.
    """
    values, n = known.values, len(known.values)
    warping = Warping.of(np.concatenate([told.survey, values]))
    reference = warping.forward(np.concatenate([told.survey, values]))
    unit = float(reference.mean()), float(reference.std()) or 1.0
    informed = TheoryKernel(kernel)
    points = _foretold(known.points, told.measured, warping, unit)
    warped, errors = warping.forward(values), known.errors * warping.slope(values)
    if n < _FEWEST:
        parameters = np.append(informed.prior[0], NUGGET[0])
        model = regression(informed, parameters, points, warped, errors, unit)
    else:
        model = learned(informed, points, warped, errors, rng, unit=unit)
        model = wider_by_hindsight(model, points, warped, errors, rng, unit)
    opinion = _opinion(model, known, warping, with_theory=True)
    if plain is None:
        return (opinion,)
    gain = _log_density(opinion, values) - _log_density(plain, values)
    weight = float(expit(gain + _LOG_ODDS))
    return replace(plain, weight=1.0 - weight), replace(opinion, weight=weight)


def _log_density(opinion: Opinion, values: Floats) -> float:
    """Of the values themselves, whatever the scale of the process."""
    return opinion.model.log_density + float(np.log(opinion.warping.slope(values)).sum())


def _foretold(points: Points, told: Floats, warping: Warping, unit: tuple[float, float]) -> Foretold:
    known = np.asarray(np.isfinite(told).all(axis=0), dtype=np.bool_)
    mean, sd = np.where(known, told, 0.0)
    centre, scale = unit
    return Foretold(
        points,
        np.where(known, (warping.forward(mean) - centre) / scale, 0.0),
        np.where(known, warping.slope(mean) * sd / scale, 0.0),
        known,
    )


def foreseen(opinions: Sequence[Opinion], points: Points, told: Floats) -> tuple[Floats, Floats]:
    """(n,) mean and standard deviation of the true values of machines, all opinions together."""
    mean, variance = mixed([(opinion.weight, *opinion.moments(points, told)) for opinion in opinions])
    return mean, np.sqrt(variance)


def mixed(parts: Sequence[tuple[float, Floats, Floats]]) -> tuple[Floats, Floats]:
    """(n,) mean and variance of a mixture of distributions with these weights, means and variances."""
    total = sum(weight for weight, _, _ in parts)
    mean = np.sum([weight / total * m for weight, m, _ in parts], axis=0)
    return mean, np.sum([weight / total * (v + (m - mean) ** 2) for weight, m, v in parts], axis=0)


@dataclass(frozen=True)
class Correction:
    """How what is expected of machines goes with what theory says of them.

    Attributes
    ----------
    scale, offset
        Of the straight line, by least squares: expected value = scale x theory + offset.
    rest
        Root mean square by which the expected values leave that line.
    """

    scale: float
    offset: float
    rest: float


def correction(opinion: Opinion, points: Points, told: Floats) -> Correction:
    """The correction over some machines; ``told`` as :attr:`Told.measured`, finite."""
    expected, _ = opinion.moments(points, told)
    said = told[0] - told[0].mean()
    scale = float(said @ expected / max(float(said @ said), 1e-300))
    offset = float(expected.mean() - scale * told[0].mean())
    rest = float(np.sqrt(np.mean((expected - scale * told[0] - offset) ** 2)))
    return Correction(scale, offset, rest)
