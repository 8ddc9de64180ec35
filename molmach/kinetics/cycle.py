"""The cycle of a light-driven motor as a Markov chain.

Two photochemical and two thermal steps make a turn: stable 1 -light-> metastable 2 -THI-> stable 2 -light->
metastable 1 -THI-> stable 1. Light also drives each photochemical step back; each helix inversion goes back
with the rate that detailed balance gives.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from molmach.theory import currents, stationary_distribution

STATES = ("stable 1", "metastable 2", "stable 2", "metastable 1")


@dataclass(frozen=True)
class Cycle:
    """The stationary turning of a motor.

    Attributes
    ----------
    excitation_rate
        Photons absorbed by one motor, 1/s.
    frequency
        Net turns, 1/s.
    directionality
        (forward - backward) / (forward + backward) turns.
    photon_efficiency
        Net turns per absorbed photon.
    populations
        Of :data:`STATES`.
    """

    excitation_rate: float
    frequency: float
    directionality: float
    photon_efficiency: float
    populations: tuple[float, ...]


def four_state_cycle(
    excitation_rate: float,
    thermal: Sequence[tuple[float, float]],
    yields: tuple[float, float],
) -> Cycle:
    """The stationary cycle at one light intensity.

    Parameters
    ----------
    excitation_rate
        Photons absorbed per motor and second, the same in all forms.
    thermal
        Rates of the two helix inversions (metastable 2 -> stable 2, metastable 1 -> stable 1), each
        (forward, backward), 1/s; one pair where both are alike.
    yields
        Quantum yields stable -> metastable and back.
    """
    first, second = (*thermal, *thermal)[:2]
    forth, back = (excitation_rate * y for y in yields)
    rates = np.zeros((4, 4))
    for state, (onward, backward) in enumerate(((forth, back), first, (forth, back), second)):
        rates[state, (state + 1) % 4] += onward
        rates[(state + 1) % 4, state] += backward
    frequency = float(currents(rates)[0, 1])
    onward = math.prod(rates[s, (s + 1) % 4] for s in range(4))
    backward = math.prod(rates[(s + 1) % 4, s] for s in range(4))
    return Cycle(
        excitation_rate=excitation_rate,
        frequency=frequency,
        directionality=(onward - backward) / (onward + backward),
        photon_efficiency=frequency / excitation_rate,
        populations=tuple(float(p) for p in stationary_distribution(rates)),
    )
