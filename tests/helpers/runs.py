"""Runs and series whose numbers are made by hand, so that what they mean is known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from molmach.building import Assembly
from molmach.data import Performance, Run, Series
from molmach.spec import Spec

Floats = NDArray[np.float64]


def series_of(
    time_ps: Floats,
    coordinate: Floats,
    *,
    intact: NDArray[np.bool_] | None = None,
    followers: Floats | None = None,
    work: Floats | None = None,
) -> Series:
    """A series at 300 K whose drive does work that all becomes heat; no events, no change of energy.

    That work is ``work`` (n_replicas, n_samples), kJ/mol, or else 1 kJ/mol/ps. ``coordinate`` is (n_replicas, n_samples); ``intact`` (n_replicas,) is true unless given;
    ``followers`` is (n_followers, n_replicas, n_samples).
    """
    replicas, samples = coordinate.shape
    nothing = np.zeros((replicas, samples))
    spent = np.tile(time_ps - time_ps[0], (replicas, 1)) if work is None else work
    return Series(
        time_ps=time_ps,
        coordinate=coordinate,
        heat=spent,
        drive_work=spent,
        load_work=nothing,
        events=nothing,
        energy_change=np.zeros(replicas),
        temperature=np.full(replicas, 300.0),
        intact=np.ones(replicas, dtype=bool) if intact is None else intact,
        followers=np.zeros((0, 0, 0)) if followers is None else followers,
    )


def run_of(spec: Spec, assembly: Assembly, series: Series) -> Run:
    """A run of a machine that has this history under the spec's drive."""
    return Run(spec, assembly, spec.drive, series, Performance(1.0, 1.0, "native", "Reference", 1))
