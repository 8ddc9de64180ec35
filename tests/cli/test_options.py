"""Errors name arguments in Python and options at the terminal."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import typer.main

import molmach
from molmach.cli.main import app
from molmach.cli.options import OPTIONS
from molmach.errors import Argument, SpecError

PACKAGE = Path(molmach.__file__).parent


def _sources() -> list[Path]:
    return [path for path in PACKAGE.rglob("*.py") if "cli" not in path.relative_to(PACKAGE).parts]


def test_the_arguments_that_errors_name_are_those_that_have_an_option() -> None:
    named = {
        name
        for path in _sources()
        for name in re.findall(r"\bArgument\(f?\"([^\"]+)\"\)", path.read_text(encoding="utf-8"))
    }
    named = {name for written in named for name in ([written] if "{" not in written else _numbered(written))}
    assert named == set(OPTIONS)


def _numbered(written: str) -> list[str]:
    return [re.sub(r"\{\w+\}", str(number), written) for number in range(2)]


def test_every_option_is_one_of_a_command() -> None:
    options: set[str] = set()
    commands: list[Any] = [typer.main.get_command(app)]
    while commands:
        command = commands.pop()
        if hasattr(command, "list_commands"):
            commands += [command.get_command(None, name) for name in command.list_commands(None)]
        for parameter in command.params:
            options |= {*parameter.opts, *parameter.secondary_opts}
    assert set(OPTIONS.values()) <= options


def test_an_error_has_the_arguments_in_python_and_the_options_at_the_terminal() -> None:
    error = SpecError(Argument("out"), " a: exists; choose another ", Argument("out"), " folder, not out")
    assert str(error) == "out a: exists; choose another out folder, not out"
    assert error.worded(OPTIONS) == "-o a: exists; choose another -o folder, not out"


def test_no_error_of_the_science_names_an_option() -> None:
    """What studies, engines, scores and searches say is for Python; the command line has its own words."""
    flags = re.compile(r"Error\([^)]*?[\"' ](-o |--[a-z])", re.DOTALL)
    rooms = ("studies", "engine", "scoring", "search", "spec", "data", "drives", "forcefield")
    named = {
        f"{path.relative_to(PACKAGE)}: {match.group(0)[:60]}"
        for path in _sources()
        if path.relative_to(PACKAGE).parts[0] in rooms
        for match in flags.finditer(path.read_text(encoding="utf-8"))
    }
    assert not named
