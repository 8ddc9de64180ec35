"""A uniform field turning about the axle: E(t) = E (cos(wt + p), sin(wt + p), 0)."""

from __future__ import annotations

import math

from molmach.building import Assembly
from molmach.drives.base import DriveTerms, FieldDrive
from molmach.spec import Drive, RotatingField
from molmach.units import TURN, VOLT_PER_NM


class RotatingFieldModel(FieldDrive):
    """Turns a dipole with it where mu E exceeds the drag; reflected, it turns the other way."""

    drive: RotatingField
    turns_with = True
    has_regimes = True
    strength = "field"

    @property
    def frequency(self) -> float | None:
        """Turns of the field per ns."""
        return self.drive.frequency

    def terms(self, assembly: Assembly, thermal_energy: float) -> DriveTerms:
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
