"""Drives that switch the machine between potentials: light, protonation or redox, chemical fuel."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from molmach.spec import fields
from molmach.spec.driven import Driven
from molmach.spec.interlocked import StationName

Share = Annotated[float, Field(strict=False, ge=0.0, le=1.0)]
Affinities = Annotated[
    dict[StationName, tuple[fields.Energy, fields.Energy]], Field(min_length=1, max_length=50)
]


class Photoisomerisation(Driven):
    """Light on the C=C double bond that is the axle.

    Photons are absorbed at random (Poisson). In the excited state the force field's two-fold
    torsions about the bond are replaced by ones with their minimum at 90 degrees; after an
    exponentially distributed life the molecule is in its ground state again, wherever it is. Which
    way it goes from there, and how often it gets across, is the outcome and not an input.

    Attributes
    ----------
    absorption
        Photons absorbed per time by one molecule in its ground state, 1/ps.
    lifetime
        Mean life of the excited state, ps.
    twist
        Depth of the excited state's torsional minimum as a share of the ground state's barrier.
    """

    kind: Literal["photoisomerisation"]
    absorption: fields.Rate
    lifetime: fields.Time
    twist: Annotated[float, Field(strict=False, gt=0.0, le=5.0)] = 1.0


class _StationDrive(Driven):
    """Gaussian wells or hills, -+ A exp(-d^2/2 w^2) in the distance of ring and station.

    Attributes
    ----------
    width
        w, nm.
    """

    width: fields.Length = 0.25


class StationSwitch(_StationDrive):
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


class Flashing(_StationDrive):
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
