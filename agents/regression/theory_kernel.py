"""A Gaussian process on machines about what theory says of them, which it learns to correct."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molmach.agents.regression.machine_kernel import VARIANCE, MachineKernel, matern, matern_slope
from molmach.agents.regression.points import Integers, Points

Floats = NDArray[np.float64]

SCALE_SD = 0.5
"""Standard deviation of theory's scale about 1 before anything was measured: right within a factor of two.
Not tuned."""

_OFFSET = 3.0
"""Prior variance of theory's offset, standardised, beside the 1 that every process has: a mistake of two
spreads that all machines share is forgiven. Not tuned."""

_OWN = (float(np.log(0.03)), 1.5)
"""Of ln A, mean and standard deviation: theory misses by a sixth of the values' spread where it states no
error of its own, within a factor of two. Not tuned."""

_STATED = (0.0, 1.0)
"""Of ln C: theory's own error is right, within a factor of 1.6. Not tuned."""

_CURVED = (float(np.log(0.03)), 1.5)
"""Of the logarithm of c's variance: a bend of a sixth of the spread, as for A. Not tuned."""

_STEEP = (0.0, 1.0)
"""Of the logarithm of c's inverse square length: it bends over a standard deviation of what theory says. Not
tuned."""


@dataclass(frozen=True)
class Foretold:
    """Designs with what theory says of them, on the scale on which values are standardised.

    Attributes
    ----------
    points
        The designs.
    mean, sd
        (n,) what theory says, and its own standard deviation; zero where it says nothing.
    told
        (n,) whether it says anything.
    """

    points: Points
    mean: Floats
    sd: Floats
    told: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, rows: Integers | slice) -> Foretold:
        return Foretold(self.points[rows], self.mean[rows], self.sd[rows], self.told[rows])


class TheoryKernel:
    """Of a process whose mean function is theory, with a scale and an offset that are learned.

    With h what theory says and s its own standard deviation,

        f(x) = a + b h + c(h) + g(x) r(x),    a ~ N(0, 3),    b ~ N(1, 0.5²),    g² = A + C s²

    where c is a smooth function of h, which learns a correction that is no straight line, and r is the
    process of :class:`~molmach.agents.regression.machine_kernel.MachineKernel`, for what theory misses
    machine by machine: more where it says itself that it may be wrong. a, b, c and r are integrated out
    (basis functions with Gaussian priors: Rasmussen & Williams, section 2.7). Where theory says nothing, f
    is the machine kernel's process about zero.

    The parameters are the machine kernel's, then the logarithms of A, of C, of the variance of c and of the
    inverse square of its length.

    Parameters
    ----------
    kernel
        Of the machines.
    """

    def __init__(self, kernel: MachineKernel) -> None:
        self.machines = kernel

    @property
    def prior(self) -> tuple[Floats, Floats]:
        """Means and standard deviations of the parameters."""
        mean, sd = self.machines.prior
        own, doubt = np.array([_OWN, _STATED, _CURVED, _STEEP]).T
        return np.append(mean, own), np.append(sd, doubt)

    def mean(self, points: Foretold) -> Floats:
        """(n_points,) what theory says; zero where it says nothing."""
        return points.mean

    def matrix(self, parameters: Floats, first: Foretold, second: Foretold) -> Floats:
        """(n_first, n_second) covariances."""
        spread = _spread(parameters, first)[:, None] * _spread(parameters, second)
        covariance = spread * self.machines.matrix(parameters[:-4], first.points, second.points)
        _, _, curved, steep = np.exp(parameters[-4:])
        both = first.told[:, None] & second.told
        covariance += SCALE_SD**2 * np.outer(first.mean, second.mean)
        gap = (first.mean[:, None] - second.mean) ** 2
        covariance += both * (_OFFSET + curved * matern(steep * gap))
        return np.asarray(covariance)

    def diagonal(self, parameters: Floats, points: Foretold) -> Floats:
        """(n_points,) variances."""
        variance = _spread(parameters, points) ** 2 * self.machines.diagonal(parameters[:-4], points.points)
        variance += SCALE_SD**2 * points.mean**2 + points.told * (_OFFSET + np.exp(parameters[-2]))
        return np.asarray(variance)

    def with_gradient(
        self, parameters: Floats, points: Foretold
    ) -> tuple[Floats, Callable[[Floats], Floats]]:
        """(n, n) covariances, and what turns d/d(covariances) of a number into d/d(parameters)."""
        own, stated, curved, steep = np.exp(parameters[-4:])
        machines, pull_machines = self.machines.with_gradient(parameters[:-4], points.points)
        g = _spread(parameters, points)
        residual = g[:, None] * g * machines
        both = points.told[:, None] & points.told
        scaled = steep * (points.mean[:, None] - points.mean) ** 2
        smooth = curved * both * matern(scaled)
        total = residual + SCALE_SD**2 * np.outer(points.mean, points.mean) + both * _OFFSET + smooth

        def pull_back(slope: Floats) -> Floats:
            weighted = slope * residual
            each = 0.5 * (weighted.sum(axis=0) + weighted.sum(axis=1)) * points.told / (VARIANCE * g**2)
            bent = curved * both * matern_slope(scaled) * scaled
            ours = [
                own * each.sum(),
                stated * (each @ points.sd**2),
                np.vdot(slope, smooth),
                np.vdot(slope, bent),
            ]
            return np.append(pull_machines(slope * g[:, None] * g), ours)

        return total, pull_back


def _spread(parameters: Floats, points: Foretold) -> Floats:
    """(n,) g, in units of the machine kernel's usual standard deviation; 1 where theory says nothing."""
    own, stated = np.exp(parameters[-4:-2])
    return np.asarray(np.where(points.told, np.sqrt((own + stated * points.sd**2) / VARIANCE), 1.0))
