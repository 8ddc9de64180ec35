"""How often the 95 % interval of a mean over replicas holds the truth."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from molmach.data.intervals import SkewedOrRare

Floats = NDArray[np.float64]
REPLICAS = (8, 16, 32, 64)
RATES = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)

_BIMODAL_NOISE = 0.1

SHAPES: dict[str, tuple[Callable[[np.random.Generator, int], Floats], float]] = {
    "normal": (lambda rng, n: rng.normal(size=n), 0.0),
    "two values, half each": (lambda rng, n: rng.choice([-1.0, 1.0], n), 0.0),
    "two values with noise": (
        lambda rng, n: rng.choice([-1.0, 1.0], n) + _BIMODAL_NOISE * rng.normal(size=n), 0.0,
    ),
    "Student's t, 3 degrees": (lambda rng, n: rng.standard_t(3.0, n), 0.0),
    "exponential": (lambda rng, n: rng.exponential(size=n), 1.0),
    "lognormal, 0.5": (lambda rng, n: rng.lognormal(0.0, 0.5, n), float(np.exp(0.125))),
    "lognormal, 1": (lambda rng, n: rng.lognormal(0.0, 1.0, n), float(np.exp(0.5))),
}  # fmt: skip


def covered_hops(replicas: int, rate: float, forward: float, runs: int) -> float:
    """Share of intervals of net hops a replica that hold the truth; each replica librates too.

    Parameters
    ----------
    replicas, rate, forward
        Replicas, hops each makes in the mean, share of them that go forward.
    runs
        To make.
    """
    rng = np.random.default_rng([replicas, round(1000.0 * rate), round(10.0 * forward)])
    truth, held = rate * (2.0 * forward - 1.0), 0
    for _ in range(runs):
        ahead = rng.poisson(rate * forward, replicas).astype(np.float64)
        back = rng.poisson(rate * (1.0 - forward), replicas).astype(np.float64)
        values = ahead - back + 0.03 * rng.normal(size=replicas)
        low, high = SkewedOrRare().estimate([values, ahead, back, np.ones(replicas)], lambda mean: mean).ci95
        held += low <= truth <= high
    return held / runs


def covered_shape(name: str, replicas: int, runs: int) -> float:
    """Share of intervals of the mean of replicas of that distribution that hold the truth."""
    rng = np.random.default_rng(replicas)
    draw, truth = SHAPES[name]
    held = 0
    for _ in range(runs):
        low, high = SkewedOrRare().estimate([draw(rng, replicas)], lambda mean: mean).ci95
        held += low <= truth <= high
    return held / runs


def coverage_rows(runs: int) -> Iterator[str]:
    """Rows of the table of coverage, %."""
    yield "| replicas | " + " | ".join(map(str, REPLICAS)) + " |"
    yield "|---" * (1 + len(REPLICAS)) + "|"
    for way, forward in (("one way", 1.0), ("either way", 0.5)):
        for rate in RATES:
            shares = [covered_hops(n, rate, forward, runs) for n in REPLICAS]
            yield f"| {rate:g} hops a replica, {way} | " + " | ".join(f"{100 * s:.1f}" for s in shares) + " |"
    for name in SHAPES:
        shares = [covered_shape(name, n, runs) for n in REPLICAS]
        yield f"| {name} | " + " | ".join(f"{100 * s:.1f}" for s in shares) + " |"
