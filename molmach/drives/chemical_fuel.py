"""Fuel that attaches blocking groups, hindered by the ring: an information ratchet."""

from __future__ import annotations

import math

from molmach.building import Assembly
from molmach.drives.base import AchiralDrive, Channel, DriveTerms, Switch, SwitchedTerm
from molmach.drives.stations import wells
from molmach.errors import SpecError
from molmach.spec import Drive


class ChemicalFuelModel(AchiralDrive):
    """A switch a site, each with the fuel's reaction and the waste's; see the spec for the rates."""

    events = "fuel"

    @property
    def spent_per_event(self) -> float:
        """What a molecule of fuel gives on becoming waste."""
        return float(self.drive.chemical_potential)

    def terms(self, assembly: Assembly, thermal_energy: float) -> DriveTerms:
        """A blocking group at each station, repelling every ring."""
        drive = self.drive
        shapes = wells(assembly, "stations", drive.stations, drive.width)
        if any(len(of_rings) > 1 for of_rings in shapes.values()):
            raise SpecError(
                "drive.kind: chemical_fuel drives one ring; expected a machine with one threaded ring"
            )
        gain = math.exp((drive.waste_potential + drive.chemical_potential) / thermal_energy)
        fuel = Channel(drive.fuel_rate * gain, drive.fuel_rate, True, drive.hindrance, drive.reach)
        waste = Channel(drive.waste_rate * math.exp(drive.waste_potential / thermal_energy), drive.waste_rate)
        terms = tuple(
            SwitchedTerm(of_rings[0], site, 0.0, drive.barrier)
            for site, of_rings in enumerate(shapes.values())
        )
        return DriveTerms(switches=tuple(Switch((fuel, waste)) for _ in terms), switched=terms)

    def undriven(self) -> Drive:
        """Fuel and waste in equilibrium: groups come and go, and nothing is spent."""
        undriven: Drive = self.drive.model_copy(update={"chemical_potential": 0.0, "load": 0.0})
        return undriven
