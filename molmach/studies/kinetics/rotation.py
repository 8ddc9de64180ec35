"""What is known of a full turn about a single bond: its wells and saddles, barriers and rates.

Wells and saddles carry the numbers of their atoms, so that each saddle joins two wells of the ring and no
symmetry number enters: what is equal by symmetry is there several times.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from molmach.studies.kinetics.inversion import NORMAL_95, Point
from molmach.studies.kinetics.level import TORSION_ERROR
from molmach.studies.kinetics.rates import eyring_rate, half_life
from molmach.units import BOLTZMANN


@dataclass(frozen=True, eq=False)
class Well:
    """A minimum of the ring: torsion, rad, and its point."""

    torsion: float
    point: Point


@dataclass(frozen=True, eq=False)
class Pass:
    """The saddle from a well of the ring to the next: torsion, rad, its point, and whether it is sound.

    ``connected`` says whether going down both ways ends in the two wells.
    """

    torsion: float
    point: Point
    converged: bool
    connected: bool


@dataclass(frozen=True, eq=False)
class HinderedRotation:
    """A full turn about a single bond.

    Attributes
    ----------
    level, temperature, solvent
        Of the energies; K; None for none.
    wells, passes
        In the order of the torsion; ``passes[k]`` leads from ``wells[k]`` to the next one.
    """

    level: str
    temperature: float
    solvent: str | None
    wells: tuple[Well, ...]
    passes: tuple[Pass, ...]

    @property
    def lowest(self) -> Well:
        """The lowest well."""
        return min(self.wells, key=lambda well: well.point.gibbs)

    def barriers(self, number: int) -> tuple[float, float]:
        """Gibbs energies of activation over a pass, forth and back, kJ/mol."""
        top = self.passes[number].point.gibbs
        ends = (self.wells[number], self.wells[(number + 1) % len(self.wells)])
        return top - ends[0].point.gibbs, top - ends[1].point.gibbs

    @property
    def barrier(self) -> float:
        """Of a full turn: the highest saddle above the lowest well, Gibbs energy, kJ/mol."""
        return max(p.point.gibbs for p in self.passes) - self.lowest.point.gibbs

    @property
    def exchange_barrier(self) -> float:
        """Out of the lowest well into another: the lower of its two saddles, Gibbs energy, kJ/mol."""
        return min(self._tops) - self.lowest.point.gibbs

    @property
    def half_life(self) -> float:
        """Of the lowest well, over both of its saddles, s."""
        lowest = self.lowest.point.gibbs
        return half_life(sum(eyring_rate(top - lowest, self.temperature) for top in self._tops))

    @property
    def _tops(self) -> tuple[float, float]:
        """Gibbs energies of the saddles on both sides of the lowest well, kJ/mol."""
        place = self.wells.index(self.lowest)
        return self.passes[place].point.gibbs, self.passes[place - 1].point.gibbs

    @property
    def barrier_error(self) -> float | None:
        """Standard error of a barrier, kJ/mol: the level's, as measured; None where it was not."""
        return TORSION_ERROR.get(self.level)

    @property
    def half_life_interval(self) -> tuple[float, float] | None:
        """95 % interval of the half-life that the barriers' error leaves, s; None where that is not known."""
        if self.barrier_error is None:
            return None
        factor = math.exp(NORMAL_95 * self.barrier_error / (BOLTZMANN * self.temperature))
        return self.half_life / factor, self.half_life * factor

    @property
    def turn_diffusion(self) -> float:
        """Diffusion of the angle by hops from well to well, turn^2/s: 1/sum over passes of 1/(p k)."""
        kT = BOLTZMANN * self.temperature
        weights = np.exp([(self.lowest.point.gibbs - well.point.gibbs) / kT for well in self.wells])
        shares = weights / weights.sum()
        forth = [eyring_rate(self.barriers(k)[0], self.temperature) for k in range(len(self.passes))]
        return float(1.0 / np.sum(1.0 / (shares * np.array(forth))))

    def to_json(self) -> list[dict[str, Any]]:
        """What the document says of each pass; torsions in degrees, energies in kJ/mol, rates in 1/s."""
        steps = []
        for number, passed in enumerate(self.passes):
            start, end = self.wells[number], self.wells[(number + 1) % len(self.wells)]
            forth, back = self.barriers(number)
            steps.append(
                {
                    "name": f"rotation_{number + 1}",
                    "from": math.degrees(start.torsion),
                    "saddle": math.degrees(passed.torsion),
                    "to": math.degrees(end.torsion),
                    "barrier": forth,
                    "barrier_back": back,
                    "energy_barrier": passed.point.energy - start.point.energy,
                    "rate": eyring_rate(forth, self.temperature),
                    "half_life": half_life(eyring_rate(forth, self.temperature)),
                    "imaginary_modes": passed.point.modes.imaginary,
                    "converged": passed.converged,
                    "connected": passed.connected,
                }
            )
        return steps
