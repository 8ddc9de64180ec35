"""The ``molmach`` command, which imports its subcommands when they are asked for."""

from __future__ import annotations

import sys
import traceback
import warnings
from importlib import import_module
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from molmach.cli.naming import OF_A_MACHINE, naming_the_file
from molmach.cli.options import OPTIONS
from molmach.errors import MolmachError, PluginWarning, SpecError
from molmach.streams import own_output

COMMANDS = (
    "demo", "new", "systems", "build", "estimate", "energy", "simulate", "scan", "timestep", "score",
    "compare", "si", "profile", "kinetics", "validate", "agents", "bench", "doctor", "campaign", "work",
    "passport", "verify", "mcp",
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
        home.command(name, cls=getattr(module, "Command", None))(_naming_the_system(getattr(module, name)))
    return typer.main.get_group(home).commands[name]


_naming_the_system = naming_the_file(OF_A_MACHINE, lambda options: options.get("system"))


app = typer.Typer(
    name="molmach",
    cls=Commands,
    help="Design molecular machines: build, drive, simulate and score them, with their controls.",
    no_args_is_help=True,
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
    warnings.showwarning = _show_warning
    warnings.simplefilter("once", PluginWarning)
    try:
        with own_output():
            app()
    except MolmachError as error:
        _end(error.worded(OPTIONS), error.exit_code)
    except (Exception, SystemExit, GeneratorExit) as error:
        told = _told_of_another(error)
        if not told:
            raise
        _end(told, SpecError.exit_code)


def _end(message: str, code: int) -> NoReturn:
    print(f"molmach: {message}", file=sys.stderr)
    sys.exit(code)


_NO_PLUGINS = frozenset({"__main__", "molmach", "typer", "click"})
"""Packages in which no code of another's is."""


def _told_of_another(error: BaseException) -> str:
    """Which plug-in has raised an error, and what it says; '' where it is of our own code.

    Every command ends with a SystemExit of Typer's, for which the search is not to be imported.
    """
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    if {str(frame.f_globals.get("__name__")).partition(".")[0] for frame in frames} <= _NO_PLUGINS:
        return ""
    from molmach.search.plugins import author_of
    from molmach.search.strangers import described

    author = author_of(error)
    return f"{author}: {described(error)}" if author else ""


def _show_warning(message: Any, category: type[Warning], *place: Any, **others: Any) -> None:
    """A warning about a plug-in is a line of molmach's; others are shown as Python does."""
    if issubclass(category, PluginWarning):
        print(f"molmach: warning: {message}", file=sys.stderr)
    else:
        print(warnings.formatwarning(message, category, *place[:2]), file=sys.stderr, end="")


if __name__ == "__main__":
    run()
