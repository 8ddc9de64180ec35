"""What every drive has."""

from __future__ import annotations

from molmach.spec import fields
from molmach.spec.fields import Section


class Driven(Section):
    """What every drive has: its kind, and a load.

    Attributes
    ----------
    kind
        Which drive it is.
    load
        A constant torque on the rotor against its forward motion, kJ/mol; work done against it
        is useful work. Negative values load a machine that turns backward.
    """

    load: fields.Torque = 0.0
    kind: str
