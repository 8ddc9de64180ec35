"""No drive: thermal motion, with a load or without."""

from __future__ import annotations

from typing import Literal

from molmach.building import Assembly
from molmach.drives.base import AchiralDrive, DriveTerms, FieldDrive
from molmach.drives.torque import is_overdamped
from molmach.spec import Drive, Driven, Protocol


class NoDrive(Driven):
    """No drive: thermal motion alone (with a load, the machine is dragged)."""

    kind: Literal["none"]


class NoDriveModel(FieldDrive, AchiralDrive):
    """Thermal motion alone; its own mirror image."""

    spec = NoDrive
    drive: NoDrive
    does_nothing = True

    def on_any_machine(self) -> DriveTerms:
        """No forces, no schedule and no events."""
        return DriveTerms()

    def equilibrium(self, assembly: Assembly, protocol: Protocol) -> str | None:
        """It always is."""
        return "there is no drive"

    def bound_by_uncertainty(self, protocol: Protocol) -> bool:
        """A load drags the machine as a torque does."""
        return is_overdamped(protocol)

    def across(self) -> Drive:
        """Nothing, as before."""
        return self.drive
