"""Drives: the forces that each adds, its schedule in time, its mirror image, its undriven twin.

A drive's time dependence is a set of OpenMM global parameters given as expressions in the time ``t``;
the integrator evaluates them at every step, so the field is integrated with the dynamics. The work
that a drive does is the integral of its force along the atoms' paths, kept by the integrator.
"""

from __future__ import annotations

from molmach.drives.alternating_field import AlternatingFieldModel
from molmach.drives.base import DriveModel, DriveTerms
from molmach.drives.constant_torque import ConstantTorqueModel
from molmach.drives.load import load_terms
from molmach.drives.none import NoDriveModel
from molmach.drives.rotating_field import RotatingFieldModel
from molmach.spec import AlternatingField, ConstantTorque, Drive, NoDrive, RotatingField

__all__ = ["DriveModel", "DriveTerms", "load_terms", "mirror", "model", "undriven"]

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
