"""What a drive is to the rest of molmach."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

import openmm

from molmach.build import Assembly
from molmach.spec import Drive


@dataclass(frozen=True, eq=False)
class DriveTerms:
    """A drive in an ``openmm.System``.

    Attributes
    ----------
    forces
        OpenMM forces, in group ``Group.DRIVE`` or ``Group.LOAD``.
    schedule
        Global parameters of those forces as expressions in ``t``, the time in ps since the
        replica's start, equilibration included.
    """

    forces: list[openmm.Force] = field(default_factory=list)
    schedule: dict[str, str] = field(default_factory=dict)


class DriveModel(Protocol):
    """The physics of one kind of drive."""

    def __init__(self, drive: Any) -> None: ...

    def terms(self, assembly: Assembly) -> DriveTerms:
        """Forces and schedule on an assembly."""
        ...

    def mirror(self) -> Drive:
        """The spec of the drive's mirror image in the xz plane, which holds the axle (load aside)."""
        ...

    @property
    def frequency(self) -> float | None:
        """Signed turns or periods per time, GHz; None where the drive has no period."""
        ...
