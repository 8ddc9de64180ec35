"""A constant torque about the axle."""

from __future__ import annotations

from typing import Literal

from molmach.drives.base import DriveTerms, FieldDrive
from molmach.drives.suggesting import HARDEST, OVER, Seen, Suggestion, rotor_refusal, rounded_up
from molmach.drives.torque import is_overdamped
from molmach.spec import Drive, Driven, Protocol, fields

_THERMAL = 2.0
"""Times k_B T: a turn's work is then some twelve k_B T, and its direction beyond doubt."""

_SETTLED = 100.0
"""Times 1/friction."""


class ConstantTorque(Driven):
    """A constant torque about the axle on the rotor's atoms.

    Attributes
    ----------
    torque
        kJ/mol (per radian); positive turns the rotor forward.
    """

    kind: Literal["constant_torque"]
    torque: fields.Torque


class ConstantTorqueModel(FieldDrive):
    """A steady mechanical drive; reflected, its sign changes."""

    spec = ConstantTorque
    drive: ConstantTorque
    is_torque = True

    def on_any_machine(self) -> DriveTerms:
        """The torque about the axis, kJ/mol."""
        return DriveTerms(torque=self.drive.torque)

    @classmethod
    def suggested(cls, seen: Seen) -> Suggestion | str | None:
        """A torque above the steepest slope of what hinders the rotor, and above what heat hides."""
        refusal = rotor_refusal(seen, needs_dipole=False)
        if refusal:
            return refusal
        torque = rounded_up(max(_THERMAL * seen.thermal_energy, OVER * (seen.slope or 0.0)))
        if torque > HARDEST:
            return f"it would take {torque:g} kJ/mol per radian to turn it over, more than its bonds bear"
        return Suggestion(
            {"kind": "constant_torque", "torque": f"{torque:g} kJ/mol"},
            "a steady torque turns every rotor whose barrier it exceeds, and shows its drag",
            0.7,
            max(_SETTLED / seen.friction, seen.duration_ps(torque / seen.drag_per_ghz)),
            {"torque": f"per radian; the steepest slope of a turn is {seen.slope or 0.0:.2g} kJ/mol"},
        )

    def outlook(self, seen: Seen) -> tuple[tuple[str, str], ...]:
        """The free rotor's velocity and how long to run."""
        if not self.drive.torque:
            return ()
        velocity = abs(self.drive.torque) / seen.drag_per_ghz
        needed = rounded_up(max(_SETTLED / seen.friction, seen.duration_ps(velocity)))
        return (
            ("free rotor's velocity", f"{velocity:.3g} turn/ns, where torque and drag are equal"),
            ("advisable duration", f"{needed:g} ps with {seen.replicas} replicas"),
        )

    def mirror(self) -> Drive:
        """The opposite torque."""
        return self.drive.model_copy(update={"torque": -self.drive.torque + 0.0})

    def bound_by_uncertainty(self, protocol: Protocol) -> bool:
        """Steady; a law where friction leaves inertia nothing to do."""
        return is_overdamped(protocol)

    def across(self) -> Drive:
        """The torque itself: a turn in that plane stays what it is."""
        return self.drive
