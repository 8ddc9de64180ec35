"""What every drive may have."""

from __future__ import annotations

from molmach.spec import fields
from molmach.spec.fields import Section


class Driven(Section):
    """What every drive may have: a load.

    Attributes
    ----------
    load
        A constant torque on the rotor against its forward motion, kJ/mol; work done against it
        is useful work. Negative values load a machine that turns backward.
    """

    load: fields.Torque = 0.0
