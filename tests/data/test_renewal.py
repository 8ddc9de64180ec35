"""Intervals of shares of time from few visits, against exact two-state processes."""

from __future__ import annotations

import numpy as np
import pytest

from molmach.data.quantity import mean
from molmach.data.renewal import StudentOrVisits, share_from_visits


def _replicas(rng: np.random.Generator, replicas: int, leave: float, come: float) -> list[np.ndarray]:
    """(n_replicas,) share of a run of length 1 in the state of the start, entries into it and exits from it."""
    shares, entries, exits = np.zeros((3, replicas))
    for r in range(replicas):
        time, inside = 0.0, True
        while True:
            stay = rng.exponential(1.0 / (leave if inside else come))
            shares[r] += (min(1.0, time + stay) - time) * inside
            time += stay
            if time >= 1.0:
                break
            exits[r] += inside
            entries[r] += not inside
            inside = not inside
    return [shares, entries, exits]


@pytest.mark.parametrize("replicas", [4, 16, 64])
@pytest.mark.parametrize(("leave", "come"), [(0.05, 0.05), (0.5, 0.5), (3.0, 3.0), (0.2, 2.0), (5.0, 1.0)])
def test_a_share_s_interval_holds_it_wherever_the_replicas_began(
    replicas: int, leave: float, come: float
) -> None:
    """All replicas start in one state, as built. 95 % intervals of 100 runs, at least 89 of which hold the exact
    share: false alarm 0.4 % where the coverage is 95 % (it is 96 to 99 %); Student's holds 0 to 60 of them."""
    rng = np.random.default_rng(replicas)
    exact, held = come / (leave + come), 0
    for _ in range(100):
        estimate = StudentOrVisits().estimate(_replicas(rng, replicas, leave, come), mean)
        assert estimate.ci95[1] > estimate.ci95[0]
        held += estimate.ci95[0] <= exact <= estimate.ci95[1]
    assert held >= 89


def test_without_a_visit_nothing_is_known_and_with_many_the_rates_decide() -> None:
    assert share_from_visits(1.0, 0, 0) == (0.0, 1.0)
    low, high = share_from_visits(0.25, 40_000, 40_000)
    assert (low, high) == pytest.approx((0.25 - 0.0026, 0.25 + 0.0026), abs=3e-4)
    left_once = share_from_visits(0.99, 0, 1)
    assert left_once[0] < 0.5 < left_once[1] <= 1.0
