"""Protonation, redox or E/Z switching: how well stations hold the ring depends on a switch."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field, model_validator

from molmach.building import Assembly
from molmach.data.events import rate_of_events
from molmach.data.quantity import Quantity
from molmach.drives.base import AchiralDrive, Channel, Clock, DriveTerms, Switch, SwitchedTerm
from molmach.drives.stations import (
    SWITCH_STATES,
    Affinities,
    Share,
    StationDriven,
    charged,
    passage_ps,
    wells,
)
from molmach.drives.suggesting import Seen, Suggestion, rounded_up
from molmach.spec import Drive, fields
from molmach.spec.machine import StationName

_PASSAGES = 4.0
_PERIODS = 10.0


class StationSwitch(StationDriven):
    """Protonation, redox or E/Z switching that alters how well stations hold the ring.

    Attributes
    ----------
    stations
        Name -> [off, on]: energy added for a ring at the station in the two states of the switch,
        kJ/mol; negative holds it.
    charges
        Name -> charge that the station has in the on state beyond the one that the force field
        gives it, e, spread evenly over the station's atoms; it acts on the ring's partial charges.
    period, duty
        Switching by the clock: on for the last ``duty`` of every period.
    switch_on, switch_off
        Or at random: rates of an isolated switch, 1/ps. With the ring's energy they obey local
        detailed balance, so such a switch is in equilibrium and drives nothing by itself.
    """

    kind: Literal["station_switch"]
    stations: Affinities
    charges: dict[StationName, Annotated[float, Field(strict=False, ge=-4.0, le=4.0)]] = Field(
        default_factory=dict
    )
    period: fields.Time | None = None
    duty: Share = 0.5
    switch_on: fields.Rate | None = None
    switch_off: fields.Rate | None = None

    @model_validator(mode="after")
    def _one_way_to_switch(self) -> StationSwitch:
        random = (self.switch_on, self.switch_off)
        if (self.period is None) == (random == (None, None)) or None in random != (None, None):
            raise ValueError(
                "expected either period (by the clock) or both switch_on and switch_off (at random)"
            )
        return self


class StationSwitchModel(AchiralDrive):
    """One switch for all stations: thrown at random it is in equilibrium, by the clock it drives the ring."""

    spec = StationSwitch
    drive: StationSwitch
    events = "throw"
    period_key = "period"
    states = SWITCH_STATES

    @property
    def clock(self) -> Clock | None:
        """With ``period`` and ``duty``; None where the switch is thrown at random."""
        return None if self.drive.period is None else Clock(self.drive.period, self.drive.duty)

    @classmethod
    def quantities(cls) -> tuple[Quantity, ...]:
        """The rate at which the switch is thrown on."""
        return (rate_of_events("switching_rate", "throws of the switch on per time"),)

    @classmethod
    def suggested(cls, seen: Seen) -> Suggestion | str | None:
        """The first two stations hold the ring in turn, by a clock that leaves it the time to go over."""
        track = seen.assembly.track
        if track is None:
            return None
        if len(track.stations) < 2:
            return f"a switch acts between two stations, and there is {len(track.stations) or 'none'}"
        first, second, *_ = track.stations
        period = rounded_up(_PASSAGES * passage_ps(seen, first, second), 1)
        return Suggestion(
            {
                "kind": "station_switch",
                "stations": {first: ["-25 kJ/mol", "0 kJ/mol"], second: ["0 kJ/mol", "-25 kJ/mol"]},
                "period": f"{period:g} ps",
            },
            f"a switch that holds the ring at {first} and at {second} in turn sends it to and fro",
            0.9,
            _PERIODS * period,
            {
                "stations": "energy of a ring there, switched off and on: 10 kT at room temperature",
                "period": "of the clock; a free ring needs a quarter of it from one station to the other",
            },
        )

    def terms(self, assembly: Assembly, thermal_energy: float) -> DriveTerms:
        """A term for every station and ring, and for every charge."""
        drive = self.drive
        shapes = wells(assembly, "stations", drive.stations, drive.width)
        wells(assembly, "charges", drive.charges, drive.width)
        terms = [
            SwitchedTerm(shape, 0, *drive.stations[name])
            for name, of_rings in shapes.items()
            for shape in of_rings
        ]
        terms += [
            SwitchedTerm(shape, 0, 0.0, charge)
            for name, charge in drive.charges.items()
            for shape in charged(assembly, name)
        ]
        if self.clock is not None:
            return DriveTerms(switches=(Switch(clock=self.clock),), switched=tuple(terms))
        assert drive.switch_on is not None
        assert drive.switch_off is not None
        return DriveTerms(
            switches=(Switch((Channel(drive.switch_on, drive.switch_off),)),), switched=tuple(terms)
        )

    def undriven(self) -> Drive:
        """By the clock: held off. At random it is in equilibrium as it is; either way without load."""
        still = {} if self.drive.period is None else {"period": math.inf}
        undriven: Drive = self.drive.model_copy(update={**still, "load": 0.0})
        return undriven
