"""What is known of a thermal helix inversion: its points, its barrier and its rate."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from molmach.studies.kinetics.level import BARRIER_ERROR, Floats
from molmach.studies.kinetics.modes import Modes
from molmach.studies.kinetics.rates import eyring_rate, half_life

QUICK_GUESSES = 24
"""Elastic bands of a first look."""

QUICK_ERROR = 2.0
"""Standard error of a first look's Gibbs energy of activation against the whole search, kJ/mol.

The root mean square of four motors is 0.8 (``docs/how-to/find-a-half-life.md``); the standard deviation that
would give so little or less with a probability of 5 % is 1.8.
"""

_SAME_FORM = 2.0
NORMAL_95 = 1.959964
"""Half-width of a normal 95 % interval in standard errors."""


def barrier_error(level: str, quick: bool = False) -> float | None:
    """Standard error of a barrier at a level, kJ/mol; None where it was not measured."""
    error = BARRIER_ERROR.get(level)
    return error if error is None or not quick else math.hypot(error, QUICK_ERROR)


@dataclass(frozen=True, eq=False)
class Point:
    """A stationary point with its modes; ``gibbs`` is its Gibbs energy, kJ/mol (translation left out)."""

    energy: float
    positions: Floats
    modes: Modes
    gibbs: float


@dataclass(frozen=True)
class Descent:
    """The minimum below a saddle on one side: energy above the metastable form, kJ/mol, and fjord torsion."""

    energy: float
    helicity: float


@dataclass(frozen=True, eq=False)
class HelixInversion:
    """A thermal step of an overcrowded-alkene motor.

    Attributes
    ----------
    isomer
        ``E`` or ``Z``; empty for a motor whose two isomers are the same.
    level, temperature
        Of the energies; K.
    stable, metastable, saddle
        The points; atoms are numbered alike in all three.
    helicities
        Fjord torsions of stable and metastable form, rad.
    converged
        Whether the saddle's gradient is below the limit.
    descents
        Where going down both ways from the saddle ends; empty of a first look, which does not go there.
    mechanisms
        Energies above the metastable form of all saddles that were refined, kJ/mol, lowest first.
    quick
        Whether it is a first look: few guesses, one saddle, the force field's vibrations, no way down.
    """

    isomer: str
    level: str
    temperature: float
    stable: Point
    metastable: Point
    saddle: Point
    helicities: tuple[float, float]
    converged: bool
    descents: tuple[Descent, ...]
    mechanisms: tuple[float, ...]
    quick: bool = False

    @property
    def crosses(self) -> bool:
        """Whether going down from the saddle ends on both sides, in forms of opposite helicity.

        A first look takes it for granted.
        """
        return self.quick or self.descents[0].helicity * self.descents[1].helicity < 0.0

    @property
    def connected(self) -> bool:
        """Whether going down both ways ends in the very two forms, not in others beside them.

        A first look takes it for granted.
        """
        if self.quick:
            return True
        ends = sorted(descent.energy for descent in self.descents)
        forms = sorted((self.stable.energy - self.metastable.energy, 0.0))
        return self.crosses and all(abs(a - b) < _SAME_FORM for a, b in zip(ends, forms, strict=True))

    @property
    def barrier(self) -> float:
        """Gibbs energy of activation from the metastable form, kJ/mol."""
        return self.saddle.gibbs - self.metastable.gibbs

    @property
    def energy_barrier(self) -> float:
        """The same without zero-point energy and entropy."""
        return self.saddle.energy - self.metastable.energy

    @property
    def drop(self) -> float:
        """Gibbs energy from the metastable down to the stable form, kJ/mol, positive where it is a drop."""
        return self.metastable.gibbs - self.stable.gibbs

    @property
    def rates(self) -> tuple[float, float]:
        """Eyring rates metastable -> stable and back, 1/s."""
        return (
            eyring_rate(self.barrier, self.temperature),
            eyring_rate(self.barrier + self.drop, self.temperature),
        )

    @property
    def half_life(self) -> float:
        """Of the metastable form, s."""
        return half_life(self.rates[0])

    @property
    def barrier_error(self) -> float | None:
        """Standard error of the barrier, kJ/mol: the level's, as measured; None where it was not.

        A first look's own error is added to it as independent.
        """
        return barrier_error(self.level, self.quick)

    @property
    def half_life_interval(self) -> tuple[float, float] | None:
        """95 % interval of the half-life that the barrier's error leaves, s; None where that is not known."""
        if self.barrier_error is None:
            return None
        beside = NORMAL_95 * self.barrier_error
        low, high = (eyring_rate(self.barrier + shift, self.temperature) for shift in (-beside, beside))
        return half_life(low), half_life(high)

    def to_json(self) -> dict[str, Any]:
        """What the document says of the step; energies in kJ/mol, rates in 1/s."""
        form = f" {self.isomer}" if self.isomer else ""
        return {
            "name": "thermal_helix_inversion" + form.replace(" ", "_"),
            "from": "metastable" + form,
            "to": "stable" + form,
            "barrier": self.barrier,
            "energy_barrier": self.energy_barrier,
            "drop": self.drop,
            "rate": self.rates[0],
            "barrier_error": self.barrier_error,
            "half_life": self.half_life,
            "half_life_ci95": self.half_life_interval,
            "helicities": list(self.helicities),
            "imaginary_modes": None if self.quick else self.saddle.modes.imaginary,
            "imaginary_wavenumber": None if self.quick else float(-self.saddle.modes.wavenumbers[0]),
            "converged": self.converged,
            "connected": None if self.quick else self.connected,
            "crosses": None if self.quick else self.crosses,
            "quick": self.quick,
            "descents": [vars(descent) for descent in self.descents],
            "saddles": list(self.mechanisms),
        }
