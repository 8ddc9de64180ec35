"""A potential along the track that is turned on and off without regard to the ring."""

from __future__ import annotations

import math

from molmach.building import Assembly
from molmach.drives.base import AchiralDrive, Channel, Clock, DriveTerms, Switch, SwitchedTerm
from molmach.drives.stations import wells
from molmach.spec import Drive


class FlashingModel(AchiralDrive):
    """Drives a ring where the potential is asymmetric; the work is done when it is turned on."""

    events = "throw"

    def terms(self, assembly: Assembly, thermal_energy: float) -> DriveTerms:
        """One switch, a term for every station and ring."""
        drive = self.drive
        shapes = wells(assembly, "stations", drive.stations, drive.width)
        terms = tuple(
            SwitchedTerm(shape, 0, 0.0, drive.stations[name])
            for name, of_rings in shapes.items()
            for shape in of_rings
        )
        if drive.period is not None:
            return DriveTerms(switches=(Switch(clock=Clock(drive.period, drive.duty)),), switched=terms)
        blind = Channel(1.0 / drive.off_time, 1.0 / drive.on_time, thermal=False)
        return DriveTerms(switches=(Switch((blind,)),), switched=terms)

    def undriven(self) -> Drive:
        """Off for good."""
        still = {"period": math.inf} if self.drive.period is not None else {"off_time": math.inf}
        undriven: Drive = self.drive.model_copy(update={**still, "load": 0.0})
        return undriven
