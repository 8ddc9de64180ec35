"""Fuel that attaches blocking groups, hindered by the ring: an information ratchet."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field

from molmach.building import Assembly
from molmach.data.events import UNCERTAINTY_RATIO, motion_per_event, power_of_events, rate_of_events
from molmach.data.quantity import Quantity
from molmach.drives.base import AchiralDrive, Channel, DriveTerms, Switch, SwitchedTerm
from molmach.drives.stations import wells
from molmach.errors import SpecError
from molmach.spec import Drive, Driven, Protocol, fields
from molmach.spec.machine import StationName


class ChemicalFuel(Driven):
    """Blocking groups that fuel attaches and that leave as waste, at named stations.

    A blocking group keeps the ring off: dU = +B exp(-d^2/2 w^2), d the ring's distance. Two
    reactions attach and detach it; the ring hinders the first of them where it sits, by
    h = H exp(-d^2/2 r^2) in the free energy of its transition state. Rates, in units of kT:

        fuel    attaches k_F exp(mu_W + dmu - dU - h)    detaches k_F exp(-h)
        waste   attaches k_W exp(mu_W - dU)              detaches k_W

    Each obeys local detailed balance; dmu, which one molecule of fuel gives on becoming waste, is
    the drive. At dmu = 0 there is equilibrium and no current, exactly. An information ratchet in
    the spirit of Albaugh & Gingrich, Nat. Commun. 13, 2204 (2022), and Wilson et al., Nature 534,
    235 (2016).

    Attributes
    ----------
    stations
        Where groups attach.
    chemical_potential
        dmu, kJ/mol.
    fuel_rate, waste_rate
        k_F and k_W, 1/ps.
    waste_potential
        mu_W, kJ/mol: the lower, the less often waste attaches.
    barrier, width
        B, kJ/mol, and w, nm.
    hindrance, reach
        H, kJ/mol, and r, nm.
    """

    kind: Literal["chemical_fuel"]
    stations: Annotated[tuple[StationName, ...], Field(min_length=1, max_length=50)]
    chemical_potential: fields.Energy
    fuel_rate: fields.Rate
    waste_rate: fields.Rate
    waste_potential: fields.Energy = -15.0
    barrier: fields.Barrier = 40.0
    width: fields.Length = 0.3
    hindrance: fields.EnergyOrNone = 40.0
    reach: fields.Length = 0.6


FORGETTING = 10.0
"""Momentum is forgotten between two reactions where friction is so many times their rate."""


class ChemicalFuelModel(AchiralDrive):
    """A switch a site, each with the fuel's reaction and the waste's; see the spec for the rates."""

    spec = ChemicalFuel
    drive: ChemicalFuel
    events = "fuel"
    event_count = "molecules of fuel used up"

    @property
    def spent_per_event(self) -> float:
        """What a molecule of fuel gives on becoming waste."""
        return float(self.drive.chemical_potential)

    @classmethod
    def quantities(cls) -> tuple[Quantity, ...]:
        """Fuel used, what it gives, how far it brings the machine, and how far that is from the bound."""
        return (
            rate_of_events("fuel_rate", "fuel molecules that became waste, net, per time"),
            power_of_events("chemical_power", "free energy of the fuel that is used up per time"),
            motion_per_event("{unit}s_per_fuel", "net motion to a fuel molecule used"),
            UNCERTAINTY_RATIO,
        )

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

    def equilibrium(self, assembly: Assembly, protocol: Protocol) -> str | None:
        """Where a molecule of fuel gives nothing, or one of the two reactions does not run."""
        said = super().equilibrium(assembly, protocol)
        if said is None or self.drive.chemical_potential != 0.0:
            return said
        return "drive.chemical_potential is zero, so a molecule of fuel gives nothing"

    def bound_by_uncertainty(self, protocol: Protocol) -> bool:
        """A law where the ring forgets its momentum long before a group leaves and lets it pass."""
        leaving = max(self.drive.fuel_rate, self.drive.waste_rate)
        return protocol.friction >= FORGETTING * leaving
