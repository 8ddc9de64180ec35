"""What a drive is to the rest of molmach."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from molmach.building import Assembly
from molmach.data.quantity import Quantity
from molmach.drives.detailed_balance import rest_of
from molmach.drives.shapes import Shape
from molmach.drives.suggesting import Seen, Suggestion
from molmach.errors import SpecError
from molmach.spec import Drive, Driven, Protocol
from molmach.spec.drive import no_drive
from molmach.units import DEBYE, VOLT_PER_NM, thermal_energy

Vector = tuple[float, float, float]


STATIC = -1


@dataclass(frozen=True)
class SwitchedTerm:
    """Energy amplitude times shape; the amplitude depends on the state of a switch.

    Attributes
    ----------
    shape
        What the energy depends on.
    switch
        Number of the switch; :data:`STATIC` for a term of the machine's own, the same in every state.
    off, on
        Amplitudes in its two states.
    """

    shape: Shape
    switch: int
    off: float
    on: float


@dataclass(frozen=True)
class Channel:
    """One way in which a switch is thrown and its reverse, at random.

    Rates are on_rate m(dU) exp(-h E) and off_rate m(-dU) exp(-h E), where dU is the energy that
    throwing the switch on takes at the present positions, m(u) = min(1, exp(-u/kT)) where the
    channel is ``thermal`` and 1 otherwise, and E = exp(-d^2 / 2 reach^2) for the ring's distance d
    from the site of the switch's first term. So the ratio is on_rate/off_rate exp(-dU/kT).

    Attributes
    ----------
    on_rate, off_rate
        1/ps.
    thermal
        Whether the rates obey local detailed balance with the machine's energy.
    hindrance
        h kT, kJ/mol.
    reach
        nm.
    """

    on_rate: float
    off_rate: float
    thermal: bool = True
    hindrance: float = 0.0
    reach: float = 1.0


@dataclass(frozen=True)
class Clock:
    """Switching by the clock: on while the time's phase in the period is at least 1 - duty.

    Attributes
    ----------
    period
        ps.
    duty
        Share of the period in which the switch is on.
    """

    period: float
    duty: float


@dataclass(frozen=True)
class Switch:
    """A degree of freedom of two states: thrown at random through channels, or by a clock.

    Net passages through the first channel (on minus off), or a clock's throws on, are the drive's
    events: photons absorbed, molecules of fuel used up.
    """

    channels: tuple[Channel, ...] = ()
    clock: Clock | None = None


@dataclass(frozen=True)
class DriveTerms:
    """What a drive does to the machine, as numbers that any engine can integrate.

    Attributes
    ----------
    cosine, sine
        Uniform field on the partial charges, E(t) = cosine cos(wt) + sine sin(wt), kJ/(mol e nm);
        t is the time since the replica's start, equilibration included.
    angular_frequency
        w, rad/ps.
    torque
        Constant torque about the axle on the rotor, kJ/mol (per radian).
    switches, switched
        Switches and the energies that depend on them.
    """

    cosine: Vector = (0.0, 0.0, 0.0)
    sine: Vector = (0.0, 0.0, 0.0)
    angular_frequency: float = 0.0
    torque: float = 0.0
    switches: tuple[Switch, ...] = ()
    switched: tuple[SwitchedTerm, ...] = ()

    @property
    def thermal_switches(self) -> bool:
        """Whether there are switches, and each is thrown at random in local detailed balance.

        What throwing one takes or gives is then exchanged with baths, and what its events spend is all that
        comes from outside; a clock and a throw that is blind to the energy do work.
        """
        return bool(self.switches) and all(
            switch.clock is None and all(channel.thermal for channel in switch.channels)
            for switch in self.switches
        )

    @property
    def has_field(self) -> bool:
        """Whether there is a field at any time."""
        return any(self.cosine) or any(self.sine)

    def field_at(self, time_ps: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, 3) field, kJ/(mol e nm), at (n,) times since the replica's start, ps."""
        phase = self.angular_frequency * time_ps[:, None]
        return np.asarray(np.cos(phase) * np.array(self.cosine) + np.sin(phase) * np.array(self.sine))


