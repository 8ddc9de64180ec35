"""Drives: what each does to the machine, its schedule in time, its mirror image, its undriven twin.

A drive is a field on the charges that follows cosine and sine of the time, or a torque, as numbers
(:class:`DriveTerms`). Every engine evaluates them at the exact time of each step, so the drive is
integrated with the dynamics. The work that a drive does is the integral of its force along the
atoms' paths, kept by the integrator.
"""

from __future__ import annotations

from molmach.drives.alternating_field import AlternatingFieldModel
from molmach.drives.base import DriveModel, DriveTerms
from molmach.drives.constant_torque import ConstantTorqueModel
from molmach.drives.forces import drive_forces, torque_shares
from molmach.drives.none import NoDriveModel
from molmach.drives.rotating_field import RotatingFieldModel
from molmach.spec import AlternatingField, ConstantTorque, Drive, NoDrive, RotatingField

__all__ = ["DriveModel", "DriveTerms", "drive_forces", "mirror", "model", "torque_shares", "undriven"]

_MODELS: dict[type[Drive], type[DriveModel]] = {
    NoDrive: NoDriveModel,
    RotatingField: RotatingFieldModel,
    AlternatingField: AlternatingFieldModel,
    ConstantTorque: ConstantTorqueModel,
}


def model(drive: Drive) -> DriveModel:
    """The physics of a drive's spec."""
    return _MODELS[type(drive)](drive)


def mirror(drive: Drive) -> Drive:
    """The drive reflected in the xz plane, its load too."""
    return model(drive).mirror().model_copy(update={"load": -drive.load + 0.0})


def undriven() -> Drive:
    """No drive and no load: thermal motion alone."""
    return NoDrive(kind="none")
