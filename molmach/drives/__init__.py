"""Drives: what each does to the machine, its schedule in time, its mirror image, its undriven twin.

A drive is a field on the charges that follows cosine and sine of the time, a torque, or switches
between potentials, as numbers (:class:`DriveTerms`). Every engine evaluates them at the exact time
of each step, so the drive is integrated with the dynamics. The work that a drive does is the
integral of its force along the atoms' paths, kept by the integrator.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from molmach.building import Assembly
from molmach.drives.alternating_field import AlternatingFieldModel
from molmach.drives.base import DriveModel, DriveTerms
from molmach.drives.chemical_fuel import ChemicalFuelModel
from molmach.drives.constant_torque import ConstantTorqueModel
from molmach.drives.flashing import FlashingModel
from molmach.drives.forces import drive_forces, torque_shares
from molmach.drives.levels import level
from molmach.drives.none import NoDriveModel
from molmach.drives.photoisomerisation import PhotoisomerisationModel
from molmach.drives.rotating_field import RotatingFieldModel
from molmach.drives.station_switch import StationSwitchModel
from molmach.drives.stations import affinities
from molmach.errors import SpecError
from molmach.spec import (
    AlternatingField,
    ChemicalFuel,
    ConstantTorque,
    Drive,
    Flashing,
    NoDrive,
    Photoisomerisation,
    RotatingField,
    StationSwitch,
)
from molmach.spec.registered import DRIVES, load_registered, registered

__all__ = [
    "DriveModel",
    "DriveTerms",
    "drive_forces",
    "level",
    "mirror",
    "model",
    "models",
    "terms",
    "torque_shares",
    "undriven",
]

_MODELS: dict[type[Drive], type[DriveModel]] = {
    NoDrive: NoDriveModel,
    RotatingField: RotatingFieldModel,
    AlternatingField: AlternatingFieldModel,
    ConstantTorque: ConstantTorqueModel,
    Photoisomerisation: PhotoisomerisationModel,
    StationSwitch: StationSwitchModel,
    Flashing: FlashingModel,
    ChemicalFuel: ChemicalFuelModel,
}


def model(drive: Drive) -> DriveModel:
    """The physics of a drive's spec."""
    found = _MODELS.get(type(drive)) or load_registered(DRIVES, drive.kind)
    made: DriveModel = found(drive)
    return made


def models() -> tuple[type[DriveModel], ...]:
    """Every kind of drive; added ones that can't be imported are left out."""
    kinds = list(_MODELS.values())
    for kind in registered(DRIVES):
        with suppress(SpecError):
            kinds.append(load_registered(DRIVES, kind))
    return tuple(kinds)


def terms(drive: Drive, assembly: Assembly, thermal_energy: float) -> DriveTerms:
    """What a drive does to a machine at k_B T (kJ/mol), its load aside; and the machine's own affinities.

    Raises
    ------
    SpecError
        The drive does not act on such a machine.
    """
    if assembly.kind == "rotaxane" and (drive.load or isinstance(drive, ConstantTorque)):
        raise SpecError(
            f"drive.{'load' if drive.load else 'kind'}: a torque about the axle does not push "
            "a ring along it; expected a rotaxane without load, under another drive"
        )
    driven = model(drive).terms(assembly, thermal_energy)
    return replace(driven, switched=(*driven.switched, *affinities(assembly)))


def mirror(drive: Drive) -> Drive:
    """The drive reflected in the xz plane, its load too."""
    return model(drive).mirror().model_copy(update={"load": -drive.load + 0.0})


def undriven(drive: Drive) -> Drive:
    """The drive's undriven twin, without load: thermal motion alone."""
    return model(drive).undriven()
