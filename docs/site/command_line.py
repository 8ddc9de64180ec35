"""The page of the command line: what the program says of itself when it is asked for help."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

os.environ["TYPER_USE_RICH"] = "0"  # plain lines rather than boxes, and set before typer is imported
os.environ["COLUMNS"] = "88"

from typer.main import get_command
from typer.testing import CliRunner

from molmach.cli.main import app


def page() -> str:
    """Markdown: a section for every command with its help."""
    return "\n".join(["# The command line", *_described(get_command(app), [])])


def _described(command: Any, path: list[str]) -> Iterator[str]:
    if path:
        yield f"\n{'#' * (len(path) + 1)} {' '.join(['molmach', *path])}\n"
    asked = CliRunner().invoke(app, [*path, "--help"], prog_name="molmach")
    if asked.exit_code != 0:
        raise RuntimeError(f"molmach {' '.join(path)} --help: {asked.output}")
    yield f"```text\n{asked.output.strip()}\n```"
    if not hasattr(command, "list_commands"):
        return
    for name in command.list_commands(None):
        yield from _described(command.get_command(None, name), [*path, name])
