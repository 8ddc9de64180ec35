"""A load: a constant torque against forward motion, beside any drive."""

from __future__ import annotations

from molmach.build import Assembly
from molmach.drives.base import DriveTerms
from molmach.drives.torque import torque_force
from molmach.forcefield import Group
from molmach.spec import Drive


def load_terms(drive: Drive, assembly: Assembly) -> DriveTerms:
    """The load's force, or nothing where the drive has none."""
    if drive.load == 0.0:
        return DriveTerms()
    return DriveTerms([torque_force(assembly, -drive.load, Group.LOAD)])
