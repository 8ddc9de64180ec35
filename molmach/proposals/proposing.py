"""From a drawing to machines that it may be, and from one of these to a machine file."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rdkit import Chem
from rdkit.Chem import rdMolDescriptors

from molmach.building.embed import check_parameters
from molmach.drives.suggesting import Suggestion
from molmach.errors import Argument, BuildError, SpecError
from molmach.files import write_text
from molmach.proposals.base import NO_DRIVE, Proposal
from molmach.proposals.interlocked import propose_interlocked
from molmach.proposals.machine_file import machine_file
from molmach.proposals.picture import draw_svg
from molmach.proposals.reading import Drawing, read_drawing
from molmach.proposals.rotors import Note, propose_rotors
from molmach.report.svg import inline_molecule
from molmach.report.templates import render
from molmach.spec import Spec, loads

AXLE, DRIVE, ISOMER, NAME = Argument("axle"), Argument("drive"), Argument("isomer"), Argument("name")


@dataclass(frozen=True, eq=False)
class Proposals:
    """Machines that a drawing may be, the best first; a notebook shows them as a picture with a table.

    Attributes
    ----------
    drawn
        What was given, as texts.
    drawing
        As it was read.
    proposals
        At least one.
    """

    drawn: tuple[str, ...]
    drawing: Drawing
    proposals: tuple[Proposal, ...]

    def __len__(self) -> int:
        return len(self.proposals)

    def __getitem__(self, number: int) -> Proposal:
        return self.proposals[number]

    @property
    def name(self) -> str:
        """A machine's name, of the file that it came in or of its formula."""
        if self.drawing.name:
            kept = "".join(
                c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in self.drawing.name
            )
            return kept.strip("._-")[:60] or "drawn"
        formula = str(rdMolDescriptors.CalcMolFormula(self.drawing.molecules[0]))
        return f"{re.sub(_CHARGE, '', formula).lower()}-machine"

    def choose(self, axle: int = 1) -> Proposal:
        """The proposal of a number, from 1.

        Raises
        ------
        SpecError
            There is none of that number, or it can't be built.
        """
        if not 1 <= axle <= len(self.proposals):
            raise SpecError(AXLE, f" {axle}: expected a number from 1 to {len(self.proposals)}")
        chosen = self.proposals[axle - 1]
        if chosen.problem:
            raise SpecError(AXLE, f" {axle}: {chosen.problem}; expected another axle")
        return chosen

    def text(self, axle: int = 1, drive: str | None = None, isomer: int = 1, name: str | None = None) -> str:
        """The machine file of one of them.

        Parameters
        ----------
        axle, isomer
            Numbers from 1, as the table has them.
        drive
            A kind of drive that moves it, or ``none``; the one that fits best if None.
        name
            Of the machine; of the drawing if None.

        Raises
        ------
        SpecError
            A number or a name is none of those, or the drive can't move the machine.
        """
        proposal = self.choose(axle)
        kind = proposal.best_drive if drive is None else drive
        said = proposal.drives.get(kind)
        if not isinstance(said, Suggestion) and kind != NO_DRIVE:
            moving = [one for one, answer in proposal.drives.items() if isinstance(answer, Suggestion)]
            why = f": {said}" if isinstance(said, str) else ""
            raise SpecError(DRIVE, f" {kind}{why}; expected one of {', '.join([*moving, NO_DRIVE])}")
        if not 1 <= isomer <= len(proposal.isomers):
            raise SpecError(ISOMER, f" {isomer}: expected a number from 1 to {len(proposal.isomers)}")
        drawn = " and ".join(self.drawn)
        shown = drawn if len(drawn) < _SHOWN else "a drawing"
        return machine_file(proposal, proposal.isomers[isomer - 1], kind, name or self.name, shown)

    def machine(
        self, axle: int = 1, drive: str | None = None, isomer: int = 1, name: str | None = None
    ) -> Spec:
        """The machine itself, as :func:`molmach.load` reads it; arguments and errors as of :meth:`text`."""
        return loads(self.text(axle, drive, isomer, name))

    def write(self, path: Path | str, **chosen: Any) -> Path:
        """Write the file of :meth:`text`, whose arguments are taken; gives its path."""
        place = Path(path)
        write_text(place, self.text(**chosen))
        return place

    def svg(self) -> str:
        """The picture: bonds of each axle in its colour, with its number."""
        return draw_svg(self.proposals)

    def _repr_html_(self) -> str:
        rows = [
            (
                str(number),
                one.title,
                one.problem or one.reason,
                "; ".join(f"{what} {value}" for what, value in figures(one)),
                one.best_drive.replace("_", " "),
            )
            for number, one in enumerate(self.proposals, start=1)
        ]
        picture = inline_molecule(self.svg(), "The drawing, axles in colours with their numbers")
        return str(render("proposals.html", picture=picture, rows=rows))


