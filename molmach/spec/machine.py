"""What can be built: what every machine's section has, and how one is read."""

from __future__ import annotations

from functools import partial
from typing import Annotated, ClassVar

from pydantic import Field, PlainValidator, SerializeAsAny

from molmach.spec.fields import PartName
from molmach.spec.kinds import KindSection, read_section
from molmach.spec.molecule import AtomSet
from molmach.spec.registered import MACHINES

StationName = PartName
Stations = Annotated[dict[StationName, AtomSet], Field(max_length=50)]
"""Places along a track: name -> atom-map numbers of the track's molecule."""


class MachineSection(KindSection):
    """What every machine has: its kind. Each kind's own section is in :mod:`molmach.building`.

    Attributes
    ----------
    molecules
        Names of the entries that hold SMILES of the machine's molecules, one or several; none where it is
        made of something else.
    kind
        Which kind of machine it is.
    """

    group: ClassVar[str] = MACHINES
    molecules: ClassVar[tuple[str, ...]] = ()

    kind: str

    @property
    def parts(self) -> tuple[str, ...]:
        """What the machine's parts are, in words or, as here, as SMILES of its molecules."""
        smiles: list[str] = []
        for name in self.molecules:
            value: str | tuple[str, ...] = getattr(self, name)
            smiles += [value] if isinstance(value, str) else value
        return tuple(smiles)


Machine = Annotated[SerializeAsAny[MachineSection], PlainValidator(partial(read_section, MachineSection))]
"""What can be built."""
