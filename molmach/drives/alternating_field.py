"""A uniform field along a fixed line: E(t) = E cos(wt + p) n."""

from __future__ import annotations

import math

from molmach.building import Assembly
from molmach.drives.base import DriveTerms, FieldDrive
from molmach.spec import AlternatingField, Drive
from molmach.units import TURN, VOLT_PER_NM


class AlternatingFieldModel(FieldDrive):
    """Has no handedness of its own: what turns under it owes its direction to the machine."""

    drive: AlternatingField
    strength = "field"

    @property
    def frequency(self) -> float | None:
        """Periods of the field per ns."""
        return self.drive.frequency

    def terms(self, assembly: Assembly, thermal_energy: float) -> DriveTerms:
        """The field's two quadratures, both along the line."""
        phase = math.radians(self.drive.phase)
        x, y, z = (self.drive.field * VOLT_PER_NM * share for share in self.drive.direction)
        c, s = math.cos(phase), -math.sin(phase)
        return DriveTerms((c * x, c * y, c * z), (s * x, s * y, s * z), TURN * self.drive.frequency * 1e-3)

    def mirror(self) -> Drive:
        """y -> -y in the field's direction."""
        x, y, z = self.drive.direction
        return self.drive.model_copy(update={"direction": (x, -y + 0.0, z)})