class DriveModel:
    """One kind of drive: what it does to a machine, and all that the rest of molmach asks of a drive.

    A drive derives from this class or from one of those below, and says what is different from what
    stands here.

    Parameters
    ----------
    drive
        Its section of the machine file.

    Attributes
    ----------
    spec
        The section's class.
    states
        States of which a free-energy profile is taken, by name, and whether the switch is on in each; where
        there are none it is taken of the machine without the drive.
    events
        What one of its events is called: ``photon``, ``fuel``, ``throw``; None where it throws no switch. See
        :class:`Switch` for what is counted.
    event_count
        What has been counted of its events, in words, where a film says how many there were so far.
    does_nothing
        Whether it acts on no machine at all, its load aside.
    is_torque
        Whether it acts on the rotor by a torque about the axle.
    turns_with
        Whether it has a sense of rotation, so that a machine can follow it turn by turn.
    strength
        Name of the section's entry that holds the strength of an electric field, V/nm; None without one.
    frequency_key
        Name of the section's entry that holds the frequency, GHz, whatever its sign; None without one.
    period_key
        Name of the section's entry that holds the period of its clock, ps; None without a clock.
    entropy_unknown
        Why the entropy that a machine produces under it is not in the books, as a clause; None where it is,
        as what its events spend (:attr:`spent_per_event`) or, where that is zero, as work over T.
    has_regimes
        Whether how a dipole follows it is told by the regimes of Vacek & Michl, PNAS 98, 5481 (2001), by
        the lag per turn and :meth:`dipole_energy`.
    has_line
        Whether it acts along a line that stands still across the axle, so that it matters where x lies.
    """

    spec: ClassVar[type[Driven]]
    states: ClassVar[Mapping[str, bool]] = {}
    events: ClassVar[str | None] = None
    does_nothing: ClassVar[bool] = False
    is_torque: ClassVar[bool] = False
    event_count: ClassVar[str | None] = None
    turns_with: ClassVar[bool] = False
    strength: ClassVar[str | None] = None
    frequency_key: ClassVar[str | None] = None
    period_key: ClassVar[str | None] = None
    entropy_unknown: ClassVar[str | None] = None
    has_regimes: ClassVar[bool] = False
    has_line: ClassVar[bool] = False

    def __init__(self, drive: Any) -> None:
        self.drive = drive

    def terms(self, assembly: Assembly, thermal_energy: float) -> DriveTerms:
        """What it does to a machine at k_B T (kJ/mol), its load aside.

        A drive says it here, or in :meth:`on_any_machine` where it asks nothing of the machine.

        Raises
        ------
        SpecError
            The machine has not what this drive acts on.
        """
        acting = self.on_any_machine()
        if acting is None:
            raise NotImplementedError(f"{type(self).__name__} has no terms()")
        return acting

    def on_any_machine(self) -> DriveTerms | None:
        """What it does, its load aside, where that is alike for all machines; None where not, as here."""
        return None

    def mirror(self) -> Drive:
        """The spec of the drive's mirror image in the xz plane, which holds the axle (load aside)."""
        raise NotImplementedError(f"{type(self).__name__} has no mirror()")

    def undriven(self) -> Drive:
        """The spec of its undriven twin: the same machine at equilibrium, where nothing gives work."""
        raise NotImplementedError(f"{type(self).__name__} has no undriven()")

    def equilibrium(self, assembly: Assembly, protocol: Protocol) -> str | None:
        """Why a machine under it is at equilibrium, its load aside, as a clause; None where it is driven.

        What its terms say, :func:`molmach.drives.detailed_balance.rest_of`; a drive that has better words
        for it says them here.

        Raises
        ------
        SpecError
            As :meth:`terms`.
        """
        return rest_of(self.terms(assembly, thermal_energy(protocol.temperature)), assembly.charges, protocol)

    def bound_by_uncertainty(self, protocol: Protocol) -> bool:
        """Whether no current under it is more precise than its entropy production pays for.

        The thermodynamic uncertainty relation, D s / v^2 k_B >= 1, is a law of steady driving where momenta
        are forgotten between what the drive does: of jumps, and of overdamped motion (Barato & Seifert,
        Phys. Rev. Lett. 114, 158101 (2015); Gingrich, Horowitz, Perunov & England, Phys. Rev. Lett. 116,
        120601 (2016)). Periodic driving and inertia can beat it. Unless a drive says so, it is not taken to
        hold.
        """
        return False

    def across(self) -> Drive | None:
        """The spec of the drive's image in the plane across the axle, z -> -z; None where that is not known.

        This reflection keeps angles about z, and turns the axle round: where it leaves the drive as it is, a
        machine that is its own mirror image turns alike whichever end its axle is counted from.
        """
        return None

    @property
    def frequency(self) -> float | None:
        """Turns or periods per time, GHz, signed where it has a sense of rotation; None without a period."""
        return None if self.frequency_key is None else float(getattr(self.drive, self.frequency_key))

    @property
    def clock(self) -> Clock | None:
        """The clock that throws its switch; None where none does, or where there are several."""
        return None

    @property
    def spent_per_event(self) -> float:
        """Free energy that one event uses up, kJ/mol; zero where the events have no such price."""
        return 0.0

    @property
    def field_strength(self) -> float | None:
        """Of its electric field, V/nm; None where it has none."""
        return None if self.strength is None else float(getattr(self.drive, self.strength))

    def with_field(self, strength_V_per_nm: float) -> Drive:
        """The spec of the same drive with a field of another strength, V/nm.

        Raises
        ------
        SpecError
            It has no electric field.
        """
        if self.strength is None:
            raise SpecError(
                f"drive.kind: {self.drive.kind} has no electric field; expected a drive that has one"
            )
        changed: Drive = self.drive.model_copy(update={self.strength: strength_V_per_nm})
        return changed

    def dipole_energy(self, dipole_debye: float) -> float | None:
        """Greatest energy of a dipole in its field, mu E, kJ/mol; None where it has no field."""
        field = self.field_strength
        return None if field is None else dipole_debye * DEBYE * VOLT_PER_NM * field

    @classmethod
    def suggested(cls, seen: Seen) -> Suggestion | str | None:
        """How such a drive would move a machine; a clause that says why it can't; None to say nothing.

        It is asked of every kind of drive where a person has a molecule and looks for what moves it.
        """
        return None

    def outlook(self, seen: Seen) -> tuple[tuple[str, str], ...]:
        """What theory expects of a machine under this drive before it is run: (what, value with unit)."""
        return ()

    @classmethod
    def quantities(cls) -> tuple[Quantity, ...]:
        """What scores of runs under such a drive have beside what every run has."""
        return ()


class FieldDrive(DriveModel):
    """What drives have in common that end when they are taken away."""

    def undriven(self) -> Drive:
        """No drive: thermal motion alone."""
        return no_drive()


class AchiralDrive(DriveModel):
    """What drives have in common that reflection leaves as they are."""

    def mirror(self) -> Drive:
        """The drive itself, which reflection leaves as it is."""
        mirrored: Drive = self.drive
        return mirrored
