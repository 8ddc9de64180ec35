"""Places where a coordinate dwells, read from its own samples, and which of them was visited last."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from molmach.data.statistics import Floats

BINS = 72
"""Of the histogram in which wells are looked for: five degrees of a turn."""

_SMOOTHING_BINS = 1.2
_LEAST_BARRIER = 2.0
"""Two wells are told apart where the density between them falls by this many e-folds below the lower peak."""

LEAST_SHARE = 0.005
"""Of all samples, in a well that counts as a form: fewer are on their way from one to another."""

_CORE = 1.0
"""A well's core reaches out to where the density has fallen by so many e-folds."""


@dataclass(frozen=True, eq=False)
class Wells:
    """Wells along a coordinate.

    Attributes
    ----------
    edges
        (n_bins + 1,) of bins, rising; over one period where there is one.
    well
        (n_bins,) number of the well to which a bin belongs, by the lowest density between two.
    core
        (n_bins,) number of the well in whose core a bin lies, or -1.
    peaks
        (n_wells,) places of the greatest density.
    period
        Of the coordinate; None where it is open.
    """

    edges: Floats
    well: NDArray[np.int64]
    core: NDArray[np.int64]
    peaks: Floats
    period: float | None

    @property
    def count(self) -> int:
        """Number of wells."""
        return self.peaks.size

    def bins(self, coordinate: Floats) -> NDArray[np.int64]:
        """Bin of each value; the outermost ones hold what lies beyond them."""
        low, high = self.edges[0], self.edges[-1]
        values = coordinate if self.period is None else low + (coordinate - low) % self.period
        places = (values - low) / (high - low) * self.well.size
        return np.asarray(np.clip(np.floor(places), 0, self.well.size - 1), dtype=np.int64)

    def visits(self, coordinate: Floats) -> NDArray[np.int64]:
        """(..., n_samples) well whose core was visited last; before the first visit the well of the place.

        So a machine that looks into the next well and comes back has not changed wells (Buchete & Hummer,
        J. Phys. Chem. B 112, 6057 (2008)).
        """
        bins = self.bins(coordinate)
        now = self.core[bins]
        latest = np.maximum.accumulate(np.where(now >= 0, np.arange(now.shape[-1]), -1), axis=-1)
        held = np.take_along_axis(now, np.maximum(latest, 0), axis=-1)
        return np.asarray(np.where(latest >= 0, held, self.well[bins]))


def wells_of(
    samples: Floats,
    period: float | None,
    limits: tuple[float, float] | None = None,
    least_share: float = LEAST_SHARE,
) -> Wells:
    """Wells of the density of samples.

    The histogram is smoothed by six degrees or as small a share of the range; wells that no barrier of two
    e-folds parts are one, and so is one that holds too little with its neighbour.

    Parameters
    ----------
    samples
        (n,) values of the coordinate, in any order.
    period
        Of the coordinate, whose bins begin at minus half of it; None where it is open.
    limits
        Least and greatest value of the bins of an open coordinate; default those of the samples.
    least_share
        Of the samples, in a well.
    """
    if period is not None:
        low, high = -0.5 * period, 0.5 * period
        values = low + (samples - low) % period
    else:
        low, high = limits if limits is not None else (float(samples.min()), float(samples.max()) + 1e-9)
        values = samples
    edges = np.linspace(low, high, BINS + 1)
    counts = np.histogram(values, edges)[0].astype(np.float64)
    density = scipy.ndimage.gaussian_filter1d(
        counts, _SMOOTHING_BINS, mode="nearest" if period is None else "wrap"
    )
    well = _merged(
        _territories(density, period is not None), density, counts, period is not None, least_share
    )
    return _numbered(edges, well, density, period)


def _territories(density: Floats, closed: bool) -> NDArray[np.int64]:
    """(n_bins,) local maximum to which each bin climbs."""
    size = density.size
    below, above = np.roll(density, 1), np.roll(density, -1)
    if not closed:
        below[0], above[-1] = -math.inf, -math.inf
    uphill = np.where(below > above, -1, 1)
    uphill[density >= np.maximum(below, above)] = 0
    target = (np.arange(size) + uphill) % size
    for _ in range(math.ceil(math.log2(size))):
        target = target[target]
    return np.asarray(target)


def _merged(
    territory: NDArray[np.int64], density: Floats, counts: Floats, closed: bool, least_share: float
) -> NDArray[np.int64]:
    """Territories made one where no barrier parts them or one holds too little, the least parted first."""
    well, size = territory.copy(), density.size
    logarithm = np.log(np.maximum(density, 1e-12 * density.max()))
    while True:
        border = np.flatnonzero(well != np.roll(well, -1))
        if not closed:
            border = border[border != size - 1]
        if not border.size:
            return well
        beside = (border + 1) % size
        here, there = well[border], well[beside]
        barrier = np.minimum(logarithm[here], logarithm[there])
        barrier = barrier - np.minimum(logarithm[border], logarithm[beside])
        mass = np.bincount(well, counts, size) / counts.sum()
        too_small = np.minimum(mass[here], mass[there]) < max(least_share, 0.5 / counts.sum())
        weakest = int(np.argmin(np.where(too_small, barrier - 1e6, barrier)))
        if barrier[weakest] >= _LEAST_BARRIER and not too_small[weakest]:
            return well
        one, other = int(here[weakest]), int(there[weakest])
        well[(well == one) | (well == other)] = one if density[one] >= density[other] else other


def _numbered(edges: Floats, well: NDArray[np.int64], density: Floats, period: float | None) -> Wells:
    """Wells numbered in the order of their places, with their cores."""
    peaks, number = np.unique(well, return_inverse=True)
    core = np.where(density >= density[well] * math.exp(-_CORE), number, -1)
    centres = 0.5 * (edges[:-1] + edges[1:])
    return Wells(edges, number.astype(np.int64), core.astype(np.int64), centres[peaks], period)
