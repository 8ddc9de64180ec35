"""``molmach si``: what a paper about a run needs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from molmach.cli.output import JsonFlag, console, print_json, table
from molmach.studies.supporting import write_supporting

_WORDS = {
    "methods.md": "methods, with every number",
    "references.bib": "BibTeX of molmach and of the methods used",
    "machine.yaml": "the machine file as run",
    "energies.csv": "energies in kJ/mol and kcal/mol",
    "motion.pdf": "motion of every replica, two columns wide",
    "velocity.pdf": "verdict and controls, one column wide",
    "machine.mol": "structure as built",
    "machine.svg": "formula with the parts in colour",
    "view.pml": "opens the stored frames in PyMOL",
    "view.vmd": "opens them in VMD",
}


def si(
    run_dir: Annotated[Path, typer.Argument(metavar="RUN", help="A finished run folder.")],
    out: Annotated[
        Path | None, typer.Option("-o", metavar="DIR", help="Folder to make; default RUN-si.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Write supporting information: methods, references, vector figures, structure, scripts, energies."""
    place = out if out is not None else run_dir.resolve().with_name(f"{run_dir.resolve().name}-si")
    files = write_supporting(run_dir, place)
    if as_json:
        print_json({"schema": "molmach.si/1", "folder": str(place), "files": [str(path) for path in files]})
        return
    rows = [(path.name, _WORDS.get(path.name, "")) for path in files]
    console().print(table((escape(str(place)), "what it is"), rows))
