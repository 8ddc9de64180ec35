"""No drive."""

from __future__ import annotations

from molmach.building import Assembly
from molmach.drives.base import AchiralDrive, DriveTerms, FieldDrive


class NoDriveModel(FieldDrive, AchiralDrive):
    """Thermal motion alone; its own mirror image."""

    def terms(self, assembly: Assembly, thermal_energy: float) -> DriveTerms:
        """Nothing."""
        return DriveTerms()
