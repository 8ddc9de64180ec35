"""The ``molmach`` command."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from molmach.cli import (
    agents,
    bench,
    build,
    campaign,
    doctor,
    energy,
    kinetics,
    profile,
    scan,
    score,
    simulate,
    systems,
    timestep,
    validate,
)
from molmach.cli.options import OPTIONS
from molmach.errors import MolmachError

app = typer.Typer(
    name="molmach",
    help="Design molecular machines: build, drive, simulate and score them, with their controls.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("systems")(systems.systems)
app.command("build")(build.build)
app.command("energy")(energy.energy)
app.command("simulate")(simulate.simulate)
app.command("scan")(scan.scan)
app.command("timestep")(timestep.timestep)
app.command("score")(score.score)
app.command("profile")(profile.profile)
app.command("kinetics")(kinetics.kinetics)
app.command("validate")(validate.validate)
app.add_typer(campaign.app, name="campaign")
app.command("agents")(agents.agents)
app.command("bench")(bench.bench)
app.command("doctor")(doctor.doctor)


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
        app()
    except MolmachError as error:
        print(f"molmach: {error.worded(OPTIONS)}", file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    run()
