"""What the commands print: tables and progress for people, one JSON document for programs."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from molmach.scoring import Estimate

if TYPE_CHECKING:
    from molmach.engine import Progress as RunProgress

JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="PATH=VALUE", help="Change a field of the spec, e.g. drive.field='2 V/nm'."
    ),
]
SystemArgument = Annotated[
    str, typer.Argument(metavar="SYSTEM", help="A name from 'molmach systems', or a machine's YAML file.")
]


def print_json(document: dict[str, Any]) -> None:
    """One JSON document on standard output."""
    typer.echo(json.dumps(document, indent=2, allow_nan=False))


def console() -> Console:
    """Standard output for people; never wraps a path in the middle."""
    return Console(soft_wrap=False, highlight=False)


def table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], numeric: Sequence[int] = (), title: str = ""
) -> Table:
    """A plain table; the columns in ``numeric`` are right-aligned."""
    result = Table(
        box=box.SIMPLE_HEAD, title=title or None, title_justify="left", title_style="bold", pad_edge=False
    )
    for number, column in enumerate(columns):
        figures = number in numeric
        result.add_column(
            column, justify="right" if figures else "left", no_wrap=figures or number == 0, overflow="fold"
        )
    for row in rows:
        result.add_row(*row)
    return result


def interval(estimate: Estimate) -> str:
    """An estimate's 95 % interval to four digits, without its unit."""
    low, high = estimate.ci95
    return f"{low:.4g} to {high:.4g}" if math.isfinite(low) else "not defined"


def number(value: float) -> str:
    """A value to four digits, or that it is not defined."""
    return f"{value:z.4g}" if math.isfinite(value) else "not defined"


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[..., None]]:
    """A progress bar on standard error, on a terminal only; each update may give it another label."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not Console(stderr=True).is_terminal,
    )
    with bar:
        task = bar.add_task(label, total=None)

        def update(progress: RunProgress, label: str = label) -> None:
            bar.update(task, description=label, completed=progress.done, total=progress.total)

        yield update


@contextmanager
def status(label: str) -> Iterator[Callable[[str], None]]:
    """A line on standard error that says what is going on, on a terminal only."""
    stream = Console(stderr=True)
    if not stream.is_terminal:
        yield lambda text: None
        return
    with stream.status(label) as shown:
        yield lambda text: shown.update(f"{label}: {text}")
