"""What the commands print: tables and progress for people, one JSON document for programs."""

from __future__ import annotations

import json
import math
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from molmach.files import write_json
from molmach.lanes.watching import compiling
from molmach.scoring import Estimate
from molmach.streams import PROGRESS_VARIABLE

if TYPE_CHECKING:
    from molmach.engine import Progress as RunProgress

JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="PATH=VALUE", help="Change a field of the spec, e.g. drive.field='2 V/nm'."
    ),
]


def _system_names(incomplete: str) -> list[str]:
    """Machines of the library whose names begin so, for the shell; its own completion knows the files."""
    from molmach import systems as library

    return [name for name in library.names() if name.startswith(incomplete)]


SystemArgument = Annotated[
    str,
    typer.Argument(
        metavar="SYSTEM",
        help="A name from 'molmach systems', or a machine's YAML file.",
        autocompletion=_system_names,
    ),
]


def print_json(document: dict[str, Any]) -> None:
    """One JSON document on standard output."""
    typer.echo(json.dumps(document, indent=2, allow_nan=False))


def console() -> Console:
    """Standard output for people; never wraps a path in the middle."""
    return Console(soft_wrap=False, highlight=False)


def table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], numeric: Sequence[int] = (), title: str = ""
) -> Blocks:
    """A plain table; the columns in ``numeric`` are right-aligned, and the first leads every block."""
    return Blocks(tuple(columns), tuple(tuple(row) for row in rows), frozenset(numeric), title)


_GAP, _EDGES = 3, 2
"""Characters between two columns, and at both ends of a line."""

_LONGEST_NAME, _LONGEST_WORD = 32, 20
"""A word without blanks that is longer in the first column, or in another, may be broken, as a path is;
a number is never that long."""


@dataclass(frozen=True)
class Blocks:
    """A table that goes on below itself where the terminal is too narrow for its columns; nothing is cut off.

    Attributes
    ----------
    columns, rows
        Heads, and cells, with Rich's markup.
    numeric
        Numbers of the columns that are right-aligned.
    title
        Above the first block.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[int]
    title: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Blocks of columns, each beginning with the first."""
        for number, block in enumerate(self.blocks(options.max_width)):
            result = Table(
                box=box.SIMPLE_HEAD,
                title=self.title or None if number == 0 else None,
                title_justify="left",
                title_style="bold",
                pad_edge=False,
            )
            fits = self._width(block) <= options.max_width
            for column in block:
                result.add_column(
                    self.columns[column],
                    justify="right" if column in self.numeric else "left",
                    no_wrap=column in self.numeric,
                    min_width=self._needed(column) if fits or column in self.numeric else None,
                    overflow="fold",
                )
            for row in self.rows:
                result.add_row(*(row[column] for column in block))
            yield result

    def blocks(self, width: int) -> list[list[int]]:
        """Numbers of the columns of each block that fits into a width, the first column in all."""
        first, *others = range(len(self.columns))
        blocks = [[first]]
        for column in others:
            if self._width([*blocks[-1], column]) > width and len(blocks[-1]) > 1:
                blocks.append([first])
            blocks[-1].append(column)
        return blocks

    def _width(self, block: Sequence[int]) -> int:
        return sum(self._needed(column) for column in block) + _GAP * (len(block) - 1) + _EDGES

    def _needed(self, column: int) -> int:
        """Least width of a column: of its numbers whole, of its texts the longest word that is not broken."""
        cells = [
            Text.from_markup(text).plain for text in (self.columns[column], *(r[column] for r in self.rows))
        ]
        if column in self.numeric:
            return max(len(line) for cell in cells for line in (cell.splitlines() or [""]))
        longest = _LONGEST_WORD if column else _LONGEST_NAME
        return max(min(len(word), longest) for cell in cells for word in (cell.split() or [""]))


def interval(estimate: Estimate) -> str:
    """An estimate's 95 % interval to four digits, without its unit."""
    low, high = estimate.ci95
    return f"{low:.4g} to {high:.4g}" if math.isfinite(low) else "not defined"


def number(value: float) -> str:
    """A value to four digits, or that it is not defined."""
    return f"{value:z.4g}" if math.isfinite(value) else "not defined"


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[..., None]]:
    """A progress bar on standard error, on a terminal only; each update may give it another label.

    Where kernels have to be compiled first, a bar of their own shows how far that is; on no terminal a line
    says so.
    """
    stream = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=stream,
        disable=not stream.is_terminal,
    )
    with bar:
        task = bar.add_task(label, total=None)
        kernels: list[TaskID] = []

        def compiled(done: int, of: int) -> None:
            if done < _A_KERNEL:
                return
            if not kernels:
                kernels.append(bar.add_task("compiling, once"))
                if not stream.is_terminal:
                    print(f"molmach: {COMPILING}", file=sys.stderr, flush=True)
            bar.update(kernels[0], completed=done, total=of)

        noted = _note_of_progress()

        def update(progress: RunProgress, label: str = label) -> None:
            while kernels:
                bar.remove_task(kernels.pop())
            bar.update(task, description=label, completed=progress.done, total=progress.total)
            noted(label, progress.done / progress.total if progress.total else None)

        with compiling(compiled):
            yield update


_A_KERNEL = 3
"""Functions from which on it is a kernel that is compiled, and not a helper of theory's."""

COMPILING = "compiling the kernels for this kind of machine: half a minute, once, for they are kept on disk"


def _note_of_progress() -> Callable[[str, float | None], None]:
    """Writes progress into the file that the environment names, twice a second at most, if it names one."""
    place = os.environ.get(PROGRESS_VARIABLE)
    if not place:
        return lambda label, share: None
    last = -math.inf

    def note(label: str, share: float | None) -> None:
        nonlocal last
        if time.monotonic() > last + 0.5 or share == 1.0:
            last = time.monotonic()
            with suppress(OSError):
                write_json(Path(place), {"doing": label, "share": share})

    return note


@contextmanager
def status(label: str, lines: bool = False) -> Iterator[Callable[[str], None]]:
    """A line on standard error that says what is going on.

    Parameters
    ----------
    label
        Stands before what is said.
    lines
        Where standard error is no terminal: a line for each thing said, with the time since the start;
        nothing by default.
    """
    stream = Console(stderr=True)
    if not stream.is_terminal:
        begun = time.monotonic()

        def line(text: str) -> None:
            print(f"{label}: {text} ({time.monotonic() - begun:.0f} s)", file=sys.stderr, flush=True)

        yield line if lines else lambda text: None
        return
    with stream.status(label) as shown:
        yield lambda text: shown.update(f"{label}: {text}")
