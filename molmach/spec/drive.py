"""What drives the machine."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, Field, PlainValidator, SerializeAsAny, TypeAdapter

from molmach.spec import fields
from molmach.spec.driven import Driven
from molmach.spec.registered import DRIVES, load_registered, registered
from molmach.spec.switching import ChemicalFuel, Flashing, Photoisomerisation, StationSwitch


def _unit_vector(direction: tuple[float, float, float]) -> tuple[float, float, float]:
    length = math.hypot(*direction)
    if not 0.0 < length < math.inf:
        raise ValueError(f"got {list(direction)}; expected three numbers, not all zero, such as [1, 0, 0]")
    x, y, z = (float(f"{component / length:.12g}") + 0.0 for component in direction)
    return x, y, z


def _not_zero(frequency: float) -> float:
    if frequency == 0.0:
        raise ValueError("got 0 GHz; expected a frequency other than zero, such as '50 GHz' or '-50 GHz'")
    return frequency


class NoDrive(Driven):
    """No drive: thermal motion alone (with a load, the machine is dragged)."""

    kind: Literal["none"]


class RotatingField(Driven):
    """A uniform electric field that turns about the axle at a constant rate.

    Attributes
    ----------
    field
        Strength, V/nm.
    frequency
        Turns per time, GHz; positive is counter-clockwise seen from the axle's head.
    phase
        The field's angle from the laboratory's x axis at time zero, degrees.
    """

    kind: Literal["rotating_field"]
    field: fields.Field
    frequency: Annotated[fields.SignedFrequency, AfterValidator(_not_zero)]
    phase: fields.Angle = 0.0


class AlternatingField(Driven):
    """A uniform electric field along a fixed line whose strength follows a cosine.

    Attributes
    ----------
    field
        Amplitude, V/nm.
    frequency
        Periods per time, GHz.
    direction
        The line, in the laboratory frame (z along the axle, x towards the machine's
        ``reference_atom``); any length, kept as a unit vector.
    phase
        Phase of the cosine at time zero, degrees.
    """

    kind: Literal["alternating_field"]
    field: fields.Field
    frequency: fields.Frequency
    direction: Annotated[tuple[float, float, float], AfterValidator(_unit_vector)] = (1.0, 0.0, 0.0)
    phase: fields.Angle = 0.0


class ConstantTorque(Driven):
    """A constant torque about the axle on the rotor's atoms.

    Attributes
    ----------
    torque
        kJ/mol (per radian); positive turns the rotor forward.
    """

    kind: Literal["constant_torque"]
    torque: fields.Torque


_BuiltIn = (
    NoDrive
    | RotatingField
    | AlternatingField
    | ConstantTorque
    | Photoisomerisation
    | StationSwitch
    | Flashing
    | ChemicalFuel
)
_KINDS: dict[str, type[Driven]] = {
    get_args(drive.model_fields["kind"].annotation)[0]: drive for drive in get_args(_BuiltIn)
}
_READER: TypeAdapter[Driven] = TypeAdapter(Annotated[_BuiltIn, Field(discriminator="kind")])


def kinds() -> dict[str, type[Driven]]:
    """Sections of all drives by their kind, those that an entry point adds too."""
    added = {kind: load_registered(DRIVES, kind).spec for kind in registered(DRIVES)}
    return {**_KINDS, **added}


def _read(content: Any) -> Driven:
    """A drive of any kind; one of ours is known without a look at what is installed."""
    if isinstance(content, Driven):
        return content
    kind = content.get("kind") if isinstance(content, Mapping) else None
    if isinstance(kind, str) and kind not in _KINDS and kind in registered(DRIVES):
        added: type[Driven] = load_registered(DRIVES, kind).spec
        return added.model_validate(content)
    return _READER.validate_python(content)


Drive = Annotated[SerializeAsAny[Driven], PlainValidator(_read)]
"""What drives the machine."""
