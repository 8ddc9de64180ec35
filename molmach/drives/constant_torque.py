"""A constant torque about the axle."""

from __future__ import annotations

from molmach.building import Assembly
from molmach.drives.base import DriveTerms, FieldDrive
from molmach.spec import ConstantTorque, Drive


class ConstantTorqueModel(FieldDrive):
    """A steady mechanical drive; reflected, its sign changes."""

    drive: ConstantTorque

    def terms(self, assembly: Assembly, thermal_energy: float) -> DriveTerms:
        """The torque."""
        return DriveTerms(torque=self.drive.torque)

    def mirror(self) -> Drive:
        """The opposite torque."""
        return self.drive.model_copy(update={"torque": -self.drive.torque + 0.0})
