"""Drives: what each does to the machine, its schedule in time, its mirror image, its undriven twin.

A drive is a field on the charges that follows cosine and sine of the time, a torque, or switches
between potentials, as numbers (:class:`DriveTerms`). Every engine evaluates them at the exact time
of each step, so the drive is integrated with the dynamics. The work that a drive does is the
integral of its force along the atoms' paths, kept by the integrator.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from molmach.building import Assembly, kind_of
from molmach.drives.base import AchiralDrive, DriveModel, DriveTerms, FieldDrive
from molmach.drives.stations import affinities
from molmach.drives.torque import torque_shares
from molmach.errors import SpecError
from molmach.spec import Drive
from molmach.spec.registered import DRIVES, load_registered, registered

__all__ = [
    "AchiralDrive",
    "DriveModel",
    "DriveTerms",
    "FieldDrive",
    "mirror",
    "model",
    "models",
    "terms",
    "torque_shares",
    "undriven",
]


def model(drive: Drive) -> DriveModel:
    """The physics of a drive's spec."""
    made: DriveModel = load_registered(DRIVES, drive.kind)(drive)
    return made


def models() -> tuple[type[DriveModel], ...]:
    """Every kind of drive that can be imported, ours and added ones, sorted by name."""
    kinds: list[type[DriveModel]] = []
    for kind in registered(DRIVES):
        with suppress(SpecError):
            kinds.append(load_registered(DRIVES, kind))
    return tuple(kinds)


def terms(drive: Drive, assembly: Assembly, thermal_energy: float) -> DriveTerms:
    """What a drive does to a machine at k_B T (kJ/mol), its load aside; and the machine's own affinities.

    Raises
    ------
    SpecError
        The drive, or its load, does not act on such a machine.
    """
    acting, kind = model(drive), kind_of(assembly.kind)
    if not kind.turned_by_torque and (drive.load or acting.is_torque):
        raise SpecError(
            f"drive.{'load' if drive.load else 'kind'}: a torque about the axle does not push the "
            f"{kind.part_names['rotor']} of a {assembly.kind}; expected one without load, under another drive"
        )
    driven = acting.terms(assembly, thermal_energy)
    return replace(driven, switched=(*driven.switched, *affinities(assembly)))


def mirror(drive: Drive) -> Drive:
    """The drive reflected in the xz plane, its load too."""
    return model(drive).mirror().model_copy(update={"load": -drive.load + 0.0})


def undriven(drive: Drive) -> Drive:
    """The drive's undriven twin, without load: thermal motion alone."""
    return model(drive).undriven()
