"""Quantities of drives that act by events: photons, fuel, throws of a switch.

A drive names those that suit it in its model's ``quantities``. What they are made of, ``velocity``,
``diffusion``, ``event_rate``, ``event_power`` and ``entropy_rate`` of each replica, is taken of every run.
"""

from __future__ import annotations

import math

import numpy as np

from molmach.data.quantity import A_RUN, A_TURNING_RUN, NOT_NEGATIVE, Quantity, ratio
from molmach.data.statistics import Floats, mean_estimate


def rate_of_events(name: str, meaning: str) -> Quantity:
    """The drive's events per ns, under the name of what they are."""
    return Quantity(name, meaning, "1/ns", ("event_rate",), needs=A_RUN)


def power_of_events(name: str, meaning: str) -> Quantity:
    """Free energy that the events spend per time, under the name of what it is."""
    return Quantity(name, meaning, "kJ/mol/ns", ("event_power",), needs=A_RUN)


def motion_per_event(name: str, meaning: str) -> Quantity:
    """Net motion to an event, under the name of what the event is."""
    return Quantity(name, meaning, "{unit}", ("velocity", "event_rate"), ratio, needs=A_TURNING_RUN)


def _uncertainty(diffusion: Floats, entropy_rate: Floats, velocity: Floats) -> Floats:
    return ratio(diffusion * np.where(entropy_rate > 0.0, entropy_rate, math.nan), velocity**2)


def without_entropy(diffusion: Floats, entropy_rate: Floats, velocity: Floats) -> str:
    """Why nothing can be said of a current's price: nothing is spent that could be told from zero."""
    if not np.any(entropy_rate):
        return "nothing is spent and no work is done, so the machine is at equilibrium and has no current"
    if mean_estimate(entropy_rate).ci95[0] <= 0.0:
        return "the entropy production can't be told from zero"
    return ""


UNCERTAINTY_RATIO = Quantity(
    "uncertainty_ratio",
    "D s / v^2 k_B with the rate s of entropy production, at least 1 under a steady drive where inertia does "
    "not count (Barato & Seifert, Phys. Rev. Lett. 114, 158101 (2015))",
    "1",
    ("diffusion", "entropy_rate", "velocity"),
    _uncertainty,
    NOT_NEGATIVE,
    needs=A_TURNING_RUN,
    undefined=without_entropy,
)
