"""``molmach energy``: force-field energies of an SDF file's records."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from molmach import forcefield
from molmach.cli.output import JsonFlag, console, print_json, table
from molmach.forcefield import MACHINE_GROUPS, EnergyRecord


class Variant(StrEnum):
    """The force fields that energies can be had from."""

    MMFF94 = "MMFF94"
    MMFF94s = "MMFF94s"


def energy(
    file: Annotated[
        Path, typer.Argument(metavar="FILE.sdf", help="Structures with hydrogens and 3-D coordinates.")
    ],
    force_field: Annotated[Variant, typer.Option(help="Force field.")] = Variant.MMFF94,
    strict: Annotated[
        bool, typer.Option("--strict", help="End with exit code 2 if any record fails, not only if all do.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Force-field energy of each record of an SDF file, total and by term, kJ/mol."""
    records = list(forcefield.energies_of_file(file, forcefield.get(force_field.value)))
    good = [record for record in records if not record.problem]
    failed = [record for record in records if record.problem]
    if as_json:
        print_json(
            {
                "schema": "molmach.energy/1",
                "force_field": force_field.value,
                "unit": "kJ/mol",
                "records": [
                    {"name": r.name, "number": r.number, "total": r.total, "terms": r.terms} for r in good
                ],
                "failed": [{"name": r.name, "number": r.number, "problem": r.problem} for r in failed],
                "notes": [{"name": r.name, "number": r.number, "note": r.note} for r in records if r.note],
            }
        )
    elif good:
        terms = [group.name.lower() for group in MACHINE_GROUPS]
        rows = [
            (r.name or f"record {r.number}", f"{r.total:.3f}", *(f"{r.terms[term]:.3f}" for term in terms))
            for r in good
        ]
        heads = ("record", "total", "bond", "angle", "str-bend", "oop", "torsion", "vdW", "elec")
        console().print(table(heads, rows, range(1, len(heads)), f"{force_field.value}, kJ/mol"))
    _tell(file, records)
    if failed and (strict or not good):
        raise typer.Exit(2)


def _tell(file: Path, records: list[EnergyRecord]) -> None:
    """On standard error: what was made of records, why others failed, and how many did."""
    for record in records:
        if record.problem or record.note:
            name = f" {record.name}" if record.name else ""
            said = f"note: {record.note}" if record.note else record.problem
            typer.echo(f"molmach: {file}: record {record.number}{name}: {said}", err=True)
    failed = sum(bool(record.problem) for record in records)
    if failed:
        typer.echo(f"molmach: {file}: {failed} of {len(records)} records failed", err=True)
