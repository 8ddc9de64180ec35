"""A constant torque about the axle."""

from __future__ import annotations

from typing import Literal

from molmach.drives.base import DriveTerms, FieldDrive
from molmach.drives.torque import is_overdamped
from molmach.spec import Drive, Driven, Protocol, fields


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

    def mirror(self) -> Drive:
        """The opposite torque."""
        return self.drive.model_copy(update={"torque": -self.drive.torque + 0.0})

    def bound_by_uncertainty(self, protocol: Protocol) -> bool:
        """Steady; a law where friction leaves inertia nothing to do."""
        return is_overdamped(protocol)

    def across(self) -> Drive:
        """The torque itself: a turn in that plane stays what it is."""
        return self.drive
