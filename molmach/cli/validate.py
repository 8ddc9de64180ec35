"""``molmach validate``: exact and published references beside our values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from molmach.cli.output import JsonFlag, console, number, print_json, status, table
from molmach.studies.validation import Comparison, Plan, run


def validate(
    systems: Annotated[
        list[str] | None, typer.Argument(metavar="[SYSTEM]...", help="Library machines; omitted: everything.")
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the page docs/validation.md.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Run the exact and published references, and print ours beside theirs with the verdict.

    Exit code 1 where something differs. Everything takes about a quarter of an hour; the comparisons stay in
    runs/validation-KEY and are shown from there as long as the program and its packages are the same.
    """
    plan = Plan(tuple(systems or ()))
    if plan.folder().is_finished():
        typer.echo(
            f"molmach: this validation is finished; showing {plan.default_place}, nothing is computed again",
            err=True,
        )
    with status("validate") as say:
        validation = run(plan, say=say)
    if as_json:
        print_json(validation.to_json())
    elif markdown:
        typer.echo(_page(validation.comparisons))
    else:
        console().print(table(_HEADS, [_row(item) for item in validation.comparisons], (2, 3)))
    if validation.differs:
        raise typer.Exit(1)


_HEADS = ("system", "quantity", "ours", "reference", "unit", "verdict", "rule or reason", "source")


def _row(item: Comparison) -> tuple[str, ...]:
    ours = ""
    if item.ours is not None:
        low, high = item.ours.ci95
        spread = f" ({number(low)} to {number(high)})" if high > low else ""
        ours = f"{number(item.ours.value)}{spread}"
    reference = number(item.reference) if isinstance(item.reference, float | int) else str(item.reference)
    return (item.system, item.quantity, ours, reference, item.unit, item.verdict, item.rule, item.source)


def _page(comparisons: Sequence[Comparison]) -> str:
    lines = [
        "# Validation",
        "",
        "Ours beside the references, made by `molmach validate --markdown` (`make validation`).",
        "Nothing is tuned to these values. What is not computed stands in a machine's own `reference.yaml`, "
        "with the reason.",
        "",
        "| " + " | ".join(_HEADS) + " |",
        "|" + "---|" * len(_HEADS),
    ]
    lines += [
        "| " + " | ".join(cell.replace("|", "\\|") for cell in _row(item)) + " |" for item in comparisons
    ]
    return "\n".join(lines)
