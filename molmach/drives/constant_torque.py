"""A constant torque about the axle."""

from __future__ import annotations

from molmach.build import Assembly
from molmach.drives.base import DriveTerms
from molmach.drives.torque import torque_force
from molmach.forcefield import Group
from molmach.spec import ConstantTorque, Drive


class ConstantTorqueModel:
    """A steady mechanical drive; reflected, its sign changes."""

    frequency: float | None = None

    def __init__(self, drive: ConstantTorque) -> None:
        self.drive = drive

    def terms(self, assembly: Assembly) -> DriveTerms:
        """The torque's force; nothing on the schedule."""
        return DriveTerms([torque_force(assembly, self.drive.torque, Group.DRIVE)])

    def mirror(self) -> Drive:
        """The opposite torque."""
        return self.drive.model_copy(update={"torque": -self.drive.torque + 0.0})
