"""The cycle of a light-driven motor as a Markov chain.

Two photochemical and two thermal steps make a turn: stable 1 -light-> metastable 2 -THI-> stable 2 -light->
metastable 1 -THI-> stable 1. Light also drives each photochemical step back; each helix inversion goes back
with the rate that detailed balance gives. Where rotor or stator is symmetric, 1 and 2 are the same molecule
half a turn apart; else they are the E and the Z isomer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from molmach.studies.kinetics.inversion import HelixInversion
from molmach.theory import currents, stationary_distribution

_SYMMETRIC = ("1", "2")


@dataclass(frozen=True)
class Cycle:
    """The stationary turning of a motor.

    Attributes
    ----------
    excitation_rate
        Photons absorbed by one motor, 1/s, the mean over the time.
    frequency
        Net turns, 1/s.
    directionality
        (forward - backward) / (forward + backward) turns.
    photon_efficiency
        Net turns per absorbed photon.
    states
        In the order of the turn.
    populations
        Of the states.
    """

    excitation_rate: float
    frequency: float
    directionality: float
    photon_efficiency: float
    states: tuple[str, ...]
    populations: tuple[float, ...]


def motor_cycle(
    excitation_rate: float,
    inversions: Sequence[HelixInversion],
    yields: tuple[float, float],
    absorbing: Sequence[tuple[float, float]] = (),
) -> Cycle:
    """The cycle of a motor from its thermal steps, one or two (E and Z).

    Light takes a form to the other isomer's form of opposite helicity. Where the stable forms of both isomers
    have opposite helicities, that is from the stable form of one to that of the other, and one of the helix
    inversions has to climb.

    Parameters
    ----------
    excitation_rate
        Photons absorbed per motor and second.
    inversions
        As :func:`molmach.studies.kinetics.search.helix_inversions` finds them.
    yields
        Quantum yields of half a turn from a stable and from a metastable form.
    absorbing
        How many times this rate the stable and the metastable form of each inversion absorb; default once.
    """
    one, two = ((*absorbing, *absorbing) or ((1.0, 1.0), (1.0, 1.0)))[:2]
    first, second = (*inversions, *inversions)[:2]
    names = (first.isomer, second.isomer) if len(inversions) > 1 else _SYMMETRIC
    forth, back = yields
    if first.helicities[0] * second.helicities[0] > 0.0:
        states = (
            f"stable {names[0]}",
            f"metastable {names[1]}",
            f"stable {names[1]}",
            f"metastable {names[0]}",
        )
        absorbed = (one[0], two[1], two[0], one[1])
        thermal = [second.rates, first.rates]
        return four_state_cycle(excitation_rate, thermal, [yields], states, absorbed)
    states = (f"stable {names[0]}", f"stable {names[1]}", f"metastable {names[1]}", f"metastable {names[0]}")
    thermal = [second.rates[::-1], first.rates]
    absorbed = (one[0], two[0], two[1], one[1])
    return four_state_cycle(excitation_rate, thermal, [(forth, forth), (back, back)], states, absorbed)


def four_state_cycle(
    excitation_rate: float,
    thermal: Sequence[tuple[float, float]],
    yields: Sequence[tuple[float, float]],
    states: tuple[str, ...],
    absorbing: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0),
) -> Cycle:
    """The stationary cycle at one light intensity.

    Parameters
    ----------
    excitation_rate
        Photons absorbed per motor and second.
    thermal
        Rates of the two thermal steps (second state -> third, fourth -> first), each (forward, backward),
        1/s; one pair where both are alike.
    yields
        Quantum yields of the two photochemical steps (first state -> second, third -> fourth), each
        (forward, backward); one pair where both are alike.
    states
        Names, in the order of the turn.
    absorbing
        How many times the rate each state absorbs.
    """
    dark, light = (*thermal, *thermal)[:2], (*yields, *yields)[:2]
    rates = np.zeros((4, 4))
    for half in range(2):
        ends = absorbing[2 * half : 2 * half + 2]
        photochemical = tuple(excitation_rate * a * y for a, y in zip(ends, light[half], strict=True))
        for state, (onward, backward) in ((2 * half, photochemical), (2 * half + 1, dark[half])):
            rates[state, (state + 1) % 4] += onward
            rates[(state + 1) % 4, state] += backward
    frequency = float(currents(rates)[0, 1])
    shares = tuple(float(p) for p in stationary_distribution(rates))
    onward = math.prod(rates[s, (s + 1) % 4] for s in range(4))
    backward = math.prod(rates[(s + 1) % 4, s] for s in range(4))
    absorbed = excitation_rate * sum(a * p for a, p in zip(absorbing, shares, strict=True)) / sum(shares)
    return Cycle(
        excitation_rate=absorbed,
        frequency=frequency,
        directionality=(onward - backward) / (onward + backward),
        photon_efficiency=frequency / absorbed,
        states=states,
        populations=shares,
    )
