"""A uniform field turning about the axle: E(t) = E (cos(wt + p), sin(wt + p), 0)."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import AfterValidator

from molmach.drives.base import DriveTerms, FieldDrive
from molmach.spec import Drive, Driven, fields
from molmach.units import TURN, VOLT_PER_NM


def _not_zero(frequency: float) -> float:
    if frequency == 0.0:
        raise ValueError("got 0 GHz; expected a frequency other than zero, such as '50 GHz' or '-50 GHz'")
    return frequency


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


class RotatingFieldModel(FieldDrive):
    """Turns a dipole with it where mu E exceeds the drag; reflected, it turns the other way."""

    spec = RotatingField
    drive: RotatingField
    turns_with = True
    has_regimes = True
    strength = "field"
    frequency_key = "frequency"

    def on_any_machine(self) -> DriveTerms:
        """The field's two quadratures."""
        strength = self.drive.field * VOLT_PER_NM
        phase = math.radians(self.drive.phase)
        x, y = strength * math.cos(phase), strength * math.sin(phase)
        return DriveTerms((x, y, 0.0), (-y, x, 0.0), TURN * self.drive.frequency * 1e-3)

    def mirror(self) -> Drive:
        """y -> -y: opposite sense and opposite phase."""
        return self.drive.model_copy(
            update={"frequency": -self.drive.frequency, "phase": -self.drive.phase + 0.0}
        )

    def across(self) -> Drive:
        """The field itself, which lies in that plane."""
        return self.drive
