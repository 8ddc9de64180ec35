"""``molmach compare``: several finished runs side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from molmach.cli.output import JsonFlag, console, interval, number, print_json, table
from molmach.report.words import chance, conditions
from molmach.studies import comparison


def compare(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="Finished run folders; the first is the reference.")
    ],
    out: Annotated[Path, typer.Option("-o", metavar="FILE", help="The page to write.")] = Path(
        "comparison.html"
    ),
    as_json: JsonFlag = False,
) -> None:
    """Compare finished runs: verdicts, differences with their intervals, and what the files have unlike."""
    compared = comparison.compare(runs)
    comparison.write_comparison(compared, out)
    if as_json:
        print_json({**comparison.comparison_document(compared), "page": str(out)})
        return
    terminal = console()
    rows = [
        (
            escape(part.label),
            part.score.verdict,
            f"{number(part.score.measured.value)} {part.score.measured.unit}\n"
            f"[dim]{interval(part.score.measured)}[/]",
            escape(conditions(part.run.spec)),
        )
        for part in compared.parts
    ]
    terminal.print(table(("run", "verdict", "measured", "conditions"), rows))
    differences = [
        (
            f"{escape(one.label)} less {escape(one.reference)}",
            f"{one.value:.4g} {one.unit}",
            f"{one.low:.4g} to {one.high:.4g}",
            chance(one.p_value),
        )
        for one in compared.differences
    ]
    if differences:
        terminal.print(table(("difference", "value", "95 % interval", "p (Holm)"), differences, (1, 2, 3)))
    terminal.print(f"page: {out}", soft_wrap=True)
