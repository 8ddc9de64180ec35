"""What a drive can say of a machine before it is run: whether it can turn it, how strong, and how long.

All of it is of one free rotor (:mod:`molmach.theory`): a dipole in a field, a drag, a thermal energy.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from molmach.building import Assembly
from molmach.theory import duration_to_resolve, highest_followed_frequency, rotational_diffusion
from molmach.units import DEBYE, TURN, VOLT_PER_NM

HELD = 5.0
"""Times k_B T that a dipole's energy in a field has to be for the field to hold it."""

OVER = 1.5
"""Times a barrier's steepest slope that a torque has to be to push a rotor over it."""

LEAST_DIPOLE_DEBYE = 0.3
"""Across the axle; below, what the force field's charges give is no more than their own error."""

PRECISE = 0.1
"""Share of the velocity that its standard error is after the advised time."""

REPLICAS = 16


@dataclass(frozen=True, eq=False)
class Seen:
    """What is known of a built machine that is to be driven.

    Attributes
    ----------
    assembly
        The machine.
    thermal_energy
        k_B T, kJ/mol.
    friction
        Of the bath, 1/ps.
    replicas
        That are to run.
    barrier, slope
        Of the energy along a turn: its height, kJ/mol, and its steepest slope, kJ/mol per radian. None where
        nobody has scanned it, zero where nothing hinders.
    """

    assembly: Assembly
    thermal_energy: float
    friction: float
    replicas: int = REPLICAS
    barrier: float | None = None
    slope: float | None = None

    @property
    def dipole(self) -> float:
        """Across the axle, debye."""
        return float(np.linalg.norm(self.assembly.rotor_dipole_debye))

    @property
    def inertia(self) -> float:
        """About the axle, u nm^2."""
        return self.assembly.moment_of_inertia()

    @property
    def diffusion(self) -> float:
        """Of a free rotor's angle, rad^2/ps."""
        return rotational_diffusion(self.thermal_energy, self.friction, self.inertia)

    @property
    def thermal_field(self) -> float:
        """kT/mu: the field, V/nm, in which the dipole's energy is k_B T; infinite without a dipole."""
        return self.thermal_energy / self.energy_per_field if self.energy_per_field else math.inf

    @property
    def energy_per_field(self) -> float:
        """mu E of the dipole in a field of 1 V/nm, kJ/mol."""
        return self.dipole * DEBYE * VOLT_PER_NM

    @property
    def drag_per_ghz(self) -> float:
        """g I w at one turn per ns, kJ/mol."""
        return self.friction * self.inertia * TURN * 1e-3

    def highest_ghz(self, field_V_per_nm: float) -> float:
        """Frequency up to which a free rotor follows such a field, GHz; nan where theory does not know."""
        energy = self.energy_per_field * field_V_per_nm
        highest = highest_followed_frequency(self.thermal_energy, self.friction, self.inertia, energy)
        return highest * 1e3 / TURN

    def duration_ps(self, velocity_GHz: float) -> float:
        """Until a free rotor's velocity, turns per ns, is known to a tenth of itself by these replicas."""
        velocity = velocity_GHz * TURN * 1e-3
        return duration_to_resolve(velocity, self.diffusion, self.replicas, PRECISE)


@dataclass(frozen=True)
class Suggestion:
    """A drive that can move a machine, as its section of the machine file.

    Attributes
    ----------
    section
        Its entries, values with units.
    reason
        Why it moves the machine, as a sentence without its stop.
    fit
        From 0 to 1: how well it goes with the machine, to put drives into an order.
    duration_ps
        That a run should have.
    comments
        Entry -> what stands beside it in the file.
    """

    section: Mapping[str, Any]
    reason: str
    fit: float
    duration_ps: float
    comments: Mapping[str, str] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """Its reason and its values, for a line of a table."""
        values = [value for key, value in self.section.items() if key != "kind" and isinstance(value, str)]
        return f"{self.reason} ({', '.join(values)})" if values else self.reason


def rounded_up(value: float, digits: int = 2) -> float:
    """The next number up of so many digits: 0.123 -> 0.13."""
    return -rounded_down(-value, digits)


def rounded_down(value: float, digits: int = 2) -> float:
    """The next number down of so many digits: 0.129 -> 0.12."""
    if value == 0.0:
        return 0.0
    step = 10.0 ** (math.floor(math.log10(abs(value))) + 1 - digits)
    return float(f"{math.floor(value / step + 1e-9) * step:.12g}")


def rotor_refusal(seen: Seen, needs_dipole: bool) -> str:
    """Why a field or a torque can't turn a machine, as a clause; '' where it can."""
    from molmach.building import kind_of

    if not kind_of(seen.assembly.kind).turned_by_torque:
        return f"a torque about the axle does not push what moves in a {seen.assembly.kind}"
    if seen.assembly.turns_about_carbon_double_bond:
        return "the axle is a C=C bond, which no torque turns over"
    if needs_dipole and seen.dipole < LEAST_DIPOLE_DEBYE:
        return (
            f"the dipole across the axle is {seen.dipole:.2f} D, and below {LEAST_DIPOLE_DEBYE:g} D "
            "a field has nothing to hold"
        )
    return ""


STRONGEST = 20.0
"""V/nm: what a molecule bears for a moment; atoms are ionised in some ten times that."""

HARDEST = 200.0
"""kJ/mol per radian: a torque that bonds of a small rotor bear."""


def too_strong(field_V_per_nm: float) -> str:
    """Why no field of that strength is suggested, as a clause; '' where one is."""
    if field_V_per_nm <= STRONGEST:
        return ""
    return f"it would take {field_V_per_nm:g} V/nm to pull it over its barrier, more than molecules bear"


def field_to_hold(seen: Seen) -> float:
    """Field, V/nm, that holds the dipole against heat and pulls it over what hinders it."""
    energy = max(HELD * seen.thermal_energy, OVER * (seen.slope or 0.0))
    return rounded_up(energy / seen.energy_per_field)


def strong(field_V_per_nm: float) -> str:
    """What a field's strength means to somebody who has to make it."""
    if field_V_per_nm > 1.0:
        return "more than a capacitor holds (about 1 V/nm); a tip or a double layer may"
    return "as between the tip and the surface of a tunnelling microscope"
