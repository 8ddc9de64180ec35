"""``molmach verify``: whether a machine's passport is true, by doing its claim again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from molmach.cli.output import JsonFlag, console, print_json
from molmach.cli.work import Replayed, Whole, words
from molmach.work import Passport
from molmach.work.passport import examine


def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What 'molmach passport' wrote.")],
    segments: Replayed = 1,
    whole: Whole = False,
    as_json: JsonFlag = False,
) -> None:
    """Do a passport's claim again, in part or in whole: the same, or where it differs (exit code 1)."""
    passport = Passport.read(file)
    shown = examine(passport, None if whole else segments)
    unit, done = passport.result.unit, passport.result
    if as_json:
        print_json(
            {
                "schema": "molmach.examination/1",
                "passport": passport.digest,
                "name": unit.name,
                "key": unit.key,
                "verdict": passport.scored["score"]["verdict"],
                **shown.to_json(),
            }
        )
    else:
        out = console()
        out.print(f"{unit.name}: {passport.scored['score']['verdict']}, says {file}")
        out.print(words(shown.verification, done))
        out.print("score: follows from its series" if not shown.score else "score: NOT that of its series")
        for place in shown.score[:10]:
            out.print(f"  {place}", markup=False)
    if not shown.same:
        raise typer.Exit(1)
