"""``molmach new``: from a drawing to a machine file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from molmach.cli.choosing import Chosen, asked
from molmach.cli.output import JsonFlag, console, print_json, status, table
from molmach.errors import Argument, SpecError
from molmach.files import write_text
from molmach.proposals import Proposal, Proposals, expected_seconds, figures, read_drawing, suggest

_WORTH_SAYING = 4.0
"""Seconds from which on it is said beforehand how long something takes."""

OUT = Argument("out")


def new(
    drawn: Annotated[
        list[str],
        typer.Argument(
            metavar="DRAWING...",
            help="A SMILES, or a .mol, .sdf, .pdb or .cdxml file; two make a rotaxane or catenane.",
        ),
    ],
    axle: Annotated[
        int | None, typer.Option(metavar="N", help="Number of the axle; default asks, or 1.")
    ] = None,
    isomer: Annotated[
        int | None, typer.Option(metavar="N", help="Number of the isomer, where the drawing leaves it open.")
    ] = None,
    drive: Annotated[
        str | None, typer.Option(metavar="KIND", help="Kind of the drive; default asks, or the best one.")
    ] = None,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="Of the machine.")] = None,
    out: Annotated[
        Path | None, typer.Option("-o", metavar="FILE", help="Machine file to write; default NAME.yaml.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing: take what fits best.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Make a machine file of a molecule: find its axles, isomers and drives, and ask which.

    Draws NAME.svg with the axles in colours. With --json and without --yes nothing is written.
    """
    at_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    asking = at_terminal and not yes and not as_json
    proposals = _proposed(drawn, as_json)
    chosen = Chosen(axle, isomer, drive)
    place = _free_place(proposals, name, out) if yes or asking else None
    chosen.check(proposals, name)
    if place is not None:
        _write(place.with_suffix(".svg"), proposals.svg())
    if not as_json:
        _show(proposals, place)
    if place is None and not as_json:
        raise SpecError("no terminal to ask on, so nothing is written; expected --yes, or --json to list")
    if asking:
        chosen = asked(proposals, chosen)
    if place is not None:
        _write(place, chosen.text(proposals, name or place.stem))
    if as_json:
        print_json(_document(proposals, place))
    elif place is not None:
        _say_what_next(proposals, chosen, place)


def _proposed(drawn: list[str], quiet: bool) -> Proposals:
    drawing = read_drawing(drawn)
    seconds = expected_seconds(drawing)
    if seconds > _WORTH_SAYING and not quiet:
        typer.echo(f"molmach: building and turning it takes about {seconds:.0f} s", err=True)
    with status("molmach new") as note:
        return suggest(*drawn, note=note)


def _free_place(proposals: Proposals, name: str | None, out: Path | None) -> Path:
    """Where the file will be; nobody's file is written over."""
    place = out if out is not None else Path(f"{name or proposals.name}.yaml")
    if place.suffix not in (".yaml", ".yml"):
        raise SpecError(OUT, f" {place}: expected a machine file's name, which ends in .yaml")
    if place.exists():
        raise SpecError(OUT, f" {place}: is there already; expected the name of a new file")
    return place


def _write(place: Path, text: str) -> None:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        write_text(place, text)
    except OSError as error:
        told = f" {place}: can't be written ({error.strerror}); expected a writable folder"
        raise SpecError(OUT, told) from error


def _show(proposals: Proposals, place: Path | None) -> None:
    """The table of proposals, and where the picture is."""
    terminal = console()
    rows = []
    for number, proposal in enumerate(proposals.proposals, start=1):
        numbers = "\n".join(f"{what} {value}" for what, value in figures(proposal))
        drive = proposal.best_drive.replace("_", " ")
        style = "dim" if proposal.problem else "bold" if number == 1 else ""
        told = escape(proposal.problem or proposal.reason)
        title = f"[{style}]{escape(proposal.title)}[/]" if style else escape(proposal.title)
        atoms = "-".join(str(atom) for atom in proposal.atoms[:6])
        rows.append((str(number), f"{title}\n{told} [dim](atoms {atoms})[/]", escape(numbers), drive))
    terminal.print(table(("", "what may move", "built structure", "drive"), rows))
    for note in proposals.drawing.notes:
        terminal.print(f"[dim]{escape(note)}[/]")
    if place is not None:
        terminal.print(f"picture: {place.with_suffix('.svg')}", soft_wrap=True)


def _say_what_next(proposals: Proposals, chosen: Chosen, place: Path) -> None:
    terminal, proposal = console(), proposals.choose(chosen.axle or 1)
    if chosen.isomer is None and len(proposal.isomers) > 1:
        first = f"isomer 1 of {len(proposal.isomers)} taken ({escape(proposal.isomers[0].words)})"
        terminal.print(f"{first}; --isomer N takes another", soft_wrap=True)
    rows = [
        (
            kind.replace("_", " "),
            f"[dim]no: {escape(said)}[/]" if isinstance(said, str) else escape(said.words),
        )
        for kind, said in proposal.drives.items()
    ]
    terminal.print(table(("drive", "what it would do here"), rows))
    terminal.print(f"written: {place}", soft_wrap=True)
    terminal.print(f"next: molmach build {place}, then molmach simulate {place}", soft_wrap=True)


def _document(proposals: Proposals, place: Path | None) -> dict[str, Any]:
    return {
        "schema": "molmach.new/1",
        "drawn": list(proposals.drawn),
        "notes": list(proposals.drawing.notes),
        "proposals": [_entry(proposal) for proposal in proposals.proposals],
        "file": None if place is None else str(place),
        "picture": None if place is None else str(place.with_suffix(".svg")),
    }


def _entry(proposal: Proposal) -> dict[str, Any]:
    return {
        "title": proposal.title,
        "reason": proposal.reason,
        "problem": proposal.problem,
        "atoms": list(proposal.atoms),
        "barrier": proposal.barrier,
        "moment_of_inertia": proposal.inertia,
        "dipole": proposal.dipole,
        "thermal_field": proposal.thermal_field,
        "numbers": dict(proposal.numbers),
        "units": {"barrier": "kJ/mol", "moment_of_inertia": "u nm^2", "dipole": "D", "thermal_field": "V/nm"},
        "isomers": [
            {"labels": list(isomer.labels), "mirror_of": isomer.mirror_of} for isomer in proposal.isomers
        ],
        "drives": {
            kind: {"refused": said}
            if isinstance(said, str)
            else {"reason": said.reason, "section": said.section}
            for kind, said in proposal.drives.items()
        },
    }
