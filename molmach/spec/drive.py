"""What drives the machine: what every drive's section has, and how one is read."""

from __future__ import annotations

from functools import partial
from typing import Annotated, ClassVar

from pydantic import PlainValidator, SerializeAsAny

from molmach.spec import fields
from molmach.spec.kinds import KindSection, read_section
from molmach.spec.registered import DRIVES


class Driven(KindSection):
    """What every drive has: its kind, and a load. Each kind's own section is in :mod:`molmach.drives`.

    Attributes
    ----------
    kind
        Which drive it is.
    load
        A constant torque on the rotor against its forward motion, kJ/mol; work done against it
        is useful work. Negative values load a machine that turns backward.
    """

    group: ClassVar[str] = DRIVES

    load: fields.Torque = 0.0
    kind: str


Drive = Annotated[SerializeAsAny[Driven], PlainValidator(partial(read_section, Driven))]
"""What drives the machine."""


def no_drive() -> Driven:
    """Thermal motion alone, without load."""
    return read_section(Driven, {"kind": "none"})
