"""The ``molmach`` command, which imports its subcommands when they are asked for."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from molmach.cli.options import OPTIONS
from molmach.errors import MolmachError
from molmach.streams import own_output

COMMANDS = (
    "systems", "build", "energy", "simulate", "scan", "timestep", "score", "profile", "kinetics", "validate",
    "agents", "bench", "doctor", "campaign",
)  # fmt: skip
"""Each in the module of its name: a function of that name, or an ``app`` with commands of its own."""


class Commands(TyperGroup):
    """The commands, each imported when it is asked for: none waits for libraries that only others call."""

    def list_commands(self, ctx: Any) -> list[str]:
        """All names, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of a name; for a name that is none, the others are imported, to be suggested."""
        for name in (cmd_name,) if cmd_name in COMMANDS else COMMANDS:
            if name not in self.commands:
                self.commands[name] = _command(name)
        return super().get_command(ctx, cmd_name)


def _command(name: str) -> Any:
    module, home = import_module(f"molmach.cli.{name}"), typer.Typer(add_completion=False)
    if hasattr(module, "app"):
        home.add_typer(module.app, name=name)
    else:
        home.command(name)(getattr(module, name))
    return typer.main.get_group(home).commands[name]


app = typer.Typer(
    name="molmach",
    cls=Commands,
    help="Design molecular machines: build, drive, simulate and score them, with their controls.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        import molmach

        typer.echo(f"molmach {molmach.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None: ...


def run() -> None:
    """Entry point: a :class:`MolmachError` becomes one message and its exit code."""
    try:
        with own_output():
            app()
    except MolmachError as error:
        print(f"molmach: {error.worded(OPTIONS)}", file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    run()
