"""A uniform field turning about the axle: E(t) = E (cos(wt + p), sin(wt + p), 0)."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import AfterValidator

from molmach.drives.base import DriveTerms, FieldDrive
from molmach.drives.suggesting import (
    OVER,
    Seen,
    Suggestion,
    field_to_hold,
    rotor_refusal,
    rounded_down,
    rounded_up,
    strong,
    too_strong,
)
from molmach.spec import Drive, Driven, fields
from molmach.units import TURN, VOLT_PER_NM

_TURNS = 5.0
"""Turns of the field that a run should have."""

_EVERYDAY = 5.0
"""V/nm, up to which a field is what one tries first."""


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

    @classmethod
    def suggested(cls, seen: Seen) -> Suggestion | str | None:
        """A field that holds the dipole, at half the frequency at which the rotor falls out of step."""
        refusal = rotor_refusal(seen, needs_dipole=True)
        if refusal:
            return refusal
        strength = field_to_hold(seen)
        if too_strong(strength):
            return too_strong(strength)
        spare = seen.energy_per_field * strength - (seen.slope or 0.0)
        highest = seen.highest_ghz(strength)
        frequency = rounded_down(0.5 * min(spare / seen.drag_per_ghz, highest))
        if not frequency > 0.0:
            return "no frequency is known at which such a rotor follows a field"
        return Suggestion(
            {"kind": "rotating_field", "field": f"{strength:g} V/nm", "frequency": f"{frequency:g} GHz"},
            f"a field that turns takes a dipole of {seen.dipole:.2g} D with it",
            0.9 if strength <= _EVERYDAY and seen.assembly.track is None else 0.5,
            max(_TURNS * 1e3 / frequency, seen.duration_ps(frequency)),
            {
                "field": f"kT/mu is {seen.thermal_field:.2g} V/nm; {strong(strength)}",
                "frequency": f"free, it follows up to about {rounded_down(highest):g} GHz in this field",
            },
        )

    def outlook(self, seen: Seen) -> tuple[tuple[str, str], ...]:
        """The dipole's energy against heat and drag, the highest frequency, and how long to run."""
        energy = seen.energy_per_field * self.drive.field
        if not energy:
            return ()
        frequency = abs(self.drive.frequency)
        highest, drag = seen.highest_ghz(self.drive.field), seen.drag_per_ghz * frequency / energy
        rows = [
            ("dipole in the field", f"mu E = {energy:.3g} kJ/mol = {energy / seen.thermal_energy:.2g} kT"),
            ("drag at its frequency", f"{drag:.2g} mu E{', more than the field has' if drag > 1.0 else ''}"),
        ]
        if seen.slope:
            rows.append(("to pass the barrier", f"{OVER * seen.slope / seen.energy_per_field:.2g} V/nm"))
        if math.isfinite(highest):
            last = f"up to {rounded_down(highest):g} GHz" if highest else "at no frequency: heat is stronger"
            rows.append(("follows this field", f"{last} (a free rotor)"))
        if highest >= frequency:
            needed = rounded_up(max(_TURNS * 1e3 / frequency, seen.duration_ps(frequency)))
            rows.append(("advisable duration", f"{needed:g} ps with {seen.replicas} replicas"))
        return tuple(rows)

    def mirror(self) -> Drive:
        """y -> -y: opposite sense and opposite phase."""
        return self.drive.model_copy(
            update={"frequency": -self.drive.frequency, "phase": -self.drive.phase + 0.0}
        )

    def across(self) -> Drive:
        """The field itself, which lies in that plane."""
        return self.drive
