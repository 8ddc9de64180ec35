"""A uniform field along a fixed line: E(t) = E cos(wt + p) n."""

from __future__ import annotations

import math

from molmach.build import Assembly
from molmach.drives.base import DriveTerms
from molmach.drives.uniform_field import COMPONENTS, uniform_field_force
from molmach.spec import AlternatingField, Drive
from molmach.units import TURN, VOLT_PER_NM


class AlternatingFieldModel:
    """Has no handedness of its own: what turns under it owes its direction to the machine."""

    def __init__(self, drive: AlternatingField) -> None:
        self.drive = drive

    @property
    def frequency(self) -> float | None:
        """Periods of the field per ns."""
        return self.drive.frequency

    def terms(self, assembly: Assembly) -> DriveTerms:
        """The field's force; those components are on the schedule that are not zero."""
        phase = math.radians(self.drive.phase)
        wave = f"cos({TURN * self.drive.frequency * 1e-3!r}*t+({phase!r}))"
        x, y, z = (self.drive.field * VOLT_PER_NM * share for share in self.drive.direction)
        at_start = (x * math.cos(phase), y * math.cos(phase), z * math.cos(phase))
        return DriveTerms(
            [uniform_field_force(assembly, at_start)],
            {
                component: f"({amplitude!r})*{wave}"
                for component, amplitude in zip(COMPONENTS, (x, y, z), strict=True)
                if amplitude != 0.0
            },
        )

    def mirror(self) -> Drive:
        """y -> -y in the field's direction."""
        x, y, z = self.drive.direction
        return self.drive.model_copy(update={"direction": (x, -y + 0.0, z)})
