"""What is known of a ring's passages between two neighbouring stations."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from molmach.data.statistics import Estimate, finite_or_none
from molmach.studies.profile.shooting import LONGEST_PS

MOST_UNDECIDED = 0.05
"""A larger share of trajectories that came to no station is warned of."""


@dataclass(frozen=True)
class Crossing:
    """The ring's passages between two neighbouring stations in one state of the drive's switch.

    Attributes
    ----------
    state
        As the profile names it.
    stations
        The two, in the order of their places.
    top
        Where between them the ring is least likely to be, nm along the axle.
    shots
        Pairs of trajectories.
    undecided
        Share of the trajectories, by their weights, that had come to neither station when they were ended.
    transmission
        Passages a crossing of the surfaces from which was shot: transition-state theory there times this is
        the rate.
    rates
        By station that is left: passages to the other a second, for a ring on this one's side of the top.
    activation
        The same as Gibbs energies of activation by Eyring's equation, kJ/mol.
    """

    state: str
    stations: tuple[str, str]
    top: float
    shots: int
    undecided: float
    transmission: Estimate
    rates: dict[str, Estimate]
    activation: dict[str, Estimate]

    def to_json(self) -> dict[str, Any]:
        """What the document says of it."""
        return {
            "state": self.state,
            "stations": list(self.stations),
            "top": self.top,
            "shots": self.shots,
            "undecided": finite_or_none(self.undecided),
            "transmission": self.transmission.to_json(),
            "rates": {name: rate.to_json() for name, rate in self.rates.items()},
            "activation": {name: energy.to_json() for name, energy in self.activation.items()},
        }

    @classmethod
    def of_json(cls, content: Mapping[str, Any]) -> Crossing:
        """Read back what :meth:`to_json` gave."""
        first, second = content["stations"]
        undecided = content["undecided"]
        return cls(
            content["state"],
            (first, second),
            content["top"],
            content["shots"],
            math.nan if undecided is None else undecided,
            Estimate.of_json(content["transmission"]),
            {name: Estimate.of_json(part) for name, part in content["rates"].items()},
            {name: Estimate.of_json(part) for name, part in content["activation"].items()},
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader must know before believing the numbers."""
        where = f"{self.state}: from {self.stations[0]} to {self.stations[1]}"
        if not math.isfinite(self.transmission.value) or self.transmission.value <= 0.0:
            return (
                f"{where}: none of {self.shots} pairs of trajectories from between joins the two stations, "
                "so that there is no rate; more shots may find one",
            )
        if not all(math.isfinite(bound) for rate in self.rates.values() for bound in rate.ci95):
            return (
                f"{where}: without one of the replicas there is no rate, so that it has no interval; more "
                "shots or longer windows may give one",
            )
        if self.undecided > MOST_UNDECIDED:
            return (
                f"{where}: {100.0 * self.undecided:.0f} % of the trajectories from between had come to "
                f"neither station after {LONGEST_PS:g} ps, as where a well lies between them; they count as "
                "no passage, and the rates may be too low by as much",
            )
        return ()
