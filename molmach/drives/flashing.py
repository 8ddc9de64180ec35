"""A potential along the track that is turned on and off without regard to the ring."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field, model_validator

from molmach.building import Assembly
from molmach.data.events import rate_of_events
from molmach.data.quantity import Quantity
from molmach.drives.base import AchiralDrive, Channel, Clock, DriveTerms, Switch, SwitchedTerm
from molmach.drives.station_switch import StationSwitch
from molmach.drives.stations import SWITCH_STATES, Share, StationDriven, passage_ps, wells
from molmach.drives.suggesting import Seen, Suggestion, rounded_up
from molmach.spec import Drive, fields
from molmach.spec.machine import StationName

_PASSAGES = 4.0
_PERIODS = 10.0


class Flashing(StationDriven):
    """A potential along the track that an outside agent turns on and off: a flashing ratchet.

    Attributes
    ----------
    stations
        Name -> energy of a ring at the station while the potential is on, kJ/mol.
    period, duty
        On for the last ``duty`` of every period.
    on_time, off_time
        Or at random: mean times in the two states, ps; blind to where the ring is.
    """

    kind: Literal["flashing"]
    stations: Annotated[dict[StationName, fields.Energy], Field(min_length=1, max_length=50)]
    period: fields.Time | None = None
    duty: Share = 0.5
    on_time: fields.Time | None = None
    off_time: fields.Time | None = None

    @model_validator(mode="after")
    def _one_way_to_flash(self) -> Flashing:
        random = (self.on_time, self.off_time)
        if (self.period is None) == (random == (None, None)) or None in random != (None, None):
            raise ValueError("expected either period (by the clock) or both on_time and off_time (at random)")
        return self


class FlashingModel(AchiralDrive):
    """Drives a ring where the potential is asymmetric; the work is done when it is turned on."""

    spec = Flashing
    drive: Flashing
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
        """All stations hold the ring, or none does, in turn."""
        track = seen.assembly.track
        if track is None:
            return None
        if len(track.stations) < 2:
            return "a flashing potential needs two stations or more"
        first, second, *_ = track.stations
        period = rounded_up(_PASSAGES * passage_ps(seen, first, second), 1)
        return Suggestion(
            {
                "kind": "flashing",
                "stations": dict.fromkeys(track.stations, "-25 kJ/mol"),
                "period": f"{period:g} ps",
            },
            "stations that hold the ring from time to time let it spread in between",
            0.3,
            _PERIODS * period,
        )

    def terms(self, assembly: Assembly, thermal_energy: float) -> DriveTerms:
        """One switch, a term for every station and ring."""
        drive = self.drive
        shapes = wells(assembly, "stations", drive.stations, drive.width)
        terms = tuple(
            SwitchedTerm(shape, 0, 0.0, drive.stations[name])
            for name, of_rings in shapes.items()
            for shape in of_rings
        )
        if self.clock is not None:
            return DriveTerms(switches=(Switch(clock=self.clock),), switched=terms)
        assert drive.on_time is not None
        assert drive.off_time is not None
        blind = Channel(1.0 / drive.off_time, 1.0 / drive.on_time, thermal=False)
        return DriveTerms(switches=(Switch((blind,)),), switched=terms)

    def undriven(self) -> Drive:
        """Flashing by the clock: held off. At random: the same switch in touch with the bath, without load.

        Its rates then obey local detailed balance with the ring's energy, which is a station switch.
        """
        drive = self.drive
        if drive.period is not None:
            held: Drive = drive.model_copy(update={"period": math.inf, "load": 0.0})
            return held
        assert drive.on_time is not None
        assert drive.off_time is not None
        return StationSwitch.model_validate(
            {
                "kind": "station_switch",
                "stations": {
                    name: ["0 kJ/mol", f"{energy!r} kJ/mol"] for name, energy in drive.stations.items()
                },
                "width": f"{drive.width!r} nm",
                "switch_on": f"{1.0 / drive.off_time!r} /ps",
                "switch_off": f"{1.0 / drive.on_time!r} /ps",
            }
        )
