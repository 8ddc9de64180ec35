"""``molmach passport``: a finished claim in one file that another computer can check."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from molmach.cli.output import JsonFlag, console, print_json, progress_bar
from molmach.engine import Progress
from molmach.errors import WorkError
from molmach.work import make_passport
from molmach.work.unit import SEGMENTS


def passport(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A finished run folder.")],
    out: Annotated[Path, typer.Option("-o", metavar="FILE", help="File to write.")],
    segments: Annotated[
        int, typer.Option(min=1, max=1000, help="Links of the chain of each batch of sixteen replicas.")
    ] = SEGMENTS,
    as_json: JsonFlag = False,
) -> None:
    """Make a machine's passport: spec, structure, seeds, digests, code, controls and score in one file.

    The run is carried out once more for its digests, and refused where its numbers come out otherwise.
    'molmach verify FILE' does it again, in part or in whole, on any computer.
    """
    if out.exists():
        raise WorkError(f"{out}: exists; expected the name of a new file")
    with progress_bar(str(run)) as bar:
        made = make_passport(run, segments, lambda done, total: bar(Progress(done, total)))
    made.write(out)
    unit = made.result.unit
    if as_json:
        print_json(
            {
                "schema": "molmach.passport-made/1",
                "file": str(out),
                "passport": made.digest,
                "unit": unit.digest,
                "name": unit.name,
                "segments": unit.segments,
            }
        )
        return
    console().print(f"{out}: {unit.name}, {unit.segments} segments\npassport {made.digest}")
