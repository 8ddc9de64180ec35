"""Protonation, redox or E/Z switching: how well stations hold the ring depends on a switch."""

from __future__ import annotations

import math

from molmach.building import Assembly
from molmach.drives.base import AchiralDrive, Channel, Clock, DriveTerms, Switch, SwitchedTerm
from molmach.drives.stations import charged, wells
from molmach.spec import Drive


class StationSwitchModel(AchiralDrive):
    """One switch for all stations: thrown at random it is in equilibrium, by the clock it drives the ring."""

    events = "throw"

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
        if drive.period is not None:
            return DriveTerms(
                switches=(Switch(clock=Clock(drive.period, drive.duty)),), switched=tuple(terms)
            )
        return DriveTerms(
            switches=(Switch((Channel(drive.switch_on, drive.switch_off),)),), switched=tuple(terms)
        )

    def undriven(self) -> Drive:
        """The off state for good."""
        still = {"period": math.inf} if self.drive.period is not None else {"switch_on": 0.0}
        undriven: Drive = self.drive.model_copy(update={**still, "load": 0.0})
        return undriven
