"""What is proposed of a drawing: a machine with its numbers, and the drives that move it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rdkit import Chem

from molmach import drives
from molmach.building import Assembly
from molmach.drives.suggesting import Seen, Suggestion, rotor_refusal
from molmach.proposals.isomers import Isomer
from molmach.spec.protocol import Protocol
from molmach.units import thermal_energy


@dataclass(frozen=True, eq=False)
class Proposal:
    """A machine that a drawing may be.

    Attributes
    ----------
    title
        What it is, in a few words.
    reason
        Why it is proposed where it stands, in a sentence without its stop.
    molecule
        Drawn molecule that its numbers of atoms are of, hydrogens implicit.
    bonds, atoms
        Of that molecule, which lie on the axle or make a station.
    isomers
        Of that molecule; one where the drawing leaves none open.
    assembly
        As it was built, of the first isomer; None where it was not.
    problem
        Why it can't be built, or is no machine, as a sentence; '' where it is one.
    inertia, dipole
        About and across the axle, u nm^2 and debye; None where nothing turns about an axle.
    barrier
        Height of the energy along a turn, kJ/mol; None where it was not scanned or the scan does not close.
    slope
        Its steepest slope, kJ/mol per radian.
    numbers
        (what, value with its unit) of the built structure, beside these.
    drives
        Kind of a drive -> how it would move the machine, or why it can't; the best first.
    """

    title: str
    reason: str
    molecule: Chem.Mol
    bonds: tuple[int, ...]
    atoms: tuple[int, ...]
    isomers: tuple[Isomer, ...]
    assembly: Assembly | None = None
    problem: str = ""
    inertia: float | None = None
    dipole: float | None = None
    barrier: float | None = None
    slope: float | None = None
    numbers: tuple[tuple[str, str], ...] = ()
    drives: Mapping[str, Suggestion | str] = field(default_factory=dict)

    @property
    def best_drive(self) -> str:
        """The kind of the drive that fits best; ``none`` where no other moves the machine."""
        fitting = [kind for kind, said in self.drives.items() if isinstance(said, Suggestion)]
        return fitting[0] if fitting else NO_DRIVE

    @property
    def thermal_field(self) -> float | None:
        """kT/mu at 300 K, V/nm; None without a dipole that a field can hold and turn."""
        if self.assembly is None:
            return None
        what = seen(self.assembly)
        return None if rotor_refusal(what, needs_dipole=True) else what.thermal_field

    def section(self, isomer: Isomer) -> dict[str, Any]:
        """The machine's section of the file, of one of the isomers."""
        raise NotImplementedError(f"{type(self).__name__} has no section()")

    def comments(self) -> dict[str, str]:
        """Entry of the section -> what stands beside it in the file."""
        return {}


NO_DRIVE = "none"


def seen(assembly: Assembly, barrier: float | None = None, slope: float | None = None) -> Seen:
    """A built machine as drives see it, in the protocol that a file has by default."""
    protocol = Protocol()
    return Seen(
        assembly,
        thermal_energy(protocol.temperature),
        protocol.friction,
        protocol.replicas,
        barrier,
        slope,
    )


def suggestions(what: Seen) -> dict[str, Suggestion | str]:
    """What every kind of drive says of a machine, those that move it first, by how well they fit."""
    said = {made.__name__: (made, made.suggested(what)) for made in drives.models()}
    answered = {_name(made): answer for made, answer in said.values() if answer is not None}
    order = sorted(answered, key=lambda kind: -_fit(answered[kind]))
    return {kind: answered[kind] for kind in order}


def _name(made: type[drives.DriveModel]) -> str:
    """The kind's name, as its section has it."""
    (name,) = made.spec.model_fields["kind"].annotation.__args__  # type: ignore[union-attr]
    return str(name)


def _fit(answer: Suggestion | str) -> float:
    return answer.fit if isinstance(answer, Suggestion) else -1.0
