"""No drive."""

from __future__ import annotations

from molmach.drives.base import DriveTerms
from molmach.spec import Drive, NoDrive


class NoDriveModel:
    """Thermal motion alone; its own mirror image."""

    frequency: float | None = None

    def __init__(self, drive: NoDrive) -> None:
        self.drive = drive

    def terms(self) -> DriveTerms:
        """Nothing."""
        return DriveTerms()

    def mirror(self) -> Drive:
        """The same."""
        return self.drive
