"""What a Gaussian process makes of a campaign's trials."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, softmax

from molmach.agents.regression.gaussian_process import Kernel, Regression, fit, regression
from molmach.agents.regression.machine_kernel import MachineKernel
from molmach.agents.regression.points import Points
from molmach.agents.regression.warping import Place, Warping
from molmach.search import Trial, View

Floats = NDArray[np.float64]

NUGGET = (float(np.log(1e-3)), 1.5)
"""Prior of the logarithm of the nugget's share of the variance: mean and standard deviation."""

_MOST_FITTED = 200
"""Machines by which parameters are fitted; their cube is the cost."""

_LABEL_ERROR = 0.2
"""Doubt in a single success or failure. Not tuned."""

_FEWEST_LATE = 4
"""Latest machines that hindsight needs: a batch."""

_PRIOR_LATE = 4.0
"""Machines of the size expected that hindsight adds. Not tuned."""

_LARGEST_SQUARE = 25.0
"""A miss counts as five standard deviations at most. Not tuned."""

_UNLIKELY = 1e-3
"""Probability below which a warping is left out: a variance of the same size grows by a thousandth."""


@dataclass(frozen=True)
class Seen:
    """Measured machines.

    Attributes
    ----------
    trials
        One a machine.
    points
        As the kernel takes them.
    values, errors
        (n,) utilities and their standard errors.
    warping
        Of the values, for the process to be fitted to.
    """

    trials: tuple[Trial, ...]
    points: Points
    values: Floats
    errors: Floats
    warping: Warping

    @property
    def several(self) -> bool:
        """Whether there are several objectives."""
        return len(self.trials[0].values) > 1

    def objective(self, number: int) -> Seen:
        """The same machines with the values of one objective."""
        values = np.array([trial.values[number] for trial in self.trials])
        errors = np.array([trial.errors[number] for trial in self.trials])
        return Seen(self.trials, self.points, values, _known(errors, values), Warping.of(values))


def seen(kernel: MachineKernel, view: View, *, placed: bool = True) -> Seen:
    """The measured machines of a view whose values are finite.

    An error that is not known is taken to be as large as the spread of the values. Where these are to lie in
    a window they are those on its scale, if ``placed``, and not the utilities.
    """
    window = view.window if placed else None
    values, errors = view.utilities if window is None else view.scaled
    kept = np.flatnonzero(np.isfinite(values))
    trials = tuple(view.measured[i] for i in kept)
    values, errors = values[kept], errors[kept]
    points = kernel.points([trial.design for trial in trials], view.space)
    warping = Warping.of(values) if window is None else Place.at(values, *window.ends)
    return Seen(trials, points, values, _known(errors, values), warping)


def _known(errors: Floats, values: Floats) -> Floats:
    return np.where(np.isfinite(errors), np.abs(errors), values.std() if len(values) else 0.0)


