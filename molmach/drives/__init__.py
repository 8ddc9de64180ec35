"""Drives: what each does to the machine, its schedule in time, its mirror image, its undriven twin.

A drive is a field on the charges that follows cosine and sine of the time, a torque, or switches
between potentials, as numbers (:class:`DriveTerms`). Every engine evaluates them at the exact time
of each step, so the drive is integrated with the dynamics. The work that a drive does is the
integral of its force along the atoms' paths, kept by the integrator.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

from molmach.building import Assembly, kind_of
from molmach.data.quantity import Quantity
from molmach.drives.base import AchiralDrive, DriveModel, DriveTerms, FieldDrive
from molmach.drives.checking import objection
from molmach.drives.stations import affinities
from molmach.drives.torque import torque_shares
from molmach.errors import SpecError
from molmach.spec import Drive, Driven, Protocol
from molmach.spec.registered import DRIVES, called, faulty, load_registered, registered

__all__ = [
    "AchiralDrive",
    "DriveModel",
    "DriveTerms",
    "FieldDrive",
    "bound_by_uncertainty",
    "equilibrium",
    "mirror",
    "model",
    "models",
    "on_any_machine",
    "own_quantities",
    "terms",
    "torque_shares",
    "undriven",
]


def model(drive: Drive) -> DriveModel:
    """The physics of a drive's spec.

    Raises
    ------
    SpecError
        What is registered for it is no :class:`DriveModel`, or lacks what each drive has to say itself.
    """
    made_by = _model_class(drive.kind)
    with called(DRIVES, drive.kind, "class"):
        return made_by(drive)


def _model_class(kind: str) -> type[DriveModel]:
    loaded = load_registered(DRIVES, kind)
    if not (isinstance(loaded, type) and issubclass(loaded, DriveModel)):
        raise faulty(DRIVES, kind, f"got {loaded!r}; expected a class that derives from DriveModel")
    asked = ("mirror", "undriven") if _alike_everywhere(loaded) else ("terms", "mirror", "undriven")
    missing = [name for name in asked if getattr(loaded, name) is getattr(DriveModel, name)]
    if missing:
        raise faulty(DRIVES, kind, f"it has no {missing[0]}(); expected one, as each drive says it itself")
    return loaded


def models() -> tuple[type[DriveModel], ...]:
    """Every kind of drive that is whole, ours and added ones, sorted by name."""
    kinds: list[type[DriveModel]] = []
    for kind in registered(DRIVES):
        with suppress(SpecError):
            kinds.append(_model_class(kind))
    return tuple(kinds)


def own_quantities(kind: str) -> tuple[Quantity, ...]:
    """What a kind of drive adds to scores, as it says itself.

    Raises
    ------
    SpecError
        The kind can't be imported, or what its ``quantities()`` gives is no tuple or list of quantities.
    """
    made = _model_class(kind)
    try:
        gathered: Any = made.quantities()
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise faulty(
            DRIVES, kind, f"its quantities() raises {type(error).__name__}: {error}; expected a class method"
        ) from error
    if not isinstance(gathered, tuple | list) or not all(isinstance(q, Quantity) for q in gathered):
        raise faulty(DRIVES, kind, f"its quantities() gives {gathered!r}; expected a tuple of Quantity")
    return tuple(gathered)


def terms(drive: Drive, assembly: Assembly, thermal_energy: float) -> DriveTerms:
    """What a drive does to a machine at k_B T (kJ/mol), its load aside; and the machine's own affinities.

    Raises
    ------
    SpecError
        The drive, or its load, does not act on such a machine, or what it gives can't be integrated.
    """
    acting, kind = model(drive), kind_of(assembly.kind)
    if not kind.turned_by_torque and (drive.load or acting.is_torque):
        raise SpecError(
            f"drive.{'load' if drive.load else 'kind'}: a torque about the axle does not push the "
            f"{kind.part_names['rotor']} of a {assembly.kind}; expected one without load, under another drive"
        )
    with called(DRIVES, drive.kind, "terms()"):
        driven = acting.terms(assembly, thermal_energy)
    wrong = objection(driven)
    if wrong is not None:
        raise faulty(DRIVES, drive.kind, f"its terms() gives {wrong}")
    return replace(driven, switched=(*driven.switched, *affinities(assembly)))


def _alike_everywhere(made_by: type[DriveModel]) -> bool:
    """Whether a kind of drive says what it does in ``on_any_machine`` alone."""
    return made_by.on_any_machine is not DriveModel.on_any_machine and made_by.terms is DriveModel.terms


def on_any_machine(drive: Drive) -> DriveTerms | None:
    """What a drive does to every machine alike, its load aside; None where it depends on the machine."""
    acting = model(drive)
    if not _alike_everywhere(type(acting)):
        return None
    with called(DRIVES, drive.kind, "on_any_machine()"):
        driven = acting.on_any_machine()
    wrong = None if driven is None else objection(driven)
    if wrong is not None:
        raise faulty(DRIVES, drive.kind, f"its on_any_machine() gives {wrong}")
    return driven


def mirror(drive: Drive) -> Drive:
    """The drive reflected in the xz plane, its load too."""
    return _drive_of(drive, "mirror").model_copy(update={"load": -drive.load + 0.0})


def undriven(drive: Drive) -> Drive:
    """The drive's undriven twin, without load: the same machine at equilibrium."""
    return _drive_of(drive, "undriven")


def equilibrium(drive: Drive, assembly: Assembly, protocol: Protocol) -> str | None:
    """Why a machine under a drive is at equilibrium by its own file, as a clause; None where it is driven.

    A load drives, whatever the drive does.

    Raises
    ------
    SpecError
        The drive does not act on such a machine.
    """
    if drive.load:
        return None
    said: Any = model(drive).equilibrium(assembly, protocol)
    if not (said is None or (isinstance(said, str) and said)):
        raise faulty(DRIVES, drive.kind, f"its equilibrium() gives {said!r}; expected a clause, or None")
    return said


def bound_by_uncertainty(drive: Drive, protocol: Protocol) -> bool:
    """Whether the uncertainty relation is a law under a drive; :meth:`DriveModel.bound_by_uncertainty`."""
    return model(drive).bound_by_uncertainty(protocol)


def _drive_of(drive: Drive, method: str) -> Drive:
    with called(DRIVES, drive.kind, f"{method}()"):
        made: Any = getattr(model(drive), method)()
    if not isinstance(made, Driven):
        raise faulty(DRIVES, drive.kind, f"its {method}() gives {made!r}; expected the section of a drive")
    return made
