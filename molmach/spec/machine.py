"""What can be built: one model a kind of machine."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from molmach.spec.beads import BeadCatenane
from molmach.spec.interlocked import Catenane, Rotaxane
from molmach.spec.rotor import Rotor

Machine = Annotated[Rotor | Rotaxane | Catenane | BeadCatenane, Field(discriminator="kind")]