def learned(
    kernel: Kernel[Any],
    points: Any,
    values: Floats,
    errors: Floats,
    rng: np.random.Generator,
    most: int = _MOST_FITTED,
    unit: tuple[float, float] | None = None,
) -> Regression[Any]:
    """A process conditioned on all values, its parameters fitted to at most ``most`` of them."""
    part = np.arange(len(values))
    if len(values) > most:
        best = np.argsort(-values, kind="stable")
        rest = rng.choice(best[most // 5 :], most - most // 5, replace=False)
        part = np.sort(np.append(best[: most // 5], rest))
    parameters = fit(kernel, points[part], values[part], errors[part], NUGGET, unit=unit)
    return regression(kernel, parameters, points, values, errors, unit)


def model_of(kernel: MachineKernel, known: Seen, rng: np.random.Generator) -> Regression[Points]:
    """The process of the warped values, its variance as large as hindsight says."""
    values = known.warping.forward(known.values)
    errors = known.errors * known.warping.slope(known.values)
    model = learned(kernel, known.points, values, errors, rng)
    return wider_by_hindsight(model, known.points, values, errors, rng)


def wider_by_hindsight(
    model: Regression[Any],
    points: Any,
    values: Floats,
    errors: Floats,
    rng: np.random.Generator,
    unit: tuple[float, float] | None = None,
) -> Regression[Any]:
    """A process with its variance as large as hindsight says.

    What is searched for lies where little is known, so leave-one-out misses are smaller than those of the
    proposals. Hence a process that knows only the first two thirds of the trials predicts the last third,
    and variances are multiplied by its mean squared standardised miss, if that is above 1.
    """
    early = len(values) - max(_FEWEST_LATE, len(values) // 3)
    if early < _FEWEST_LATE:
        return model
    before, after = slice(0, early), slice(early, None)
    past = learned(model.kernel, points[before], values[before], errors[before], rng, _MOST_FITTED // 2, unit)
    mean, variance = past.predict(points[after])
    squares = (values[after] - mean) ** 2 / (variance + past.nugget + errors[after] ** 2)
    squares = np.minimum(squares, _LARGEST_SQUARE)
    factor = (_PRIOR_LATE + squares.sum()) / (_PRIOR_LATE + len(squares))
    return replace(model, inflation=model.inflation * max(1.0, float(factor)))


def warpings(model: Regression[Points], known: Seen) -> tuple[tuple[float, Regression[Points], Warping], ...]:
    """The process under each power of the warping, with their probabilities.

    A few values hardly tell how long their tail is, and it is in the tail that a search ends. The
    probabilities are those of the values with the process's parameters as they are, and of the warping's
    prior.
    """
    own, values, logs, family = known.warping, known.values, [], []
    at_own = regression(
        model.kernel, model.parameters, known.points, own.forward(values), known.errors * own.slope(values)
    )
    for warping in own.family:
        slope = warping.slope(values)
        one = regression(
            model.kernel, model.parameters, known.points, warping.forward(values), known.errors * slope
        )
        logs.append(one.log_density + float(np.log(slope).sum()) + warping.log_prior)
        family.append((replace(one, inflation=one.inflation * model.inflation / at_own.inflation), warping))
    pairs = zip(softmax(logs), family, strict=True)
    return tuple((float(weight), *member) for weight, member in pairs if weight > _UNLIKELY)


def unwarped(model: Regression[Points], known: Seen, points: Points) -> tuple[Floats, Floats]:
    """(n_points,) mean and standard deviation of the true values of machines at points."""
    mean, variance = model.predict(points)
    mean, variance = known.warping.moments(mean, variance + model.nugget)
    return mean, np.sqrt(variance)


def feasibility(kernel: MachineKernel, view: View) -> Regression[Points] | None:
    """A process on what could be measured (1) and what could not (0); None while everything could.

    Classification as regression on labels (Rasmussen & Williams, section 6.5).
    """
    tried = [trial for trial in view.known if not view.space.open or view.space.is_machine(trial.design)]
    labels = np.array([float(trial.feasible and bool(trial.values)) for trial in tried])
    if labels.all():
        return None
    points = kernel.points([trial.design for trial in tried], view.space)
    if not labels.any():
        return regression(kernel, np.append(kernel.prior[0], NUGGET[0]), points, labels, 0.0 * labels)
    return learned(kernel, points, labels, np.full(len(labels), _LABEL_ERROR), view.rng)


@dataclass(frozen=True)
class Belief:
    """A model of the values and one of the feasibility.

    Attributes
    ----------
    model, feasible
        The processes, of warped values and of success; no ``feasible`` while nothing has failed.
    warping
        What warped the values.
    best_known
        Largest worth of a measured machine's predicted warped value.
    error
        Standard error to be expected of a warped measurement.
    """

    model: Regression[Points]
    feasible: Regression[Points] | None
    warping: Warping
    best_known: float
    error: float

    def score(self, points: Points) -> Floats:
        """(n,) logarithm of expected improvement times chance of being feasible."""
        mean, variance = self.model.predict(points)
        sd = np.sqrt(variance + self.model.nugget)
        return self.warping.log_improvement(mean, sd, self.best_known) + self.log_chance(points)

    def log_chance(self, points: Points) -> Floats:
        """(n,) logarithm of the chance of being feasible."""
        return log_chance(self.feasible, points)


def log_chance(feasible: Regression[Points] | None, points: Points) -> Floats:
    """(n,) logarithm of the chance of being feasible, by a process of :func:`feasibility`."""
    if feasible is None:
        return np.zeros(len(points))
    mean, variance = feasible.predict(points)
    return np.asarray(log_ndtr((mean - 0.5) / np.sqrt(variance + _LABEL_ERROR**2)))


def best_trials(belief: Belief, known: Seen, n: int) -> list[int]:
    """Numbers of the ``n`` measured machines whose predicted values are worth most, best first."""
    worth = known.warping.worth(belief.model.predict(known.points)[0])
    return [int(i) for i in np.argsort(-worth, kind="stable")[:n]]
