"""What a drive is to the rest of molmach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from molmach.spec import Drive

Vector = tuple[float, float, float]


@dataclass(frozen=True)
class DriveTerms:
    """What a drive does to the machine, as numbers that any engine can integrate.

    Attributes
    ----------
    cosine, sine
        Uniform field on the partial charges, E(t) = cosine cos(wt) + sine sin(wt), kJ/(mol e nm);
        t is the time since the replica's start, equilibration included.
    angular_frequency
        w, rad/ps.
    torque
        Constant torque about the axle on the rotor, kJ/mol (per radian).
    """

    cosine: Vector = (0.0, 0.0, 0.0)
    sine: Vector = (0.0, 0.0, 0.0)
    angular_frequency: float = 0.0
    torque: float = 0.0

    @property
    def has_field(self) -> bool:
        """Whether there is a field at any time."""
        return any(self.cosine) or any(self.sine)


class DriveModel(Protocol):
    """The physics of one kind of drive."""

    def __init__(self, drive: Any) -> None: ...

    def terms(self) -> DriveTerms:
        """What it does to the machine, its load aside."""
        ...

    def mirror(self) -> Drive:
        """The spec of the drive's mirror image in the xz plane, which holds the axle (load aside)."""
        ...

    @property
    def frequency(self) -> float | None:
        """Signed turns or periods per time, GHz; None where the drive has no period."""
        ...