_CHARGE = r"[+-]\d*$"

_SHOWN = 300
"""Characters of a drawing that the first line of a file repeats."""


def figures(proposal: Proposal) -> list[tuple[str, str]]:
    """(what, value with its unit) of a proposal's built structure."""
    rows = []
    if proposal.barrier is not None:
        rows.append(("barrier", f"{proposal.barrier:.1f} kJ/mol"))
    if proposal.inertia is not None:
        rows.append(("inertia", f"{proposal.inertia:.3g} u nm²"))
    if proposal.dipole is not None:
        rows.append(("dipole across", f"{proposal.dipole:.2f} D"))
    field = proposal.thermal_field
    if field is not None:
        rows.append(("kT/mu", f"{field:.2g} V/nm"))
    return [*rows, *proposal.numbers]


def suggest(*drawn: str | Path, note: Note | None = None) -> Proposals:
    """Machines that a molecule may be, or two, with a reason, numbers and drives for each.

    Parameters
    ----------
    drawn
        A SMILES, or a file (.mol, .sdf, .pdb, .cdxml); two of them make a rotaxane or a catenane.
    note
        Is told what is being done.

    Returns
    -------
    proposals
        The best first.

    Raises
    ------
    SpecError
        What was given is no molecule, has no axle, or elements that the force field does not know.

    Examples
    --------
        >>> import molmach
        >>> proposals = molmach.suggest("Fc1ccccc1C#Cc1ccccc1")
        >>> proposals[0].title, proposals[0].atoms
        ('ring on an alkyne', (7, 6))
        >>> proposals.machine(drive="rotating_field").machine.axle
        (1, 2)
    """
    texts = tuple(str(one) for one in drawn)
    drawing = read_drawing(texts)
    for molecule in drawing.molecules:
        try:
            check_parameters(Chem.AddHs(molecule), _FORCE_FIELD, "SMILES")
        except BuildError as error:
            raise SpecError(f"{error} (atoms as drawn, counted from 0)") from error
    tell = note or (lambda text: None)
    proposals: list[Proposal] = []
    if len(drawing.molecules) == 1:
        proposals += propose_rotors(drawing.molecules[0], tell)
    else:
        proposals += propose_interlocked(drawing.molecules, tell)
    return Proposals(texts, drawing, tuple(proposals))


_FORCE_FIELD = "MMFF94"


def expected_seconds(drawing: Drawing) -> float:
    """About how long :func:`suggest` takes on a core, from the number of atoms; right within a factor of two.

    Most of it is minimisation of conformers, each step of which takes a time that goes with the pairs of
    atoms, and of which there are the more the more atoms there are.
    """
    atoms: int = sum(Chem.AddHs(molecule).GetNumAtoms() for molecule in drawing.molecules)
    if len(drawing.molecules) > 1:
        return _SECONDS_FOR_A_PAIR * atoms / 140.0
    return float(_SECONDS_FOR_80 * math.pow(atoms / 80.0, 2.5))


_SECONDS_FOR_80 = 10.0
_SECONDS_FOR_A_PAIR = 12.0
"""Of a rotor of 80 atoms, and of a ring on a thread of 140 in all, measured over the list of drawings."""
