"""What is known of a thermal helix inversion: its points, its barrier and its rate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from molmach.studies.kinetics.level import BARRIER_ERROR, Floats
from molmach.studies.kinetics.modes import Modes
from molmach.studies.kinetics.rates import eyring_rate, half_life
from molmach.studies.kinetics.tunnelling import eckart, wigner
from molmach.units import BOLTZMANN

QUICK_GUESSES = 24
"""Elastic bands of a first look."""

QUICK_ERROR = 4.6
"""Standard error of a first look's Gibbs energy of activation against the whole search, kJ/mol.

The root mean square of five motors is 2.2 (``docs/how-to/find-a-half-life.md``); the standard deviation that
would give so little or less with a probability of 5 % is 4.6.
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
    """A stationary point with its modes.

    Attributes
    ----------
    energy, positions, modes
        Energy at the level, kJ/mol; (n_atoms, 3), nm; of the surface on which it is stationary.
    gibbs
        Gibbs energy of one copy, kJ/mol (translation left out).
    copies
        How many distinguishable structures it stands for: 1 or 2 (its mirror image, where that counts), over
        its symmetry number.
    surface_energy
        Energy on the surface on which it is stationary, kJ/mol, where the level's is another; None else.
    """

    energy: float
    positions: Floats
    modes: Modes
    gibbs: float
    copies: float = 1.0
    surface_energy: float | None = None

    @property
    def on_surface(self) -> float:
        """Energy on the surface on which it is stationary, kJ/mol."""
        return self.energy if self.surface_energy is None else self.surface_energy


def joint_gibbs(points: Sequence[Point], temperature: float) -> float:
    """-kT ln of the sum of copies exp(-G/kT): the Gibbs energy of all points together, kJ/mol."""
    kT = BOLTZMANN * temperature
    lowest = min(point.gibbs for point in points)
    return lowest - kT * math.log(sum(p.copies * math.exp((lowest - p.gibbs) / kT) for p in points))


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
        Where going down both ways from the saddle ends; empty of a first look that has no relative's saddle,
        for it does not go there.
    mechanisms
        Energies above the metastable form of all saddles that were refined, kJ/mol, lowest first.
    quick
        Whether it is a first look: few guesses, one saddle, the force field's vibrations, no way down.
    more_saddles
        The others that cross and lie within 10 kJ/mol of the lowest one; all of them enter the rate.
    more_stable, more_metastable
        Conformers of the forms beside the lowest, within 10 kJ/mol of it.
    solvent
        In which the energies are; None for none.
    inherited
        How many saddles that join the forms were refined from relatives' saddles.
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
    more_saddles: tuple[Point, ...] = ()
    more_stable: tuple[Point, ...] = ()
    more_metastable: tuple[Point, ...] = ()
    solvent: str | None = None
    inherited: int = 0

    @property
    def crosses(self) -> bool:
        """Whether going down from the saddle ends on both sides, in forms of opposite helicity.

        Where a first look did not go down, it is taken for granted.
        """
        return not self.descents or self.descents[0].helicity * self.descents[1].helicity < 0.0

    @property
    def connected(self) -> bool:
        """Whether going down both ways ends in conformers of the two forms, not in others beside them.

        Where a first look did not go down, it is taken for granted.
        """
        if not self.descents:
            return True
        return self.crosses and all(self._is_form(descent) for descent in self.descents)

    def _is_form(self, descent: Descent) -> bool:
        """Whether a descent ends in a conformer of the form of its helicity."""
        stable = descent.helicity * self.helicities[0] > 0.0
        conformers = (self.stable, *self.more_stable) if stable else (self.metastable, *self.more_metastable)
        above = [point.on_surface - self.metastable.on_surface for point in conformers]
        return any(abs(descent.energy - energy) < _SAME_FORM for energy in above)

    @property
    def saddles(self) -> tuple[Point, ...]:
        """All saddles that enter the rate, the lowest first."""
        return (self.saddle, *self.more_saddles)

    @property
    def barrier(self) -> float:
        """Gibbs energy of activation from the metastable form over all saddles together, kJ/mol."""
        return joint_gibbs(self.saddles, self.temperature) - self._metastable_gibbs

    @property
    def _metastable_gibbs(self) -> float:
        return joint_gibbs((self.metastable, *self.more_metastable), self.temperature)

    @property
    def energy_barrier(self) -> float:
        """Energy of the lowest saddle above the metastable form, without zero-point energy and entropy."""
        return self.saddle.energy - self.metastable.energy

    @property
    def drop(self) -> float:
        """Gibbs energy from the metastable down to the stable form, kJ/mol, positive where it is a drop."""
        return self._metastable_gibbs - joint_gibbs((self.stable, *self.more_stable), self.temperature)

    @property
    def shares(self) -> tuple[float, ...]:
        """Shares of the rate that go over each of :attr:`saddles`."""
        kT, joint = BOLTZMANN * self.temperature, joint_gibbs(self.saddles, self.temperature)
        return tuple(point.copies * math.exp((joint - point.gibbs) / kT) for point in self.saddles)

    @property
    def tunnelling(self) -> dict[str, float]:
        """Factors by which Wigner's and Eckart's transmission would raise the rate; empty if not defined."""
        forward, backward = (
            self.energy_barrier + self.saddle.modes.zero_point - self.metastable.modes.zero_point,
            self.saddle.energy
            + self.saddle.modes.zero_point
            - self.stable.energy
            - self.stable.modes.zero_point,
        )
        if not self.saddle.modes.imaginary or min(forward, backward) <= 0.0:
            return {}
        wavenumber = float(-self.saddle.modes.wavenumbers[0])
        return {
            "wigner": wigner(wavenumber, self.temperature),
            "eckart": eckart(forward, backward, wavenumber, self.temperature),
        }

    def shifted(self, shift: float) -> Self:
        """The step with its saddles so much higher, kJ/mol."""
        first, *more = (replace(point, gibbs=point.gibbs + shift) for point in self.saddles)
        return replace(self, saddle=first, more_saddles=tuple(more))

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
            "connected": self.connected if self.descents else None,
            "crosses": self.crosses if self.descents else None,
            "quick": self.quick,
            "saddles_from_relatives": self.inherited,
            "descents": [vars(descent) for descent in self.descents],
            "saddles": list(self.mechanisms),
            "saddles_in_rate": [
                {
                    "gibbs": point.gibbs - self.metastable.gibbs,
                    "copies": point.copies,
                    "imaginary_wavenumber": None if self.quick else float(-point.modes.wavenumbers[0]),
                    "share": share,
                }
                for point, share in zip(self.saddles, self.shares, strict=True)
            ],
            "conformers": {
                "stable": [p.gibbs - self.stable.gibbs for p in (self.stable, *self.more_stable)],
                "metastable": [
                    p.gibbs - self.metastable.gibbs for p in (self.metastable, *self.more_metastable)
                ],
            },
            "tunnelling": None if self.quick else self.tunnelling,
            "solvent": self.solvent,
        }
