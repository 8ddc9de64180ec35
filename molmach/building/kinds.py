"""What a machine kind is to the rest of molmach."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from rdkit.Chem import rdMolDescriptors

from molmach.building.mmff94_types import typed
from molmach.spec import MachineSection
from molmach.spec.registered import MACHINES, called, faulty, load_registered

if TYPE_CHECKING:
    from molmach.building.assembly import Assembly
    from molmach.building.coordinate import Coordinate
    from molmach.building.stoppers import Passage
    from molmach.spec import Spec

Floats = NDArray[np.float64]


class MachineKind:
    """One kind of machine: how it is built, what of it is watched, and what else depends on the kind.

    A kind derives from this class and says what is different from what stands here.

    Attributes
    ----------
    spec
        The class of its section of the machine file.
    coordinate
        The class of the coordinate whose motion counts.
    turned_by_torque
        Whether a torque about the z axis on the atoms of ``Assembly.rotor`` pushes along the coordinate,
        so that a constant torque drives such a machine and a load can be put on it.
    track
        Whether what its rings are threaded on is an ``open`` chain or a ``closed`` ring; None where nothing
        is threaded, so that nothing is asked of its stored frames.
    part_names
        What its parts are called, by their names in :func:`molmach.building.parts`; other atoms are ``rest``.
    """

    spec: ClassVar[type[MachineSection]]
    coordinate: ClassVar[type[Coordinate]]
    turned_by_torque: ClassVar[bool] = False
    track: ClassVar[Literal["open", "closed"] | None] = None
    part_names: ClassVar[Mapping[str, str]] = {
        "rotor": "moving part",
        "follower": "follower",
        "stator": "anchored",
        "axle": "axle",
        "station": "station",
        "rest": "other atoms",
    }

    def build(self, spec: Spec) -> Assembly:
        """The machine of a spec in three dimensions; the same spec gives the same coordinates.

        Raises
        ------
        BuildError
            It can't be built; the message names the entry of the machine file.
        """
        raise NotImplementedError(f"{type(self).__name__} has no build()")

    def check(self, machine: Any) -> None:
        """What can be said against a machine from its section alone, before anything is built.

        Raises
        ------
        BuildError
            It can't be built.
        """

    def from_the_other_end(self, machine: Any) -> tuple[MachineSection, ...]:
        """Sections of which each describes this machine reflected in the plane across its axle, or itself.

        Whatever the reflection z -> -z leaves as it is drives them alike, and their coordinates move alike.
        Every one of them names the same ones; none where the machine has no such other end, as here.
        """
        return ()

    def line_is_named(self, machine: Any) -> bool:
        """Whether the section itself says where x lies across the axle; else molmach chooses it."""
        return False

    def charges(self, assembly: Assembly) -> Floats:
        """(n_atoms,) partial charges, e: those of MMFF94."""
        molecule = assembly.molecule
        properties = typed(molecule, assembly.force_field)
        return np.array([properties.GetMMFFPartialCharge(i) for i in range(molecule.GetNumAtoms())])

    def formula(self, assembly: Assembly) -> str:
        """What the machine consists of: the molecular formula in Hill order."""
        return str(rdMolDescriptors.CalcMolFormula(assembly.molecule))

    def stations(self, assembly: Assembly) -> dict[str, float]:
        """Values of the coordinate at named places, where dwelling and steps are counted; none here."""
        return {}

    def place(self, assembly: Assembly, atoms: tuple[int, ...]) -> float | None:
        """Value of the coordinate for a ring at those atoms; None where it is no place on a track."""
        return None

    def station_names(self, machine: Any) -> tuple[str, ...] | None:
        """Names of the stations that a section gives; None where only the built machine knows them."""
        return () if type(self).stations is MachineKind.stations else None

    def follower_names(self, machine: Any) -> tuple[str, ...] | None:
        """Names of the followers that a section gives; None where only the built machine knows them."""
        return None

    def stoppers(self, spec: Spec, assembly: Assembly) -> list[tuple[Passage, Passage]]:
        """For each ring what a comparison of lengths says of its slipping off either end; none here."""
        return []

    def own_mirror_image(self, assembly: Assembly) -> bool:
        """Whether nothing but its present shape tells a machine from its mirror image in the xz plane.

        Under a drive that reflection leaves as it is, half of the replicas of such a machine start reflected.
        """
        return False


@cache
def kind_of(name: str) -> MachineKind:
    """The kind of that name.

    Raises
    ------
    SpecError
        Its code can't be imported, or it is no :class:`MachineKind` with a ``build`` and a coordinate.
    """
    loaded = load_registered(MACHINES, name)
    if not (isinstance(loaded, type) and issubclass(loaded, MachineKind)):
        raise faulty(MACHINES, name, f"got {loaded!r}; expected a class that derives from MachineKind")
    if loaded.build is MachineKind.build:
        raise faulty(MACHINES, name, "it has no build(); expected one, as each kind says it itself")
    coordinate = getattr(loaded, "coordinate", None)
    for what, asked in (("coordinate", coordinate), ("coordinate.scale", getattr(coordinate, "scale", None))):
        if asked is None:
            raise faulty(MACHINES, name, f"it has no {what}; expected a Coordinate with a Scale")
    with called(MACHINES, name, "class"):
        return loaded()
