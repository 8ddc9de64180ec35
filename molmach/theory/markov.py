"""Continuous-time Markov chains: stationary state, currents, entropy production.

Schnakenberg, Rev. Mod. Phys. 48, 571 (1976). In a ring of three states that is left forward twice
as often as back, a third of a step is gained over each edge per unit of time, and costs ln 2 k_B a step:

    >>> import numpy as np
    >>> rates = np.array([[0.0, 2.0, 1.0], [1.0, 0.0, 2.0], [2.0, 1.0, 0.0]])
    >>> stationary_distribution(rates)
    array([0.3333, 0.3333, 0.3333])
    >>> currents(rates)[0, 1]
    0.3333
    >>> entropy_production(rates) - np.log(2.0)
    0.0
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def stationary_distribution(rates: Floats) -> Floats:
    """(n,) stationary probabilities of a connected chain.

    Parameters
    ----------
    rates
        (n, n); ``rates[i, j]`` is the rate of i -> j, the diagonal is not read.

    Computed by elimination without subtractions (Grassmann, Taksar & Heyman, Oper. Res. 33, 1107
    (1985)), so that rates many orders of magnitude apart keep their relative precision.
    """
    left = np.array(rates, dtype=np.float64)
    n = len(left)
    np.fill_diagonal(left, 0.0)
    for k in range(n - 1, 0, -1):
        out = left[k, :k].sum()
        if out <= 0.0:
            raise ValueError(f"state {k} of the chain can't be left; expected a connected chain")
        left[:k, k] /= out
        left[:k, :k] += np.outer(left[:k, k], left[k, :k])
    weight = np.ones(n)
    for k in range(1, n):
        weight[k] = weight[:k] @ left[:k, k]
    return np.asarray(weight / weight.sum())


def currents(rates: Floats) -> Floats:
    """(n, n) net stationary currents i -> j, antisymmetric."""
    flow = stationary_distribution(rates)[:, None] * np.where(np.eye(len(rates), dtype=bool), 0.0, rates)
    return np.asarray(flow - flow.T)


def entropy_production(rates: Floats) -> float:
    """Stationary entropy production in units of k_B per time; infinite where a step has no reverse."""
    flow = stationary_distribution(rates)[:, None] * np.where(np.eye(len(rates), dtype=bool), 0.0, rates)
    if np.any((flow > 0.0) & (flow.T == 0.0)):
        return float("inf")
    used = flow > 0.0
    return 0.5 * float(np.sum((flow - flow.T)[used] * np.log(flow[used] / flow.T[used])))
