"""A uniform field along a fixed line: E(t) = E cos(wt + p) n."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import AfterValidator

from molmach.drives.base import DriveTerms, FieldDrive
from molmach.drives.suggesting import (
    Seen,
    Suggestion,
    field_to_hold,
    rotor_refusal,
    rounded_down,
    strong,
    too_strong,
)
from molmach.spec import Drive, Driven, fields
from molmach.units import TURN, VOLT_PER_NM

_OF_THE_DRAG = 0.25
"""Frequency, by that at which the drag of a turn per period is mu E: the rotor can turn over in time."""

_PERIODS = 100.0


def _unit_vector(direction: tuple[float, float, float]) -> tuple[float, float, float]:
    length = math.hypot(*direction)
    if not 0.0 < length < math.inf:
        raise ValueError(f"got {list(direction)}; expected three numbers, not all zero, such as [1, 0, 0]")
    x, y, z = (float(f"{component / length:.12g}") + 0.0 for component in direction)
    return x, y, z


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


class AlternatingFieldModel(FieldDrive):
    """Has no handedness of its own: what turns under it owes its direction to the machine."""

    spec = AlternatingField
    drive: AlternatingField
    strength = "field"
    frequency_key = "frequency"
    has_line = True

    def on_any_machine(self) -> DriveTerms:
        """The field's two quadratures, both along the line."""
        phase = math.radians(self.drive.phase)
        x, y, z = (self.drive.field * VOLT_PER_NM * share for share in self.drive.direction)
        c, s = math.cos(phase), -math.sin(phase)
        return DriveTerms((c * x, c * y, c * z), (s * x, s * y, s * z), TURN * self.drive.frequency * 1e-3)

    @classmethod
    def suggested(cls, seen: Seen) -> Suggestion | str | None:
        """A field that reverses the dipole; which way is the molecule's, so it must be chiral."""
        refusal = rotor_refusal(seen, needs_dipole=True)
        if refusal:
            return refusal
        if seen.assembly.achiral_with_roles:
            return "a field along a line turns only what is chiral, and this is its own mirror image"
        strength = field_to_hold(seen)
        if too_strong(strength):
            return too_strong(strength)
        frequency = rounded_down(_OF_THE_DRAG * seen.energy_per_field * strength / seen.drag_per_ghz)
        return Suggestion(
            {
                "kind": "alternating_field",
                "field": f"{strength:g} V/nm",
                "frequency": f"{frequency:g} GHz",
                "direction": [1, 0, 0],
            },
            "a field along a line turns a chiral rotor one way, as a ratchet",
            0.4,
            _PERIODS * 1e3 / frequency,
            {
                "field": strong(strength),
                "direction": "x leads to the machine's reference_atom, z along the axle",
            },
        )

    def mirror(self) -> Drive:
        """y -> -y in the field's direction."""
        x, y, z = self.drive.direction
        return self.drive.model_copy(update={"direction": (x, -y + 0.0, z)})

    def across(self) -> Drive:
        """z -> -z in the field's direction."""
        x, y, z = self.drive.direction
        return self.drive.model_copy(update={"direction": (x, y, -z + 0.0)})
